/* moonshine_test.c - the local recogniser as a stage: interims, finals, their order, its faults. */
#include "speech.h"

#include <time.h>

#include "providers/builtin.h"
#include "stt/stt.h"

struct ears {
    struct speech s;
    struct myna_stt *stt;
    struct myna_stt_port *port;
    int partials, finals, usages, faults;
    char last_partial[512], text[1024], fault[512];
    enum myna_err err;
    myna_us start, end;
    double audio_ms;
    bool close_at_final;
    myna_us first_partial; /* how much sound it was made from */
};

static void close_port(struct ears *e)
{
    myna_stt_port_close(e->port);
    e->port = NULL;
}

static void hear(void *arg, struct myna_stt_port *port, const struct myna_stt_event *ev)
{
    struct ears *e = arg;

    CHECK(port == e->port);
    switch (ev->type) {
    case MYNA_STT_PARTIAL:
        CHECK(*ev->text != '\0');
        if (!e->partials++)
            e->first_partial = ev->end - ev->start;
        snprintf(e->last_partial, sizeof e->last_partial, "%s", ev->text);
        break;
    case MYNA_STT_FINAL:
        e->finals++;
        snprintf(e->text + strlen(e->text), sizeof e->text - strlen(e->text), "%s%s",
                 *e->text ? " " : "", ev->text);
        e->start = ev->start;
        e->end = ev->end;
        if (e->close_at_final) {
            close_port(e);
        }
        break;
    case MYNA_STT_USAGE:
        e->usages++;
        e->audio_ms += ev->audio_ms;
        break;
    case MYNA_STT_FAULT:
        e->faults++;
        e->err = ev->fault.err;
        snprintf(e->fault, sizeof e->fault, "%s", ev->fault.message);
        break;
    case MYNA_STT_START:
    case MYNA_STT_PREFLIGHT_TEXT:
    case MYNA_STT_END:
    case MYNA_STT_USING:
        check_fail(__FILE__, __LINE__, "it tells what its caps do not promise");
    }
}

static void open_port(struct ears *e)
{
    CHECK_EQ(myna_stt_port_open(
                 &(struct myna_stt_port_options){.stt = e->stt, .event = hear, .arg = e}, &e->port),
             MYNA_OK);
}

static void ears_init(struct ears *e, bool virtual_clock, const char *key, const char *value)
{
    struct myna_why why = {0};

    *e = (struct ears){0};
    speech_init(&e->s, virtual_clock);
    if (key && myna_config_set(e->s.cfg, key, value, "test", &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    CHECK_EQ(myna_stt_moonshine.create(&e->stt, &e->s.host, e->s.cfg, &why), MYNA_OK);
    open_port(e);
}

/* The model, and all of that recording in frames. What is missing skips before anything loads. */
static void ears_for(struct ears *e, const char *wav, bool virtual_clock, const char *key,
                     const char *value)
{
    const char *path;

    need_models("moonshine-tiny-en");
    path = shared_data(wav);
    ears_init(e, virtual_clock, key, value);
    speech_load(&e->s, path);
}

static void ears_fini(struct ears *e)
{
    close_port(e);
    myna_stt_moonshine.destroy(e->stt);
    speech_fini(&e->s);
}

/* Frames [from, to) at their time on the virtual clock. */
static void play(struct ears *e, size_t from, size_t to)
{
    myna_us base = myna_loop_now(e->s.host.loop);

    for (size_t i = from; i < to && i < e->s.n_frames; i++) {
        myna_stt_port_push(e->port, &e->s.frames[i]);
        myna_loop_run_until(e->s.host.loop, base + (myna_us)(i - from + 1) * MYNA_FRAME_US);
    }
}

static void mark(struct ears *e, enum myna_stt_mark m)
{
    myna_stt_port_mark(e->port, m, myna_loop_now(e->s.host.loop));
}

static void wait_ms(struct ears *e, int ms)
{
    myna_loop_run_until(e->s.host.loop, myna_loop_now(e->s.host.loop) + ms * MYNA_MS);
}

TEST(a_question_gives_interims_and_one_final_at_its_end)
{
    struct ears e;
    char heard[256];

    ears_for(&e, "weather_question.wav", true, NULL, NULL);
    wait_ms(&e, 1);
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, e.s.n_frames);
    CHECK(e.partials >= 3);
    CHECK(e.first_partial >= MYNA_S); /* of less it makes up words */
    CHECK_EQ(e.finals, 0);
    mark(&e, MYNA_STT_MARK_PAUSE);
    wait_ms(&e, 10);
    CHECK_EQ(e.finals, 0); /* decoded, but nobody said that it is over */
    bare_words(e.last_partial, heard, sizeof heard);
    CHECK_STR(heard, "what is the weather in paris");
    mark(&e, MYNA_STT_MARK_END);
    CHECK_EQ(e.finals, 0); /* never from inside a call */
    wait_ms(&e, 1);
    CHECK_EQ(e.finals, 1);
    CHECK_EQ(e.usages, 1);
    CHECK_STR(e.text, e.last_partial);
    CHECK_EQ(e.start, 0);
    CHECK_EQ(e.end, (myna_us)e.s.n_frames * MYNA_FRAME_US);
    CHECK_NEAR(e.audio_ms, (double)e.s.n_frames * 20, 0.1);
    ears_fini(&e);
}

TEST(speech_that_goes_on_after_a_breath_is_one_utterance)
{
    struct ears e;
    char heard[512];

    ears_for(&e, "jfk.wav", true, NULL, NULL);
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, 115);
    mark(&e, MYNA_STT_MARK_PAUSE);
    play(&e, 115, 160);
    mark(&e, MYNA_STT_MARK_RESUMED);
    play(&e, 160, e.s.n_frames);
    mark(&e, MYNA_STT_MARK_END);
    wait_ms(&e, 1);
    CHECK_EQ(e.finals, 1);
    bare_words(e.text, heard, sizeof heard);
    CHECK_STR(heard, "and so my fellow americans ask not what your country can do for you ask what "
                     "you can do for your country");
    ears_fini(&e);
}

TEST(a_flush_gives_what_there_is_and_goes_on_listening)
{
    struct ears e;
    char heard[512];

    ears_for(&e, "jfk.wav", true, NULL, NULL);
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, 270); /* "…my fellow Americans" and a pause */
    mark(&e, MYNA_STT_MARK_FLUSH);
    wait_ms(&e, 1);
    CHECK_EQ(e.finals, 1);
    bare_words(e.text, heard, sizeof heard);
    CHECK_HAS(heard, "fellow americans");
    play(&e, 270, e.s.n_frames);
    mark(&e, MYNA_STT_MARK_END);
    wait_ms(&e, 1);
    CHECK_EQ(e.finals, 2);
    bare_words(e.text, heard, sizeof heard);
    CHECK_HAS(heard, "do for your country");
    ears_fini(&e);
}

TEST(an_utterance_that_is_too_long_is_cut_and_loses_no_words)
{
    struct ears e;
    char heard[1024];

    ears_for(&e, "jfk.wav", true, "stt.moonshine.max_utterance", "5000");
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, e.s.n_frames);
    mark(&e, MYNA_STT_MARK_END);
    wait_ms(&e, 1);
    CHECK(e.finals >= 2);
    bare_words(e.text, heard, sizeof heard);
    CHECK_HAS(heard, "fellow americans");
    CHECK_HAS(heard, "what your country can do for you");
    CHECK_HAS(heard, "do for your country");
    CHECK_NEAR(e.audio_ms, (double)e.s.n_frames * 20, 0.5); /* every sample once */
    ears_fini(&e);
}

TEST(a_stream_that_was_closed_tells_nothing_and_leaves_nothing)
{
    struct ears e;

    ears_for(&e, "weather_question.wav", true, NULL, NULL);
    wait_ms(&e, 1);
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, 100);
    mark(&e, MYNA_STT_MARK_END); /* a decode is under way now */
    close_port(&e);
    wait_ms(&e, 100);
    CHECK_EQ(e.finals, 0);
    ears_fini(&e);
}

TEST(a_stream_may_be_closed_from_its_own_final)
{
    struct ears e;

    ears_for(&e, "weather_question.wav", true, NULL, NULL);
    mark(&e, MYNA_STT_MARK_SPEECH);
    play(&e, 0, e.s.n_frames);
    mark(&e, MYNA_STT_MARK_END);
    e.close_at_final = true;
    wait_ms(&e, 100);
    CHECK_EQ(e.finals, 1);
    CHECK_EQ(e.usages, 0);
    ears_fini(&e);
}

TEST(utterances_that_nobody_waits_for_any_more_are_dropped)
{
    struct ears e;

    ears_for(&e, "weather_question.wav", true, NULL, NULL);
    for (int i = 0; i < 12; i++) { /* before the model is there */
        mark(&e, MYNA_STT_MARK_SPEECH);
        for (size_t f = 0; f < 20; f++)
            myna_stt_port_push(e.port, &e.s.frames[f]);
        mark(&e, MYNA_STT_MARK_END);
    }
    wait_ms(&e, 100);
    CHECK(e.finals <= 8);
    ears_fini(&e);
}

TEST(an_object_destroyed_while_it_loads_goes_quietly)
{
    struct ears e;

    ears_init(&e, true, NULL, NULL);
    ears_fini(&e);
}

/* ms of this process: what others do meanwhile does not count. */
static double worked(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* How soon is measured by `make bench BENCH=speech`; here, how much is left to do at the end. */
TEST(the_final_comes_sooner_where_the_pause_was_heard_first)
{
    struct ears e;
    double end, cold, ahead;

    ears_for(&e, "jfk.wav", false, NULL, NULL);
    myna_loop_run(e.s.host.loop); /* until it is loaded */
    mark(&e, MYNA_STT_MARK_SPEECH);
    for (int i = 0; i < 250; i++)
        myna_stt_port_push(e.port, &e.s.frames[i]);
    end = worked();
    mark(&e, MYNA_STT_MARK_END);
    myna_loop_run(e.s.host.loop);
    CHECK_EQ(e.finals, 1);
    cold = worked() - end;
    /* As it usually is: the quiet was heard half a second before the end was sure. */
    mark(&e, MYNA_STT_MARK_SPEECH);
    for (int i = 0; i < 250; i++)
        myna_stt_port_push(e.port, &e.s.frames[i]);
    mark(&e, MYNA_STT_MARK_PAUSE);
    myna_loop_run_until(e.s.host.loop, myna_loop_now(e.s.host.loop) + 450 * MYNA_MS);
    while (myna_loop_busy(e.s.host.loop))
        myna_loop_run_until(e.s.host.loop, myna_loop_now(e.s.host.loop) + MYNA_MS);
    end = worked();
    mark(&e, MYNA_STT_MARK_END);
    myna_loop_run(e.s.host.loop);
    CHECK_EQ(e.finals, 2);
    ahead = worked() - end;
    printf("# final of 5 s: %.1f ms of work at the end, %.1f ms when the pause was heard first\n",
           cold, ahead);
    CHECK(ahead < cold / 2);
    ears_fini(&e);
}

TEST(a_missing_folder_is_a_fault_that_names_it)
{
    struct ears e;

    ears_init(&e, true, "stt.moonshine.dir", "/no/such/folder");
    wait_ms(&e, 100);
    CHECK_EQ(e.faults, 1);
    CHECK_EQ(e.err, MYNA_EUNAVAIL);
    CHECK_HAS(e.fault, "/no/such/folder/encoder_model.ort");
    /* A stream that is opened later is told as well. */
    close_port(&e);
    open_port(&e);
    CHECK_EQ(e.faults, 1);
    wait_ms(&e, 1);
    CHECK_EQ(e.faults, 2);
    ears_fini(&e);
}

TEST(missing_models_say_how_to_fetch_them)
{
    struct ears e;
    char was[1024];

    snprintf(was, sizeof was, "%s", getenv("MYNA_MODELS") ? getenv("MYNA_MODELS") : "");
    setenv("MYNA_MODELS", "/no/such/models", 1);
    ears_init(&e, true, NULL, NULL);
    wait_ms(&e, 100);
    if (*was)
        setenv("MYNA_MODELS", was, 1);
    else
        unsetenv("MYNA_MODELS");
    CHECK_EQ(e.faults, 1);
    CHECK_HAS(e.fault, "myna models fetch moonshine-tiny-en");
    ears_fini(&e);
}

TEST(a_cut_model_is_a_fault_that_says_so)
{
    struct ears e;
    char dir[] = "moonshine.XXXXXX", link_from[1024], link_to[1024];
    static const char *const whole[] = {"decoder_model_merged.ort", "tokens.txt"};
    FILE *f;

    need_models("moonshine-tiny-en");
    CHECK(mkdtemp(dir) != NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(link_from, sizeof link_from, "%s/moonshine-tiny-en/%s", myna_models_dir(),
                 whole[i]);
        snprintf(link_to, sizeof link_to, "%s/%s", dir, whole[i]);
        CHECK_EQ(symlink(link_from, link_to), 0);
    }
    snprintf(link_to, sizeof link_to, "%s/encoder_model.ort", dir);
    f = fopen(link_to, "w");
    CHECK(f && fputs("half a model", f) >= 0 && fclose(f) == 0);
    ears_init(&e, true, "stt.moonshine.dir", dir);
    wait_ms(&e, 100);
    ears_fini(&e);
    for (int i = 0; i < 2; i++) {
        snprintf(link_to, sizeof link_to, "%s/%s", dir, whole[i]);
        unlink(link_to);
    }
    snprintf(link_to, sizeof link_to, "%s/encoder_model.ort", dir);
    unlink(link_to);
    rmdir(dir);
    CHECK_EQ(e.faults, 1);
    CHECK_EQ(e.err, MYNA_EFORMAT);
    CHECK_HAS(e.fault, dir);
}

TEST_MAIN
