/* stt_test.c - the port gives a batch recogniser exactly the marked speech: what came just before,
 * what comes after, nothing twice; and it may be closed from inside an event. */
#include "stt/stt.h"

#include "check.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/host.h"

#define LOG_MAX 256

struct fake {
    struct myna_stt base;
    struct myna_stt_stream stream;
    int pushed[LOG_MAX], n_pushed; /* first sample of each frame */
    int closed;
    enum myna_err open_err;
};

static enum myna_err fake_open(struct myna_stt *stt, const struct myna_stt_open *how,
                               struct myna_stt_stream **out)
{
    struct fake *f = (struct fake *)stt;

    (void)how;
    if (f->open_err)
        return f->open_err;
    f->stream.stt = stt;
    *out = &f->stream;
    return MYNA_OK;
}

static void fake_push(struct myna_stt_stream *st, const struct myna_frame *fr)
{
    struct fake *f = (struct fake *)st->stt;

    f->pushed[f->n_pushed++ % LOG_MAX] = fr->pcm[0];
}

static void fake_mark(struct myna_stt_stream *st, enum myna_stt_mark mark, myna_us at)
{
    struct fake *f = (struct fake *)st->stt;

    (void)at;
    f->pushed[f->n_pushed++ % LOG_MAX] = -1 - (int)mark;
}

static void fake_close(struct myna_stt_stream *st)
{
    ((struct fake *)st->stt)->closed++;
}

static const struct myna_stt_class batch = {.name = "batch",
                                            .caps = MYNA_STT_WANTS_SPEECH,
                                            .open = fake_open,
                                            .push = fake_push,
                                            .mark = fake_mark,
                                            .close = fake_close};
static const struct myna_stt_class streaming = {.name = "streaming",
                                                .open = fake_open,
                                                .push = fake_push,
                                                .mark = fake_mark,
                                                .close = fake_close};

struct bench {
    struct fake fake;
    struct myna_tap tap;
    struct myna_host host;
    struct myna_stt_port *port;
    unsigned kinds[LOG_MAX];
    int n_kinds, events, preroll_ms;
    bool close_at_event;
    uint8_t last[4096];
    size_t last_len;
};

static void tap_put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                    const struct myna_view *parts, size_t n_parts)
{
    struct bench *b = (struct bench *)(void *)((char *)tap - offsetof(struct bench, tap));

    CHECK_EQ(id, 7);
    b->kinds[b->n_kinds++ % LOG_MAX] = kind;
    b->last_len = n_parts ? parts[0].len : 0;
    CHECK(b->last_len <= sizeof b->last);
    if (b->last_len)
        memcpy(b->last, parts[0].ptr, b->last_len);
}

static void on_event(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct bench *b = arg;

    (void)ev;
    b->events++;
    if (b->close_at_event) {
        myna_stt_port_close(port);
        b->port = NULL;
    }
}

static enum myna_err open_port(struct bench *b, const struct myna_stt_class *cls)
{
    struct myna_stt_port_options opt = {.stt = &b->fake.base,
                                        .tap = &b->tap,
                                        .id = 7,
                                        .preroll_ms = b->preroll_ms,
                                        .event = on_event,
                                        .arg = b};

    b->tap.put = tap_put;
    b->fake.base.cls = cls;
    b->fake.base.host = &b->host;
    return myna_stt_port_open(&opt, &b->port);
}

static void push(struct bench *b, int from, int to)
{
    for (int i = from; i < to; i++) {
        struct myna_frame f = {.pcm = {(int16_t)i}};

        myna_stt_port_push(b->port, &f);
    }
}

TEST(a_batch_recogniser_gets_550_ms_before_the_mark_then_live_frames_and_nothing_after_the_end)
{
    struct bench b = {0};
    int *p = b.fake.pushed;

    CHECK_EQ(open_port(&b, &batch), MYNA_OK);
    push(&b, 0, 100);
    CHECK_EQ(b.fake.n_pushed, 0);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_SPEECH, 0);
    CHECK_EQ(b.fake.n_pushed, 1 + 28); /* 560 ms: the least that covers 550 */
    CHECK_EQ(p[0], -1 - MYNA_STT_MARK_SPEECH);
    for (int i = 0; i < 28; i++)
        CHECK_EQ(p[1 + i], 72 + i);
    push(&b, 100, 110);
    CHECK_EQ(b.fake.n_pushed, 39);
    CHECK_EQ(p[29], 100);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_PAUSE, 0);
    push(&b, 110, 111);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_RESUMED, 0);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_END, 0);
    CHECK_EQ(b.fake.n_pushed, 43);
    push(&b, 111, 114); /* into the ring, which begins anew */
    CHECK_EQ(b.fake.n_pushed, 43);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_SPEECH, 0);
    CHECK_EQ(b.fake.n_pushed, 44 + 3);
    CHECK_EQ(p[44], 111);
    CHECK_EQ(p[46], 113);
    myna_stt_port_close(b.port);
    CHECK_EQ(b.fake.closed, 1);
}

TEST(how_much_comes_before_the_mark_may_be_said)
{
    struct bench b = {.preroll_ms = 200};

    CHECK_EQ(open_port(&b, &batch), MYNA_OK);
    push(&b, 0, 100);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_SPEECH, 0);
    CHECK_EQ(b.fake.n_pushed, 1 + 10);
    CHECK_EQ(b.fake.pushed[1], 90);
    CHECK_EQ(b.fake.pushed[10], 99);
    myna_stt_port_close(b.port);
}

TEST(a_streaming_recogniser_gets_every_frame_at_once)
{
    struct bench b = {0};

    CHECK_EQ(open_port(&b, &streaming), MYNA_OK);
    push(&b, 0, 5);
    CHECK_EQ(b.fake.n_pushed, 5);
    myna_stt_port_mark(b.port, MYNA_STT_MARK_SPEECH, 0);
    CHECK_EQ(b.fake.n_pushed, 6);
    CHECK_EQ(b.kinds[0], MYNA_OUT_STT_OPEN);
    CHECK_EQ(b.kinds[5], MYNA_OUT_STT_PUSH);
    CHECK_EQ(b.kinds[6], MYNA_OUT_STT_MARK);
    myna_stt_port_close(b.port);
    CHECK_EQ(b.kinds[b.n_kinds - 1], MYNA_OUT_STT_CLOSE);
}

TEST(an_open_that_fails_is_told_to_the_tap)
{
    struct bench b = {.fake.open_err = MYNA_EUNAVAIL};

    CHECK_EQ(open_port(&b, &batch), MYNA_EUNAVAIL);
    CHECK(b.port == NULL);
    CHECK_EQ(b.n_kinds, 2);
    CHECK_EQ(b.kinds[1], MYNA_IN_FAIL);
    CHECK_EQ(b.last_len, 8);
    CHECK_EQ(b.last[0], MYNA_STAGE_STT);
    CHECK_EQ(b.last[4], MYNA_EUNAVAIL);
}

TEST(closed_from_inside_an_event_the_stream_lives_until_its_provider_is_off_the_stack)
{
    struct bench b = {.close_at_event = true};
    struct myna_stt_event ev = {.type = MYNA_STT_FINAL, .text = "hello"};
    struct myna_loop_options opt = {.virtual_clock = true};

    b.host.loop = myna_loop_create(&opt, NULL);
    CHECK_EQ(open_port(&b, &streaming), MYNA_OK);
    myna_stt_emit(&b.fake.stream, &ev);
    CHECK_EQ(b.events, 1);
    CHECK_EQ(b.fake.closed, 0);
    myna_stt_emit(&b.fake.stream, &ev); /* finds nobody */
    CHECK_EQ(b.events, 1);
    myna_loop_run(b.host.loop);
    CHECK_EQ(b.fake.closed, 1);
    /* …and when the loop does not come to it, the runtime's end does. */
    CHECK_EQ(open_port(&b, &streaming), MYNA_OK);
    myna_stt_emit(&b.fake.stream, &ev);
    myna_host_bury_all(&b.host);
    CHECK_EQ(b.fake.closed, 2);
    myna_loop_run(b.host.loop);
    CHECK_EQ(b.fake.closed, 2);
    myna_loop_destroy(b.host.loop);
}

TEST(an_event_survives_packing_and_no_shorter_bytes_do)
{
    struct myna_word words[2] = {{"good", 1000, 2000, 0.5f}, {"day", 2000, 3500, -1}}, back[2];
    struct myna_stt_event ev = {.type = MYNA_STT_FINAL,
                                .text = "good day",
                                .language = "en",
                                .confidence = 0.25f,
                                .start = 1000,
                                .end = MYNA_NEVER,
                                .words = words,
                                .n_words = 2,
                                .fault = {.provider = "p", .retryable = true}};
    struct myna_stt_event got;
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_stt_event_pack(&b, &ev), MYNA_OK);
    CHECK_EQ(myna_stt_event_unpack(myna_buf_view(&b), &got, back, 2), MYNA_OK);
    CHECK_STR(got.text, "good day");
    CHECK(got.speaker == NULL);
    CHECK_EQ(got.end, MYNA_NEVER);
    CHECK_EQ(got.n_words, 2);
    CHECK_STR(got.words[1].text, "day");
    CHECK_EQ(got.words[1].end, 3500);
    CHECK(got.fault.retryable && !got.fault.recoverable);
    CHECK_EQ(myna_stt_event_unpack(myna_buf_view(&b), &got, back, 1), MYNA_EFORMAT);
    for (size_t len = 0; len < b.len; len++)
        CHECK_EQ(myna_stt_event_unpack((struct myna_view){b.ptr, len}, &got, back, 2),
                 MYNA_EFORMAT);
    myna_buf_fini(&b);
}

TEST_MAIN
