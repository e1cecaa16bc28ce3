/* hermes_runs.c - the life of runs.
 *
 *     start() ── POST /runs ──> id ── GET events ──> text, tools, …, completed
 *                                          │ approval.request: the question is said, the turn ends
 *                                          ▼
 *     start() of the next turn ── POST approval ──> the same events go on in the new stream
 *
 * A run outlives its stream while it waits for permission, and while its stop is on the way. All
 * runs are in one short list; one goes when nobody listens and nothing of it is on the wire.
 */
#include "providers/hermes_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"

enum {
    MAX_RUNS = 64,
    ID = 128,
    SMALL = 64 << 10, /* bytes of an answer that is not the event stream */
    QUICK_MS = 5000,  /* for what nobody listens to */
    PATIENCE_S = 60,  /* for a permission; voice-gateway 16.1 */
    MAX_ANSWER = 16 << 20,
};
#define LIFE (3 * MYNA_S)

struct stream {
    struct myna_llm_stream base;
    struct run *run; /* NULL: it is gone */
    struct myna_timer late;
};

struct run {
    struct myna_hermes_runs *owner;
    struct run *next;
    struct stream *stream; /* who listens; NULL nobody */
    char *call_id;         /* NULL: the session has none */
    char id[ID];           /* the run's; "" not known yet */
    struct myna_http_request *begin, *events, *post;
    struct myna_openai_headers headers;
    struct myna_openai_stream answer;
    struct myna_buf body; /* of `begin` */
    struct myna_timer patience, life;
    unsigned offered; /* not 0: it waits for a permission */
    bool has_text, stopping;
    int busy; /* within a callback: not freed */
};

struct myna_hermes_runs {
    struct myna_llm *llm;
    const struct myna_openai_target *target;
    char *runs_url, *capabilities_url;
    struct run *runs;
    size_t n;
    struct myna_http_request *probe;
    struct myna_buf said; /* of the probe */
    enum { UNKNOWN, YES, NO } can;
};

/* ---- telling */

static bool emit(void *arg, const struct myna_llm_event *ev)
{
    struct run *run = arg;
    struct myna_llm_event named = *ev;

    if (ev->type == MYNA_LLM_FAULT)
        named.fault.provider = run->owner->target->preset->name;
    if (ev->type == MYNA_LLM_USAGE)
        named.cost = myna_openai_cost(&run->owner->target->conf->prices, ev);
    if (ev->type == MYNA_LLM_FAULT || ev->type == MYNA_LLM_DONE)
        myna_timer_clear(&run->life);
    if (run->stream)
        myna_llm_emit(&run->stream->base, &named);
    return true; /* the run stays, whoever left */
}

static void reset_answer(struct run *run);

static void fail(struct run *run, const struct myna_openai_failure *f)
{
    if (!run->answer.over)
        (void)!myna_openai_fault(&run->answer, f->err, f->status, f->retryable, f->text);
}

static void fail_with(struct run *run, bool retryable, const char *text)
{
    struct myna_openai_failure f = {.err = MYNA_EPROVIDER, .retryable = retryable};

    snprintf(f.text, sizeof f.text, "%s", text);
    fail(run, &f);
}

static void let_go(struct run *run)
{
    struct myna_hermes_runs *r = run->owner;

    if (run->busy || run->stream || run->begin || run->post || (run->events && run->offered))
        return;
    for (struct run **p = &r->runs; *p; p = &(*p)->next)
        if (*p == run) {
            *p = run->next;
            r->n--;
            break;
        }
    myna_http_cancel(run->events);
    myna_timer_clear(&run->patience);
    myna_timer_clear(&run->life);
    myna_openai_stream_fini(&run->answer);
    myna_openai_headers_fini(&run->headers);
    myna_buf_fini(&run->body);
    free(run->call_id);
    free(run);
}

/* The session gives each sign of life its whole patience again. */
static void on_life(struct myna_timer *t)
{
    struct run *run = t->arg;
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS};

    run->busy++;
    (void)!myna_timer_set(t, myna_host_now(run->owner->llm->host) + LIFE);
    (void)emit(run, &ev);
    run->busy--;
    let_go(run);
}

/* ---- the small requests: stop, approval */

static void on_post_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static void on_post_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct run *run = arg;

    (void)rq;
    run->post = NULL;
    if (e && !run->stopping && run->stream) {
        struct myna_openai_failure f;

        run->busy++;
        myna_openai_failure_of(run->owner->target, e, &f);
        fail(run, &f);
        run->busy--;
    }
    let_go(run);
}

static enum myna_err post(struct run *run, const char *what, const char *body)
{
    const struct myna_openai_conf *c = run->owner->target->conf;
    struct myna_http *http = myna_host_http(run->owner->llm->host);
    char *url = NULL;
    struct myna_http_start how = {.method = "POST",
                                  .body = myna_view_of(body),
                                  .headers = run->headers.h,
                                  .n_headers = run->headers.n,
                                  .connect_ms = c->connect_timeout_ms,
                                  .first_byte_ms = QUICK_MS,
                                  .idle_ms = QUICK_MS,
                                  .max_body = SMALL,
                                  .data = on_post_data,
                                  .done = on_post_done,
                                  .arg = run};
    enum myna_err err;

    myna_http_cancel(run->post);
    run->post = NULL;
    if (!http || asprintf(&url, "%s/%s/%s", run->owner->runs_url, run->id, what) < 0)
        return MYNA_ENOMEM;
    how.url = url;
    err = myna_http_start(http, &how, &run->post);
    free(url);
    return err;
}

/* Nobody wants it any more. */
static void stop(struct run *run)
{
    if (run->stopping)
        return;
    run->stopping = true;
    run->offered = 0;
    myna_http_cancel(run->events);
    run->events = NULL;
    myna_timer_clear(&run->life);
    myna_timer_clear(&run->patience);
    if (*run->id && !run->answer.over && post(run, "stop", "{}"))
        myna_host_log(run->owner->llm->host, MYNA_LOG_WARN,
                      "the run could not be stopped provider=hermes run=%s", run->id);
}

/* No permission within a minute is none; what the agent would say to that is not listened to. */
static void on_patience(struct myna_timer *t)
{
    struct run *run = t->arg;

    myna_host_log(run->owner->llm->host, MYNA_LOG_WARN,
                  "no answer to the question for permission: denied provider=hermes run=%s",
                  run->id);
    stop(run);
    let_go(run);
}

/* ---- events of the run */

static enum myna_err say(struct run *run, const char *text)
{
    if (text && !run->has_text)
        text += strspn(text, " \r\n\t"); /* behind a tool Hermes begins with empty lines */
    if (!text || !*text)
        return MYNA_OK;
    run->has_text = true;
    return myna_openai_say(&run->answer, MYNA_LLM_TEXT, text, strlen(text));
}

static void tool(struct run *run, json_t *o, const char *label, const char *status)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS,
                                .name = json_string_value(json_object_get(o, "tool")),
                                .arguments = label,
                                .text = myna_view_of(status)};

    (void)emit(run, &ev);
}

/* The turn ends with the question; the run and its events stay. */
static enum myna_err ask(struct run *run, json_t *o)
{
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};
    struct myna_buf text;
    enum myna_err err;

    run->offered = myna_hermes_offered(o);
    myna_buf_init(&text, 4096);
    err = myna_buf_puts(&text, run->has_text ? " " : "");
    if (!err)
        err = myna_hermes_question(o, run->offered, &text);
    tool(run, o, json_string_value(json_object_get(o, "command")), "waiting");
    if (!err)
        err = say(run, myna_buf_str(&text));
    myna_buf_fini(&text);
    if (!err)
        err = myna_timer_set(&run->patience,
                             myna_host_now(run->owner->llm->host) + PATIENCE_S * MYNA_S);
    if (!err)
        (void)emit(run, &done);
    return err;
}

static enum myna_err completed(struct run *run, json_t *o)
{
    json_t *usage = json_object_get(o, "usage");
    struct myna_llm_event ev = {.type = MYNA_LLM_USAGE,
                                .prompt_tokens = myna_openai_count(usage, "input_tokens"),
                                .completion_tokens = myna_openai_count(usage, "output_tokens"),
                                .total_tokens = myna_openai_count(usage, "total_tokens")};
    enum myna_err err = MYNA_OK;

    if (!run->has_text)
        err = say(run, json_string_value(json_object_get(o, "output")));
    if (err)
        return err;
    if (usage) {
        run->answer.usage = ev;
        run->answer.has_usage = true;
    }
    run->answer.finished = true;
    run->answer.has_output = run->has_text;
    return myna_openai_complete(&run->answer);
}

static enum myna_err on_event(struct myna_openai_stream *s, json_t *o)
{
    struct run *run = s->arg;
    const char *event = json_string_value(json_object_get(o, "event")), *text;

    if (!event || run->stopping)
        return MYNA_OK;
    if (!strcmp(event, "message.delta"))
        return say(run, json_string_value(json_object_get(o, "delta")));
    if (!strcmp(event, "tool.started"))
        tool(run, o, json_string_value(json_object_get(o, "preview")), "running");
    else if (!strcmp(event, "tool.completed"))
        tool(run, o, NULL, "completed");
    else if (!strcmp(event, "approval.request"))
        return ask(run, o);
    else if (!strcmp(event, "run.completed"))
        return completed(run, o);
    else if (!strcmp(event, "run.cancelled"))
        fail_with(run, false, "Hermes stopped the run");
    else if (!strcmp(event, "run.failed")) {
        char line[300];

        text = json_string_value(json_object_get(o, "error"));
        snprintf(line, sizeof line, "Hermes could not finish the run%s%.200s", text ? ": " : "",
                 text ? text : "");
        fail_with(run, false, line);
    }
    return MYNA_OK;
}

static void on_events_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct run *run = arg;

    (void)rq;
    run->busy++;
    (void)!myna_openai_stream_feed(&run->answer, bytes);
    run->busy--;
    let_go(run);
}

static void on_events_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct run *run = arg;
    struct myna_openai_failure f;

    (void)rq;
    run->events = NULL;
    run->busy++;
    if (e) {
        myna_openai_failure_of(run->owner->target, e, &f);
        fail(run, &f);
    } else if (!run->answer.over)
        fail_with(run, true, "the events of the run ended before the answer did");
    run->offered = 0;
    myna_timer_clear(&run->patience);
    run->busy--;
    let_go(run);
}

static enum myna_err listen(struct run *run)
{
    const struct myna_openai_conf *c = run->owner->target->conf;
    struct myna_http *http = myna_host_http(run->owner->llm->host);
    char *url = NULL;
    struct myna_http_start how = {.headers = run->headers.h,
                                  .n_headers = run->headers.n,
                                  .connect_ms = c->connect_timeout_ms,
                                  .first_byte_ms = c->timeout_ms,
                                  .idle_ms = c->timeout_ms, /* Hermes sends a comment each 30 s */
                                  .max_body = MAX_ANSWER,
                                  .data = on_events_data,
                                  .done = on_events_done,
                                  .arg = run};
    enum myna_err err;

    if (!http || asprintf(&url, "%s/%s/events", run->owner->runs_url, run->id) < 0)
        return MYNA_ENOMEM;
    how.url = url;
    err = myna_http_start(http, &how, &run->events);
    free(url);
    return err;
}

/* ---- POST /runs */

static void on_begin_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct run *run = arg;

    (void)rq;
    (void)!myna_buf_put(&run->body, bytes.ptr, bytes.len); /* the client bounds it */
}

static bool take_id(struct run *run)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    json_t *o = json_loadb((const char *)run->body.ptr, run->body.len, 0, NULL);
    const char *id = json_string_value(json_object_get(o, "run_id"));
    bool good = id && *id && strlen(id) < ID && !id[strspn(id, allowed)];

    if (good)
        snprintf(run->id, sizeof run->id, "%s", id);
    json_decref(o);
    return good;
}

static void on_begin_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct run *run = arg;
    struct myna_openai_failure f;

    (void)rq;
    run->begin = NULL;
    run->busy++;
    if (e) {
        if (e->kind == MYNA_HTTP_STATUS && (e->status == 404 || e->status == 405)) {
            run->owner->can = NO; /* the session's next try goes by chat */
            fail_with(run, true, "Hermes has no runs after all; asked by chat from now on");
        } else {
            myna_openai_failure_of(run->owner->target, e, &f);
            fail(run, &f);
        }
    } else if (!take_id(run))
        fail_with(run, true, "Hermes began a run without an id");
    else if (run->stopping) {
        run->stopping = false;
        stop(run);
    } else if (listen(run))
        fail_with(run, true, "memory is short: the run's events are not read");
    run->busy--;
    let_go(run);
}

/* {"model", "messages": […]} of a chat as a run; NULL: not possible. */
static char *run_body(const char *chat_body, const char *session)
{
    json_t *chat = json_loads(chat_body, 0, NULL), *messages = json_object_get(chat, "messages"),
           *history = json_array(), *body, *m;
    const char *system = NULL, *input = NULL, *role, *text;
    size_t i, n = json_array_size(messages);
    char *out = NULL;

    json_array_foreach(messages, i, m)
    {
        role = json_string_value(json_object_get(m, "role"));
        text = json_string_value(json_object_get(m, "content"));
        if (!role || !text)
            continue; /* calls of tools that are not Hermes's, pictures */
        if (!strcmp(role, "system") && !system)
            system = text;
        else if (i + 1 == n && !strcmp(role, "user"))
            input = text;
        else if (!strcmp(role, "user") || !strcmp(role, "assistant"))
            json_array_append_new(history, json_pack("{s:s, s:s}", "role", role, "content", text));
    }
    body = json_pack("{s:O, s:s*, s:s*, s:s*}", "conversation_history", history, "input", input,
                     "instructions", system, "session_id", session);
    if (input && body)
        out = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    json_decref(history);
    json_decref(chat);
    return out;
}

static void reset_answer(struct run *run)
{
    myna_openai_stream_fini(&run->answer);
    myna_openai_stream_init(&run->answer, run->owner->target->conf->hide_think, 0, emit, run);
    run->answer.chunk = on_event;
    run->has_text = false;
}

static enum myna_err copy_headers(struct run *run, const struct myna_openai_headers *from)
{
    enum myna_err err = MYNA_OK;

    myna_openai_headers_fini(&run->headers);
    run->headers.n = 0;
    for (size_t i = 0; i < from->n && !err; i++)
        err = myna_openai_headers_put(&run->headers, from->h[i].name, from->h[i].value,
                                      from->h[i].secret);
    return err;
}

/* ---- the answer to a question */

static const char *last_words(json_t *chat)
{
    json_t *messages = json_object_get(chat, "messages");
    size_t n = json_array_size(messages);

    return json_string_value(
        json_object_get(n ? json_array_get(messages, n - 1) : NULL, "content"));
}

/* start() has returned: now it may speak. */
static void on_late(struct myna_timer *t)
{
    struct stream *st = t->arg;
    struct run *run = st->run;
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};

    if (!run)
        return;
    run->busy++;
    if (!run->events && !run->answer.over)
        fail_with(run, true, "the run that waited for permission is gone");
    else if (!run->answer.over) {
        (void)!say(run, "Please say yes, always, or no.");
        (void)emit(run, &done);
    }
    run->busy--;
    let_go(run);
}

static enum myna_err answer(struct run *run, struct stream *st, const char *chat_body)
{
    json_t *chat = json_loads(chat_body, 0, NULL);
    const char *said = last_words(chat);
    enum myna_hermes_choice c = myna_hermes_choice_of(said ? said : "", run->offered);
    char body[64];
    enum myna_err err;

    json_decref(chat);
    run->has_text = false;
    if (c == MYNA_HERMES_UNCLEAR || !run->events)
        return myna_timer_set(&st->late, myna_host_now(run->owner->llm->host));
    if (!(run->offered & c) && c != MYNA_HERMES_DENY)
        c = MYNA_HERMES_ONCE;
    snprintf(body, sizeof body, "{\"choice\":\"%s\"}", myna_hermes_choice_name(c));
    err = post(run, "approval", body);
    if (!err) {
        run->offered = 0;
        myna_timer_clear(&run->patience);
    }
    return err;
}

/* ---- what the provider calls */

static struct run *new_run(struct myna_hermes_runs *r, const char *call_id)
{
    struct run *run = r->n < MAX_RUNS ? calloc(1, sizeof *run) : NULL;

    if (!run)
        return NULL;
    if (call_id && !(run->call_id = strdup(call_id))) {
        free(run);
        return NULL;
    }
    run->owner = r;
    myna_buf_init(&run->body, SMALL);
    myna_openai_stream_init(&run->answer, false, 0, emit, run);
    reset_answer(run);
    myna_host_timer_init(r->llm->host, &run->patience, on_patience, run);
    myna_host_timer_init(r->llm->host, &run->life, on_life, run);
    run->next = r->runs;
    r->runs = run;
    r->n++;
    return run;
}

static enum myna_err begin(struct run *run, const char *session, const char *chat_body)
{
    const struct myna_openai_conf *c = run->owner->target->conf;
    struct myna_http *http = myna_host_http(run->owner->llm->host);
    char *body = run_body(chat_body, session);
    struct myna_http_start how = {.method = "POST",
                                  .url = run->owner->runs_url,
                                  .headers = run->headers.h,
                                  .n_headers = run->headers.n,
                                  .connect_ms = c->connect_timeout_ms,
                                  .first_byte_ms = c->timeout_ms,
                                  .idle_ms = c->timeout_ms,
                                  .max_body = SMALL,
                                  .data = on_begin_data,
                                  .done = on_begin_done,
                                  .arg = run};
    enum myna_err err;

    if (!http || !body) {
        free(body);
        return http ? MYNA_EAGAIN : MYNA_ENOMEM;
    }
    how.body = myna_view_of(body);
    err = myna_http_start(http, &how, &run->begin);
    free(body);
    return err;
}

static struct run *waiting(struct myna_hermes_runs *r, const char *call_id)
{
    for (struct run *run = r->runs; run; run = run->next)
        if (run->offered && !run->stream && call_id && run->call_id &&
            !strcmp(run->call_id, call_id))
            return run;
    return NULL;
}

enum myna_err myna_hermes_runs_start(struct myna_hermes_runs *r, const char *call_id,
                                     const char *session, const char *chat_body,
                                     const struct myna_openai_headers *headers,
                                     struct myna_llm_stream **out)
{
    struct run *run = waiting(r, call_id);
    bool answers = run != NULL;
    struct stream *st;
    enum myna_err err;

    if (!run && (r->can != YES || r->n >= MAX_RUNS))
        return MYNA_EAGAIN;
    st = calloc(1, sizeof *st);
    if (st && !run)
        run = new_run(r, call_id);
    if (!st || !run) {
        free(st);
        return MYNA_ENOMEM;
    }
    st->base.llm = r->llm;
    st->run = run;
    myna_host_timer_init(r->llm->host, &st->late, on_late, st);
    err = copy_headers(run, headers);
    if (!err)
        err = answers ? answer(run, st, chat_body) : begin(run, session, chat_body);
    if (!err)
        err = myna_timer_set(&run->life, myna_host_now(r->llm->host) + LIFE);
    if (err) {
        myna_timer_clear(&st->late);
        free(st);
        if (!answers)
            let_go(run);
        return err;
    }
    run->stream = st;
    *out = &st->base;
    return MYNA_OK;
}

bool myna_hermes_runs_close(struct myna_hermes_runs *r, struct myna_llm_stream *base)
{
    struct run *run = r ? r->runs : NULL;
    struct stream *st = (struct stream *)base;

    while (run && run->stream != st)
        run = run->next;
    if (!run)
        return false;
    run->stream = NULL;
    myna_timer_clear(&run->life);
    myna_timer_clear(&st->late);
    free(st);
    if (!run->offered && !run->answer.over)
        stop(run);
    let_go(run);
    return true;
}

/* ---- what the server can */

static void on_probe_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_hermes_runs *r = arg;

    (void)rq;
    (void)!myna_buf_put(&r->said, bytes.ptr, bytes.len);
}

static void on_probe(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    static const char *const wanted[] = {"run_submission", "run_events_sse", "run_stop"};
    struct myna_hermes_runs *r = arg;
    json_t *o = e ? NULL : json_loadb((const char *)r->said.ptr, r->said.len, 0, NULL),
           *features = json_object_get(o, "features");

    (void)rq;
    r->probe = NULL;
    if (!e || e->status) { /* nobody there: ask again another time */
        r->can = YES;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (!json_is_true(json_object_get(features, wanted[i])))
                r->can = NO;
        myna_host_log(r->llm->host, MYNA_LOG_DEBUG, "turns go by %s provider=hermes",
                      r->can == YES ? "runs" : "chat");
    }
    json_decref(o);
    myna_buf_clear(&r->said);
}

void myna_hermes_runs_probe(struct myna_hermes_runs *r)
{
    struct myna_http *http = r->can == UNKNOWN && !r->probe ? myna_host_http(r->llm->host) : NULL;
    struct myna_openai_headers headers;
    struct myna_http_start how = {.url = r->capabilities_url,
                                  .connect_ms = QUICK_MS,
                                  .first_byte_ms = QUICK_MS,
                                  .idle_ms = QUICK_MS,
                                  .total_ms = QUICK_MS,
                                  .max_body = SMALL,
                                  .background = true,
                                  .data = on_probe_data,
                                  .done = on_probe,
                                  .arg = r};

    if (!http || myna_openai_headers(r->target, NULL, &headers))
        return;
    how.headers = headers.h;
    how.n_headers = headers.n;
    if (myna_http_start(http, &how, &r->probe))
        r->probe = NULL;
    myna_openai_headers_fini(&headers);
}

struct myna_hermes_runs *myna_hermes_runs_create(struct myna_llm *llm,
                                                 const struct myna_openai_target *target)
{
    struct myna_hermes_runs *r = calloc(1, sizeof *r);
    size_t base = strlen(target->models_url) - strlen("/models");

    if (!r)
        return NULL;
    r->llm = llm;
    r->target = target;
    myna_buf_init(&r->said, SMALL);
    if (asprintf(&r->runs_url, "%.*s/runs", (int)base, target->models_url) < 0)
        r->runs_url = NULL;
    if (asprintf(&r->capabilities_url, "%.*s/capabilities", (int)base, target->models_url) < 0)
        r->capabilities_url = NULL;
    if (r->runs_url && r->capabilities_url)
        return r;
    myna_hermes_runs_destroy(r);
    return NULL;
}

void myna_hermes_runs_destroy(struct myna_hermes_runs *r)
{
    if (!r)
        return;
    while (r->runs) {
        struct run *run = r->runs;

        myna_http_cancel(run->begin);
        myna_http_cancel(run->post);
        run->begin = run->post = NULL;
        run->offered = 0;
        run->stream = NULL;
        let_go(run);
    }
    myna_http_cancel(r->probe);
    myna_buf_fini(&r->said);
    free(r->runs_url);
    free(r->capabilities_url);
    free(r);
}
