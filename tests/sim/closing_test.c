/* closing_test.c - how a call ends, and what is told last (1.13). */
#include "sim.h"

#include "transport/loopback.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

static struct sim *answering(void)
{
    struct sim *s = sim_create(NULL);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 4000);
    return s;
}

TEST(a_polite_end_lets_the_answer_be_heard)
{
    struct sim *s = answering();

    sim_run(s, 5000);
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "heard=4000@7500~");
    CHECK_CLOSE(s, "user_initiated");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    sim_end(s);
}

TEST(an_end_at_once_cuts_it_and_keeps_what_was_heard)
{
    struct sim *s = answering();

    sim_run(s, 5000);
    myna_session_shutdown(sim_session(s), false, "job_shutdown");
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "cut=1500~@5000~");
    CHECK_CLOSE(s, "job_shutdown");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(who_hangs_up_ends_the_call)
{
    struct sim *s = answering();

    sim_run(s, 5000);
    myna_loopback_drop(sim_transport(s), "participant_disconnected");
    sim_run(s, 12000);
    CHECK_CLOSE(s, "participant_disconnected");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(a_call_has_a_longest_length)
{
    static const char *const config[] = {"session.max_duration=6s", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_run(s, 5990);
    CHECK_CLOSE(s, "");
    sim_run(s, 20000);
    CHECK_CLOSE(s, "max_duration");
    sim_end(s);
}

TEST(a_turn_that_is_not_decided_yet_still_reaches_the_history)
{
    struct sim *s = answering();

    sim_run(s, 2800); /* the words are there, the turn ends at 3.0 */
    myna_session_shutdown(sim_session(s), true, "user_initiated");
    sim_run(s, 14000);
    CHECK_CLOSE(s, "user_initiated");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->text, HELLO);
    sim_end(s);
}

TEST(after_the_close_nothing_can_be_asked)
{
    struct sim *s = answering();

    sim_run(s, 200);
    myna_session_shutdown(sim_session(s), false, "user_initiated");
    sim_run(s, 3000);
    CHECK_CLOSE(s, "user_initiated");
    CHECK_EQ(myna_session_say(sim_session(s), "Hello?", -1, true, NULL), MYNA_ESTATE);
    CHECK_EQ(myna_session_text(sim_session(s), "Hello?"), MYNA_ESTATE);
    sim_end(s);
}

TEST_MAIN
