/* glib_loop.c - prepare, query, wait, check, dispatch, with the waiting left to our loop.
 *
 * Why an epoll set of our own and not one loop watch per descriptor: libnice closes a socket and
 * may open another that gets the same number before we look again. The kernel has then dropped the
 * old registration, and a watch that compares numbers would never fire. epoll_ctl() tells: MOD of
 * what is not registered is ENOENT. That check costs a system call per descriptor, so on a quiet
 * set it is made at most ten times a second, and every 5 s once nothing has been asked of libnice
 * for 4 s.
 */
#include "rtc/glib_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rtc/nice_calls.h"
#include "util/host.h"

enum { MAX_READY = 16, RECHECK_MS = 100, SETTLED_S = 4, SETTLED_RECHECK_S = 5, GRID_MS = 100 };

struct myna_glib {
    struct myna_host *host;
    GMainContext *ctx;
    int epoll;
    struct myna_poll *poll;
    struct myna_timer timer;
    GPollFD *fds; /* as the last query gave them */
    int n_fds, cap;
    GPollFD *known; /* what the epoll set holds, same capacity */
    int n_known;
    gint priority;
    int wakeup;      /* GLib's own descriptor; < 0: not known */
    myna_us checked; /* when the epoll set was compared descriptor by descriptor */
    myna_us touched;
    bool inside; /* dispatching: the refresh comes at its end */
    int express; /* < 0: none */
    bool (*take)(void *arg);
    void *arg;
};

static uint32_t to_epoll(gushort events)
{
    return (events & G_IO_IN ? EPOLLIN : 0u) | (events & G_IO_OUT ? EPOLLOUT : 0u) |
           (events & G_IO_PRI ? EPOLLPRI : 0u);
}

static gushort from_epoll(uint32_t events)
{
    return (gushort)((events & EPOLLIN ? G_IO_IN : 0) | (events & EPOLLOUT ? G_IO_OUT : 0) |
                     (events & EPOLLPRI ? G_IO_PRI : 0) | (events & EPOLLERR ? G_IO_ERR : 0) |
                     (events & EPOLLHUP ? G_IO_HUP : 0));
}

/* All sources' wishes for one descriptor together; the first entry speaks for it. */
static gushort wanted(const struct myna_glib *g, int i, bool *first)
{
    gushort events = 0;

    *first = true;
    for (int k = 0; k < g->n_fds; k++)
        if (g->fds[k].fd == g->fds[i].fd) {
            events |= g->fds[k].events;
            if (k < i)
                *first = false;
        }
    return events;
}

static bool is_wanted(const struct myna_glib *g, int fd)
{
    for (int i = 0; i < g->n_fds; i++)
        if (g->fds[i].fd == fd)
            return true;
    return false;
}

static bool same_set(const struct myna_glib *g)
{
    if (g->n_fds != g->n_known)
        return false;
    for (int i = 0; i < g->n_fds; i++)
        if (g->fds[i].fd != g->known[i].fd || g->fds[i].events != g->known[i].events)
            return false;
    return true;
}

static bool is_settled(const struct myna_glib *g, myna_us now)
{
    return now - g->touched > SETTLED_S * MYNA_S;
}

static void sync_set(struct myna_glib *g)
{
    myna_us now = myna_host_now(g->host);
    bool settled = is_settled(g, now);

    if (same_set(g) &&
        now - g->checked < (settled ? SETTLED_RECHECK_S * MYNA_S : RECHECK_MS * MYNA_MS))
        return;
    g->checked = now;
    for (int i = 0; i < g->n_known; i++)
        if (!is_wanted(g, g->known[i].fd))
            epoll_ctl(g->epoll, EPOLL_CTL_DEL, g->known[i].fd, NULL); /* may be closed already */
    for (int i = 0; i < g->n_fds; i++) {
        bool first;
        gushort events = wanted(g, i, &first);
        struct epoll_event ev = {.events = to_epoll(events), .data.fd = g->fds[i].fd};

        if (first && epoll_ctl(g->epoll, EPOLL_CTL_MOD, ev.data.fd, &ev) && errno == ENOENT)
            epoll_ctl(g->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev);
    }
    memcpy(g->known, g->fds, (size_t)g->n_fds * sizeof *g->fds);
    g->n_known = g->n_fds;
}

static bool grow(struct myna_glib *g, int want)
{
    GPollFD *fds = realloc(g->fds, (size_t)want * sizeof *fds);
    GPollFD *known = realloc(g->known, (size_t)want * sizeof *known);

    if (fds)
        g->fds = fds;
    if (known)
        g->known = known;
    if (!fds || !known)
        return false;
    g->cap = want;
    return true;
}

/* What libnice does on a path that stands (a request every few seconds and who did not answer) has
 * time to be done with what others do (beat.h). */
static myna_us due(const struct myna_glib *g, gint timeout)
{
    myna_us now = myna_host_now(g->host), at = now + timeout * MYNA_MS, grid = GRID_MS * MYNA_MS;

    return timeout && g->express >= 0 && is_settled(g, now) ? at + (grid - at % grid) % grid : at;
}

static void refresh(struct myna_glib *g)
{
    gint timeout = -1, n;

    g_main_context_prepare(g->ctx, &g->priority);
    while ((n = g_main_context_query(g->ctx, g->priority, &timeout, g->fds, g->cap)) > g->cap)
        if (!grow(g, n + 8)) {
            n = g->cap; /* the rest is deaf until memory is there again */
            timeout = 100;
            break;
        }
    g->n_fds = n;
    sync_set(g);
    if (timeout < 0)
        myna_timer_clear(&g->timer);
    else if (myna_timer_set(&g->timer, due(g, timeout)))
        myna_host_log(g->host, MYNA_LOG_WARN, "ice timer lost: out of memory stage=rtc");
}

/* Takes it out of what is ready, if all that waited was taken. */
static int take_express(const struct myna_glib *g, struct epoll_event *ready, int n)
{
    for (int k = 0; k < n; k++)
        if (ready[k].data.fd == g->express && ready[k].events == EPOLLIN) {
            if (g->take(g->arg))
                ready[k] = ready[--n];
            break;
        }
    return n;
}

/* GLib wakes its context twice for each source that is dispatched, although it is awake: without
 * this every packet for libnice would have the loop turn once more. Whoever wakes it from another
 * thread has added what is to be done before, and refresh() behind this sees it. */
static void calm(const struct myna_glib *g)
{
    uint64_t count;

    if (g->wakeup >= 0 && read(g->wakeup, &count, sizeof count) < 0)
        return; /* nobody had */
}

static void pump(struct myna_glib *g, bool timeout)
{
    struct epoll_event ready[MAX_READY];
    int n = epoll_wait(g->epoll, ready, MAX_READY, 0);

    if (g->express >= 0 && n > 0)
        n = take_express(g, ready, n);
    if (n <= 0 && !timeout)
        return;
    for (int i = 0; i < g->n_fds; i++)
        g->fds[i].revents = 0;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < g->n_fds; i++)
            if (g->fds[i].fd == ready[k].data.fd)
                g->fds[i].revents |= (gushort)(from_epoll(ready[k].events) &
                                               (g->fds[i].events | G_IO_ERR | G_IO_HUP));
    g->inside = true;
    if (g_main_context_check(g->ctx, g->priority, g->fds, g->n_fds)) {
        g_main_context_dispatch(g->ctx);
        calm(g);
    }
    g->inside = false;
    refresh(g);
}

static void on_ready(void *arg, int events)
{
    (void)events;
    pump(arg, false);
}

static void on_timer(struct myna_timer *t)
{
    pump(t->arg, true);
}

enum myna_err myna_glib_create(struct myna_glib **out, struct myna_host *host, struct myna_why *why)
{
    struct myna_glib *g = calloc(1, sizeof *g);

    enum myna_err err;

    if (!g)
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    err = myna_nice_load(why);
    if (err) {
        free(g);
        return err;
    }
    g->host = host;
    g->express = -1;
    g->touched = myna_host_now(host);
    myna_host_timer_init(host, &g->timer, on_timer, g);
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (g->epoll < 0) {
        free(g);
        return myna_fail(why, MYNA_EIO, "WebRTC: no epoll descriptor: %s (see ulimit -n)",
                         strerror(errno));
    }
    g->poll = grow(g, 16) ? myna_loop_poll(host->loop, g->epoll, 1, on_ready, g) : NULL;
    if (!g->poll) {
        myna_glib_destroy(g);
        return myna_fail(why, MYNA_ENOMEM, "WebRTC: out of memory");
    }
    g->ctx = g_main_context_new();
    g_main_context_acquire(g->ctx);
    refresh(g);
    g->wakeup = g->n_fds == 1 ? g->fds[0].fd : -1; /* of a new context it is the only one */
    *out = g;
    return MYNA_OK;
}

void myna_glib_destroy(struct myna_glib *g)
{
    if (!g)
        return;
    myna_timer_clear(&g->timer);
    myna_loop_poll_close(g->poll);
    close(g->epoll);
    if (g->ctx) {
        g_main_context_release(g->ctx);
        g_main_context_unref(g->ctx);
    }
    free(g->fds);
    free(g->known);
    free(g);
}

struct _GMainContext *myna_glib_context(struct myna_glib *g)
{
    return g->ctx;
}

void myna_glib_express(struct myna_glib *g, int fd, bool (*take)(void *arg), void *arg)
{
    g->express = fd;
    g->take = take;
    g->arg = arg;
}

void myna_glib_touch(struct myna_glib *g)
{
    g->touched = myna_host_now(g->host);
    if (!g->inside)
        refresh(g);
}
