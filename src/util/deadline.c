/* deadline.c - a timerfd each: the one clock that the virtual loop can wait for. */
#include "util/deadline.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/host.h"

struct myna_deadline {
    struct myna_loop *loop;
    struct myna_poll *poll;
    int fd;
    void (*fire)(void *arg);
    void *arg;
};

void myna_deadline_cancel(struct myna_deadline *d)
{
    if (!d)
        return;
    myna_loop_world_end(d->loop);
    myna_loop_poll_close(d->poll);
    close(d->fd);
    free(d);
}

static void ready(void *arg, int events)
{
    struct myna_deadline *d = arg;
    void (*fire)(void *arg) = d->fire;
    void *whose = d->arg;

    (void)events;
    myna_deadline_cancel(d);
    fire(whose);
}

struct myna_deadline *myna_deadline_start(struct myna_host *host, int64_t ms,
                                          void (*fire)(void *arg), void *arg)
{
    struct myna_deadline *d = calloc(1, sizeof *d);
    struct itimerspec at = {0};

    if (!d)
        return NULL;
    *d = (struct myna_deadline){.loop = host->loop, .fire = fire, .arg = arg};
    if (ms < 1)
        ms = 1;
    at.it_value.tv_sec = ms / 1000;
    at.it_value.tv_nsec = ms % 1000 * 1000000;
    d->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (d->fd >= 0 && !timerfd_settime(d->fd, 0, &at, NULL))
        d->poll = myna_loop_poll(d->loop, d->fd, 1, ready, d);
    if (!d->poll) {
        if (d->fd >= 0)
            close(d->fd);
        free(d);
        return NULL;
    }
    myna_loop_world_begin(d->loop);
    return d;
}
