/* calls.c - events of sessions become rows; a worker writes them, one batch at a time.
 *
 * The loop's side owns `queue`, the worker's side `batch` and the file, while `stage` is RUNNING. A
 * batch that could not be written because somebody holds the file locked is tried again with the
 * next; any other trouble loses it. Each kind of trouble is said once, until a batch has gone well.
 */
#include <myna/calls.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/db.h"
#include "store/options.h"
#include "util/clock.h"

enum { MAX_OPS = 4096, MAX_BYTES = 16 << 20, BUSY_MS = 2000, LAST_WAIT_S = 5 };

struct call { /* a session that is on */
    struct call *next;
    char *session; /* its id */
    char *id;      /* what the log calls it */
    char *door, *caller, *callee;
    bool text_only;
    bool begun;  /* its first event came */
    bool queued; /* its own row is in `queue` */
    double n_items, n_turns;
    int64_t started_ms;
    char *recording;
};

struct list {
    struct myna_op *first, **end;
    size_t n, bytes;
};

struct myna_calls {
    struct myna_host *host;
    const struct myna_config *cfg;
    void (*said)(void *arg, const char *sentence);
    void *arg;
    char *path;
    int keep_days;
    struct call *calls;
    struct list queue, batch;
    size_t lost; /* rows */
    struct myna_work work;
    bool busy;          /* the work is with the host: done() comes */
    bool closed;        /* free in done() */
    enum myna_err told; /* trouble said last */
    bool told_full;
    /* the worker's while RUNNING */
    struct myna_db *db;
    enum myna_err result;
    struct myna_why why;
    bool lost_file;        /* it was taken away, a new one was begun */
    pthread_mutex_t mutex; /* of `stage` */
    pthread_cond_t idle;
    enum { IDLE, QUEUED, RUNNING } stage;
};

/* ------------------------------------------------------------------ lists of rows */

static void list_init(struct list *l)
{
    *l = (struct list){0};
    l->end = &l->first;
}

static void op_free(struct myna_op *op)
{
    for (size_t i = 0; i < MYNA_OP_TEXTS; i++)
        free(op->texts[i]);
    free(op);
}

static void list_fini(struct list *l)
{
    for (struct myna_op *op = l->first, *next; op; op = next) {
        next = op->next;
        op_free(op);
    }
    list_init(l);
}

/* `from` goes behind `to`. */
static void list_move(struct list *to, struct list *from)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    to->n += from->n;
    to->bytes += from->bytes;
    list_init(from);
}

static void say(struct myna_calls *c, const char *sentence)
{
    if (c->said)
        c->said(c->arg, sentence);
    else
        myna_host_log(c->host, MYNA_LOG_WARN, "%s", sentence);
}

/* A row that does not fit is lost and counted. */
static bool put(struct myna_calls *c, enum myna_op_kind kind, const char *const *texts, size_t n,
                const double *numbers, size_t m)
{
    struct myna_op *op = calloc(1, sizeof *op);
    size_t bytes = sizeof *op;
    bool whole = op != NULL;

    for (size_t i = 0; i < n && whole; i++) {
        op->texts[i] = texts[i] ? strdup(texts[i]) : NULL;
        whole = op->texts[i] || !texts[i];
        bytes += texts[i] ? strlen(texts[i]) : 0;
    }
    if (!whole || c->queue.n + c->batch.n >= MAX_OPS ||
        c->queue.bytes + c->batch.bytes + bytes > MAX_BYTES) {
        c->lost++;
        if (op)
            op_free(op);
        if (!c->told_full)
            say(c, "the call log cannot keep up; parts of this call are not kept");
        c->told_full = true;
        return false;
    }
    op->kind = kind;
    for (size_t i = 0; i < MYNA_OP_NUMBERS; i++)
        op->numbers[i] = i < m ? numbers[i] : NAN;
    *c->queue.end = op;
    c->queue.end = &op->next;
    c->queue.n++;
    c->queue.bytes += bytes;
    return true;
}

#define PUT(c_, kind_, texts_, numbers_)                                                           \
    put(c_, kind_, texts_, sizeof(texts_) / sizeof *(texts_), numbers_,                            \
        sizeof(numbers_) / sizeof *(numbers_))

/* ------------------------------------------------------------------ writing */

/* Worker, or the closing thread when no worker runs. */
static void write_batch(struct myna_calls *c)
{
    c->result = MYNA_OK;
    if (c->db && !myna_db_is_there(c->db)) {
        c->lost_file = true;
        myna_db_close(c->db);
        c->db = NULL;
    }
    if (!c->db)
        c->result = myna_db_open(c->path, true, c->keep_days, BUSY_MS, &c->db, &c->why);
    if (!c->result)
        c->result = myna_db_write(c->db, c->batch.first, &c->why);
    if (c->result && c->result != MYNA_EAGAIN && c->db) {
        myna_db_close(c->db); /* the next batch begins anew */
        c->db = NULL;
    }
}

static void work_run(struct myna_work *w)
{
    struct myna_calls *c = w->arg;
    bool mine;

    pthread_mutex_lock(&c->mutex);
    mine = c->stage == QUEUED; /* else close() has taken it back */
    if (mine)
        c->stage = RUNNING;
    pthread_mutex_unlock(&c->mutex);
    if (!mine)
        return;
    write_batch(c);
    pthread_mutex_lock(&c->mutex);
    c->stage = IDLE;
    pthread_cond_signal(&c->idle);
    pthread_mutex_unlock(&c->mutex);
}

static void judge(struct myna_calls *c)
{
    char text[700];

    if (c->lost_file)
        say(c, "the call log was taken away while it was in use; a new one is begun");
    c->lost_file = false;
    if (c->result == MYNA_EAGAIN) {
        struct list later;

        list_init(&later); /* once more, before what has come since */
        list_move(&later, &c->batch);
        list_move(&later, &c->queue);
        list_move(&c->queue, &later);
    } else {
        if (c->result)
            c->lost += c->batch.n;
        list_fini(&c->batch);
    }
    if (c->result && c->result != c->told) {
        snprintf(text, sizeof text, "%s; the call goes on, %s", c->why.text,
                 c->result == MYNA_EAGAIN ? "its log waits" : "its log does not");
        say(c, text);
    }
    c->told = c->result;
}

static void call_free(struct call *k)
{
    free(k->session);
    free(k->id);
    free(k->door);
    free(k->caller);
    free(k->callee);
    free(k->recording);
    free(k);
}

static void destroy(struct myna_calls *c)
{
    struct call *next;

    for (struct call *k = c->calls; k; k = next) {
        next = k->next;
        call_free(k);
    }
    list_fini(&c->queue);
    list_fini(&c->batch);
    myna_db_close(c->db);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->idle);
    free(c->path);
    free(c);
}

static void flush(struct myna_calls *c);

static void work_done(struct myna_work *w)
{
    struct myna_calls *c = w->arg;

    c->busy = false;
    if (c->closed) {
        destroy(c);
        return;
    }
    judge(c);
    if (c->result != MYNA_EAGAIN) /* what waits for a lock waits for the next event too */
        flush(c);
}

static void take_queue(struct myna_calls *c)
{
    list_move(&c->batch, &c->queue);
    for (struct call *k = c->calls; k; k = k->next)
        k->queued = false;
}

static void flush(struct myna_calls *c)
{
    if (c->busy || !c->queue.first)
        return;
    take_queue(c);
    c->stage = QUEUED;                       /* no worker knows of it yet */
    if (myna_host_work(c->host, &c->work)) { /* full: with the next event */
        c->stage = IDLE;
        list_move(&c->queue, &c->batch);
        return;
    }
    c->busy = true;
}

/* ------------------------------------------------------------------ events to rows */

static struct call *find(struct myna_calls *c, const char *session)
{
    for (struct call *k = c->calls; k; k = k->next)
        if (!strcmp(k->session, session))
            return k;
    return NULL;
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static struct call *make(struct myna_calls *c, const char *session,
                         const struct myna_call_info *info)
{
    struct call *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    k->session = strdup(session);
    k->id = strdup(info && info->id ? info->id : session);
    if (!k->session || !k->id) {
        call_free(k);
        return NULL;
    }
    k->text_only = info && info->text_only;
    k->door = copy(info ? info->door : NULL);
    k->caller = copy(info ? info->caller : NULL);
    k->callee = copy(info ? info->callee : NULL);
    k->next = c->calls;
    c->calls = k;
    return k;
}

/* The call's own row stands in front of its others in every batch, in case the file is a new one.
 */
static void put_call(struct myna_calls *c, struct call *k)
{
    const char *const texts[] = {k->id,
                                 k->door,
                                 k->caller,
                                 k->callee,
                                 myna_config_get(c->cfg, "agent.name"),
                                 k->text_only ? NULL : myna_config_get(c->cfg, "stt.provider"),
                                 myna_config_get(c->cfg, "llm.provider"),
                                 k->text_only ? NULL : myna_config_get(c->cfg, "tts.provider"),
                                 k->recording};
    const double numbers[] = {(double)k->started_ms};

    if (!k->queued)
        k->queued = PUT(c, MYNA_OP_CALL, texts, numbers);
}

static void put_item(struct myna_calls *c, struct call *k, const struct myna_item *i)
{
    static const char *const kinds[] = {[MYNA_ITEM_MESSAGE] = "message",
                                        [MYNA_ITEM_FUNCTION_CALL] = "tool_call",
                                        [MYNA_ITEM_FUNCTION_CALL_OUTPUT] = "tool_result",
                                        [MYNA_ITEM_AGENT_HANDOFF] = "handoff"};
    const bool message = i->type == MYNA_ITEM_MESSAGE;
    const char *text = message ? i->text : i->output;

    if (i->type == MYNA_ITEM_AGENT_CONFIG_UPDATE)
        return; /* instructions are no part of what was said */
    if (i->type == MYNA_ITEM_AGENT_HANDOFF)
        text = i->new_agent;
    const char *const texts[] = {
        k->id,     i->id,   kinds[i->type], message ? myna_role_name(i->role) : NULL,
        text,      i->name, i->call_id,     i->arguments,
        i->speaker};
    const double numbers[] = {k->n_items, (double)i->at / 1e3, i->interrupted, i->is_error};

    put_call(c, k);
    if (PUT(c, MYNA_OP_ITEM, texts, numbers))
        k->n_items++;
}

static double ms(myna_us t)
{
    return t == MYNA_NEVER ? NAN : (double)t / 1e3;
}

static void put_turn(struct myna_calls *c, struct call *k, const char *speech,
                     const struct myna_waterfall *w)
{
    const char *const texts[] = {k->id, speech ? speech : ""};
    const double numbers[] = {k->n_turns,         ms(w->speech_end),  ms(w->transcript),
                              ms(w->end_of_turn), ms(w->first_token), ms(w->first_text),
                              ms(w->first_audio), ms(w->heard)};

    put_call(c, k);
    if (PUT(c, MYNA_OP_TURN, texts, numbers))
        k->n_turns++;
}

/* Providers that do not say which model it was: the configuration does. */
static const char *model_of(const struct myna_calls *c, const struct myna_usage *u)
{
    char key[96];
    const char *model;

    if (u->model && strcmp(u->model, u->provider) != 0)
        return u->model;
    snprintf(key, sizeof key, "%s.%s.model", myna_stage_name(u->stage), u->provider);
    model = myna_config_get(c->cfg, key);
    return model ? model : "";
}

static void put_usage(struct myna_calls *c, struct call *k, const struct myna_usage *usage,
                      size_t n)
{
    put_call(c, k);
    for (size_t i = 0; i < n; i++) {
        const struct myna_usage *u = &usage[i];
        const char *const texts[] = {k->id, myna_stage_name(u->stage), u->provider, model_of(c, u)};
        const double numbers[] = {(double)u->input_tokens,
                                  (double)u->input_cached_tokens,
                                  (double)u->output_tokens,
                                  (double)u->characters_count,
                                  u->audio_duration_ms,
                                  (double)u->input_cache_write_tokens,
                                  u->cost};

        (void)PUT(c, MYNA_OP_USAGE, texts, numbers);
    }
}

static void put_fault(struct myna_calls *c, struct call *k, const struct myna_event *ev)
{
    const struct myna_fault *f = &ev->u.fault;
    const char *const texts[] = {k->id, myna_stage_name(f->stage), f->provider, f->message};
    const double numbers[] = {(double)ev->at / 1e3, f->http_status, f->recoverable};

    put_call(c, k);
    (void)PUT(c, MYNA_OP_FAULT, texts, numbers);
}

static void put_end(struct myna_calls *c, struct call *k, const struct myna_event *ev)
{
    const struct myna_fault *f = ev->u.close.fault;
    const char *const texts[] = {k->id, ev->u.close.reason, f ? f->message : NULL};
    const double numbers[] = {(double)ev->at / 1e3};

    put_call(c, k);
    (void)PUT(c, MYNA_OP_END, texts, numbers);
}

static void forget(struct myna_calls *c, struct call *k)
{
    for (struct call **p = &c->calls; *p; p = &(*p)->next)
        if (*p == k) {
            *p = k->next;
            break;
        }
    call_free(k);
}

/* ------------------------------------------------------------------ the doors' side */

enum myna_err myna_calls_open(struct myna_runtime *rt,
                              void (*said)(void *arg, const char *sentence), void *arg,
                              struct myna_calls **out, struct myna_why *why)
{
    struct myna_calls_conf conf;
    struct myna_calls *c;
    enum myna_err err = myna_config_read(myna_runtime_config(rt), &myna_calls_section, &conf, why);

    *out = NULL;
    if (err || !conf.enabled)
        return err;
    c = calloc(1, sizeof *c);
    if (!c)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the call log");
    err = myna_calls_path(&conf, &c->path, why);
    if (err) {
        free(c);
        return err;
    }
    c->host = myna_runtime_host(rt);
    c->cfg = myna_runtime_config(rt);
    c->said = said;
    c->arg = arg;
    c->keep_days = conf.keep_days;
    c->work = (struct myna_work){
        .run = work_run, .done = work_done, .arg = c, .fair = (uint64_t)(uintptr_t)c, .urgent = -1};
    list_init(&c->queue);
    list_init(&c->batch);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->idle, NULL);
    *out = c;
    return MYNA_OK;
}

void myna_calls_begin(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_call_info *info)
{
    if (c && !find(c, myna_session_id(s)))
        (void)make(c, myna_session_id(s), info);
}

void myna_calls_forget(struct myna_calls *c, const struct myna_session *s)
{
    struct call *k = c ? find(c, myna_session_id(s)) : NULL;

    if (k && !k->begun)
        forget(c, k);
}

static void first_event(struct call *k, const struct myna_session *s, const struct myna_event *ev)
{
    k->begun = true;
    k->started_ms = myna_clock_wall_ms() - ev->at / 1000; /* the real day, on a virtual clock too */
    k->recording = copy(myna_session_record_dir(s));
}

void myna_calls_event(struct myna_calls *c, const struct myna_session *s,
                      const struct myna_event *ev)
{
    struct call *k = c ? find(c, myna_session_id(s)) : NULL;

    if (c && !k)
        k = make(c, myna_session_id(s), NULL);
    if (!k)
        return;
    if (!k->begun)
        first_event(k, s, ev);
    switch (ev->type) {
    case MYNA_EV_CONVERSATION_ITEM_ADDED:
        put_item(c, k, ev->u.item);
        break;
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
        for (size_t i = 0; i < ev->u.tools.n; i++) {
            put_item(c, k, &ev->u.tools.calls[i]);
            put_item(c, k, &ev->u.tools.outputs[i]);
        }
        break;
    case MYNA_EV_TURN_LATENCY:
        put_turn(c, k, ev->u.latency.speech_id, &ev->u.latency.w);
        break;
    case MYNA_EV_SESSION_USAGE_UPDATED:
        put_usage(c, k, ev->u.usage.usage, ev->u.usage.n);
        return; /* not worth a write of its own */
    case MYNA_EV_ERROR:
        put_fault(c, k, ev);
        break;
    case MYNA_EV_CLOSE:
        put_end(c, k, ev);
        forget(c, k);
        break;
    case MYNA_EV_USER_INPUT_TRANSCRIBED: /* told in other ways: items, turns, usage */
    case MYNA_EV_AGENT_STATE_CHANGED:
    case MYNA_EV_USER_STATE_CHANGED:
    case MYNA_EV_METRICS_COLLECTED:
    case MYNA_EV_SPEECH_CREATED:
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
    case MYNA_EV_OVERLAPPING_SPEECH:
    case MYNA_EV_EOT_PREDICTION:
    case MYNA_EV_DEBUG_MESSAGE:
    case MYNA_EV_AGENT_TRANSCRIPT:
    case MYNA_EV_PLAYOUT:
    case MYNA_EV_AGENT_TOOL_PROGRESS:
    case MYNA_EV_PROVIDER_SWITCHED:
    case MYNA_EV_PERSON_SPEAKING:
    case MYNA_EV_DATA_RECEIVED:
    case MYNA_EV_ATTRIBUTE_CHANGED:
        return;
    }
    flush(c);
}

/* Waits for a worker that is at the file; a batch that waits behind other work is taken back from
 * it. False: the disk does not answer. */
static bool end_work(struct myna_calls *c)
{
    struct timespec until;
    bool idle;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LAST_WAIT_S;
    pthread_mutex_lock(&c->mutex);
    if (c->stage == QUEUED) {
        c->stage = IDLE;
        list_move(&c->batch, &c->queue);
        list_move(&c->queue, &c->batch);
    } else {
        while (c->stage == RUNNING && !pthread_cond_timedwait(&c->idle, &c->mutex, &until))
            ;
        if (c->stage == IDLE && c->busy)
            judge(c); /* done() will only free */
    }
    idle = c->stage == IDLE;
    pthread_mutex_unlock(&c->mutex);
    return idle;
}

void myna_calls_close(struct myna_calls *c)
{
    if (!c)
        return;
    if (end_work(c)) {
        take_queue(c);
        if (c->batch.first) {
            write_batch(c);
            judge(c);
        }
        if (c->queue.first)
            say(c, "the call log stayed locked; the end of this call is not kept");
        myna_db_close(c->db);
        c->db = NULL;
    } else {
        say(c, "the call log's disk does not answer; the end of this call is not kept");
    }
    c->closed = true;
    if (!c->busy)
        destroy(c);
}
