/* hermes_wire.c - what goes over the wire for a run: its begin, its events, permission and stop
 * (hermes_run.h). */
#include "providers/hermes_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"
#include "util/json_load.h"

enum { MAX_ANSWER = 16 << 20 };

/* ---- the small requests: stop, approval */

static void on_post_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static void on_post_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct myna_hermes_run *run = arg;

    (void)rq;
    run->post = NULL;
    if (e && !run->stopping && run->stream) {
        struct myna_openai_failure f;

        run->busy++;
        myna_openai_failure_of(run->owner->target, e, &f);
        myna_hermes_run_fail(run, &f);
        run->busy--;
    } else if (e && run->denied) {
        run->busy++;
        myna_hermes_run_stop(run); /* a no that did not arrive must not become a yes */
        run->busy--;
    }
    myna_hermes_run_let_go(run);
}

enum myna_err myna_hermes_run_post(struct myna_hermes_run *run, const char *what, const char *body)
{
    const struct myna_openai_conf *c = run->owner->target->conf;
    struct myna_http *http = myna_host_http(run->owner->llm->host);
    char *url = NULL;
    struct myna_http_start how = {.method = "POST",
                                  .body = myna_view_of(body),
                                  .headers = run->headers.h,
                                  .n_headers = run->headers.n,
                                  .connect_ms = c->connect_timeout_ms,
                                  .first_byte_ms = MYNA_HERMES_QUICK_MS,
                                  .idle_ms = MYNA_HERMES_QUICK_MS,
                                  .max_body = MYNA_HERMES_SMALL,
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

enum myna_err myna_hermes_run_approve(struct myna_hermes_run *run, enum myna_hermes_choice c)
{
    char body[64];

    snprintf(body, sizeof body, "{\"choice\":\"%s\"}", myna_hermes_choice_name(c));
    return myna_hermes_run_post(run, "approval", body);
}

/* ---- GET /runs/ID/events */

static void on_events_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_hermes_run *run = arg;

    (void)rq;
    run->busy++;
    (void)!myna_openai_stream_feed(&run->answer, bytes);
    run->busy--;
    myna_hermes_run_let_go(run);
}

static void on_events_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct myna_hermes_run *run = arg;
    struct myna_openai_failure f;

    (void)rq;
    run->events = NULL;
    run->busy++;
    if (e) {
        myna_openai_failure_of(run->owner->target, e, &f);
        myna_hermes_run_fail(run, &f);
    } else if (run->answer.mode == OPENAI_PAGE) {
        (void)!myna_openai_stream_end(&run->answer); /* it knows what to say of one */
    } else if (!run->answer.over)
        myna_hermes_run_fail_with(run, true, "the events of the run ended before the answer did");
    run->offered = 0;
    myna_timer_clear(&run->patience);
    run->busy--;
    myna_hermes_run_let_go(run);
}

static enum myna_err listen(struct myna_hermes_run *run)
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
    struct myna_hermes_run *run = arg;

    (void)rq;
    (void)!myna_buf_put(&run->body, bytes.ptr, bytes.len); /* the client bounds it */
}

static bool take_id(struct myna_hermes_run *run)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    json_t *o = myna_json_loadb((const char *)run->body.ptr, run->body.len, 0, NULL);
    const char *id = json_string_value(json_object_get(o, "run_id"));
    bool good = id && *id && strlen(id) < MYNA_HERMES_ID && !id[strspn(id, allowed)];

    if (good)
        snprintf(run->id, sizeof run->id, "%s", id);
    json_decref(o);
    return good;
}

/* It answered well, but with no run: an error of its own, a web page, or nothing that we know. */
static void no_run(struct myna_hermes_run *run)
{
    json_t *o = myna_json_loadb((const char *)run->body.ptr, run->body.len, 0, NULL);

    if (json_object_get(o, "error")) {
        (void)!myna_hermes_run_event(&run->answer, o);
    } else if (!o) {
        (void)!myna_openai_stream_feed(&run->answer, myna_buf_view(&run->body));
        if (run->answer.mode == OPENAI_PAGE)
            (void)!myna_openai_stream_end(&run->answer);
    }
    json_decref(o);
    myna_hermes_run_fail_with(run, true, "Hermes began a run without an id");
}

static void on_begin_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct myna_hermes_run *run = arg;
    struct myna_openai_failure f;

    (void)rq;
    run->begin = NULL;
    run->busy++;
    if (e) {
        if (e->kind == MYNA_HTTP_STATUS && (e->status == 404 || e->status == 405)) {
            run->owner->can = MYNA_HERMES_NO; /* the session's next try goes by chat */
            myna_hermes_run_fail_with(run, true,
                                      "Hermes has no runs after all; asked by chat from now on");
        } else {
            myna_openai_failure_of(run->owner->target, e, &f);
            myna_hermes_run_fail(run, &f);
        }
    } else if (!take_id(run)) {
        no_run(run);
    } else if (run->stopping) {
        run->stopping = false;
        myna_hermes_run_stop(run);
    } else if (listen(run))
        myna_hermes_run_fail_with(run, true, "memory is short: the run's events are not read");
    run->busy--;
    myna_hermes_run_let_go(run);
}

/* {"model", "messages": […]} of a chat as a run; NULL: not possible. */
static char *run_body(const char *chat_body, const char *session)
{
    json_t *chat = myna_json_loads(chat_body, 0, NULL),
           *messages = json_object_get(chat, "messages"), *history = json_array(), *body, *m;
    const char *input = NULL, *role, *text;
    struct myna_buf system; /* all that is told so, as one */
    size_t i, n = json_array_size(messages);
    char *out = NULL;

    myna_buf_init(&system, 0);
    json_array_foreach(messages, i, m)
    {
        role = json_string_value(json_object_get(m, "role"));
        text = json_string_value(json_object_get(m, "content"));
        if (!role || !text)
            continue; /* calls of tools that are not Hermes's, pictures */
        if (!strcmp(role, "system"))
            (void)!myna_buf_printf(&system, "%s%s", system.len ? "\n\n" : "", text);
        else if (i + 1 == n && !strcmp(role, "user"))
            input = text;
        else if (!strcmp(role, "user") || !strcmp(role, "assistant"))
            json_array_append_new(history, json_pack("{s:s, s:s}", "role", role, "content", text));
    }
    body =
        json_pack("{s:O, s:s*, s:s*, s:s*}", "conversation_history", history, "input", input,
                  "instructions", system.len ? myna_buf_str(&system) : NULL, "session_id", session);
    if (input && body && !system.err)
        out = json_dumps(body, JSON_COMPACT);
    myna_buf_fini(&system);
    json_decref(body);
    json_decref(history);
    json_decref(chat);
    return out;
}

enum myna_err myna_hermes_run_begin(struct myna_hermes_run *run, const char *session,
                                    const char *chat_body)
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
                                  .max_body = MYNA_HERMES_SMALL,
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
