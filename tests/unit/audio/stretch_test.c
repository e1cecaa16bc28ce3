/* stretch_test.c - a tone stays that tone, noise is left alone, quiet gives way at once. */
#include "check.h"

#include <stdint.h>

#include "audio/stretch.h"
#include "util/rand.h"

enum { N = 640, RATE = 16000 };

/* Room for what lengthen() adds, and a mark behind it. */
static int16_t pcm[N + MYNA_STRETCH_MAX + 1];

static double tone(double hz, size_t i)
{
    return 6000 * sin((double)i * 2 * M_PI * hz / RATE) +
           2000 * sin((double)i * 4 * M_PI * hz / RATE + 1);
}

static void fill_tone(double hz)
{
    for (size_t i = 0; i < N; i++)
        pcm[i] = (int16_t)tone(hz, i);
    pcm[N + MYNA_STRETCH_MAX] = 4711;
}

static double biggest_step(size_t n)
{
    double most = 0;

    for (size_t i = 1; i < n; i++)
        if (abs(pcm[i] - pcm[i - 1]) > most)
            most = abs(pcm[i] - pcm[i - 1]);
    return most;
}

TEST(a_tone_gets_shorter_by_whole_periods_and_stays_itself)
{
    for (int period = 50; period <= 230; period += 15) {
        double hz = (double)RATE / period;
        size_t n = N, removed;

        fill_tone(hz);
        removed = myna_stretch_shorten(pcm, &n);
        CHECK(removed >= MYNA_STRETCH_MIN && removed <= MYNA_STRETCH_MAX);
        CHECK_EQ(removed % (size_t)period, 0);
        CHECK_EQ(n, N - removed);
        for (size_t i = 0; i < n; i++)
            CHECK_NEAR(pcm[i], tone(hz, i), 20);
    }
}

TEST(and_longer)
{
    for (int period = 50; period <= 230; period += 15) {
        double hz = (double)RATE / period;
        size_t n = N, added;

        fill_tone(hz);
        added = myna_stretch_lengthen(pcm, &n);
        CHECK(added >= MYNA_STRETCH_MIN && added <= MYNA_STRETCH_MAX);
        CHECK_EQ(added % (size_t)period, 0);
        CHECK_EQ(n, N + added);
        for (size_t i = 0; i < n; i++)
            CHECK_NEAR(pcm[i], tone(hz, i), 20);
        CHECK_EQ(pcm[N + MYNA_STRETCH_MAX], 4711);
    }
}

/* No step of the joint is steeper than what the sound has anyway. */
TEST(a_period_that_is_no_whole_number_leaves_no_click)
{
    for (double hz = 75; hz < 390; hz += 7.3) {
        size_t n = N;
        double before;

        fill_tone(hz);
        before = biggest_step(N);
        CHECK(myna_stretch_shorten(pcm, &n));
        CHECK(biggest_step(n) <= before * 1.2);
        n = N;
        fill_tone(hz);
        CHECK(myna_stretch_lengthen(pcm, &n));
        CHECK(biggest_step(n) <= before * 1.2);
    }
}

TEST(noise_is_left_alone)
{
    struct myna_rand r;
    int16_t before[N];
    size_t n = N;

    myna_rand_seed(&r, 7);
    for (size_t i = 0; i < N; i++)
        before[i] = pcm[i] = (int16_t)((int)myna_rand_below(&r, 12001) - 6000);
    CHECK_EQ(myna_stretch_shorten(pcm, &n), 0);
    CHECK_EQ(myna_stretch_lengthen(pcm, &n), 0);
    CHECK_EQ(n, N);
    CHECK(!memcmp(pcm, before, sizeof before));
}

TEST(quiet_gives_the_most)
{
    struct myna_rand r;
    size_t n = N;

    myna_rand_seed(&r, 7);
    for (size_t i = 0; i < N; i++)
        pcm[i] = (int16_t)((int)myna_rand_below(&r, 61) - 30); /* -65 dBFS */
    CHECK(myna_stretch_is_quiet(pcm, N));
    CHECK_EQ(myna_stretch_shorten(pcm, &n), MYNA_STRETCH_MAX);
    CHECK_EQ(myna_stretch_lengthen(pcm, &n), MYNA_STRETCH_MAX);
    CHECK_EQ(n, N);
    for (size_t i = 0; i < N; i++)
        pcm[i] = (int16_t)((int)myna_rand_below(&r, 601) - 300); /* -45 dBFS */
    CHECK(!myna_stretch_is_quiet(pcm, N));
}

TEST_MAIN
