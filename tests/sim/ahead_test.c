/* ahead_test.c - asking the agent before it is certain that the person has finished (1.7, 11.1). */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

static struct sim *asked(const char *const *config)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2000, HELLO, 100);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000)->ttfb_ms = 300;
    return s;
}

TEST(agent_and_voice_ahead_answer_700_ms_after_the_last_word)
{
    static const char *const config[] = {"turn.preemptive_generation=true",
                                         "turn.preemptive_tts=true", NULL};
    struct sim *s = asked(config);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@2700~ | listening@3700~");
    CHECK_EQ(sim_llm_requests(s), 1);
    CHECK_EQ(sim_tts_requests(s), 1);
    sim_end(s);
}

TEST(the_agent_ahead_answers_after_800)
{
    static const char *const config[] = {"turn.preemptive_generation=true", NULL};
    struct sim *s = asked(config);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@2800~ | listening@3800~");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(nothing_ahead_after_1100)
{
    struct sim *s = asked(NULL);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@3100~ | listening@4100~");
    sim_end(s);
}

TEST(an_agent_that_answers_no_guesses_waits_whatever_the_call_says)
{
    static const char *const config[] = {"turn.preemptive_generation=true",
                                         "turn.preemptive_tts=true",
                                         "agent.turn_preemptive_generation=false", NULL};
    struct sim *s = asked(config);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@3100~ | listening@4100~");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(an_agent_that_does_answers_after_700_ms_whatever_the_call_says)
{
    static const char *const config[] = {"agent.turn_preemptive_generation=true",
                                         "agent.turn_preemptive_tts=true", NULL};
    struct sim *s = asked(config);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@2700~ | listening@3700~");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(a_guess_that_was_wrong_is_thrown_away_unheard)
{
    static const char *const config[] = {"turn.preemptive_generation=true",
                                         "turn.preemptive_tts=true", "turn.min_delay=1000", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "I would like", 100);
    sim_user(s, 2200, 3000, "a cup of tea.", 100);
    sim_answer(s, "I would like", "What would you like?");
    sim_voice(s, "What would you like?", 1000);
    sim_answer(s, "I would like a cup of tea.", "One cup of tea.");
    sim_voice(s, "One cup of tea.", 1000);
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: I would like a cup of tea.@4000 | assistant: One cup of tea.");
    CHECK_PLAYOUTS(s, "heard=1000");
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(not_for_a_turn_that_is_already_long)
{
    static const char *const config[] = {"turn.preemptive_generation=true",
                                         "turn.preemptive_max_speech=1s", NULL};
    struct sim *s = asked(config);

    sim_run(s, 6000);
    CHECK_AGENT(s, "listening@0 | thinking@2500 | speaking@3100~ | listening@4100~");
    sim_end(s);
}

/* Three finals in one turn, each of which could be its end. */
static struct sim *three_guesses(const char *retries)
{
    const char *const config[] = {"turn.preemptive_generation=true", "turn.min_delay=2000", retries,
                                  NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "one", 100);
    sim_user(s, 2500, 3500, "two", 100);
    sim_user(s, 4500, 5500, "three", 100);
    sim_answer(s, "one", "One.");
    sim_answer(s, "one two", "Two.");
    sim_answer(s, "one two three", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 11000);
    return s;
}

TEST(as_often_as_allowed_in_one_turn)
{
    struct sim *s = three_guesses("turn.preemptive_max_retries=3");

    CHECK_EQ(sim_llm_requests(s),
             3); /* the last of them is the answer: only the voice is missing */
    CHECK_AGENT(s, "listening@0 | thinking@7500 | speaking@7700~ | listening@8700~");
    sim_end(s);
}

TEST(and_no_more)
{
    struct sim *s = three_guesses("turn.preemptive_max_retries=2");

    CHECK_EQ(sim_llm_requests(s), 3);
    CHECK_AGENT(s, "listening@0 | thinking@7500 | speaking@8000~ | listening@9000~");
    sim_end(s);
}

static const char *const slow_decision[] = {"turn.preemptive_generation=true",
                                            "turn.min_delay=4000", NULL};

TEST(a_guess_made_on_another_history_is_thrown_away)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = slow_decision});

    sim_user(s, 500, 2000, HELLO, 100);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_voice(s, "By the way.", 500);
    sim_run(s, 3000);
    CHECK_EQ(sim_llm_requests(s), 1);
    CHECK_EQ(myna_session_say(sim_session(s), "By the way.", -1, true, NULL), MYNA_OK);
    sim_run(s, 9000);
    CHECK_EQ(sim_llm_requests(s), 2);
    CHECK_ITEMS(s, "handoff | assistant: By the way. | user: " HELLO "@6000 | assistant: " ANSWER);
    sim_end(s);
}

TEST(words_that_differ_only_in_their_writing_are_the_same_guess)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = slow_decision});

    sim_user(s, 500, 2500, "", 0);
    sim_answer(s, "hello how are you", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 2000);
    sim_stt_tell(s, MYNA_STT_PREFLIGHT_TEXT, "hello how are you");
    sim_run(s, 2700);
    sim_stt_tell(s, MYNA_STT_FINAL, "Hello, how are you?");
    sim_run(s, 9000);
    CHECK_TRANSCRIBED(s, "hello how are you…@2000 | Hello, how are you?@2700");
    CHECK_ITEMS(s, "handoff | user: Hello, how are you?@6500 | assistant: " ANSWER);
    sim_end(s);
}

TEST(no_guess_while_the_agent_is_heard)
{
    static const char *const config[] = {"turn.preemptive_generation=true",
                                         "turn.min_interruption_words=5", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, ANSWER, 6000);
    sim_user(s, 1000, 2000, "Yes, yes.", 100);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), ANSWER, -1, true, NULL), MYNA_OK);
    sim_run(s, 5000);
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

TEST_MAIN
