/* stt_sherpa.c - any recogniser that sherpa-onnx loads, from a folder that a person names.
 *
 * What the folder has is found out by its files (sherpa_find.c). A recogniser of whole utterances
 * hears as whole.c does. The rest of this file is the other kind: a streaming transducer, which
 * gets the sound of marked speech every `interim` as it comes, so an interim costs only the new
 * sound, and whose words have times.
 *
 * A stream has one work under way at a time; utterances wait in order. A work owns its samples and,
 * while it runs, the utterance's state in the library; a stream that closes leaves its work behind,
 * which frees both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/builtin.h"
#include "providers/local_stt.h"
#include "providers/sherpa.h"
#include "providers/utterance.h"
#include "providers/whole.h"

#define NAME     "sherpa"
#define RETRY    (20 * MYNA_MS)
#define SLACK_MS 4000

struct options {
    const char *dir, *language;
    int threads, interim_ms, max_utterance_ms;
};

struct sherpa {
    struct myna_local_stt stt;
    struct options opt;
    struct myna_sherpa_files files;
    struct myna_sherpa_live *live;
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
    struct myna_local_stream local;
    struct sherpa *m;
    struct spoken *head, **last; /* the newest may still be spoken */
    struct spoken *speaking;     /* NULL: nobody speaks */
    struct job *running;
    bool due;
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

/* ---- recognisers of whole utterances */

struct whole {
    struct myna_whole whole;
    struct myna_sherpa_files files;
    int threads;
};

static enum myna_err whole_load(struct myna_local_stt *stt, struct myna_why *why)
{
    struct whole *m = (struct whole *)stt;

    return myna_sherpa_stt_open(&m->files, m->whole.language, m->threads, &m->whole.rec, why);
}

static void whole_free(struct myna_local_stt *stt)
{
    struct whole *m = (struct whole *)stt;

    myna_sherpa_stt_destroy(m->whole.rec);
    free(m);
}

static const struct myna_stt_class whole_class = {
    .name = NAME,
    .summary = "a recogniser of whole utterances through sherpa-onnx",
    .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,
    .destroy = myna_local_stt_destroy,
    .open = myna_whole_open,
    .push = myna_whole_push,
    .mark = myna_whole_mark,
    .close = myna_whole_close,
};

static enum myna_err whole_create(struct myna_stt **out, struct myna_host *host,
                                  const struct options *opt, const struct myna_sherpa_files *files,
                                  struct myna_why *why)
{
    struct whole *m = calloc(1, sizeof *m);
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->whole = (struct myna_whole){.stt = {.base = {.cls = &whole_class, .host = host},
                                           .load = whole_load,
                                           .warm = myna_whole_warm,
                                           .loaded = myna_whole_loaded,
                                           .free = whole_free},
                                   .interim_ms = opt->interim_ms,
                                   .max_utterance_ms = opt->max_utterance_ms};
    snprintf(m->whole.language, sizeof m->whole.language, "%s", opt->language ? opt->language : "");
    m->files = *files;
    m->threads = opt->threads;
    err = myna_local_stt_start(&m->whole.stt, why);
    if (!err)
        *out = &m->whole.stt.base;
    return err;
}

/* ---- those that hear as it goes: the model */

static enum myna_err live_load(struct myna_local_stt *stt, struct myna_why *why)
{
    struct sherpa *m = (struct sherpa *)stt;

    return myna_sherpa_live_open(&m->files, m->opt.threads, &m->live, why);
}

static void live_free(struct myna_local_stt *stt)
{
    struct sherpa *m = (struct sherpa *)stt;

    myna_sherpa_live_destroy(m->live);
    free(m);
}

static void soon(struct stream *st, myna_us wait);

static void live_loaded(struct myna_local_stream *st)
{
    soon((struct stream *)st, 0);
}

static enum myna_err live_create(struct myna_stt **out, struct myna_host *host,
                                 const struct options *opt, const struct myna_sherpa_files *files,
                                 struct myna_why *why)
{
    struct sherpa *m = calloc(1, sizeof *m);
    enum myna_err err;

    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->stt = (struct myna_local_stt){.base = {.cls = &myna_stt_sherpa, .host = host},
                                     .load = live_load,
                                     .loaded = live_loaded,
                                     .free = live_free};
    m->opt = *opt;
    m->files = *files;
    err = myna_local_stt_start(&m->stt, why);
    if (!err)
        *out = &m->stt.base;
    return err;
}

static enum myna_err stt_create(struct myna_stt **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct options opt = {0};
    struct myna_sherpa_files files;
    struct myna_why found = {0};
    enum myna_err err = myna_config_read(cfg, &section, &opt, why);

    if (!err && (!opt.dir || !opt.dir[0]))
        err = myna_fail(why, MYNA_ECONFIG,
                        "stt." NAME ".dir is not set: it names the folder of the recogniser");
    if (err)
        return err;
    err = myna_sherpa_find(opt.dir, &files, &found);
    if (err)
        return myna_fail(why, err, "stt." NAME ".dir: %.480s", found.text);
    return files.kind == MYNA_SHERPA_STREAMING ? live_create(out, host, &opt, &files, why)
                                               : whole_create(out, host, &opt, &files, why);
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
    if (myna_timer_set(&st->tick, myna_host_now(st->m->stt.base.host) + wait))
        myna_host_log(st->m->stt.base.host, MYNA_LOG_WARN, "no timer for interims provider=" NAME);
}

static void kick(struct stream *st)
{
    struct spoken *p = st->head;
    struct job *j;

    if (st->m->stt.state != MYNA_LOADED || st->running || st->local.over || !p ||
        (!p->over && (!st->due || p->u.n == p->fed)))
        return;
    st->due = false;
    j = job_make(st, p);
    if (!j) {
        soon(st, RETRY);
        return;
    }
    j->since = myna_host_now(st->m->stt.base.host);
    if (myna_local_stt_work(&st->m->stt, &j->work)) {
        job_free(j);
        soon(st, RETRY);
        return;
    }
    p->fed = p->u.n;
    p->state = NULL; /* the work has it */
    st->running = j;
}

/* ---- events; the port keeps a stream that is closed inside one until we are out */

static void tell_text(struct stream *st, const struct job *j, enum myna_stt_event_type type)
{
    myna_stt_emit(&st->local.base, &(struct myna_stt_event){.type = type,
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
    myna_local_stream_usage(&st->local, j->start, j->end, j->total, j->since);
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
            myna_local_stream_fault(&st->local, MYNA_EPROVIDER,
                                    "the recogniser could not decode an utterance");
        }
        if (j->state)
            myna_sherpa_live_end(m->live, j->state);
        job_free(j);
        myna_local_stt_unref(&m->stt);
        return;
    }
    st->running = NULL;
    j->since = myna_host_now(m->stt.base.host) - j->since; /* from here on: how long it took */
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
    myna_local_stt_unref(&m->stt);
}

/* ---- the stream */

static void begin(struct stream *st)
{
    struct sherpa *m = st->m;
    struct spoken *p = calloc(1, sizeof *p);

    if (!p ||
        myna_utterance_begin(&p->u, myna_utterance_samples(m->opt.max_utterance_ms + SLACK_MS))) {
        free(p);
        myna_host_log(m->stt.base.host, MYNA_LOG_ERROR,
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

    if (st->local.over)
        return;
    if (st->m->stt.state == MYNA_NOT_LOADED) {
        myna_local_stream_fault(&st->local, st->m->stt.err, st->m->stt.why.text);
        return;
    }
    if (st->speaking && st->speaking->u.n >= myna_utterance_samples(st->m->opt.max_utterance_ms)) {
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
    st->m = m;
    st->last = &st->head;
    myna_host_timer_init(m->stt.base.host, &st->tick, tick_fire, st);
    myna_local_stream_init(&st->local, stt);
    if (m->stt.state == MYNA_NOT_LOADED)
        soon(st, 0);
    *out = &st->local.base;
    return MYNA_OK;
}

static void stt_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->speaking && !st->local.over)
        myna_utterance_push(&st->speaking->u, f);
}

static void stt_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;

    (void)at; /* the frames have their own times */
    if (st->local.over)
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
    struct stream *st = (struct stream *)base;

    myna_local_stream_fini(&st->local);
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
    .destroy = myna_local_stt_destroy,
    .open = stt_open,
    .push = stt_push,
    .mark = stt_mark,
    .close = stt_close,
};
