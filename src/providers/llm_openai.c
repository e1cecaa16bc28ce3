/* llm_openai.c - agents and models behind OpenAI's chat completions: one client, a class a preset.
 *
 * A stream is one request. close() before the answer's end closes the socket, which is how the
 * agent at the other side learns that it was interrupted; after the end the connection is kept.
 *
 * Retries are the session's. Here are only two things that it cannot know: a server's Retry-After
 * (the next request is held back so long, or refused at once if that is too long for a caller) and
 * session headers that Hermes does not accept (one more try without them).
 */
#include "providers/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "providers/hermes_runs.h"
#include "providers/openai.h"
#include "util/clock.h"
#include "util/host.h"

#define MAX_ANSWER   ((size_t)16 << 20)
#define AFTER_FINISH 500 /* ms for usage and [DONE] once the answer is complete */
#define WARM_MS      5000
#define LIFE         (3 * MYNA_S)  /* the session hears that much is going on */
#define MAX_PATIENCE (10 * MYNA_S) /* a longer Retry-After is an error at once */
#define REMEMBERED   256           /* calls whose session ids are kept */

static const struct entry {
    const struct myna_llm_class *cls;
    struct myna_openai_preset preset;
} presets[] = {
    {&myna_llm_openai_compatible,
     {.name = "openai_compatible",
      .product = "the server",
      .model_hint = "see GET {base_url}/models"}},
    {&myna_llm_hermes,
     {.name = "hermes",
      .product = "Hermes",
      .model_env = "API_SERVER_MODEL_NAME",
      .default_model = "hermes-agent",
      .hermes = true}},
    {&myna_llm_openclaw,
     {.name = "openclaw",
      .product = "OpenClaw",
      .not_found_hint = "OpenClaw's chat endpoint is off by default: set "
                        "gateway.http.endpoints.chatCompletions.enabled to true in openclaw.json",
      .openclaw = true}},
    {&myna_llm_ollama,
     {.name = "ollama",
      .product = "Ollama",
      .model_hint = "`ollama list` shows what is there",
      .not_found_hint = "is the model there? `ollama pull MODEL` fetches it"}},
    {&myna_llm_lmstudio,
     {.name = "lmstudio", .product = "LM Studio", .model_hint = "`lms ls` shows what is there"}},
    {&myna_llm_openai,
     {.name = "openai", .product = "OpenAI", .default_model = "gpt-4o-mini", .needs_key = true}},
    {&myna_llm_anthropic,
     {.name = "anthropic",
      .product = "Anthropic",
      .model_hint = "see GET {base_url}/models",
      .anthropic = true,
      .needs_key = true}},
};

/* ---- the provider */

struct memory { /* of one call */
    char *id, *adopted;
    bool no_session;
    uint64_t used;
};

struct openai {
    struct myna_llm base;
    const struct myna_openai_preset *preset;
    struct myna_openai_conf conf;
    struct myna_openai_target target;
    struct memory calls[REMEMBERED];
    uint64_t uses;
    myna_us not_before; /* real time: Retry-After */
    struct myna_http_request *warming;
    struct myna_hermes_runs *runs; /* NULL: all goes by chat */
};

struct stream {
    struct myna_llm_stream base;
    struct openai *owner;
    struct memory *call; /* NULL: the session has no id */
    char *body, *caller;
    struct myna_http_request *rq;
    struct myna_openai_stream answer;
    struct myna_timer life, later;
    char late[512]; /* a fault that start() found */
    int late_status;
    bool *gone; /* set by close() while we speak */
    bool sent_session, tried_without;
};

static const char *from_environment(const char *name)
{
    return getenv(name);
}

static bool is_set(const struct myna_config *cfg, const struct openai *o, const char *key)
{
    char path[96];

    snprintf(path, sizeof path, "llm.%s.%s", o->preset->name, key);
    return myna_config_get(cfg, path) != NULL;
}

static void destroy(struct myna_llm *llm)
{
    struct openai *o = (struct openai *)llm;

    myna_hermes_runs_destroy(o->runs);
    myna_http_cancel(o->warming);
    myna_openai_target_fini(&o->target);
    for (size_t i = 0; i < REMEMBERED; i++) {
        free(o->calls[i].id);
        free(o->calls[i].adopted);
    }
    free(o);
}

static enum myna_err create(const struct myna_llm_class *cls, struct myna_llm **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct openai *o = calloc(1, sizeof *o);
    struct myna_section section = {.options = cls->options};
    enum myna_err err;
    char path[64];

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the agent");
    o->base = (struct myna_llm){.cls = cls, .host = host};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (presets[i].cls == cls)
            o->preset = &presets[i].preset;
    snprintf(path, sizeof path, "llm.%s", cls->name);
    section.path = path;
    err = myna_config_read(cfg, &section, &o->conf, why);
    if (err)
        goto fail;
    o->conf.has_temperature = is_set(cfg, o, "temperature");
    o->conf.has_top_p = is_set(cfg, o, "top_p");
    o->conf.has_frequency_penalty = is_set(cfg, o, "frequency_penalty");
    o->conf.has_presence_penalty = is_set(cfg, o, "presence_penalty");
    o->conf.has_seed = is_set(cfg, o, "seed");
    o->conf.has_max_tokens = is_set(cfg, o, "max_tokens");
    err = myna_openai_resolve(&o->target, o->preset, &o->conf, from_environment, why);
    if (err)
        goto fail;
    o->base.model = o->target.model;
    if (o->preset->hermes || o->preset->openclaw ||
        (o->conf.session_id_header && o->conf.session_id_header[0]))
        o->base.caps |= MYNA_LLM_OWN_HISTORY;
    if (o->preset->hermes && o->conf.runs) {
        o->runs = myna_hermes_runs_create(&o->base, &o->target);
        err = o->runs ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the agent");
        if (err)
            goto fail;
    }
    if (o->target.key && !strncmp(o->target.chat_url, "http://", 7) &&
        !myna_http_is_loopback(o->target.chat_url))
        myna_host_log(host, MYNA_LOG_WARN,
                      "the key travels in the clear: base_url is http:// to "
                      "another machine provider=%s",
                      cls->name);
    *out = &o->base;
    return MYNA_OK;
fail:
    destroy(&o->base);
    return err;
}

/* ---- what is remembered of calls */

static struct memory *memory_of(struct openai *o, const char *id)
{
    struct memory *oldest = &o->calls[0];
    char *own;

    if (!id || !id[0])
        return NULL;
    for (size_t i = 0; i < REMEMBERED; i++) {
        struct memory *m = &o->calls[i];

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
    *oldest = (struct memory){.id = own, .used = ++o->uses};
    return oldest;
}

/* ---- events */

/* False: the session closed the stream meanwhile; it is gone. */
static bool emit(void *arg, const struct myna_llm_event *ev)
{
    struct stream *st = arg;
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

static void fail(struct stream *st, enum myna_err err, int status, bool retryable,
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
    struct stream *st = t->arg;

    fail(st, st->late_status ? MYNA_EPROVIDER : MYNA_ECONFIG, st->late_status, false, st->late);
}

/* The session gives each sign of life its whole patience again; ours is the option `timeout`. */
static void on_life(struct myna_timer *t)
{
    struct stream *st = t->arg;
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS};

    if (emit(st, &ev))
        (void)!myna_timer_set(t, myna_host_now(st->owner->base.host) + LIFE);
}

/* ---- the answer */

static enum myna_err send_request(struct stream *st, int delay_ms);

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    struct stream *st = arg;
    const char *id = myna_http_header(rq, "X-Hermes-Session-Id");
    char *own;

    (void)status;
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
    struct stream *st = arg;
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

static void no_answer(struct stream *st, const struct myna_http_error *e)
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
    struct stream *st = arg;
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
    /* A connection that ends behind the last word has not cut anything. */
    if (!e || (st->answer.finished && e->kind != MYNA_HTTP_MEMORY) ||
        (e->kind == MYNA_HTTP_RESET && e->began)) {
        (void)!myna_openai_stream_end(&st->answer);
        return;
    }
    no_answer(st, e);
}

/* ---- the request */

static enum myna_err send_request(struct stream *st, int delay_ms)
{
    struct openai *o = st->owner;
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

static void close_stream(struct myna_llm_stream *base)
{
    struct stream *st = (struct stream *)base;

    if (myna_hermes_runs_close(((struct openai *)base->llm)->runs, base))
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
    free(st->caller);
    free(st);
}

/* Milliseconds until the server wants to be asked again; -1: too long, and `st` says so later. */
static int64_t held_back(struct stream *st)
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
static enum myna_err as_run(const struct stream *st, struct myna_llm_stream **out)
{
    struct openai *o = st->owner;
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

static enum myna_err start(struct myna_llm *llm, const struct myna_llm_request *req,
                           struct myna_llm_stream **out)
{
    struct openai *o = (struct openai *)llm;
    struct stream *st = calloc(1, sizeof *st);
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
    err = o->preset->anthropic ? myna_anthropic_body(&o->target, req, &st->body, &why)
                               : myna_openai_body(&o->target, req, &st->body, &why);
    if (err == MYNA_ENOMEM)
        goto fail;
    if (err)
        snprintf(st->late, sizeof st->late, "%s", why.text);
    if (!err && o->runs && as_run(st, out) == MYNA_OK) {
        close_stream(&st->base);
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
    close_stream(&st->base);
    return err;
}

/* ---- warm-up */

static void on_warm_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static void on_warm(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct openai *o = arg;

    (void)rq;
    o->warming = NULL;
    if (e && e->status)
        myna_host_log(o->base.host, MYNA_LOG_DEBUG, "warm-up was answered provider=%s status=%d",
                      o->preset->name, e->status);
    else
        myna_host_log(o->base.host, MYNA_LOG_DEBUG, "%s provider=%s",
                      e ? "warm-up found nobody" : "the connection is warm", o->preset->name);
}

/* Only for the connection that it leaves behind; what is answered does not matter. */
static void warm(struct myna_llm *llm)
{
    struct openai *o = (struct openai *)llm;
    struct myna_http *http = o->warming ? NULL : myna_host_http(llm->host);
    struct myna_openai_headers headers;
    struct myna_http_start how = {.url = o->target.models_url,
                                  .connect_ms = WARM_MS,
                                  .first_byte_ms = WARM_MS,
                                  .idle_ms = WARM_MS,
                                  .total_ms = WARM_MS,
                                  .background = true,
                                  .data = on_warm_data,
                                  .done = on_warm,
                                  .arg = o};

    if (o->runs) {
        myna_hermes_runs_probe(o->runs); /* a connection too */
        return;
    }
    if (!http || myna_openai_headers(&o->target, NULL, &headers))
        return;
    how.headers = headers.h;
    how.n_headers = headers.n;
    if (myna_http_start(http, &how, &o->warming))
        o->warming = NULL;
    myna_openai_headers_fini(&headers);
}

/* ---- the classes */

#define CLASS(id, name_, summary_, options_)                                                       \
    static enum myna_err create_##id(struct myna_llm **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_llm_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_llm_class myna_llm_##id = {                                                  \
        .name = name_,                                                                             \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .create = create_##id,                                                                     \
        .destroy = destroy,                                                                        \
        .start = start,                                                                            \
        .close = close_stream,                                                                     \
        .warm = warm,                                                                              \
    }

CLASS(openai_compatible, "openai_compatible", "any server that speaks OpenAI's chat completions",
      myna_openai_generic_options);
CLASS(hermes, "hermes", "Hermes agent on this machine", myna_openai_hermes_options);
CLASS(openclaw, "openclaw", "OpenClaw gateway on this machine", myna_openai_openclaw_options);
CLASS(ollama, "ollama", "a model that Ollama runs on this machine", myna_openai_ollama_options);
CLASS(lmstudio, "lmstudio", "a model that LM Studio runs on this machine",
      myna_openai_lmstudio_options);
CLASS(openai, "openai", "OpenAI's own models", myna_openai_openai_options);
CLASS(anthropic, "anthropic", "Anthropic's own models, or a gateway that speaks their wire",
      myna_anthropic_options);
