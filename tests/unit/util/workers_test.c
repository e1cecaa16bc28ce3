/* workers_test.c - who goes next. One thread, held back by a first work until all others wait,
 * makes the order certain; several threads prove that nothing is lost. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>

#include "fault.h"
#include "util/loop.h"
#include "util/workers.h"

#define N 64

static atomic_bool gate_shut;
static atomic_int poked;
static int order[4 * N], n_run; /* written by the single worker, read when it is idle */

static void poke(void *arg)
{
    (void)arg;
    atomic_fetch_add(&poked, 1);
}

static void wait_at_gate(struct myna_work *w)
{
    (void)w;
    while (atomic_load(&gate_shut))
        sched_yield();
}

static void note(struct myna_work *w)
{
    order[n_run++] = (int)(intptr_t)w->arg;
}

static struct myna_work works[N], gate;

/* One thread, busy at the gate; `works` are numbered and not yet submitted. */
static struct myna_workers *held_back(void)
{
    struct myna_workers *p = myna_workers_create(1, N + 1, poke, NULL);

    CHECK(p);
    atomic_store(&gate_shut, true);
    atomic_store(&poked, 0);
    n_run = 0;
    gate = (struct myna_work){.run = wait_at_gate, .urgent = 1000};
    CHECK_EQ(myna_workers_submit(p, &gate), MYNA_OK);
    for (int i = 0; i < N; i++)
        works[i] = (struct myna_work){.run = note, .arg = (void *)(intptr_t)i};
    return p;
}

static void submit(struct myna_workers *p, int i, uint64_t fair, int urgent)
{
    works[i].fair = fair;
    works[i].urgent = urgent;
    CHECK_EQ(myna_workers_submit(p, &works[i]), MYNA_OK);
}

static void let_go(struct myna_workers *p)
{
    atomic_store(&gate_shut, false);
    myna_workers_wait_idle(p);
}

static void check_order(const int *want, int n)
{
    CHECK_EQ(n_run, n);
    for (int i = 0; i < n; i++)
        CHECK_EQ(order[i], want[i]);
}

TEST(keys_take_turns_and_each_key_keeps_its_order)
{
    struct myna_workers *p = held_back();

    for (int i = 0; i < 4; i++)
        submit(p, i, 1, 0); /* the talkative one: 0 1 2 3 */
    submit(p, 4, 2, 0);
    submit(p, 5, 3, 0);
    submit(p, 6, 2, 0);
    let_go(p);
    check_order((const int[]){0, 4, 5, 1, 6, 2, 3}, 7);
    myna_workers_destroy(p);
}

TEST(urgent_works_go_first_and_take_turns_among_themselves)
{
    struct myna_workers *p = held_back();

    submit(p, 0, 1, 0);
    submit(p, 1, 1, 5);
    submit(p, 2, 1, 5);
    submit(p, 3, 2, 5);
    submit(p, 4, 2, -1);
    submit(p, 5, 3, 9);
    let_go(p);
    check_order((const int[]){5, 1, 3, 2, 0, 4}, 6);
    myna_workers_destroy(p);
}

TEST(the_queue_ends_at_its_capacity_and_its_lanes_are_used_again)
{
    struct myna_workers *p = held_back();
    struct myna_work more = {.run = note};
    int n = 0, n_done = 0;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++)
            submit(p, i, (uint64_t)(i + round * 1000), i % 3); /* a lane each */
        if (!round) {
            while (myna_workers_submit(p, &more) == MYNA_OK) /* the gate may hold one slot */
                n++;
            CHECK(n <= 1);
        }
        let_go(p);
        for (struct myna_work *w = myna_workers_take_done(p); w; w = w->next)
            n_done++;
    }
    CHECK_EQ(n_run, 3 * N + n);
    CHECK_EQ(n_done, 3 * N + n + 1); /* and the gate */
    CHECK(!myna_workers_take_done(p));
    myna_workers_destroy(p);
    CHECK(atomic_load(&poked) >= 3 * N);
}

TEST(destroy_runs_what_is_still_queued)
{
    struct myna_workers *p = held_back();

    for (int i = 0; i < 10; i++)
        submit(p, i, 0, 0);
    atomic_store(&gate_shut, false);
    myna_workers_destroy(p);
    CHECK_EQ(n_run, 10);
}

/* ------------------------------------------------------------------ under the loop */

struct chain { /* each work, when done, submits the next */
    struct myna_work work;
    struct myna_loop *loop;
    int left;
    int sum; /* written by workers one after the other */
};

static void add(struct myna_work *w)
{
    struct chain *c = w->arg;

    c->sum += c->left;
}

static void go_on(struct myna_work *w)
{
    struct chain *c = w->arg;

    if (--c->left)
        CHECK_EQ(myna_loop_work(c->loop, w), MYNA_OK);
}

static void chains(bool virtual_clock)
{
    struct myna_loop_options opt = {.virtual_clock = virtual_clock, .workers = 4};
    struct myna_loop *loop = myna_loop_create(&opt, NULL);
    struct chain c[16];

    for (int i = 0; i < 16; i++) {
        c[i] = (struct chain){.loop = loop, .left = 100};
        c[i].work = (struct myna_work){.run = add, .done = go_on, .arg = &c[i]};
        c[i].work.fair = (uint64_t)i % 5;
        CHECK_EQ(myna_loop_work(loop, &c[i].work), MYNA_OK);
    }
    myna_loop_run(loop);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(c[i].sum, 5050);
    myna_loop_destroy(loop);
}

TEST(sixteen_chains_of_work_over_four_threads_lose_nothing)
{
    chains(false);
    chains(true);
}

static bool use_loop(void *arg)
{
    struct myna_why why = {0};
    struct myna_loop *loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &why);

    (void)arg;
    CHECK(!loop == (why.err == MYNA_ENOMEM));
    CHECK(loop || why.text[0]);
    myna_loop_destroy(loop);
    return loop != NULL;
}

TEST(a_loop_survives_each_failing_allocation)
{
    CHECK(fault_each_alloc(use_loop, NULL) >= 5);
}

static void nothing(struct myna_timer *t)
{
    (void)t;
}

TEST(a_heap_that_cannot_grow_says_so_and_keeps_its_timers)
{
    static struct myna_timer timers[1100];
    struct myna_loop *loop =
        myna_loop_create(&(struct myna_loop_options){.virtual_clock = true}, 0);
    int set = 0, i;

    for (i = 0; i < 1100; i++)
        myna_loop_timer_init(loop, &timers[i], nothing, NULL);
    fault_fail_alloc(1);
    for (i = 0; i < 1100; i++)
        if (myna_timer_set(&timers[i], i) == MYNA_OK)
            set++;
    CHECK(fault_hit());
    CHECK_EQ(set, 1099);
    myna_loop_run(loop);
    CHECK_EQ(myna_loop_now(loop), 1099);
    myna_loop_destroy(loop);
}

TEST_MAIN
