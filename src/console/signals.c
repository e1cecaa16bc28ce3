/* signals.c - a signalfd on the loop. */
#include "console/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_EVERY (200 * MYNA_MS) /* virtual clock */

static void ready(void *arg, int events)
{
    struct myna_signals *s = arg;
    struct signalfd_siginfo info;

    (void)events;
    while (s->fd >= 0 && read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->told(s->arg);
}

static void look_fire(struct myna_timer *t)
{
    struct myna_signals *s = t->arg;

    ready(s, 1);
    if (s->fd >= 0)
        (void)!myna_timer_set(t, myna_host_now(s->host) + LOOK_EVERY);
}

void myna_signals_init(struct myna_signals *s, void (*told)(void *arg), void *arg)
{
    *s = (struct myna_signals){.told = told, .arg = arg, .fd = -1};
}

enum myna_err myna_signals_open(struct myna_signals *s, struct myna_why *why)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &set, &s->before))
        return myna_fail(why, MYNA_EIO, "cannot watch for Ctrl-C");
    s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->fd >= 0)
        return MYNA_OK;
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    return myna_fail(why, MYNA_EIO, "cannot watch for Ctrl-C: %s", strerror(errno));
}

enum myna_err myna_signals_watch(struct myna_signals *s, struct myna_host *host,
                                 struct myna_why *why)
{
    s->host = host;
    myna_host_timer_init(host, &s->look, look_fire, s);
    if (!myna_loop_is_virtual(host->loop)) {
        s->poll = myna_loop_poll(host->loop, s->fd, 1, ready, s);
        return MYNA_OK;
    }
    if (myna_timer_set(&s->look, myna_host_now(host) + LOOK_EVERY))
        return myna_fail(why, MYNA_ENOMEM, "no timer for the call");
    return MYNA_OK;
}

void myna_signals_close(struct myna_signals *s)
{
    myna_loop_poll_close(s->poll);
    s->poll = NULL;
    if (s->host)
        myna_timer_clear(&s->look);
    if (s->fd < 0)
        return;
    close(s->fd);
    s->fd = -1;
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
