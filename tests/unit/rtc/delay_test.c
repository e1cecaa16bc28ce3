/* delay_test.c - what the delay wants to be after this or that network; times are the test's. */
#include "check.h"

#include "rtc/delay.h"

static struct myna_delay d;
static int64_t k; /* frames sent */

/* n packets, 20 ms apart, each late by `late_ms` of its own. */
static void packets(int n, int (*late_ms)(int64_t k))
{
    for (int i = 0; i < n; i++, k++)
        myna_delay_packet(&d, 10 * MYNA_S + k * MYNA_FRAME_US + late_ms(k) * MYNA_MS, k * 960);
}

static int none(int64_t i)
{
    (void)i;
    return 0;
}

static int each_fourth_60(int64_t i)
{
    return i % 4 ? 0 : 60;
}

static int each_hundredth_60(int64_t i)
{
    return i % 100 ? 0 : 60;
}

static int all_100(int64_t i)
{
    (void)i;
    return 100;
}

static void begin(void)
{
    myna_delay_init(&d, MYNA_FRAME_US, MYNA_S);
    k = 0;
    CHECK_EQ(d.target, 40 * MYNA_MS); /* cautious */
}

TEST(calm_is_one_frame)
{
    begin();
    packets(400, none);
    CHECK_EQ(d.target, 20 * MYNA_MS);
    CHECK_EQ(myna_delay_due(&d, k * 960), 10 * MYNA_S + k * MYNA_FRAME_US);
}

TEST(jitter_is_allowed_for_and_forgotten_within_six_seconds)
{
    begin();
    packets(300, each_fourth_60);
    CHECK_EQ(d.target, 80 * MYNA_MS);
    packets(300, none);
    CHECK_EQ(d.target, 20 * MYNA_MS);
}

TEST(what_is_rare_is_not_worth_a_delay)
{
    begin();
    packets(1000, each_hundredth_60);
    CHECK_EQ(d.target, 20 * MYNA_MS);
}

TEST(a_longer_way_is_a_new_base_not_jitter)
{
    begin();
    packets(500, none);
    packets(10, all_100);
    CHECK(d.target >= 120 * MYNA_MS); /* it looks like jitter … */
    packets(600, all_100);
    CHECK_EQ(d.target, 20 * MYNA_MS); /* … until it has lasted */
    CHECK_EQ(myna_delay_due(&d, k * 960), 10 * MYNA_S + k * MYNA_FRAME_US + 100 * MYNA_MS);
}

TEST(a_burst_after_a_gap_says_nothing)
{
    begin();
    packets(500, none);
    for (int i = 0; i < 100; i++) /* 2 s were held up and come at once */
        myna_delay_packet(&d, 10 * MYNA_S + (k + 100) * MYNA_FRAME_US, (k + i) * 960);
    k += 100;
    packets(50, none);
    CHECK_EQ(d.burst, 0);
    CHECK_EQ(d.target, 20 * MYNA_MS);
}

TEST(stamps_that_stood_are_a_new_time_after_15_packets)
{
    int64_t stood = 0;

    begin();
    packets(500, none);
    for (int i = 0; i < 40; i++) { /* 3 s of mute that the stamps do not know */
        myna_us now = 13 * MYNA_S + (k + i) * MYNA_FRAME_US;

        myna_delay_packet(&d, now, (k + i) * 960);
        stood += d.burst > 0;
        if (i >= 15)
            CHECK_EQ(myna_delay_due(&d, (k + i) * 960), now);
    }
    CHECK_EQ(stood, 15);
    CHECK_EQ(d.target, 20 * MYNA_MS);
}

TEST(a_leap_into_the_future_is_another_clock)
{
    begin();
    packets(100, none);
    myna_delay_packet(&d, 10 * MYNA_S + k * MYNA_FRAME_US, k * 960 + 480000);
    CHECK_EQ(myna_delay_due(&d, k * 960 + 480000), 10 * MYNA_S + k * MYNA_FRAME_US);
}

TEST(a_clock_that_runs_faster_is_measured)
{
    for (int ppm = -300; ppm <= 300; ppm += 200) {
        begin();
        for (k = 0; k < 50 * 120; k++)
            myna_delay_packet(&d,
                              10 * MYNA_S + k * MYNA_FRAME_US - k * MYNA_FRAME_US * ppm / 1000000 +
                                  (k * 7919 % 31) * MYNA_MS,
                              k * 960);
        CHECK_NEAR(d.drift_ppm, ppm, 15);
    }
}

TEST(losses_are_given_time)
{
    begin();
    packets(400, none);
    myna_delay_set_extra(&d, 110 * MYNA_MS, 0);
    CHECK_EQ(d.target, 110 * MYNA_MS);
    myna_delay_set_extra(&d, 0, 20 * MYNA_MS);
    CHECK_EQ(d.target, 40 * MYNA_MS);
    myna_delay_set_extra(&d, 5 * MYNA_S, 0);
    CHECK_EQ(d.target, MYNA_S); /* never beyond what the owner allows */
}

TEST_MAIN
