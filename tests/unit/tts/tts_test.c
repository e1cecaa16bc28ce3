/* tts_test.c - the port cuts text for a voice of whole sentences, brings its sound to 24 kHz, loses
 * no sample whatever the room, and says DONE when all of it was taken and not before. */
#include "tts/tts.h"

#include "check.h"
#include "fault.h"
#include "util/buf.h"
#include "util/grave.h"
#include "util/host.h"

enum { SOUND_MAX = 40000, TEXTS = 16 };

struct fake {
    struct myna_tts base;
    struct myna_tts_stream stream;
    char texts[TEXTS][200];
    int n_texts, ended, closed, pumps;
    size_t room; /* of the last pump */
    enum myna_err open_err, text_err;
    int fail_text; /* the how manieth text() fails; 0: none */
    int16_t *pcm;  /* what the voice has to say */
    size_t n, at;
    bool done_with_last; /* says DONE from the pump that handed over the last sample */
};

struct bench {
    struct fake fake;
    struct myna_tap tap;
    struct myna_host host;
    struct myna_tts_port *port;
    unsigned kinds[30000];
    int n_kinds, n_ready, n_done, n_faults, n_words;
    enum myna_err fault_err;
    size_t tapped;          /* samples the tap was told */
    int16_t got[SOUND_MAX]; /* what the session took */
    int16_t tapped_pcm[SOUND_MAX];
    size_t n_got;
    size_t take; /* most that one offer takes; 0: all */
    bool close_in_audio, close_in_event, refuse;
};

static enum myna_err fake_open(struct myna_tts *tts, const struct myna_tts_open *how,
                               struct myna_tts_stream **out)
{
    struct fake *f = (struct fake *)tts;

    (void)how;
    if (f->open_err)
        return f->open_err;
    f->stream.tts = tts;
    *out = &f->stream;
    return MYNA_OK;
}

static enum myna_err fake_text(struct myna_tts_stream *st, struct myna_view text)
{
    struct fake *f = (struct fake *)st->tts;

    CHECK(f->n_texts < TEXTS && text.len < sizeof f->texts[0]);
    memcpy(f->texts[f->n_texts], text.ptr, text.len);
    f->texts[f->n_texts++][text.len] = '\0';
    return f->fail_text == f->n_texts ? MYNA_EPROVIDER : MYNA_OK;
}

static void fake_end(struct myna_tts_stream *st)
{
    ((struct fake *)st->tts)->ended++;
}

static void fake_pump(struct myna_tts_stream *st, size_t room)
{
    struct fake *f = (struct fake *)st->tts;
    size_t n = f->n - f->at < room ? f->n - f->at : room;

    f->pumps++;
    f->room = room;
    f->at += myna_tts_audio(st, f->pcm + f->at, n);
    CHECK(f->at <= f->n);
    if (f->done_with_last && f->at == f->n)
        myna_tts_emit(st, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
}

static void fake_close(struct myna_tts_stream *st)
{
    ((struct fake *)st->tts)->closed++;
}

#define VOICE(hz, what)                                                                            \
    {                                                                                              \
        .name = "fake", .rate_hz = (hz), .caps = (what), .open = fake_open, .text = fake_text,     \
        .end = fake_end, .pump = fake_pump, .close = fake_close                                    \
    }
static const struct myna_tts_class sentences = VOICE(24000, 0),
                                   stream = VOICE(24000, MYNA_TTS_TEXT_STREAM),
                                   slow = VOICE(16000, MYNA_TTS_TEXT_STREAM),
                                   absurd = VOICE(12, MYNA_TTS_TEXT_STREAM);

static void tap_put(struct myna_tap *tap, enum myna_tap_kind kind, uint32_t id,
                    const struct myna_view *parts, size_t n_parts)
{
    struct bench *b = (struct bench *)(void *)((char *)tap - offsetof(struct bench, tap));

    CHECK_EQ(id, 3);
    CHECK(b->n_kinds < 30000);
    b->kinds[b->n_kinds++] = kind;
    if (kind != MYNA_IN_TTS_AUDIO)
        return;
    CHECK(n_parts == 1 && parts[0].len <= 2 * MYNA_OUT_SAMPLES);
    CHECK(b->tapped + parts[0].len / 2 <= SOUND_MAX);
    memcpy(b->tapped_pcm + b->tapped, parts[0].ptr, parts[0].len);
    b->tapped += parts[0].len / 2;
}

static void shut(struct bench *b)
{
    myna_tts_port_close(b->port);
    b->port = NULL;
}

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct bench *b = arg;

    CHECK(port == b->port && n > 0);
    if (b->refuse)
        return 0;
    if (b->take && n > b->take)
        n = b->take;
    CHECK(b->n_got + n <= SOUND_MAX);
    memcpy(b->got + b->n_got, pcm, n * sizeof *pcm);
    b->n_got += n;
    /* What the session has, the tap has heard before. */
    CHECK(b->tapped >= b->n_got);
    if (b->close_in_audio)
        shut(b);
    return n;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    (void)port;
    ((struct bench *)arg)->n_ready++;
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct bench *b = arg;

    CHECK(port == b->port);
    b->n_done += ev->type == MYNA_TTS_DONE;
    b->n_words += ev->type == MYNA_TTS_WORDS_AT;
    if (ev->type == MYNA_TTS_FAULT) {
        b->n_faults++;
        b->fault_err = ev->fault.err;
    }
    if (b->close_in_event)
        shut(b);
}

static enum myna_err open_port(struct bench *b, const struct myna_tts_class *cls)
{
    struct myna_loop_options lo = {.virtual_clock = true};
    struct myna_tts_port_options opt = {.tts = &b->fake.base,
                                        .tap = &b->tap,
                                        .id = 3,
                                        .audio = on_audio,
                                        .ready = on_ready,
                                        .event = on_event,
                                        .arg = b};

    b->tap.put = tap_put;
    b->host.loop = myna_loop_create(&lo, NULL);
    if (!b->host.loop)
        return MYNA_ENOMEM;
    b->fake.base.cls = cls;
    b->fake.base.host = &b->host;
    return myna_tts_port_open(&opt, &b->port);
}

static void end_bench(struct bench *b)
{
    shut(b);
    if (b->host.loop)
        myna_host_bury_all(&b->host);
    myna_loop_destroy(b->host.loop);
}

static struct bench *new_bench(size_t n)
{
    struct bench *b = calloc(1, sizeof *b);

    CHECK(b != NULL);
    b->fake.pcm = n ? malloc(n * sizeof *b->fake.pcm) : NULL;
    b->fake.n = n;
    for (size_t i = 0; i < n; i++)
        b->fake.pcm[i] = (int16_t)(8000 * sin((double)i * 0.05));
    return b;
}

static void free_bench(struct bench *b)
{
    end_bench(b);
    free(b->fake.pcm);
    free(b);
}

static void text(struct bench *b, const char *part)
{
    CHECK_EQ(myna_tts_port_text(b->port, myna_view_of(part)), MYNA_OK);
}

TEST(a_voice_of_whole_sentences_gets_the_first_at_a_clause_then_whole_ones_and_the_rest_at_the_end)
{
    struct bench *b = new_bench(0);

    CHECK_EQ(open_port(b, &sentences), MYNA_OK);
    CHECK_EQ(myna_tts_port_first_text(b->port), MYNA_NEVER);
    text(b, "The first clause has enough le");
    CHECK_EQ(b->fake.n_texts, 0);
    CHECK_EQ(myna_tts_port_first_text(b->port), MYNA_NEVER);
    myna_loop_run_until(b->host.loop, 70 * MYNA_MS);
    text(b, "tters, and it goes on until here. Then ");
    CHECK(b->fake.n_texts >= 1);
    CHECK_HAS(b->fake.texts[0], "enough letters,");
    CHECK(!strstr(b->fake.texts[0], "goes on"));
    CHECK_EQ(myna_tts_port_first_text(b->port), 70 * MYNA_MS);
    text(b, "a second sentence of some length comes. And no stop");
    CHECK_EQ(b->fake.ended, 0);
    myna_tts_port_end(b->port);
    CHECK_EQ(b->fake.ended, 1);
    CHECK_HAS(b->fake.texts[b->fake.n_texts - 1], "And no stop");
    CHECK_EQ(b->kinds[b->n_kinds - 1], MYNA_OUT_TTS_END);
    CHECK_EQ(myna_tts_port_first_text(b->port), 70 * MYNA_MS);
    free_bench(b);
}

TEST(a_voice_that_takes_increments_gets_each_as_it_came)
{
    struct bench *b = new_bench(0);

    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    text(b, "Hel");
    text(b, "");
    text(b, "lo. Wor");
    CHECK_EQ(b->fake.n_texts, 2);
    CHECK_STR(b->fake.texts[0], "Hel");
    CHECK_STR(b->fake.texts[1], "lo. Wor");
    CHECK_EQ(b->kinds[0], MYNA_OUT_TTS_OPEN);
    CHECK_EQ(b->kinds[1], MYNA_OUT_TTS_TEXT);
    CHECK_EQ(myna_tts_port_id(b->port), 3);
    free_bench(b);
}

TEST(text_that_the_voice_refuses_is_an_error_of_the_call_and_of_the_tap)
{
    struct bench *b = new_bench(0);

    b->fake.fail_text = 1;
    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    CHECK_EQ(myna_tts_port_text(b->port, myna_view_of("Hello.")), MYNA_EPROVIDER);
    CHECK_EQ(b->kinds[b->n_kinds - 1], MYNA_IN_FAIL);
    CHECK_EQ(myna_tts_port_text(b->port, myna_view_of("Again.")), MYNA_OK);
    free_bench(b);
}

TEST(a_rest_that_the_voice_refuses_at_the_end_becomes_a_fault_told_from_the_loop)
{
    struct bench *b = new_bench(0);

    b->fake.fail_text = 1;
    CHECK_EQ(open_port(b, &sentences), MYNA_OK);
    text(b, "No stop");
    CHECK_EQ(b->fake.n_texts, 0);
    myna_tts_port_end(b->port);
    CHECK_EQ(b->n_faults, 0); /* never from inside the session's own call */
    CHECK_EQ(b->fake.ended, 0);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_faults, 1);
    CHECK_EQ(b->fault_err, MYNA_EPROVIDER);
    free_bench(b);
}

TEST(every_room_and_every_appetite_delivers_each_sample_once_and_in_order)
{
    static const size_t rooms[] = {1, 7, 100, 479, 480, 481, 5000}, takes[] = {0, 1, 3, 480};

    for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++)
        for (size_t t = 0; t < sizeof takes / sizeof *takes; t++) {
            struct bench *b = new_bench(2000);

            b->take = takes[t];
            b->fake.done_with_last = true;
            CHECK_EQ(open_port(b, &stream), MYNA_OK);
            for (int i = 0; i < 5000 && !b->n_done; i++) {
                size_t before = b->n_got;

                myna_tts_port_pump(b->port, rooms[r]);
                CHECK(b->n_got - before <= rooms[r]);
                myna_loop_run(b->host.loop);
            }
            CHECK_EQ(b->n_done, 1);
            CHECK_EQ(b->n_got, 2000);
            CHECK(!memcmp(b->got, b->fake.pcm, 2000 * sizeof *b->got));
            /* …and the tap heard the same samples, each once. */
            CHECK_EQ(b->tapped, 2000);
            CHECK(!memcmp(b->tapped_pcm, b->got, 2000 * sizeof *b->got));
            free_bench(b);
        }
}

TEST(at_another_rate_the_sound_is_the_same_whatever_the_room_and_as_long_as_it_was)
{
    static int16_t whole[SOUND_MAX];
    size_t n_whole = 0;

    for (size_t room = 20000; room >= 1; room /= 27) {
        struct bench *b = new_bench(4001);

        b->fake.done_with_last = true;
        CHECK_EQ(open_port(b, &slow), MYNA_OK);
        for (int i = 0; i < 20000 && !b->n_done; i++) {
            myna_tts_port_pump(b->port, room);
            myna_loop_run(b->host.loop);
        }
        CHECK_EQ(b->n_done, 1);
        CHECK_NEAR(b->n_got, 4001 * 3 / 2, 1);
        if (!n_whole) {
            n_whole = b->n_got;
            memcpy(whole, b->got, sizeof whole);
        }
        CHECK_EQ(b->n_got, n_whole);
        CHECK(!memcmp(b->got, whole, n_whole * sizeof *whole));
        free_bench(b);
    }
}

TEST(done_is_held_back_until_the_session_has_taken_what_the_voice_gave)
{
    struct bench *b = new_bench(600);

    b->take = 100;
    b->fake.done_with_last = false;
    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    myna_tts_port_pump(b->port, 500); /* the first block of 480 is in, 100 of it taken */
    CHECK_EQ(b->fake.at, 480);
    CHECK_EQ(b->n_got, 100);
    myna_tts_emit(&b->fake.stream, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
    CHECK_EQ(b->n_done, 0);
    CHECK_EQ(b->n_ready, 1); /* so that the rest is pumped */
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_done, 0);
    b->take = 0;
    myna_tts_port_pump(b->port, 379);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_done, 0);
    myna_tts_port_pump(b->port, 1);
    CHECK_EQ(b->n_done, 0); /* never from inside pump() */
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_done, 1);
    CHECK_EQ(b->n_got, 480);
    /* A voice that goes on after DONE is not heard. */
    myna_tts_emit(&b->fake.stream, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
    myna_tts_port_pump(b->port, 100);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_done, 1);
    CHECK_EQ(b->n_got, 480);
    free_bench(b);
}

TEST(a_voice_with_nothing_to_say_is_done_at_once)
{
    struct bench *b = new_bench(0);

    CHECK_EQ(open_port(b, &slow), MYNA_OK);
    myna_tts_emit(&b->fake.stream, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
    CHECK_EQ(b->n_done, 1);
    free_bench(b);
}

TEST(playout_that_refuses_is_not_asked_again_in_the_same_pump_and_the_voice_is_not_pumped_on)
{
    struct bench *b = new_bench(2000);

    b->refuse = true;
    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    myna_tts_port_pump(b->port, 960);
    CHECK_EQ(b->fake.pumps, 1);
    CHECK_EQ(b->fake.at, 480); /* one block, held */
    myna_tts_port_pump(b->port, 960);
    CHECK_EQ(b->fake.pumps, 1);
    CHECK_EQ(b->tapped, 480); /* told once, though offered twice */
    b->refuse = false;
    myna_tts_port_pump(b->port, 960);
    CHECK_EQ(b->n_got, 960);
    free_bench(b);
}

TEST(sound_outside_of_a_pump_is_not_taken)
{
    struct bench *b = new_bench(10);

    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    CHECK_EQ(myna_tts_audio(&b->fake.stream, b->fake.pcm, 10), 0);
    myna_tts_port_pump(b->port, 0);
    CHECK_EQ(b->fake.pumps, 0);
    free_bench(b);
}

TEST(closed_from_inside_its_own_sound_the_stream_lives_until_the_voice_is_off_the_stack)
{
    struct bench *b = new_bench(2000);

    b->close_in_audio = true;
    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    myna_tts_port_pump(b->port, 2000);
    CHECK_EQ(b->n_got, 480);
    CHECK_EQ(b->fake.closed, 0);
    CHECK_EQ(b->kinds[b->n_kinds - 1], MYNA_OUT_TTS_CLOSE);
    CHECK_EQ(myna_tts_audio(&b->fake.stream, b->fake.pcm, 10), 0); /* finds nobody */
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->fake.closed, 1);
    free_bench(b);
}

TEST(closed_from_inside_an_event_nothing_more_is_told)
{
    struct bench *b = new_bench(0);
    struct myna_tts_event ev = {.type = MYNA_TTS_FAULT, .fault.err = MYNA_EPROVIDER};

    b->close_in_event = true;
    CHECK_EQ(open_port(b, &stream), MYNA_OK);
    myna_tts_emit(&b->fake.stream, &ev);
    CHECK_EQ(b->n_faults, 1);
    CHECK_EQ(b->fake.closed, 0);
    myna_tts_emit(&b->fake.stream, &ev);
    myna_tts_ready(&b->fake.stream);
    CHECK_EQ(b->n_faults, 1);
    CHECK_EQ(b->n_ready, 0);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->fake.closed, 1);
    free_bench(b);
}

TEST(closed_before_the_loop_turns_the_late_fault_is_not_told)
{
    struct bench *b = new_bench(0);

    b->fake.fail_text = 1;
    CHECK_EQ(open_port(b, &sentences), MYNA_OK);
    text(b, "No stop");
    myna_tts_port_end(b->port);
    shut(b);
    CHECK_EQ(b->fake.closed, 1);
    myna_loop_run(b->host.loop);
    CHECK_EQ(b->n_faults, 0);
    free_bench(b);
}

TEST(a_voice_that_cannot_be_opened_or_has_no_possible_rate_is_told_to_the_tap)
{
    struct bench *b = new_bench(0);

    b->fake.open_err = MYNA_EUNAVAIL;
    CHECK_EQ(open_port(b, &sentences), MYNA_EUNAVAIL);
    CHECK(b->port == NULL);
    CHECK_EQ(b->kinds[1], MYNA_IN_FAIL);
    CHECK_EQ(b->fake.closed, 0);
    free_bench(b);
    b = new_bench(0);
    CHECK_EQ(open_port(b, &absurd), MYNA_EINVAL);
    CHECK(b->port == NULL);
    free_bench(b);
}

static bool speak_once(void *arg)
{
    const struct myna_tts_class *cls = arg;
    static struct bench b;
    static int16_t pcm[700];
    bool well;

    memset(&b, 0, sizeof b);
    b.fake.pcm = pcm;
    b.fake.n = 700;
    b.fake.done_with_last = true;
    well = open_port(&b, cls) == MYNA_OK &&
           myna_tts_port_text(b.port, myna_view_of("Good day, said the bird on the tree. "
                                                   "It was gone.")) == MYNA_OK;
    if (well) {
        myna_tts_port_end(b.port);
        for (int i = 0; i < 10; i++) {
            myna_tts_port_pump(b.port, 200);
            myna_loop_run(b.host.loop);
        }
        well = b.n_done == 1 && b.fake.n_texts > 0;
    }
    end_bench(&b);
    return well;
}

TEST(each_allocation_may_fail_for_voices_of_sentences_and_of_another_rate)
{
    CHECK(fault_each_alloc(speak_once, (void *)&sentences) > 3);
    CHECK(fault_each_alloc(speak_once, (void *)&slow) > 3);
}

TEST(an_event_survives_packing_and_no_shorter_bytes_do)
{
    struct myna_word words[2] = {{"good", 0, 20000, -1}, {"day", 20000, 35000, -1}}, back[2];
    struct myna_tts_event evs[] = {
        {.type = MYNA_TTS_WORDS_AT, .words = words, .n_words = 2},
        {.type = MYNA_TTS_FAULT,
         .fault = {.stage = MYNA_STAGE_TTS, .err = MYNA_EPROVIDER, .message = "no voice"}},
    };
    struct myna_tts_event got;
    struct myna_buf b;

    for (size_t i = 0; i < 2; i++) {
        myna_buf_init(&b, 0);
        CHECK_EQ(myna_tts_event_pack(&b, &evs[i]), MYNA_OK);
        CHECK_EQ(myna_tts_event_unpack(myna_buf_view(&b), &got, back, 2), MYNA_OK);
        CHECK_EQ(got.type, evs[i].type);
        for (size_t len = 0; len < b.len; len++)
            CHECK_EQ(myna_tts_event_unpack((struct myna_view){b.ptr, len}, &got, back, 2),
                     MYNA_EFORMAT);
        myna_buf_u8(&b, 0);
        CHECK_EQ(myna_tts_event_unpack(myna_buf_view(&b), &got, back, 2), MYNA_EFORMAT);
        if (i == 0)
            CHECK_STR(back[1].text, "day");
        else
            CHECK_STR(got.fault.message, "no voice");
        myna_buf_fini(&b);
    }
}

TEST_MAIN
