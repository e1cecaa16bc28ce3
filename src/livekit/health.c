/* health.c - see health.h. A listening socket and a few places for those who ask. */
#include "livekit/health.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "util/buf.h"
#include "util/host.h"
#include "util/json_dump.h"

enum { PLACES = 16, REQUEST = 4096, RESPONSE = 2048, BACKLOG = 64 };
#define PATIENCE (5 * MYNA_S)

struct asker {
    struct myna_lk_health *h;
    struct myna_poll *poll; /* NULL: this place is free */
    int fd;
    myna_us until;
    size_t len;
    char said[REQUEST];
};

struct myna_lk_health {
    struct myna_host *host;
    void (*ask)(void *arg, struct myna_lk_health_state *into);
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
    a->poll = NULL;
}

/* ---- the pages */

static char *worker_page(const struct myna_lk_health_state *st)
{
    json_t *o =
        json_pack("{s:s,s:b,s:s,s:I,s:s,s:s}", "agent_name", st->agent_name ? st->agent_name : "",
                  "agent_name_is_env", st->name_is_env, "worker_type", "JT_ROOM", "active_jobs",
                  (json_int_t)st->jobs, "sdk_version", MYNA_VERSION, "project_type", "c");
    char *text = o ? myna_json_dump(o, JSON_COMPACT) : NULL;

    json_decref(o);
    return text;
}

static void respond(struct asker *a, int status, const char *type, const char *body, bool head)
{
    const char *reason = status == 200 ? "OK" : status == 404 ? "Not Found" : "Service Unavailable";
    struct myna_buf b;

    myna_buf_init(&b, RESPONSE);
    myna_buf_printf(&b,
                    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    status, reason, type, strlen(body), head ? "" : body);
    if (!b.err) /* a new connection's buffer holds it all */
        (void)!send(a->fd, b.ptr, b.len, MSG_NOSIGNAL);
    myna_buf_fini(&b);
    (void)shutdown(a->fd, SHUT_WR);
    drop(a);
}

static void answer(struct asker *a)
{
    struct myna_lk_health_state st = {0};
    bool head = !strncmp(a->said, "HEAD ", 5);
    const char *path = head ? a->said + 5 : a->said + 4;
    size_t n = strcspn(path, " ?\r\n");
    char *page;

    a->h->ask(a->h->arg, &st);
    if (!head && strncmp(a->said, "GET ", 4) != 0)
        respond(a, 404, "text/plain", "not found", false);
    else if (n == 1 && *path == '/')
        respond(a, st.connected ? 200 : 503, "text/plain",
                st.connected ? "OK" : "not connected to livekit", head);
    else if (n == 7 && !strncmp(path, "/worker", n)) {
        page = worker_page(&st);
        respond(a, page ? 200 : 503, "application/json", page ? page : "{}", head);
        free(page);
    } else
        respond(a, 404, "text/plain", "not found", head);
}

/* ---- who asks */

static void can_read(void *arg, int events)
{
    struct asker *a = arg;
    ssize_t n = recv(a->fd, a->said + a->len, sizeof a->said - 1 - a->len, 0);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(a);
        return;
    }
    a->len += (size_t)n;
    a->said[a->len] = '\0';
    if (strstr(a->said, "\r\n\r\n"))
        answer(a);
    else if (a->len == sizeof a->said - 1)
        drop(a);
}

static void late_fire(struct myna_timer *t)
{
    struct myna_lk_health *h = t->arg;
    myna_us now = myna_host_now(h->host), next = MYNA_NEVER;

    for (size_t i = 0; i < PLACES; i++) {
        struct asker *a = &h->askers[i];

        if (a->poll && a->until <= now)
            drop(a);
        else if (a->poll && a->until < next)
            next = a->until;
    }
    if (next != MYNA_NEVER)
        (void)!myna_timer_set(t, next);
}

static void welcome(struct myna_lk_health *h, int fd)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct asker *a = &h->askers[i];

        if (a->poll)
            continue;
        a->h = h;
        a->fd = fd;
        a->len = 0;
        a->until = myna_host_now(h->host) + PATIENCE;
        a->poll = myna_loop_poll(h->host->loop, fd, 1, can_read, a);
        if (!a->poll)
            break;
        myna_loop_poll_background(a->poll);
        if (!h->late.slot)
            (void)!myna_timer_set(&h->late, a->until);
        return;
    }
    close(fd);
}

static void can_accept(void *arg, int events)
{
    struct myna_lk_health *h = arg;
    int fd;

    (void)events;
    while ((fd = accept4(h->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        welcome(h, fd);
}

/* ---- opened and closed */

static void port_further(struct sockaddr *a, int n)
{
    in_port_t *port = a->sa_family == AF_INET6 ? &((struct sockaddr_in6 *)(void *)a)->sin6_port
                                               : &((struct sockaddr_in *)(void *)a)->sin_port;

    if (*port)
        *port = htons((uint16_t)(ntohs(*port) + n));
}

static int listen_on(const char *host, const char *port, int further)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV},
                    *list = NULL;
    int fd, one = 1;

    if (getaddrinfo(host, port, &hints, &list)) {
        errno = EINVAL;
        return -1;
    }
    port_further(list->ai_addr, further);
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, BACKLOG)) {
            int err = errno;

            close(fd);
            errno = err;
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static int open_address(const char *where, int further)
{
    const char *colon = strrchr(where, ':');
    char host[64];

    if (!colon)
        return listen_on("127.0.0.1", where, further);
    if (colon == where)
        return listen_on(NULL, colon + 1, further);
    if (*where == '[' && colon > where + 1 && colon[-1] == ']') /* [::1]:8081 */
        snprintf(host, sizeof host, "%.*s", (int)(colon - where - 2), where + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)(colon - where),
                 !strncmp(where, "localhost:", 10) ? "127.0.0.1" : where);
    return listen_on(host, colon + 1, further);
}

enum myna_err myna_lk_health_open(struct myna_lk_health **out, struct myna_host *host,
                                  const char *where, int further,
                                  void (*ask)(void *arg, struct myna_lk_health_state *into),
                                  void *arg, struct myna_why *why)
{
    struct myna_lk_health *h;
    int fd = open_address(where, further);

    if (fd < 0)
        return errno == EINVAL
                   ? myna_fail(why, MYNA_ECONFIG,
                               "worker.health is no address: '%s' (127.0.0.1:8081, :8081, off)",
                               where)
                   : myna_fail(why, MYNA_EIO, "the health page cannot be at %s: %s", where,
                               strerror(errno));
    h = calloc(1, sizeof *h);
    if (!h) {
        close(fd);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    h->host = host;
    h->ask = ask;
    h->arg = arg;
    h->fd = fd;
    myna_host_timer_init(host, &h->late, late_fire, h);
    h->poll = myna_loop_poll(host->loop, fd, 1, can_accept, h);
    if (!h->poll) {
        myna_lk_health_close(h);
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    myna_loop_poll_background(h->poll);
    *out = h;
    return MYNA_OK;
}

int myna_lk_health_port(const struct myna_lk_health *h)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;

    if (getsockname(h->fd, (struct sockaddr *)&a, &len))
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

void myna_lk_health_close(struct myna_lk_health *h)
{
    if (!h)
        return;
    myna_timer_clear(&h->late);
    for (size_t i = 0; i < PLACES; i++)
        drop(&h->askers[i]);
    if (h->poll)
        myna_loop_poll_close(h->poll);
    close(h->fd);
    free(h);
}
