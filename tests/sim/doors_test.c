/* doors_test.c - how the far side is: it reports what was heard, answers flushes or does not, has
 * no sound at all, leaves, breaks (1.13, 6.5; transport.h). */
#include "sim.h"

#include "transport/loopback.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"
#define HOUR   (3600 * MYNA_S)

static struct sim *question(const struct sim_setup *setup, int audio_ms)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, audio_ms);
    return s;
}

TEST(a_carrier_reports_late_what_was_heard)
{
    struct myna_loopback_options door = {.heard = MYNA_HEARD_REPORTED,
                                         .report_delay = 100 * MYNA_MS};
    struct sim *s = question(&(struct sim_setup){.door = &door}, 2000);

    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3520~ | listening@5600~");
    CHECK_PLAYOUTS(s, "heard=2000");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    sim_end(s);
}

TEST(cut_there_it_keeps_what_the_carrier_said)
{
    struct myna_loopback_options door = {.heard = MYNA_HEARD_REPORTED};
    struct sim *s = question(&(struct sim_setup){.door = &door}, 4000);

    sim_run(s, 4600);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "cut=1000~");
    CHECK_EQ(myna_loopback_counts(sim_transport(s)).clears, 1);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(a_broker_answers_the_flush)
{
    struct myna_loopback_options door = {.heard = MYNA_HEARD_HANDSHAKE};
    struct sim *s = question(&(struct sim_setup){.door = &door}, 2000);

    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3520~ | listening@5500~");
    CHECK_PLAYOUTS(s, "heard=2000");
    CHECK_EQ(myna_loopback_counts(sim_transport(s)).flushes, 1);
    sim_end(s);
}

TEST(cut_there_the_time_says_what_was_heard)
{
    struct myna_loopback_options door = {.heard = MYNA_HEARD_HANDSHAKE};
    struct sim *s = question(&(struct sim_setup){.door = &door}, 4000);

    sim_run(s, 4520);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "cut=1000~");
    CHECK_EQ(myna_loopback_counts(sim_transport(s)).clears, 1);
    CHECK_EQ(myna_loopback_counts(sim_transport(s)).flushes, 0);
    sim_end(s);
}

/* 2 s of sound from 3.5 on; 5 s after its end nobody waits for the far side's word any more. */
static void never_answered(enum myna_heard heard)
{
    struct myna_loopback_options door = {.heard = heard, .report_delay = HOUR};
    struct sim *s = question(&(struct sim_setup){.door = &door}, 2000);

    sim_user(s, 12000, 13000, "Are you there?", 200);
    sim_answer(s, "Are you there?", "Yes.");
    sim_voice(s, "Yes.", 500);
    sim_run(s, 22000);
    CHECK_PLAYOUTS(s, "heard=2000@10500~ | heard=500");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER
                   " | user: Are you there? | assistant: Yes.");
    CHECK_EQ(myna_session_agent_state(sim_session(s)), MYNA_AGENT_LISTENING);
    sim_end(s);
}

TEST(a_broker_that_never_answers_a_flush_does_not_silence_the_agent)
{
    never_answered(MYNA_HEARD_HANDSHAKE);
}

TEST(nor_does_a_carrier_that_never_reports)
{
    never_answered(MYNA_HEARD_REPORTED);
}

static const struct sim_setup text_only = {.without_caps = MYNA_TRANSPORT_AUDIO_OUT};

TEST(without_sound_the_answer_is_shown)
{
    struct sim *s = question(&text_only, 2000);

    sim_run(s, 8000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3100 | listening@3300");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER "@3300");
    CHECK_PLAYOUTS(s, "");
    CHECK_EQ(sim_tts_requests(s), 0);
    sim_end(s);
}

TEST(an_answer_that_is_only_shown_can_be_interrupted)
{
    struct sim *s = sim_create(&text_only);

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER)->duration_ms = 5000;
    sim_run(s, 4000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 9000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3100 | listening@4000");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant cut: " ANSWER "@4000");
    sim_end(s);
}

TEST(who_leaves_ends_the_call)
{
    struct sim *s = question(NULL, 4000);

    sim_run(s, 5000);
    myna_transport_left(sim_transport(s), 7, "somebody else");
    sim_run(s, 5100);
    CHECK_CLOSE(s, "");
    myna_transport_left(sim_transport(s), 0, "gone");
    sim_run(s, 12000);
    CHECK_CLOSE(s, "participant_disconnected");
    CHECK_PLAYOUTS(s, "cut=1600~@5100~");
    sim_end(s);
}

static struct myna_fault closed_with; /* of the last call; one test uses it */

static void keep_fault(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_CLOSE && ev->u.close.fault)
        closed_with = *ev->u.close.fault;
}

TEST(a_door_that_breaks_ends_the_call_and_says_why)
{
    struct sim *s = question(&(struct sim_setup){.told = keep_fault}, 4000);
    struct myna_fault f = {.stage = MYNA_STAGE_TRANSPORT,
                           .err = MYNA_EIO,
                           .provider = "loopback",
                           .message = "the line was cut"};

    sim_run(s, 5000);
    myna_transport_closed(sim_transport(s), "broken", &f);
    sim_run(s, 12000);
    CHECK_ERRORS(s, "transport fatal@5000");
    CHECK_CLOSE(s, "error@5000");
    CHECK_EQ(closed_with.stage, MYNA_STAGE_TRANSPORT);
    CHECK_EQ(closed_with.err, MYNA_EIO);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(what_does_not_work_at_a_door_is_told_and_the_call_goes_on)
{
    struct sim *s = question(&(struct sim_setup){0}, 4000);
    struct myna_fault f = {.stage = MYNA_STAGE_TRANSPORT,
                           .err = MYNA_ECONFIG,
                           .provider = "loopback",
                           .message = "one of them speaks in ciphers"};

    sim_run(s, 1000);
    myna_transport_fault(sim_transport(s), 1, &f);
    sim_run(s, 12000);
    CHECK_ERRORS(s, "transport fatal@1000");
    CHECK(!sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

/* ---- a line without frames */

static const char *const by_energy[] = {"vad.provider=energy", NULL};

TEST(who_is_cut_off_by_the_line_has_stopped_speaking)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_energy});

    sim_user(s, 500, 4000, "", 0);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 2000);
    myna_loopback_stall(sim_transport(s), HOUR);
    sim_run(s, 2200);
    sim_stt_tell(s, MYNA_STT_FINAL, HELLO);
    sim_run(s, 9000);
    CHECK_USER(s, "speaking | listening@2300~");
    CHECK_ITEMS(s, "handoff | user: " HELLO "@2550~ | assistant: " ANSWER);
    sim_end(s);
}

TEST(a_line_that_comes_back_in_time_has_lost_nothing)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = by_energy});

    sim_user(s, 500, 4000, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    sim_run(s, 2000);
    myna_loopback_stall(sim_transport(s), 280 * MYNA_MS);
    sim_run(s, 9000);
    CHECK_USER(s, "speaking | listening@4260~");
    sim_end(s);
}

TEST_MAIN
