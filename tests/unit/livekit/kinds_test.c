/* kinds_test.c - what transport.livekit says of whom we talk with and how, and what it refuses. */
#include <stdio.h>
#include <string.h>

#include "check.h"

#include <myna/config.h>

#include "livekit/options.h"
#include "livekit/people.h"

/* The kinds of `text`; NULL: as they are when nobody says. */
static enum myna_err read_kinds(const char *text, struct myna_lk_options *out, struct myna_why *why)
{
    struct myna_config *cfg = myna_config_create();
    enum myna_err err;

    if (text)
        CHECK_EQ(myna_config_set(cfg, "transport.livekit.kinds", text, "test", why), MYNA_OK);
    err = myna_lk_options_read(cfg, out, why);
    myna_config_destroy(cfg); /* the bits are ours */
    return err;
}

TEST(people_on_apps_phones_and_connectors_are_talked_with_when_nobody_says_otherwise)
{
    struct myna_lk_options o;

    CHECK_EQ(read_kinds(NULL, &o, NULL), MYNA_OK);
    CHECK_EQ(o.kind_bits, 1u << MYNA_LK_STANDARD | 1u << MYNA_LK_SIP | 1u << MYNA_LK_CONNECTOR);
}

TEST(kinds_are_named)
{
    struct myna_lk_options o;

    CHECK_EQ(read_kinds("ingress, bridge", &o, NULL), MYNA_OK);
    CHECK_EQ(o.kind_bits, 1u << MYNA_LK_INGRESS | 1u << MYNA_LK_BRIDGE);
}

TEST(an_agent_is_nobody_to_talk_with)
{
    struct myna_lk_options o;
    struct myna_why why;

    CHECK_EQ(read_kinds("standard, agent", &o, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "transport.livekit.kinds knows no 'agent'");
}

/* "KEY=VALUE KEY=VALUE …" of transport.livekit. */
static enum myna_err read_these(const char *settings, struct myna_lk_options *out,
                                struct myna_why *why)
{
    struct myna_config *cfg = myna_config_create();
    char text[300], *rest = text, *one, key[80];
    enum myna_err err;

    snprintf(text, sizeof text, "%s", settings);
    while ((one = strtok_r(rest, " ", &rest))) {
        snprintf(key, sizeof key, "transport.livekit.%.*s", (int)strcspn(one, "="), one);
        CHECK_EQ(myna_config_set(cfg, key, strchr(one, '=') + 1, "test", why), MYNA_OK);
    }
    err = myna_lk_options_read(cfg, out, why);
    myna_config_destroy(cfg);
    return err;
}

TEST(as_they_come_all_switches_of_a_room_are_those_of_livekits_own_agents)
{
    struct myna_lk_options o;

    CHECK_EQ(read_these("", &o, NULL), MYNA_OK);
    CHECK(o.audio_input && o.text_input && o.audio_output && o.transcription &&
          o.sync_transcription && o.close_on_disconnect);
    CHECK(!o.json_transcription && !o.delete_room_on_close && !o.stay);
}

TEST(what_has_no_sense_together_is_refused_by_name)
{
    static const struct {
        const char *settings, *keys[2];
    } bad[] = {
        {"audio_output=false transcription=false", {"audio_output", "transcription"}},
        {"json_transcription=true transcription=false", {"json_transcription", "transcription"}},
        {"sync_transcription=false transcription=false", {"sync_transcription", "transcription"}},
        {"stay=true close_on_disconnect=true", {"stay", "close_on_disconnect"}},
        {"delete_room_on_close=true token=x", {"delete_room_on_close", "api_key"}},
    };
    struct myna_lk_options o;
    struct myna_why why;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(read_these(bad[i].settings, &o, &why), MYNA_ECONFIG);
        CHECK_HAS(why.text, bad[i].keys[0]);
        CHECK_HAS(why.text, bad[i].keys[1]);
    }
    CHECK_EQ(read_these("stay=true close_on_disconnect=false", &o, &why), MYNA_OK);
    CHECK_EQ(read_these("delete_room_on_close=true api_key=k api_secret=s", &o, &why), MYNA_OK);
    CHECK_EQ(read_these("audio_input=false text_input=false", &o, &why),
             MYNA_OK); /* it announces */
}

TEST_MAIN
