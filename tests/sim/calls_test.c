/* calls_test.c - calls as the program holds them: over files, on the real clock, with everything
 * that a host may ask for in between. Their recordings replay equal, and sound the same. And the
 * guard of the media tick bites inside a whole session, in both directions. */
#include <myna/myna.h>
#include <myna/stages.h>

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/wav.h"
#include "check.h"
#include "sim.h"
#include "transport/loopback.h"

enum { HZ = 16000, LONGEST = 30 * MYNA_OUT_RATE_HZ };

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char name[600];

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink(name))
            remove_tree(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

/* ------------------------------------------------------------------ over files */

struct call {
    struct myna_runtime *rt;
    char dir[64], in[80], out[80], flight[300];
    int items;
    bool closed;
};

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct call *c = arg;

    c->items += ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED;
    if (ev->type != MYNA_EV_CLOSE)
        return;
    c->closed = true;
    snprintf(c->flight, sizeof c->flight, "%s/call.flight", myna_session_record_dir(s));
    myna_runtime_stop(c->rt);
}

/* A third of a second of quiet, as much of a hum as a person may make, and quiet again. */
static void write_person(const char *path)
{
    static int16_t pcm[HZ * 16 / 10];
    struct myna_wav_writer *w;

    for (size_t i = 0; i < HZ * 16 / 10; i++)
        pcm[i] = i < HZ / 3 || i > HZ ? 0 : (int16_t)(9000 * sin((double)i * 0.1));
    CHECK_EQ(myna_wav_create(path, HZ, &w, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, HZ * 16 / 10, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
}

static void set(struct myna_config *cfg, const char *key, const char *value)
{
    struct myna_why why = {0};

    if (myna_config_set(cfg, key, value, "the test", &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
}

static void hold_call(struct call *c, bool virtual_clock)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {
        .size = sizeof how, .config = cfg, .virtual_clock = virtual_clock, .workers = 1};
    struct myna_session_options opt = {
        .size = sizeof opt, .transport_name = "file", .on_event = on_event, .arg = c};
    struct myna_session *s;
    struct myna_why why = {0};

    memset(c, 0, sizeof *c);
    snprintf(c->dir, sizeof c->dir, "%s", "/tmp/myna-calls-XXXXXX");
    CHECK(mkdtemp(c->dir) != NULL);
    snprintf(c->in, sizeof c->in, "%s/in.wav", c->dir);
    snprintf(c->out, sizeof c->out, "%s/out.wav", c->dir);
    write_person(c->in);
    opt.record_dir = c->dir;
    set(cfg, "vad.provider", "energy");
    set(cfg, "stt.provider", "instant");
    set(cfg, "llm.provider", "instant");
    set(cfg, "tts.provider", "instant");
    set(cfg, "tts.instant.duration", "400");
    set(cfg, "transport.file.in", c->in);
    set(cfg, "transport.file.out", c->out);
    set(cfg, "transport.file.tail", "200ms");
    if (myna_runtime_create(&how, &c->rt, &why) || myna_session_create(c->rt, &opt, &s, &why) ||
        myna_session_start(s, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    myna_runtime_run(c->rt);
    CHECK(c->closed);
    CHECK(c->items >= 2); /* a question and its answer at least */
    myna_session_destroy(s);
    myna_runtime_destroy(c->rt);
    myna_config_destroy(cfg);
}

static void replay_equal(const struct call *c, const char *wav)
{
    struct myna_replay_result r;
    struct myna_why why;

    if (myna_replay_file(c->flight, wav, &r, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    if (r.differ)
        check_fail(__FILE__, __LINE__, "%s", r.first_difference);
    CHECK(r.outputs > 80);
    CHECK(!r.truncated);
    myna_replay_result_fini(&r);
}

static size_t read_wav(const char *path, int16_t *pcm)
{
    struct myna_wav_reader *r;
    size_t total = 0, n;

    CHECK_EQ(myna_wav_open(path, &r, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_rate_hz(r), MYNA_OUT_RATE_HZ);
    do {
        CHECK_EQ(myna_wav_read(r, pcm + total, LONGEST - total, &n, NULL), MYNA_OK);
        total += n;
    } while (n > 0);
    myna_wav_close(r);
    return total;
}

TEST(a_call_on_the_real_clock_replays_equal)
{
    struct call c;

    hold_call(&c, false);
    replay_equal(&c, NULL);
    remove_tree(c.dir);
}

TEST(what_a_replay_writes_is_what_the_call_wrote_sample_for_sample)
{
    static int16_t heard[LONGEST], again[LONGEST];
    struct call c;
    char wav[80];
    size_t n, m, sound = 0;

    hold_call(&c, true);
    snprintf(wav, sizeof wav, "%s/again.wav", c.dir);
    replay_equal(&c, wav);
    n = read_wav(c.out, heard);
    m = read_wav(wav, again);
    for (size_t i = 0; i < n && i < m; i++) {
        if (heard[i] != again[i])
            check_fail(__FILE__, __LINE__, "sample %zu of %zu is %d, was %d", i, n, again[i],
                       heard[i]);
        sound += heard[i] != 0;
    }
    CHECK(sound > MYNA_OUT_RATE_HZ / 4);
    CHECK_EQ(m, n);
    remove_tree(c.dir);
}

/* ------------------------------------------------------------------ all that a host may ask */

TEST(typed_words_say_interrupt_reply_and_a_polite_end_replay_equal)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true, .greeting = "Good day."});
    struct myna_session *session = sim_session(s);
    struct myna_reply_options reply = {
        .size = sizeof reply, .user_input = "Who are you?", .allow_interruptions = -1};

    sim_voice(s, "Good day.", 800);
    sim_answer(s, "What is typed?", "A question without sound.");
    sim_voice(s, "A question without sound.", 3000);
    sim_voice(s, "One moment.", 1500);
    sim_answer(s, "Who are you?", "A bird.");
    sim_voice(s, "A bird.", 900);
    sim_user(s, 9000, 10000, "Bye.", 200);
    sim_answer(s, "Bye.", "Until tomorrow then.");
    sim_voice(s, "Until tomorrow then.", 1200);
    sim_run(s, 2500);
    CHECK_EQ(myna_session_text(session, "What is typed?"), MYNA_OK);
    sim_run(s, 4000);
    CHECK_EQ(myna_session_interrupt(session, false), MYNA_OK);
    sim_run(s, 4500);
    CHECK_EQ(myna_session_say(session, "One moment.", 0, true, NULL), MYNA_OK);
    CHECK_EQ(myna_session_generate_reply(session, &reply, NULL), MYNA_OK);
    sim_run(s, 11200); /* the answer to the last words plays */
    myna_session_shutdown(session, true, "job_shutdown");
    sim_run(s, 16000);
    CHECK_ITEMS(s, "handoff@0 | assistant: Good day. | user: What is typed?@2500 | "
                   "assistant cut: A question@4000 | user: Who are you?@4500 | "
                   "assistant: One moment. | assistant: A bird. | user: Bye. | "
                   "assistant: Until tomorrow then.");
    CHECK_CLOSE(s, "job_shutdown");
    sim_end(s); /* replays, and fails where anything differs */
}

/* ------------------------------------------------------------------ the guard */

static void *volatile taken; /* so that no compiler takes the pair away */

static void allocate(void)
{
    taken = malloc(1);
    free(taken);
}

struct greedy_stt {
    struct myna_stt base;
    struct myna_stt_stream stream;
};

static enum myna_err stt_create(struct myna_stt **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct greedy_stt *g = calloc(1, sizeof *g);

    (void)cfg;
    (void)why;
    CHECK(g != NULL);
    g->base.host = host;
    *out = &g->base;
    return MYNA_OK;
}

static void stt_destroy(struct myna_stt *stt)
{
    free(stt);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct greedy_stt *g = (struct greedy_stt *)stt;

    (void)how;
    g->stream.stt = stt;
    *out = &g->stream;
    return MYNA_OK;
}

static void stt_push(struct myna_stt_stream *st, const struct myna_frame *f)
{
    (void)st;
    (void)f;
    allocate();
}

static void stt_mark(struct myna_stt_stream *st, enum myna_stt_mark mark, myna_us at)
{
    (void)st;
    (void)mark;
    (void)at;
}

static void stt_close(struct myna_stt_stream *st)
{
    (void)st;
}

static const struct myna_stt_class greedy = {.name = "greedy",
                                             .create = stt_create,
                                             .destroy = stt_destroy,
                                             .open = stt_open,
                                             .push = stt_push,
                                             .mark = stt_mark,
                                             .close = stt_close};

/* Endless silence; the sound comes at once. */
struct greedy_words {
    struct myna_tts_stream base;
    struct myna_timer timer;
};

static enum myna_err tts_create(struct myna_tts **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_tts *g = calloc(1, sizeof *g);

    (void)cfg;
    (void)why;
    CHECK(g != NULL);
    g->host = host;
    *out = g;
    return MYNA_OK;
}

static void tts_destroy(struct myna_tts *tts)
{
    free(tts);
}

static void tts_awake(struct myna_timer *t)
{
    myna_tts_ready(t->arg);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct greedy_words *w = calloc(1, sizeof *w);

    (void)how;
    CHECK(w != NULL);
    w->base.tts = tts;
    myna_host_timer_init(tts->host, &w->timer, tts_awake, &w->base);
    *out = &w->base;
    return MYNA_OK;
}

static enum myna_err tts_text(struct myna_tts_stream *st, struct myna_view text)
{
    (void)text;
    return myna_timer_set(&((struct greedy_words *)st)->timer, myna_host_now(st->tts->host));
}

static void tts_end(struct myna_tts_stream *st)
{
    (void)st;
}

static int pumps;

/* The first fills may come from events; later ones come as the sound is drawn. */
static void tts_pump(struct myna_tts_stream *st, size_t room)
{
    static const int16_t pcm[MYNA_OUT_SAMPLES];

    if (pumps++ > 2)
        allocate();
    while (room > 0) {
        size_t n = room < MYNA_OUT_SAMPLES ? room : MYNA_OUT_SAMPLES;

        if (myna_tts_audio(st, pcm, n) < n)
            break;
        room -= n;
    }
}

static void tts_close(struct myna_tts_stream *st)
{
    myna_timer_clear(&((struct greedy_words *)st)->timer);
    free(st);
}

static const struct myna_tts_class greedy_voice = {.name = "greedy",
                                                   .caps = MYNA_TTS_TEXT_STREAM,
                                                   .rate_hz = MYNA_OUT_RATE_HZ,
                                                   .create = tts_create,
                                                   .destroy = tts_destroy,
                                                   .open = tts_open,
                                                   .text = tts_text,
                                                   .end = tts_end,
                                                   .pump = tts_pump,
                                                   .close = tts_close};

static void greedy_session(const char *stt, const char *tts, bool say)
{
    static const struct myna_stt_class *const stts[] = {&greedy, NULL};
    static const struct myna_tts_class *const ttss[] = {&greedy_voice, NULL};
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options how = {.size = sizeof how,
                                       .config = cfg,
                                       .virtual_clock = true,
                                       .workers = 1,
                                       .stts = stts,
                                       .ttss = ttss};
    struct myna_session_options opt = {
        .size = sizeof opt, .transport_name = "loopback", .record_dir = ""};
    struct myna_runtime *rt;
    struct myna_session *s;

    set(cfg, "vad.provider", "energy");
    set(cfg, "stt.provider", stt);
    set(cfg, "llm.provider", "instant");
    set(cfg, "tts.provider", tts);
    CHECK_EQ(myna_runtime_create(&how, &rt, NULL), MYNA_OK);
    CHECK_EQ(myna_session_create(rt, &opt, &s, NULL), MYNA_OK);
    CHECK_EQ(myna_session_start(s, NULL), MYNA_OK);
    if (say)
        CHECK_EQ(myna_session_say(s, "This goes on and on.", -1, true, NULL), MYNA_OK);
    myna_runtime_run_until(rt, 5 * MYNA_S);
    myna_session_destroy(s);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

/* Runs it in a child; its last words. Returns how waitpid() saw it end. */
static int in_child(const char *stt, const char *tts, bool say, char *words, size_t size)
{
    int ends[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    CHECK_EQ(pipe(ends), 0);
    fflush(NULL);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        greedy_session(stt, tts, say);
        _exit(0);
    }
    close(ends[1]);
    while (len + 1 < size && (n = read(ends[0], words + len, size - 1 - len)) > 0)
        len += (size_t)n;
    words[len] = '\0';
    close(ends[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

TEST(a_recogniser_that_allocates_when_it_gets_a_frame_aborts_with_a_sentence)
{
    char words[4096];
    int status = in_child("greedy", "instant", false, words, sizeof words);

    CHECK_HAS(words, "allocation in the media tick");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(a_voice_that_allocates_while_sound_is_drawn_aborts_with_a_sentence)
{
    char words[4096];
    int status = in_child("instant", "greedy", true, words, sizeof words);

    CHECK_HAS(words, "allocation in the media tick");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(the_same_session_with_modest_providers_runs_to_its_end)
{
    char words[4096];
    int status = in_child("instant", "instant", true, words, sizeof words);

    if (!WIFEXITED(status) || WEXITSTATUS(status))
        check_fail(__FILE__, __LINE__, "status %d: %s", status, words);
}

/* An allocation in any tick would end this program. */
TEST(a_minute_of_talk_and_interruptions_allocates_in_no_tick)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true});

    for (int at = 0; at < 60000; at += 10000) {
        sim_user(s, at + 500, at + 2500, "Tell me a story.", 200);
        sim_user(s, at + 5000, at + 6000, "Stop!", 200);
    }
    sim_answer(s, "Tell me a story.", "Here is a long story for you... the end.");
    sim_voice(s, "Here is a long story for you... the end.", 10000);
    sim_answer(s, "Stop!", "Ok.");
    sim_voice(s, "Ok.", 500);
    sim_run(s, 60000);
    CHECK(sim_sound_ms(s, 0, 60000) > 6 * 2000);
    sim_end(s);
}

TEST_MAIN
