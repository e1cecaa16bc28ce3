/* adapt_test.c - what a gateway sets of a session, and what it leaves to whoever set it. */
#include "gateway/adapt.h"

#include <myna/config.h>

#include "check.h"

/* The configuration with these keys set, as a gateway changes it. */
static struct myna_config *adapted(const char *const set[][2])
{
    struct myna_config *cfg = myna_config_create();
    struct myna_gw_options conf;
    struct myna_why why;

    CHECK(cfg);
    for (size_t i = 0; set[i][0]; i++)
        CHECK_EQ(myna_config_set(cfg, set[i][0], set[i][1], "the test", &why), MYNA_OK);
    CHECK_EQ(myna_gw_options_read(cfg, &conf, &why), MYNA_OK);
    CHECK_EQ(myna_gw_adapt(cfg, &conf, &why), MYNA_OK);
    return cfg;
}

static void has(const struct myna_config *cfg, const char *key, const char *value)
{
    const char *now = myna_config_get(cfg, key);

    CHECK_STR(now ? now : "(unset)", value);
}

TEST(a_network_takes_a_fifth_of_a_second_for_speech_and_its_own_silence)
{
    static const char *const set[][2] = {{NULL, NULL}};
    struct myna_config *cfg = adapted(set);

    has(cfg, "vad.provider", "silero");
    has(cfg, "vad.silero.min_speech_ms", "200");
    has(cfg, "vad.silero.min_silence_ms", "250");
    has(cfg, "session.preroll", "700"); /* half a second from before speech was noticed */
    myna_config_destroy(cfg);
}

TEST(silence_and_least_speech_of_the_gateway_hold_with_every_vad)
{
    static const char *const set[][2] = {{"vad.provider", "energy"},
                                         {"gateway.silence_duration", "0.8"},
                                         {"gateway.min_speech_duration", "0.35"},
                                         {NULL, NULL}};
    struct myna_config *cfg = adapted(set);

    has(cfg, "vad.energy.min_speech_ms", "350");
    has(cfg, "vad.energy.min_silence_ms", "800");
    has(cfg, "vad.silero.min_silence_ms", "250");
    has(cfg, "session.preroll", "850");
    myna_config_destroy(cfg);
}

TEST(whatever_speech_and_preroll_are_the_session_takes_what_comes_of_them)
{
    static const char *const much[][2] = {
        {"gateway.min_speech_duration", "1.5"}, {"gateway.preroll", "4s"}, {NULL, NULL}};
    static const char *const none[][2] = {
        {"gateway.min_speech_duration", "0"}, {"gateway.preroll", "0"}, {NULL, NULL}};
    struct myna_config *cfg = adapted(much);

    has(cfg, "session.preroll", "5000");
    myna_config_destroy(cfg);
    cfg = adapted(none);
    has(cfg, "session.preroll", "20");
    myna_config_destroy(cfg);
}

TEST(who_wants_no_sentence_for_errors_hears_none_of_a_refused_key_either)
{
    static const char *const silent[][2] = {{"session.error_sentence", "null"}, {NULL, NULL}};
    static const char *const nothing[][2] = {{NULL, NULL}};
    struct myna_config *cfg = adapted(silent);

    has(cfg, "session.refused_sentence", "(unset)");
    myna_config_destroy(cfg);
    cfg = adapted(nothing);
    has(cfg, "session.refused_sentence", "The agent is not reachable.");
    myna_config_destroy(cfg);
}

TEST(what_the_vads_own_section_says_goes_before_the_gateways)
{
    static const char *const set[][2] = {{"gateway.silence_duration", "0.8"},
                                         {"vad.silero.min_speech_ms", "90"},
                                         {"vad.silero.min_silence_ms", "300"},
                                         {NULL, NULL}};
    struct myna_config *cfg = adapted(set);

    has(cfg, "vad.silero.min_speech_ms", "90");
    has(cfg, "vad.silero.min_silence_ms", "300");
    myna_config_destroy(cfg);
}

/* ---- whose history it is (voice-gateway 16.1, 16.3), and who waits for an answer */

TEST(each_person_has_a_history_and_a_memory_of_their_own_in_both_modes)
{
    static const char *const modes[] = {"native", "compat"};

    for (int i = 0; i < 2; i++) {
        const char *const set[][2] = {
            {"gateway.mode", modes[i]}, {"transport.livekit.room", "t\n1"}, {NULL, NULL}};
        struct myna_config *cfg = adapted(set);

        has(cfg, "session.own_history", "true");
        has(cfg, "llm.hermes.session_key", "voice:t_1");
        has(cfg, "llm.hermes.session_key_from", "person");
        has(cfg, "turn.queue", "8"); /* nobody else would see what they said */
        myna_config_destroy(cfg);
    }
}

TEST(a_room_whose_name_has_a_colon_has_no_others_memory)
{
    static const char *const set[][2] = {{"transport.livekit.room", "a:b 5%"}, {NULL, NULL}};
    struct myna_config *cfg = adapted(set);

    has(cfg, "llm.hermes.session_key", "voice:a%3Ab 5%25");
    myna_config_destroy(cfg);
}

TEST(a_shared_room_has_one_and_in_compat_nobody_waits)
{
    static const char *const modes[] = {"native", "compat"};

    for (int i = 0; i < 2; i++) {
        const char *const set[][2] = {{"gateway.mode", modes[i]},
                                      {"gateway.shared_room_session", "true"},
                                      {"transport.livekit.room", "t1"},
                                      {NULL, NULL}};
        struct myna_config *cfg = adapted(set);

        has(cfg, "session.own_history", "false");
        has(cfg, "llm.hermes.session_key", "voice:t1");
        CHECK(myna_config_is_default(cfg, "llm.hermes.session_key_from"));
        CHECK_EQ(myna_config_is_default(cfg, "turn.queue"), i == 1);
        myna_config_destroy(cfg);
    }
}

TEST(a_memory_that_was_named_is_everybodys)
{
    static const char *const set[][2] = {{"llm.hermes.session_key", "me"}, {NULL, NULL}};
    struct myna_config *cfg = adapted(set);

    has(cfg, "session.own_history", "true");
    has(cfg, "llm.hermes.session_key", "me");
    CHECK(myna_config_is_default(cfg, "llm.hermes.session_key_from"));
    myna_config_destroy(cfg);
}

TEST(barge_in_alone_is_interruption_by_the_first_sound_from_the_first_answer_on)
{
    static const char *const on[][2] = {{"gateway.barge_in", "on"}, {NULL, NULL}};
    static const char *const set[][2] = {{"gateway.barge_in", "on"},
                                         {"turn.min_interruption", "300ms"},
                                         {"session.aec_warmup", "1s"},
                                         {NULL, NULL}};
    static const char *const automatic[][2] = {{NULL, NULL}};
    struct myna_config *cfg = adapted(on);

    has(cfg, "turn.min_interruption", "0");
    has(cfg, "session.aec_warmup", "null");
    has(cfg, "vad.silero.min_speech_ms", "50");
    myna_config_destroy(cfg);
    cfg = adapted(set);
    has(cfg, "turn.min_interruption", "300ms");
    has(cfg, "session.aec_warmup", "1s");
    myna_config_destroy(cfg);
    cfg = adapted(automatic);
    has(cfg, "turn.min_interruption", "500ms");
    has(cfg, "session.aec_warmup", "3s");
    myna_config_destroy(cfg);
}

TEST_MAIN
