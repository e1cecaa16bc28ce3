/* level_test.c - full scale is 0 dBFS, half of it -6, silence the floor. */
#include "check.h"

#include <stdint.h>

#include "audio/level.h"

TEST(a_full_scale_square_is_0_and_a_sine_3_below)
{
    int16_t square[480], sine[480];

    for (int i = 0; i < 480; i++) {
        square[i] = i % 2 ? 32767 : -32768;
        sine[i] = (int16_t)lrint(32767 * sin(2 * M_PI * i / 48));
    }
    CHECK_NEAR(myna_level_rms(square, 480), 0, 0.01);
    CHECK_NEAR(myna_level_rms(sine, 480), -3.01, 0.01);
    CHECK_NEAR(myna_level_peak(sine, 480), 0, 0.01);
}

TEST(half_the_amplitude_is_6_db_less)
{
    int16_t pcm[] = {16384, -16384, 16384, -16384};

    CHECK_NEAR(myna_level_rms(pcm, 4), -6.02, 0.01);
    CHECK_NEAR(myna_level_peak(pcm, 4), -6.02, 0.01);
}

TEST(silence_and_nothing_at_all_are_the_floor)
{
    int16_t pcm[4] = {0};

    CHECK_EQ(myna_level_rms(pcm, 4), MYNA_LEVEL_SILENT_DB);
    CHECK_EQ(myna_level_peak(pcm, 0), MYNA_LEVEL_SILENT_DB);
    CHECK_EQ(myna_level_rms(pcm, 0), MYNA_LEVEL_SILENT_DB);
}

TEST_MAIN
