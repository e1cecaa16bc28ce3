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

TEST_MAIN
