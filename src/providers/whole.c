/* whole.c - decoding one utterance again and again while it grows (whole.h).
 *
 * It gets what the VAD marked as speech, and nothing else, since a batch recogniser may invent
 * words over silence. While the person speaks the utterance so far is decoded again every
 * `interim`. When the VAD hears the first quiet, the utterance is decoded as if it were over: the
 * VAD needs half a second more to be sure, so that the final transcript usually waits for the end
 * of speech and not the other way round. If the person goes on, that text was one more interim.
 *
 * Each stream has one decode under way at a time, so its results keep their order and a talkative
 * stream takes its turn with the others. A job owns its samples; a stream that closes leaves its
 * job behind, whose result is then dropped.
 */
#include "providers/whole.h"

#include <stdlib.h>
#include <string.h>

#include "providers/utterance.h"

#define SLACK_MS 4000 /* room behind `max_utterance` until the timer has cut */
/* Of less sound Moonshine makes up words ("What is what is what is"): measured on three recordings,
 * interims follow the words from here on. It holds half a second of quiet before the speech. */
#define INTERIM_MS 1000
#define RETRY      (20 * MYNA_MS)
#define FINALS_MAX 8 /* waiting in one stream; only a machine far too slow gets there */

enum kind { INTERIM, SPECULATIVE, FINAL };

struct job {
    struct myna_work work;
    struct myna_whole *m;
    struct stream *st; /* NULL: closed meanwhile */
    enum kind kind;
    uint32_t utterance;
    bool finished;
    int16_t *pcm;
    size_t n;
    char *text;
    enum myna_err err;
    myna_us start, end, since;
    struct job *next; /* in the stream's finals */
};

struct stream {
    struct myna_local_stream local;
    struct myna_whole *m;
    struct myna_utterance u;
    uint32_t utterance; /* its number: an interim of an older one is dropped */
    bool speaking, paused;
    size_t pause_n;             /* samples when the VAD heard quiet */
    struct job *running;        /* at most one */
    struct job *finals, **last; /* in order; delivered from the front */
    size_t n_finals;
    struct job *guess; /* finished decode of the utterance up to pause_n */
    char *partial;     /* last one told */
    size_t interim_n;  /* samples in the last interim */
    bool interim_due;
    myna_us took; /* the last decode, with its wait for a thread */
    struct myna_timer tick, deliver;
};

static struct myna_host *host_of(const struct stream *st)
{
    return st->local.base.stt->host;
}

static myna_us now_of(const struct stream *st)
{
    return myna_host_now(host_of(st));
}

static const char *name_of(const struct stream *st)
{
    return st->local.base.stt->cls->name;
}

/* The network's first run asks for its memory. */
void myna_whole_warm(struct myna_local_stt *stt)
{
    const struct myna_whole *m = (struct myna_whole *)stt;
    int16_t *pcm = calloc(MYNA_IN_RATE_HZ, sizeof *pcm);
    char *text = NULL;

    if (pcm && !myna_sherpa_stt_decode(m->rec, pcm, MYNA_IN_RATE_HZ, &text))
        free(text);
    free(pcm);
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
    j->since = now_of(st);
    if (myna_local_stt_work(&st->m->stt, &j->work))
        return false;
    st->running = j;
    return true;
}

static void retry_soon(struct stream *st)
{
    myna_us at = now_of(st) + RETRY;

    /* Out of memory for a timer: the next mark or frame timer tries again. */
    if (myna_timer_set(&st->tick, at))
        st->interim_due = true;
}

/* Starts the most pressing decode that is not under way. */
static void kick(struct stream *st)
{
    struct job *j = st->finals;

    if (st->m->stt.state != MYNA_LOADED || st->running || st->local.over)
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
             st->u.n >= myna_utterance_samples(INTERIM_MS))
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

void myna_whole_loaded(struct myna_local_stream *local)
{
    struct stream *st = (struct stream *)local;

    if (st->m->stt.state == MYNA_LOADED)
        kick(st);
    else if (myna_timer_set(&st->deliver, now_of(st)))
        local->over = true;
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

/* false: a listener closed the stream. */
static bool tell(struct stream *st, const struct myna_stt_event *ev)
{
    myna_stt_emit(&st->local.base, ev);
    return !myna_local_stream_closed(&st->local);
}

static const char *language_of(const struct stream *st)
{
    return st->m->language[0] ? st->m->language : NULL;
}

/* What is finished at the front of the finals. false: the stream was closed by a listener. */
static bool deliver(struct stream *st)
{
    while (st->finals && st->finals->finished && !st->local.over) {
        struct job *j = st->finals;
        bool open = true;

        st->finals = j->next;
        st->n_finals--;
        if (!st->finals)
            st->last = &st->finals;
        if (j->err) {
            job_free(j);
            myna_local_stream_fault(&st->local, MYNA_EPROVIDER,
                                    "the recogniser could not decode an utterance");
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
            myna_local_stream_usage(&st->local, j->start, j->end, j->n, j->since);
        job_free(j);
        if (myna_local_stream_closed(&st->local))
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
    struct myna_whole *m = j->m;
    struct stream *st = j->st;
    bool open = true;

    j->finished = true;
    if (!st) {
        job_free(j);
        myna_local_stt_unref(&m->stt);
        return;
    }
    st->running = NULL;
    j->since = myna_host_now(m->stt.base.host) - j->since; /* from here on: how long it took */
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
    myna_local_stt_unref(&m->stt);
}

static void deliver_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    const struct myna_local_stt *m = st->local.m;

    if (st->local.over)
        return;
    if (m->state == MYNA_NOT_LOADED)
        myna_local_stream_fault(&st->local, m->err, m->why.text);
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
        j = NULL;
        myna_host_log(host_of(st), MYNA_LOG_WARN,
                      "recogniser too slow, an utterance was dropped provider=%s", name_of(st));
    } else if (n) {
        myna_host_log(host_of(st), MYNA_LOG_ERROR,
                      "memory is short, an utterance was dropped provider=%s", name_of(st));
    }
    forget_guess(st);
    free(st->partial);
    st->partial = NULL;
    st->utterance++;
    st->interim_n = 0;
    st->paused = false;
    if (j && j->finished && myna_timer_set(&st->deliver, now_of(st)))
        retry_soon(st);
}

static void tick_fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    myna_us wait;

    if (st->local.over || !deliver(st))
        return;
    if (st->speaking && st->u.n >= myna_utterance_samples(st->m->max_utterance_ms)) {
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
    wait = st->m->interim_ms * MYNA_MS;
    if (wait < 2 * st->took)
        wait = 2 * st->took;
    if (st->speaking && myna_timer_set(t, now_of(st) + wait))
        myna_host_log(host_of(st), MYNA_LOG_WARN, "no timer for interims provider=%s", name_of(st));
}

enum myna_err myna_whole_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct myna_whole *m = (struct myna_whole *)stt;
    struct stream *st = calloc(1, sizeof *st);

    (void)how; /* the model's language */
    if (!st)
        return MYNA_ENOMEM;
    st->m = m;
    st->last = &st->finals;
    st->u.start = MYNA_NEVER;
    myna_host_timer_init(m->stt.base.host, &st->tick, tick_fire, st);
    myna_host_timer_init(m->stt.base.host, &st->deliver, deliver_fire, st);
    if (m->stt.state == MYNA_NOT_LOADED &&
        myna_timer_set(&st->deliver, myna_host_now(m->stt.base.host))) {
        free(st);
        return MYNA_ENOMEM;
    }
    myna_local_stream_init(&st->local, stt);
    *out = &st->local.base;
    return MYNA_OK;
}

void myna_whole_push(struct myna_stt_stream *base, const struct myna_frame *f)
{
    struct stream *st = (struct stream *)base;

    if (st->speaking && !st->local.over)
        myna_utterance_push(&st->u, f);
}

static void begin_speech(struct stream *st)
{
    struct myna_whole *m = st->m;

    if (st->speaking)
        return;
    if (myna_utterance_begin(&st->u, myna_utterance_samples(m->max_utterance_ms + SLACK_MS)) ||
        myna_timer_set(&st->tick, myna_host_now(m->stt.base.host) + m->interim_ms * MYNA_MS)) {
        myna_host_log(m->stt.base.host, MYNA_LOG_ERROR,
                      "memory is short, an utterance is not heard provider=%s",
                      m->stt.base.cls->name);
        return;
    }
    st->speaking = true;
    st->paused = false;
    st->interim_due = false;
    st->interim_n = 0;
}

void myna_whole_mark(struct myna_stt_stream *base, enum myna_stt_mark mark, myna_us at)
{
    struct stream *st = (struct stream *)base;

    (void)at; /* the frames have their own times */
    if (st->local.over)
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

void myna_whole_close(struct myna_stt_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_local_stream_fini(&st->local);
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
