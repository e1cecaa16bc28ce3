/* voices_test.c - the local voices as a stage: what they speak is heard again as what was written,
 * words have times, the first sound comes early, cancelling leaves nothing. */
#include "speech.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <time.h>

#include "providers/builtin.h"
#include "providers/clauses.h"
#include "providers/flite.h"
#include "providers/sherpa.h"
#include "tts/tts.h"

#define MAX_SAMPLES (24000 * 60)

struct mouth {
    struct speech s;
    struct myna_tts *tts;
    struct myna_tts_port *port;
    int16_t *pcm;
    size_t n, room;
    int done, faults, readies, loading;
    enum myna_err err;
    char fault[512], words[4096];
    myna_us last_start, last_end;
    double first_at; /* as worked() */
    int n_words;
};

/* ms of this process: what others do meanwhile does not count. */
static double worked(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t take(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct mouth *m = arg;

    (void)port;
    if (n > m->room)
        n = m->room;
    CHECK(m->n + n <= MAX_SAMPLES);
    if (m->n == 0 && n)
        m->first_at = worked();
    memcpy(m->pcm + m->n, pcm, n * sizeof *pcm);
    m->n += n;
    m->room -= n;
    return n;
}

static void ready(void *arg, struct myna_tts_port *port)
{
    struct mouth *m = arg;

    m->readies++;
    myna_tts_port_pump(port, m->room);
}

static void told(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct mouth *m = arg;

    (void)port;
    switch (ev->type) {
    case MYNA_TTS_WORDS_AT:
        for (size_t i = 0; i < ev->n_words; i++) {
            const struct myna_word *w = &ev->words[i];

            CHECK(w->start >= m->last_end - 1 && w->end > w->start);
            m->last_start = w->start;
            m->last_end = w->end;
            m->n_words++;
            snprintf(m->words + strlen(m->words), sizeof m->words - strlen(m->words), "%s%s",
                     *m->words ? " " : "", w->text);
        }
        break;
    case MYNA_TTS_USING:
        break;
    case MYNA_TTS_LOADING:
        m->loading++;
        break;
    case MYNA_TTS_DONE:
        m->done++;
        break;
    case MYNA_TTS_FAULT:
        m->faults++;
        m->err = ev->fault.err;
        snprintf(m->fault, sizeof m->fault, "%s", ev->fault.message);
        break;
    }
}

static void mouth_init(struct mouth *m, const struct myna_tts_class *cls, bool virtual_clock,
                       const char *key, const char *value)
{
    struct myna_why why = {0};

    *m = (struct mouth){.room = MAX_SAMPLES};
    speech_init(&m->s, virtual_clock);
    m->pcm = malloc(MAX_SAMPLES * sizeof *m->pcm);
    CHECK(m->pcm != NULL);
    if (key && myna_config_set(m->s.cfg, key, value, "test", &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    if (cls->create(&m->tts, &m->s.host, m->s.cfg, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    CHECK_EQ(myna_tts_port_open(
                 &(struct myna_tts_port_options){
                     .tts = m->tts, .audio = take, .ready = ready, .event = told, .arg = m},
                 &m->port),
             MYNA_OK);
}

static void mouth_fini(struct mouth *m)
{
    myna_tts_port_close(m->port);
    m->tts->cls->destroy(m->tts);
    speech_fini(&m->s);
    free(m->pcm);
}

static void say(struct mouth *m, const char *text)
{
    CHECK_EQ(myna_tts_port_text(m->port, myna_view_of(text)), MYNA_OK);
}

/* What the recogniser makes of the sound, bare. */
static void hear(struct mouth *m, char *into, size_t size)
{
    struct myna_sherpa_stt *rec = NULL;
    struct myna_resample *rs = myna_resample_create(24000, 16000);
    char folder[MYNA_MODEL_PATH_MAX], *text = NULL;
    int16_t *low = malloc((m->n + 24000) * sizeof *low);
    size_t n;

    CHECK(rs && low);
    n = myna_resample_run(rs, m->pcm, m->n, low);
    n += myna_resample_finish(rs, low + n, 4096);
    myna_resample_destroy(rs);
    CHECK_EQ(myna_model_folder(myna_model_part("moonshine-tiny-en"), folder, NULL), MYNA_OK);
    CHECK_EQ(myna_sherpa_stt_create(folder, 1, &rec, NULL), MYNA_OK);
    CHECK_EQ(myna_sherpa_stt_decode(rec, low, n, &text), MYNA_OK);
    bare_words(text, into, size);
    free(text);
    free(low);
    myna_sherpa_stt_destroy(rec);
}

static void need_flite(void)
{
    struct myna_flite *fl = NULL;

    if (myna_flite_open(true, &fl, NULL))
        SKIP("Flite is not installed: apt install libflite1");
    myna_flite_close(fl);
}

TEST(piper_speaks_and_is_understood)
{
    static const char text[] = "Good morning. The train to the city leaves at nine, and it takes "
                               "about one hour to get there.";
    struct mouth m;
    char heard[512];

    need_models("piper-joe");
    need_models("moonshine-tiny-en");
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    for (size_t i = 0; i < sizeof text - 1; i++) { /* as a model writes: in pieces */
        char piece[2] = {text[i]};

        say(&m, piece);
    }
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.faults, 0);
    CHECK_EQ(m.done, 1);
    CHECK_STR(m.words, text);
    CHECK(m.last_end <= (myna_us)m.n * MYNA_S / 24000 + 1000);
    CHECK(m.n > 3 * 24000 && m.n < 9 * 24000);
    hear(&m, heard, sizeof heard);
    printf("# heard: %s\n", heard);
    /* The voice draws its noise anew each time, and the recogniser is small: a few may differ. */
    CHECK(word_differences("good morning the train to the city leaves at 9 and it takes about one "
                           "hour to get there",
                           heard) <= 4);
    mouth_fini(&m);
}

TEST(the_first_sound_of_a_long_answer_comes_long_before_its_last)
{
    static const char text[] =
        "Once upon a time there was a bird that could remember every word that anybody had ever "
        "said to it, and people came from far away to hear it speak. One day it forgot one.";
    struct mouth m;
    double start, first, all;

    need_models("piper-joe");
    mouth_init(&m, &myna_tts_piper, false, NULL, NULL);
    myna_loop_run(m.s.host.loop); /* loaded */
    start = worked();
    say(&m, text);
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    first = m.first_at - start;
    all = worked() - start;
    printf("# first sound after %.1f ms of work; all %.1f s after %.1f ms\n", first,
           (double)m.n / 24000, all);
    CHECK_EQ(m.done, 1);
    CHECK(first < all / 2); /* clause by clause */
    mouth_fini(&m);
}

TEST(no_more_than_a_few_clauses_are_computed_ahead_of_playing)
{
    struct mouth m;
    int early;

    need_models("piper-joe");
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    m.room = 0; /* nothing is heard */
    for (int i = 0; i < 12; i++)
        say(&m, "This is one more sentence of it. ");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    early = m.n_words;
    CHECK(early >= 7 && early <= 5 * 7);
    m.room = MAX_SAMPLES;
    while (!m.done && m.faults == 0) {
        myna_tts_port_pump(m.port, m.room);
        myna_loop_run(m.s.host.loop);
    }
    CHECK_EQ(m.n_words, 12 * 7);
    mouth_fini(&m);
}

TEST(nothing_to_say_is_done_at_once_and_signs_alone_are_no_fault)
{
    struct mouth m;

    need_models("piper-joe");
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.done, 1);
    CHECK_EQ(m.n, 0);
    mouth_fini(&m);
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    say(&m, "\xF0\x9F\x98\x80 ... --- !");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.faults, 0);
    CHECK_EQ(m.done, 1);
    mouth_fini(&m);
}

TEST(a_closed_voice_is_quiet_and_leaves_nothing)
{
    struct mouth m;

    need_models("piper-joe");
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    myna_loop_run(m.s.host.loop);
    say(&m, "This sentence is being computed now. This one waits for it. And a third. ");
    myna_tts_port_close(m.port);
    m.port = NULL;
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.done + m.faults + m.n_words, 0);
    CHECK_EQ(m.n, 0);
    mouth_fini(&m);
}

TEST(slt_speaks_with_exact_word_times)
{
    struct mouth m;
    char heard[512];

    need_flite();
    mouth_init(&m, &myna_tts_flite, true, NULL, NULL);
    say(&m, "Hello there. What is the weather in Paris today?");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.done, 1);
    CHECK_STR(m.words, "Hello there. What is the weather in Paris today?");
    CHECK(m.last_end <= (myna_us)m.n * MYNA_S / 24000 + 1000);
    need_models("moonshine-tiny-en");
    hear(&m, heard, sizeof heard);
    printf("# heard: %s\n", heard);
    CHECK_HAS(heard, "what is the weather in paris today");
    mouth_fini(&m);
}

TEST(speed_makes_it_shorter)
{
    size_t n[2];

    need_flite();
    for (int i = 0; i < 2; i++) {
        struct mouth m;

        mouth_init(&m, &myna_tts_flite, true, "tts.flite.speed", i ? "1.5" : "1.0");
        say(&m, "This is a sentence of some length.");
        myna_tts_port_end(m.port);
        myna_loop_run(m.s.host.loop);
        n[i] = m.n;
        mouth_fini(&m);
    }
    CHECK(n[1] * 10 < n[0] * 8);
}

TEST(without_models_flite_speaks_in_place_of_piper)
{
    struct mouth m;
    char was[1024];

    need_flite();
    snprintf(was, sizeof was, "%s", getenv("MYNA_MODELS") ? getenv("MYNA_MODELS") : "");
    setenv("MYNA_MODELS", "/no/such/models", 1);
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    say(&m, "I still speak.");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    if (*was)
        setenv("MYNA_MODELS", was, 1);
    else
        unsetenv("MYNA_MODELS");
    CHECK_STR(m.tts->cls->name, "flite");
    CHECK_EQ(m.done, 1);
    CHECK(m.n > 12000);
    mouth_fini(&m);
}

/* A voice of the right size whose bytes are others. */
TEST(a_damaged_voice_is_replaced_by_flite)
{
    static const char *const parts[] = {"sherpa-onnx-2.0.1", "piper-joe/tokens.txt",
                                        "piper-joe/phonemes.json"};
    struct mouth m;
    char dir[] = "damaged.XXXXXX", from[1024], to[1024], real[512], was[512];
    const char *set = getenv("MYNA_MODELS");
    struct stat st;

    need_flite();
    need_models("piper-joe");
    snprintf(was, sizeof was, "%s", set ? set : "");
    snprintf(real, sizeof real, "%s", myna_models_dir());
    CHECK(mkdtemp(dir) != NULL);
    snprintf(to, sizeof to, "%s/piper-joe", dir);
    CHECK_EQ(mkdir(to, 0755), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "%s/%s", real, parts[i]);
        snprintf(to, sizeof to, "%s/%s", dir, parts[i]);
        CHECK_EQ(symlink(from, to), 0);
    }
    snprintf(from, sizeof from, "%s/piper-joe/model.onnx", real);
    snprintf(to, sizeof to, "%s/piper-joe/model.onnx", dir);
    CHECK_EQ(stat(from, &st), 0);
    CHECK(close(open(to, O_CREAT | O_WRONLY, 0644)) == 0 && truncate(to, st.st_size) == 0);
    setenv("MYNA_MODELS", dir, 1);
    mouth_init(&m, &myna_tts_piper, true, NULL, NULL);
    say(&m, "I still speak.");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    if (*was)
        setenv("MYNA_MODELS", was, 1);
    else
        unsetenv("MYNA_MODELS");
    snprintf(from, sizeof from, "rm -rf %s", dir);
    CHECK_EQ(system(from), 0);
    CHECK_STR(m.tts->cls->name, "flite");
    CHECK_EQ(m.faults, 0);
    CHECK_EQ(m.done, 1);
    CHECK_EQ(m.n_words, 3);
    CHECK(m.n > 12000);
    mouth_fini(&m);
}

TEST(a_folder_without_a_voice_is_a_fault_that_names_it)
{
    struct mouth m;

    need_models("piper-joe");
    mouth_init(&m, &myna_tts_piper, true, "tts.piper.dir", "/no/such/voice");
    say(&m, "Hello.");
    myna_loop_run(m.s.host.loop);
    CHECK_EQ(m.faults, 1);
    CHECK_EQ(m.err, MYNA_EUNAVAIL);
    CHECK_HAS(m.fault, "/no/such/voice/model.onnx");
    mouth_fini(&m);
}

/* ---- a voice that is slow to load: its load() ends when it was told twice that it loads */

struct slow {
    struct myna_voice voice; /* first */
    sem_t go;
};

static enum myna_err slow_load(struct myna_voice *v, struct myna_why *why)
{
    (void)why;
    while (sem_wait(&((struct slow *)v)->go) != 0)
        ;
    return MYNA_OK;
}

static enum myna_err slow_speak(struct myna_voice *v, struct myna_clause *c)
{
    (void)v;
    c->n = 2400;
    c->pcm = calloc(c->n, sizeof *c->pcm);
    return c->pcm ? MYNA_OK : MYNA_ENOMEM;
}

static void slow_free(struct myna_voice *v)
{
    (void)v; /* the test's own */
}

static const struct myna_tts_class slow_class = {
    .name = "slow",
    .caps = MYNA_TTS_TEXT_STREAM,
    .rate_hz = 24000,
    .destroy = myna_clauses_destroy,
    .open = myna_clauses_open,
    .text = myna_clauses_text,
    .end = myna_clauses_end,
    .pump = myna_clauses_pump,
    .close = myna_clauses_close,
};

static void told_slow(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct mouth *m = arg;

    told(arg, port, ev);
    if (ev->type == MYNA_TTS_LOADING && m->loading == 2)
        sem_post(&((struct slow *)m->tts)->go);
}

TEST(a_voice_that_loads_for_long_says_so_and_then_speaks_what_waited)
{
    struct mouth m = {.room = MAX_SAMPLES};
    struct slow slow = {.voice = {.base = {.cls = &slow_class},
                                  .load = slow_load,
                                  .speak = slow_speak,
                                  .free = slow_free,
                                  .patience = MYNA_MS}};

    speech_init(&m.s, false);
    m.pcm = malloc(MAX_SAMPLES * sizeof *m.pcm);
    CHECK(m.pcm != NULL);
    CHECK_EQ(sem_init(&slow.go, 0, 0), 0);
    slow.voice.base.host = &m.s.host;
    m.tts = &slow.voice.base;
    CHECK_EQ(myna_clauses_start(&slow.voice, NULL), MYNA_OK);
    CHECK_EQ(myna_tts_port_open(
                 &(struct myna_tts_port_options){
                     .tts = m.tts, .audio = take, .ready = ready, .event = told_slow, .arg = &m},
                 &m.port),
             MYNA_OK);
    say(&m, "I was there all the time.");
    myna_tts_port_end(m.port);
    myna_loop_run(m.s.host.loop);
    CHECK(m.loading >= 2);
    CHECK_EQ(m.faults, 0);
    CHECK_EQ(m.done, 1);
    CHECK_EQ(m.n, 2400);
    mouth_fini(&m);
    sem_destroy(&slow.go);
}

TEST_MAIN
