/* loop_uv.c - the only file that includes uv.h.
 *
 * The wake-up handle is always open, so uv_run() always has something to wait for. libuv's timer
 * counts milliseconds: waits are rounded up, and a wait that ends early is simply begun again by
 * the loop, which has the microseconds.
 */
#include "util/loop_uv.h"

#include <stdlib.h>

#include <uv.h>

struct myna_poll {
    uv_poll_t handle; /* first: the close callback frees through it */
    struct myna_loop_uv *uv;
    void (*ready)(void *arg, int events);
    void *arg;
    bool background;
};

struct watch { /* one signal */
    uv_signal_t handle;
    struct myna_loop_uv *uv;
    void (*fire)(void *arg, int signum);
    void *arg;
    int signum;
    struct watch *next;
};

struct myna_loop_uv {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_async_t async;
    void (*before)(void *arg);
    void *arg;
    size_t n_polls, n_background, n_signals;
    struct watch *watches;
};

static void on_wake(uv_async_t *handle)
{
    (void)handle; /* to return from uv_run() was the purpose */
}

/* UV_RUN_ONCE (libuv 1.44) runs timers before it polls: should the millisecond turn over between
 * arming and there, ours fires at once and the poll has nothing left to end it. A stopped loop
 * polls without waiting; the flag is gone when uv_run() returns. */
static void on_timer(uv_timer_t *handle)
{
    uv_stop(handle->loop);
}

struct myna_loop_uv *myna_loop_uv_create(void (*before)(void *arg), void *arg, struct myna_why *why)
{
    struct myna_loop_uv *uv = calloc(1, sizeof *uv);
    int rc;

    if (!uv) {
        myna_fail(why, MYNA_ENOMEM, "event loop: out of memory");
        return NULL;
    }
    uv->before = before;
    uv->arg = arg;
    rc = uv_loop_init(&uv->loop);
    if (rc)
        goto fail;
    rc = uv_async_init(&uv->loop, &uv->async, on_wake);
    if (rc) {
        uv_loop_close(&uv->loop);
        goto fail;
    }
    uv_timer_init(&uv->loop, &uv->timer);
    return uv;
fail:
    myna_fail(why, rc == UV_ENOMEM ? MYNA_ENOMEM : MYNA_EIO,
              "event loop: %s (a limit on open files? see ulimit -n)", uv_strerror(rc));
    free(uv);
    return NULL;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void close_leftover(uv_handle_t *handle, void *arg)
{
    struct myna_loop_uv *uv = arg;

    if (uv_is_closing(handle))
        return;
    if (handle == (uv_handle_t *)&uv->async || handle == (uv_handle_t *)&uv->timer)
        uv_close(handle, NULL);
    else
        uv_close(handle, free_handle);
}

void myna_loop_uv_destroy(struct myna_loop_uv *uv)
{
    if (!uv)
        return;
    uv_walk(&uv->loop, close_leftover, uv);
    while (uv_run(&uv->loop, UV_RUN_DEFAULT))
        ;
    uv_loop_close(&uv->loop);
    free(uv);
}

void myna_loop_uv_wake(struct myna_loop_uv *uv)
{
    uv_async_send(&uv->async);
}

void myna_loop_uv_turn(struct myna_loop_uv *uv, myna_us wait)
{
    if (wait == 0 || wait == MYNA_NEVER) {
        uv_timer_stop(&uv->timer);
        uv_run(&uv->loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&uv->loop); /* the timer counts from libuv's cached time */
    uv_timer_start(&uv->timer, on_timer, (uint64_t)((wait - 1) / MYNA_MS + 1), 0);
    uv_run(&uv->loop, UV_RUN_ONCE);
}

size_t myna_loop_uv_polls(const struct myna_loop_uv *uv)
{
    return uv->n_polls;
}

size_t myna_loop_uv_foreground(const struct myna_loop_uv *uv)
{
    return uv->n_polls - uv->n_background;
}

size_t myna_loop_uv_signals(const struct myna_loop_uv *uv)
{
    return uv->n_signals;
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct myna_poll *p = (struct myna_poll *)handle;
    int told = 0;

    p->uv->before(p->uv->arg);
    if (events & (UV_READABLE | UV_DISCONNECT) || status < 0)
        told |= 1; /* an error is met by the read */
    if (events & UV_WRITABLE || status < 0)
        told |= 2;
    p->ready(p->arg, told);
}

void myna_loop_poll_events(struct myna_poll *p, int events)
{
    int want = (events & 1 ? UV_READABLE : 0) | (events & 2 ? UV_WRITABLE : 0);

    if (want)
        uv_poll_start(&p->handle, want, on_ready);
    else
        uv_poll_stop(&p->handle);
}

void myna_loop_poll_background(struct myna_poll *p)
{
    if (!p->background)
        p->uv->n_background++;
    p->background = true;
}

struct myna_poll *myna_loop_uv_poll(struct myna_loop_uv *uv, int fd, int events,
                                    void (*ready)(void *arg, int events), void *arg)
{
    struct myna_poll *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    if (uv_poll_init(&uv->loop, &p->handle, fd)) { /* a plain file, or nothing open */
        free(p);
        return NULL;
    }
    p->uv = uv;
    p->ready = ready;
    p->arg = arg;
    uv->n_polls++;
    myna_loop_poll_events(p, events);
    return p;
}

void myna_loop_poll_close(struct myna_poll *p)
{
    if (!p)
        return;
    p->uv->n_polls--;
    p->uv->n_background -= p->background;
    uv_close((uv_handle_t *)&p->handle, free_handle);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct watch *w = (struct watch *)handle;

    w->uv->before(w->uv->arg);
    w->fire(w->arg, signum);
}

static void remove_watch(struct myna_loop_uv *uv, struct watch **at)
{
    struct watch *w = *at;

    *at = w->next;
    uv->n_signals--;
    uv_close((uv_handle_t *)&w->handle, free_handle);
}

enum myna_err myna_loop_uv_signal(struct myna_loop_uv *uv, int signum,
                                  void (*fire)(void *arg, int signum), void *arg)
{
    struct watch **at = &uv->watches, *w;

    while (*at && (*at)->signum != signum)
        at = &(*at)->next;
    if (*at && fire) { /* heard by somebody else from now on */
        (*at)->fire = fire;
        (*at)->arg = arg;
        return MYNA_OK;
    }
    if (*at)
        remove_watch(uv, at);
    if (!fire)
        return MYNA_OK;
    w = calloc(1, sizeof *w);
    if (!w)
        return MYNA_ENOMEM;
    *w = (struct watch){.uv = uv, .fire = fire, .arg = arg, .signum = signum};
    if (uv_signal_init(&uv->loop, &w->handle)) {
        free(w);
        return MYNA_EIO;
    }
    uv_unref((uv_handle_t *)&w->handle);
    if (uv_signal_start(&w->handle, on_signal, signum)) {
        uv_close((uv_handle_t *)&w->handle, free_handle);
        return MYNA_EINVAL;
    }
    w->next = uv->watches;
    uv->watches = w;
    uv->n_signals++;
    return MYNA_OK;
}
