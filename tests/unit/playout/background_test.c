/* background_test.c - loops, fades, ducking, sums that bend: sample by sample. */
#include "playout/background.h"

#include <stdlib.h>

#include "check.h"

static int16_t level[1000];
static const struct myna_clip steady = {level, 1000}; /* 10000 all through */
static int16_t out[MYNA_OUT_SAMPLES];
static struct myna_background_mark mark;

static void make(struct myna_background *bg, double ambient, double thinking, double duck, int fade)
{
    for (size_t i = 0; i < 1000; i++)
        level[i] = 10000;
    myna_background_init(bg, &(struct myna_background_options){.ambient_volume = ambient,
                                                               .thinking_volume = thinking,
                                                               .duck = duck,
                                                               .fade = fade * MYNA_MS});
}

static void fill(int16_t v)
{
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
        out[i] = v;
}

static bool mix(struct myna_background *bg, bool speech, int16_t v)
{
    fill(v);
    return myna_background_mix(bg, speech, out, &mark);
}

TEST(without_clips_nothing_is_touched)
{
    struct myna_background bg;

    make(&bg, 1, 1, 1, 0);
    CHECK(!mix(&bg, true, 123));
    CHECK_EQ(out[0], 123);
    CHECK_EQ(out[479], 123);
}

TEST(ambience_is_added_at_its_volume)
{
    struct myna_background bg;

    make(&bg, 0.25, 1, 1, 0);
    myna_background_ambient(&bg, &steady);
    CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[0], 2500);
    CHECK(mix(&bg, true, 1000));
    CHECK_EQ(out[479], 3500);
    CHECK(mix(&bg, true, -4000));
    CHECK_EQ(out[100], -1500);
}

TEST(a_loop_begins_anew_at_its_end)
{
    static int16_t ramp[700];
    struct myna_clip clip = {ramp, 700};
    struct myna_background bg;

    for (int i = 0; i < 700; i++)
        ramp[i] = (int16_t)i;
    make(&bg, 1, 1, 1, 0);
    myna_background_ambient(&bg, &clip);
    CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[479], 479);
    CHECK_EQ(mark.ambient_at, 480);
    CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[219], 699);
    CHECK_EQ(out[220], 0);
    CHECK_EQ(mark.ambient_at, 260);
}

TEST(a_clip_of_one_sample_is_a_loop_too)
{
    static int16_t one[1] = {77};
    struct myna_clip clip = {one, 1};
    struct myna_background bg;

    make(&bg, 1, 1, 1, 0);
    myna_background_ambient(&bg, &clip);
    CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[0], 77);
    CHECK_EQ(out[479], 77);
}

TEST(it_comes_and_goes_in_the_time_of_a_fade)
{
    struct myna_background bg;
    int frames = 0, last = 0;

    make(&bg, 1, 1, 1, 200);
    myna_background_thinking(&bg, &steady);
    for (int f = 0; f < 10; f++) {
        CHECK(mix(&bg, false, 0));
        for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
            CHECK(out[i] >= last && out[i] - last <= 4); /* 10000 in 4800 samples */
            last = out[i];
        }
    }
    CHECK_NEAR(last, 10000, 5);
    CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[479], 10000);
    myna_background_thinking(&bg, NULL);
    while (mix(&bg, false, 0))
        frames++;
    CHECK_NEAR(frames, 10, 1); /* then it is gone */
}

TEST(coming_back_while_it_goes_makes_no_jump)
{
    struct myna_background bg;
    int last;

    make(&bg, 1, 1, 1, 200);
    myna_background_thinking(&bg, &steady);
    for (int f = 0; f < 12; f++)
        CHECK(mix(&bg, false, 0));
    myna_background_thinking(&bg, NULL);
    CHECK(mix(&bg, false, 0));
    last = out[479];
    CHECK(last < 9500);
    myna_background_thinking(&bg, &steady);
    CHECK(mix(&bg, false, 0));
    CHECK_NEAR(out[0], last, 5);
    CHECK_EQ(mark.thinking_at, (14 * 480) % 1000); /* the same clip goes on where it was */
}

TEST(ambience_steps_back_while_the_agent_is_heard)
{
    struct myna_background bg;

    make(&bg, 1, 1, 0.5, 20);
    myna_background_ambient(&bg, &steady);
    for (int f = 0; f < 3; f++)
        CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[479], 10000);
    for (int f = 0; f < 3; f++)
        CHECK(mix(&bg, true, 0));
    CHECK_EQ(out[479], 5000);
    CHECK_EQ(mark.ambient_gain, 32768);
    for (int f = 0; f < 3; f++)
        CHECK(mix(&bg, false, 0));
    CHECK_EQ(out[479], 10000);
}

TEST(loud_sums_bend_and_never_wrap)
{
    struct myna_background bg;
    int16_t before = 0;

    make(&bg, 1, 1, 1, 0);
    myna_background_ambient(&bg, &steady);
    for (int v = 10000; v <= 32767; v += 7) {
        CHECK(mix(&bg, true, (int16_t)v));
        CHECK(out[0] >= before && out[0] > 0);
        if (v + 10000 <= 29491)
            CHECK_EQ(out[0], v + 10000);
        before = out[0];
    }
    for (size_t i = 0; i < 1000; i++)
        level[i] = -32768;
    CHECK(mix(&bg, true, -32768));
    CHECK(out[0] < -30000);
}

TEST(a_clip_known_by_its_length_moves_and_is_silent)
{
    struct myna_clip *clip = myna_clip_silent(500);
    struct myna_background bg;

    make(&bg, 1, 1, 1, 0);
    myna_background_ambient(&bg, clip);
    CHECK(mix(&bg, true, 321));
    CHECK_EQ(out[479], 321);
    CHECK_EQ(mark.ambient_at, 480);
    CHECK_EQ(mark.ambient_gain, 65536);
    myna_clip_destroy(clip);
}

TEST_MAIN
