/* destroy_test.c - a session may be destroyed at any moment, also from inside its own events, and a
 * close asked for comes whatever the host or the person does not do. */
#include "sim.h"

#include "fault.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

static void script(struct sim *s)
{
    sim_answer(s, "instructions:*", "Good day.");
    sim_voice(s, "Good day.", 200);
    sim_user(s, 500, 1500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_user(s, 3000, 4000, "Stop!", 200);
    sim_answer(s, "Stop!", "Ok.");
    sim_voice(s, "Ok.", 300);
}

static int event_no, destroy_at; /* of the test that runs */

static void destroy_in_event(struct sim *s, const struct myna_event *ev)
{
    (void)ev;
    if (++event_no == destroy_at)
        sim_destroy(s);
}

TEST(the_host_may_destroy_it_inside_any_event)
{
    for (destroy_at = 1;; destroy_at++) {
        size_t live = fault_live();
        struct sim *s = sim_create(&(struct sim_setup){
            .pausable = destroy_at % 2, .greet = true, .told = destroy_in_event});
        bool hit;

        event_no = 0;
        script(s);
        sim_run(s, 7000);
        if (event_no < destroy_at)
            myna_session_shutdown(sim_session(s), true, "user_initiated");
        sim_run(s, 12000);
        hit = event_no >= destroy_at;
        if (hit)
            CHECK_EQ(event_no, destroy_at); /* nothing is told after it */
        sim_end(s);
        CHECK_EQ(fault_live(), live);
        if (!hit)
            break;
    }
    CHECK(destroy_at > 40);
}

static bool destroy_in_hook(struct sim *s, uint32_t turn, const char *text,
                            enum myna_turn_verdict *verdict)
{
    (void)turn;
    (void)text;
    *verdict = MYNA_TURN_REPLY;
    sim_destroy(s);
    return true;
}

TEST(or_when_it_is_asked_about_a_turn)
{
    struct sim *s = sim_create(&(struct sim_setup){.hook = destroy_in_hook});

    script(s);
    sim_run(s, 5000);
    CHECK(sim_session(s) == NULL);
    sim_end(s);
}

TEST(or_at_any_time_also_while_the_recording_is_finished)
{
    for (int at = 0; at <= 6600; at += 60) {
        size_t live = fault_live();
        struct sim *s = sim_create(&(struct sim_setup){.pausable = at % 40 == 0, .greet = true});

        script(s);
        sim_run(s, at < 6000 ? at : 6000);
        if (at >= 6000) {
            myna_session_shutdown(sim_session(s), false, "job_shutdown");
            sim_run(s, at);
        }
        sim_destroy(s);
        sim_run(s, at + 100);
        sim_end(s);
        CHECK_EQ(fault_live(), live);
    }
}

static bool never_decides(struct sim *s, uint32_t turn, const char *text,
                          enum myna_turn_verdict *verdict)
{
    (void)s;
    (void)turn;
    (void)text;
    (void)verdict;
    return false;
}

TEST(a_host_that_never_decides_a_turn_cannot_hold_up_the_end)
{
    for (int drain = 0; drain < 2; drain++) {
        struct sim *s = sim_create(&(struct sim_setup){.hook = never_decides});

        sim_user(s, 500, 1500, HELLO, 200);
        sim_run(s, 3000);
        myna_session_shutdown(sim_session(s), drain, "user_initiated");
        sim_run(s, 3100);
        CHECK_CLOSE(s, "user_initiated");
        CHECK_ITEMS(s, "handoff | user: " HELLO "@3000~");
        sim_end(s);
    }
}

TEST(nor_can_a_person_who_never_stops_speaking)
{
    static const char *const config[] = {"session.max_duration=6s", "turn.min_interruption=60s",
                                         NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 600000, "", 0);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 1000);
    CHECK_EQ(myna_session_say(sim_session(s), ANSWER, -1, true, NULL), MYNA_OK);
    sim_run(s, 60000);
    CHECK_CLOSE(s, "");
    sim_run(s, 70000);
    CHECK_CLOSE(s, "max_duration");
    sim_end(s);
}

static void look_at_states(struct sim *s, const struct myna_event *ev)
{
    if (ev->type == MYNA_EV_CLOSE)
        CHECK_EQ(myna_session_agent_state(sim_session(s)), MYNA_AGENT_LISTENING);
}

TEST(after_the_end_the_states_are_those_of_the_beginning)
{
    struct sim *s = sim_create(&(struct sim_setup){.told = look_at_states});

    sim_run(s, 1000);
    myna_session_shutdown(sim_session(s), false, "user_initiated");
    sim_run(s, 2000);
    CHECK_EQ(myna_session_agent_state(sim_session(s)), MYNA_AGENT_INITIALIZING);
    CHECK_EQ(myna_session_user_state(sim_session(s)), MYNA_USER_LISTENING);
    CHECK_AGENT(s, "listening@0"); /* that is no event */
    sim_end(s);
}

TEST_MAIN
