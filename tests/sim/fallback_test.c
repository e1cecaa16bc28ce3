/* fallback_test.c - a stage with two providers: the second takes over where the first fails,
 * nothing is said twice, and the first comes back (agent-session 8, 11.2; telephony 3.5, E11).
 */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"
#define OTHER  "Very well, and you?"
#define SORRY  "The line to my brain is down, please say that again."
#define SPARE  "spare:"

/* ---- the agent */

static const char *const two_agents[] = {"llm.fallback=spare", "session.error_sentence=" SORRY,
                                         NULL};
static const struct sim_setup agents = {.config = two_agents};

struct rows {
    struct sim_answer *first, *second;
};

static struct sim *asked(const struct sim_setup *setup, struct rows *r)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2500, HELLO, 200);
    r->first = sim_answer(s, HELLO, ANSWER);
    r->second = sim_answer(s, SPARE HELLO, OTHER);
    sim_voice(s, ANSWER, 2000);
    sim_voice(s, OTHER, 1000);
    sim_voice(s, SORRY, 1500);
    return s;
}

static void ask_again(struct sim *s, int at_ms)
{
    sim_user(s, at_ms, at_ms + 1000, "And now?", 200);
    sim_answer(s, "And now?", "Now I hear you well.");
    sim_answer(s, SPARE "And now?", "The spare one hears you well.");
    sim_voice(s, "Now I hear you well.", 1000);
    sim_voice(s, "The spare one hears you well.", 1000);
}

TEST(one_agent_works_and_the_other_is_never_asked)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK_SWITCHES(s, "");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(an_agent_that_fails_before_a_word_is_replaced_without_a_pause)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_FAULT;
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " OTHER);
    CHECK_SWITCHES(s, "llm sim>spare@3200");
    CHECK_ERRORS(s, "");
    CHECK_STR(sim_metrics(s, MYNA_METRICS_LLM, 0)->label, "spare");
    sim_end(s);
}

TEST(also_one_that_refuses_the_request)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_REFUSES;
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " OTHER);
    CHECK_SWITCHES(s, "llm sim>spare@3100");
    sim_end(s);
}

TEST(also_one_that_says_nothing_for_five_seconds)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_SILENT;
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " OTHER);
    CHECK_SWITCHES(s, "llm sim>spare@8100");
    sim_end(s);
}

TEST(an_answer_that_has_begun_is_not_begun_again)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_BREAKS;
    sim_run(s, 9000);
    CHECK_SWITCHES(s, "");
    CHECK_ERRORS(s, "llm fatal@3300");
    CHECK_ITEMS(s, "handoff | user: " HELLO);
    CHECK_PLAYOUTS(s, "heard=1500@5000~"); /* nothing of it was voiced: the sentence */
    sim_end(s);
}

TEST(e11_all_agents_fail_before_a_word_and_the_sentence_is_said_once)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = r.second->failure = SIM_FAULT;
    r.first->retryable = r.second->retryable = true; /* each was asked just now: not again */
    sim_run(s, 12000);
    CHECK_ERRORS(s, "llm fatal@3200");
    CHECK_PLAYOUTS(s, "heard=1500@4900~");
    CHECK_SWITCHES(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3400~ | listening@4900~");
    sim_end(s);
}

TEST(an_agent_that_answers_again_is_the_first_again)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_FAULT;
    r.first->times = 1; /* the question in the background, 5 s later, is answered */
    ask_again(s, 10000);
    sim_run(s, 16000);
    CHECK_SWITCHES(s, "llm sim>spare@3200 | llm spare>sim@11600");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " OTHER
                   " | user: And now? | assistant: Now I hear you well.");
    CHECK_EQ(sim_llm_requests(s), 4);
    sim_end(s);
}

TEST(until_then_it_is_passed_over)
{
    struct rows r;
    struct sim *s = asked(&agents, &r);

    r.first->failure = SIM_FAULT;
    ask_again(s, 7000);
    sim_run(s, 13000);
    CHECK_SWITCHES(s, "llm sim>spare@3200");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " OTHER
                   " | user: And now? | assistant: The spare one hears you well.");
    sim_end(s);
}

TEST(an_agent_with_a_memory_of_its_own_is_not_asked_behind_the_callers_back)
{
    struct sim_setup setup = agents;
    struct rows r;
    struct sim *s;

    setup.llm_caps = MYNA_LLM_OWN_HISTORY;
    s = asked(&setup, &r);
    r.first->failure = SIM_FAULT;
    r.first->times = 1;
    ask_again(s, 40000);
    sim_run(s, 46000);
    CHECK_SWITCHES(s, "llm sim>spare@3200 | llm spare>sim@41600");
    CHECK_EQ(sim_llm_requests(s), 3);
    sim_end(s);
}

/* ---- the voice */

static const char *const two_voices[] = {"tts.fallback=spare", "session.error_sentence=" SORRY,
                                         NULL};
static const struct sim_setup voices = {.config = two_voices};

struct voice_rows {
    struct sim_voice *first, *second;
};

static struct sim *spoken(struct voice_rows *r)
{
    struct sim *s = sim_create(&voices);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    r->first = sim_voice(s, ANSWER, 2000);
    r->second = sim_voice(s, SPARE ANSWER, 1000);
    return s;
}

TEST(one_voice_works_and_the_other_is_never_asked)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=2000@5500~");
    CHECK_SWITCHES(s, "");
    CHECK_EQ(sim_tts_requests(s), 1);
    sim_end(s);
}

TEST(a_voice_that_fails_before_a_sound_is_replaced_and_all_is_said_once)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = SIM_FAULT;
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "heard=1000@4700~");
    CHECK_SWITCHES(s, "tts sim>spare@3700");
    CHECK_ERRORS(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK_STR(sim_metrics(s, MYNA_METRICS_TTS, 0)->label, "spare");
    sim_end(s);
}

TEST(what_may_succeed_at_once_is_tried_with_the_same_voice)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = SIM_FAULT;
    r.first->retryable = true;
    r.first->times = 2;
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "heard=2000@6100~"); /* twice 100 ms later, 200 ms to the sound */
    CHECK_SWITCHES(s, "");
    CHECK_EQ(sim_tts_requests(s), 3);
    sim_end(s);
}

TEST(a_voice_that_is_silent_or_ends_without_a_sound_has_failed)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = SIM_SILENT;
    sim_run(s, 12000);
    CHECK_SWITCHES(s, "tts sim>spare@8500");
    CHECK_PLAYOUTS(s, "heard=1000@9500~");
    sim_end(s);
    s = spoken(&r);
    r.first->audio_ms = 0;
    sim_run(s, 9000);
    CHECK_SWITCHES(s, "tts sim>spare@3700");
    CHECK_PLAYOUTS(s, "heard=1000@4700~");
    sim_end(s);
}

TEST(half_a_sentence_is_not_said_again_by_another_voice)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = SIM_BREAKS;
    sim_run(s, 10000);
    CHECK_SWITCHES(s, "");
    CHECK_ERRORS(s, "tts fatal@4080~");
    CHECK_PLAYOUTS(s, "heard=1000@4500~ | heard"); /* its half, and the recorded sentence */
    CHECK_EQ(sim_tts_requests(s), 2);              /* with the word to nobody */
    sim_end(s);
}

TEST(when_all_voices_fail_the_recorded_sentence_is_heard)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = r.second->failure = SIM_FAULT;
    r.second->retryable = true;
    sim_run(s, 10000);
    CHECK_ERRORS(s, "tts fatal@4300");
    CHECK_SWITCHES(s, "");
    CHECK(sim_sound_ms(s, 4300, 8000) > 500);
    sim_end(s);
}

TEST(a_voice_that_can_be_heard_again_is_the_first_again)
{
    struct voice_rows r;
    struct sim *s = spoken(&r);

    r.first->failure = SIM_FAULT;
    sim_voice(s, "Hello there.", 500); /* the word to nobody, a second later */
    sim_user(s, 8000, 9000, "And now?", 200);
    sim_answer(s, "And now?", "Now I speak well.");
    sim_voice(s, "Now I speak well.", 1000);
    sim_run(s, 14000);
    CHECK_SWITCHES(s, "tts sim>spare@3700 | tts spare>sim@10000");
    CHECK_PLAYOUTS(s, "heard=1000@4700~ | heard=1000@11000~");
    sim_end(s);
}

/* ---- the ears */

static const char *const two_ears[] = {"stt.fallback=spare", "session.error_sentence=" SORRY, NULL};
static const struct sim_setup ears = {.config = two_ears};

TEST(a_recogniser_that_breaks_while_someone_speaks_is_replaced_and_the_words_come_once)
{
    struct sim *s = sim_create(&ears);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_stt_fails(s, 1500, false, 1);
    sim_run(s, 8000);
    CHECK_TRANSCRIBED(s, HELLO "@2700");
    CHECK_SWITCHES(s, "stt sim>spare@2700");
    CHECK_ERRORS(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK(sim_stt_heard(s, 600, 2400));
    sim_end(s);
}

TEST(when_all_recognisers_fail_that_is_said)
{
    struct sim *s = sim_create(&ears);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_voice(s, SORRY, 1000);
    sim_stt_all_fail(s, 1500, 2);
    sim_run(s, 8000);
    CHECK_ERRORS(s, "stt fatal@1501");
    CHECK_TRANSCRIBED(s, "");
    CHECK_SWITCHES(s, "");
    sim_end(s);
}

TEST(a_recogniser_that_understands_again_is_the_first_again)
{
    static const char *const texts[] = {"One.", "Two.", "Three.", "Four."};
    struct sim *s = sim_create(&ears);

    sim_stt_fails(s, 1500, false, 1);
    for (int i = 0; i < 4; i++)
        sim_user(s, 500 + 6000 * i, 2500 + 6000 * i, texts[i], 200);
    sim_run(s, 25000);
    CHECK_TRANSCRIBED(s, "One.@2700 | Two.@8700 | Three.@14700 | Four.@20700");
    /* the second utterance shows that it hears, the third is its own again */
    CHECK_SWITCHES(s, "stt sim>spare@2700 | stt spare>sim@14700");
    sim_end(s);
}

/* ---- the configuration */

TEST(a_fallback_that_there_is_not_is_named)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options opt = {.size = sizeof opt, .config = cfg, .virtual_clock = true};
    struct myna_session_options so = {.size = sizeof so};
    struct myna_runtime *rt = NULL;
    struct myna_session *session = NULL;
    struct myna_why why = {0};

    CHECK_EQ(myna_config_set(cfg, "llm.provider", "instant", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "llm.fallback", "rehersal", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "energy", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "stt.provider", "instant", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "instant", "test", &why), MYNA_OK);
    CHECK_EQ(myna_runtime_create(&opt, &rt, &why), MYNA_OK);
    CHECK_EQ(myna_session_create(rt, &so, &session, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "test: there is no llm provider 'rehersal'; did you mean 'rehearsal'?");
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

TEST_MAIN
