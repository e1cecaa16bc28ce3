/* memory_test.c - arena, pool and ring: what they hand out is right, and where they end. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "fault.h"
#include "util/arena.h"
#include "util/guard.h"
#include "util/pool.h"
#include "util/ring.h"

/* ------------------------------------------------------------------ arena */

TEST(pieces_of_an_arena_are_zeroed_aligned_and_do_not_overlap)
{
    struct myna_arena *a = myna_arena_create(128, 0);
    unsigned char *p[50];

    for (size_t i = 0; i < 50; i++) {
        p[i] = myna_arena_alloc(a, i + 1);
        CHECK(p[i]);
        CHECK_EQ((uintptr_t)p[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k <= i; k++)
            CHECK_EQ(p[i][k], 0);
        memset(p[i], (int)i + 1, i + 1);
    }
    for (size_t i = 0; i < 50; i++)
        for (size_t k = 0; k <= i; k++)
            CHECK_EQ(p[i][k], i + 1);
    CHECK_EQ(myna_arena_used(a), 50 * 51 / 2);
    myna_arena_destroy(a);
}

TEST(reset_gives_all_back_and_a_turn_that_fits_the_first_block_allocates_nothing)
{
    struct myna_arena *a = myna_arena_create(1024, 0);
    unsigned long before;
    size_t live = fault_live();
    char *first = myna_arena_strdup(a, "first");

    for (int i = 0; i < 20; i++)
        CHECK(myna_arena_alloc(a, 3000)); /* each larger than a block */
    if (fault_tracks())
        CHECK_EQ(fault_live(), live + 20);
    myna_arena_reset(a);
    CHECK_EQ(fault_live(), live);
    CHECK_EQ(myna_arena_used(a), 0);
    before = fault_alloc_count();
    CHECK(myna_arena_strdup(a, "again") == first);
    CHECK_STR(first, "again");
    CHECK_EQ(fault_alloc_count(), before);
    myna_arena_destroy(a);
}

TEST(an_arena_has_a_ceiling_and_tells_by_null)
{
    struct myna_arena *a = myna_arena_create(64, 1000);

    CHECK(myna_arena_alloc(a, 900));
    CHECK(!myna_arena_alloc(a, 101));
    CHECK(!myna_arena_alloc(a, SIZE_MAX));
    CHECK(!myna_arena_strndup(a, "x", SIZE_MAX));
    CHECK(myna_arena_alloc(a, 100));
    CHECK(!myna_arena_alloc(a, 1));
    myna_arena_reset(a);
    CHECK(myna_arena_alloc(a, 1000));
    myna_arena_destroy(a);
}

TEST(an_arena_copies_text_and_prints)
{
    struct myna_arena *a = myna_arena_create(16, 0);

    CHECK_STR(myna_arena_strndup(a, "weather today", 7), "weather");
    CHECK_STR(myna_arena_printf(a, "%s costs %d", "tea", 12345), "tea costs 12345");
    CHECK(!myna_arena_strdup(a, NULL));
    myna_arena_destroy(a);
}

static bool use_arena(void *arg)
{
    struct myna_arena *a = myna_arena_create(32, 0);
    bool well = a && myna_arena_strdup(a, "short") && myna_arena_alloc(a, 100) &&
                myna_arena_printf(a, "%0100d", 7);

    (void)arg;
    myna_arena_destroy(a);
    return well;
}

TEST(an_arena_survives_each_failing_allocation)
{
    CHECK(fault_each_alloc(use_arena, NULL) >= 4);
}

/* ------------------------------------------------------------------ pool */

TEST(a_pool_gives_each_block_once_then_counts_refusals)
{
    struct myna_pool *p = myna_pool_create(640, 3);
    void *b[3];

    for (int i = 0; i < 3; i++) {
        b[i] = myna_pool_take(p);
        CHECK(b[i]);
        memset(b[i], i, 640);
        CHECK_EQ((uintptr_t)b[i] % _Alignof(max_align_t), 0);
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQ(((char *)b[i])[639], i); /* a neighbour did not write into it */
    CHECK(!myna_pool_take(p));
    CHECK(!myna_pool_take(p));
    CHECK_EQ(myna_pool_refused(p), 2);
    CHECK_EQ(myna_pool_left(p), 0);
    myna_pool_give(p, b[1]);
    myna_pool_give(p, NULL);
    CHECK_EQ(myna_pool_left(p), 1);
    CHECK(myna_pool_take(p) == b[1]);
    myna_pool_destroy(p);
}

TEST(a_pool_works_in_the_media_tick_and_refuses_impossible_sizes)
{
    struct myna_pool *p = myna_pool_create(1, 2);
    void *a, *b;

    CHECK(p);
    myna_guard_enter(); /* an allocation would abort here */
    a = myna_pool_take(p);
    b = myna_pool_take(p);
    myna_pool_give(p, a);
    myna_guard_leave();
    CHECK(a && b && a != b);
    myna_pool_destroy(p);
    CHECK(!myna_pool_create(SIZE_MAX, 1));
    CHECK(!myna_pool_create(1 << 20, SIZE_MAX / 4));
    fault_fail_alloc(1);
    CHECK(!myna_pool_create(8, 8));
}

/* ------------------------------------------------------------------ ring */

static struct myna_view view(const void *ptr, size_t len)
{
    return (struct myna_view){ptr, len};
}

TEST(a_ring_takes_all_parts_or_none)
{
    struct myna_ring *r = myna_ring_create(50);
    char fill[60] = {0}, got[64];
    struct myna_view record[3] = {view("ab", 2), view(NULL, 0), view("cde", 3)};

    CHECK_EQ(myna_ring_capacity(r), 64);
    CHECK(myna_ring_write(r, (struct myna_view[]){view(fill, 60)}, 1));
    CHECK(!myna_ring_write(r, record, 3)); /* 4 bytes are left, 5 wanted */
    CHECK_EQ(myna_ring_used(r), 60);
    CHECK_EQ(myna_ring_space(r), 4);
    myna_ring_consume(r, 60);
    CHECK(myna_ring_write(r, record, 3)); /* wraps after 4 of its 5 bytes */
    CHECK_EQ(myna_ring_peek(r).len, 4);
    CHECK(!myna_ring_copy(r, got, 6));
    CHECK(myna_ring_copy(r, got, 5));
    CHECK(!memcmp(got, "abcde", 5));
    myna_ring_consume(r, 4);
    CHECK_EQ(myna_ring_peek(r).len, 1);
    CHECK_EQ(myna_ring_peek(r).ptr[0], 'e');
    myna_ring_consume(r, 1);
    CHECK_EQ(myna_ring_peek(r).len, 0);
    CHECK(myna_ring_write(r, (struct myna_view[]){view(got, 64)}, 1)); /* to the last byte */
    CHECK(!myna_ring_write(r, (struct myna_view[]){view(got, 1)}, 1));
    CHECK(!myna_ring_write(r, (struct myna_view[]){view(got, SIZE_MAX), view(got, 2)}, 2));
    myna_ring_destroy(r);
}

#define RECORDS 20000

static void *produce(void *arg)
{
    struct myna_ring *r = arg;

    for (uint32_t i = 0; i < RECORDS; i++) {
        uint8_t len = (uint8_t)(i % 23), body[23];

        memset(body, (int)(i & 0xff), sizeof body);
        while (!myna_ring_write(r, (struct myna_view[]){view(&len, 1), view(body, len)}, 2))
            sched_yield();
    }
    return NULL;
}

TEST(records_cross_between_two_threads_whole_and_in_order)
{
    struct myna_ring *r = myna_ring_create(256);
    pthread_t thread;
    uint32_t n = 0;
    bool right = true;

    CHECK_EQ(pthread_create(&thread, NULL, produce, r), 0);
    while (n < RECORDS) {
        uint8_t len, record[24];

        if (!myna_ring_copy(r, &len, 1)) {
            sched_yield();
            continue;
        }
        /* A record is published at once: its body is there when its length is. */
        right = right && len == n % 23 && myna_ring_copy(r, record, (size_t)len + 1);
        for (int i = 1; i <= len; i++)
            right = right && record[i] == (n & 0xff);
        myna_ring_consume(r, (size_t)len + 1);
        n++;
    }
    pthread_join(thread, NULL);
    CHECK(right);
    CHECK_EQ(myna_ring_used(r), 0);
    myna_ring_destroy(r);
}

static bool use_ring(void *arg)
{
    struct myna_ring *r = myna_ring_create(100);

    (void)arg;
    myna_ring_destroy(r);
    return r != NULL;
}

TEST(a_ring_survives_each_failing_allocation)
{
    CHECK_EQ(fault_each_alloc(use_ring, NULL), 2);
    CHECK(!myna_ring_create(SIZE_MAX));
}

TEST_MAIN
