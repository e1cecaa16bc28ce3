/* echo_test.c - a room that repeats what it is told falls silent; a person who speaks is heard. */
#include "check.h"

#include "audio/echo.h"
#include "audio/level.h"

enum { N = MYNA_IN_SAMPLES, DELAY = 500 }; /* samples from loudspeaker to microphone */

static int16_t played[400 * N + DELAY];

/* Loud noise with the ups and downs of speech, from a fixed seed. */
static void compose(void)
{
    uint32_t seed = 7;
    double low = 0;

    for (size_t i = 0; i < sizeof played / sizeof *played; i++) {
        seed = seed * 1664525 + 1013904223;
        low = 0.7 * low + 0.3 * ((double)(seed >> 16) - 32768);
        played[i] = (int16_t)(low * 0.6 * (0.6 + 0.4 * sin((double)i / 1500)));
    }
}

TEST(an_echo_is_taken_out_within_seconds)
{
    struct myna_echo *e = myna_echo_create(200);
    float before = 0, after = 0;
    int frames = 0;

    CHECK(e != NULL);
    compose();
    for (int f = 0; f < 400; f++) {
        int16_t mic[N], out[N];

        for (int i = 0; i < N; i++) {
            int at = f * N + i - DELAY;

            mic[i] = (int16_t)(at < 0 ? 0 : played[at] / 3);
        }
        myna_echo_played(e, played + f * N);
        myna_echo_clean(e, mic, out);
        if (f >= 300) {
            before += myna_level_rms(mic, N);
            after += myna_level_rms(out, N);
            frames++;
        }
    }
    CHECK((before - after) / (float)frames > 20); /* dB */
    myna_echo_destroy(e);
}

TEST(without_anything_played_a_voice_passes)
{
    struct myna_echo *e = myna_echo_create(200);
    float before = 0, after = 0;

    for (int f = 0; f < 100; f++) {
        int16_t mic[N], out[N];

        for (int i = 0; i < N; i++) { /* syllables of 200 ms */
            double t = (double)(f * N + i) / MYNA_IN_RATE_HZ;

            mic[i] = (int16_t)((fmod(t, 0.4) < 0.2 ? 8000 : 0) * sin(2 * M_PI * 300 * t));
        }
        myna_echo_clean(e, mic, out);
        if (f > 50 && f % 20 < 8 && f % 20 > 1) {
            before += myna_level_rms(mic, N);
            after += myna_level_rms(out, N);
        }
    }
    CHECK(before != 0);
    CHECK(fabsf(before - after) < 6 * 12); /* dB, over about a dozen frames */
    myna_echo_destroy(e);
}

TEST(more_played_than_recorded_forgets_the_oldest)
{
    struct myna_echo *e = myna_echo_create(20);
    int16_t frame[N] = {0}, out[N];

    for (int f = 0; f < 1000; f++)
        myna_echo_played(e, frame);
    for (int f = 0; f < 20; f++)
        myna_echo_clean(e, frame, out);
    CHECK_EQ(out[0], 0);
    myna_echo_reset(e);
    myna_echo_destroy(e);
    myna_echo_destroy(NULL);
}

TEST_MAIN
