/* llm_openai_request.c - one question and its answer. */
#include "providers/llm_openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"
#include "util/host.h"

#define MAX_ANSWER   ((size_t)16 << 20)
#define AFTER_FINISH 500           /* ms for usage and [DONE] once the answer is complete */
#define LIFE         (3 * MYNA_S)  /* the session hears that much is going on */
#define MAX_PATIENCE (10 * MYNA_S) /* a longer Retry-After is an error at once */

/* ---- what is remembered of calls */

static struct llm_memory *memory_of(struct llm_openai *o, const char *id)
{
    struct llm_memory *oldest = &o->calls[0];
    char *own;

    if (!id || !id[0])
        return NULL;
    for (size_t i = 0; i < MYNA_OPENAI_REMEMBERED; i++) {
        struct llm_memory *m = &o->calls[i];

        if (m->id && !strcmp(m->id, id)) {
            m->used = ++o->uses;
            return m;
        }
        if (m->used < oldest->used)
            oldest = m;
    }
    own = strdup(id);
    if (!own)
        return NULL;
    free(oldest->id);
    free(oldest->adopted);
    *oldest = (struct llm_memory){.id = own, .used = ++o->uses};
    return oldest;
}

/* ---- events */

/* False: the session closed the stream meanwhile; it is gone. */
static bool emit(void *arg, const struct myna_llm_event *ev)
{
    struct llm_stream *st = arg;
    struct myna_llm_event named = *ev;
    bool gone = false, outer = st->gone != NULL;
    bool *before = st->gone;

    if (ev->type == MYNA_LLM_FAULT)
        named.fault.provider = st->owner->preset->name;
    if (ev->type == MYNA_LLM_USAGE)
        named.cost = myna_openai_cost(&st->owner->conf.prices, ev);
    /* cppcheck-suppress autoVariables ; taken back below */
    st->gone = &gone;
    myna_llm_emit(&st->base, &named);
    if (gone) {
        if (outer)
            *before = true;
        return false;
    }
    st->gone = before;
    return true;
}

static void fail(struct llm_stream *st, enum myna_err err, int status, bool retryable,
                 const char *message)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_FAULT,
                                .fault = {.stage = MYNA_STAGE_LLM,
                                          .err = err,
                                          .message = message,
                                          .http_status = status,
                                          .retryable = retryable}};

    if (st->answer.over)
        return;
    st->answer.over = true;
    myna_timer_clear(&st->life);
    (void)emit(st, &ev);
}

static void on_later(struct myna_timer *t)
{
    struct llm_stream *st = t->arg;

    fail(st, st->late_status ? MYNA_EPROVIDER : MYNA_ECONFIG, st->late_status, false, st->late);
}

/* The session gives each sign of life its whole patience again; ours is the option `timeout`. */
static void on_life(struct myna_timer *t)
{
    struct llm_stream *st = t->arg;
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS};

    if (emit(st, &ev))
        (void)!myna_timer_set(t, myna_host_now(st->owner->base.host) + LIFE);
}

/* ---- the answer */

static enum myna_err send_request(struct llm_stream *st, int delay_ms);

/* The question was answered once its pictures were words. */
static void answered_plain(struct llm_stream *st)
{
    struct llm_openai *o = st->owner;
    bool for_ever = st->refused == MYNA_OPENAI_TAKES_NO_IMAGE;

    if (!for_ever || !o->blind)
        myna_host_log(o->base.host, MYNA_LOG_WARN,
                      for_ever
                          ? "the model takes no pictures: it is told of them in words provider=%s"
                          : "a picture was refused: the model was told of it in words provider=%s",
                      o->preset->name);
    o->blind |= for_ever;
}

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    struct llm_stream *st = arg;
    const char *id = myna_http_header(rq, "X-Hermes-Session-Id");
    char *own;

    if (st->refused && status / 100 == 2)
        answered_plain(st);
    if (!st->owner->preset->hermes || !st->call || !id || !id[0] || strlen(id) > 256)
        return;
    own = strdup(id);
    if (!own)
        return;
    free(st->call->adopted); /* the server may give a session another id at any time */
    st->call->adopted = own;
    st->call->no_session = false;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct llm_stream *st = arg;
    bool finished = st->answer.finished;

    if (myna_openai_stream_feed(&st->answer, bytes) == MYNA_ECANCELED)
        return;
    if (st->answer.over)
        myna_timer_clear(&st->life);
    else if (st->answer.finished && !finished)
        myna_http_set_idle(rq, AFTER_FINISH);
}

static bool names_session(struct myna_view body)
{
    for (size_t i = 0; i + 7 <= body.len; i++)
        if (!strncasecmp((const char *)body.ptr + i, "session", 7))
            return true;
    return false;
}

static void no_answer(struct llm_stream *st, const struct myna_http_error *e)
{
    struct myna_openai_failure f;

    myna_openai_failure_of(&st->owner->target, e, &f);
    if (f.retry_after_ms >= 0) {
        st->owner->not_before = myna_clock_monotonic() + f.retry_after_ms * MYNA_MS;
        f.retryable = f.retry_after_ms * MYNA_MS <= MAX_PATIENCE;
    }
    fail(st, f.err, f.status, f.retryable, f.text);
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct llm_stream *st = arg;
    enum myna_err err;

    (void)rq;
    st->rq = NULL;
    myna_timer_clear(&st->life);
    if (st->answer.over)
        return;
    if (e && e->kind == MYNA_HTTP_STATUS && st->sent_session && !st->tried_without &&
        (e->status == 400 || e->status == 403 || e->status == 404) && names_session(e->body)) {
        st->tried_without = true;
        st->call->no_session = true;
        free(st->call->adopted);
        st->call->adopted = NULL;
        err = send_request(st, 0);
        if (err)
            fail(st, err, 0, true, "the request could not be sent again");
        return;
    }
    if (e && e->kind == MYNA_HTTP_STATUS && st->plain &&
        (st->refused = myna_openai_refusal_of(e->status, e->body)) != MYNA_OPENAI_NO_REFUSAL) {
        free(st->body);
        st->body = st->plain;
        st->plain = NULL;
        err = send_request(st, 0);
        if (err)
            fail(st, err, 0, true, "the request could not be sent again");
        return;
    }
    /* A connection that ends behind the last word has not cut anything. */
    if (!e || (st->answer.finished && e->kind != MYNA_HTTP_MEMORY) ||
        (e->kind == MYNA_HTTP_RESET && e->began)) {
        (void)!myna_openai_stream_end(&st->answer);
        return;
    }
    no_answer(st, e);
}

/* ---- the request */

static enum myna_err send_request(struct llm_stream *st, int delay_ms)
{
    struct llm_openai *o = st->owner;
    struct myna_http *http = myna_host_http(o->base.host);
    struct myna_openai_call call = {.caller = st->caller};
    struct myna_openai_headers headers;
    struct myna_http_start how = {.url = o->target.chat_url,
                                  .body = myna_view_of(st->body),
                                  .delay_ms = delay_ms,
                                  .connect_ms = o->conf.connect_timeout_ms,
                                  .first_byte_ms = o->conf.timeout_ms,
                                  .idle_ms = o->conf.timeout_ms,
                                  .total_ms =
                                      o->conf.total_timeout_ms > 0 ? o->conf.total_timeout_ms : 0,
                                  .max_body = MAX_ANSWER,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = st};
    enum myna_err err;

    if (!http)
        return MYNA_ENOMEM;
    if (st->call) {
        call.id = st->call->id;
        call.adopted = st->call->adopted;
        call.no_session = st->call->no_session;
    }
    st->sent_session = myna_openai_has_session(&o->target, &call);
    err = myna_openai_headers(&o->target, &call, &headers);
    if (err)
        return err;
    how.headers = headers.h;
    how.n_headers = headers.n;
    err = myna_http_start(http, &how, &st->rq);
    myna_openai_headers_fini(&headers);
    if (!err)
        err = myna_timer_set(&st->life, myna_host_now(o->base.host) + LIFE);
    return err;
}

void myna_openai_request_close(struct myna_llm_stream *base)
{
    struct llm_stream *st = (struct llm_stream *)base;

    if (myna_hermes_runs_close(((struct llm_openai *)base->llm)->runs, base))
        return;
    if (st->gone)
        *st->gone = true;
    if (st->answer.over && st->answer.finished)
        myna_http_drain(st->rq);
    else
        myna_http_cancel(st->rq);
    myna_timer_clear(&st->life);
    myna_timer_clear(&st->later);
    myna_openai_stream_fini(&st->answer);
    free(st->body);
    free(st->plain);
    free(st->caller);
    free(st);
}

/* Milliseconds until the server wants to be asked again; -1: too long, and `st` says so later. */
static int64_t held_back(struct llm_stream *st)
{
    myna_us left = st->owner->not_before - myna_clock_monotonic();

    if (left <= 0)
        return 0;
    if (left <= MAX_PATIENCE)
        return left / MYNA_MS + 1;
    st->late_status = 429;
    snprintf(st->late, sizeof st->late, "%s asked not to be asked again for another %d s",
             st->owner->preset->product, (int)(left / MYNA_S));
    return -1;
}

/* MYNA_EAGAIN and worse: by chat. */
static enum myna_err as_run(const struct llm_stream *st, struct myna_llm_stream **out)
{
    struct llm_openai *o = st->owner;
    struct myna_openai_call call = {.caller = st->caller};
    struct myna_openai_headers headers;
    const char *session = NULL;
    enum myna_err err;

    if (st->call) {
        call.id = st->call->id;
        call.adopted = st->call->adopted;
    }
    err = myna_openai_headers(&o->target, &call, &headers);
    if (err)
        return err;
    for (size_t i = 0; i < headers.n; i++)
        if (o->conf.session_id_header && !strcmp(headers.h[i].name, o->conf.session_id_header))
            session = headers.h[i].value;
    err = myna_hermes_runs_start(o->runs, call.id, session, st->body, &headers, out);
    myna_openai_headers_fini(&headers);
    return err;
}

static enum myna_err body_of(const struct llm_openai *o, const struct myna_llm_request *req,
                             char **body, struct myna_why *why)
{
    return o->preset->anthropic ? myna_anthropic_body(&o->target, req, body, why)
                                : myna_openai_body(&o->target, req, body, why);
}

/* The same question without its pictures: in reserve, or, to one who takes none, the question. */
static enum myna_err plain_body(struct llm_stream *st, const struct myna_llm_request *req,
                                struct myna_why *why)
{
    struct myna_openai_blind blind;
    enum myna_err err = myna_openai_blind_init(&blind, req);

    if (err)
        return err;
    err = body_of(st->owner, &blind.req, st->body ? &st->plain : &st->body, why);
    myna_openai_blind_fini(&blind);
    return err;
}

enum myna_err myna_openai_request_start(struct myna_llm *llm, const struct myna_llm_request *req,
                                        struct myna_llm_stream **out)
{
    struct llm_openai *o = (struct llm_openai *)llm;
    struct llm_stream *st = calloc(1, sizeof *st);
    bool pictures = myna_openai_has_pictures(req);
    struct myna_why why = {0};
    enum myna_err err;
    int64_t delay;

    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    st->owner = o;
    myna_openai_stream_init(&st->answer, o->conf.hide_think, myna_host_random(llm->host), emit, st);
    if (o->preset->anthropic)
        st->answer.chunk = myna_anthropic_chunk;
    myna_host_timer_init(llm->host, &st->life, on_life, st);
    myna_host_timer_init(llm->host, &st->later, on_later, st);
    st->call = memory_of(o, req->session_id);
    if (req->caller && !(st->caller = strdup(req->caller))) {
        err = MYNA_ENOMEM;
        goto fail;
    }
    err = pictures && o->blind ? MYNA_OK : body_of(o, req, &st->body, &why);
    if (!err && pictures)
        err = plain_body(st, req, &why);
    if (err == MYNA_ENOMEM)
        goto fail;
    if (err)
        snprintf(st->late, sizeof st->late, "%s", why.text);
    /* Hermes' runs do not carry pictures reliably. */
    if (!err && o->runs && !pictures && as_run(st, out) == MYNA_OK) {
        myna_openai_request_close(&st->base);
        return MYNA_OK;
    }
    delay = err ? -1 : held_back(st);
    err = delay < 0 ? myna_timer_set(&st->later, myna_host_now(llm->host))
                    : send_request(st, (int)delay);
    if (err)
        goto fail;
    *out = &st->base;
    return MYNA_OK;
fail:
    myna_openai_request_close(&st->base);
    return err;
}
