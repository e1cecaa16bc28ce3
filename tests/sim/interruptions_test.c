/* interruptions_test.c - the person speaks while the agent does: agent-session 1.8, 1.9, 11.1. */
#include "sim.h"

#define HELLO "Hello, how are you?"
#define LONG                                                                                       \
    "Let me tell you a very long story about a bird that could talk, and that told everybody in "  \
    "the village what everybody else had said about them when they thought that nobody was there."

/* The question of every scenario here; its answer is heard from 3.5 s on. */
static struct sim *story(const struct sim_setup *setup, int audio_ms)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, LONG);
    sim_voice(s, LONG, audio_ms);
    return s;
}

TEST(half_a_second_of_speech_stops_the_agent)
{
    struct sim *s = story(NULL, 10000);
    const struct myna_item *it;

    sim_user(s, 5000, 6000, "Stop!", 200);
    sim_run(s, 12000);
    CHECK_AGENT(s,
                "listening@0 | thinking@3000 | speaking@3500~ | listening@5500 | thinking@6500 | "
                "listening@6500");
    CHECK_PLAYOUTS(s, "cut=2000~@5500~");
    it = sim_message(s, MYNA_ROLE_ASSISTANT, 0);
    CHECK(it->interrupted);
    CHECK(strlen(it->text) < strlen(LONG));
    CHECK(!strncmp(it->text, LONG, strlen(it->text)));
    CHECK_NEAR(sim_sound_ms(s, 0, 12000), 2000, 40);
    sim_end(s);
}

TEST(fewer_words_than_asked_for_do_not_interrupt)
{
    static const char *const config[] = {"turn.min_interruption_words=3", NULL};
    struct sim *s = story(&(struct sim_setup){.config = config}, 5000);

    sim_user(s, 5000, 6000, "Stop!", 200);
    sim_user(s, 6500, 7500, "ok, stop!", 0);
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "cut=4000~@7500~"); /* with the third word, not before */
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->text, "Stop! ok, stop!");
    sim_end(s);
}

TEST(an_agent_that_may_not_be_interrupted_is_heard_to_its_end)
{
    static const char *const config[] = {"turn.allow_interruptions=false", NULL};
    struct sim *s = story(&(struct sim_setup){.config = config}, 5000);

    sim_user(s, 5000, 6000, "Stop!", 200);
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "heard=5000@8500~");
    CHECK_EQ(sim_llm_requests(s), 1);     /* the turn was dropped */
    CHECK(!sim_stt_heard(s, 5020, 5980)); /* discard_audio_if_uninterruptible */
    CHECK(sim_stt_heard(s, 500, 2500));
    sim_end(s);
}

TEST(typed_words_interrupt_and_go_straight_to_thinking)
{
    struct sim *s = story(NULL, 15000);

    sim_answer(s, "Something else, please.", "Of course.");
    sim_voice(s, "Of course.", 1000);
    sim_run(s, 5000);
    CHECK_EQ(myna_session_text(sim_session(s), "Something else, please."), MYNA_OK);
    sim_run(s, 9000);
    CHECK_AGENT(s,
                "listening@0 | thinking@3000 | speaking@3500~ | thinking@5000~ | speaking@5500~ | "
                "listening@6500~");
    CHECK_PLAYOUTS(s, "cut=1500~@5000~ | heard=1000@6500~");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->at <= sim_message(s, MYNA_ROLE_USER, 1)->at);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK(!sim_message(s, MYNA_ROLE_ASSISTANT, 1)->interrupted);
    sim_end(s);
}

TEST(an_answer_interrupted_before_it_is_heard_leaves_no_trace)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, LONG)->duration_ms = 1000;
    sim_voice(s, LONG, 10000);
    sim_user(s, 3000, 4000, "Stop!", 200);
    sim_run(s, 10000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | listening@3500 | thinking@4500 | listening@4500");
    CHECK_PLAYOUTS(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@3000 | user: Stop!@4500");
    CHECK_EQ(sim_sound_ms(s, 0, 10000), 0);
    sim_end(s);
}

TEST(the_same_where_the_output_can_be_paused)
{
    struct sim *s = sim_create(&(struct sim_setup){.pausable = true});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, LONG)->duration_ms = 1000;
    sim_voice(s, LONG, 10000);
    sim_user(s, 3000, 4000, "Stop!", 250); /* its words come after the first sound at 4.2 */
    sim_run(s, 10000);
    CHECK_PLAYOUTS(s, "cut=0");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@3000 | user: Stop!@4500");
    CHECK_EQ(sim_sound_ms(s, 0, 10000), 0);
    sim_end(s);
}

TEST(a_cough_before_the_first_word_only_delays_the_answer)
{
    struct sim *s = story(&(struct sim_setup){.pausable = true}, 5000);

    sim_user(s, 3000, 3300, "", 0);
    sim_run(s, 12000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3800~ | listening@8800~");
    CHECK_PLAYOUTS(s, "heard=5000@8800~");
    sim_end(s);
}

TEST(a_cough_in_the_answer_pauses_it_and_it_goes_on)
{
    struct sim *s = story(&(struct sim_setup){.pausable = true}, 5000);

    sim_user(s, 5000, 5600, "", 0);
    sim_run(s, 14000);
    /* paused when the speech is 0.5 s old; the segment ends at 6.1; 2 s later it was nothing */
    CHECK_AGENT(s,
                "listening@0 | thinking@3000 | speaking@3500~ | listening@5500 | speaking@8100 | "
                "listening@11100~");
    CHECK_FALSE(s, "resumed@8100");
    CHECK_PLAYOUTS(s, "heard=5000@11100~");
    CHECK_EQ(sim_sound_ms(s, 5560, 8080), 0);
    CHECK_NEAR(sim_sound_ms(s, 0, 14000), 5000, 20);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " LONG "@11100~");
    sim_end(s);
}

TEST(words_after_the_pause_make_it_an_interruption)
{
    struct sim *s = story(&(struct sim_setup){.pausable = true}, 10000);

    sim_user(s, 5000, 6000, "Stop!", 200);
    sim_run(s, 14000);
    CHECK_AGENT(s,
                "listening@0 | thinking@3000 | speaking@3500~ | listening@5500 | thinking@6500 | "
                "listening@6500");
    CHECK_PLAYOUTS(s, "cut=2000~@6200~");
    CHECK_FALSE(s, "");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(while_echo_cancelling_warms_up_sound_alone_does_not_interrupt)
{
    static const char *const config[] = {"session.aec_warmup=3s", NULL};
    struct sim *s = story(&(struct sim_setup){.config = config}, 15000);

    sim_user(s, 4000, 5000, "Stop!", 200);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "cut=2000~@5500~"); /* by the end of the turn */
    CHECK(!sim_stt_heard(s, 4020, 4980));
    sim_end(s);
}

TEST(without_warm_up_it_does)
{
    struct sim *s = story(NULL, 15000);

    sim_user(s, 4000, 5000, "Stop!", 200);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "cut=1000~@4500~");
    CHECK(sim_stt_heard(s, 4020, 4980));
    sim_end(s);
}

static bool at_once(struct sim *s, uint32_t turn, const char *text, enum myna_turn_verdict *verdict)
{
    (void)s;
    (void)turn;
    (void)text;
    *verdict = MYNA_TURN_REPLY;
    return true;
}

static bool two_seconds_later(struct sim *s, uint32_t turn, const char *text,
                              enum myna_turn_verdict *verdict)
{
    (void)text;
    (void)verdict;
    sim_decide_later(s, turn, 2000, MYNA_TURN_REPLY);
    return false;
}

static struct sim *spoken_twice(const struct sim_setup *setup)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2000, "I would like", 200);
    sim_user(s, 2600, 3200, "a cup of tea.", 200);
    sim_answer(s, "I would like", "What would you like?");
    sim_answer(s, "a cup of tea.", "One cup of tea.");
    sim_voice(s, "What would you like?", 1000);
    sim_voice(s, "One cup of tea.", 1000);
    return s;
}

TEST(who_goes_on_speaking_is_answered_once)
{
    struct sim *s = spoken_twice(&(struct sim_setup){.hook = at_once});

    sim_run(s, 10000);
    CHECK_AGENT(s,
                "listening@0 | thinking@2500 | listening@3100 | thinking@3700 | speaking@4200~ | "
                "listening@5200~");
    CHECK_ITEMS(s,
                "handoff | user: I would like@2500 | user: a cup of tea.@3700 | assistant: One cup "
                "of tea.@5200~");
    sim_end(s);
}

TEST(also_when_the_host_takes_its_time_to_decide)
{
    struct sim *s = spoken_twice(&(struct sim_setup){.hook = two_seconds_later});

    sim_run(s, 12000);
    CHECK_AGENT(s, "listening@0 | thinking@6500 | speaking@7000~ | listening@8000~");
    CHECK_PLAYOUTS(s, "heard=1000@8000~");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->text, "I would like");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->text, "a cup of tea.");
    sim_end(s);
}

static bool stop_the_turn(struct sim *s, uint32_t turn, const char *text,
                          enum myna_turn_verdict *verdict)
{
    (void)s;
    (void)turn;
    (void)text;
    *verdict = MYNA_TURN_STOP;
    return true;
}

TEST(a_host_may_decide_to_say_nothing)
{
    struct sim *s = sim_create(&(struct sim_setup){.hook = stop_the_turn});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, LONG);
    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0");
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

TEST(protected_speech_yields_only_to_force)
{
    struct sim *s = sim_create(NULL);

    sim_voice(s, "This must be heard.", 5000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), "This must be heard.", 0, true, NULL), MYNA_OK);
    sim_run(s, 2000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_ESTATE);
    sim_run(s, 3000);
    CHECK_PLAYOUTS(s, "");
    CHECK_EQ(myna_session_interrupt(sim_session(s), true), MYNA_OK);
    sim_run(s, 4000);
    CHECK_PLAYOUTS(s, "cut=2700~@3000~");
    sim_end(s);
}

TEST(what_was_said_off_the_record_is_not_in_the_history)
{
    struct sim *s = sim_create(NULL);

    sim_voice(s, "One moment.", 1000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), "One moment.", -1, false, NULL), MYNA_OK);
    sim_run(s, 4000);
    CHECK_PLAYOUTS(s, "heard=1000@1300~");
    CHECK_ITEMS(s, "handoff");
    sim_end(s);
}

TEST(interrupting_stops_what_is_queued_too)
{
    struct sim *s = sim_create(NULL);

    sim_voice(s, "One.", 3000);
    sim_voice(s, "Two.", 3000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), "One.", -1, true, NULL), MYNA_OK);
    CHECK_EQ(myna_session_say(sim_session(s), "Two.", -1, true, NULL), MYNA_OK);
    sim_run(s, 1300);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "cut=1000~@1300~");
    sim_end(s);
}

TEST_MAIN
