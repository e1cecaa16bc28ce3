/* loop.c - what happens when: the heap of timers, the clock's two ways of moving, works, posts.
 *
 * A turn is: (real) wait, read the clock, tell ready descriptors; then the posts, then finished
 * works, then the timers that are due. Each of the three takes only what was there when its part
 * began, so a callback that asks for "now" again is served in the next turn and nobody starves.
 *
 * The virtual clock moves only between turns, when nothing is due, nothing is being computed and no
 * answer is awaited from the world.
 * While works are out the turn ends by waiting for all of them, and their results are delivered in
 * order of submission: what a run does then depends on its inputs alone, not on the machine.
 */
#include "util/loop.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/loop_uv.h"
#include "util/workers.h"

#define TIMERS_AT_START 1024
#define QUEUE_LENGTH    1024
#define VIRTUAL_WALL_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct myna_loop {
    bool virtual_clock, closing;
    bool sampled; /* the clock has been read in this turn */
    myna_us now;
    myna_us zero; /* real: CLOCK_MONOTONIC at create */
    int64_t wall_ms_at_zero;

    struct myna_timer **heap; /* heap[1] fires first; [0] is unused, so slot 0 means idle */
    size_t n_timers, cap_timers;
    uint64_t seq; /* of timers and works */

    struct myna_workers *workers, *disk;
    size_t n_busy, max_busy;
    size_t n_holds;
    size_t n_world; /* answers awaited from outside */

    struct myna_loop_uv *uv;
    _Atomic(struct myna_post *) posts; /* newest first */
    atomic_bool stop;
};

/* ------------------------------------------------------------------ clock */

static void sample(void *arg)
{
    struct myna_loop *loop = arg;

    if (loop->sampled || loop->virtual_clock)
        return;
    loop->sampled = true;
    loop->now = myna_clock_monotonic() - loop->zero;
}

bool myna_loop_is_virtual(const struct myna_loop *loop)
{
    return loop->virtual_clock;
}

myna_us myna_loop_now(const struct myna_loop *loop)
{
    return loop->now;
}

int64_t myna_loop_wall_ms(const struct myna_loop *loop)
{
    return loop->wall_ms_at_zero + loop->now / MYNA_MS;
}

void myna_loop_set_wall(struct myna_loop *loop, int64_t wall_ms_at_zero)
{
    loop->wall_ms_at_zero = wall_ms_at_zero;
}

void myna_loop_set_now(struct myna_loop *loop, myna_us now)
{
    if (loop->virtual_clock && now > loop->now)
        loop->now = now;
}

/* ------------------------------------------------------------------ timers */

static bool earlier(const struct myna_timer *a, const struct myna_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void place(struct myna_loop *loop, size_t slot, struct myna_timer *t)
{
    loop->heap[slot] = t;
    t->slot = slot;
}

/* Puts `t` where it belongs, beginning from the hole at `slot`. */
static void settle(struct myna_loop *loop, size_t slot, struct myna_timer *t)
{
    size_t child;

    while (slot > 1 && earlier(t, loop->heap[slot / 2])) {
        place(loop, slot, loop->heap[slot / 2]);
        slot /= 2;
    }
    while ((child = slot * 2) <= loop->n_timers) {
        if (child < loop->n_timers && earlier(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!earlier(loop->heap[child], t))
            break;
        place(loop, slot, loop->heap[child]);
        slot = child;
    }
    place(loop, slot, t);
}

static enum myna_err grow(struct myna_loop *loop)
{
    size_t cap = loop->cap_timers * 2;
    struct myna_timer **heap = realloc(loop->heap, (cap + 1) * sizeof *heap);

    if (!heap)
        return MYNA_ENOMEM;
    loop->heap = heap;
    loop->cap_timers = cap;
    return MYNA_OK;
}

void myna_loop_timer_init(struct myna_loop *loop, struct myna_timer *t,
                          void (*fire)(struct myna_timer *t), void *arg)
{
    *t = (struct myna_timer){.fire = fire, .arg = arg, .in = loop};
}

enum myna_err myna_timer_set(struct myna_timer *t, myna_us at)
{
    struct myna_loop *loop = t->in;

    if (at == MYNA_NEVER) {
        myna_timer_clear(t);
        return MYNA_OK;
    }
    if (!t->slot && loop->n_timers == loop->cap_timers && grow(loop))
        return MYNA_ENOMEM;
    /* What is overdue lines up behind what is due now: see run_timers(). */
    t->at = at > loop->now ? at : loop->now;
    t->seq = loop->seq++;
    settle(loop, t->slot ? t->slot : ++loop->n_timers, t);
    return MYNA_OK;
}

void myna_timer_clear(struct myna_timer *t)
{
    struct myna_loop *loop = t->in;
    struct myna_timer *last;
    size_t slot = t->slot;

    if (!slot)
        return;
    t->slot = 0;
    last = loop->heap[loop->n_timers--];
    if (last != t)
        settle(loop, slot, last);
}

static myna_us next_timer(const struct myna_loop *loop)
{
    return loop->n_timers ? loop->heap[1]->at : MYNA_NEVER;
}

/* All that were due when it began. A timer set meanwhile has `at` >= now and a higher number, so it
 * comes up behind all of those. */
static void run_timers(struct myna_loop *loop)
{
    uint64_t limit = loop->seq;

    while (loop->n_timers && loop->heap[1]->at <= loop->now && loop->heap[1]->seq < limit) {
        struct myna_timer *t = loop->heap[1];

        myna_timer_clear(t);
        t->fire(t);
    }
    if (loop->n_timers > loop->cap_timers / 2) /* here, so that the media tick need not; */
        (void)!grow(loop);                     /* when memory is short, myna_timer_set() says so */
}

/* ------------------------------------------------------------------ posts */

void myna_loop_post(struct myna_loop *loop, struct myna_post *p)
{
    if (atomic_exchange(&p->queued, true))
        return; /* on its way already */
    p->next = atomic_load(&loop->posts);
    while (!atomic_compare_exchange_weak(&loop->posts, &p->next, p))
        ;
    myna_loop_uv_wake(loop->uv);
}

static void run_posts(struct myna_loop *loop)
{
    struct myna_post *newest = atomic_exchange(&loop->posts, NULL), *oldest = NULL;

    while (newest) { /* the stack turned round: first come, first served */
        struct myna_post *p = newest;

        newest = p->next;
        p->next = oldest;
        oldest = p;
    }
    while (oldest) {
        struct myna_post *p = oldest;

        oldest = p->next;
        atomic_store(&p->queued, false); /* from here on `call` may post or free it */
        p->call(p);
    }
}

/* ------------------------------------------------------------------ works */

static void work_finished(void *arg)
{
    struct myna_loop *loop = arg;

    myna_loop_uv_wake(loop->uv);
}

enum myna_err myna_loop_work(struct myna_loop *loop, struct myna_work *w)
{
    enum myna_err err;

    if (loop->closing)
        return MYNA_ESTATE;
    if (loop->n_busy == loop->max_busy)
        return MYNA_EAGAIN;
    w->seq = loop->seq++;
    err = myna_workers_submit(w->disk ? loop->disk : loop->workers, w);
    if (!err)
        loop->n_busy++;
    return err;
}

size_t myna_loop_busy(const struct myna_loop *loop)
{
    return loop->n_busy;
}

static struct myna_work *merge(struct myna_work *a, struct myna_work *b)
{
    struct myna_work *head = NULL, **tail = &head;

    while (a && b) {
        struct myna_work **less = a->seq < b->seq ? &a : &b;

        *tail = *less;
        *less = (*less)->next;
        tail = &(*tail)->next;
    }
    *tail = a ? a : b;
    return head;
}

/* By order of submission; a merge sort, since there may be a thousand. */
static struct myna_work *sorted(struct myna_work *list)
{
    struct myna_work *slow = list, *fast, *half;

    if (!list || !list->next)
        return list;
    for (fast = list->next; fast && fast->next; fast = fast->next->next)
        slow = slow->next;
    half = slow->next;
    slow->next = NULL;
    return merge(sorted(list), sorted(half));
}

/* Those that have run, by order of submission. */
static struct myna_work *take_done(struct myna_loop *loop)
{
    if (loop->virtual_clock || loop->closing) {
        myna_workers_wait_idle(loop->workers);
        myna_workers_wait_idle(loop->disk);
    }
    return merge(sorted(myna_workers_take_done(loop->workers)),
                 sorted(myna_workers_take_done(loop->disk)));
}

static void run_done(struct myna_loop *loop)
{
    struct myna_work *w;

    if (!loop->n_busy)
        return;
    w = take_done(loop);
    while (w) {
        struct myna_work *next = w->next;

        loop->n_busy--;
        w->done(w); /* may submit or free it */
        w = next;
    }
}

/* ------------------------------------------------------------------ create, destroy */

struct myna_loop *myna_loop_create(const struct myna_loop_options *opt, struct myna_why *why)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = opt->workers > 0 ? opt->workers : cores > 2 ? (int)cores : 2;
    struct myna_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        goto short_of_memory;
    loop->virtual_clock = opt->virtual_clock;
    loop->max_busy = opt->queue_length ? opt->queue_length : QUEUE_LENGTH;
    loop->cap_timers = TIMERS_AT_START;
    loop->heap = malloc((loop->cap_timers + 1) * sizeof(struct myna_timer *));
    loop->workers = myna_workers_create(threads, loop->max_busy, work_finished, loop);
    loop->disk = myna_workers_create(1, loop->max_busy, work_finished, loop);
    if (!loop->heap || !loop->workers || !loop->disk)
        goto short_of_memory;
    loop->uv = myna_loop_uv_create(sample, loop, why);
    if (!loop->uv)
        goto fail;
    loop->wall_ms_at_zero = loop->virtual_clock ? VIRTUAL_WALL_MS : myna_clock_wall_ms();
    loop->zero = myna_clock_monotonic();
    return loop;
short_of_memory:
    myna_fail(why, MYNA_ENOMEM, "event loop: out of memory");
fail:
    myna_loop_destroy(loop);
    return NULL;
}

void myna_loop_drain(struct myna_loop *loop)
{
    loop->closing = true;
    while (loop->n_busy)
        run_done(loop);
}

void myna_loop_destroy(struct myna_loop *loop)
{
    if (!loop)
        return;
    myna_loop_drain(loop);
    myna_workers_destroy(loop->disk);
    myna_workers_destroy(loop->workers); /* before uv: a worker may be about to wake it */
    for (size_t i = 1; i <= loop->n_timers; i++)
        loop->heap[i]->slot = 0; /* a late clear() finds it idle */
    free(loop->heap);
    myna_loop_uv_destroy(loop->uv);
    free(loop);
}

/* ------------------------------------------------------------------ running */

struct myna_poll *myna_loop_poll(struct myna_loop *loop, int fd, int events,
                                 void (*ready)(void *arg, int events), void *arg)
{
    return myna_loop_uv_poll(loop->uv, fd, events, ready, arg);
}

enum myna_err myna_loop_signal(struct myna_loop *loop, int signum,
                               void (*fire)(void *arg, int signum), void *arg)
{
    return myna_loop_uv_signal(loop->uv, signum, fire, arg);
}

void myna_loop_hold(struct myna_loop *loop)
{
    loop->n_holds++;
}

void myna_loop_release(struct myna_loop *loop)
{
    loop->n_holds--;
}

void myna_loop_world_begin(struct myna_loop *loop)
{
    loop->n_world++;
}

void myna_loop_world_end(struct myna_loop *loop)
{
    loop->n_world--;
}

void myna_loop_stop(struct myna_loop *loop)
{
    atomic_store(&loop->stop, true);
    myna_loop_uv_wake(loop->uv);
}

static bool has_posts(struct myna_loop *loop)
{
    return atomic_load(&loop->posts) != NULL;
}

static void turn_real(struct myna_loop *loop, myna_us until)
{
    myna_us next = next_timer(loop), wait = MYNA_NEVER;

    if (next > until)
        next = until;
    if (next != MYNA_NEVER) {
        wait = next - (myna_clock_monotonic() - loop->zero);
        if (wait < 0)
            wait = 0;
    }
    if (has_posts(loop))
        wait = 0;
    loop->sampled = false;
    myna_loop_uv_turn(loop->uv, wait);
    sample(loop);
    run_posts(loop);
    run_done(loop);
    run_timers(loop);
}

/* False: nothing to do up to `until`. */
static bool turn_virtual(struct myna_loop *loop, myna_us until)
{
    bool due = has_posts(loop) || loop->n_busy || next_timer(loop) <= loop->now;
    myna_us next;

    if (myna_loop_uv_polls(loop->uv) || myna_loop_uv_signals(loop->uv)) /* Ctrl-C works here too */
        myna_loop_uv_turn(loop->uv, loop->n_world && !due ? MYNA_NEVER : 0);
    next = next_timer(loop);
    if (!has_posts(loop) && !loop->n_busy) {
        if (loop->n_world && next > loop->now)
            return true; /* the world has not answered: time stands still */
        if (next > until || next == MYNA_NEVER)
            return false;
        if (next > loop->now)
            loop->now = next;
    }
    run_posts(loop);
    run_timers(loop);
    run_done(loop);
    return true;
}

static bool pending(struct myna_loop *loop)
{
    return loop->n_timers || loop->n_busy || loop->n_holds || has_posts(loop) ||
           myna_loop_uv_foreground(loop->uv);
}

void myna_loop_run(struct myna_loop *loop)
{
    while (!atomic_exchange(&loop->stop, false) && pending(loop)) {
        if (!loop->virtual_clock)
            turn_real(loop, MYNA_NEVER);
        else if (!turn_virtual(loop, MYNA_NEVER) && pending(loop))
            myna_loop_uv_turn(loop->uv, MYNA_NEVER); /* only the outside can bring news */
    }
}

void myna_loop_run_until(struct myna_loop *loop, myna_us until)
{
    while (!atomic_exchange(&loop->stop, false)) {
        if (!loop->virtual_clock) {
            if (loop->now >= until)
                return;
            turn_real(loop, until);
        } else if (!turn_virtual(loop, until)) {
            if (until != MYNA_NEVER)
                myna_loop_set_now(loop, until);
            return;
        }
    }
}
