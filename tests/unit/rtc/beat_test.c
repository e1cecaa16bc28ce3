/* beat_test.c - each 20 ms is told once, at rest late and together, awake at its time. */
#include "check.h"

#include "rtc/beat.h"

static struct myna_beat b;
static myna_us told_to; /* end of the slot told last */

static int take(myna_us now)
{
    myna_us first;
    bool slept;
    int n = myna_beat_take(&b, now, &first, &slept);

    CHECK(!slept);
    CHECK(n == 0 || first == told_to + MYNA_FRAME_US);
    told_to += n * MYNA_FRAME_US;
    CHECK(told_to <= now);
    return n;
}

/* The first slot begins now. */
static void begin(myna_us now)
{
    myna_beat_start(&b, now + MYNA_FRAME_US);
    told_to = myna_beat_deadline(&b) - MYNA_FRAME_US;
}

TEST(awake_each_slot_is_told_at_its_end_on_the_common_grid)
{
    begin(1003 * MYNA_MS);
    CHECK_EQ(myna_beat_deadline(&b), 1025 * MYNA_MS);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(take(myna_beat_deadline(&b)), 1);
        CHECK_EQ(myna_beat_deadline(&b), (1045 + 20 * i) * MYNA_MS);
    }
}

TEST(what_is_late_is_told_one_after_the_other)
{
    begin(0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(take(myna_beat_deadline(&b) + 80 * MYNA_MS - i * MYNA_FRAME_US), 1);
    CHECK_EQ(take(told_to + 19 * MYNA_MS), 0);
}

TEST(at_rest_what_goes_by_is_told_together_on_a_grid_of_100_ms)
{
    for (myna_us start = 0; start < 100; start += 5) {
        begin(start * MYNA_MS);
        CHECK_EQ(take((start + 20) * MYNA_MS), 1);
        for (int i = 0; i < 20; i++) {
            myna_us from = told_to, at;
            int n;

            myna_beat_rest(&b);
            at = myna_beat_deadline(&b);
            CHECK_EQ(at % (100 * MYNA_MS), 0);
            CHECK(at > from + 300 * MYNA_MS && at <= from + 400 * MYNA_MS + MYNA_FRAME_US);
            n = take(at + MYNA_MS);
            CHECK(n >= 15 && n <= MYNA_BEAT_REST);
        }
    }
}

TEST(who_is_woken_hears_first_what_went_by_and_within_a_frame_what_comes)
{
    for (myna_us at = 21; at < 400; at += 7) {
        myna_us first = 0;
        bool slept;
        int n;

        begin(0);
        CHECK_EQ(take(20 * MYNA_MS), 1);
        myna_beat_rest(&b);
        n = myna_beat_wake(&b, at * MYNA_MS, &first, &slept);
        CHECK(!slept);
        CHECK_EQ(n, (at - 20) / 20);
        CHECK(n == 0 || first == 40 * MYNA_MS);
        told_to += n * MYNA_FRAME_US;
        CHECK(myna_beat_deadline(&b) > at * MYNA_MS);
        CHECK(myna_beat_deadline(&b) <= at * MYNA_MS + MYNA_FRAME_US);
        CHECK_EQ(take(myna_beat_deadline(&b)), 1);
        CHECK_EQ(myna_beat_wake(&b, 5 * MYNA_S, &first, &slept), 0); /* it is awake */
    }
}

TEST(slots_end_shortly_after_the_packets_of_a_voice_that_begins)
{
    for (myna_us at = 1; at < 400; at += 3) {
        myna_us first, wait;
        bool slept;

        begin(0);
        CHECK_EQ(take(20 * MYNA_MS), 1);
        myna_beat_rest(&b);
        (void)!myna_beat_wake(&b, (20 + at) * MYNA_MS, &first, &slept);
        myna_beat_align(&b, (20 + at) * MYNA_MS);
        wait = myna_beat_deadline(&b) - (20 + at) * MYNA_MS;
        CHECK(wait >= 10 * MYNA_MS && wait < 15 * MYNA_MS);
        CHECK_EQ(myna_beat_deadline(&b) % (5 * MYNA_MS), 0);
    }
}

TEST(a_process_that_slept_begins_anew)
{
    myna_us first;
    bool slept;

    for (int rests = 0; rests < 2; rests++) {
        begin(0);
        if (rests)
            myna_beat_rest(&b);
        CHECK_EQ(myna_beat_take(&b, 3 * MYNA_S, &first, &slept), 1);
        CHECK(slept);
        CHECK_EQ(first, 3 * MYNA_S);
        b.rests = false;
        CHECK_EQ(myna_beat_deadline(&b), 3020 * MYNA_MS);
    }
}

TEST(who_is_woken_after_the_process_slept_hears_one_slot_and_no_burst)
{
    myna_us first = 0;
    bool slept = false;

    begin(0);
    CHECK_EQ(take(20 * MYNA_MS), 1);
    myna_beat_rest(&b);
    CHECK_EQ(myna_beat_wake(&b, 60 * MYNA_S, &first, &slept), 1);
    CHECK(slept);
    CHECK_EQ(first, 60 * MYNA_S);
    CHECK_EQ(myna_beat_deadline(&b), 60020 * MYNA_MS);
}

TEST_MAIN
