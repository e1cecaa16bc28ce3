/* lengths_test.c - noise and utterances past the limit, of each person for themselves
 * (voice-gateway 3.3). */
#include "gateway/lengths.h"

#include "check.h"

static const struct myna_gw_options conf = {
    .silence_duration = 1.5, .min_speech_duration = 0.5, .max_utterance_ms = 120000};
static struct myna_gw_lengths l;

static enum myna_gw_length told(const char *who, bool speaking, int at_ms)
{
    struct myna_event ev = {.type = MYNA_EV_PERSON_SPEAKING,
                            .at = at_ms * MYNA_MS,
                            .u.person = {.identity = who, .speaking = speaking}};

    return myna_gw_lengths_told(&l, &conf, &ev);
}

TEST(one_loud_tick_is_noise_and_two_are_an_utterance)
{
    memset(&l, 0, sizeof l);
    CHECK_EQ(told("ann", true, 1000), MYNA_GW_LENGTH_FINE);
    CHECK_EQ(told("ann", false, 2600), MYNA_GW_LENGTH_NOISE);
    CHECK_EQ(told("ann", true, 5000), MYNA_GW_LENGTH_FINE);
    CHECK_EQ(told("ann", false, 6800), MYNA_GW_LENGTH_FINE);
    CHECK_EQ(l.n, 0);
}

TEST(a_cough_is_noise_while_another_one_speaks_and_so_is_its_end)
{
    memset(&l, 0, sizeof l);
    told("ann", true, 1000);
    told("bob", true, 2000);
    CHECK_EQ(told("bob", false, 3600), MYNA_GW_LENGTH_NOISE);
    CHECK_EQ(told("ann", false, 8000), MYNA_GW_LENGTH_FINE);
    told("bob", true, 10000);
    told("ann", true, 10200);
    CHECK_EQ(told("ann", false, 11800), MYNA_GW_LENGTH_NOISE);
    CHECK_EQ(told("bob", false, 15000), MYNA_GW_LENGTH_FINE);
}

TEST(who_speaks_until_the_limit_was_cut_though_others_spoke_meanwhile)
{
    memset(&l, 0, sizeof l);
    told("ann", true, 1000);
    told("bob", true, 5000);
    CHECK_EQ(told("bob", false, 9000), MYNA_GW_LENGTH_FINE);
    CHECK_EQ(told("ann", false, 120800), MYNA_GW_LENGTH_CUT);
}

TEST(a_stop_without_a_start_and_a_seventeenth_voice_are_passed_over)
{
    char who[16];

    memset(&l, 0, sizeof l);
    CHECK_EQ(told("ann", false, 1000), MYNA_GW_LENGTH_FINE);
    for (int i = 0; i < 17; i++) {
        snprintf(who, sizeof who, "p%d", i);
        told(who, true, 2000);
    }
    CHECK_EQ(told("p16", false, 3600), MYNA_GW_LENGTH_FINE);
    CHECK_EQ(told("p15", false, 3600), MYNA_GW_LENGTH_NOISE);
}

TEST(who_is_closed_in_mid_word_is_measured_without_the_silence_behind_it)
{
    memset(&l, 0, sizeof l);
    told("ann", true, 1000);
    told("bob", true, 1200);
    CHECK(myna_gw_lengths_close(&l, &conf, "ann", 1300 * MYNA_MS));
    CHECK(!myna_gw_lengths_close(&l, &conf, "bob", 1490 * MYNA_MS));
    CHECK(myna_gw_lengths_close(&l, &conf, "cleo", 1490 * MYNA_MS)); /* another VAD's */
    CHECK_EQ(told("ann", false, 2600), MYNA_GW_LENGTH_FINE);         /* measured already */
    CHECK_EQ(l.n, 0);
}

TEST_MAIN
