/* small_server.h - a server in a thread of its own, for code that blocks: each path has a text, or
 * nobody ever answers, or bytes come that are no HTTP. */
#ifndef TESTS_SMALL_SERVER_H
#define TESTS_SMALL_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum small_mode { SMALL_ANSWERS, SMALL_HANGS, SMALL_GARBAGE };

struct small_route {
    const char *path;
    int status;
    const char *body;
};

struct small_server {
    const struct small_route *routes; /* ends with a NULL path; anything else is 404 */
    enum small_mode mode;
    int fd, port;
    pthread_t thread;
    atomic_bool stop;
    atomic_int requests, credentials; /* with an Authorization or api-key header */
    int held[64];
    int n_held;
};

static inline void small_answer(struct small_server *s, int fd)
{
    char rq[8192], head[256], path[256] = "";
    size_t len = 0;
    const struct small_route none = {"", 404, "not found"}, *r = s->routes;
    struct timeval limit = {.tv_sec = 2};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while (len < sizeof rq - 1) {
        ssize_t n = recv(fd, rq + len, sizeof rq - 1 - len, 0);

        if (n <= 0)
            return;
        len += (size_t)n;
        rq[len] = '\0';
        if (strstr(rq, "\r\n\r\n"))
            break;
    }
    atomic_fetch_add(&s->requests, 1);
    if (strcasestr(rq, "authorization") || strcasestr(rq, "api-key"))
        atomic_fetch_add(&s->credentials, 1);
    if (s->mode == SMALL_GARBAGE) {
        (void)!send(fd, "\x16\x03\x01 what?\r\n\r\n", 13, MSG_NOSIGNAL);
        return;
    }
    sscanf(rq, "%*s %255s", path);
    while (r && r->path && strcmp(r->path, path) != 0)
        r++;
    if (!r || !r->path)
        r = &none;
    snprintf(head, sizeof head,
             "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", r->status,
             strlen(r->body));
    (void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
    (void)!send(fd, r->body, strlen(r->body), MSG_NOSIGNAL);
}

static inline void *small_run(void *arg)
{
    struct small_server *s = arg;

    while (!atomic_load(&s->stop)) {
        int fd = accept(s->fd, NULL, NULL);

        if (fd < 0)
            break;
        if (s->mode == SMALL_HANGS && s->n_held < 64) {
            s->held[s->n_held++] = fd;
            continue;
        }
        small_answer(s, fd);
        close(fd);
    }
    return NULL;
}

static inline void small_open(struct small_server *s, enum small_mode mode,
                              const struct small_route *routes)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    memset(s, 0, sizeof *s);
    s->mode = mode;
    s->routes = routes;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(s->fd >= 0);
    CHECK(!bind(s->fd, (struct sockaddr *)&at, len) && !listen(s->fd, 32));
    CHECK(!getsockname(s->fd, (struct sockaddr *)&at, &len));
    s->port = ntohs(at.sin_port);
    CHECK(!pthread_create(&s->thread, NULL, small_run, s));
}

static inline void small_shut(struct small_server *s)
{
    atomic_store(&s->stop, true);
    shutdown(s->fd, SHUT_RDWR); /* wakes accept() */
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (int i = 0; i < s->n_held; i++)
        close(s->held[i]);
}

#endif
