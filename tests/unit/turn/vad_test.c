/* vad_test.c - the port tells the tap of every verdict before the session, packs it without memory,
 * and may be closed from inside one. */
#include "turn/vad.h"

#include "check.h"
#include "fault.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/host.h"

struct fake {
    struct myna_vad base;
    struct myna_vad_stream stream;
    int pushed, flushed, closed;
    enum myna_err open_err;
};

struct bench {
    struct fake fake;
    struct myna_tap tap;
    struct myna_host host;
    struct myna_vad_port *port;
    unsigned kinds[32];
    int n_kinds, events;
    bool close_at_event;
};

static enum myna_err fake_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct fake *f = (struct fake *)vad;

    f->stream.vad = vad;
    *out = &f->stream;
    return f->open_err;
}

/* Two verdicts a frame: the second must not reach who closed at the first. */
static void fake_push(struct myna_vad_stream *st, const struct myna_frame *f)
{
    struct myna_vad_event ev = {.type = MYNA_VAD_INFERENCE, .at = f->captured};

    ((struct fake *)st->vad)->pushed++;
    myna_vad_emit(st, &ev);
    myna_vad_emit(st, &ev);
}

static void fake_flush(struct myna_vad_stream *st)
{
    ((struct fake *)st->vad)->flushed++;
}

static void fake_close(struct myna_vad_stream *st)
{
    ((struct fake *)st->vad)->closed++;
}

static const struct myna_vad_class fake_class = {
    .name = "fake", .open = fake_open, .push = fake_push, .flush = fake_flush, .close = fake_close};

static void tap_put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                    const struct myna_view *parts, size_t n_parts)
{
    struct bench *b = (struct bench *)(void *)((char *)tap - offsetof(struct bench, tap));
    struct myna_vad_event ev;

    CHECK_EQ(id, 5);
    CHECK(b->n_kinds < 32);
    b->kinds[b->n_kinds++] = kind;
    if (kind == MYNA_IN_VAD) {
        CHECK_EQ(n_parts, 1);
        CHECK_EQ(myna_vad_event_unpack(parts[0], &ev), MYNA_OK);
        CHECK_EQ(ev.at, 77);
    }
}

static void on_event(void *arg, struct myna_vad_port *port, const struct myna_vad_event *ev)
{
    struct bench *b = arg;

    CHECK_EQ(ev->at, 77);
    CHECK_EQ(b->kinds[b->n_kinds - 1], MYNA_IN_VAD); /* the tap first */
    b->events++;
    if (b->close_at_event)
        myna_vad_port_close(port);
}

static enum myna_err open_port(struct bench *b)
{
    struct myna_vad_port_options opt = {
        .vad = &b->fake.base, .tap = &b->tap, .id = 5, .event = on_event, .arg = b};

    b->tap.put = tap_put;
    b->fake.base.cls = &fake_class;
    b->fake.base.host = &b->host;
    return myna_vad_port_open(&opt, &b->port);
}

TEST(verdicts_reach_the_tap_and_then_the_session)
{
    struct bench b = {0};
    struct myna_frame f = {.captured = 77};

    CHECK_EQ(open_port(&b), MYNA_OK);
    CHECK_EQ(b.kinds[0], MYNA_OUT_VAD_OPEN);
    myna_vad_port_push(b.port, &f);
    CHECK_EQ(b.events, 2);
    myna_vad_port_flush(b.port);
    CHECK_EQ(b.fake.flushed, 1);
    CHECK_EQ(b.kinds[b.n_kinds - 1], MYNA_OUT_VAD_FLUSH);
    myna_vad_port_close(b.port);
    CHECK_EQ(b.fake.closed, 1);
}

TEST(closed_from_inside_a_verdict_the_stream_lives_until_its_push_is_over)
{
    struct myna_loop_options lo = {.virtual_clock = true};
    struct bench b = {.close_at_event = true};
    struct myna_frame f = {.captured = 77};

    b.host.loop = myna_loop_create(&lo, NULL);
    CHECK_EQ(open_port(&b), MYNA_OK);
    myna_vad_port_push(b.port, &f);
    CHECK_EQ(b.events, 1);
    CHECK_EQ(b.fake.closed, 0);
    myna_loop_run(b.host.loop);
    CHECK_EQ(b.fake.closed, 1);
    myna_loop_destroy(b.host.loop);
}

static bool open_and_close(void *arg)
{
    struct bench b = {0};

    (void)arg;
    if (open_port(&b))
        return false;
    myna_vad_port_close(b.port);
    return true;
}

TEST(an_open_that_fails_for_want_of_memory_or_of_the_provider_leaves_nothing)
{
    struct bench b = {.fake.open_err = MYNA_EUNAVAIL};

    CHECK_EQ(open_port(&b), MYNA_EUNAVAIL);
    CHECK(b.port == NULL);
    CHECK_EQ(b.kinds[b.n_kinds - 1], MYNA_IN_FAIL);
    CHECK_EQ(b.fake.closed, 0);
    CHECK(fault_each_alloc(open_and_close, NULL) >= 1);
}

TEST(an_event_survives_packing_however_long_its_message_and_no_shorter_bytes_do)
{
    static char message[1000];
    struct myna_vad_event ev = {.type = MYNA_VAD_FAULT,
                                .at = -1,
                                .probability = 0.25f,
                                .speaking = true,
                                .speech = 1,
                                .silence = 2,
                                .raw_speech = 3,
                                .raw_silence = 4,
                                .inference = 5,
                                .fault = {.stage = MYNA_STAGE_VAD,
                                          .err = MYNA_EIO,
                                          .provider = "silero",
                                          .message = message,
                                          .retryable = true}};
    struct myna_vad_event got;
    uint8_t bytes[MYNA_VAD_PACKED_MAX];
    size_t n;

    /* 2-byte characters after an odd start: the cut at 320 must not halve one. */
    message[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof message; i += 2)
        memcpy(message + i, "\xC2\xA2", 2);
    n = myna_vad_event_pack(bytes, &ev);
    CHECK(n <= sizeof bytes);
    CHECK_EQ(myna_vad_event_unpack((struct myna_view){bytes, n}, &got), MYNA_OK);
    CHECK_EQ(strlen(got.fault.message), 319);
    CHECK(!strncmp(got.fault.message, message, 319));
    CHECK_STR(got.fault.provider, "silero");
    CHECK_EQ(got.at, -1);
    CHECK_EQ(got.raw_silence, 4);
    CHECK_EQ(got.inference, 5);
    CHECK(got.speaking && got.fault.retryable && !got.fault.recoverable);
    CHECK_NEAR(got.probability, 0.25, 0);
    for (size_t len = 0; len < n; len++)
        CHECK_EQ(myna_vad_event_unpack((struct myna_view){bytes, len}, &got), MYNA_EFORMAT);
}

TEST_MAIN
