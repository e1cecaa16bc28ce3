/* http_door.c - see http_door.h. */
#include "util/http_door.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLACES = 16, PIECE = 4096, BACKLOG = 64 };
#define PATIENCE (5 * MYNA_S)

struct myna_http_door {
    struct myna_http_door_options opt;
    int fd;
    struct myna_poll *poll;
    struct myna_timer late;
    struct myna_http_asker askers[PLACES];
};

void myna_http_drop(struct myna_http_asker *a)
{
    if (!a->poll)
        return;
    myna_loop_poll_close(a->poll);
    close(a->fd);
    myna_buf_fini(&a->said);
    a->poll = NULL;
}

static const char *reason(int status)
{
    return status == 200   ? "OK"
           : status == 202 ? "Accepted"
           : status == 400 ? "Bad Request"
           : status == 401 ? "Unauthorized"
           : status == 404 ? "Not Found"
           : status == 409 ? "Conflict"
           : status == 413 ? "Content Too Large"
                           : "Service Unavailable";
}

void myna_http_answer(struct myna_http_asker *a, int status, const char *type, const char *body,
                      bool head)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_buf_printf(&b,
                    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    status, reason(status), type, strlen(body), head ? "" : body);
    if (!b.err)
        (void)!send(a->fd, b.ptr, b.len, MSG_NOSIGNAL);
    myna_buf_fini(&b);
    myna_buf_fini(&a->said);
    a->answered = true;
    if (shutdown(a->fd, SHUT_WR))
        myna_http_drop(a);
}

/* ---- who asks */

static void can_read(void *arg, int events)
{
    struct myna_http_asker *a = arg;
    char piece[PIECE];
    ssize_t n = recv(a->fd, piece, sizeof piece, 0);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        myna_http_drop(a);
        return;
    }
    if (a->answered)
        return;
    (void)!myna_buf_put(&a->said, piece, (size_t)n); /* errors stick */
    a->door->opt.said(a->door->opt.arg, a);
}

static void late_fire(struct myna_timer *t)
{
    struct myna_http_door *d = t->arg;
    myna_us now = myna_host_now(d->opt.host), next = MYNA_NEVER;

    for (size_t i = 0; i < PLACES; i++) {
        struct myna_http_asker *a = &d->askers[i];

        if (a->poll && a->until <= now)
            myna_http_drop(a);
        else if (a->poll && a->until < next)
            next = a->until;
    }
    (void)!myna_timer_set(t, next);
}

static void welcome(struct myna_http_door *d, int fd)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct myna_http_asker *a = &d->askers[i];

        if (a->poll)
            continue;
        *a = (struct myna_http_asker){
            .door = d, .fd = fd, .until = myna_host_now(d->opt.host) + PATIENCE};
        a->poll = myna_loop_poll(d->opt.host->loop, fd, 1, can_read, a);
        if (!a->poll)
            break;
        myna_buf_init(&a->said, d->opt.request_max);
        myna_loop_poll_background(a->poll);
        if (!d->late.slot)
            (void)!myna_timer_set(&d->late, a->until);
        return;
    }
    close(fd);
}

static void can_accept(void *arg, int events)
{
    struct myna_http_door *d = arg;
    int fd;

    (void)events;
    while ((fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        welcome(d, fd);
}

/* ---- opened and closed */

static in_port_t *port_of(struct sockaddr *a)
{
    return a->sa_family == AF_INET6 ? &((struct sockaddr_in6 *)(void *)a)->sin6_port
                                    : &((struct sockaddr_in *)(void *)a)->sin_port;
}

static int listen_on(const char *host, const char *port, int further)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV},
                    *list = NULL;
    int fd, one = 1, err = EINVAL;
    in_port_t *number;

    if (getaddrinfo(host, port, &hints, &list)) {
        errno = EINVAL;
        return -1;
    }
    number = port_of(list->ai_addr);
    if (*number) /* 0: any that is free */
        *number = htons((uint16_t)(ntohs(*number) + further));
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

static int open_address(const char *where, int further)
{
    const char *colon = strrchr(where, ':');
    char host[64];

    if (!colon)
        return listen_on("127.0.0.1", where, further);
    if (*where == '[' && colon > where + 1 && colon[-1] == ']') /* [::1]:8790 */
        snprintf(host, sizeof host, "%.*s", (int)(colon - where - 2), where + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)(colon - where),
                 !strncmp(where, "localhost:", 10) ? "127.0.0.1" : where);
    return listen_on(*host ? host : NULL, colon + 1, further);
}

enum myna_err myna_http_door_open(struct myna_http_door **out,
                                  const struct myna_http_door_options *opt)
{
    struct myna_http_door *d;
    int fd = open_address(opt->where, opt->further);

    if (fd < 0)
        return errno == EINVAL ? MYNA_ECONFIG : MYNA_EIO;
    d = calloc(1, sizeof *d);
    if (!d) {
        close(fd);
        return MYNA_ENOMEM;
    }
    d->opt = *opt;
    d->fd = fd;
    myna_host_timer_init(opt->host, &d->late, late_fire, d);
    d->poll = myna_loop_poll(opt->host->loop, fd, 1, can_accept, d);
    if (!d->poll) {
        myna_http_door_close(d);
        return MYNA_ENOMEM;
    }
    myna_loop_poll_background(d->poll);
    *out = d;
    return MYNA_OK;
}

int myna_http_door_port(const struct myna_http_door *d)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;

    if (getsockname(d->fd, (struct sockaddr *)&a, &len))
        return 0;
    return ntohs(*port_of((struct sockaddr *)&a));
}

void myna_http_door_close(struct myna_http_door *d)
{
    if (!d)
        return;
    myna_timer_clear(&d->late);
    for (size_t i = 0; i < PLACES; i++)
        myna_http_drop(&d->askers[i]);
    if (d->poll)
        myna_loop_poll_close(d->poll);
    close(d->fd);
    free(d);
}
