/* stt_moonshine.c - the default recogniser: Moonshine through sherpa-onnx, offline, in this
 * process.
 *
 * It is a batch recogniser: it gets what the VAD marked as speech, and nothing else, since it may
 * invent words over silence. While the person speaks the utterance so far is decoded again every
 * `interim`. When the VAD hears the first quiet, the utterance is decoded as if it were over: the
 * VAD needs half a second more to be sure, so that the final transcript usually waits for the end
 * of speech and not the other way round. If the person goes on, that text was one more interim.
 *
 * The same goes for every other recogniser of whole utterances that sherpa-onnx loads: stt_sherpa.c
 * makes them here.
 *
 * One model serves all streams; it is loaded by a work at create, and streams collect sound
 * meanwhile. Each stream has one decode under way at a time, so its results keep their order and a
 * talkative stream takes its turn with the others. A job owns its samples; a stream that closes
 * leaves its job behind, whose result is then dropped. The object lives until its last job is back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <myna/provider.h>

#include "models/models.h"
#include "providers/builtin.h"
#include "providers/sherpa.h"
#include "providers/utterance.h"

#define NAME     "moonshine"
#define SLACK_MS 4000 /* room behind `max_utterance` until the timer has cut */
/* Of less sound the model makes up words ("What is what is what is"): measured on five recordings,
 * interims follow the words from here on. It holds half a second of quiet before the speech. */
#define INTERIM_MS 1000
#define RETRY      (20 * MYNA_MS)
#define FINALS_MAX 8 /* waiting in one stream; only a machine far too slow gets there */

enum state { LOADING, READY, FAILED };

struct options {
    const char *dir;
    int threads;
    int interim_ms, max_utterance_ms;
};

struct moonshine {
    struct myna_stt base;
    struct options opt;
    char dir[MYNA_MODEL_PATH_MAX];  /* "": the pinned model in the models' directory */
    struct myna_sherpa_files files; /* of `sherpa`: what is loaded instead */
    bool sherpa;
    char language[16]; /* of the transcripts; "" unknown */
    enum state state;
    struct myna_sherpa_stt *rec;
    struct stream *streams;
    int refs; /* the runtime's, and one for each work under way */
    struct myna_work load;
    enum myna_err load_err; /* written by the worker */
    struct myna_why why;
};

enum kind { INTERIM, SPECULATIVE, FINAL };

struct job {
    struct myna_work work;
    struct moonshine *m;
    struct stream *st; /* NULL: closed meanwhile */
    enum kind kind;
    uint32_t utterance;
    bool submitted, finished;
    int16_t *pcm;
    size_t n;
    char *text;
    enum myna_err err;
    myna_us start, end, since;
    struct job *next; /* in the stream's finals */
};

struct stream {
    struct myna_stt_stream base;
    struct moonshine *m;
    struct stream *next;
    struct myna_utterance u;
    uint32_t utterance; /* its number: an interim of an older one is dropped */
    bool speaking, paused, over;
    size_t pause_n;             /* samples when the VAD heard quiet */
    struct job *running;        /* at most one */
    struct job *finals, **last; /* in order; delivered from the front */
    size_t n_finals;
    struct job *guess; /* finished decode of the utterance up to pause_n */
    char *partial;     /* last one told */
    size_t interim_n;  /* samples in the last interim */
    bool interim_due;
    myna_us took; /* the last decode, with its wait for a thread */
    bool *closed; /* set by close() while an event is being told */
    struct myna_timer tick, deliver;
};

static const struct myna_option options[] = {
    {.name = "dir",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, dir),
     .help = "folder of another Moonshine model (encoder_model.ort, decoder_model_merged.ort, "
             "tokens.txt)"},
    {.name = "threads",
     .type = MYNA_OPT_INT,
     .offset = offsetof(struct options, threads),
     .def = "1",
     .min = 1,
     .max = 64,
     .help = "threads for one decode"},
    {.name = "interim",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, interim_ms),
     .def = "300",
     .min = 100,
     .max = 60000,
     .help = "time between interim transcripts while the person speaks"},
    {.name = "max_utterance",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, max_utterance_ms),
     .def = "28000",
     .min = 2000,
     .max = 60000,
     .help = "longer utterances are cut at a pause; the model knows speech up to some 30 s"},
    {0},
};
static const struct myna_section section = {"stt." NAME, "the local recogniser", options};

/* ---- the model */

static void unref(struct moonshine *m)
{
    if (--m->refs > 0)
        return;
    myna_sherpa_stt_destroy(m->rec);
    free(m);
}

/* A person's own folder has no hashes to compare with: it must at least be there. */
static enum myna_err check_own_folder(const char *dir, struct myna_why *why)
{
    static const char *const names[] = {"encoder_model.ort", "decoder_model_merged.ort",
                                        "tokens.txt"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[MYNA_MODEL_PATH_MAX + 64];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (stat(path, &st) || st.st_size == 0)
            return myna_fail(why, MYNA_EUNAVAIL,
                             "%s is missing or empty; stt." NAME ".dir must name a folder with a "
                             "Moonshine model, or be left out",
                             path);
    }
    return MYNA_OK;
}

static void load_run(struct myna_work *w)
{
    struct moonshine *m = w->arg;
    const struct myna_model_part *part = myna_model_part("moonshine-tiny-en");
    char folder[MYNA_MODEL_PATH_MAX];
    enum myna_err err = MYNA_OK;

    if (m->sherpa) {
        m->load_err =
            myna_sherpa_stt_open(&m->files, m->language, m->opt.threads, &m->rec, &m->why);
        return;
    }
    if (*m->dir) {
        snprintf(folder, sizeof folder, "%s", m->dir);
        err = check_own_folder(folder, &m->why);
    } else {
        err = myna_model_folder(part, folder, &m->why);
        if (!err)
            err = myna_model_check(part, NULL, &m->why);
    }
    if (!err)
        err = myna_sherpa_stt_create(folder, m->opt.threads, &m->rec, &m->why);
    m->load_err = err;
}

static void kick(struct stream *st);

static size_t samples(int ms)
{
    return (size_t)ms * MYNA_IN_RATE_HZ / 1000;
}

/* A second of quiet: the network's first run asks for its memory. */
static void warm_run(struct myna_work *w)
{
    struct moonshine *m = w->arg;
    int16_t *pcm = calloc(MYNA_IN_RATE_HZ, sizeof *pcm);
    char *text = NULL;

    if (pcm && !myna_sherpa_stt_decode(m->rec, pcm, MYNA_IN_RATE_HZ, &text))
        free(text);
    free(pcm);
}

static void warm_done(struct myna_work *w)
{
    unref(w->arg);
}

/* Behind everything that somebody waits for. Not done, the first decode is slower: no more. */
static void warm(struct moonshine *m)
{
    m->load = (struct myna_work){
        .run = warm_run, .done = warm_done, .arg = m, .fair = (uintptr_t)m, .urgent = -1};
    if (!myna_host_work(m->base.host, &m->load))
        m->refs++;
}

static void load_done(struct myna_work *w)
{
    struct moonshine *m = w->arg;

    m->state = m->load_err ? FAILED : READY;
    if (m->refs > 1 && m->load_err)
        myna_host_log(m->base.host, MYNA_LOG_ERROR,
                      "recogniser not loaded provider=%s reason=\"%s\"", m->base.cls->name,
                      m->why.text);
    else if (m->refs > 1)
        myna_host_log(m->base.host, MYNA_LOG_INFO, "recogniser loaded provider=%s",
                      m->base.cls->name);
    for (struct stream *st = m->streams; st; st = st->next) {
        if (m->state == READY)
            kick(st);
        else if (myna_timer_set(&st->deliver, myna_host_now(m->base.host)))
            st->over = true;
    }
    if (m->state == READY && m->refs > 1)
        warm(m);
    unref(m);
}

static void moonshine_destroy(struct myna_stt *stt)
{
    if (stt)
        unref((struct moonshine *)stt);
}

static enum myna_err start_load(struct moonshine *m, struct myna_why *why)
{
    enum myna_err err;

    m->load = (struct myna_work){
        .run = load_run, .done = load_done, .arg = m, .fair = (uintptr_t)m, .urgent = 1};
    err = myna_host_work(m->base.host, &m->load);
    if (err)
        return myna_fail(why, err, "the recogniser cannot be loaded: the work queue is full");
    m->refs++;
    return MYNA_OK;
}

static enum myna_err moonshine_create(struct myna_stt **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    struct moonshine *m = calloc(1, sizeof *m);
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->refs = 1;
    m->base = (struct myna_stt){.cls = &myna_stt_moonshine, .host = host};
    strcpy(m->language, "en");
    err = myna_config_read(cfg, &section, &m->opt, why);
    if (!err && m->opt.dir && strlen(m->opt.dir) >= sizeof m->dir)
        err = myna_fail(why, MYNA_ECONFIG, "stt." NAME ".dir is longer than %zu bytes",
                        sizeof m->dir - 1);
    if (!err) {
        snprintf(m->dir, sizeof m->dir, "%s", m->opt.dir ? m->opt.dir : "");
        err = start_load(m, why);
    }
    if (err)
        unref(m);
    else
        *out = &m->base;
    return err;
}

enum myna_err myna_moonshine_of(const struct myna_sherpa_files *files, const char *language,
                                int threads, int interim_ms, int max_utterance_ms,
                                struct myna_host *host, struct myna_stt **out, struct myna_why *why)
{
    struct moonshine *m = calloc(1, sizeof *m);
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->refs = 1;
    m->base = (struct myna_stt){.cls = &myna_stt_sherpa_whole, .host = host};
    m->opt = (struct options){
        .threads = threads, .interim_ms = interim_ms, .max_utterance_ms = max_utterance_ms};
    m->files = *files;
    m->sherpa = true;
    snprintf(m->language, sizeof m->language, "%s", language ? language : "");
    err = start_load(m, why);
    if (err)
        unref(m);
    else
        *out = &m->base;
    return err;
}

/* ---- jobs */

static void job_free(struct job *j)
{
    if (!j)
        return;
    free(j->pcm);
    free(j->text);
    free(j);
}

static void job_run(struct myna_work *w)
{
    struct job *j = w->arg;

    j->err = myna_sherpa_stt_decode(j->m->rec, j->pcm, j->n, &j->text);
}

static void job_done(struct myna_work *w);

/* The first n samples of the utterance; takes its memory when `whole` (it is over then). */
static struct job *job_make(struct stream *st, enum kind kind, size_t n, bool whole)
{
    struct job *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    *j = (struct job){.m = st->m,
                      .st = st,
                      .kind = kind,
                      .utterance = st->utterance,
                      .n = n,
                      .start = st->u.start,
                      .end = myna_utterance_end(&st->u, n)};
    j->work = (struct myna_work){.run = job_run,
                                 .done = job_done,
                                 .arg = j,
                                 .fair = (uintptr_t)st,
                                 .urgent = kind == FINAL         ? 2
                                           : kind == SPECULATIVE ? 1
                                                                 : 0};
    if (whole) {
        j->pcm = st->u.pcm;
        st->u = (struct myna_utterance){.start = MYNA_NEVER};
        return j;
    }
    j->pcm = malloc(n ? n * sizeof *j->pcm : 1);
    if (!j->pcm) {
        free(j);
        return NULL;
    }
    memcpy(j->pcm, st->u.pcm, n * sizeof *j->pcm);
    return j;
}

static bool submit(struct stream *st, struct job *j)
{
    j->since = myna_host_now(st->m->base.host);
    if (myna_host_work(st->m->base.host, &j->work))
        return false;
    j->submitted = true;
    st->m->refs++;
    st->running = j;
    return true;
}

static void retry_soon(struct stream *st)
{
    myna_us at = myna_host_now(st->m->base.host) + RETRY;

    /* Out of memory for a timer: the next mark or frame timer tries again. */
    if (myna_timer_set(&st->tick, at))
        st->interim_due = true;
}

/* Starts the most pressing decode that is not under way. */
static void kick(struct stream *st)
{
    struct job *j = st->finals;

    if (st->m->state != READY || st->running || st->over)
        return;
    while (j && j->finished)
        j = j->next;
    if (j) {
        if (!submit(st, j))
            retry_soon(st);
        return;
    }
    if (!st->speaking || st->u.n == 0)
        return;
    if (st->paused && !st->guess)
        j = job_make(st, SPECULATIVE, st->pause_n, false);
    else if (st->interim_due && !st->paused && st->u.n > st->interim_n &&
             st->u.n >= samples(INTERIM_MS))
        j = job_make(st, INTERIM, st->u.n, false);
    if (!j)
        return;
    st->interim_due = false;
    st->interim_n = j->n;
    if (!submit(st, j)) {
        st->interim_n = 0;
        job_free(j);
        if (st->paused)
            retry_soon(st);
    }
}

static void append_final(struct stream *st, struct job *j)
{
    j->kind = FINAL;
    j->next = NULL;
    *st->last = j;
    st->last = &j->next;
    st->n_finals++;
}

static void forget_guess(struct stream *st)
{
    job_free(st->guess);
    st->guess = NULL;
}

/* ---- events */

static bool tell(struct stream *st, const struct myna_stt_event *ev)
{
    bool closed = false, *outer = st->closed;

    /* cppcheck-suppress autoVariables ; taken back before return unless st is gone */
    st->closed = &closed;
    myna_stt_emit(&st->base, ev);
    if (!closed)
        st->closed = outer;
    else if (outer)
        *outer = true;
    return !closed;
}

static const char *language_of(const struct stream *st)
{
    return st->m->language[0] ? st->m->language : NULL;
}

static void tell_fault(struct stream *st, enum myna_err err, const char *message)
{
    st->over = true;
    tell(st, &(struct myna_stt_event){.type = MYNA_STT_FAULT,
                                      .start = MYNA_NEVER,
                                      .end = MYNA_NEVER,
                                      .confidence = -1,
                                      .fault = {.stage = MYNA_STAGE_STT,
                                                .err = err,
                                                .provider = st->base.stt->cls->name,
                                                .message = message,
                                                .retryable = err == MYNA_EPROVIDER,
                                                .recoverable = false}});
}

/* What is finished at the front of the finals. false: the stream was closed by a listener. */
static bool deliver(struct stream *st)
{
    while (st->finals && st->finals->finished && !st->over) {
        struct job *j = st->finals;
        bool open = true;

        st->finals = j->next;
        st->n_finals--;
        if (!st->finals)
            st->last = &st->finals;
        if (j->err) {
            job_free(j);
            tell_fault(st, MYNA_EPROVIDER, "the recogniser could not decode an utterance");
            return false;
        }
        if (*j->text)
            open = tell(st, &(struct myna_stt_event){.type = MYNA_STT_FINAL,
                                                     .text = j->text,
                                                     .language = language_of(st),
                                                     .confidence = -1,
                                                     .start = j->start,
                                                     .end = j->end});
        if (open)
            open =
                tell(st, &(struct myna_stt_event){.type = MYNA_STT_USAGE,
                                                  .confidence = -1,
                                                  .start = j->start,
                                                  .end = j->end,
                                                  .audio_ms = (double)j->n * 1000 / MYNA_IN_RATE_HZ,
                                                  .took_ms = (double)(j->since) / MYNA_MS});
        job_free(j);
        if (!open)
            return false;
    }
    return true;
}

/* true while the stream is open. */
static bool tell_partial(struct stream *st, const struct job *j)
{
    char *copy;

    if (j->err || j->utterance != st->utterance || !st->speaking || !*j->text ||
        (st->partial && !strcmp(st->partial, j->text)))
        return true;
    copy = strdup(j->text);
    if (copy) {
        free(st->partial);
        st->partial = copy;
    }
    return tell(st, &(struct myna_stt_event){.type = MYNA_STT_PARTIAL,
                                             .text = j->text,
                                             .language = language_of(st),
                                             .confidence = -1,
                                             .start = j->start,
                                             .end = j->end});
}

static void job_done(struct myna_work *w)
{
    struct job *j = w->arg;
    struct moonshine *m = j->m;
    struct stream *st = j->st;
    bool open = true;

    j->finished = true;
    if (!st) {
        job_free(j);
        unref(m);
        return;
    }
    st->running = NULL;
    j->since = myna_host_now(m->base.host) - j->since; /* from here on: how long it took */
    st->took = j->since;
    if (j->kind == FINAL) {
        open = deliver(st);
    } else {
        bool keep = j->kind == SPECULATIVE && !j->err && st->paused &&
                    j->utterance == st->utterance && j->n == st->pause_n;

        if (keep)
            st->guess = j;
        open = tell_partial(st, j);
        if (!keep)
            job_free(j);
    }
    if (open)
        kick(st);
    unref(m);
}

static void deliver_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;

    if (st->over)
        return;
    if (st->m->state == FAILED)
        tell_fault(st, st->m->load_err, st->m->why.text);
    else if (deliver(st))
        kick(st);
}

/* ---- the stream */

/* Everything up to n becomes a final transcript; a decode of just that, done or under way, is it.
 */
static void finish_utterance(struct stream *st, size_t n, bool over)
{
    struct job *j = NULL;

    if (st->guess && st->guess->n == n) {
        j = st->guess;
        st->guess = NULL;
    } else if (st->running && st->running->kind == SPECULATIVE &&
               st->running->utterance == st->utterance && st->running->n == n) {
        j = st->running;
    } else if (n) {
        j = job_make(st, FINAL, n, over);
    }
    if (j && st->n_finals < FINALS_MAX) {
        append_final(st, j);
    } else if (j) {
        if (j != st->running)
            job_free(j);
        myna_host_log(st->m->base.host, MYNA_LOG_WARN,
                      "recogniser too slow, an utterance was dropped provider=%s",
                      st->base.stt->cls->name);
    } else if (n) {
        myna_host_log(st->m->base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance was dropped provider=%s",
                      st->base.stt->cls->name);
    }
    forget_guess(st);
    free(st->partial);
    st->partial = NULL;
    st->utterance++;
    st->interim_n = 0;
    st->paused = false;
    if (j && j->finished && myna_timer_set(&st->deliver, myna_host_now(st->m->base.host)))
        retry_soon(st);
}

static void tick_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    myna_us wait;

    if (st->over || !deliver(st))
        return;
    if (st->speaking && st->u.n >= samples(st->m->opt.max_utterance_ms)) {
        size_t at = myna_utterance_cut(&st->u);
        bool paused = st->paused;

        finish_utterance(st, at, false);
        myna_utterance_drop(&st->u, at);
        st->paused = paused;
        st->pause_n = st->pause_n > at ? st->pause_n - at : 0;
    }
    st->interim_due = st->speaking && !st->running;
    kick(st);
    /* A long utterance takes long: interims may have half the time of one thread. */
    wait = st->m->opt.interim_ms * MYNA_MS;
    if (wait < 2 * st->took)
        wait = 2 * st->took;
    if (st->speaking && myna_timer_set(t, myna_host_now(st->m->base.host) + wait))
        myna_host_log(st->m->base.host, MYNA_LOG_WARN, "no timer for interims provider=%s",
                      st->base.stt->cls->name);
}

static enum myna_err moonshine_open(struct myna_stt *stt, const struct myna_stt_open *how,
                                    struct myna_stt_stream **out)
{
    struct moonshine *m = (struct moonshine *)stt;
    struct stream *st = calloc(1, sizeof *st);

    (void)how; /* it knows English alone */
    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->m = m;
    st->last = &st->finals;
    st->u.start = MYNA_NEVER;
    myna_host_timer_init(m->base.host, &st->tick, tick_fire, st);
    myna_host_timer_init(m->base.host, &st->deliver, deliver_fire, st);
    if (m->state == FAILED && myna_timer_set(&st->deliver, myna_host_now(m->base.host))) {
        free(st);
        return MYNA_ENOMEM;
    }
    st->next = m->streams;
    m->streams = st;
    *out = &st->base;
    return MYNA_OK;
}

static void moonshine_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->speaking && !st->over)
        myna_utterance_push(&st->u, f);
}

static void begin_speech(struct stream *st)
{
    struct moonshine *m = st->m;

    if (st->speaking)
        return;
    if (myna_utterance_begin(&st->u, samples(m->opt.max_utterance_ms + SLACK_MS)) ||
        myna_timer_set(&st->tick, myna_host_now(m->base.host) + m->opt.interim_ms * MYNA_MS)) {
        myna_host_log(m->base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance is not heard provider=%s", m->base.cls->name);
        return;
    }
    st->speaking = true;
    st->paused = false;
    st->interim_due = false;
    st->interim_n = 0;
}

static void moonshine_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;

    (void)at; /* the frames have their own times */
    if (st->over)
        return;
    switch (mark) {
    case MYNA_STT_MARK_SPEECH:
        begin_speech(st);
        break;
    case MYNA_STT_MARK_PAUSE:
        if (!st->speaking || st->paused)
            break;
        st->paused = true;
        st->pause_n = st->u.n;
        kick(st);
        break;
    case MYNA_STT_MARK_RESUMED:
        st->paused = false;
        forget_guess(st);
        break;
    case MYNA_STT_MARK_END:
        if (!st->speaking)
            break;
        finish_utterance(st, st->paused ? st->pause_n : st->u.n, true);
        st->speaking = false;
        myna_utterance_fini(&st->u);
        if (!st->finals)
            myna_timer_clear(&st->tick);
        kick(st);
        break;
    case MYNA_STT_MARK_FLUSH:
        if (!st->speaking)
            break;
        finish_utterance(st, st->paused ? st->pause_n : st->u.n, false);
        myna_utterance_drop(&st->u, st->u.n);
        kick(st);
        break;
    }
}

static void moonshine_close(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base, **at = &st->m->streams;

    while (*at && *at != st)
        at = &(*at)->next;
    if (*at)
        *at = st->next;
    if (st->closed)
        *st->closed = true;
    myna_timer_clear(&st->tick);
    myna_timer_clear(&st->deliver);
    if (st->running)
        st->running->st = NULL;
    while (st->finals) {
        struct job *j = st->finals;

        st->finals = j->next;
        if (j != st->running)
            job_free(j);
    }
    forget_guess(st);
    free(st->partial);
    myna_utterance_fini(&st->u);
    free(st);
}

const struct myna_stt_class myna_stt_moonshine = {
    .name = NAME,
    .summary = "Moonshine tiny, English, offline through sherpa-onnx",
    .options = options,
    .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,
    .create = moonshine_create,
    .destroy = moonshine_destroy,
    .open = moonshine_open,
    .push = moonshine_push,
    .mark = moonshine_mark,
    .close = moonshine_close,
};

/* Never in a table: stt_sherpa.c makes its objects. */
const struct myna_stt_class myna_stt_sherpa_whole = {
    .name = "sherpa",
    .summary = "a recogniser of whole utterances through sherpa-onnx",
    .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,
    .destroy = moonshine_destroy,
    .open = moonshine_open,
    .push = moonshine_push,
    .mark = moonshine_mark,
    .close = moonshine_close,
};
