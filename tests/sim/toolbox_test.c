/* toolbox_test.c - tools that the configuration names, in whole calls: programs that run while the
 * virtual clock stands still, the agent that ends the call, and the words that do. */
#include "sim.h"

#define ASK    "What's the weather in Tokyo?"
#define CHECKS "Let me check the weather for you."
#define ANSWER "The weather in Tokyo is sunny today."
#define BYE    "Goodbye, then."

static struct sim *asked(const char *const *config, const char *words, const char *tool,
                         const char *arguments)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, words)->calls[0] = (struct sim_call){tool, arguments, "1"};
    if (words[0])
        sim_voice(s, words, 2000);
    sim_voice(s, BYE, 1000);
    return s;
}

static const char *const weather[] = {
    "tools.weather.command=[\"sh\",\"-c\",\"cat >/dev/null; echo sunny in $1\",\"x\",\"{city}\"]",
    "tools.weather.parameters={\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":["
    "\"city\"]}",
    "tools.hangs.command=sleep, 1000",
    "tools.hangs.timeout=100ms",
    "tools.slow.command=sleep, 1000",
    NULL};

TEST(a_program_answers_and_the_agent_speaks_of_it)
{
    struct sim *s = asked(weather, CHECKS, "weather", "{\"city\":\"Tokyo\"}");

    sim_answer(s, "output:sunny in Tokyo", ANSWER);
    sim_voice(s, ANSWER, 3000);
    sim_run(s, 12000);
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "speaking@6000~ | listening@9000~");
    CHECK_TOOLS(s, "weather: sunny in Tokyo@5500~");
    sim_end(s);
}

TEST(arguments_that_do_not_fit_are_told_to_the_agent_not_to_the_program)
{
    struct sim *s = asked(weather, "", "weather", "{\"city\":3}");

    sim_run(s, 9000);
    CHECK_TOOLS(s, "weather error: Error in the arguments of weather: \"city\" must be a string");
    sim_end(s);
}

TEST(a_program_that_hangs_is_an_output_and_the_call_goes_on)
{
    struct sim *s = asked(weather, "", "hangs", "{}");

    sim_answer(s, "output:Error: hangs did not answer within 100 ms", ANSWER);
    sim_voice(s, ANSWER, 3000);
    sim_run(s, 12000);
    CHECK_TOOLS(s, "hangs error: Error: hangs did not answer within 100 ms");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " ANSWER);
    sim_end(s);
}

/* The host's own tool, called beside the program. */
static bool interrupts(struct sim *s, const struct myna_tool_call *call)
{
    CHECK_STR(call->name, "host");
    CHECK_EQ(myna_session_interrupt(sim_session(s), true), MYNA_OK);
    return true;
}

TEST(an_interruption_kills_the_program)
{
    static const struct myna_tool_def tools[] = {{"host", "of the host program", NULL}};
    struct sim *s = sim_create(
        &(struct sim_setup){.config = weather, .tools = tools, .n_tools = 1, .tool = interrupts});
    struct sim_answer *a = sim_answer(s, ASK, CHECKS);

    sim_user(s, 500, 2500, ASK, 200);
    a->calls[0] = (struct sim_call){"slow", "{}", "1"};
    a->calls[1] = (struct sim_call){"host", "{}", "2"};
    sim_voice(s, CHECKS, 2000);
    sim_run(s, 9000);
    CHECK_TOOLS(s, "slow error: interrupted; host error: interrupted");
    sim_end(s);
}

static const char *const ends[] = {"tools.bye.kind=end_call", "session.farewell=" BYE, NULL};

TEST(the_agent_ends_the_call_behind_its_own_words)
{
    struct sim *s = asked(ends, "It was nice talking to you.", "bye", "{\"reason\":\"done\"}");

    sim_run(s, 12000);
    CHECK_TOOLS(s, "bye: {\"status\":\"ending\"}@5500~");
    CHECK_PLAYOUTS(s, "heard=2000@5500~"); /* it has said goodbye: no farewell on top */
    CHECK_CLOSE(s, "end_call@5500~");
    sim_end(s);
}

TEST(an_agent_that_hangs_up_without_a_word_says_farewell)
{
    struct sim *s = asked(ends, "", "bye", "{}");

    sim_run(s, 12000);
    CHECK_PLAYOUTS(s, "heard=1000");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " BYE);
    CHECK_CLOSE(s, "end_call");
    sim_end(s);
}

TEST(words_end_the_call)
{
    static const char *const config[] = {"session.hangup_phrases=goodbye, see you",
                                         "session.farewell=" BYE, NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, "Thanks, and Goodbye!", 200);
    sim_voice(s, BYE, 1000);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: Thanks, and Goodbye! | assistant: " BYE);
    CHECK_CLOSE(s, "phrase@4200~");
    CHECK_EQ(sim_llm_requests(s), 0);
    sim_end(s);
}

/* ---- a tool that decides about turns */

static const char *const gate[] = {"session.turn_hook=gate",
                                   "tools.gate.command=[\"sh\",\"-c\",\"grep -q weather && echo "
                                   "'{\\\"action\\\":\\\"stop\\\"}' || "
                                   "echo fine\"]",
                                   "tools.other.command=date", NULL};

TEST(a_hook_stops_the_turn_that_it_does_not_want_answered)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = gate});
    const struct myna_item *items;
    size_t n;

    sim_user(s, 500, 2500, ASK, 200);
    sim_user(s, 5000, 6000, "Hello?", 200);
    sim_answer(s, "Hello?", ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: Hello? | assistant: " ANSWER);
    items = myna_session_history(sim_session(s), &n);
    CHECK_STR(items[1].tools_added, "other"); /* the hook is not for the agent */
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(a_hook_that_fails_is_an_event_and_the_agent_answers)
{
    static const char *const config[] = {"session.turn_hook=gate", "tools.gate.command=sleep, 1000",
                                         "tools.gate.timeout=50ms", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    CHECK_ERRORS(s, "session recoverable@3000");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " ANSWER);
    sim_end(s);
}

static bool undecided(struct sim *s, uint32_t turn, const char *text,
                      enum myna_turn_verdict *verdict)
{
    (void)s;
    (void)turn;
    (void)text;
    (void)verdict;
    return false;
}

TEST(a_host_that_never_decides_is_not_waited_for_for_ever)
{
    static const char *const config[] = {"session.turn_hook_timeout=2s", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config, .hook = undecided});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 9000);
    CHECK_ERRORS(s, "session recoverable@5000");
    CHECK_ITEMS(s, "handoff | user: " ASK "@5000~ | assistant: " ANSWER);
    sim_end(s);
}

TEST(a_tool_server_that_is_not_there_is_an_event_and_the_call_goes_on)
{
    static const char *const config[] = {"tools.crm.kind=mcp",
                                         "tools.crm.url=http://127.0.0.1:1/mcp", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, ANSWER);
    sim_voice(s, ANSWER, 1000);
    sim_run(s, 6000);
    CHECK_ERRORS(s, "session recoverable | session recoverable | session recoverable");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " ANSWER);
    sim_end(s);
}

/* Any tool of the host's. */
static bool host(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "of the host"};

    sim_result_later(s, call->call_id, 100, &r);
    return true;
}

TEST(a_server_that_comes_later_has_its_names_and_the_hosts_tools_of_the_same_are_gone)
{
    static const struct myna_tool_def own[] = {{"echo", "of the host", NULL},
                                               {"light", "of the host", NULL}};
    const char *tree = getenv("MYNA_TEST_TREE");
    char command[600];
    const char *const config[] = {"tools.s.kind=mcp", command, NULL};
    struct myna_why why = {0};
    struct sim *s;

    CHECK(tree);
    snprintf(command, sizeof command,
             "tools.s.command=[\"python3\",\"%s/tests/support/mcp_server.py\",\"legacy\","
             "\"/dev/null\"]",
             tree);
    s = sim_create(&(struct sim_setup){.config = config, .tool = host, .tools = own, .n_tools = 2});
    sim_answer(s, "one", "")->calls[0] = (struct sim_call){"echo", "{\"words\":\"hi\"}", "1"};
    sim_answer(s, "two", "")->calls[0] = (struct sim_call){"light", "{}", "2"};
    sim_answer(s, "output:heard hi", ANSWER);
    sim_answer(s, "output:of the host", ANSWER);
    sim_voice(s, ANSWER, 500);
    sim_run(s, 1000);
    CHECK_ERRORS(s, "tool recoverable");
    CHECK_EQ(myna_session_text(sim_session(s), "one"), MYNA_OK);
    sim_run(s, 5000);
    CHECK_EQ(myna_session_text(sim_session(s), "two"), MYNA_OK);
    sim_run(s, 9000);
    CHECK_TOOLS(s, "echo: heard hi | light: of the host");
    CHECK_EQ(myna_session_tools(sim_session(s), own, 2, &why), MYNA_EINVAL);
    sim_end(s);
}

/* What a session says that cannot be made. */
static void refused(const char *key, const char *value, const struct myna_tool_def *tool,
                    const char *says)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options ro = {.size = sizeof ro, .config = cfg, .virtual_clock = true};
    struct myna_agent agent = {.size = sizeof agent, .tools = tool, .n_tools = tool != NULL};
    struct myna_session_options so = {
        .size = sizeof so, .agent = &agent, .transport_name = "none", .record_dir = ""};
    struct myna_runtime *rt = NULL;
    struct myna_session *session = NULL;
    struct myna_why why = {0};

    CHECK_EQ(myna_config_set(cfg, key, value, "--set", &why), MYNA_OK);
    CHECK_EQ(myna_runtime_create(&ro, &rt, &why), MYNA_OK);
    CHECK_EQ(myna_session_create(rt, &so, &session, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, says);
    CHECK(!session);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

TEST(a_wrong_tool_is_told_at_the_start)
{
    static const struct myna_tool_def same = {"weather", "of the host", NULL};
    static const struct myna_tool_def bad = {"host", NULL, "{\"properties\":{\"c\":3}}"};

    refused("tools.weather.command", "date", &same, "have a tool of the same name, weather");
    refused("tools.weather.url", "weather", NULL, "--set: tools.weather.url must be http");
    refused("session.turn_hook", "gate", NULL,
            "--set: session.turn_hook names \"gate\", but there is no tool of that name");
    refused("tools.weather.command", "date", &bad,
            "the parameters of tool host are not a JSON schema: properties.c must be a schema");
}

TEST_MAIN
