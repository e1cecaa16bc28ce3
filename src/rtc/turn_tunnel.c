/* turn_tunnel.c - see turn_tunnel.h.
 *
 * Each way has one block: it is filled when it is empty, and sent from where it lies until it is
 * gone. OpenSSL wants just that: a send that did not get through is to be made again with the same
 * bytes at the same place. What it has deciphered and not handed over makes no descriptor
 * readable, so a way is followed until one of its ends says "not now".
 *
 * A connection that gets no line is answered here (400 to its Allocate) and left to libnice to
 * close. Hanging up would be simpler, but when the last relay is hung up on while candidates are
 * gathered, libnice 0.1.21 never says that they are gathered (discovery_prune_socket() stops the
 * timer whose tick would).
 */
#include "rtc/turn_tunnel.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtc/turn_far.h"
#include "util/host.h"

enum {
    BLOCK = 16384, /* as much as a TLS record holds */
    SEND_BUFFER = 65536,
    MAX_REFUSED = 64, /* libnice takes 32 addresses */
    STUN_HEADER = 20,
    STUN_ID = 12,
    NEIGHBOURS = 64, /* descriptors that are looked at first */
};

struct way {
    uint8_t block[BLOCK];
    size_t from, to; /* what is in it */
};

struct line {
    int fd; /* to libnice; < 0: there is no line */
    struct myna_poll *poll;
    struct myna_turn_far far;
    bool asks;           /* an Allocate went to the relay, and no answer to it came back */
    uint8_t id[STUN_ID]; /* of the last one */
    bool answered;       /* the relay has granted an allocation, not only asked who we are */
    struct way out, in;  /* to the server, to libnice */
};

struct refused {
    struct myna_turn_tunnel *t;
    int fd;
    struct myna_poll *poll; /* NULL: free */
};

struct myna_turn_tunnel {
    struct myna_host *host;
    char server[256], url[300];
    int port;
    bool is_tls;
    int fd, local_port;
    struct myna_poll *poll;
    struct line line;
    struct refused refused[MAX_REFUSED];
    char problem[640];
};

/* ---- connections that get no line */

static void forget_refused(struct refused *r)
{
    if (!r->poll)
        return;
    myna_loop_poll_close(r->poll);
    close(r->fd);
    r->poll = NULL;
}

static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

/* An Allocate request (RFC 8656)? */
static bool is_allocate(const uint8_t *q, size_t n)
{
    return n >= STUN_HEADER && q[0] == 0 && q[1] == 3 && !memcmp(q + 4, cookie, sizeof cookie);
}

/* "400", with the number of the request. */
static bool send_400(int fd, const uint8_t id[STUN_ID])
{
    uint8_t a[STUN_HEADER + 8] = {0x01, 0x13, 0, 8, [STUN_HEADER + 1] = 0x09, 0, 4, 0, 0, 4, 0};

    memcpy(a + 4, cookie, sizeof cookie);
    memcpy(a + 8, id, STUN_ID);
    return send(fd, a, sizeof a, MSG_NOSIGNAL) >= 0;
}

static void on_refused(void *arg, int events)
{
    struct refused *r = arg;
    uint8_t q[1500];
    ssize_t n = recv(r->fd, q, sizeof q, 0);

    (void)events;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        forget_refused(r);
        return;
    }
    if (n > 0 && is_allocate(q, (size_t)n) && !send_400(r->fd, q + 8))
        forget_refused(r);
}

static void refuse(struct myna_turn_tunnel *t, int fd)
{
    struct refused *r = t->refused;

    while (r < t->refused + MAX_REFUSED && r->poll)
        r++;
    if (r < t->refused + MAX_REFUSED) {
        *r = (struct refused){.t = t, .fd = fd};
        r->poll = myna_loop_poll(t->host->loop, fd, 1, on_refused, r);
    }
    if (r == t->refused + MAX_REFUSED || !r->poll)
        close(fd);
}

/* ---- the end of the line, whoever brings it */

/* The descriptor is the caller's then. */
static int take_off_line(struct myna_turn_tunnel *t)
{
    struct line *l = &t->line;
    int fd = l->fd;

    myna_turn_far_close(&l->far);
    myna_loop_poll_close(l->poll);
    l->poll = NULL;
    l->fd = -1;
    l->answered = l->asks = false;
    l->out.from = l->out.to = l->in.from = l->in.to = 0;
    return fd;
}

static void end_line(struct myna_turn_tunnel *t)
{
    if (t->line.fd >= 0)
        close(take_off_line(t));
}

/* "NAME:443", with an IPv6 address in brackets. */
static const char *shown(const struct myna_turn_tunnel *t)
{
    return t->url + strlen("https://");
}

static void say_problem(struct myna_turn_tunnel *t, const char *text)
{
    bool told = *t->problem;

    snprintf(t->problem, sizeof t->problem, "the relay %s:%.260s cannot be used: %s",
             t->is_tls ? "turns" : "turn", shown(t), text);
    if (!told)
        myna_host_log(t->host, MYNA_LOG_WARN, "%s stage=rtc", t->problem);
}

/* ---- bytes */

/* 0: not now; < 0: that end is gone. */
static ptrdiff_t take_local(const struct line *l, void *into, size_t cap)
{
    ssize_t n = recv(l->fd, into, cap, 0);

    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ptrdiff_t give_local(const struct line *l, const void *bytes, size_t len)
{
    ssize_t n = send(l->fd, bytes, len, MSG_NOSIGNAL);

    return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static bool is_empty(const struct way *w)
{
    return w->from == w->to;
}

/* Until one end says "not now"; false: one of them is gone. */
static bool move_out(struct line *l)
{
    struct way *w = &l->out;

    for (;;) {
        ptrdiff_t n;

        if (is_empty(w)) {
            n = take_local(l, w->block, sizeof w->block);
            if (n <= 0)
                return n == 0;
            l->asks = is_allocate(w->block, (size_t)n);
            if (l->asks)
                memcpy(l->id, w->block + 8, STUN_ID);
            w->from = 0;
            w->to = (size_t)n;
        }
        n = myna_turn_far_send(&l->far, w->block + w->from, w->to - w->from);
        if (n <= 0)
            return n == 0;
        w->from += (size_t)n;
    }
}

static bool move_in(struct line *l)
{
    struct way *w = &l->in;

    for (;;) {
        ptrdiff_t n;

        if (is_empty(w)) {
            n = myna_turn_far_recv(&l->far, w->block, sizeof w->block);
            if (n <= 0)
                return n == 0;
            l->asks &= n < STUN_HEADER || memcmp(w->block + 8, l->id, STUN_ID) != 0;
            l->answered |= n >= 2 && w->block[0] == 0x01 && w->block[1] == 0x03;
            w->from = 0;
            w->to = (size_t)n;
        }
        n = give_local(l, w->block + w->from, w->to - w->from);
        if (n <= 0)
            return n == 0;
        w->from += (size_t)n;
    }
}

/* The relay is gone before it gave an address: what it was asked last is answered for it. */
static void hang_up(struct myna_turn_tunnel *t)
{
    struct line *l = &t->line;

    if (l->asks && is_empty(&l->in))
        (void)send_400(l->fd, l->id);
    refuse(t, take_off_line(t));
}

/* An end is listened to while what it says has room, and asked for room while something waits. */
static void move(struct myna_turn_tunnel *t)
{
    struct line *l = &t->line;

    if (!move_in(l) || !move_out(l)) {
        myna_host_log(t->host, MYNA_LOG_DEBUG, "the line to a relay is over stage=rtc relay=%s",
                      shown(t));
        if (l->answered)
            end_line(t); /* by which libnice knows */
        else
            hang_up(t);
        return;
    }
    myna_loop_poll_events(l->poll, (is_empty(&l->out) ? 1 : 0) | (is_empty(&l->in) ? 0 : 2));
    myna_turn_far_listen(&l->far, (is_empty(&l->in) ? 1 : 0) | (is_empty(&l->out) ? 0 : 2));
}

/* ---- the far end */

static void on_ready(void *arg)
{
    move(arg);
}

static void on_up(void *arg)
{
    struct myna_turn_tunnel *t = arg;

    t->problem[0] = '\0'; /* of an earlier try */
    move(t);
}

static void on_failed(void *arg, const char *why)
{
    struct myna_turn_tunnel *t = arg;

    say_problem(t, why);
    refuse(t, take_off_line(t));
}

static bool dial(struct myna_turn_tunnel *t)
{
    return t->is_tls ? myna_turn_far_open_tls(&t->line.far, t->url)
                     : myna_turn_far_open_tcp(&t->line.far, t->server, t->port);
}

/* ---- libnice's end */

static void on_local(void *arg, int events)
{
    struct myna_turn_tunnel *t = arg;

    (void)events;
    if (t->line.far.up)
        move(t);
}

static bool is_end(int fd, const struct sockaddr_in *peer)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;

    return !getsockname(fd, (struct sockaddr *)&a, &len) && len == sizeof a &&
           a.sin_family == AF_INET && a.sin_port == peer->sin_port &&
           a.sin_addr.s_addr == peer->sin_addr.s_addr;
}

/* The other end of what was accepted as `fd` is a socket of this process, opened a moment before:
 * it is looked for among its neighbours first, since a worker has thousands. Where nobody can tell
 * (no /proc), it is taken for one: whoever gets in has no password of the relay. */
static bool is_ours(int fd, const struct sockaddr_in *peer)
{
    bool found = false;
    DIR *dir;

    for (int f = fd - 1; !found && f >= 0 && f >= fd - NEIGHBOURS; f--)
        found = is_end(f, peer);
    if (found)
        return true;
    dir = opendir("/proc/self/fd");
    found = !dir;
    for (struct dirent *e; !found && (e = readdir(dir));) {
        char *end;
        long f = strtol(e->d_name, &end, 10);

        found = end != e->d_name && is_end((int)f, peer);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void open_line(struct myna_turn_tunnel *t, int fd)
{
    int one = 1, size = SEND_BUFFER;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    t->line.fd = fd;
    t->line.poll = myna_loop_poll(t->host->loop, fd, 0, on_local, t);
    if (t->line.poll && dial(t))
        return;
    say_problem(t, "memory is short");
    refuse(t, take_off_line(t));
}

static void on_connection(void *arg, int events)
{
    struct myna_turn_tunnel *t = arg;
    struct sockaddr_in peer = {0};
    socklen_t len = sizeof peer;
    int fd = accept4(t->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0 && !is_ours(fd, &peer)) {
        close(fd);
    } else if (fd >= 0 && t->line.fd >= 0) {
        refuse(t, fd);
    } else if (fd >= 0) {
        open_line(t, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        say_problem(t, "no descriptor is left (see ulimit -n)");
        myna_loop_poll_close(t->poll); /* it would be told again and again */
        t->poll = NULL;
        close(t->fd);
        t->fd = -1;
    }
}

/* ---- life */

static bool listen_on_loopback(struct myna_turn_tunnel *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;

    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || bind(t->fd, (struct sockaddr *)&a, sizeof a) || listen(t->fd, 64) ||
        getsockname(t->fd, (struct sockaddr *)&a, &len))
        return false;
    t->local_port = ntohs(a.sin_port);
    return true;
}

enum myna_err myna_turn_tunnel_create(struct myna_turn_tunnel **out, struct myna_host *host,
                                      const char *server, int port, bool is_tls,
                                      struct myna_why *why)
{
    static const struct myna_turn_far_events events = {on_up, on_ready, on_failed};

    struct myna_turn_tunnel *t = calloc(1, sizeof *t);
    bool v6 = strchr(server, ':');
    int error;

    if (!t)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    t->host = host;
    t->fd = t->line.fd = -1;
    t->port = port;
    t->is_tls = is_tls;
    myna_turn_far_init(&t->line.far, host, &events, t);
    snprintf(t->server, sizeof t->server, "%s", server);
    snprintf(t->url, sizeof t->url, "https://%s%s%s:%d", v6 ? "[" : "", t->server, v6 ? "]" : "",
             port);
    if (!listen_on_loopback(t)) {
        error = errno;
        myna_turn_tunnel_destroy(t);
        return myna_fail(why, MYNA_EIO, "relay %.255s: no port of 127.0.0.1 for it: %s", server,
                         strerror(error));
    }
    t->poll = myna_loop_poll(host->loop, t->fd, 1, on_connection, t);
    if (!t->poll) {
        myna_turn_tunnel_destroy(t);
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    }
    myna_loop_poll_background(t->poll);
    *out = t;
    return MYNA_OK;
}

void myna_turn_tunnel_destroy(struct myna_turn_tunnel *t)
{
    if (!t)
        return;
    end_line(t);
    for (size_t i = 0; i < MAX_REFUSED; i++)
        forget_refused(&t->refused[i]);
    myna_loop_poll_close(t->poll);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

int myna_turn_tunnel_port(const struct myna_turn_tunnel *t)
{
    return t->local_port;
}

bool myna_turn_tunnel_is_to(const struct myna_turn_tunnel *t, const char *server, int port,
                            bool is_tls)
{
    return t->port == port && t->is_tls == is_tls && !strcasecmp(t->server, server);
}

const char *myna_turn_tunnel_problem(const struct myna_turn_tunnel *t)
{
    return t->problem;
}
