/* stt_sherpa.c - any recogniser that sherpa-onnx loads, from a folder that a person names.
 *
 * What the folder has is found out by its files (sherpa_find.c). A recogniser of whole utterances
 * goes the way of stt_moonshine.c. This file is the other kind: a streaming transducer, which gets
 * the sound of marked speech every `interim` as it comes, so an interim costs only the new sound,
 * and whose words have times.
 *
 * One model serves all streams. A stream has one work under way at a time; utterances wait in
 * order. A work owns its samples and, while it runs, the utterance's state in the library; a stream
 * that closes leaves its work behind, which frees both. The object lives until its last work is
 * back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/provider.h>

#include "providers/builtin.h"
#include "providers/sherpa.h"
#include "providers/utterance.h"

#define NAME     "sherpa"
#define RETRY    (20 * MYNA_MS)
#define SLACK_MS 4000

struct options {
    const char *dir, *language;
    int threads, interim_ms, max_utterance_ms;
};

struct sherpa {
    struct myna_stt base;
    struct options opt;
    struct myna_sherpa_files files;
    enum { LOADING, READY, FAILED } state;
    struct myna_sherpa_live *live;
    struct stream *streams;
    int refs; /* the runtime's, and one for each work under way */
    struct myna_work load;
    enum myna_err load_err; /* written by the worker */
    struct myna_why why;
};

struct spoken { /* an utterance */
    struct spoken *next;
    struct myna_utterance u;
    size_t fed;
    bool over;
    void *state; /* the library's; made by the first work */
    char *partial;
};

struct job {
    struct myna_work work;
    struct sherpa *m;
    struct stream *st; /* NULL: closed meanwhile */
    void *state;
    int16_t *pcm;
    size_t n, total; /* total: samples of the utterance with these */
    bool last;
    myna_us start, end, since;
    char *text, *letters;
    struct myna_word *words;
    size_t n_words;
    enum myna_err err;
};

struct stream {
    struct myna_stt_stream base;
    struct sherpa *m;
    struct stream *next;
    struct spoken *head, **last; /* the newest may still be spoken */
    struct spoken *speaking;     /* NULL: nobody speaks */
    struct job *running;
    bool over, due;
    struct myna_timer tick;
};

#define ROW(type_, name_, field_)                                                                  \
    .name = name_, .type = type_, .offset = offsetof(struct options, field_)

static const struct myna_option options[] = {
    {ROW(MYNA_OPT_PATH, "dir", dir),
     .help = "folder of a recogniser for sherpa-onnx: its .onnx files and tokens.txt"},
    {ROW(MYNA_OPT_STRING, "language", language),
     .help = "for Whisper and SenseVoice, such as en; unset: the model finds out"},
    {ROW(MYNA_OPT_INT, "threads", threads), .def = "1", .min = 1, .max = 64,
     .help = "threads for one decode"},
    {ROW(MYNA_OPT_MS, "interim", interim_ms), .def = "200", .min = 50, .max = 60000,
     .help = "time between interim transcripts while the person speaks"},
    {ROW(MYNA_OPT_MS, "max_utterance", max_utterance_ms), .def = "28000", .min = 2000, .max = 60000,
     .help = "longer utterances are cut"},
    {0},
};
static const struct myna_section section = {"stt." NAME, "a recogniser from a folder", options};

/* ---- the model */

static void unref(struct sherpa *m)
{
    if (--m->refs > 0)
        return;
    myna_sherpa_live_destroy(m->live);
    free(m);
}

static void load_run(struct myna_work *w)
{
    struct sherpa *m = w->arg;

    m->load_err = myna_sherpa_live_open(&m->files, m->opt.threads, &m->live, &m->why);
}

static void kick(struct stream *st);
static void soon(struct stream *st, myna_us wait);

static void load_done(struct myna_work *w)
{
    struct sherpa *m = w->arg;

    m->state = m->load_err ? FAILED : READY;
    if (m->refs > 1)
        myna_host_log(m->base.host, m->load_err ? MYNA_LOG_ERROR : MYNA_LOG_INFO,
                      m->load_err ? "recogniser not loaded provider=" NAME " reason=\"%s\""
                                  : "recogniser loaded provider=" NAME "%s",
                      m->load_err ? m->why.text : "");
    for (struct stream *st = m->streams; st; st = st->next)
        soon(st, 0);
    unref(m);
}

static void stt_destroy(struct myna_stt *stt)
{
    if (stt)
        unref((struct sherpa *)stt);
}

static enum myna_err load(struct sherpa *m, struct myna_why *why)
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

static enum myna_err stt_create(struct myna_stt **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct sherpa *m = calloc(1, sizeof *m);
    struct myna_why found = {0};
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->refs = 1;
    m->base = (struct myna_stt){.cls = &myna_stt_sherpa, .host = host};
    err = myna_config_read(cfg, &section, &m->opt, why);
    if (!err && (!m->opt.dir || !m->opt.dir[0]))
        err = myna_fail(why, MYNA_ECONFIG,
                        "stt." NAME ".dir is not set: it names the folder of the recogniser");
    if (!err) {
        err = myna_sherpa_find(m->opt.dir, &m->files, &found);
        if (err)
            myna_fail(why, err, "stt." NAME ".dir: %.480s", found.text);
    }
    if (!err && m->files.kind != MYNA_SHERPA_STREAMING) {
        err = myna_moonshine_of(&m->files, m->opt.language, m->opt.threads, m->opt.interim_ms,
                                m->opt.max_utterance_ms, host, out, why);
        unref(m);
        return err;
    }
    if (!err)
        err = load(m, why);
    if (err)
        unref(m);
    else
        *out = &m->base;
    return err;
}

/* ---- works */

static void spoken_free(struct stream *st, struct spoken *p)
{
    if (!p)
        return;
    myna_utterance_fini(&p->u);
    if (p->state)
        myna_sherpa_live_end(st->m->live, p->state);
    free(p->partial);
    free(p);
}

static void job_free(struct job *j)
{
    free(j->pcm);
    free(j->text);
    free(j->letters);
    free(j->words);
    free(j);
}

static void job_run(struct myna_work *w)
{
    struct job *j = w->arg;

    if (!j->state)
        j->state = myna_sherpa_live_begin(j->m->live);
    j->err = j->state ? myna_sherpa_live_feed(j->m->live, j->state, j->pcm, j->n, j->last, &j->text,
                                              &j->words, &j->n_words, &j->letters)
                      : MYNA_ENOMEM;
}

static void job_done(struct myna_work *w);

/* The new sound of the oldest utterance. */
static struct job *job_make(struct stream *st, struct spoken *p)
{
    struct job *j = calloc(1, sizeof *j);
    size_t n = p->u.n - p->fed;

    if (j)
        j->pcm = malloc(n ? n * sizeof *j->pcm : 1);
    if (!j || !j->pcm) {
        free(j);
        return NULL;
    }
    if (n)
        memcpy(j->pcm, p->u.pcm + p->fed, n * sizeof *j->pcm);
    j->n = n;
    j->total = p->u.n;
    j->m = st->m;
    j->st = st;
    j->state = p->state;
    j->last = p->over;
    j->start = p->u.start;
    j->end = myna_utterance_end(&p->u, p->u.n);
    j->work = (struct myna_work){.run = job_run,
                                 .done = job_done,
                                 .arg = j,
                                 .fair = (uintptr_t)st,
                                 .urgent = p->over ? 2 : 0};
    return j;
}

static void soon(struct stream *st, myna_us wait)
{
    if (myna_timer_set(&st->tick, myna_host_now(st->m->base.host) + wait))
        myna_host_log(st->m->base.host, MYNA_LOG_WARN, "no timer for interims provider=" NAME);
}

static void kick(struct stream *st)
{
    struct spoken *p = st->head;
    struct job *j;

    if (st->m->state != READY || st->running || st->over || !p ||
        (!p->over && (!st->due || p->u.n == p->fed)))
        return;
    st->due = false;
    j = job_make(st, p);
    if (!j) {
        soon(st, RETRY);
        return;
    }
    j->since = myna_host_now(st->m->base.host);
    if (myna_host_work(st->m->base.host, &j->work)) {
        job_free(j);
        soon(st, RETRY);
        return;
    }
    p->fed = p->u.n;
    p->state = NULL; /* the work has it */
    st->running = j;
    st->m->refs++;
}

/* ---- events; the port keeps a stream that is closed inside one until we are out */

static void tell_fault(struct stream *st, enum myna_err err, const char *message)
{
    st->over = true;
    myna_stt_emit(&st->base,
                  &(struct myna_stt_event){.type = MYNA_STT_FAULT,
                                           .start = MYNA_NEVER,
                                           .end = MYNA_NEVER,
                                           .confidence = -1,
                                           .fault = {.stage = MYNA_STAGE_STT,
                                                     .err = err,
                                                     .provider = NAME,
                                                     .message = message,
                                                     .retryable = err == MYNA_EPROVIDER}});
}

static void tell_text(struct stream *st, const struct job *j, enum myna_stt_event_type type)
{
    myna_stt_emit(&st->base, &(struct myna_stt_event){.type = type,
                                                      .text = j->text,
                                                      .confidence = -1,
                                                      .start = j->start,
                                                      .end = j->end,
                                                      .words = j->words,
                                                      .n_words = j->n_words});
}

static void tell_final(struct stream *st, struct job *j)
{
    for (size_t i = 0; i < j->n_words; i++) {
        j->words[i].start += j->start;
        j->words[i].end += j->start;
        if (j->words[i].end > j->end) /* the quiet that we put behind it was not spoken */
            j->words[i].end = j->end > j->words[i].start ? j->end : j->words[i].start;
    }
    if (*j->text)
        tell_text(st, j, MYNA_STT_FINAL);
    myna_stt_emit(&st->base,
                  &(struct myna_stt_event){.type = MYNA_STT_USAGE,
                                           .confidence = -1,
                                           .start = j->start,
                                           .end = j->end,
                                           .audio_ms = (double)j->total * 1000 / MYNA_IN_RATE_HZ,
                                           .took_ms = (double)j->since / MYNA_MS});
}

static void job_done(struct myna_work *w)
{
    struct job *j = w->arg;
    struct sherpa *m = j->m;
    struct stream *st = j->st;
    struct spoken *p = st ? st->head : NULL;

    if (!st || j->err) {
        if (st) {
            st->running = NULL;
            tell_fault(st, MYNA_EPROVIDER, "the recogniser could not decode an utterance");
        }
        if (j->state)
            myna_sherpa_live_end(m->live, j->state);
        job_free(j);
        unref(m);
        return;
    }
    st->running = NULL;
    j->since = myna_host_now(m->base.host) - j->since; /* from here on: how long it took */
    p->state = j->state;
    if (j->last) {
        st->head = p->next;
        if (!st->head)
            st->last = &st->head;
        spoken_free(st, p);
        tell_final(st, j);
    } else if (*j->text && (!p->partial || strcmp(p->partial, j->text) != 0)) {
        free(p->partial);
        p->partial = strdup(j->text);
        tell_text(st, j, MYNA_STT_PARTIAL);
    }
    job_free(j);
    kick(st);
    unref(m);
}

/* ---- the stream */

static size_t samples(int ms)
{
    return (size_t)ms * (MYNA_IN_RATE_HZ / 1000);
}

static void begin(struct stream *st)
{
    struct sherpa *m = st->m;
    struct spoken *p = calloc(1, sizeof *p);

    if (!p || myna_utterance_begin(&p->u, samples(m->opt.max_utterance_ms + SLACK_MS))) {
        free(p);
        myna_host_log(m->base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance is not heard provider=" NAME);
        return;
    }
    *st->last = p;
    st->last = &p->next;
    st->speaking = p;
    soon(st, m->opt.interim_ms * MYNA_MS);
}

static void end(struct stream *st)
{
    if (!st->speaking)
        return;
    st->speaking->over = true;
    st->speaking = NULL;
    kick(st);
}

static void tick_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;

    if (st->over)
        return;
    if (st->m->state == FAILED) {
        tell_fault(st, st->m->load_err, st->m->why.text);
        return;
    }
    if (st->speaking && st->speaking->u.n >= samples(st->m->opt.max_utterance_ms)) {
        end(st);
        begin(st);
    }
    st->due = true;
    kick(st);
    if (st->speaking)
        soon(st, st->m->opt.interim_ms * MYNA_MS);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct sherpa *m = (struct sherpa *)stt;
    struct stream *st = calloc(1, sizeof *st);

    (void)how; /* the model's language */
    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->m = m;
    st->last = &st->head;
    myna_host_timer_init(m->base.host, &st->tick, tick_fire, st);
    if (m->state == FAILED)
        soon(st, 0);
    st->next = m->streams;
    m->streams = st;
    *out = &st->base;
    return MYNA_OK;
}

static void stt_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->speaking && !st->over)
        myna_utterance_push(&st->speaking->u, f);
}

static void stt_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;

    (void)at; /* the frames have their own times */
    if (st->over)
        return;
    switch (mark) {
    case MYNA_STT_MARK_SPEECH:
        if (!st->speaking)
            begin(st);
        break;
    case MYNA_STT_MARK_PAUSE: /* what is there is heard at once */
        st->due = true;
        kick(st);
        break;
    case MYNA_STT_MARK_RESUMED:
        break;
    case MYNA_STT_MARK_END:
        end(st);
        break;
    case MYNA_STT_MARK_FLUSH:
        if (!st->speaking)
            break;
        end(st);
        begin(st);
        break;
    }
}

static void stt_close(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base, **at = &st->m->streams;

    while (*at && *at != st)
        at = &(*at)->next;
    if (*at)
        *at = st->next;
    myna_timer_clear(&st->tick);
    if (st->running)
        st->running->st = NULL;
    while (st->head) {
        struct spoken *p = st->head;

        st->head = p->next;
        spoken_free(st, p);
    }
    free(st);
}

const struct myna_stt_class myna_stt_sherpa = {
    .name = NAME,
    .summary = "any recogniser for sherpa-onnx, from a folder, offline",
    .options = options,
    .caps = MYNA_STT_INTERIM | MYNA_STT_WORD_TIMES | MYNA_STT_WANTS_SPEECH,
    .create = stt_create,
    .destroy = stt_destroy,
    .open = stt_open,
    .push = stt_push,
    .mark = stt_mark,
    .close = stt_close,
};
