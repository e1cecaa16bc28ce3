/* arrivals_test.c - numbers that come, come late, come twice, or come from nowhere. */
#include "check.h"

#include <stdint.h>

#include "rtc/arrivals.h"

static struct myna_arrivals a;

static enum myna_arrival at(myna_us now, unsigned seq)
{
    return myna_arrivals_packet(&a, now, (uint16_t)seq, (uint32_t)(now * 6 / 125));
}

static enum myna_arrival come(unsigned seq)
{
    return at(seq * MYNA_FRAME_US, seq);
}

TEST(every_way_to_come_has_its_name)
{
    uint16_t asked[4];

    myna_arrivals_clear(&a);
    CHECK_EQ(come(100), MYNA_ARRIVAL_IN_ORDER);
    CHECK_EQ(come(101), MYNA_ARRIVAL_IN_ORDER);
    CHECK_EQ(come(105), MYNA_ARRIVAL_AHEAD);
    CHECK_EQ(come(103), MYNA_ARRIVAL_REORDERED);
    CHECK_EQ(come(103), MYNA_ARRIVAL_AGAIN);
    CHECK_EQ(come(99), MYNA_ARRIVAL_AGAIN); /* before the first */
    CHECK_EQ(myna_missing_ask(&a.missing, 106 * MYNA_FRAME_US, 50 * MYNA_MS, 0, asked, 4), 2);
    CHECK_EQ(asked[0], 102);
    CHECK_EQ(asked[1], 104);
    CHECK_EQ(come(104), MYNA_ARRIVAL_RESENT);
    CHECK_EQ(myna_arrivals_lost(&a), 1);
}

TEST(a_number_from_nowhere_is_believed_when_another_follows_it)
{
    myna_arrivals_clear(&a);
    CHECK_EQ(come(100), MYNA_ARRIVAL_IN_ORDER);
    CHECK_EQ(come(20000), MYNA_ARRIVAL_STRAY);
    CHECK_EQ(come(101), MYNA_ARRIVAL_IN_ORDER);
    CHECK_EQ(come(20001), MYNA_ARRIVAL_STRAY); /* 101 came between */
    CHECK_EQ(come(20002), MYNA_ARRIVAL_RESTART);
    myna_arrivals_clear(&a);
    CHECK_EQ(come(20002), MYNA_ARRIVAL_IN_ORDER);
}

TEST(the_report_counts_round_the_circle)
{
    struct myna_rtcp_block b;

    myna_arrivals_clear(&a);
    for (unsigned i = 0; i < 100; i++)
        if (i % 4)
            CHECK(at(i * MYNA_FRAME_US, 65500 + i) <= MYNA_ARRIVAL_AHEAD);
    CHECK(myna_arrivals_report(&a, 0, &b));
    CHECK_EQ(b.highest, 65536 + 63);
    CHECK_EQ(b.lost, 24); /* the first was never expected */
    CHECK_EQ(b.fraction, 24 * 255 / 99);
    CHECK_EQ(b.lsr, 0);
    CHECK_EQ(b.dlsr, 0);
    CHECK(!myna_arrivals_report(&a, 0, &b));
    for (unsigned i = 100; i < 120; i++) /* since then nothing was lost */
        (void)at(i * MYNA_FRAME_US, 65500 + i);
    CHECK(myna_arrivals_report(&a, 0, &b));
    CHECK_EQ(b.lost, 24);
    CHECK_EQ(b.fraction, 0);
}

/* RFC 3550, A.8: D is the change of transit; J moves by a sixteenth of it. */
TEST(jitter_is_as_the_rfc_counts_it)
{
    myna_arrivals_clear(&a);
    (void)myna_arrivals_packet(&a, 0, 1, 1000);
    (void)myna_arrivals_packet(&a, 30 * MYNA_MS, 2, 1960); /* 10 ms late: 480 ticks */
    CHECK_NEAR(a.jitter_ticks, 30, 0.01);
    (void)myna_arrivals_packet(&a, 40 * MYNA_MS, 3, 2920); /* on time again */
    CHECK_NEAR(a.jitter_ticks, 30 + (480 - 30) / 16.0, 0.01);
    (void)myna_arrivals_packet(&a, 10 * MYNA_S + 40 * MYNA_MS, 4, 2920 + 480000); /* a pause */
    CHECK_NEAR(a.jitter_ticks, (30 + (480 - 30) / 16.0) * 15 / 16, 0.01);
}

TEST(what_came_twice_does_not_hide_a_loss)
{
    myna_arrivals_clear(&a);
    (void)come(1);
    (void)come(3);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(come(3), MYNA_ARRIVAL_AGAIN);
    CHECK_EQ(myna_arrivals_lost(&a), 1);
}

TEST_MAIN
