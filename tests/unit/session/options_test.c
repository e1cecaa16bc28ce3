/* options_test.c - what a session does when nothing is configured: agent-session 1.3, 1.5. */
#include <myna/config.h>

#include "check.h"
#include "session/options.h"
#include "turn/endpointing.h"

static void read_section(const struct myna_section *section, void *into, const char *key,
                         const char *value)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};

    CHECK(cfg != NULL);
    if (key)
        CHECK_EQ(myna_config_set(cfg, key, value, "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_read(cfg, section, into, &why), MYNA_OK);
    myna_config_destroy(cfg);
}

TEST(without_a_detector_the_delays_are_500_and_3000)
{
    struct myna_turn_conf c = {0};

    read_section(&myna_turn_section, &c, NULL, NULL);
    CHECK_EQ(c.detection, MYNA_TURN_VAD_STT);
    CHECK_EQ(c.endpointing_mode, MYNA_ENDPOINTING_FIXED);
    CHECK_EQ(c.min_delay_ms, 500);
    CHECK_EQ(c.max_delay_ms, 3000);
    CHECK_NEAR(c.alpha, 0.9, 0);
}

TEST(one_delay_given_leaves_the_other)
{
    struct myna_turn_conf c = {0};

    read_section(&myna_turn_section, &c, "turn.min_delay", "400");
    CHECK_EQ(c.min_delay_ms, 400);
    CHECK_EQ(c.max_delay_ms, 3000);
    read_section(&myna_turn_section, &c, "turn.detection", "vad");
    CHECK_EQ(c.min_delay_ms, 500);
    CHECK_EQ(c.max_delay_ms, 3000);
}

TEST(interruption_is_as_the_table_says)
{
    struct myna_turn_conf c = {0};

    read_section(&myna_turn_section, &c, NULL, NULL);
    CHECK(c.allow_interruptions);
    CHECK(c.discard_audio_if_uninterruptible);
    CHECK_EQ(c.min_interruption_ms, 500);
    CHECK_EQ(c.min_interruption_words, 0);
    CHECK_EQ(c.false_interruption_timeout_ms, 2000);
    CHECK(c.resume_false_interruption);
    CHECK(c.preemptive_generation);
    CHECK(!c.preemptive_tts);
    CHECK_EQ(c.preemptive_max_speech_ms, 10000);
    CHECK_EQ(c.preemptive_max_retries, 3);
    read_section(&myna_turn_section, &c, "turn.false_interruption_timeout", "null");
    CHECK_EQ(c.false_interruption_timeout_ms, -1);
}

TEST(so_are_the_times_of_a_session)
{
    struct myna_session_conf c = {0};

    read_section(&myna_session_section, &c, NULL, NULL);
    CHECK_EQ(c.max_tool_steps, 3);
    CHECK_EQ(c.user_away_timeout_ms, 15000);
    CHECK_EQ(c.aec_warmup_ms, 3000);
    CHECK_EQ(c.tts_read_idle_timeout_ms, 10000);
    CHECK(c.use_tts_aligned_transcript);
    CHECK_EQ(c.retry_max, 3);
    CHECK_EQ(c.retry_interval_ms, 2000);
    CHECK_EQ(c.stage_timeout_ms, 10000);
    CHECK_EQ(c.max_unrecoverable_errors, 3);
    CHECK_EQ(c.close_transcript_timeout_ms, 2000);
    CHECK_EQ(c.max_duration_ms, -1);
}

TEST_MAIN
