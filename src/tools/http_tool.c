/* http_tool.c - a tool that is an HTTP endpoint.
 *
 * Arguments go where the URL has {name}, each byte that means something in a URL encoded; the rest
 * into the query (GET, DELETE) or as a JSON object into the body. The host stands in the
 * configuration: no argument reaches it. Redirects are not followed.
 *
 * Asked again, with a growing wait, only where that does no harm: it could not be reached, it is
 * busy (429, 502 to 504), or the method promises that twice is once and it failed otherwise. Never
 * after a timeout: the person waits.
 *
 * An endpoint that has failed for several calls in a row is left alone for a while: the model is
 * told at once, and nobody waits for the time-out again (telephony 2.9).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/tool.h"
#include "util/host.h"
#include "util/http.h"
#include "util/log.h"
#include "util/utf8.h"
#include "util/json_dump.h"

enum { CONNECT_MS = 5000, FIRST_WAIT_MS = 500, FAILURES_MAX = 5 };
#define LEFT_ALONE (30 * MYNA_S)

struct endpoint {
    const char *method;
    bool body;                        /* the method has one */
    struct myna_http_header *headers; /* of the entry, and the type of the body */
    size_t n_headers;
    int failures;       /* calls that failed, in a row */
    myna_us not_before; /* after too many of them */
};

struct request {
    struct myna_tool_job base;
    struct endpoint *at;
    struct myna_http_request *rq;
    char *url, *body;
    struct myna_buf answer;
    int tries;
};

/* ---- what is configured */

static void http_destroy(struct tool_source *src)
{
    struct endpoint *e = src->own;

    if (e)
        free(e->headers);
    free(e);
}

/* http or https, and no argument before the path begins. */
static enum myna_err check_url(const struct tool_source *src, const char *url, const json_t *schema,
                               struct myna_why *why)
{
    size_t scheme = !strncasecmp(url, "https://", 8) ? 8 : !strncasecmp(url, "http://", 7) ? 7 : 0;
    size_t host = scheme ? strcspn(url + scheme, "/?#") : 0, len;
    const char *first = myna_tool_placeholder(url, &len);

    if (!scheme || !host)
        return myna_tool_refuse(src, "url", why, "must be http://HOST… or https://HOST…");
    if (first && first < url + scheme + host)
        return myna_tool_refuse(src, "url", why,
                                "has an argument in its host: which machine is asked is for the "
                                "configuration to say");
    return myna_tool_placeholders_known(src, "url", url, schema, why);
}

static enum myna_err headers_of(const struct tool_source *src, struct endpoint *e,
                                struct myna_why *why)
{
    bool typed = !e->body;

    e->headers = calloc(src->n_headers + 1, sizeof *e->headers);
    if (!e->headers)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    for (size_t i = 0; i < src->n_headers; i++) {
        e->headers[e->n_headers++] = src->headers[i];
        typed = typed || !strcasecmp(src->headers[i].name, "content-type");
    }
    if (!typed)
        e->headers[e->n_headers++] =
            (struct myna_http_header){"Content-Type", "application/json", false};
    return MYNA_OK;
}

static enum myna_err http_create(struct tool_source *src, const json_t *schema,
                                 struct myna_why *why)
{
    static const char *const methods[] = {"GET", "DELETE", "POST", "PUT", "PATCH"};
    struct endpoint *e = calloc(1, sizeof *e);
    const char *method = src->conf.method ? src->conf.method : "GET";
    enum myna_err err;

    if (!e)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    src->own = e;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (!strcmp(method, methods[i])) {
            e->method = methods[i];
            e->body = i >= 2;
        }
    if (!e->method)
        return myna_tool_refuse(src, "method", why, "must be GET, POST, PUT, PATCH or DELETE");
    err = myna_tool_read_url(src, why);
    if (!err)
        err = check_url(src, src->url, schema, why);
    if (!err)
        err = myna_tool_read_headers(src, why);
    if (!err)
        err = headers_of(src, e, why);
    if (!err && !myna_tool_offer(src, src->name, src->conf.description, src->conf.parameters))
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    return err;
}

/* ---- one request */

static void put_encoded(struct myna_buf *b, const char *text)
{
    for (; *text; text++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", *text))
            (void)!myna_buf_putc(b, *text);
        else
            (void)!myna_buf_printf(b, "%%%02X", (unsigned char)*text);
}

/* Half a sentence about the argument that cannot stand in a path; NULL: the URL is whole in `b`. */
static const char *fill_url(struct myna_buf *b, const char *template, json_t *args)
{
    const char *query = strchr(template, '?'), *at = template, *name;
    size_t len;

    while ((name = myna_tool_placeholder(at, &len))) {
        char *value, key[128];

        (void)!myna_buf_put(b, at, (size_t)(name - 1 - at));
        if (!myna_tool_argument(args, name, len, &value))
            b->err = MYNA_ENOMEM;
        if (value && (!query || name < query) && (!strcmp(value, ".") || !strcmp(value, ".."))) {
            free(value);
            return "must not be . or ..";
        }
        put_encoded(b, value ? value : "");
        free(value);
        snprintf(key, sizeof key, "%.*s", (int)(len < 127 ? len : 127), name);
        json_object_set_new(args, key, json_null()); /* used: not in the rest */
        at = name + len + 1;
    }
    (void)!myna_buf_puts(b, at);
    return NULL;
}

/* The arguments that the URL has not taken, behind it. */
static void put_query(struct myna_buf *b, const json_t *args)
{
    char sign = strchr(myna_buf_str(b), '?') ? '&' : '?';
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        char *text;

        if (!myna_tool_argument(args, key, strlen(key), &text))
            b->err = MYNA_ENOMEM;
        if (!text)
            continue;
        (void)!myna_buf_putc(b, sign);
        put_encoded(b, key);
        (void)!myna_buf_putc(b, '=');
        put_encoded(b, text);
        free(text);
        sign = '&';
    }
}

static void forget(struct request *r)
{
    myna_http_cancel(r->rq);
    r->rq = NULL;
    myna_buf_fini(&r->answer);
    free(r->url);
    free(r->body);
}

static void http_stop(struct myna_tool_job *job)
{
    forget((struct request *)job);
}

static enum myna_err send_it(struct request *r, int delay_ms);

static bool may_ask_again(const struct request *r, const struct myna_http_error *e)
{
    bool twice_is_once = strcmp(r->at->method, "POST") != 0 && strcmp(r->at->method, "PATCH") != 0;

    if (r->tries > r->base.src->conf.retries)
        return false;
    if (e->kind == MYNA_HTTP_REFUSED || e->kind == MYNA_HTTP_DNS)
        return true;
    if (e->kind == MYNA_HTTP_STATUS)
        return e->status == 429 || (e->status >= 502 && e->status <= 504) ||
               (e->status >= 500 && twice_is_once);
    return e->kind == MYNA_HTTP_RESET && twice_is_once;
}

/* Whether the endpoint does what it should: a refusal of one call's arguments is no failure. */
static void remember(struct request *r, const struct myna_http_error *e)
{
    struct endpoint *at = r->at;
    struct tool_source *src = r->base.src;

    if (!e || (e->kind == MYNA_HTTP_STATUS && e->status < 500 && e->status != 429)) {
        at->failures = 0;
        return;
    }
    if (++at->failures < FAILURES_MAX)
        return;
    at->failures = FAILURES_MAX - 1; /* one more call will show */
    at->not_before = myna_host_now(src->host) + LEFT_ALONE;
    myna_log_line(src->host->log, MYNA_LOG_WARN,
                  "a tool failed %d times in a row and is left alone tool=%s seconds=%d",
                  FAILURES_MAX, src->name, (int)(LEFT_ALONE / MYNA_S));
}

/* What the model reads; where it went wrong is for the log. */
static void failed(struct request *r, const struct myna_http_error *e)
{
    struct myna_tool_job *job = &r->base;
    char words[4 * MYNA_HTTP_EXCERPT + 1];

    myna_log_line(job->src->host->log, MYNA_LOG_WARN, "a tool failed tool=%s status=%d error=%s",
                  job->src->name, e->status,
                  job->src->secrets.n ? "(hidden)" : e->message); /* the URL may hold one */
    snprintf(words, sizeof words, "%s", e->excerpt ? e->excerpt : "");
    forget(r);
    switch (e->kind) {
    case MYNA_HTTP_STATUS:
        myna_tool_job_fail(job, "was answered with status %d%s%s", e->status, words[0] ? ": " : "",
                           words);
        break;
    case MYNA_HTTP_TIMEOUT:
        myna_tool_job_fail(job, "did not answer within %d ms", job->src->conf.timeout_ms);
        break;
    case MYNA_HTTP_TOO_LARGE:
        myna_tool_job_fail(job, "answered with more than %d bytes", job->src->conf.max_output);
        break;
    case MYNA_HTTP_REFUSED:
    case MYNA_HTTP_DNS:
    case MYNA_HTTP_TLS:
        myna_tool_job_fail(job, "could not be reached");
        break;
    case MYNA_HTTP_NO_LIBRARY:
        myna_tool_job_fail(job, "cannot be asked: %s", e->message);
        break;
    case MYNA_HTTP_RESET:
    case MYNA_HTTP_PROTOCOL:
    case MYNA_HTTP_URL:
    case MYNA_HTTP_MEMORY:
    default:
        myna_tool_job_fail(job, "was not answered");
    }
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct request *r = arg;

    (void)rq;
    (void)!myna_buf_put(&r->answer, bytes.ptr, bytes.len);
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct request *r = arg;
    struct myna_view text;
    struct myna_buf answer;

    (void)rq;
    r->rq = NULL;
    if (e && may_ask_again(r, e)) {
        int64_t wait = (int64_t)FIRST_WAIT_MS << (r->tries - 1);

        if (e->retry_after_ms > wait)
            wait = e->retry_after_ms;
        myna_buf_clear(&r->answer);
        if (wait < r->base.src->conf.timeout_ms && !send_it(r, (int)wait))
            return;
    }
    remember(r, e);
    if (e) {
        failed(r, e);
        return;
    }
    answer = r->answer;
    myna_buf_init(&r->answer, 1);
    forget(r);
    text = myna_buf_view(&answer);
    if (answer.err || myna_utf8_span(text.ptr, text.len) != text.len)
        myna_tool_job_fail(&r->base, "answered with what is not text");
    else
        myna_tool_job_done(&r->base, text, false);
    myna_buf_fini(&answer);
}

static enum myna_err send_it(struct request *r, int delay_ms)
{
    struct tool_source *src = r->base.src;
    struct myna_http *http = myna_host_http(src->host);
    struct myna_http_start how = {
        .method = r->at->method,
        .url = r->url,
        .headers = r->at->headers,
        .n_headers = r->at->n_headers,
        .delay_ms = delay_ms,
        .connect_ms = CONNECT_MS < src->conf.timeout_ms ? CONNECT_MS : src->conf.timeout_ms,
        .total_ms = src->conf.timeout_ms,
        .max_body = (size_t)src->conf.max_output,
        .data = on_data,
        .done = on_done,
        .arg = r};

    if (r->body)
        how.body = myna_view_of(r->body);
    r->tries++;
    return http ? myna_http_start(http, &how, &r->rq) : MYNA_ENOMEM;
}

static struct myna_tool_job *http_start(struct tool_source *src, const struct tool_offer *offer,
                                        json_t *args, const char *arguments)
{
    struct request *r = calloc(1, sizeof *r);
    const char *complaint;
    struct myna_buf url;
    myna_us wait;

    (void)offer;
    (void)arguments;
    if (!r)
        return NULL;
    myna_tool_job_init(&r->base, src);
    r->base.tool = src->name;
    r->at = src->own;
    myna_buf_init(&r->answer, (size_t)src->conf.max_output);
    myna_buf_init(&url, 64 << 10);
    complaint = fill_url(&url, src->url, args);
    if (r->at->body) {
        const char *key;
        json_t *value;
        void *next;

        json_object_foreach_safe(args, next, key, value)
        {
            if (json_is_null(value))
                json_object_del(args, key);
        }
        r->body = myna_json_dump(args, JSON_COMPACT);
    } else {
        put_query(&url, args);
    }
    r->url = url.err ? NULL : myna_buf_take(&url);
    myna_buf_fini(&url);
    wait = r->at->not_before - myna_host_now(src->host);
    if (complaint)
        myna_tool_job_fail_later(&r->base, "cannot be asked so: an argument %s", complaint);
    else if (wait > 0)
        myna_tool_job_fail_later(&r->base,
                                 "has failed %d times in a row and is not asked for another %d s",
                                 FAILURES_MAX, (int)((wait + MYNA_S - 1) / MYNA_S));
    else if (!r->url || (r->at->body && !r->body) || send_it(r, 0))
        myna_tool_job_fail_later(&r->base, "was not asked: no memory, or the arguments are too "
                                           "long");
    return &r->base;
}

const struct tool_kind myna_tool_http = {.name = "http",
                                         .create = http_create,
                                         .destroy = http_destroy,
                                         .start = http_start,
                                         .stop = http_stop};
