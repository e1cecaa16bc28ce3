/* resample_test.c - a tone keeps its pitch, its place in time and its length at every rate. */
#include "check.h"

#include "audio/resample.h"

static const uint32_t rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000};
#define N_RATES (sizeof rates / sizeof *rates)

static int16_t tone(size_t i, uint32_t rate, double hz)
{
    return (int16_t)lrint(12000 * sin(2 * M_PI * hz * (double)i / rate));
}

/* Pushes `seconds` of a 440 Hz tone in ragged blocks; returns what came out, freed by the caller.
 */
static int16_t *through(struct myna_resample *rs, uint32_t in_hz, double seconds, size_t *n)
{
    size_t total = (size_t)(in_hz * seconds), at = 0, step = 1;
    int16_t in[777], *out = malloc((myna_resample_bound(rs, total) + 2000) * sizeof *out);

    *n = 0;
    while (at < total) {
        size_t part = step % 777 + 1;
        size_t made;

        if (part > total - at)
            part = total - at;
        for (size_t i = 0; i < part; i++)
            in[i] = tone(at + i, in_hz, 440);
        made = myna_resample_run(rs, in, part, out + *n);
        CHECK(made <= myna_resample_bound(rs, part));
        *n += made;
        at += part;
        step = step * 31 + 7;
    }
    for (;;) {
        size_t made = myna_resample_finish(rs, out + *n, 100);

        if (made == 0)
            break;
        *n += made;
    }
    return out;
}

TEST(every_pair_of_rates_keeps_length_pitch_and_phase)
{
    for (size_t a = 0; a < N_RATES; a++)
        for (size_t b = 0; b < N_RATES; b++) {
            struct myna_resample *rs = myna_resample_create(rates[a], rates[b]);
            size_t n, want = ((size_t)(rates[a] * 0.5) * rates[b] + rates[a] - 1) / rates[a];
            int16_t *out = through(rs, rates[a], 0.5, &n);
            double noise = 0;

            CHECK_EQ(n, want);
            for (size_t i = n / 10; i < n - n / 10; i++) {
                double d = out[i] - tone(i, rates[b], 440);

                noise += d * d;
            }
            noise = sqrt(noise / ((double)n * 0.8));
            if (noise > 60) /* -43 dB below the tone; a sample out of place is far above */
                check_fail(__FILE__, __LINE__, "%u to %u Hz: error %.1f rms", rates[a], rates[b],
                           noise);
            free(out);
            myna_resample_destroy(rs);
        }
}

TEST(reset_starts_the_same_stream_again)
{
    struct myna_resample *rs = myna_resample_create(24000, 16000);
    size_t n1, n2;
    int16_t *one = through(rs, 24000, 0.2, &n1), *two;

    myna_resample_reset(rs);
    two = through(rs, 24000, 0.2, &n2);
    CHECK_EQ(n1, n2);
    CHECK(memcmp(one, two, n1 * sizeof *one) == 0);
    free(one);
    free(two);
    myna_resample_destroy(rs);
}

TEST(what_has_not_come_out_yet_is_at_most_the_filter)
{
    struct myna_resample *rs = myna_resample_create(48000, 16000);
    int16_t in[960] = {0}, out[400];
    size_t n = 0;

    for (int i = 0; i < 50; i++)
        n += myna_resample_run(rs, in, 960, out);
    CHECK(n <= 16000);
    CHECK(n + myna_resample_held(rs) / 3 + 1 >= 16000);
    CHECK(myna_resample_held(rs) < 48 * 10); /* 10 ms */
    myna_resample_destroy(rs);
}

TEST(rates_outside_8_to_48_khz_are_refused)
{
    CHECK(!myna_resample_create(7999, 16000));
    CHECK(!myna_resample_create(16000, 48001));
    CHECK(!myna_resample_create(0, 0));
}

TEST_MAIN
