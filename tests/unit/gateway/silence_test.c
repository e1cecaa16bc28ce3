/* silence_test.c - the reference's silence loop to the tick: acceptance cases 8 to 11, 13 to 15 of
 * voice-gateway 19 without a clock. */
#include "gateway/silence.h"

#include "check.h"

enum { RATE = 16000, FRAME = 320 };

static struct myna_gw_silence s;
static char told[64]; /* a letter each: b began, s said, n noise, l too long */
static myna_us now, at[64];

static void begin(void)
{
    myna_gw_silence_init(&s, RATE, 50, 1500 * MYNA_MS, 500 * MYNA_MS, 120 * MYNA_S);
    told[0] = '\0';
    now = 0;
}

static void note(enum myna_gw_silence_tells tells)
{
    static const char letters[] = {0, 'b', 's', 'n', 'l'};
    size_t n = strlen(told);

    if (tells == MYNA_GW_SAME)
        return;
    CHECK(n < sizeof told - 1);
    told[n] = letters[tells];
    told[n + 1] = '\0';
    at[n] = now;
}

/* A square wave of that RMS for so long. */
static void hear(int ms, int rms)
{
    int16_t pcm[FRAME];

    for (; ms > 0; ms -= 20) {
        for (int i = 0; i < FRAME; i++)
            pcm[i] = (int16_t)(i & 1 ? rms : -rms);
        now += 20 * MYNA_MS;
        note(myna_gw_silence_push(&s, pcm, FRAME));
    }
}

TEST(two_seconds_of_tone_begin_at_once_and_end_within_two_seconds)
{
    begin();
    hear(1000, 0);
    hear(2000, 3000);
    hear(3000, 0);
    CHECK_STR(told, "bs");
    CHECK_NEAR(at[0], 1200 * MYNA_MS, 200 * MYNA_MS);
    CHECK(at[1] - 3000 * MYNA_MS >= 1500 * MYNA_MS && at[1] - 3000 * MYNA_MS <= 2000 * MYNA_MS);
    CHECK(s.duration >= 2000 * MYNA_MS && s.duration <= 2600 * MYNA_MS);
}

TEST(a_click_in_one_tick_is_noise_and_a_sound_over_two_ticks_is_not)
{
    begin();
    hear(40, 0);
    hear(20, 30000); /* inside the first tick */
    hear(3000, 0);
    CHECK_STR(told, "bn");
    CHECK_EQ(s.duration, 300 * MYNA_MS);
    begin();
    hear(40, 0);
    hear(300, 3000); /* into the second */
    hear(3000, 0);
    CHECK_STR(told, "bs");
    CHECK_EQ(s.duration, 500 * MYNA_MS);
}

TEST(each_loud_tick_makes_it_two_tenths_longer)
{
    for (int k = 1; k < 40; k++) {
        begin();
        hear(200 * k, 51);
        hear(2000, 0);
        CHECK_EQ(s.duration, (200 * k + 100) * MYNA_MS);
    }
}

TEST(exactly_the_floor_is_silence_and_one_more_is_not)
{
    begin();
    hear(10000, 50);
    CHECK_STR(told, "");
    hear(200, 51);
    CHECK_STR(told, "b");
}

TEST(silence_keeps_nothing_but_one_tick)
{
    begin();
    for (int i = 0; i < 150; i++) {
        hear(200, 0);
        CHECK_EQ(s.length, 0);
    }
    CHECK_STR(told, "");
}

TEST(a_breath_shorter_than_the_silence_parts_nothing)
{
    begin();
    hear(1000, 3000);
    hear(1400, 0);
    hear(1000, 3000);
    hear(1800, 0);
    CHECK_STR(told, "bs");
    CHECK_EQ(s.duration, 3500 * MYNA_MS);
}

TEST(a_sound_that_ends_right_behind_a_word_is_kept_whole)
{
    begin();
    hear(800, 3000);
    note(myna_gw_silence_flush(&s));
    CHECK_STR(told, "bs");
    CHECK_EQ(s.duration, 800 * MYNA_MS);
    note(myna_gw_silence_flush(&s)); /* once */
    CHECK_STR(told, "bs");
    begin();
    hear(900, 3000); /* half a tick more */
    note(myna_gw_silence_flush(&s));
    CHECK_EQ(s.duration, 900 * MYNA_MS);
}

TEST(what_is_too_short_when_the_sound_ends_is_still_told_to_have_stopped)
{
    begin();
    hear(200, 3000);
    hear(120, 0);
    note(myna_gw_silence_flush(&s));
    CHECK_STR(told, "bn");
    begin();
    hear(100, 3000); /* not even a tick: it was never told to begin */
    note(myna_gw_silence_flush(&s));
    CHECK_STR(told, "");
}

TEST(a_speech_of_130_seconds_is_cut_at_120_and_goes_on_as_another)
{
    begin();
    hear(130000, 3000);
    CHECK_STR(told, "blb");
    CHECK_EQ(at[1], 120 * MYNA_S);
    hear(2000, 0);
    CHECK_STR(told, "blbs");
    CHECK_EQ(s.duration, 10100 * MYNA_MS);
}

TEST_MAIN
