/* sorry_test.c - the sentence about an error: telephony 3.5, one test a row of E1 to E12.
 *
 * E11 is in fallback_test.c, E9 in patience_test.c. E13 needs a speech-to-speech model.
 */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"
#define SORRY  "The line to my brain is down, please say that again."

static const char *const spoken[] = {"session.error_sentence=" SORRY, NULL};

struct rows {
    struct sim_answer *answer;
    struct sim_voice *sorry;
};

static struct sim *question(const struct sim_setup *setup, struct rows *rows)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2500, HELLO, 200);
    rows->answer = sim_answer(s, HELLO, ANSWER);
    sim_voice(s, ANSWER, 2000);
    rows->sorry = sim_voice(s, SORRY, 1500);
    return s;
}

static const struct sim_setup with_sentence = {.config = spoken};

/* The turn after an error is like any other. */
static void ask_again(struct sim *s, int at_ms)
{
    sim_user(s, at_ms, at_ms + 1000, "And now?", 200);
    sim_answer(s, "And now?", "Now I can hear you well.");
    sim_voice(s, "Now I can hear you well.", 1000);
}

TEST(e1_an_error_at_once_is_said_by_the_voice)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_FAULT;
    ask_again(s, 8000);
    sim_run(s, 12000);
    CHECK_ERRORS(s, "llm fatal@3100");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3300~ | listening@4800~ | "
                   "thinking@9500 | speaking@10000~ | listening@11000~");
    CHECK_PLAYOUTS(s, "heard=1500@4800~ | heard=1000@11000~");
    CHECK_EQ(sim_tts_requests(s), 2);
    /* not the agent's words: the history has only what the model said */
    CHECK_ITEMS(s, "handoff | user: " HELLO " | user: And now? | assistant: Now I can hear you "
                   "well.");
    sim_end(s);
}

static void silent(const char *value)
{
    char assignment[80];
    const char *const config[] = {assignment, NULL};
    struct rows r;
    struct sim *s;

    snprintf(assignment, sizeof assignment, "session.error_sentence=%s", value);
    s = question(&(struct sim_setup){.config = config}, &r);
    r.answer->failure = SIM_FAULT;
    ask_again(s, 8000);
    sim_run(s, 12000);
    CHECK_EQ(sim_sound_ms(s, 0, 9900), 0);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | listening@3100 | thinking@9500 | "
                   "speaking@10000~ | listening@11000~");
    sim_end(s);
}

TEST(e2_without_a_sentence_nothing_is_said_and_the_next_turn_works)
{
    silent("null");
}

TEST(e3_the_same_with_an_empty_one)
{
    silent("");
}

#define REFUSED "The agent is not reachable."

TEST(a_key_that_is_refused_has_its_own_sentence_once_and_other_errors_keep_theirs)
{
    static const char *const config[] = {"session.error_sentence=" SORRY,
                                         "session.refused_sentence=" REFUSED, NULL};
    struct rows r;
    struct sim *s = question(&(struct sim_setup){.config = config}, &r);
    struct sim_answer *again, *broken;

    r.answer->failure = SIM_FAULT;
    r.answer->http_status = 401;
    sim_voice(s, REFUSED, 1000);
    sim_user(s, 8000, 9000, "And now?", 200);
    again = sim_answer(s, "And now?", "Yes.");
    again->failure = SIM_FAULT;
    again->http_status = 403;
    sim_user(s, 12000, 13000, "Not yet?", 200);
    broken = sim_answer(s, "Not yet?", "Yes.");
    broken->failure = SIM_FAULT;
    broken->http_status = 400;
    sim_run(s, 18000);
    CHECK_ERRORS(s, "llm fatal@3100 | llm fatal@9600 | llm fatal@13600");
    CHECK_PLAYOUTS(s, "heard=1000@4300~ | heard=1500@15300~");
    sim_end(s);
}

TEST(without_that_sentence_a_refused_key_is_an_error_like_any_other)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_FAULT;
    r.answer->http_status = 401;
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=1500@4800~");
    sim_end(s);
}

TEST(e4_of_a_half_sentence_before_the_error_nothing_is_voiced)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->text = "Let me check Let me check ";
    r.answer->failure = SIM_BREAKS;
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=1500@5000~");
    CHECK_ITEMS(s, "handoff | user: " HELLO);
    CHECK_EQ(sim_tts_requests(s), 2); /* one was opened, and given nothing */
    sim_end(s);
}

TEST(e4_also_by_a_voice_that_has_the_text_already)
{
    struct rows r;
    struct sim *s = question(&(struct sim_setup){.config = spoken, .text_stream = true}, &r);

    r.answer->text = "Let me check Let me check ";
    r.answer->failure = SIM_BREAKS;
    sim_run(s, 8000);
    CHECK_PLAYOUTS(s, "heard=1500@5000~");
    sim_end(s);
}

#define FIRST "Hello there, I am glad that you call."

TEST(e5_after_a_voiced_sentence_nothing_is_added)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    /* half of it is told: the first sentence and the beginning of the second */
    r.answer->text = FIRST " And now the secon" FIRST "It is long.........";
    r.answer->failure = SIM_BREAKS;
    r.answer->duration_ms = 1000; /* the fault; the voice sounds since 3.3 */
    sim_voice(s, FIRST, 1500)->early = true;
    ask_again(s, 8000);
    sim_run(s, 12000);
    CHECK_ERRORS(s, "llm fatal@4000");
    CHECK_PLAYOUTS(s, "heard=1500@4800~ | heard=1000@11000~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant cut: " FIRST
                   " | user: And now? | assistant: Now I can hear you well.");
    sim_end(s);
}

TEST(e5_also_when_the_error_falls_into_the_next_segment)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_BREAKS;
    r.answer->text = ANSWER "<flush>This comes too late and is never finished.....";
    r.answer->duration_ms = 1500;
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "heard=2000@5300~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant cut: " ANSWER);
    sim_end(s);
}

TEST(e6_who_has_interrupted_is_not_told_of_it)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->ttft_ms = r.answer->duration_ms = 1500; /* at 4.5 */
    r.answer->failure = SIM_FAULT;
    sim_user(s, 3200, 4200, "Stop!", 400);
    sim_run(s, 9000);
    CHECK_EQ(sim_sound_ms(s, 0, 9000), 0);
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(e6_also_while_it_is_open_whether_that_was_an_interruption)
{
    struct rows r;
    struct sim *s = question(&(struct sim_setup){.config = spoken, .pausable = true}, &r);

    r.answer->ttft_ms = r.answer->duration_ms = 1500; /* at 4.5, the person has just stopped */
    r.answer->failure = SIM_FAULT;
    sim_user(s, 3200, 4400, "Stop!", 600);
    sim_run(s, 9000);
    CHECK_ERRORS(s, "llm fatal@4500");
    CHECK_EQ(sim_sound_ms(s, 0, 9000), 0);
    sim_end(s);
}

TEST(e6_a_cough_was_none_and_the_sentence_follows)
{
    struct rows r;
    struct sim *s = question(&(struct sim_setup){.config = spoken, .pausable = true}, &r);

    r.answer->ttft_ms = r.answer->duration_ms = 1500;
    r.answer->failure = SIM_FAULT;
    sim_user(s, 4300, 4400, "", 0);
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "heard=1500");
    sim_end(s);
}

TEST(e7_a_voice_that_fails_too_is_replaced_by_the_recorded_sentence_once)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_FAULT;
    r.sorry->failure = SIM_FAULT;
    r.sorry->retryable = true;
    ask_again(s, 12000);
    sim_run(s, 17000);
    CHECK_ERRORS(s, "llm fatal@3100 | tts recoverable@3300");
    CHECK_EQ(sim_tts_requests(s), 2);
    CHECK(sim_sound_ms(s, 3300, 12000) > 2000); /* the recorded one is longer */
    CHECK_ITEMS(s, "handoff | user: " HELLO " | user: And now? | assistant: Now I can hear you "
                   "well.");
    sim_end(s);
}

TEST(e7_a_voice_that_says_nothing_is_not_waited_for_as_long_as_usual)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_FAULT;
    r.sorry->failure = SIM_SILENT;
    sim_run(s, 12000);
    CHECK_ERRORS(s, "llm fatal@3100 | tts recoverable@5100");
    CHECK(sim_sound_ms(s, 5100, 12000) > 2000);
    sim_end(s);
}

TEST(e8_a_sentence_that_the_voice_has_but_has_not_begun_is_taken_back)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->text = FIRST " And now the secon" FIRST "It is long.........";
    r.answer->failure = SIM_BREAKS; /* at 3.3 */
    sim_voice(s, FIRST, 1500)->early = true;
    r.answer->duration_ms = 250; /* 50 ms before its first sound */
    sim_run(s, 9000);
    CHECK_ERRORS(s, "llm fatal@3250");
    CHECK_PLAYOUTS(s, "heard=1500@4950~"); /* the sentence about the error alone */
    CHECK_ITEMS(s, "handoff | user: " HELLO);
    sim_end(s);
}

TEST(e8_one_that_it_has_begun_is_heard_and_nothing_else)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->text = FIRST " And now the secon" FIRST "It is long.........";
    r.answer->failure = SIM_BREAKS;
    r.answer->duration_ms = 310; /* 10 ms after its first sound */
    sim_voice(s, FIRST, 1500)->early = true;
    sim_run(s, 9000);
    CHECK_ERRORS(s, "llm fatal@3310");
    CHECK_PLAYOUTS(s, "heard=1500@4800~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant cut: " FIRST);
    sim_end(s);
}

TEST(e10_the_sentence_may_be_interrupted_like_any_other)
{
    struct rows r;
    struct sim *s = question(&with_sentence, &r);

    r.answer->failure = SIM_FAULT; /* the sentence sounds from 3.3 to 4.8 */
    ask_again(s, 3600);
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "cut=800~@4100~ | heard=1000");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | user: And now? | assistant: Now I can hear you "
                   "well.");
    sim_end(s);
}

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "sunny"};

    CHECK_EQ(myna_session_tool_result(sim_session(s), call->call_id, &r), MYNA_OK);
    return true;
}

static const struct myna_tool_def tools[] = {{"get_weather", "weather", NULL}};

TEST(e12_an_error_of_the_second_round_after_a_silent_tool_is_spoken_about)
{
    struct rows r;
    struct sim *s = question(
        &(struct sim_setup){.config = spoken, .tools = tools, .n_tools = 1, .tool = tool}, &r);

    r.answer->text = "";
    r.answer->calls[0] = (struct sim_call){"get_weather", "{}", "1"};
    sim_answer(s, "output:sunny", ANSWER)->failure = SIM_FAULT;
    sim_run(s, 9000);
    CHECK_EQ(sim_llm_requests(s), 2);
    CHECK_PLAYOUTS(s, "heard=1500");
    sim_end(s);
}

TEST(e12_but_not_when_the_first_round_was_heard)
{
    struct rows r;
    struct sim *s = question(
        &(struct sim_setup){.config = spoken, .tools = tools, .n_tools = 1, .tool = tool}, &r);

    r.answer->calls[0] = (struct sim_call){"get_weather", "{}", "1"};
    sim_answer(s, "output:sunny", ANSWER)->failure = SIM_FAULT;
    sim_run(s, 9000);
    CHECK_PLAYOUTS(s, "heard=2000");
    CHECK_ERRORS(s, "llm fatal");
    sim_end(s);
}

TEST(the_sentence_itself_does_not_forgive_the_errors_that_it_tells_of)
{
    static const char *const config[] = {"session.max_unrecoverable_errors=2", NULL};
    static const char *const words[] = {"one", "two", "three"};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    for (int i = 0; i < 3; i++) {
        sim_user(s, 500 + i * 10000, 1500 + i * 10000, words[i], 200);
        sim_answer(s, words[i], ANSWER)->failure = SIM_FAULT;
    }
    sim_run(s, 40000);
    CHECK_ERRORS(s, "llm fatal | llm fatal | llm fatal");
    CHECK_CLOSE(s, "error");
    sim_end(s);
}

TEST(without_sound_the_sentence_is_shown)
{
    static const char *const config[] = {"session.error_sentence=" SORRY, NULL};
    struct rows r;
    struct sim *s = question(
        &(struct sim_setup){.config = config, .without_caps = MYNA_TRANSPORT_AUDIO_OUT}, &r);

    r.answer->failure = SIM_FAULT;
    sim_run(s, 9000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3100 | listening@3100");
    sim_end(s);
}

/* An answer that nobody could say can be read (voice-gateway 19, case 27). */
static char read_text[200];

static void collect_text(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_AGENT_TRANSCRIPT && ev->u.agent_transcript.is_final)
        snprintf(read_text, sizeof read_text, "%s", ev->u.agent_transcript.text);
}

/* The voice of the first answer fails in this way; the next one is spoken again. */
static void shown_instead(enum sim_failure failure)
{
    static const char *const shown[] = {"session.show_unspoken=true", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = shown, .told = collect_text});
    struct sim_voice *row;

    sim_user(s, 500, 2500, HELLO, 200);
    sim_answer(s, HELLO, ANSWER);
    row = sim_voice(s, ANSWER, 2000);
    row->failure = failure;
    row->times = 1;
    sim_user(s, 8000, 9000, "And now?", 200);
    sim_answer(s, "And now?", "Now I can hear you well.");
    sim_voice(s, "Now I can hear you well.", 1000);
    read_text[0] = '\0';
    sim_run(s, 7000);
    CHECK_STR(read_text, ANSWER);
    CHECK_PLAYOUTS(s, "");
    CHECK_ERRORS(s, "tts fatal");
    if (failure == SIM_FAULT)
        CHECK_AGENT(s, "listening@0 | thinking@3000 | listening@3500~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    sim_run(s, 13000);
    CHECK_PLAYOUTS(s, "heard=1000@11000~");
    sim_end(s);
}

TEST(with_show_unspoken_an_answer_whose_voice_fails_is_shown_and_no_sentence_is_said)
{
    shown_instead(SIM_FAULT);
}

TEST(a_voice_that_announced_sound_and_gave_none_is_shown_and_later_answers_are_heard)
{
    shown_instead(SIM_FADES);
}

TEST_MAIN
