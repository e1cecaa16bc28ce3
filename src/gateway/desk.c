/* desk.c - see desk.h. A listening socket and a few places for those who ask. */
#include "gateway/desk.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/control.h"
#include "util/buf.h"
#include "util/crypto.h"
#include "util/host.h"
#include "util/json_dump.h"

enum { PLACES = 16, REQUEST_MAX = 80 << 10, PIECE = 4096, BACKLOG = 16 };
#define PATIENCE (5 * MYNA_S)

struct asker {
    struct myna_gw_desk *d;
    struct myna_poll *poll; /* NULL: this place is free */
    int fd;
    myna_us until;
    struct myna_buf said;
};

struct myna_gw_desk {
    struct myna_host *host;
    const char *token;
    struct myna_gw_desk_calls calls;
    void *arg;
    int fd;
    struct myna_poll *poll;
    struct myna_timer late;
    struct asker askers[PLACES];
};

static void drop(struct asker *a)
{
    if (!a->poll)
        return;
    myna_loop_poll_close(a->poll);
    close(a->fd);
    myna_buf_fini(&a->said);
    a->poll = NULL;
}

/* ---- answers */

static const char *reason(int status)
{
    return status == 200   ? "OK"
           : status == 202 ? "Accepted"
           : status == 400 ? "Bad Request"
           : status == 401 ? "Unauthorized"
           : status == 404 ? "Not Found"
           : status == 413 ? "Content Too Large"
                           : "Service Unavailable";
}

/* Takes the body; its answer is small and goes at once into a fresh socket's buffer. */
static void respond(struct asker *a, int status, json_t *body)
{
    char *text = myna_json_dump(body, JSON_COMPACT);
    struct myna_buf b;

    json_decref(body);
    myna_buf_init(&b, 0);
    myna_buf_printf(&b,
                    "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    status, reason(status), text ? strlen(text) : 0, text ? text : "");
    if (!b.err)
        (void)!send(a->fd, b.ptr, b.len, MSG_NOSIGNAL);
    myna_buf_fini(&b);
    free(text);
    (void)shutdown(a->fd, SHUT_WR);
    drop(a);
}

static void refuse(struct asker *a, int status, const char *why)
{
    respond(a, status, json_pack("{s:s}", "error", why));
}

static void announce(struct asker *a, const struct myna_gw_request *rq)
{
    json_t *body = json_loadb(rq->body, rq->body_len, 0, NULL),
           *room = json_object_get(body, "room");
    char *text = myna_gw_trimmed(json_string_value(json_object_get(body, "text")));
    size_t waiting = 0;
    enum myna_err err;

    if (!text || !*text || (room && !json_is_string(room) && !json_is_null(room))) {
        refuse(a, 400, "the body must be {\"text\":\"…\"}, with \"room\" as text or without it");
    } else {
        err = a->d->calls.announce(a->d->arg, json_string_value(room), text, &waiting);
        if (err == MYNA_ENOENT)
            refuse(a, 404, "this gateway serves another room");
        else if (err)
            refuse(a, 503, myna_strerror(err));
        else if (waiting)
            respond(a, 202, json_pack("{s:b,s:I}", "delivered", 0, "waiting", (json_int_t)waiting));
        else
            respond(a, 200, json_pack("{s:b}", "delivered", 1));
    }
    free(text);
    json_decref(body);
}

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(text, word, len);
}

static void answer(struct asker *a, const struct myna_gw_request *rq)
{
    const char *token = a->d->token;
    json_t *status;

    if (rq->bearer_len != strlen(token) || !myna_same_bytes(rq->bearer, token, rq->bearer_len))
        refuse(a, 401, "the bearer token is not ours (gateway.announce_token)");
    else if (is(rq->method, rq->method_len, "POST") && is(rq->path, rq->path_len, "/v1/announce"))
        announce(a, rq);
    else if (is(rq->method, rq->method_len, "GET") && is(rq->path, rq->path_len, "/v1/status")) {
        status = a->d->calls.status(a->d->arg);
        if (status)
            respond(a, 200, status);
        else
            refuse(a, 503, "memory is short");
    } else
        refuse(a, 404, "there are POST /v1/announce and GET /v1/status");
}

/* ---- who asks */

static void can_read(void *arg, int events)
{
    struct asker *a = arg;
    struct myna_gw_request rq;
    char piece[PIECE];
    ssize_t n = recv(a->fd, piece, sizeof piece, 0);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(a);
        return;
    }
    if (myna_buf_put(&a->said, piece, (size_t)n)) {
        refuse(a, 413, "the request is too long");
        return;
    }
    switch (myna_gw_request_read((const char *)a->said.ptr, a->said.len, &rq)) {
    case MYNA_GW_REQUEST_MORE:
        break;
    case MYNA_GW_REQUEST_WHOLE:
        answer(a, &rq);
        break;
    case MYNA_GW_REQUEST_BAD:
        refuse(a, 400, "that is no request, or its body is too long");
        break;
    }
}

static void late_fire(struct myna_timer *t)
{
    struct myna_gw_desk *d = t->arg;
    myna_us now = myna_host_now(d->host), next = MYNA_NEVER;

    for (size_t i = 0; i < PLACES; i++) {
        struct asker *a = &d->askers[i];

        if (a->poll && a->until <= now)
            drop(a);
        else if (a->poll && a->until < next)
            next = a->until;
    }
    (void)!myna_timer_set(t, next);
}

static void welcome(struct myna_gw_desk *d, int fd)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct asker *a = &d->askers[i];

        if (a->poll)
            continue;
        *a = (struct asker){.d = d, .fd = fd, .until = myna_host_now(d->host) + PATIENCE};
        a->poll = myna_loop_poll(d->host->loop, fd, 1, can_read, a);
        if (!a->poll)
            break;
        myna_buf_init(&a->said, REQUEST_MAX);
        myna_loop_poll_background(a->poll);
        if (!d->late.slot)
            (void)!myna_timer_set(&d->late, a->until);
        return;
    }
    close(fd);
}

static void can_accept(void *arg, int events)
{
    struct myna_gw_desk *d = arg;
    int fd;

    (void)events;
    while ((fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        welcome(d, fd);
}

/* ---- opened and closed */

static int listen_on(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV},
                    *list = NULL;
    int fd, one = 1, err = EINVAL;

    if (getaddrinfo(host, port, &hints, &list)) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd >= 0 && (bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, BACKLOG))) {
        err = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    errno = err;
    return fd;
}

static int open_address(const char *where)
{
    const char *colon = strrchr(where, ':');
    char host[64];

    if (!colon)
        return listen_on("127.0.0.1", where);
    if (*where == '[' && colon > where + 1 && colon[-1] == ']') /* [::1]:8790 */
        snprintf(host, sizeof host, "%.*s", (int)(colon - where - 2), where + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)(colon - where),
                 !strncmp(where, "localhost:", 10) ? "127.0.0.1" : where);
    return listen_on(*host ? host : NULL, colon + 1);
}

enum myna_err myna_gw_desk_open(struct myna_gw_desk **out, struct myna_host *host,
                                const char *where, const char *token,
                                const struct myna_gw_desk_calls *calls, void *arg,
                                struct myna_why *why)
{
    struct myna_gw_desk *d;
    int fd = open_address(where);

    if (fd < 0)
        return errno == EINVAL
                   ? myna_fail(why, MYNA_ECONFIG,
                               "gateway.announce_listen is no address: '%.60s' (127.0.0.1:8790)",
                               where)
                   : myna_fail(why, MYNA_EIO, "announcements cannot be taken at %.60s: %s", where,
                               strerror(errno));
    d = calloc(1, sizeof *d);
    if (!d) {
        close(fd);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    d->host = host;
    d->token = token;
    d->calls = *calls;
    d->arg = arg;
    d->fd = fd;
    myna_host_timer_init(host, &d->late, late_fire, d);
    d->poll = myna_loop_poll(host->loop, fd, 1, can_accept, d);
    if (!d->poll) {
        myna_gw_desk_close(d);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    myna_loop_poll_background(d->poll);
    *out = d;
    return MYNA_OK;
}

int myna_gw_desk_port(const struct myna_gw_desk *d)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;

    if (getsockname(d->fd, (struct sockaddr *)&a, &len))
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

void myna_gw_desk_close(struct myna_gw_desk *d)
{
    if (!d)
        return;
    myna_timer_clear(&d->late);
    for (size_t i = 0; i < PLACES; i++)
        drop(&d->askers[i]);
    if (d->poll)
        myna_loop_poll_close(d->poll);
    close(d->fd);
    free(d);
}
