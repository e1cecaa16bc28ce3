/* turn_far.c - see turn_far.h. */
#include "rtc/turn_far.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/host.h"
#include "util/http.h"

enum { CONNECT_MS = 20000 }; /* name, TCP, TLS */

static void is_up(struct myna_turn_far *f)
{
    f->up = true;
    f->events->up(f->arg);
}

static void failed(struct myna_turn_far *f, const char *why)
{
    myna_turn_far_close(f);
    f->events->failed(f->arg, why);
}

/* ---- TLS */

static void on_raw(void *arg, struct myna_http_request *rq, int events)
{
    struct myna_turn_far *f = arg;

    (void)rq;
    (void)events;
    f->events->ready(f->arg);
}

static void on_up(void *arg, struct myna_http_request *rq, int status)
{
    (void)rq;
    (void)status;
    is_up(arg);
}

/* The client's sentence begins with an https: URL that nobody wrote. */
static void on_no_line(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_turn_far *f = arg;
    const char *text = error ? error->message : "no connection";
    size_t n = strlen(f->url);

    (void)rq;
    f->tls = NULL; /* the client frees it */
    if (!strncmp(text, f->url, n) && (text[n] == ':' || text[n] == '/'))
        text += strcspn(text + n, " ") + n;
    while (*text == ' ')
        text++;
    if (strstr(text, "wrong version number"))
        text = "what answers there speaks no TLS; is it a turn: server with ?transport=tcp?";
    failed(f, text);
}

bool myna_turn_far_open_tls(struct myna_turn_far *f, const char *url)
{
    struct myna_http *http = myna_host_http(f->host);
    struct myna_http_start how = {.url = url,
                                  .connect_ms = CONNECT_MS,
                                  .background = true,
                                  .raw = true,
                                  .no_alpn = true,
                                  .raw_ready = on_raw,
                                  .head = on_up,
                                  .done = on_no_line,
                                  .arg = f};

    f->url = url;
    return http && !myna_http_start(http, &how, &f->tls);
}

/* ---- TCP */

static void refused(struct myna_turn_far *f, int error)
{
    char text[200];

    snprintf(text, sizeof text, "nobody answers there (%s): is it up, and its TCP port open?",
             strerror(error));
    failed(f, text);
}

static void on_tcp(void *arg, int events)
{
    struct myna_turn_far *f = arg;
    int error = 0;
    socklen_t len = sizeof error;

    (void)events;
    if (f->up) {
        f->events->ready(f->arg);
        return;
    }
    if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len))
        error = errno;
    if (error) {
        refused(f, error);
        return;
    }
    myna_timer_clear(&f->limit);
    is_up(f);
}

static void limit_fire(struct myna_timer *t)
{
    struct myna_turn_far *f = t->arg;

    refused(f, f->error);
}

/* What is refused at once is told as all else is: when the loop comes to it. */
bool myna_turn_far_open_tcp(struct myna_turn_far *f, const char *ip, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;

    f->error = ETIMEDOUT;
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (f->fd < 0 || inet_pton(AF_INET, ip, &a.sin_addr) != 1) {
        myna_turn_far_close(f);
        return false;
    }
    setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!connect(f->fd, (struct sockaddr *)&a, sizeof a) || errno == EINPROGRESS) {
        f->poll = myna_loop_poll(f->host->loop, f->fd, 2, on_tcp, f);
        if (f->poll && !myna_timer_set(&f->limit, myna_host_now(f->host) + CONNECT_MS * MYNA_MS)) {
            myna_loop_poll_background(f->poll);
            return true;
        }
    } else {
        f->error = errno;
        if (!myna_timer_set(&f->limit, myna_host_now(f->host)))
            return true;
    }
    myna_turn_far_close(f);
    return false;
}

/* ---- both */

void myna_turn_far_init(struct myna_turn_far *f, struct myna_host *host,
                        const struct myna_turn_far_events *events, void *arg)
{
    *f = (struct myna_turn_far){.host = host, .events = events, .arg = arg, .fd = -1};
    myna_host_timer_init(host, &f->limit, limit_fire, f);
}

void myna_turn_far_close(struct myna_turn_far *f)
{
    myna_http_cancel(f->tls);
    myna_loop_poll_close(f->poll);
    myna_timer_clear(&f->limit);
    if (f->fd >= 0)
        close(f->fd);
    f->tls = NULL;
    f->poll = NULL;
    f->fd = -1;
    f->up = false;
}

ptrdiff_t myna_turn_far_send(struct myna_turn_far *f, const void *bytes, size_t len)
{
    ssize_t n;

    if (f->fd < 0)
        return myna_http_raw_send(f->tls, bytes, len);
    n = send(f->fd, bytes, len, MSG_NOSIGNAL);
    return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

ptrdiff_t myna_turn_far_recv(struct myna_turn_far *f, void *into, size_t cap)
{
    ssize_t n;

    if (f->fd < 0)
        return myna_http_raw_recv(f->tls, into, cap);
    n = recv(f->fd, into, cap, 0);
    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void myna_turn_far_listen(struct myna_turn_far *f, int events)
{
    if (f->fd < 0)
        myna_http_raw_events(f->tls, events);
    else
        myna_loop_poll_events(f->poll, events);
}
