/* tools_test.c - the agent calls the host's functions: agent-session 1.11 and its rows of 11.1. */
#include "sim.h"

#define ASK    "What's the weather in Tokyo?"
#define CHECKS "Let me check the weather for you."
#define ANSWER "The weather in Tokyo is sunny today."
#define TOKYO  "{\"location\":\"Tokyo\"}"

static const struct myna_tool_def tools[] = {
    {"get_weather", "weather of a place",
     "{\"type\":\"object\",\"properties\":{\"location\":{\"type\":\"string\"}},\"required\":["
     "\"location\"]}"},
    {"lookup", "an order", NULL},
    {"silent", "says nothing", NULL},
    {"stop", "ends the turn", NULL},
    {"raises", "goes wrong", NULL},
    {"never", "takes for ever", NULL},
};
#define TOOLS .tools = tools, .n_tools = sizeof tools / sizeof *tools

static int executed;

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r};

    executed++;
    if (!strcmp(call->name, "get_weather")) {
        CHECK_HAS(call->arguments, "\"location\":\"Tokyo\"");
        r.output = "sunny";
        CHECK_EQ(myna_session_tool_result(sim_session(s), call->call_id, &r), MYNA_OK);
        CHECK_EQ(myna_session_tool_result(sim_session(s), call->call_id, &r), MYNA_ESTATE);
    } else if (!strcmp(call->name, "lookup")) {
        r.output = "shipped";
        sim_result_later(s, call->call_id, 8000, &r);
    } else if (!strcmp(call->name, "silent")) {
        r.no_reply = true;
        sim_result_later(s, call->call_id, 8000, &r);
    } else if (!strcmp(call->name, "stop")) {
        r.stop = true;
        sim_result_later(s, call->call_id, 100, &r);
    } else if (!strcmp(call->name, "raises")) {
        r.is_error = true;
        sim_result_later(s, call->call_id, 0, &r);
    } else if (strcmp(call->name, "never")) {
        return false;
    }
    return true;
}

static const struct sim_setup with_tools = {TOOLS, .tool = tool};

/* The history in order, as "config, user, call lookup, …". */
static void check_history(struct sim *s, const char *want)
{
    static const char *const names[] = {"message", "call ", "output ", "handoff", "config"};
    char told[2000] = "";
    size_t n;
    const struct myna_item *items = myna_session_history(sim_session(s), &n);

    for (size_t i = 0; i < n; i++) {
        const struct myna_item *it = &items[i];
        size_t len = strlen(told);
        bool message = it->type == MYNA_ITEM_MESSAGE;

        snprintf(told + len, sizeof told - len, "%s%s%s", i ? ", " : "",
                 message ? myna_role_name(it->role) : names[it->type],
                 it->type == MYNA_ITEM_FUNCTION_CALL || it->type == MYNA_ITEM_FUNCTION_CALL_OUTPUT
                     ? it->name
                     : "");
    }
    CHECK_STR(told, want);
}

static struct sim *asked(const struct sim_setup *setup, const char *name, const char *arguments)
{
    struct sim *s = sim_create(setup);

    executed = 0;
    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, CHECKS)->calls[0] = (struct sim_call){name, arguments, "1"};
    sim_voice(s, CHECKS, 2000);
    return s;
}

TEST(a_tool_call)
{
    struct sim *s = asked(&with_tools, "get_weather", TOKYO);

    sim_answer(s, "output:sunny", ANSWER);
    sim_voice(s, ANSWER, 3000);
    sim_run(s, 12000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "speaking@6000~ | listening@9000~");
    CHECK_PLAYOUTS(s, "heard=2000@5500~ | heard=3000@9000~");
    CHECK_TOOLS(s, "get_weather: sunny@5500~");
    CHECK_ITEMS(s, "handoff | user: " ASK "@3000 | assistant: " CHECKS "@5500~ | assistant: " ANSWER
                   "@9000~");
    check_history(s, "handoff, config, user, assistant, call get_weather, output get_weather, "
                     "assistant");
    CHECK_SPEECHES(s, "generate_reply");
    CHECK_EQ(executed, 1);
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(a_slow_tool_keeps_the_agent_thinking_also_behind_a_filler)
{
    static const char *const config[] = {"session.user_away_timeout=3s", NULL};
    struct sim *s = asked(&(struct sim_setup){TOOLS, .tool = tool, .config = config}, "lookup", "");

    sim_voice(s, "Just a moment.", 1000);
    sim_answer(s, "output:shipped", "Order 42 is on the way.");
    sim_voice(s, "Order 42 is on the way.", 1000);
    sim_run(s, 6000);
    CHECK_EQ(myna_session_say(sim_session(s), "Just a moment.", -1, true, NULL), MYNA_OK);
    sim_run(s, 14000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "speaking@6200~ | thinking@7200~ | speaking@11600~ | listening@12600~");
    CHECK_USER(s, "speaking | listening");
    CHECK_TOOLS(s, "lookup: shipped@11100");
    sim_end(s);
}

TEST(a_tool_without_a_reply_gives_the_turn_back)
{
    static const char *const config[] = {"session.user_away_timeout=3s", NULL};
    struct sim *s = asked(&(struct sim_setup){TOOLS, .tool = tool, .config = config}, "silent", "");

    sim_run(s, 15000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "listening@11100");
    CHECK_USER(s, "speaking | listening | away@14100");
    CHECK_TOOLS(s, "silent: @11100");
    check_history(s, "handoff, config, user, assistant, call silent, output silent");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST(a_stopped_tool_has_no_output_and_no_reply)
{
    struct sim *s = asked(&with_tools, "stop", "{}");

    sim_user(s, 7000, 8000, "Thanks.", 200);
    sim_answer(s, "Thanks.", "Bye.");
    sim_voice(s, "Bye.", 500);
    sim_run(s, 12000);
    CHECK_TOOLS(s, "stop none@5500~");
    check_history(s, "handoff, config, user, assistant, call stop, user, assistant");
    sim_end(s);
}

TEST(a_tool_that_nobody_has_is_answered_with_its_name)
{
    struct sim *s = asked(&with_tools, "nonexistent_tool", "{}");

    sim_answer(s, "output:Unknown function: nonexistent_tool", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 12000);
    CHECK_TOOLS(s, "nonexistent_tool error: Unknown function: nonexistent_tool");
    check_history(s, "handoff, config, user, assistant, call nonexistent_tool, output "
                     "nonexistent_tool, assistant");
    CHECK_EQ(executed, 0);
    sim_end(s);
}

TEST(a_host_may_say_so_too)
{
    struct sim *s = asked(&(struct sim_setup){.tool = tool}, "other", "{}");

    sim_run(s, 8000);
    CHECK_TOOLS(s, "other error: Unknown function: other");
    CHECK_EQ(executed, 1);
    sim_end(s);
}

TEST(missing_arguments_are_named_and_nothing_is_executed)
{
    struct sim *s = asked(&with_tools, "get_weather", "{}");

    sim_run(s, 8000);
    CHECK_TOOLS(s, "get_weather error: Error in the arguments of get_weather: the required field "
                   "\"location\" is missing");
    check_history(s, "handoff, config, user, assistant, call get_weather, output get_weather");
    CHECK_EQ(executed, 0);
    sim_end(s);
}

TEST(a_tool_that_raises_has_the_fixed_text)
{
    struct sim *s = asked(&with_tools, "raises", "{}");

    sim_answer(s, "output:An internal error occurred", "That went wrong.");
    sim_voice(s, "That went wrong.", 1000);
    sim_run(s, 12000);
    CHECK_TOOLS(s, "raises error: An internal error occurred");
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(two_tools_run_side_by_side_and_make_one_step)
{
    struct sim *s = sim_create(&with_tools);
    struct sim_answer *row = sim_answer(s, ASK, ""); /* and without a word */

    executed = 0;
    sim_user(s, 500, 2500, ASK, 200);
    row->calls[0] = (struct sim_call){"lookup", "{}", "1"};
    row->calls[1] = (struct sim_call){"get_weather", TOKYO, "1"}; /* the same id twice */
    sim_answer(s, "output:sunny", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 15000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@11600~ | listening@12600~");
    CHECK_TOOLS(s, "lookup: shipped; get_weather: sunny@11100");
    check_history(s, "handoff, config, user, call lookup, call get_weather, output lookup, output "
                     "get_weather, assistant");
    sim_end(s);
}

TEST(a_new_turn_interrupts_what_runs_and_keeps_what_has_finished)
{
    struct sim *s = sim_create(&with_tools);
    struct sim_answer *row = sim_answer(s, ASK, CHECKS);

    sim_user(s, 500, 2500, ASK, 200);
    sim_voice(s, CHECKS, 2000);
    row->calls[0] = (struct sim_call){"lookup", "{}", "1"};
    row->calls[1] = (struct sim_call){"get_weather", TOKYO, "2"};
    sim_user(s, 7000, 8000, "Never mind.", 200);
    sim_answer(s, "output:sunny", "");
    sim_answer(s, "Never mind.", "All right.");
    sim_voice(s, "All right.", 1000);
    sim_run(s, 14000); /* the result at 11.1 finds nobody */
    CHECK_TOOLS(s, "lookup error: interrupted; get_weather: sunny@8500");
    check_history(s, "handoff, config, user, assistant, call lookup, call get_weather, output "
                     "lookup, output get_weather, user, assistant");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "speaking@9000~ | listening@10000~");
    CHECK_EQ(sim_llm_requests(s), 2);
    sim_end(s);
}

TEST(the_host_interrupts_it_too)
{
    struct sim *s = asked(&with_tools, "never", "{}");

    sim_run(s, 7000);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 8000);
    CHECK_TOOLS(s, "never error: interrupted@7000");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "listening@7000");
    sim_end(s);
}

TEST(a_cut_answer_ends_its_tools)
{
    struct sim *s = asked(&with_tools, "never", "{}");

    sim_run(s, 4500);
    CHECK_EQ(myna_session_interrupt(sim_session(s), false), MYNA_OK);
    sim_run(s, 6000);
    CHECK_TOOLS(s, "never error: interrupted@4500");
    check_history(s, "handoff, config, user, assistant, call never, output never");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    sim_end(s);
}

TEST(a_tool_that_never_answers_times_out)
{
    static const char *const config[] = {"session.tool_timeout=5s", NULL};
    struct sim *s = asked(&(struct sim_setup){TOOLS, .tool = tool, .config = config}, "never", "");

    sim_run(s, 10000);
    CHECK_TOOLS(s, "never error: Error: never did not answer within 5000 ms@8100");
    sim_end(s);
}

TEST(rounds_of_tools_end_with_an_answer)
{
    static const char *const config[] = {"session.max_tool_steps=2", NULL};
    struct sim *s = sim_create(&(struct sim_setup){TOOLS, .tool = tool, .config = config});

    executed = 0;
    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, "")->calls[0] = (struct sim_call){"get_weather", TOKYO, NULL};
    sim_answer(s, "output:sunny", "Again.")->calls[0] =
        (struct sim_call){"get_weather", TOKYO, NULL};
    sim_voice(s, "Again.", 500);
    sim_run(s, 9000);
    /* the third request allows no tools: what it calls is not heard of */
    CHECK_EQ(sim_llm_requests(s), 3);
    CHECK_EQ(executed, 2);
    CHECK_TOOLS(s, "get_weather: sunny@3300 | get_weather: sunny@4300~");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3800~ | thinking@4300~ | "
                   "speaking@4800~ | listening@5300~");
    sim_end(s);
}

TEST(a_model_that_calls_in_a_circle_and_says_no_word_is_spoken_about)
{
    static const char *const config[] = {"session.max_tool_steps=2",
                                         "session.error_sentence=Sorry.", NULL};
    struct sim *s = sim_create(&(struct sim_setup){TOOLS, .tool = tool, .config = config});

    executed = 0;
    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, "")->calls[0] = (struct sim_call){"get_weather", TOKYO, NULL};
    sim_answer(s, "output:sunny", "")->calls[0] = (struct sim_call){"get_weather", TOKYO, NULL};
    sim_voice(s, "Sorry.", 500);
    sim_user(s, 12000, 14000, "Thanks.", 200);
    sim_answer(s, "Thanks.", "You're welcome.");
    sim_voice(s, "You're welcome.", 500);
    sim_run(s, 16000);
    CHECK_EQ(sim_llm_requests(s), 4);
    CHECK_EQ(executed, 2);
    CHECK_ERRORS(s, "llm fatal@3900");
    CHECK_PLAYOUTS(s, "heard=500@4600~ | heard=500@15500~");
    sim_end(s);
}

TEST(more_calls_than_allowed_are_dropped)
{
    struct sim *s = sim_create(&with_tools);
    struct sim_answer *row = sim_answer(s, ASK, "");

    executed = 0;
    sim_user(s, 500, 2500, ASK, 200);
    for (int i = 0; i < 20; i++)
        row->calls[i] = (struct sim_call){"get_weather", TOKYO, NULL};
    sim_run(s, 5000);
    CHECK_EQ(executed, 16);
    sim_end(s);
}

static bool destroys(struct sim *s, const struct myna_tool_call *call)
{
    (void)call;
    executed++;
    sim_destroy(s);
    return true;
}

TEST(a_tool_may_destroy_the_session)
{
    struct sim *s = asked(&(struct sim_setup){TOOLS, .tool = destroys}, "lookup", "{}");

    sim_run(s, 5000);
    CHECK_EQ(executed, 1);
    sim_end(s);
}

static bool hangs_up(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .no_reply = true};

    myna_session_shutdown(sim_session(s), true, "done");
    CHECK_EQ(myna_session_tool_result(sim_session(s), call->call_id, &r), MYNA_OK);
    return true;
}

TEST(a_tool_may_end_the_call_and_its_words_are_heard)
{
    struct sim *s = asked(&(struct sim_setup){TOOLS, .tool = hangs_up}, "lookup", "{}");

    sim_run(s, 9000);
    CHECK(sim_closed(s));
    CHECK_PLAYOUTS(s, "heard=2000@5500~");
    CHECK_CLOSE(s, "done@5500~");
    sim_end(s);
}

TEST_MAIN
