/* http_curl_request.c - one request as libcurl sees it: made, sent, answered, over.
 *
 * What arrives is first put into the request, and told to its owner after libcurl has returned
 * (deliver, http_tell.c): so owners may start, cancel and pause whatever they like, which libcurl
 * would not allow from inside its callbacks. More than MYNA_HTTP_HIGH bytes wait in the socket, not
 * here.
 */
#include "util/http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/http_curl_calls.h"

#define DRAIN_TIME MYNA_S

/* ---- what arrives */

static void byte_came(struct myna_http_request *rq)
{
    if (!rq->draining)
        myna_http_set_limit(rq, IDLE, rq->paused ? 0 : rq->how.idle_ms);
}

static size_t on_header(char *ptr, size_t size, size_t n, void *arg)
{
    struct myna_http_request *rq = arg;
    size_t len = size * n, line = len;
    long status = 0;

    byte_came(rq);
    if (rq->has_head)
        return len; /* a trailer */
    if (len > 5 && !memcmp(ptr, "HTTP/", 5)) {
        rq->arrived = 0;
        myna_buf_clear(&rq->head);
        return len;
    }
    while (line > 0 && (ptr[line - 1] == '\r' || ptr[line - 1] == '\n'))
        line--;
    rq->arrived += len; /* of the head, so far */
    if (rq->arrived > MYNA_HTTP_MAX_HEAD) {
        rq->too_large = true;
        return 0;
    }
    if (line > 0) {
        myna_buf_put(&rq->head, ptr, line);
        if (myna_buf_putc(&rq->head, '\0')) {
            rq->short_of_memory = true;
            return 0;
        }
        return len;
    }
    rq->arrived = 0;
    curl_easy_getinfo(rq->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200) {
        rq->status = (int)status;
        rq->has_head = true;
        myna_http_mark_ready(rq);
    }
    return len;
}

static size_t on_body(char *ptr, size_t size, size_t n, void *arg)
{
    struct myna_http_request *rq = arg;
    size_t len = size * n, keep = len;

    byte_came(rq);
    if (rq->draining) {
        rq->arrived += len;
        return rq->arrived > MYNA_HTTP_HIGH ? 0 : len; /* more than its rest: not worth reading */
    }
    if (rq->status < 300 && (rq->in.len >= MYNA_HTTP_HIGH || rq->paused)) {
        rq->held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    rq->arrived += len;
    if (rq->status >= 300 && rq->in.len + len > MYNA_HTTP_HIGH) {
        keep = MYNA_HTTP_HIGH - rq->in.len;
        rq->enough = true;
    } else if (rq->arrived > (rq->how.max_body ? rq->how.max_body : MYNA_HTTP_MAX_BODY)) {
        rq->too_large = true;
        return 0;
    }
    if (myna_buf_put(&rq->in, ptr, keep)) {
        rq->short_of_memory = true;
        return 0;
    }
    myna_http_mark_ready(rq);
    return keep;
}

bool myna_http_reused(const struct myna_http_request *rq)
{
    long connects = 1;

    if (rq->easy)
        curl_easy_getinfo(rq->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0;
}

/* ---- the life of a request */

void myna_http_leave_world(struct myna_http_request *rq)
{
    if (rq->counted)
        myna_loop_world_end(rq->http->host->loop);
    rq->counted = false;
}

static void leave_multi(struct myna_http_request *rq)
{
    if (rq->in_multi)
        curl_multi_remove_handle(rq->http->multi, rq->easy);
    rq->in_multi = false;
}

void myna_http_free(struct myna_http_request *rq)
{
    struct myna_http *http = rq->http;

    if (rq->gone)
        *rq->gone = true;
    myna_loop_poll_close(rq->raw);
    leave_multi(rq); /* an answer that is not complete: this closes its socket */
    myna_http_leave_world(rq);
    if (rq->ready)
        myna_http_unmark_ready(rq);
    if (rq->prev)
        rq->prev->next = rq->next;
    else if (http->all == rq)
        http->all = rq->next;
    if (rq->next)
        rq->next->prev = rq->prev;
    if (--http->n == 0)
        myna_http_rest(http);
    if (rq->easy)
        curl_easy_cleanup(rq->easy);
    if (rq->list)
        curl_slist_free_all(rq->list);
    for (size_t i = 0; i < rq->n_secrets; i++)
        free(rq->secrets[i]);
    myna_buf_fini(&rq->head);
    myna_buf_fini(&rq->in);
    free(rq->block);
    free(rq->body);
    free(rq->url);
    free(rq);
}

static enum myna_http_kind kind_of(const struct myna_http_request *rq, CURLcode result)
{
    if (rq->no_library)
        return MYNA_HTTP_NO_LIBRARY;
    if (rq->short_of_memory || result == CURLE_OUT_OF_MEMORY)
        return MYNA_HTTP_MEMORY;
    if (rq->too_large)
        return MYNA_HTTP_TOO_LARGE;
    switch ((int)result) { /* not all of a hundred codes: */
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer without a status line is HTTP/0.9 to libcurl */
        return rq->was_sent ? MYNA_HTTP_PROTOCOL : MYNA_HTTP_URL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return MYNA_HTTP_DNS;
    case CURLE_COULDNT_CONNECT:
        return MYNA_HTTP_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return MYNA_HTTP_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return MYNA_HTTP_TLS;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return MYNA_HTTP_RESET;
    default:
        return MYNA_HTTP_PROTOCOL;
    }
}

void myna_http_finish(struct myna_http_request *rq, int result)
{
    curl_off_t sent = 0;

    if (rq->finished)
        return;
    if (rq->easy)
        curl_easy_getinfo(rq->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    leave_multi(rq);
    rq->finished = true;
    rq->was_sent = sent > 0;
    rq->failed = result != CURLE_OK || rq->short_of_memory;
    rq->kind = kind_of(rq, (CURLcode)result);
    if (rq->failed && !rq->problem[0] && rq->easy)
        snprintf(rq->problem, sizeof rq->problem, "%s", curl_easy_strerror((CURLcode)result));
    rq->limit.at = MYNA_NEVER;
    myna_http_mark_ready(rq);
}

void myna_http_unhold(struct myna_http_request *rq)
{
    rq->held = false;
    curl_easy_pause(rq->easy, CURLPAUSE_CONT);
}

/* ---- raw lines */

static void on_raw(void *arg, int events)
{
    struct myna_http_request *rq = arg;

    rq->how.raw_ready(rq->how.arg, rq, events);
}

/* Connected. The request stays in the multi handle: outside of it libcurl closes the line. */
void myna_http_open_raw(struct myna_http_request *rq)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    curl_easy_getinfo(rq->easy, CURLINFO_ACTIVESOCKET, &fd);
    rq->block = malloc(MYNA_HTTP_BLOCK);
    if (fd != CURL_SOCKET_BAD && rq->block)
        rq->raw = myna_loop_poll(rq->http->host->loop, (int)fd, 1, on_raw, rq);
    if (!rq->raw) {
        myna_http_finish(rq, CURLE_OUT_OF_MEMORY);
        return;
    }
    rq->opened = true;
    rq->limit.at = MYNA_NEVER;
    myna_http_mark_ready(rq);
}

/* OpenSSL takes a send that did not get through again from the same place alone, with the same
 * length ("bad write retry"); the owner's buffer grows and moves meanwhile. So bytes go from a
 * block that stays. */
ptrdiff_t myna_http_raw_send(struct myna_http_request *rq, const void *ptr, size_t len)
{
    size_t take = len < MYNA_HTTP_BLOCK ? len : MYNA_HTTP_BLOCK, n = 0;
    CURLcode rc;

    if (rq->waiting > len)
        return -1; /* they are on their way already */
    if (!rq->waiting && take)
        memcpy(rq->block, ptr, take);
    if (rq->waiting)
        take = rq->waiting;
    rc = curl_easy_send(rq->easy, rq->block, take, &n);
    rq->waiting = rc == CURLE_AGAIN ? take : 0;
    return rc == CURLE_OK ? (ptrdiff_t)n : rc == CURLE_AGAIN ? 0 : -1;
}

ptrdiff_t myna_http_raw_recv(struct myna_http_request *rq, void *ptr, size_t size)
{
    size_t n = 0;
    CURLcode rc = curl_easy_recv(rq->easy, ptr, size, &n);

    return rc == CURLE_AGAIN ? 0 : rc == CURLE_OK && n > 0 ? (ptrdiff_t)n : -1;
}

void myna_http_raw_events(struct myna_http_request *rq, int events)
{
    myna_loop_poll_events(rq->raw, events);
}

/* ---- start, cancel, drain, pause */

void myna_http_send(struct myna_http_request *rq)
{
    myna_http_set_limit(rq, FIRST_BYTE, rq->how.first_byte_ms);
    rq->in_multi = true;
    if (curl_multi_add_handle(rq->http->multi, rq->easy) != CURLM_OK) {
        rq->in_multi = false;
        myna_http_finish(rq, CURLE_OUT_OF_MEMORY);
    }
}

/* What must not be shown: the value, and behind "Bearer " the key alone. */
static bool keep_secret(struct myna_http_request *rq, const char *value)
{
    const char *space = strrchr(value, ' ');

    for (int i = 0; i < 2; i++) {
        const char *part = i ? space : value;

        if (!part || rq->n_secrets == MAX_SECRETS)
            continue;
        part += i;
        rq->secrets[rq->n_secrets] = strdup(part);
        if (!rq->secrets[rq->n_secrets])
            return false;
        rq->n_secrets++;
    }
    return true;
}

static bool add_header(struct myna_http_request *rq, const char *name, const char *value)
{
    struct curl_slist *list;
    struct myna_buf line;

    myna_buf_init(&line, 0);
    if (value[0])
        myna_buf_printf(&line, "%s: %s", name, value);
    else
        myna_buf_printf(&line, "%s;", name); /* libcurl's way to say: empty */
    list = line.err ? NULL : curl_slist_append(rq->list, myna_buf_str(&line));
    myna_buf_fini(&line);
    if (list)
        rq->list = list;
    return list != NULL;
}

/* 0, or what done() shall say. */
static CURLcode add_headers(struct myna_http_request *rq, const struct myna_http_start *how)
{
    rq->list = curl_slist_append(NULL, "Expect:"); /* no round trip before a long body */
    if (!rq->list)
        return CURLE_OUT_OF_MEMORY;
    for (size_t i = 0; i < how->n_headers; i++) {
        if (!myna_http_good_header(&how->headers[i])) {
            rq->bad_header = true;
            snprintf(rq->problem, sizeof rq->problem,
                     "header '%.40s' cannot be sent: its name or value has a character that no "
                     "header may have",
                     how->headers[i].name);
            return CURLE_URL_MALFORMAT;
        }
        if (!add_header(rq, how->headers[i].name, how->headers[i].value) ||
            (how->headers[i].secret && !keep_secret(rq, how->headers[i].value)))
            return CURLE_OUT_OF_MEMORY;
    }
    return CURLE_OK;
}

static CURLcode set_up(struct myna_http_request *rq)
{
    const struct myna_http_start *how = &rq->how;
    const char *store = getenv("SSL_CERT_FILE");
    CURLcode bad = CURLE_OK;

#define SET(option, value)                                                                         \
    do {                                                                                           \
        CURLcode rc = curl_easy_setopt(rq->easy, option, value);                                   \
                                                                                                   \
        if (rc)                                                                                    \
            bad = rc;                                                                              \
    } while (0)
    SET(CURLOPT_URL, rq->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a cancel does not wait for a slow name server */
    SET(CURLOPT_PRIVATE, rq);
    SET(CURLOPT_ERRORBUFFER, rq->problem);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, rq);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, rq);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HTTPHEADER, rq->list);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)how->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)how->total_ms);
    if (myna_http_is_loopback(rq->url))
        SET(CURLOPT_PROXY, "");
    if (store && store[0])
        SET(CURLOPT_CAINFO, store);
    if (rq->body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)how->body.len);
        SET(CURLOPT_POSTFIELDS, rq->body);
    }
    if (how->method)
        SET(CURLOPT_CUSTOMREQUEST, how->method);
    if (how->raw) {
        SET(CURLOPT_CONNECT_ONLY, 1L);
        SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
        SET(CURLOPT_SSL_ENABLE_ALPN, how->no_alpn ? 0L : 1L);
    }
#undef SET
    return bad;
}

/* 0, or what done() shall say; CURLE_OUT_OF_MEMORY is told at once. */
static CURLcode prepare(struct myna_http_request *rq)
{
    CURLcode bad;

    rq->no_library = !rq->http->multi;
    if (rq->no_library)
        return CURLE_FAILED_INIT;
    rq->easy = curl_easy_init();
    if (!rq->easy)
        return CURLE_OUT_OF_MEMORY;
    bad = add_headers(rq, &rq->how);
    return bad ? bad : set_up(rq);
}

static void enlist(struct myna_http *http, struct myna_http_request *rq)
{
    rq->http = http;
    rq->next = http->all;
    if (http->all)
        http->all->prev = rq;
    http->all = rq;
    http->n++;
    rq->limit.at = MYNA_NEVER;
    myna_buf_init(&rq->head, 2 * (size_t)MYNA_HTTP_MAX_HEAD);
    myna_buf_init(&rq->in, 4 * MYNA_HTTP_HIGH);
}

enum myna_err myna_http_start(struct myna_http *http, const struct myna_http_start *how,
                              struct myna_http_request **out)
{
    struct myna_http_request *rq;
    CURLcode bad;

    if (how->body.len > MYNA_HTTP_MAX_REQUEST)
        return MYNA_ELIMIT;
    rq = calloc(1, sizeof *rq);
    if (!rq)
        return MYNA_ENOMEM;
    enlist(http, rq);
    rq->how = *how;
    rq->url = strdup(how->url ? how->url : "");
    if (how->body.ptr)
        rq->body = malloc(how->body.len + 1);
    if (rq->body && how->body.len)
        memcpy(rq->body, how->body.ptr, how->body.len);
    if (!rq->url || (how->body.ptr && !rq->body) || !myna_http_listen(http))
        goto fail;
    bad = prepare(rq);
    if (bad == CURLE_OUT_OF_MEMORY)
        goto fail;
    rq->counted = !how->background;
    if (rq->counted)
        myna_loop_world_begin(http->host->loop);
    if (bad) { /* told from the loop, as everything */
        myna_http_finish(rq, CURLE_URL_MALFORMAT);
        http->curl_at = myna_clock_monotonic();
        myna_http_arm(http);
    } else if (how->delay_ms > 0) {
        myna_http_set_limit(rq, DELAY, how->delay_ms);
    } else {
        myna_http_send(rq);
    }
    if (rq->finished && http->curl_at == MYNA_NEVER) {
        http->curl_at = myna_clock_monotonic();
        myna_http_arm(http);
    }
    *out = rq;
    return MYNA_OK;
fail:
    myna_http_free(rq);
    return MYNA_ENOMEM;
}

void myna_http_cancel(struct myna_http_request *rq)
{
    if (rq)
        myna_http_free(rq);
}

void myna_http_drain(struct myna_http_request *rq)
{
    if (!rq)
        return;
    if (rq->gone)
        *rq->gone = true;
    rq->gone = NULL;
    if (rq->finished || !rq->in_multi) {
        myna_http_free(rq);
        return;
    }
    myna_http_leave_world(rq);
    rq->draining = true;
    rq->arrived = 0;
    myna_http_set_limit(rq, DRAIN, (int)(DRAIN_TIME / MYNA_MS));
    if (rq->held)
        myna_http_unhold(rq);
}

void myna_http_pause(struct myna_http_request *rq, bool pause)
{
    if (rq->paused == pause)
        return;
    rq->paused = pause;
    if (rq->limit.what == IDLE && !rq->finished)
        myna_http_set_limit(rq, IDLE, pause ? 0 : rq->how.idle_ms);
    if (pause)
        return;
    myna_http_mark_ready(rq); /* told from the loop */
    rq->http->curl_at = myna_clock_monotonic();
    myna_http_arm(rq->http);
}

void myna_http_set_idle(struct myna_http_request *rq, int ms)
{
    rq->how.idle_ms = ms;
    if (rq->limit.what == IDLE && !rq->finished && !rq->paused)
        myna_http_set_limit(rq, IDLE, ms);
}

size_t myna_http_active(const struct myna_http *http)
{
    return http->n;
}
