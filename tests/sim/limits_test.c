/* limits_test.c - what is waited for only so long (agent-session 1.3, 1.6): a person who speaks
 * without end, a transcript that does not come, and a breath between two speeches. */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

/* ---- the person's turn */

static const char *const five_words[] = {"turn.user_turn_max_words=5", NULL};

TEST(who_has_said_enough_words_is_answered_while_they_speak)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = five_words});

    sim_user(s, 500, 6000, "", 0);
    sim_interim(s, 1500, "one two three");
    sim_interim(s, 2000, "one two three four five six");
    sim_answer(s, "instructions:*", ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 9000);
    CHECK_SPEECHES(s, "generate_reply@2000");
    CHECK_ITEMS(s,
                "handoff | user: one two three four five six@2000 | assistant: " ANSWER "@4500~");
    CHECK_PLAYOUTS(s, "heard=2000"); /* not interrupted, though the person goes on */
    sim_end(s);
}

static const char *const a_second[] = {"turn.user_turn_max_duration=1s", NULL};

TEST(who_has_spoken_for_long_enough_is_answered_too)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = a_second});

    sim_user(s, 500, 6000, "", 0);
    sim_interim(s, 1000, "hello world");
    sim_answer(s, "instructions:*", ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: hello world@1500 | assistant: " ANSWER);
    CHECK_PLAYOUTS(s, "heard=2000@4000~");
    sim_end(s);
}

TEST(without_a_limit_nobody_is_cut_short)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 60000, "one two three four five six seven", 200);
    sim_interim(s, 30000, "one two three four five six");
    sim_answer(s, "one two three four five six seven", ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 65000);
    CHECK_ITEMS(s, "handoff | user: one two three four five six seven@60500 | assistant: " ANSWER);
    sim_end(s);
}

TEST(an_answer_that_is_heard_begins_the_count_anew)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = five_words});

    sim_user(s, 500, 1500, "one two three", 200);
    sim_answer(s, "one two three", "Reply one.");
    sim_voice(s, "Reply one.", 500);
    sim_user(s, 4000, 5000, "four five six", 200);
    sim_answer(s, "four five six", "Reply two.");
    sim_voice(s, "Reply two.", 500);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: one two three@2000 | assistant: Reply one. | "
                   "user: four five six@5500 | assistant: Reply two.");
    sim_end(s);
}

TEST(turns_that_were_not_answered_count_together)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = five_words});

    sim_user(s, 500, 1500, "one two three", 200);
    sim_answer(s, "one two three", "Too late.")->ttft_ms = 5000;
    sim_user(s, 2200, 3200, "four five six", 200);
    sim_answer(s, "instructions:*", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    /* the first reply was interrupted at 2.7; the final of 3.4 reaches the limit */
    CHECK_ITEMS(
        s, "handoff | user: one two three@2000 | user: four five six@3400 | assistant: " ANSWER);
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(while_an_answer_is_on_its_way_nothing_is_added_to_it)
{
    static const char *const config[] = {"turn.user_turn_max_words=5",
                                         "turn.allow_interruptions=false", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "one two three", 200);
    sim_answer(s, "one two three", ANSWER)->duration_ms = 3000;
    sim_voice(s, ANSWER, 1000);
    sim_user(s, 2200, 3200, "four five six", 200);
    sim_run(s, 9000);
    CHECK_SPEECHES(s, "generate_reply@2000"); /* limit at 3.4, heard from 5.2 on: forgotten */
    sim_end(s);
}

TEST(a_turn_that_is_cleared_begins_the_count_anew)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = five_words});

    sim_user(s, 500, 6000, "", 0);
    sim_interim(s, 1500, "one two three four");
    sim_run(s, 1600);
    myna_session_clear_user_turn(sim_session(s));
    sim_interim(s, 2000, "five six");
    sim_run(s, 5000);
    CHECK_SPEECHES(s, "");
    sim_end(s);
}

/* ---- the transcript */

static const char *const a_second_late[] = {"session.transcription_timeout=1s", NULL};

TEST(of_words_that_never_come_what_was_known_counts)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = a_second_late});

    sim_user(s, 500, 2500, "", 0);
    sim_interim(s, 2000, HELLO);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 8000);
    CHECK_ERRORS(s, "stt recoverable@4000");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@4000 | assistant: " ANSWER);
    sim_end(s);
}

TEST(where_nothing_is_known_it_is_only_told)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = a_second_late});

    sim_user(s, 500, 2500, "", 0);
    sim_run(s, 8000);
    CHECK_ERRORS(s, "stt recoverable@4000");
    CHECK_ITEMS(s, "handoff");
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

TEST(words_in_time_and_speech_that_goes_on_are_no_timeout)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = a_second_late});

    sim_user(s, 500, 1500, "", 0);
    sim_user(s, 2300, 3500, HELLO, 1400); /* quiet from 4.0, words at 4.9 */
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    CHECK_ERRORS(s, "");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@4900 | assistant: " ANSWER);
    sim_end(s);
}

/* ---- between two speeches */

TEST(two_speeches_have_a_breath_between_them)
{
    static const char *const config[] = {"session.min_consecutive_speech_delay=700", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, "One.", 1000);
    sim_voice(s, "Two.", 1000);
    sim_run(s, 100);
    CHECK_EQ(myna_session_say(sim_session(s), "One.", -1, true, NULL), MYNA_OK);
    CHECK_EQ(myna_session_say(sim_session(s), "Two.", -1, true, NULL), MYNA_OK);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=1000@1300~ | heard=1000@3000~");
    CHECK_EQ(sim_sound_ms(s, 1330, 1980), 0);
    sim_end(s);
}

TEST_MAIN
