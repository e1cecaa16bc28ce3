/* faults_test.c - a stage fails: it is tried again or spoken about, and the events say so (8.1). */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"

struct rows {
    struct sim_answer *answer;
    struct sim_voice *voice;
};

static struct sim *question(const char *const *config, struct rows *rows)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, HELLO, 200);
    rows->answer = sim_answer(s, HELLO, ANSWER);
    rows->voice = sim_voice(s, ANSWER, 2000);
    return s;
}

/* The recorded sentence was heard and the call goes on. */
static void check_sorry(struct sim *s, int from_ms, int to_ms)
{
    if (sim_sound_ms(s, from_ms, to_ms) < 1000)
        check_fail(__FILE__, __LINE__, "only %d ms of sound between %d and %d ms",
                   sim_sound_ms(s, from_ms, to_ms), from_ms, to_ms);
    CHECK_CLOSE(s, "");
    CHECK_EQ(myna_session_agent_state(sim_session(s)), MYNA_AGENT_LISTENING);
}

TEST(an_agent_that_answers_with_an_error_is_spoken_about)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.answer->failure = SIM_FAULT;
    sim_run(s, 12000);
    CHECK_ERRORS(s, "llm fatal@3100");
    check_sorry(s, 3000, 12000);
    sim_end(s);
}

TEST(an_agent_that_cannot_be_asked_is_spoken_about)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.answer->failure = SIM_REFUSES;
    sim_run(s, 20000);
    check_sorry(s, 3000, 20000);
    CHECK(sim_llm_requests(s) >= 1);
    sim_end(s);
}

TEST(a_passing_error_of_the_agent_is_tried_again_after_100_ms)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.answer->failure = SIM_FAULT;
    r.answer->retryable = true;
    r.answer->times = 1;
    sim_run(s, 12000);
    /* asked at 3.0, fault at 3.1, asked again at 3.2: text at 3.5, sound at 3.7 */
    CHECK_ERRORS(s, "llm recoverable@3100");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3700~ | listening@5700~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(an_agent_that_breaks_off_before_it_is_heard_is_not_asked_again_but_spoken_about)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.answer->text = "The first sentence is whole. The second one is not.";
    r.answer->failure = SIM_BREAKS;
    r.answer->retryable = true;
    sim_run(s, 20000);
    CHECK_EQ(sim_llm_requests(s), 1); /* words were given out: no second try */
    check_sorry(s, 3000, 20000);
    sim_end(s);
}

TEST(an_agent_that_never_answers_is_spoken_about)
{
    static const char *const config[] = {"session.stage_timeout=2s", "session.retry_max=0", NULL};
    struct rows r;
    struct sim *s = question(config, &r);

    r.answer->failure = SIM_SILENT;
    sim_run(s, 15000);
    CHECK_ERRORS(s, "llm fatal@5000");
    check_sorry(s, 5000, 15000);
    sim_end(s);
}

TEST(a_voice_that_fails_is_spoken_about_without_it)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.voice->failure = SIM_FAULT;
    sim_run(s, 12000);
    CHECK_ERRORS(s, "tts fatal@3500");
    check_sorry(s, 3000, 12000);
    sim_end(s);
}

TEST(a_voice_that_fails_once_is_tried_again)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.voice->failure = SIM_FAULT;
    r.voice->retryable = true;
    r.voice->times = 1;
    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "heard=2000");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK_EQ(sim_tts_requests(s), 2);
    sim_end(s);
}

TEST(a_voice_that_breaks_off_does_not_leave_the_caller_in_silence)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.voice->failure = SIM_BREAKS;
    sim_run(s, 15000);
    CHECK(sim_sound_ms(s, 3000, 15000) >= 2000); /* half the answer, then the sentence */
    check_sorry(s, 4600, 15000);
    sim_end(s);
}

TEST(a_voice_that_never_sounds_is_given_up)
{
    static const char *const config[] = {"session.tts_read_idle_timeout=2s",
                                         "session.stage_timeout=2s", "session.retry_max=0", NULL};
    struct rows r;
    struct sim *s = question(config, &r);

    r.voice->failure = SIM_SILENT;
    sim_run(s, 20000);
    check_sorry(s, 3300, 20000);
    sim_end(s);
}

TEST(a_voice_that_is_still_being_loaded_is_waited_for)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    r.voice->loading_ms = 25000; /* more than twice the patience with a voice */
    sim_run(s, 35000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@28500~ | listening@30500~");
    CHECK_PLAYOUTS(s, "heard=2000@30500~");
    CHECK_EQ(sim_tts_requests(s), 1);
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(a_voice_that_says_it_loads_and_then_nothing_is_given_up)
{
    static const char *const config[] = {"session.retry_max=0", NULL};
    struct rows r;
    struct sim *s = question(config, &r);

    r.voice->loading_ms = 8000; /* said at 3.5 and 7.5 */
    r.voice->failure = SIM_SILENT;
    sim_run(s, 40000);
    CHECK_ERRORS(s, "tts fatal@17500");
    check_sorry(s, 17500, 40000);
    sim_end(s);
}

TEST(a_recogniser_that_comes_back_loses_no_turn)
{
    struct rows r;
    struct sim *s = question(NULL, &r);

    sim_stt_fails(s, 300, true, 1);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    sim_end(s);
}

TEST(a_recogniser_of_utterances_that_loses_one_says_so_and_hears_the_next)
{
    static const char *const config[] = {"stt.provider=sim-batch", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, "These words are lost.", 200);
    sim_stt_fails(s, 2700, true, 1); /* the provider itself has tried again */
    sim_user(s, 8000, 9000, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 14000);
    CHECK_ERRORS(s, "stt fatal@2700");
    CHECK(sim_sound_ms(s, 2700, 7500) > 1000); /* the sentence about it */
    CHECK(sim_stt_heard(s, 8000, 9000));
    CHECK_ITEMS(s, "handoff | user: " HELLO "@9500 | assistant: " ANSWER);
    CHECK(!sim_closed(s));
    sim_end(s);
}

TEST(a_recogniser_that_is_gone_is_spoken_about)
{
    struct sim *s = sim_create(NULL);

    sim_stt_fails(s, 300, false, 1000);
    sim_run(s, 15000);
    CHECK_ERRORS(s, "stt fatal@300");
    CHECK(sim_sound_ms(s, 300, 15000) >= 1000); /* before the line goes dead */
    CHECK_CLOSE(s, "error");
    sim_end(s);
}

TEST(too_many_errors_in_a_row_end_the_call_with_a_reason)
{
    static const char *const config[] = {"session.max_unrecoverable_errors=0", NULL};
    struct rows r;
    struct sim *s = question(config, &r);

    r.answer->failure = SIM_FAULT;
    sim_run(s, 20000);
    CHECK_ERRORS(s, "llm fatal");
    CHECK_CLOSE(s, "error");
    CHECK(sim_sound_ms(s, 3000, 20000) >= 1000); /* it is said before the line goes dead */
    sim_end(s);
}

TEST(an_answer_that_works_forgives_the_errors_before_it)
{
    static const char *const config[] = {"session.max_unrecoverable_errors=1", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});
    struct sim_answer *a;

    for (int i = 0; i < 3; i++) {
        static const char *const words[] = {"one", "two", "three"};

        sim_user(s, 500 + i * 10000, 1500 + i * 10000, words[i], 200);
        a = sim_answer(s, words[i], ANSWER);
        if (i != 1)
            a->failure = SIM_FAULT;
    }
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 32000);
    CHECK_CLOSE(s, ""); /* two errors, but not in a row */
    sim_end(s);
}

TEST_MAIN
