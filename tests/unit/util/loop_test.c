/* loop_test.c - order and time. All but the last few run on the virtual clock; those on the real
 * one wait for descriptors, threads and a few milliseconds, never for a guess. */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "util/loop.h"

#define MAX_TOLD 256

static struct told { /* what happened, in order */
    int who[MAX_TOLD];
    myna_us at[MAX_TOLD];
    int n;
} told;
static struct myna_loop *loop;

static void open_loop(bool virtual_clock, int workers, size_t queue)
{
    struct myna_loop_options opt = {
        .virtual_clock = virtual_clock, .workers = workers, .queue_length = queue};
    struct myna_why why;

    told.n = 0;
    loop = myna_loop_create(&opt, &why);
    CHECK(loop);
}

static void tell(int who)
{
    CHECK(told.n < MAX_TOLD);
    told.who[told.n] = who;
    told.at[told.n++] = myna_loop_now(loop);
}

struct item { /* a timer, work and post with a number */
    int who;
    struct myna_timer timer;
    struct myna_work work;
    struct myna_post post;
    atomic_bool hold; /* run() waits until it is false */
    atomic_bool *opens;
    myna_us again; /* timer: set once more for this time; < 0 no */
};

static void on_timer(struct myna_timer *t)
{
    struct item *it = t->arg;

    tell(it->who);
    if (it->again >= 0) {
        myna_us at = it->again;

        it->again = -1;
        CHECK_EQ(myna_timer_set(t, at), MYNA_OK);
    }
}

static void run_work(struct myna_work *w)
{
    struct item *it = w->arg;

    while (atomic_load(&it->hold))
        sched_yield();
    if (it->opens)
        atomic_store(it->opens, false);
}

static void on_done(struct myna_work *w)
{
    struct item *it = w->arg;

    tell(it->who);
}

static void on_post(struct myna_post *p)
{
    struct item *it = p->arg;

    tell(it->who);
}

static void make(struct item *it, int who)
{
    *it = (struct item){.who = who, .again = -1};
    myna_loop_timer_init(loop, &it->timer, on_timer, it);
    it->work = (struct myna_work){.run = run_work, .done = on_done, .arg = it};
    it->post.call = on_post;
    it->post.arg = it;
}

TEST(timers_fire_by_time_then_in_the_order_they_were_set)
{
    struct item it[5];
    const int want[] = {3, 1, 4, 0, 2};

    open_loop(true, 1, 0);
    for (int i = 0; i < 5; i++)
        make(&it[i], i);
    CHECK_EQ(myna_timer_set(&it[0].timer, 30), MYNA_OK);
    CHECK_EQ(myna_timer_set(&it[1].timer, 20), MYNA_OK);
    CHECK_EQ(myna_timer_set(&it[2].timer, 30), MYNA_OK);
    CHECK_EQ(myna_timer_set(&it[3].timer, 10), MYNA_OK);
    CHECK_EQ(myna_timer_set(&it[4].timer, 20), MYNA_OK);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 5);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(told.who[i], want[i]);
    CHECK_EQ(told.at[0], 10);
    CHECK_EQ(told.at[4], 30);
    myna_loop_destroy(loop);
}

TEST(a_thousand_random_timers_moved_and_cleared_fire_in_order)
{
    static struct item it[3000];
    uint32_t x = 12345;
    int alive = 0, seen[2] = {0, 0};
    myna_us last = 0;

    open_loop(true, 1, 0);
    for (int i = 0; i < 3000; i++) { /* more than the heap begins with */
        make(&it[i], i % 2);
        x = x * 1664525u + 1013904223u;
        CHECK_EQ(myna_timer_set(&it[i].timer, x >> 20), MYNA_OK);
    }
    for (int i = 0; i < 3000; i++) {
        x = x * 1664525u + 1013904223u;
        if (i % 3 == 0)
            myna_timer_clear(&it[i].timer);
        else if (i % 3 == 1)
            CHECK_EQ(myna_timer_set(&it[i].timer, x >> 20), MYNA_OK);
        alive += i % 3 != 0;
    }
    for (myna_us until = 0; until <= 4096; until += 16) {
        told.n = 0;
        myna_loop_run_until(loop, until);
        for (int k = 0; k < told.n; k++) {
            CHECK(told.at[k] >= last);
            last = told.at[k];
            seen[told.who[k]]++;
        }
    }
    myna_loop_run(loop);
    CHECK_EQ(seen[0] + seen[1], alive);
    myna_loop_destroy(loop);
}

TEST(a_timer_set_to_the_past_fires_now_and_setting_itself_again_starves_nobody)
{
    struct item a, b;

    open_loop(true, 1, 0);
    make(&a, 1);
    make(&b, 2);
    CHECK_EQ(myna_timer_set(&a.timer, 100), MYNA_OK);
    CHECK_EQ(myna_timer_set(&b.timer, 100), MYNA_OK);
    a.again = 5; /* fires at 100, asks for 5 */
    myna_loop_run(loop);
    CHECK_EQ(told.n, 3);
    CHECK_EQ(told.who[0], 1);
    CHECK_EQ(told.who[1], 2); /* b was due first */
    CHECK_EQ(told.who[2], 1);
    CHECK_EQ(told.at[2], 100);
    myna_loop_destroy(loop);
}

TEST(run_until_runs_what_is_due_and_leaves_the_clock_there)
{
    struct item a, b;

    open_loop(true, 1, 0);
    make(&a, 1);
    make(&b, 2);
    CHECK_EQ(myna_timer_set(&a.timer, 10 * MYNA_MS), MYNA_OK);
    CHECK_EQ(myna_timer_set(&b.timer, 30 * MYNA_MS), MYNA_OK);
    CHECK_EQ(myna_loop_wall_ms(loop), INT64_C(1767225600000));
    myna_loop_run_until(loop, 20 * MYNA_MS);
    CHECK_EQ(told.n, 1);
    CHECK_EQ(told.at[0], 10 * MYNA_MS);
    CHECK_EQ(myna_loop_now(loop), 20 * MYNA_MS);
    CHECK_EQ(myna_loop_wall_ms(loop), INT64_C(1767225600020));
    myna_loop_run_until(loop, 30 * MYNA_MS); /* up to and with */
    CHECK_EQ(told.n, 2);
    myna_loop_set_now(loop, 5); /* never backwards */
    CHECK_EQ(myna_loop_now(loop), 30 * MYNA_MS);
    myna_loop_set_wall(loop, 1000);
    CHECK_EQ(myna_loop_wall_ms(loop), 1030);
    myna_loop_destroy(loop);
}

TEST(the_virtual_clock_stands_still_while_workers_compute_and_results_come_in_order)
{
    struct item a, b, c, tick;

    open_loop(true, 2, 0);
    make(&a, 1);
    make(&b, 2);
    make(&c, 3);
    make(&tick, 9);
    /* `a` cannot end before `b` has: done in the order of ending would be 2, 1. */
    atomic_store(&a.hold, true);
    b.opens = &a.hold;
    CHECK_EQ(myna_timer_set(&tick.timer, 1), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &a.work), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &b.work), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &c.work), MYNA_OK);
    CHECK_EQ(myna_loop_busy(loop), 3);
    myna_loop_run(loop);
    CHECK_EQ(myna_loop_busy(loop), 0);
    CHECK_EQ(told.n, 4);
    CHECK_EQ(told.who[0], 1);
    CHECK_EQ(told.who[1], 2);
    CHECK_EQ(told.who[2], 3);
    CHECK_EQ(told.at[2], 0); /* not a microsecond passed */
    CHECK_EQ(told.who[3], 9);
    CHECK_EQ(told.at[3], 1);
    myna_loop_destroy(loop);
}

TEST(the_queue_of_works_has_an_end_and_says_not_now)
{
    struct item a, b, c;

    open_loop(true, 1, 2);
    make(&a, 1);
    make(&b, 2);
    make(&c, 3);
    CHECK_EQ(myna_loop_work(loop, &a.work), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &b.work), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &c.work), MYNA_EAGAIN);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    CHECK_EQ(myna_loop_work(loop, &c.work), MYNA_OK);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 3);
    myna_loop_destroy(loop);
}

TEST(destroy_hands_back_every_accepted_work_and_drops_timers)
{
    struct item it[20], late;

    open_loop(false, 2, 0);
    make(&late, 99);
    CHECK_EQ(myna_timer_set(&late.timer, 3600 * MYNA_S), MYNA_OK);
    for (int i = 0; i < 20; i++) {
        make(&it[i], i);
        CHECK_EQ(myna_loop_work(loop, &it[i].work), MYNA_OK);
    }
    myna_loop_destroy(loop);
    CHECK_EQ(told.n, 20);
    myna_timer_clear(&late.timer); /* late, but harmless */
    CHECK_EQ(late.timer.slot, 0);
}

TEST(posts_run_in_order_and_one_on_its_way_is_not_doubled)
{
    struct item a, b;

    open_loop(true, 1, 0);
    make(&a, 1);
    make(&b, 2);
    myna_loop_post(loop, &a.post);
    myna_loop_post(loop, &b.post);
    myna_loop_post(loop, &a.post);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    CHECK_EQ(told.who[0], 1);
    CHECK_EQ(told.who[1], 2);
    myna_loop_post(loop, &a.post);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 3);
    myna_loop_destroy(loop);
}

static void stop_now(struct myna_timer *t)
{
    tell(7);
    myna_loop_stop(t->in);
}

TEST(stop_ends_the_run_and_what_is_left_goes_on_in_the_next)
{
    struct item a;
    struct myna_timer t;

    open_loop(true, 1, 0);
    make(&a, 1);
    myna_loop_timer_init(loop, &t, stop_now, NULL);
    CHECK_EQ(myna_timer_set(&t, 10), MYNA_OK);
    CHECK_EQ(myna_timer_set(&a.timer, 20), MYNA_OK);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 1);
    CHECK_EQ(myna_loop_now(loop), 10);
    myna_loop_stop(loop); /* before the run: not lost */
    myna_loop_run(loop);
    CHECK_EQ(told.n, 1);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    myna_loop_destroy(loop);
}

/* ------------------------------------------------------------------ several threads */

struct poster {
    struct item item;
    int left;
    atomic_int delivered;
};

static void on_counted(struct myna_post *p)
{
    struct poster *me = p->arg;

    atomic_fetch_add(&me->delivered, 1);
}

static void *post_many(void *arg)
{
    struct poster *me = arg;

    for (int i = 1; i <= me->left; i++) {
        myna_loop_post(loop, &me->item.post);
        while (atomic_load(&me->delivered) < i) /* one outstanding each */
            sched_yield();
    }
    return NULL;
}

static void *stop_when_joined(void *arg)
{
    pthread_t *threads = arg;

    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    myna_loop_stop(loop);
    return NULL;
}

static void posts_from_threads(bool virtual_clock)
{
    struct poster p[4];
    pthread_t threads[4], stopper;

    open_loop(virtual_clock, 1, 0);
    myna_loop_hold(loop); /* nothing pending, yet run() stays */
    for (int i = 0; i < 4; i++) {
        make(&p[i].item, i);
        p[i].item.post.call = on_counted;
        p[i].item.post.arg = &p[i];
        p[i].left = 200;
        atomic_init(&p[i].delivered, 0);
        CHECK_EQ(pthread_create(&threads[i], NULL, post_many, &p[i]), 0);
    }
    CHECK_EQ(pthread_create(&stopper, NULL, stop_when_joined, threads), 0);
    myna_loop_run(loop);
    pthread_join(stopper, NULL);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(atomic_load(&p[i].delivered), 200);
    myna_loop_release(loop);
    myna_loop_destroy(loop);
}

TEST(posts_from_four_threads_all_arrive_on_the_real_clock)
{
    posts_from_threads(false);
}

TEST(posts_from_four_threads_all_arrive_on_the_virtual_clock)
{
    posts_from_threads(true);
}

TEST(on_the_real_clock_time_passes_and_timers_are_not_early)
{
    struct item a, b;

    open_loop(false, 1, 0);
    make(&a, 1);
    make(&b, 2);
    CHECK_EQ(myna_timer_set(&a.timer, 1500), MYNA_OK); /* less than libuv's millisecond apart */
    CHECK_EQ(myna_timer_set(&b.timer, 1700), MYNA_OK);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    CHECK_EQ(told.who[0], 1);
    CHECK(told.at[0] >= 1500);
    CHECK(told.at[1] >= 1700);
    myna_loop_run_until(loop, 5 * MYNA_MS);
    CHECK(myna_loop_now(loop) >= 5 * MYNA_MS);
    CHECK(myna_loop_wall_ms(loop) > INT64_C(1600000000000));
    myna_loop_destroy(loop);
}

static void on_readable(void *arg, int events)
{
    int *fds = arg;
    char c;

    CHECK_EQ(events, 1);
    CHECK_EQ(read(fds[0], &c, 1), 1);
    tell(c);
    if (c == 'z')
        myna_loop_stop(loop);
    else
        CHECK_EQ(write(fds[1], "z", 1), 1);
}

TEST(a_descriptor_is_told_when_ready_and_keeps_the_loop_running)
{
    int fds[2];
    struct myna_poll *p;

    CHECK_EQ(pipe(fds), 0);
    open_loop(false, 1, 0);
    p = myna_loop_poll(loop, fds[0], 1, on_readable, fds);
    CHECK(p);
    CHECK_EQ(write(fds[1], "a", 1), 1);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    CHECK_EQ(told.who[0], 'a');
    CHECK_EQ(told.who[1], 'z');
    myna_loop_poll_close(p);
    myna_loop_run(loop); /* nothing is pending any more: returns */
    myna_loop_destroy(loop);
    close(fds[0]);
    close(fds[1]);
}

static void on_signal(void *arg, int signum)
{
    (void)arg;
    tell(signum);
    myna_loop_stop(loop);
}

TEST(a_signal_reaches_the_loop_on_either_clock)
{
    for (int virtual_clock = 0; virtual_clock < 2; virtual_clock++) {
        open_loop(virtual_clock, 1, 0);
        myna_loop_hold(loop);
        CHECK_EQ(myna_loop_signal(loop, SIGUSR1, on_signal, NULL), MYNA_OK);
        raise(SIGUSR1);
        myna_loop_run(loop);
        CHECK_EQ(told.n, 1);
        CHECK_EQ(told.who[0], SIGUSR1);
        CHECK_EQ(myna_loop_signal(loop, SIGUSR1, NULL, NULL), MYNA_OK);
        myna_loop_release(loop);
        myna_loop_run(loop);
        myna_loop_destroy(loop);
    }
}

TEST(what_goes_to_the_disk_does_not_wait_behind_what_computes)
{
    struct item slow, file;

    open_loop(false, 1, 0);
    make(&slow, 1);
    make(&file, 2);
    atomic_store(&slow.hold, true); /* until the other has run */
    file.opens = &slow.hold;
    file.work.disk = true;
    CHECK_EQ(myna_loop_work(loop, &slow.work), MYNA_OK);
    CHECK_EQ(myna_loop_work(loop, &file.work), MYNA_OK);
    myna_loop_run(loop);
    CHECK_EQ(told.n, 2);
    myna_loop_destroy(loop);
}

TEST_MAIN
