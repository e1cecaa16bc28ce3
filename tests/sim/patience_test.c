/* patience_test.c - a long wait, a long silence, and words that end the call. F1 and E9 of
 * telephony 3.9 are here. */
#include "sim.h"

#define HELLO  "Hello, how are you?"
#define ANSWER "I'm doing well, thank you!"
#define MOMENT "One moment, please."
#define SORRY  "That went wrong, please say it again."

static const char *const filler[] = {"session.long_turn_message=" MOMENT,
                                     "session.error_sentence=" SORRY, NULL};

/* The turn is over at 3.0; the first text comes `ttft_ms` later, its sound 400 ms after it. */
static struct sim *slow(const struct sim_setup *setup, int ttft_ms, struct sim_answer **answer)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2500, HELLO, 200);
    *answer = sim_answer(s, HELLO, ANSWER);
    (*answer)->ttft_ms = ttft_ms;
    (*answer)->duration_ms = ttft_ms + 200;
    sim_voice(s, ANSWER, 2000);
    sim_voice(s, MOMENT, 1000);
    sim_voice(s, SORRY, 1500);
    return s;
}

static const struct sim_setup with_filler = {.config = filler};

TEST(f1_first_sound_after_5_s_one_moment_at_4)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 4600, &a); /* sound at 8.0 */

    sim_run(s, 14000);
    /* asked for at 7.0, the voice needs 200 ms */
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@7200~ | thinking@8200~ | "
                   "speaking@8200~ | listening@10200~");
    CHECK_PLAYOUTS(s, "heard=1000@8200~ | heard=2000@10200~");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    CHECK_EQ(sim_tts_requests(s), 2);
    sim_end(s);
}

TEST(f1_first_sound_after_3_s_never)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 2600, &a); /* sound at 6.0 */

    sim_run(s, 14000);
    CHECK_PLAYOUTS(s, "heard=2000@8000~");
    CHECK_EQ(sim_tts_requests(s), 1);
    sim_end(s);
}

TEST(once_in_a_turn_however_long_it_takes)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 12000, &a);
    sim_run(s, 20000);
    CHECK_ERRORS(s, "llm recoverable@13000"); /* stage_timeout; asked again */
    CHECK_EQ(sim_tts_requests(s), 1);
    sim_end(s);
}

TEST(an_answer_that_is_ready_before_the_filler_sounds_takes_it_back)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 3700, &a); /* text at 6.7, sound at 7.1 */

    sim_run(s, 14000);
    CHECK_PLAYOUTS(s, "heard=2000@9100~");
    CHECK_EQ(sim_tts_requests(s), 2);
    sim_end(s);
}

TEST(who_interrupts_the_filler_interrupts_what_it_excused)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 6000, &a);

    sim_user(s, 7400, 8400, "Never mind.", 200);
    sim_answer(s, "Never mind.", "All right, as you like it.");
    sim_voice(s, "All right, as you like it.", 1000);
    sim_run(s, 16000);
    CHECK_PLAYOUTS(s, "cut=700~@7900~ | heard=1000");
    CHECK_ITEMS(s, "handoff | user: " HELLO
                   " | user: Never mind. | assistant: All right, as you like it.");
    sim_end(s);
}

TEST(a_cough_into_the_filler_costs_nothing)
{
    struct sim_answer *a;
    struct sim *s = slow(&(struct sim_setup){.config = filler, .pausable = true}, 6000, &a);

    sim_user(s, 7400, 7600, "", 0);
    sim_run(s, 16000);
    CHECK_PLAYOUTS(s, "heard=1000 | heard=2000");
    CHECK_ITEMS(s, "handoff | user: " HELLO " | assistant: " ANSWER);
    sim_end(s);
}

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "sunny"};

    sim_result_later(s, call->call_id, 6000, &r);
    return true;
}

static const struct myna_tool_def tools[] = {{"get_weather", "weather", NULL}};

TEST(a_slow_tool_is_excused_too)
{
    struct sim_answer *a;
    struct sim *s = slow(
        &(struct sim_setup){.config = filler, .tools = tools, .n_tools = 1, .tool = tool}, 100, &a);

    a->text = "";
    a->calls[0] = (struct sim_call){"get_weather", "{}", "1"};
    sim_answer(s, "output:sunny", ANSWER);
    sim_run(s, 16000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@7200~ | thinking@8200~ | "
                   "speaking@9600~ | listening@11600~");
    CHECK_PLAYOUTS(s, "heard=1000 | heard=2000");
    sim_end(s);
}

TEST(but_not_when_it_was_announced)
{
    struct sim_answer *a;
    struct sim *s = slow(
        &(struct sim_setup){.config = filler, .tools = tools, .n_tools = 1, .tool = tool}, 100, &a);

    a->text = "Let me look at the weather.";
    a->calls[0] = (struct sim_call){"get_weather", "{}", "1"};
    sim_voice(s, a->text, 1000);
    sim_answer(s, "output:sunny", ANSWER);
    sim_run(s, 16000);
    CHECK_PLAYOUTS(s, "heard=1000 | heard=2000");
    CHECK_EQ(sim_tts_requests(s), 2);
    sim_end(s);
}

TEST(e9_after_the_filler_the_sentence_about_an_error_is_said)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 6000, &a);

    a->failure = SIM_FAULT;
    sim_run(s, 16000);
    CHECK_ERRORS(s, "llm fatal@9000");
    CHECK_PLAYOUTS(s, "heard=1000@8200~ | heard=1500@10700~");
    sim_end(s);
}

TEST(e9_also_while_the_filler_is_heard)
{
    struct sim_answer *a;
    struct sim *s = slow(&with_filler, 4500, &a);

    a->failure = SIM_FAULT; /* at 7.5 */
    sim_run(s, 16000);
    CHECK_PLAYOUTS(s, "heard=1000@8200~ | heard=1500@9700~");
    sim_end(s);
}

TEST(a_filler_is_no_answer_that_worked)
{
    static const char *const config[] = {"session.long_turn_message=" MOMENT,
                                         "session.max_unrecoverable_errors=1", NULL};
    static const char *const words[] = {"one", "two"};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, MOMENT, 1000);
    for (int i = 0; i < 2; i++) {
        struct sim_answer *a = sim_answer(s, words[i], ANSWER);

        sim_user(s, 500 + i * 15000, 1500 + i * 15000, words[i], 200);
        a->ttft_ms = a->duration_ms = 6000;
        a->failure = SIM_FAULT;
    }
    sim_run(s, 40000);
    CHECK_CLOSE(s, "error");
    sim_end(s);
}

/* ---- silence */

#define THERE "Are you still there?"
#define BYE   "Goodbye, and thank you for calling."

TEST(into_a_silence_it_asks_as_often_as_allowed_and_then_hangs_up)
{
    static const char *const config[] = {"session.reprompt=" THERE,
                                         "session.reprompt_after=5s",
                                         "session.reprompt_max=2",
                                         "session.hangup_silence=20s",
                                         "session.user_away_timeout=3s",
                                         "session.farewell=" BYE,
                                         NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, THERE, 1000);
    sim_voice(s, BYE, 1500);
    sim_run(s, 30000);
    /* asked at 5.0 and, quiet again since 6.2, at 11.2 */
    CHECK_AGENT(s, "listening@0 | speaking@5200~ | listening@6200~ | speaking@11400~ | "
                   "listening@12400~ | speaking@20200~ | listening@21700~");
    CHECK_ITEMS(s, "handoff | assistant: " THERE " | assistant: " THERE " | assistant: " BYE);
    CHECK_CLOSE(s, "silence@21700~");
    sim_end(s);
}

TEST(a_word_of_the_person_begins_the_silence_anew)
{
    static const char *const config[] = {"session.reprompt=" THERE, "session.reprompt_after=5s",
                                         "session.reprompt_max=1", "session.hangup_silence=12s",
                                         NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, THERE, 1000);
    sim_user(s, 8000, 9000, "Yes.", 200); /* answered with nothing */
    sim_run(s, 30000);
    CHECK_ITEMS(s, "handoff | assistant: " THERE "@6200~ | user: Yes. | assistant: " THERE);
    CHECK_CLOSE(s, "silence@21500~");
    sim_end(s);
}

TEST(the_longest_call_ends_with_a_farewell)
{
    static const char *const config[] = {"session.max_duration=5s", "session.farewell=" BYE, NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_voice(s, BYE, 1500);
    sim_run(s, 10000);
    CHECK_PLAYOUTS(s, "heard=1500@6700~");
    CHECK_CLOSE(s, "max_duration@6700~");
    sim_end(s);
}

TEST_MAIN
