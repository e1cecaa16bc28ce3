/* hermes_runs.c - the life of runs, and who listens to each (hermes_run.h).
 *
 * A run outlives its stream while it waits for permission, and while its stop is on the way. All
 * runs are in one short list; one goes when nobody listens and nothing of it is on the wire.
 */
#include "providers/hermes_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"
#include "util/json_load.h"

enum { MAX_RUNS = 64 };
#define LIFE (3 * MYNA_S)

struct myna_hermes_stream {
    struct myna_llm_stream base;
    struct myna_hermes_run *run; /* NULL: it is gone */
    struct myna_timer late;
};

/* ---- telling */

bool myna_hermes_run_emit(void *arg, const struct myna_llm_event *ev)
{
    struct myna_hermes_run *run = arg;
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

void myna_hermes_run_fail(struct myna_hermes_run *run, const struct myna_openai_failure *f)
{
    if (!run->answer.over)
        (void)!myna_openai_fault(&run->answer, f->err, f->status, f->retryable, f->text);
}

void myna_hermes_run_fail_with(struct myna_hermes_run *run, bool retryable, const char *text)
{
    struct myna_openai_failure f = {.err = MYNA_EPROVIDER, .retryable = retryable};

    snprintf(f.text, sizeof f.text, "%s", text);
    myna_hermes_run_fail(run, &f);
}

void myna_hermes_run_let_go(struct myna_hermes_run *run)
{
    struct myna_hermes_runs *r = run->owner;

    if (run->busy || run->stream || run->begin || run->post ||
        (run->events && (run->offered || run->denied)))
        return;
    for (struct myna_hermes_run **p = &r->runs; *p; p = &(*p)->next)
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
    struct myna_hermes_run *run = t->arg;
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS};

    run->busy++;
    (void)!myna_timer_set(t, myna_host_now(run->owner->llm->host) + LIFE);
    (void)myna_hermes_run_emit(run, &ev);
    run->busy--;
    myna_hermes_run_let_go(run);
}

/* Nobody wants it any more. */
void myna_hermes_run_stop(struct myna_hermes_run *run)
{
    if (run->stopping)
        return;
    run->stopping = true;
    run->offered = 0;
    run->denied = false;
    myna_http_cancel(run->events);
    run->events = NULL;
    myna_timer_clear(&run->life);
    myna_timer_clear(&run->patience);
    if (*run->id && !run->answer.over && myna_hermes_run_post(run, "stop", "{}"))
        myna_host_log(run->owner->llm->host, MYNA_LOG_WARN,
                      "the run could not be stopped provider=hermes run=%s", run->id);
}

enum myna_err myna_hermes_run_be_patient(struct myna_hermes_run *run)
{
    return myna_timer_set(&run->patience,
                          myna_host_now(run->owner->llm->host) +
                              run->owner->target->conf->permission_timeout_ms * MYNA_MS);
}

/* No permission in time is none. The run hears the no and ends by itself, so that Hermes
 * keeps what was done; what it says to that is not listened to, and after as long again it
 * is stopped. */
static void on_patience(struct myna_timer *t)
{
    struct myna_hermes_run *run = t->arg;
    bool again = run->denied;

    run->busy++;
    if (!again) {
        myna_host_log(run->owner->llm->host, MYNA_LOG_WARN,
                      "no answer to the question for permission: denied provider=hermes run=%s",
                      run->id);
        run->denied = true;
        run->offered = 0;
    }
    if (again || myna_hermes_run_approve(run, MYNA_HERMES_DENY) || myna_hermes_run_be_patient(run))
        myna_hermes_run_stop(run);
    run->busy--;
    myna_hermes_run_let_go(run);
}

static void reset_answer(struct myna_hermes_run *run)
{
    myna_openai_stream_fini(&run->answer);
    myna_openai_stream_init(&run->answer, run->owner->target->conf->hide_think, 0,
                            myna_hermes_run_emit, run);
    run->answer.chunk = myna_hermes_run_event;
    run->has_text = false;
}

static enum myna_err copy_headers(struct myna_hermes_run *run,
                                  const struct myna_openai_headers *from)
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
    struct myna_hermes_stream *st = t->arg;
    struct myna_hermes_run *run = st->run;
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};

    if (!run)
        return;
    run->busy++;
    if (!run->events && !run->answer.over)
        myna_hermes_run_fail_with(run, true, "the run that waited for permission is gone");
    else if (!run->answer.over) {
        (void)!myna_hermes_run_say(run, "Please say yes, always, or no.");
        (void)myna_hermes_run_emit(run, &done);
    }
    run->busy--;
    myna_hermes_run_let_go(run);
}

static enum myna_err answer(struct myna_hermes_run *run, struct myna_hermes_stream *st,
                            const char *chat_body)
{
    json_t *chat = myna_json_loads(chat_body, 0, NULL);
    const char *said = last_words(chat);
    enum myna_hermes_choice c = myna_hermes_choice_of(said ? said : "", run->offered);
    enum myna_err err;

    json_decref(chat);
    run->has_text = false;
    if (c == MYNA_HERMES_UNCLEAR || !run->events)
        return myna_timer_set(&st->late, myna_host_now(run->owner->llm->host));
    if (!(run->offered & c) && c != MYNA_HERMES_DENY)
        c = MYNA_HERMES_ONCE;
    err = myna_hermes_run_approve(run, c);
    if (!err) {
        run->offered = 0;
        myna_timer_clear(&run->patience);
    }
    return err;
}

/* ---- what the provider calls */

static struct myna_hermes_run *new_run(struct myna_hermes_runs *r, const char *call_id)
{
    struct myna_hermes_run *run = r->n < MAX_RUNS ? calloc(1, sizeof *run) : NULL;

    if (!run)
        return NULL;
    if (call_id && !(run->call_id = strdup(call_id))) {
        free(run);
        return NULL;
    }
    run->owner = r;
    myna_buf_init(&run->body, MYNA_HERMES_SMALL);
    myna_openai_stream_init(&run->answer, false, 0, myna_hermes_run_emit, run);
    reset_answer(run);
    myna_host_timer_init(r->llm->host, &run->patience, on_patience, run);
    myna_host_timer_init(r->llm->host, &run->life, on_life, run);
    run->next = r->runs;
    r->runs = run;
    r->n++;
    return run;
}

static struct myna_hermes_run *waiting(struct myna_hermes_runs *r, const char *call_id)
{
    for (struct myna_hermes_run *run = r->runs; run; run = run->next)
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
    struct myna_hermes_run *run = waiting(r, call_id);
    bool answers = run != NULL;
    struct myna_hermes_stream *st;
    enum myna_err err;

    if (!run && (r->can != MYNA_HERMES_YES || r->n >= MAX_RUNS))
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
        err = answers ? answer(run, st, chat_body) : myna_hermes_run_begin(run, session, chat_body);
    if (!err)
        err = myna_timer_set(&run->life, myna_host_now(r->llm->host) + LIFE);
    if (err) {
        myna_timer_clear(&st->late);
        free(st);
        if (!answers)
            myna_hermes_run_let_go(run);
        return err;
    }
    run->stream = st;
    *out = &st->base;
    return MYNA_OK;
}

bool myna_hermes_runs_close(struct myna_hermes_runs *r, struct myna_llm_stream *base)
{
    struct myna_hermes_run *run = r ? r->runs : NULL;
    struct myna_hermes_stream *st = (struct myna_hermes_stream *)base;

    while (run && run->stream != st)
        run = run->next;
    if (!run)
        return false;
    run->stream = NULL;
    myna_timer_clear(&run->life);
    myna_timer_clear(&st->late);
    free(st);
    if (!run->offered && !run->answer.over)
        myna_hermes_run_stop(run);
    myna_hermes_run_let_go(run);
    return true;
}

/* ---- all of them */

struct myna_hermes_runs *myna_hermes_runs_create(struct myna_llm *llm,
                                                 const struct myna_openai_target *target)
{
    struct myna_hermes_runs *r = calloc(1, sizeof *r);
    size_t base = strlen(target->models_url) - strlen("/models");

    if (!r)
        return NULL;
    r->llm = llm;
    r->target = target;
    myna_buf_init(&r->said, MYNA_HERMES_SMALL);
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
        struct myna_hermes_run *run = r->runs;

        myna_http_cancel(run->begin);
        myna_http_cancel(run->post);
        run->begin = run->post = NULL;
        run->offered = 0;
        run->denied = false;
        run->stream = NULL;
        myna_hermes_run_let_go(run);
    }
    myna_http_cancel(r->probe);
    myna_buf_fini(&r->said);
    free(r->runs_url);
    free(r->capabilities_url);
    free(r);
}
