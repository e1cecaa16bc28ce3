/* fallback_test.c - what the second recogniser gets to hear when the first one fails: all that was
 * not transcribed yet, once, in its order. Two scripted batch recognisers; frames are numbered.
 */
#include "check.h"

#include "stt/fallback.h"
#include "stt/stt.h"
#include "util/grave.h"
#include "util/host.h"
#include "util/http.h"
#include "util/loop.h"

struct ear { /* a scripted recogniser */
    struct myna_stt base;
    char log[4000]; /* S: speech begins, E: ends, P, R, F: pause, resumed, flush, digits: frames */
    int first, last, frames;
    bool refuses, fails, mute; /* at the end of an utterance */
    int opened;
};

struct ear_stream {
    struct myna_stt_stream base;
    struct ear *e;
    struct myna_timer timer;
    myna_us end;
};

static struct {
    struct myna_host host;
    struct ear ears[2];
    struct myna_stt *stt;
    struct myna_stt_port *port;
    char told[400];
    int frame; /* number of the next */
} w;

static void ear_destroy(struct myna_stt *stt)
{
    (void)stt;
}

static void answer(struct myna_timer *t)
{
    struct ear_stream *st = t->arg;
    struct myna_stt_event ev = {.type = MYNA_STT_FINAL,
                                .text = st->e == &w.ears[0] ? "first" : "second",
                                .start = MYNA_NEVER,
                                .end = st->end,
                                .confidence = -1};

    if (st->e->fails) {
        ev.type = MYNA_STT_FAULT;
        ev.fault = (struct myna_fault){
            .stage = MYNA_STAGE_STT, .err = MYNA_EPROVIDER, .message = "it broke"};
    }
    myna_stt_emit(&st->base, &ev);
}

static enum myna_err ear_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct ear *e = (struct ear *)stt;
    struct ear_stream *st;

    CHECK_STR(how->language, "de");
    if (e->refuses)
        return MYNA_EIO;
    st = calloc(1, sizeof *st);
    CHECK(st != NULL);
    st->base.stt = stt;
    st->e = e;
    e->opened++;
    e->first = -1;
    myna_host_timer_init(&w.host, &st->timer, answer, st);
    *out = &st->base;
    return MYNA_OK;
}

static void ear_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct ear_stream *st = (struct ear_stream *)base;

    if (st->e->first < 0)
        st->e->first = f->pcm[0];
    else
        CHECK(f->pcm[0] > st->e->last); /* in order, none twice */
    st->e->last = f->pcm[0];
    st->e->frames++;
    st->end = f->captured + MYNA_FRAME_US;
}

static void ear_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct ear_stream *st = (struct ear_stream *)base;
    size_t n = strlen(st->e->log);

    (void)at;
    snprintf(st->e->log + n, sizeof st->e->log - n, "%c", "SPREF"[mark]);
    if ((mark == MYNA_STT_MARK_END || mark == MYNA_STT_MARK_FLUSH) && !st->e->mute)
        CHECK_EQ(myna_timer_set(&st->timer, myna_host_now(&w.host)), MYNA_OK);
}

static void ear_close(struct myna_stt_stream *base)
{
    struct ear_stream *st = (struct ear_stream *)base;

    myna_timer_clear(&st->timer);
    free(st);
}

static const struct myna_stt_class ear_classes[] = {
    {.name = "one",
     .caps = MYNA_STT_WANTS_SPEECH,
     .destroy = ear_destroy,
     .open = ear_open,
     .push = ear_push,
     .mark = ear_mark,
     .close = ear_close},
    {.name = "two",
     .caps = MYNA_STT_WANTS_SPEECH,
     .destroy = ear_destroy,
     .open = ear_open,
     .push = ear_push,
     .mark = ear_mark,
     .close = ear_close},
};

static void on_event(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    size_t n = strlen(w.told);

    (void)arg;
    (void)port;
    if (ev->type == MYNA_STT_FINAL)
        snprintf(w.told + n, sizeof w.told - n, "%s ", ev->text);
    else if (ev->type == MYNA_STT_USING)
        snprintf(w.told + n, sizeof w.told - n, "[%s] ", ev->fault.provider);
    else
        snprintf(w.told + n, sizeof w.told - n, "(%s) ", ev->fault.message);
}

static void setup(void)
{
    struct myna_stt *both[] = {&w.ears[0].base, &w.ears[1].base};
    struct myna_stt_port_options opt = {.how.language = "de", .event = on_event};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, NULL);
    CHECK(w.host.loop != NULL);
    for (int i = 0; i < 2; i++)
        w.ears[i].base = (struct myna_stt){&ear_classes[i], &w.host};
    CHECK_EQ(myna_stt_fallback(&w.host, both, 2, 3000, &w.stt), MYNA_OK);
    opt.stt = w.stt;
    CHECK_EQ(myna_stt_port_open(&opt, &w.port), MYNA_OK);
}

static void teardown(void)
{
    myna_stt_port_close(w.port);
    myna_host_bury_all(&w.host);
    w.stt->cls->destroy(w.stt);
    myna_loop_destroy(w.host.loop);
}

/* Frames as time goes by. */
static void push(int n)
{
    for (; n > 0; n--) {
        struct myna_frame f = {.captured = myna_host_now(&w.host)};

        f.pcm[0] = (int16_t)w.frame++;
        myna_stt_port_push(w.port, &f);
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_FRAME_US);
    }
}

static void mark(enum myna_stt_mark m)
{
    myna_stt_port_mark(w.port, m, myna_host_now(&w.host));
}

static void speak(int n)
{
    mark(MYNA_STT_MARK_SPEECH);
    push(n);
    mark(MYNA_STT_MARK_PAUSE);
    push(5);
    mark(MYNA_STT_MARK_END);
    push(1);
}

TEST(the_first_one_hears_alone_while_it_works)
{
    setup();
    push(100);
    speak(50);
    push(50);
    CHECK_STR(w.told, "first ");
    CHECK_STR(w.ears[0].log, "SPE");
    CHECK_EQ(w.ears[1].opened, 0);
    CHECK_STR(w.stt->cls->name, "one");
    teardown();
}

TEST(the_second_one_hears_the_same_utterance_with_its_preroll)
{
    setup();
    push(100);
    w.ears[0].fails = true;
    speak(50);
    push(50);
    CHECK_STR(w.told, "[two] second ");
    CHECK_STR(w.ears[1].log, "SPE");
    CHECK_EQ(w.ears[1].first, w.ears[0].first);
    CHECK_EQ(w.ears[1].frames, w.ears[0].frames);
    CHECK_EQ(w.ears[0].first, 100 - 28);
    teardown();
}

TEST(what_is_transcribed_is_not_heard_again)
{
    setup();
    push(100);
    speak(50);
    push(50);
    w.ears[0].fails = true;
    speak(30);
    push(20);
    CHECK_STR(w.told, "first [two] second ");
    CHECK_STR(w.ears[1].log, "SPE");
    CHECK_EQ(w.ears[1].first, 100 + 56 + 50 - 28);
    CHECK_EQ(w.ears[1].frames, 28 + 35);
    teardown();
}

TEST(one_that_breaks_in_the_middle_is_replaced_there)
{
    setup();
    push(100);
    mark(MYNA_STT_MARK_SPEECH);
    push(20);
    w.ears[0].fails = true;
    mark(MYNA_STT_MARK_FLUSH); /* it breaks at this */
    push(20);
    mark(MYNA_STT_MARK_END);
    push(10);
    CHECK_STR(w.ears[1].log, "SFE");
    CHECK_EQ(w.ears[1].frames, 28 + 40);
    CHECK_HAS(w.told, "[two] second ");
    teardown();
}

TEST(one_that_owes_a_transcript_for_too_long_is_left)
{
    setup();
    push(50);
    w.ears[0].mute = true;
    speak(30);
    push(140); /* 2.8 s */
    CHECK_STR(w.told, "");
    push(20);
    CHECK_STR(w.told, "[two] second ");
    teardown();
}

TEST(one_that_cannot_be_opened_is_passed_over)
{
    struct myna_stt_port_options opt = {.how.language = "de", .event = on_event};

    setup();
    myna_stt_port_close(w.port);
    w.ears[0].refuses = true;
    opt.stt = w.stt;
    CHECK_EQ(myna_stt_port_open(&opt, &w.port), MYNA_OK);
    push(50);
    speak(30);
    push(20);
    CHECK_STR(w.told, "[two] second ");
    teardown();
}

TEST(when_none_is_left_the_fault_names_the_last_and_the_words_are_lost)
{
    setup();
    push(50);
    w.ears[0].fails = w.ears[1].fails = true;
    speak(30);
    push(20);
    CHECK_STR(w.told, "(all 2 recognisers failed; the last: it broke) ");
    CHECK_EQ(w.ears[0].opened, 1);
    CHECK_EQ(w.ears[1].opened, 1);
    teardown();
}

TEST(one_that_was_left_hears_the_next_utterance_too_and_is_then_the_first_again)
{
    setup();
    push(50);
    w.ears[0].fails = true;
    speak(30);
    w.ears[0].fails = false;
    push(100); /* 2 s: too soon to try it */
    speak(30);
    CHECK_EQ(w.ears[0].opened, 1);
    push(200);
    w.ears[0].log[0] = '\0';
    speak(30); /* 5 s are over: both hear */
    CHECK_EQ(w.ears[0].opened, 2);
    CHECK_STR(w.ears[0].log, "SPE");
    push(50);
    CHECK_STR(w.told, "[two] second second second ");
    speak(30);
    push(50);
    CHECK_STR(w.told, "[two] second second second [one] first ");
    teardown();
}

TEST(one_that_fails_again_is_tried_more_rarely)
{
    setup();
    push(50);
    w.ears[0].fails = true;
    for (int i = 0; i < 30; i++) { /* 96 s */
        speak(30);
        push(124);
    }
    /* at 0, then 5, 10, 20, 40 s after the one before, at the beginning of an utterance */
    CHECK(w.ears[0].opened >= 4 && w.ears[0].opened <= 5);
    CHECK(!strstr(w.told, "first"));
    teardown();
}

TEST(a_long_utterance_in_several_finals_is_told_once)
{
    setup();
    push(50);
    mark(MYNA_STT_MARK_SPEECH);
    push(100);
    mark(MYNA_STT_MARK_FLUSH); /* "first": transcribed up to here */
    push(10);
    w.ears[0].fails = true;
    push(30);
    mark(MYNA_STT_MARK_END);
    push(20);
    CHECK_STR(w.told, "first [two] second ");
    CHECK_STR(w.ears[1].log, "SE");
    CHECK_EQ(w.ears[1].first, 151); /* no sound of the first part */
    CHECK_EQ(w.ears[1].frames, 39);
    teardown();
}

TEST_MAIN
