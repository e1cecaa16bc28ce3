/* missing_test.c - asked for in time, not too often, and never when it is of no use. */
#include "check.h"

#include <stdint.h>

#include "rtc/missing.h"

static struct myna_missing m;
static uint16_t asked[MYNA_MISSING_MAX];

static size_t ask(int ms)
{
    return myna_missing_ask(&m, ms * MYNA_MS, 50 * MYNA_MS, 0, asked, MYNA_MISSING_MAX);
}

TEST(four_times_a_round_trip_apart)
{
    int times = 0;

    myna_missing_clear(&m);
    myna_missing_add(&m, 0, 7);
    CHECK_EQ(ask(4), 0); /* perhaps it comes behind the others */
    for (int ms = 5; ms < 600; ms += 5) {
        if (!ask(ms))
            continue;
        CHECK_EQ(asked[0], 7);
        CHECK_EQ(ms, 5 + 50 * times);
        times++;
    }
    CHECK_EQ(times, 4);
    CHECK_EQ(m.n, 0); /* forgotten */
}

TEST(what_came_is_not_asked_for)
{
    bool was_asked = true;

    myna_missing_clear(&m);
    myna_missing_add(&m, 0, 7);
    myna_missing_add(&m, 0, 8);
    CHECK(myna_missing_found(&m, 7, &was_asked));
    CHECK(!was_asked);
    CHECK(!myna_missing_found(&m, 7, &was_asked));
    CHECK_EQ(ask(20), 1);
    CHECK_EQ(asked[0], 8);
    CHECK(myna_missing_found(&m, 8, &was_asked));
    CHECK(was_asked);
    CHECK_EQ(ask(100), 0);
}

TEST(what_is_past_is_not_asked_for)
{
    myna_missing_clear(&m);
    myna_missing_add(&m, 0, 65534);
    myna_missing_add(&m, 0, 2);
    CHECK_EQ(myna_missing_ask(&m, 20 * MYNA_MS, 50 * MYNA_MS, 1, asked, MYNA_MISSING_MAX), 1);
    CHECK_EQ(asked[0], 2);
}

TEST(a_full_list_forgets_the_oldest)
{
    myna_missing_clear(&m);
    for (unsigned i = 0; i < 1000; i++)
        myna_missing_add(&m, 0, (uint16_t)i);
    CHECK_EQ(m.n, MYNA_MISSING_MAX);
    CHECK_EQ(ask(20), MYNA_MISSING_MAX);
    CHECK_EQ(asked[0], 1000 - MYNA_MISSING_MAX);
    CHECK_EQ(asked[MYNA_MISSING_MAX - 1], 999);
}

TEST(the_rate_follows_the_losses)
{
    myna_missing_clear(&m);
    for (unsigned i = 0; i < 1000; i++)
        if (i % 10)
            myna_missing_good(&m);
        else
            myna_missing_add(&m, 0, (uint16_t)i);
    CHECK_NEAR(m.rate, 0.1, 0.02);
    for (int i = 0; i < 500; i++)
        myna_missing_good(&m);
    CHECK(m.rate < 0.001);
}

TEST_MAIN
