/* energy_test.c - loudness as a VAD: steady noise is not speech, whatever its level; a voice above
 * it is; ten minutes of silence, noise or clipping change nothing.
 */
#include "check.h"

#include "turn/energy.h"

static uint32_t seed = 5;

static void noise(int16_t w[512], double size)
{
    for (int i = 0; i < 512; i++) {
        seed = seed * 1664525 + 1013904223;
        w[i] = (int16_t)(size * ((double)(seed >> 16) - 32768) / 32768);
    }
}

/* Windows of `size` noise that count as speech, out of n. */
static int loud(struct myna_energy *e, double size, int n)
{
    int count = 0;

    for (int i = 0; i < n; i++) {
        int16_t w[512];

        noise(w, size);
        count += myna_energy_run(e, w) >= 0.5f;
    }
    return count;
}

TEST(a_voice_above_a_quiet_room_is_speech)
{
    struct myna_energy e;

    myna_energy_reset(&e);
    CHECK_EQ(loud(&e, 40, 30), 0);
    CHECK_EQ(loud(&e, 4000, 30), 30);
    CHECK_EQ(loud(&e, 40, 30), 0);
}

TEST(ten_minutes_of_noise_become_the_floor_and_a_voice_still_stands_out)
{
    struct myna_energy e;

    myna_energy_reset(&e);
    loud(&e, 2000, 600);
    CHECK_EQ(loud(&e, 2000, 18000), 0);
    CHECK_EQ(loud(&e, 20000, 10), 10);
}

TEST(ten_minutes_of_silence_are_silence)
{
    struct myna_energy e;

    myna_energy_reset(&e);
    CHECK_EQ(loud(&e, 0, 18750), 0);
    CHECK_EQ(loud(&e, 20, 100), 0); /* a microphone switched on is no voice */
    CHECK_EQ(loud(&e, 4000, 10), 10);
}

TEST(clipping_gives_scores_that_are_numbers)
{
    struct myna_energy e;
    int16_t w[512];

    myna_energy_reset(&e);
    for (int i = 0; i < 512; i++)
        w[i] = i & 16 ? INT16_MAX : INT16_MIN;
    for (int i = 0; i < 18750; i++) {
        float p = myna_energy_run(&e, w);

        CHECK(p >= 0 && p <= 1);
    }
}

TEST_MAIN
