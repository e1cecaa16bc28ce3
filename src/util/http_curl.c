/* http_curl.c - the client: libcurl's multi interface on our loop.
 *
 * libcurl says which sockets it waits for (on_socket) and when it wants to be called again
 * (on_timer). The former become polls of the loop, the latter, with our own limits, one timerfd,
 * which counts real time whatever the loop's clock does. One request is in http_curl_request.c;
 * libcurl itself is opened by http_curl_calls.c.
 */
#include "util/http_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/http_curl_calls.h"

#define MAX_IDLE_CONN 64

struct wait { /* one socket of libcurl's */
    struct myna_http *http;
    struct myna_poll *poll;
    curl_socket_t fd;
};

/* ---- time */

void myna_http_arm(struct myna_http *http)
{
    myna_us at = http->curl_at < http->limit_at ? http->curl_at : http->limit_at;
    struct itimerspec spec = {0};

    if (at == http->armed)
        return;
    http->armed = at;
    if (at != MYNA_NEVER) {
        spec.it_value.tv_sec = (time_t)(at / MYNA_S);
        spec.it_value.tv_nsec = (long)(at % MYNA_S * 1000);
        if (!spec.it_value.tv_sec && !spec.it_value.tv_nsec)
            spec.it_value.tv_nsec = 1; /* zero would disarm */
    }
    timerfd_settime(http->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct myna_http *http = arg;

    (void)multi;
    http->curl_at = ms < 0 ? MYNA_NEVER : myna_clock_monotonic() + ms * MYNA_MS;
    myna_http_arm(http);
    return 0;
}

void myna_http_set_limit(struct myna_http_request *rq, int what, int ms)
{
    rq->limit.what = what;
    rq->limit.at = ms > 0 ? myna_clock_monotonic() + ms * MYNA_MS : MYNA_NEVER;
    if (rq->limit.at < rq->http->limit_at) {
        rq->http->limit_at = rq->limit.at;
        myna_http_arm(rq->http);
    }
}

/* ---- libcurl is told what happened */

static void collect(struct myna_http *http)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(http->multi, &left))) {
        struct myna_http_request *rq = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&rq);
        if (rq->how.raw && msg->data.result == CURLE_OK)
            myna_http_open_raw(rq);
        else
            myna_http_finish(rq, msg->data.result);
    }
    if (!http->broken)
        return;
    http->broken = false;
    for (struct myna_http_request *rq = http->all; rq; rq = rq->next)
        if (rq->in_multi && !rq->opened) {
            rq->short_of_memory = true;
            myna_http_finish(rq, CURLE_OUT_OF_MEMORY);
        }
}

static void act(struct myna_http *http, curl_socket_t fd, int events)
{
    int running;

    if (http->multi) {
        curl_multi_socket_action(http->multi, fd, events, &running);
        collect(http);
    }
    myna_http_deliver(http);
}

static void on_ready(void *arg, int events)
{
    struct wait *w = arg;

    act(w->http, w->fd, (events & 1 ? CURL_CSELECT_IN : 0) | (events & 2 ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct myna_http *http = arg;
    struct wait *w = of_socket;
    int events = what == CURL_POLL_IN      ? 1
                 : what == CURL_POLL_OUT   ? 2
                 : what == CURL_POLL_INOUT ? 3
                                           : 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            myna_loop_poll_close(w->poll);
        free(w);
        curl_multi_assign(http->multi, fd, NULL);
        return 0;
    }
    if (w) {
        myna_loop_poll_events(w->poll, events);
        return 0;
    }
    w = calloc(1, sizeof *w);
    if (w)
        *w = (struct wait){.http = http, .fd = fd};
    if (w)
        w->poll = myna_loop_poll(http->host->loop, (int)fd, events, on_ready, w);
    if (!w || !w->poll) {
        free(w);
        http->broken = true; /* to fail here would end libcurl's multi handle; see collect() */
        http->curl_at = myna_clock_monotonic();
        myna_http_arm(http);
        return 0;
    }
    curl_multi_assign(http->multi, fd, w);
    return 0;
}

static void past_limit(struct myna_http_request *rq)
{
    if (rq->limit.what == DELAY) {
        myna_http_send(rq);
        return;
    }
    rq->timed_out = true;
    myna_http_finish(rq, CURLE_OPERATION_TIMEDOUT);
}

static void check_limits(struct myna_http *http, myna_us now)
{
    struct myna_http_request *next;

    http->limit_at = MYNA_NEVER;
    for (struct myna_http_request *rq = http->all; rq; rq = next) {
        next = rq->next;
        if (rq->limit.at <= now)
            past_limit(rq);
        if (rq->limit.at < http->limit_at)
            http->limit_at = rq->limit.at;
    }
}

static void on_alarm(void *arg, int events)
{
    struct myna_http *http = arg;
    uint64_t times;
    myna_us now = myna_clock_monotonic();

    (void)events;
    if (read(http->fd, &times, sizeof times) < 0 && errno != EAGAIN)
        now =
            MYNA_NEVER - 1; /* cannot happen to a timerfd; nobody shall wait for ever if it does */
    http->armed = MYNA_NEVER;
    if (http->limit_at <= now)
        check_limits(http, now);
    if (http->curl_at <= now) {
        http->curl_at = MYNA_NEVER;
        act(http, CURL_SOCKET_TIMEOUT, 0);
    } else {
        if (http->multi)
            collect(http);
        myna_http_deliver(http);
    }
    myna_http_arm(http);
}

bool myna_http_listen(struct myna_http *http)
{
    if (!http->fd_poll)
        http->fd_poll = myna_loop_poll(http->host->loop, http->fd, 1, on_alarm, http);
    return http->fd_poll;
}

void myna_http_rest(struct myna_http *http)
{
    myna_loop_poll_close(http->fd_poll);
    http->fd_poll = NULL;
}

/* ---- the client */

static void run_load(struct myna_work *w)
{
    (void)w;
    (void)!myna_curl_load(NULL); /* each request says what is missing */
}

static void loaded(struct myna_work *w)
{
    free(w);
}

void myna_http_prepare(struct myna_host *host)
{
    struct myna_work *w = host->http ? NULL : calloc(1, sizeof *w);

    if (!w)
        return;
    w->run = run_load;
    w->done = loaded;
    if (myna_host_work(host, w))
        free(w);
}

static void ignore_sigpipe(void)
{
    struct sigaction now;

    if (!sigaction(SIGPIPE, NULL, &now) && now.sa_handler == SIG_DFL) {
        now.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &now, NULL);
    }
}

enum myna_err myna_http_available(struct myna_why *why)
{
    return myna_curl_load(why);
}

static bool make_multi(struct myna_http *http)
{
    if (myna_curl_load(NULL))
        return true; /* myna_http_start() ends each request with the sentence */
    http->multi = curl_multi_init();
    if (!http->multi)
        return false;
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONN);
    return true;
}

struct myna_http *myna_host_http(struct myna_host *host)
{
    struct myna_http *http;

    if (host->http)
        return host->http;
    ignore_sigpipe(); /* OpenSSL writes with write(2) */
    http = calloc(1, sizeof *http);
    if (!http)
        return NULL;
    http->host = host;
    http->curl_at = http->limit_at = http->armed = MYNA_NEVER;
    http->ready_tail = &http->ready;
    http->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (http->fd < 0 || !make_multi(http)) {
        myna_http_destroy(http);
        return NULL;
    }
    host->http = http;
    return http;
}

void myna_http_destroy(struct myna_http *http)
{
    if (!http)
        return;
    while (http->all)
        myna_http_free(http->all);
    if (http->multi)
        curl_multi_cleanup(http->multi);
    if (http->fd >= 0)
        close(http->fd);
    if (http->host->http == http)
        http->host->http = NULL;
    free(http);
}
