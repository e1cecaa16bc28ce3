/* clauses.c - the stream side of a local voice (clauses.h). */
#include "providers/clauses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tts/sentences.h"

#define AHEAD              3     /* computed or computing, beside the one that plays */
#define FIRST_CLAUSE_CHARS 12    /* a first clause may be as short as "All right," */
#define TEXT_MAX           65536 /* bytes of text waiting in one stream */
#define RETRY              (20 * MYNA_MS)
#define LOADING_TELL       (5 * MYNA_S)  /* well below the session's patience of 10 s */
#define LOADING_MAX        (60 * MYNA_S) /* then the session's patience decides */

struct node { /* a clause in its stream's queue */
    struct myna_clause c;
    struct myna_work work;
    struct myna_voice *voice;
    struct myna_clause_stream *st; /* NULL: closed meanwhile */
    struct node *next;
    bool done;
    size_t at; /* samples handed over */
};

struct myna_clause_stream {
    struct myna_tts_stream base;
    struct myna_voice *voice;
    char named[16]; /* by who opened it; "" nothing */
    struct myna_clause_stream *next;
    struct myna_sentences *sentences;
    struct node *head, **last; /* the head plays */
    struct node *spent;        /* played; freed outside the media tick */
    struct node *running;
    size_t waiting_bytes;
    uint64_t computed; /* samples of all clauses computed so far: where the next one begins */
    int pause_ms;      /* before the next one */
    enum myna_err text_err;
    bool any, ended, told, closed;
    int busy; /* depth of our calls from which a listener may close the stream */
    struct myna_timer later;
};

/* ---- life of the object */

static void unref(struct myna_voice *v)
{
    if (--v->refs == 0)
        v->free(v);
}

static void load_run(struct myna_work *w)
{
    struct myna_voice *v = w->arg;

    v->load_err = v->load(v, &v->why);
}

static void kick(struct myna_clause_stream *st);

static void soon(struct myna_clause_stream *st, myna_us wait)
{
    struct myna_host *host = st->voice->base.host;

    /* Only memory can be short here; the next pump or text tries again. */
    if (myna_timer_set(&st->later, myna_host_now(host) + wait))
        myna_host_log(host, MYNA_LOG_WARN, "no timer for a voice provider=%s",
                      st->voice->base.cls->name);
}

static void warm_run(struct myna_work *w)
{
    struct myna_voice *v = w->arg;

    v->warm(v);
}

static void warm_done(struct myna_work *w)
{
    unref(w->arg);
}

/* Behind everything that somebody waits for. Not done, the first clause is slower: no more. */
static void warm(struct myna_voice *v)
{
    v->work = (struct myna_work){
        .run = warm_run, .done = warm_done, .arg = v, .fair = (uintptr_t)v, .urgent = -1};
    if (!myna_host_work(v->base.host, &v->work))
        v->refs++;
}

static void load_done(struct myna_work *w)
{
    struct myna_voice *v = w->arg;

    v->state = v->load_err ? MYNA_VOICE_FAILED : MYNA_VOICE_READY;
    if (v->refs > 1) {
        if (v->load_err)
            myna_host_log(v->base.host, MYNA_LOG_ERROR,
                          "voice not loaded provider=%s reason=\"%s\"", v->base.cls->name,
                          v->why.text);
        else
            myna_host_log(v->base.host, MYNA_LOG_INFO, "voice loaded provider=%s",
                          v->base.cls->name);
    }
    for (struct myna_clause_stream *st = v->streams; st; st = st->next) {
        if (v->load_err)
            soon(st, 0);
        else
            kick(st);
    }
    if (!v->load_err && v->refs > 1 && v->warm)
        warm(v);
    unref(v);
}

enum myna_err myna_clauses_start(struct myna_voice *v, struct myna_why *why)
{
    enum myna_err err;

    v->refs = 1;
    v->since = myna_host_now(v->base.host);
    if (!v->patience)
        v->patience = LOADING_TELL;
    v->work = (struct myna_work){
        .run = load_run, .done = load_done, .arg = v, .fair = (uintptr_t)v, .urgent = 1};
    err = myna_host_work(v->base.host, &v->work);
    if (err) {
        unref(v);
        return myna_fail(why, err, "the voice cannot be loaded: the work queue is full");
    }
    v->refs++;
    return MYNA_OK;
}

void myna_clauses_destroy(struct myna_tts *tts)
{
    if (tts)
        unref((struct myna_voice *)tts);
}

/* ---- clauses */

static void node_free(struct node *n)
{
    if (!n)
        return;
    free(n->c.text);
    free(n->c.phones);
    free(n->c.pcm);
    free(n->c.words);
    free(n->c.letters);
    free(n);
}

static void free_spent(struct myna_clause_stream *st)
{
    while (st->spent) {
        struct node *n = st->spent;

        st->spent = n->next;
        node_free(n);
    }
}

static void node_run(struct myna_work *w)
{
    struct node *n = w->arg;

    n->c.err = n->voice->speak(n->voice, &n->c);
}

static void node_done(struct myna_work *w);

/* The next clause that waits is computed, unless enough are. */
static void kick(struct myna_clause_stream *st)
{
    struct node *n = st->head;
    int ready = 0;

    if (st->voice->state != MYNA_VOICE_READY || st->running || st->told)
        return;
    for (; n && n->done; n = n->next)
        ready++;
    if (!n || ready > AHEAD)
        return;
    n->c.pause_ms = st->pause_ms;
    if (myna_host_work(st->voice->base.host, &n->work)) {
        soon(st, RETRY);
        return;
    }
    st->running = n;
    st->voice->refs++;
}

static struct node *node_new(struct myna_clause_stream *st)
{
    struct node *n = calloc(1, sizeof *n);

    if (!n)
        return NULL;
    n->st = st;
    n->voice = st->voice;
    memcpy(n->c.voice, st->named, sizeof n->c.voice);
    n->work = (struct myna_work){.run = node_run,
                                 .done = node_done,
                                 .arg = n,
                                 .fair = (uintptr_t)st,
                                 .urgent = st->any ? 0 : 1};
    n->c.piece = st->any ? -1 : 0;
    return n;
}

static void append(void *arg, struct myna_view sentence)
{
    struct myna_clause_stream *st = arg;
    struct node *n;

    if (st->text_err)
        return;
    if (st->waiting_bytes + sentence.len > TEXT_MAX) {
        st->text_err = MYNA_ELIMIT;
        return;
    }
    n = node_new(st);
    if (n)
        n->c.text = strndup((const char *)sentence.ptr, sentence.len);
    if (!n || !n->c.text) {
        node_free(n);
        st->text_err = MYNA_ENOMEM;
        return;
    }
    if (!st->voice->reads_utf8)
        myna_flite_fold(n->c.text);
    st->any = true;
    st->waiting_bytes += strlen(n->c.text);
    *st->last = n;
    st->last = &n->next;
}

/* What the worker left of a clause follows it as a clause of its own. */
static enum myna_err append_rest(struct myna_clause_stream *st, struct node *n)
{
    struct node *rest;

    if (n->c.spoken >= n->c.n_phones)
        return MYNA_OK;
    rest = node_new(st);
    if (rest)
        rest->c.text = strdup(n->c.text);
    if (!rest || !rest->c.text) {
        node_free(rest);
        return MYNA_ENOMEM;
    }
    rest->c.phones = n->c.phones;
    rest->c.n_phones = n->c.n_phones;
    rest->c.from = n->c.spoken;
    rest->c.piece = n->c.piece < 0 ? -1 : n->c.piece + 1;
    rest->work.urgent = n->work.urgent;
    n->c.phones = NULL;
    st->waiting_bytes += strlen(rest->c.text);
    rest->next = n->next;
    n->next = rest;
    if (st->last == &n->next)
        st->last = &rest->next;
    return MYNA_OK;
}

/* ---- events */

static void stream_free(struct myna_clause_stream *st);

/* false: a listener closed the stream; leave() of the outermost caller frees it. */
static bool tell(struct myna_clause_stream *st, const struct myna_tts_event *ev)
{
    myna_tts_emit(&st->base, ev);
    return !st->closed;
}

static void leave(struct myna_clause_stream *st)
{
    if (--st->busy == 0 && st->closed)
        stream_free(st);
}

static void tell_fault(struct myna_clause_stream *st, enum myna_err err, const char *message)
{
    st->told = true;
    tell(st, &(struct myna_tts_event){.type = MYNA_TTS_FAULT,
                                      .fault = {.stage = MYNA_STAGE_TTS,
                                                .err = err,
                                                .provider = st->voice->base.cls->name,
                                                .message = message,
                                                .retryable = err == MYNA_EPROVIDER,
                                                .recoverable = err == MYNA_EPROVIDER}});
}

static bool tell_words(struct myna_clause_stream *st, struct myna_clause *c)
{
    int rate_hz = st->voice->base.cls->rate_hz;
    myna_us offset = (myna_us)(st->computed * 1000000 / (uint64_t)rate_hz);

    for (size_t i = 0; i < c->n_words; i++) {
        c->words[i].start += offset;
        c->words[i].end += offset;
    }
    return c->n_words == 0 ||
           tell(st, &(struct myna_tts_event){
                        .type = MYNA_TTS_WORDS_AT, .words = c->words, .n_words = c->n_words});
}

static void node_done(struct myna_work *w)
{
    struct node *n = w->arg;
    struct myna_voice *v = n->voice;
    struct myna_clause_stream *st = n->st;

    n->done = true;
    if (!st) {
        node_free(n);
        unref(v);
        return;
    }
    st->busy++;
    st->running = NULL;
    st->waiting_bytes -= strlen(n->c.text);
    free_spent(st);
    if (!n->c.err)
        n->c.err = append_rest(st, n);
    if (n->c.err) {
        tell_fault(st, MYNA_EPROVIDER, "the voice could not speak a sentence");
    } else if (tell_words(st, &n->c)) {
        st->computed += n->c.n;
        st->pause_ms = n->c.pause_after_ms;
        kick(st);
        myna_tts_ready(&st->base);
        if (!st->closed && st->ended && !st->head)
            soon(st, 0);
    }
    leave(st);
    unref(v);
}

/* A slow disk or a busy machine may take longer over the model than the session waits for a sound.
 */
static void tell_loading(struct myna_clause_stream *st)
{
    struct myna_voice *v = st->voice;

    if (myna_host_now(v->base.host) - v->since > LOADING_MAX)
        return;
    if (!v->slow)
        myna_host_log(v->base.host, MYNA_LOG_WARN,
                      "the voice is still being loaded, what is to be said waits provider=%s",
                      v->base.cls->name);
    v->slow = true;
    if (tell(st, &(struct myna_tts_event){.type = MYNA_TTS_LOADING}))
        soon(st, v->patience);
}

static void later_fire(struct myna_timer *t)
{
    struct myna_clause_stream *st = t->arg;

    free_spent(st);
    if (st->told)
        return;
    st->busy++;
    if (st->voice->state == MYNA_VOICE_FAILED) {
        tell_fault(st, st->voice->load_err, st->voice->why.text);
    } else if (st->text_err) {
        tell_fault(st, st->text_err, "the voice did not take the last words");
    } else if (st->ended && !st->head) {
        st->told = true;
        tell(st, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
    } else if (st->voice->state == MYNA_VOICE_LOADING) {
        tell_loading(st);
    } else {
        kick(st);
    }
    leave(st);
}

/* ---- the class's functions */

enum myna_err myna_clauses_open(struct myna_tts *tts, const struct myna_tts_open *how,
                                struct myna_tts_stream **out)
{
    struct myna_voice *v = (struct myna_voice *)tts;
    struct myna_clause_stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    snprintf(st->named, sizeof st->named, "%s", how->voice ? how->voice : "");
    st->base.tts = tts;
    st->voice = v;
    st->last = &st->head;
    st->sentences = myna_sentences_create(&(struct myna_sentences_options){
        .first_clause_chars = FIRST_CLAUSE_CHARS, .out = append, .arg = st});
    myna_host_timer_init(v->base.host, &st->later, later_fire, st);
    if (!st->sentences) {
        free(st);
        return MYNA_ENOMEM;
    }
    if (v->state != MYNA_VOICE_READY)
        soon(st, v->state == MYNA_VOICE_FAILED ? 0 : v->patience);
    st->next = v->streams;
    v->streams = st;
    *out = &st->base;
    return MYNA_OK;
}

enum myna_err myna_clauses_text(struct myna_tts_stream *base, struct myna_view text)
{
    struct myna_clause_stream *st = (struct myna_clause_stream *)base;
    enum myna_err err;

    if (st->ended)
        return MYNA_ESTATE;
    err = myna_sentences_push(st->sentences, text);
    kick(st);
    return err ? err : st->text_err;
}

void myna_clauses_end(struct myna_tts_stream *base)
{
    struct myna_clause_stream *st = (struct myna_clause_stream *)base;

    if (st->ended)
        return;
    myna_sentences_flush(st->sentences);
    st->ended = true;
    kick(st);
    if (!st->head || st->text_err)
        soon(st, 0);
}

void myna_clauses_pump(struct myna_tts_stream *base, size_t room)
{
    struct myna_clause_stream *st = (struct myna_clause_stream *)base;
    bool finished = false;

    while (room && st->head && st->head->done && !st->told) {
        struct node *n = st->head;
        size_t give = n->c.n - n->at < room ? n->c.n - n->at : room;
        size_t taken = give ? myna_tts_audio(base, n->c.pcm + n->at, give) : 0;

        n->at += taken;
        room -= taken;
        if (n->at == n->c.n) {
            st->head = n->next;
            if (!st->head)
                st->last = &st->head;
            n->next = st->spent;
            st->spent = n;
            finished = true;
        } else if (taken < give) {
            break;
        }
    }
    if (!finished)
        return;
    kick(st);
    if (st->ended && !st->head)
        soon(st, 0);
}

void myna_clauses_close(struct myna_tts_stream *base)
{
    struct myna_clause_stream *st = (struct myna_clause_stream *)base, **at = &st->voice->streams;

    while (*at && *at != st)
        at = &(*at)->next;
    if (*at)
        *at = st->next;
    myna_timer_clear(&st->later);
    if (st->running)
        st->running->st = NULL;
    st->closed = true;
    if (!st->busy)
        stream_free(st);
}

static void stream_free(struct myna_clause_stream *st)
{
    while (st->head) {
        struct node *n = st->head;

        st->head = n->next;
        if (n != st->running)
            node_free(n);
    }
    free_spent(st);
    myna_sentences_destroy(st->sentences);
    free(st);
}
