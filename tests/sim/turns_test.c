/* turns_test.c - who decides that the person has finished, and what belongs to the turn (1.4, 1.6,
 * 1.7): the recogniser, the host, a cough in between, words that come late. */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

static const char *const by_stt[] = {"turn.detection=stt", "vad.provider=none", NULL};

TEST(the_recogniser_alone_decides)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_stt});

    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 500);
    sim_stt_tell(s, MYNA_STT_START, NULL);
    sim_run(s, 2500);
    sim_stt_tell(s, MYNA_STT_FINAL, HELLO);
    sim_run(s, 4000); /* the words alone do not end the turn */
    CHECK_ITEMS(s, "handoff");
    sim_stt_tell(s, MYNA_STT_END, NULL);
    sim_run(s, 8000);
    CHECK_USER(s, "speaking@500 | listening@4000");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@4500 | assistant: " ANSWER);
    sim_end(s);
}

TEST(who_goes_on_within_the_delay_has_not_finished)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_stt});

    sim_answer(s, "I would like tea.", "Certainly.");
    sim_voice(s, "Certainly.", 1000);
    sim_run(s, 500);
    sim_stt_tell(s, MYNA_STT_START, NULL);
    sim_run(s, 2500);
    sim_stt_tell(s, MYNA_STT_FINAL, "I would like");
    sim_stt_tell(s, MYNA_STT_END, NULL);
    sim_run(s, 2700);
    sim_stt_tell(s, MYNA_STT_START, NULL);
    sim_run(s, 4000);
    sim_stt_tell(s, MYNA_STT_FINAL, "tea.");
    sim_stt_tell(s, MYNA_STT_END, NULL);
    sim_run(s, 8000);
    CHECK_USER(s, "speaking@500 | listening@2500 | speaking@2700 | listening@4000");
    CHECK_ITEMS(s, "handoff | user: I would like tea.@4500 | assistant: Certainly.");
    sim_end(s);
}

TEST(where_the_recogniser_ends_the_vad_begins_anew)
{
    static const char *const config[] = {"turn.detection=stt", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2700, "", 0);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 2500);
    sim_stt_tell(s, MYNA_STT_FINAL, HELLO);
    sim_stt_tell(s, MYNA_STT_END, NULL);
    sim_run(s, 6000);
    CHECK_USER(s, "speaking@550 | listening@2500 | speaking@2550 | listening@3200");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@3200 | assistant: " ANSWER);
    sim_end(s);
}

static const char *const no_vad[] = {"vad.provider=none", NULL};

TEST(an_end_of_speech_in_the_future_does_not_delay_the_turn)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = no_vad});

    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 2500);
    sim_stt_tell_end(s, MYNA_STT_FINAL, HELLO, 60000); /* a stream that was used before */
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: " HELLO "@3000 | assistant: " ANSWER);
    sim_end(s);
}

TEST(where_only_the_recogniser_knows_when_speech_ended_the_delay_counts_from_there)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = no_vad});

    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 2500);
    sim_stt_tell_end(s, MYNA_STT_FINAL, HELLO, 2300);
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: " HELLO "@2800 | assistant: " ANSWER);
    sim_end(s);
}

/* ---- the delay learns */

static struct sim *pauses(const char *mode)
{
    const char *const config[] = {mode, "turn.alpha=0.5", "turn.min_delay=800",
                                  "turn.max_delay=3000", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "one", 200);
    sim_answer(s, "one", "Too late.")->ttft_ms = 4000;
    sim_user(s, 2700, 3700, "two", 200); /* 1.2 s later: it had not been the end */
    sim_answer(s, "two", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    return s;
}

TEST(dynamic_endpointing_learns_the_pauses_of_the_person)
{
    struct sim *s = pauses("turn.endpointing_mode=dynamic");

    /* half of 800 and half of 1200 */
    CHECK_ITEMS(s, "handoff | user: one@2300 | user: two@4700 | assistant: " ANSWER);
    sim_end(s);
}

TEST(fixed_endpointing_does_not)
{
    struct sim *s = pauses("turn.endpointing_mode=fixed");

    CHECK_ITEMS(s, "handoff | user: one@2300 | user: two@4500 | assistant: " ANSWER);
    sim_end(s);
}

/* ---- the host decides */

static const char *const by_host[] = {"turn.detection=manual", NULL};

TEST(the_host_alone_decides)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_host});

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff");
    myna_session_commit_user_turn(sim_session(s));
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: " HELLO "@6000 | assistant: " ANSWER);
    sim_end(s);
}

TEST(words_still_on_their_way_belong_to_the_committed_turn)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_host});

    sim_user(s, 500, 2500, "What is the weather", 200);
    sim_user(s, 3500, 4500, "in Paris?", 300);
    sim_answer(s, "What is the weather in Paris?", "Fine.");
    sim_voice(s, "Fine.", 1000);
    sim_run(s, 4500);
    myna_session_commit_user_turn(sim_session(s));
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: What is the weather in Paris?@4800 | assistant: Fine.");
    sim_end(s);
}

TEST(and_are_waited_for_half_a_second)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_host});

    sim_user(s, 500, 2500, "What is the weather", 200);
    sim_user(s, 3500, 4500, "", 0);
    sim_interim(s, 4300, "in Paris");
    sim_answer(s, "What is the weather in Paris", "Fine.");
    sim_voice(s, "Fine.", 1000);
    sim_run(s, 4500);
    myna_session_commit_user_turn(sim_session(s));
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: What is the weather in Paris@5000 | assistant: Fine.");
    sim_end(s);
}

TEST(a_cleared_turn_is_forgotten)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_host});

    sim_user(s, 500, 2500, "Never mind.", 200);
    sim_user(s, 4000, 5000, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 3000);
    myna_session_clear_user_turn(sim_session(s));
    sim_run(s, 6000);
    myna_session_commit_user_turn(sim_session(s));
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: " HELLO "@6000 | assistant: " ANSWER);
    sim_end(s);
}

TEST(speech_alone_does_not_interrupt_where_the_host_decides)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_host});

    sim_voice(s, ANSWER, 4000);
    sim_user(s, 1000, 3000, "Stop!", 200);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), ANSWER, -1, true, NULL), MYNA_OK);
    sim_run(s, 6000);
    CHECK_PLAYOUTS(s, "heard=4000@4300~");
    sim_end(s);
}

/* ---- what belongs to a turn */

TEST(a_cough_long_before_is_not_the_beginning_of_the_turn)
{
    static const char *const config[] = {"turn.preemptive_generation=true", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});
    const struct myna_item *it;

    sim_user(s, 500, 800, "", 0);
    sim_user(s, 20000, 21500, HELLO, 100);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 26000);
    it = sim_message(s, MYNA_ROLE_USER, 0);
    CHECK_NEAR(it->metrics.stopped_speaking_at - it->metrics.started_speaking_at, 1.5, 1e-3);
    /* nor does it make the turn too long to be asked ahead: 21.6 asked, 22.0 over, 21.9 text */
    CHECK_AGENT(s, "listening@0 | thinking@22000 | speaking@22200~ | listening@23200~");
    sim_end(s);
}

TEST(words_of_a_slow_recogniser_enter_the_history_at_the_end_of_the_call)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 1500);
    sim_run(s, 3100); /* quiet since 3.0, the words come at 4.0 */
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 9000);
    CHECK_CLOSE(s, "user_initiated");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@4000");
    sim_end(s);
}

TEST(but_nobody_waits_for_the_words_of_a_cough)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 800, "", 0);
    sim_run(s, 9000);
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 9100);
    CHECK_CLOSE(s, "user_initiated@9020~");
    sim_end(s);
}

TEST(an_agent_that_fails_ahead_of_the_turn_is_asked_again_without_a_word)
{
    static const char *const config[] = {"turn.preemptive_generation=true", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});
    struct sim_answer *a;

    sim_user(s, 500, 2000, HELLO, 100);
    a = sim_answer(s, HELLO, ANSWER);
    a->failure = SIM_FAULT;
    a->times = 1;
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    CHECK_ERRORS(s, "llm recoverable@2200");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@2500 | assistant: " ANSWER);
    CHECK_EQ(sim_sound_ms(s, 0, 9000), 1000);
    sim_end(s);
}

TEST(a_cleared_turn_lets_a_held_answer_go_on)
{
    static const char *const config[] = {"turn.min_delay=4s", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config, .pausable = true});

    sim_user(s, 500, 1500, "Well", 200);
    sim_user(s, 3000, 3700, "", 0);
    sim_voice(s, ANSWER, 3000);
    sim_run(s, 2000);
    CHECK_EQ(myna_session_say(sim_session(s), ANSWER, -1, true, NULL), MYNA_OK);
    sim_run(s, 7000); /* paused at 3.5; at 6.2 the decision on "Well" is still open */
    CHECK_FALSE(s, "");
    myna_session_clear_user_turn(sim_session(s));
    sim_run(s, 12000);
    CHECK_FALSE(s, "resumed@7000");
    CHECK_PLAYOUTS(s, "heard=3000");
    sim_end(s);
}

/* ---- several speeches */

TEST(speeches_are_heard_in_the_order_of_asking_with_one_message_each)
{
    struct sim *s = sim_create(NULL);

    sim_voice(s, "One.", 1000);
    sim_voice(s, "Two.", 1000);
    sim_answer(s, "Three?", "Three.");
    sim_voice(s, "Three.", 1000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), "One.", -1, true, NULL), MYNA_OK);
    CHECK_EQ(myna_session_say(sim_session(s), "Two.", -1, true, NULL), MYNA_OK);
    CHECK_EQ(myna_session_generate_reply(
                 sim_session(s),
                 &(struct myna_reply_options){.size = sizeof(struct myna_reply_options),
                                              .user_input = "Three?",
                                              .allow_interruptions = -1},
                 NULL),
             MYNA_OK);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=1000@1300~ | heard=1000@2300~ | heard=1000@3300~");
    CHECK_ITEMS(s, "handoff | user: Three?@100 | assistant: One. | assistant: Two. | "
                   "assistant: Three.");
    sim_end(s);
}

TEST(what_is_said_into_speech_is_heard_when_that_is_over)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, "", 0);
    sim_voice(s, "By the way.", 1000);
    sim_run(s, 2600);
    CHECK_EQ(myna_session_say(sim_session(s), "By the way.", -1, true, NULL), MYNA_OK);
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | assistant: By the way.");
    sim_end(s);
}

TEST(of_a_voice_that_fades_before_it_is_heard_nothing_counts_as_said)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, "First sentence. <flush>Second sentence.");
    sim_voice(s, "First sentence. ", 1000);
    sim_voice(s, "Second sentence.", 1000)->failure = SIM_FADES;
    sim_run(s, 12000);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "First sentence. ");
    CHECK_ERRORS(s, "tts fatal");
    sim_end(s);
}

TEST(a_transcript_of_blanks_is_no_turn)
{
    struct sim *s = sim_create(&(struct sim_setup){0});

    sim_user(s, 500, 2500, " \t ", 200);
    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0");
    CHECK_ITEMS(s, "handoff");
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

TEST_MAIN
