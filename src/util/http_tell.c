/* http_tell.c - what an owner is told of its request, and in which words an error is put.
 *
 * Runs after libcurl has returned, request by request, so that each callback may do as it likes
 * with any request: cancel frees, and `gone` says so to the function that is on the stack.
 */
#include "util/http_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"

/* ---- the queue of those with news */

void myna_http_mark_ready(struct myna_http_request *rq)
{
    if (rq->ready)
        return;
    rq->ready = true;
    rq->next_ready = NULL;
    *rq->http->ready_tail = rq;
    rq->http->ready_tail = &rq->next_ready;
}

void myna_http_unmark_ready(struct myna_http_request *rq)
{
    struct myna_http *http = rq->http;

    for (struct myna_http_request **p = &http->ready; *p; p = &(*p)->next_ready)
        if (*p == rq) {
            *p = rq->next_ready;
            if (http->ready_tail == &rq->next_ready)
                http->ready_tail = p;
            break;
        }
    rq->ready = false;
}

/* ---- errors in words */

static void say_timeout(const struct myna_http_request *rq, const char *url, char *text,
                        size_t size)
{
    if (rq->timed_out && rq->limit.what == FIRST_BYTE) {
        snprintf(text, size, "%s: no answer within %d ms", url, rq->how.first_byte_ms);
        return;
    }
    if (rq->timed_out) {
        snprintf(text, size, "%s: nothing came for %d ms in the middle of the answer", url,
                 rq->how.idle_ms);
        return;
    }
    if (!rq->was_sent)
        snprintf(text, size, "%s: no connection within %d ms", url, rq->how.connect_ms);
    else
        snprintf(text, size, "%s: the answer was not complete within %d ms", url, rq->how.total_ms);
}

static const char *tls_remedy(const char *problem)
{
    if (strstr(problem, "wrong version number"))
        return " (does it speak TLS at all? Without, the address begins with http:// or ws://)";
    if (strstr(problem, "self-signed") || strstr(problem, "issuer"))
        return " (a certificate of your own? Let this machine trust it: update-ca-certificates)";
    return "";
}

static void say(const struct myna_http_request *rq, const struct myna_http_error *e, char *text,
                size_t size)
{
    struct myna_why why = {0};
    char url[200];

    myna_http_show_url(rq->url, url, sizeof url);
    switch (e->kind) {
    case MYNA_HTTP_STATUS:
        snprintf(text, size, "%s: HTTP %d%s%s", url, e->status, e->excerpt[0] ? ": " : "",
                 e->excerpt);
        return;
    case MYNA_HTTP_REFUSED:
        snprintf(text, size, "%s: nobody answers there; is the server running?", url);
        return;
    case MYNA_HTTP_DNS:
        snprintf(text, size, "%s: the name is not known; is the address right, is there a network?",
                 url);
        return;
    case MYNA_HTTP_TLS:
        snprintf(text, size, "%s: no safe connection: %s%s", url, rq->problem,
                 tls_remedy(rq->problem));
        return;
    case MYNA_HTTP_TIMEOUT:
        say_timeout(rq, url, text, size);
        return;
    case MYNA_HTTP_RESET:
        snprintf(text, size, "%s: the connection was closed %s", url,
                 rq->has_head ? "in the middle of the answer" : "without an answer");
        return;
    case MYNA_HTTP_TOO_LARGE:
        snprintf(text, size, "%s: the answer is too long (more than %zu bytes%s)", url,
                 !rq->has_head      ? (size_t)MYNA_HTTP_MAX_HEAD
                 : rq->how.max_body ? rq->how.max_body
                                    : MYNA_HTTP_MAX_BODY,
                 rq->has_head ? "" : " of headers");
        return;
    case MYNA_HTTP_PROTOCOL:
        snprintf(text, size, "%s: what answers there does not speak HTTP as it should%s%s", url,
                 rq->problem[0] ? ": " : "", rq->problem);
        return;
    case MYNA_HTTP_URL:
        if (rq->bad_header)
            snprintf(text, size, "%s: %s", url, rq->problem);
        else
            snprintf(text, size, "'%s' is no http:// or https:// address that can be used", url);
        return;
    case MYNA_HTTP_MEMORY:
        snprintf(text, size, "%s: no memory for the answer", url);
        return;
    case MYNA_HTTP_NO_LIBRARY:
        (void)!myna_http_available(&why);
        snprintf(text, size, "%s", why.text);
        return;
    }
}

const char *myna_http_header(const struct myna_http_request *rq, const char *name)
{
    const char *line = (const char *)rq->head.ptr, *end = line + rq->head.len;
    size_t n = strlen(name);

    for (; line && line < end; line += strlen(line) + 1)
        if (!strncasecmp(line, name, n) && line[n] == ':')
            return line + n + 1 + strspn(line + n + 1, " \t");
    return NULL;
}

/* ---- callbacks */

/* Tells done(); the request is gone when it returns. */
static void tell_done(struct myna_http_request *rq)
{
    struct myna_http_error e = {
        .status = rq->status, .retry_after_ms = -1, .began = rq->told_data, .excerpt = ""};
    struct myna_buf excerpt;
    const char *after = myna_http_header(rq, "Retry-After");
    bool gone = false;
    char text[600];

    myna_http_leave_world(rq); /* if done() asks the world again, it is counted anew */
    /* cppcheck-suppress autoVariables ; taken back below */
    rq->gone = &gone;
    if (rq->has_head && rq->status < 300 && !rq->failed) {
        rq->how.done(rq->how.arg, rq, NULL);
    } else {
        myna_buf_init(&excerpt, 0);
        if (rq->has_head && rq->status >= 300) {
            e.kind = MYNA_HTTP_STATUS;
            e.body = myna_buf_view(&rq->in);
            myna_http_excerpt(&excerpt, e.body, (const char *const *)rq->secrets, rq->n_secrets);
            e.excerpt = myna_buf_str(&excerpt);
        } else {
            e.kind = rq->kind;
        }
        if (after)
            e.retry_after_ms = myna_http_retry_after(after, myna_clock_wall_ms());
        say(rq, &e, text, sizeof text);
        e.message = text;
        rq->how.done(rq->how.arg, rq, &e);
        myna_buf_fini(&excerpt);
    }
    if (gone)
        return;
    rq->gone = NULL;
    myna_http_free(rq);
}

/* The bytes leave the request for the call, so that the owner may cancel it meanwhile. */
static void tell_data(struct myna_http_request *rq, const bool *gone)
{
    struct myna_buf b = rq->in;

    myna_buf_init(&rq->in, 4 * MYNA_HTTP_HIGH);
    rq->told_data = true;
    rq->how.data(rq->how.arg, rq, myna_buf_view(&b));
    if (!*gone && !rq->in.ptr) { /* its memory serves again */
        myna_buf_clear(&b);
        rq->in = b;
        return;
    }
    myna_buf_fini(&b);
}

static void deliver_one(struct myna_http_request *rq)
{
    bool gone = false, body = rq->has_head && rq->status < 300;

    if (rq->draining) {
        if (rq->finished)
            myna_http_free(rq);
        return;
    }
    if (rq->opened && !rq->finished) {
        if (!rq->told_head) {
            rq->told_head = true;
            myna_http_leave_world(rq);
            rq->how.head(rq->how.arg, rq, 0);
        }
        return;
    }
    /* cppcheck-suppress autoVariables ; taken back below */
    rq->gone = &gone;
    if (body && !rq->told_head) {
        rq->told_head = true;
        if (rq->how.head)
            rq->how.head(rq->how.arg, rq, rq->status);
        if (gone)
            return;
    }
    if (body && rq->in.len && !rq->paused) {
        tell_data(rq, &gone);
        if (gone)
            return;
    }
    rq->gone = NULL;
    if (rq->held && !rq->paused && !rq->finished) {
        myna_http_unhold(rq);
    }
    if (rq->finished && (!body || !rq->in.len))
        tell_done(rq);
}

void myna_http_deliver(struct myna_http *http)
{
    struct myna_http_request *rq;

    while ((rq = http->ready)) {
        http->ready = rq->next_ready;
        if (!http->ready)
            http->ready_tail = &http->ready;
        rq->ready = false;
        deliver_one(rq);
    }
}
