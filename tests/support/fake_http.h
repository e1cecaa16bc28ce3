/* fake_http.h - a server in the test's own loop, which answers byte for byte what the test says.
 *
 * It listens on a free port of 127.0.0.1. answer() is called when a whole request (head and the
 * body that Content-Length promises) has arrived; it sends what it likes, now or later. No threads.
 */
#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/loop.h"

#include "check.h"

enum { FAKE_CONNS = 16, FAKE_REQUEST = 1 << 16 };

struct fake_conn {
    struct fake_http *server;
    int fd; /* -1: free */
    struct myna_poll *poll;
    char request[FAKE_REQUEST];
    size_t len;
    int n_requests;
};

struct fake_http {
    struct myna_loop *loop;
    int fd, port;
    struct myna_poll *poll;
    struct fake_conn conns[FAKE_CONNS];
    int n_accepted, n_closed; /* n_closed: by the client */
    void (*answer)(struct fake_conn *c);
    void (*bytes)(struct fake_conn *c);  /* instead of answer(): with any bytes; may be NULL */
    void (*closed)(struct fake_conn *c); /* may be NULL */
    char last[FAKE_REQUEST];             /* the request answered last */
};

static inline void fake_close(struct fake_conn *c)
{
    myna_loop_poll_close(c->poll);
    close(c->fd);
    c->poll = NULL;
    c->fd = -1;
    c->len = 0;
}

static inline void fake_send(struct fake_conn *c, const char *bytes, size_t len)
{
    while (len > 0 && c->fd >= 0) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the client has gone, or does not read */
        bytes += n;
        len -= (size_t)n;
    }
}

static inline void fake_say(struct fake_conn *c, const char *text)
{
    fake_send(c, text, strlen(text));
}

/* The head of an answer with that body, and the body. */
static inline void fake_answer(struct fake_conn *c, int status, const char *headers,
                               const char *body)
{
    char head[2048];

    snprintf(head, sizeof head, "HTTP/1.1 %d Word\r\n%sContent-Length: %zu\r\n\r\n", status,
             headers, strlen(body));
    fake_say(c, head);
    fake_say(c, body);
}

/* Bytes of the first request in c->request, 0: it is not whole yet. */
static inline size_t fake_whole(const struct fake_conn *c)
{
    const char *end = memmem(c->request, c->len, "\r\n\r\n", 4);
    const char *length = end ? strcasestr(c->request, "\r\ncontent-length:") : NULL;
    size_t head = end ? (size_t)(end + 4 - c->request) : 0;
    size_t body = length && length < end ? (size_t)atol(length + 17) : 0;

    return head && c->len >= head + body ? head + body : 0;
}

static inline void fake_readable(void *arg, int events)
{
    struct fake_conn *c = arg;
    ssize_t n = recv(c->fd, c->request + c->len, sizeof c->request - 1 - c->len, MSG_DONTWAIT);
    size_t whole;

    (void)events;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        c->server->n_closed++;
        fake_close(c);
        if (c->server->closed)
            c->server->closed(c);
        return;
    }
    c->len += (size_t)n;
    c->request[c->len] = '\0';
    if (c->server->bytes) {
        c->server->bytes(c);
        return;
    }
    whole = fake_whole(c);
    if (!whole)
        return;
    memcpy(c->server->last, c->request, whole);
    c->server->last[whole] = '\0';
    c->len = 0;
    c->n_requests++;
    c->server->answer(c);
}

static inline void fake_acceptable(void *arg, int events)
{
    struct fake_http *s = arg;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    for (int i = 0; fd >= 0 && i < FAKE_CONNS; i++)
        if (s->conns[i].fd < 0) {
            s->conns[i] = (struct fake_conn){.server = s, .fd = fd};
            s->conns[i].poll = myna_loop_poll(s->loop, fd, 1, fake_readable, &s->conns[i]);
            if (!s->conns[i].poll)
                break;
            s->n_accepted++;
            return;
        }
    if (fd >= 0)
        close(fd); /* no memory, no room: the client sees a reset */
}

static inline void fake_open(struct fake_http *s, struct myna_loop *loop,
                             void (*answer)(struct fake_conn *c))
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    memset(s, 0, sizeof *s);
    s->loop = loop;
    s->answer = answer;
    for (int i = 0; i < FAKE_CONNS; i++)
        s->conns[i].fd = -1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(s->fd >= 0);
    CHECK(!bind(s->fd, (struct sockaddr *)&at, len) && !listen(s->fd, 16));
    CHECK(!getsockname(s->fd, (struct sockaddr *)&at, &len));
    s->port = ntohs(at.sin_port);
    s->poll = myna_loop_poll(loop, s->fd, 1, fake_acceptable, s);
    CHECK(s->poll);
}

static inline void fake_shut(struct fake_http *s)
{
    for (int i = 0; i < FAKE_CONNS; i++)
        if (s->conns[i].fd >= 0)
            fake_close(&s->conns[i]);
    myna_loop_poll_close(s->poll);
    close(s->fd);
}

#endif
