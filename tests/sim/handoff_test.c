/* handoff_test.c - several agents in one call: agent-session 1.12. */
#include "sim.h"

#define ASK   "I want to buy a bird."
#define WORDS "I'll get you somebody from sales."
#define SALES "Sales here, which bird?"
#define DONE  "output:{\"status\":\"handed over\",\"agent\":\"sales\"}"

static const char *const greets[] = {"agents.sales.instructions=You sell birds.",
                                     "agents.sales.description=sells birds",
                                     "agents.sales.greeting=" SALES,
                                     "agents.sales.tools=price",
                                     "agents.repair.handoff=sales",
                                     "tools.price.command=echo, twenty",
                                     "tools.weather.command=echo, sunny",
                                     NULL};

static struct sim *asked(const char *const *config, const char *agent)
{
    static char arguments[100];
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    snprintf(arguments, sizeof arguments, "{\"agent\":\"%s\"}", agent);
    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, WORDS)->calls[0] = (struct sim_call){"handoff_to", arguments, "1"};
    sim_voice(s, WORDS, 2000);
    sim_voice(s, SALES, 1000);
    return s;
}

/* The nth config item's part; NULL: there are not so many. */
static const struct myna_item *config_item(struct sim *s, int nth)
{
    size_t n;
    const struct myna_item *items = myna_session_history(sim_session(s), &n);

    for (size_t i = 0; i < n; i++)
        if (items[i].type == MYNA_ITEM_AGENT_CONFIG_UPDATE && nth-- == 0)
            return &items[i];
    return NULL;
}

TEST(the_new_agent_greets_and_has_its_own_words_and_tools)
{
    struct sim *s = asked(greets, "sales");

    sim_user(s, 9000, 10000, "How much?", 200);
    sim_answer(s, "How much?", "")->calls[0] = (struct sim_call){"weather", "{}", "2"};
    sim_answer(s, "output:Unknown function: weather", "Twenty.");
    sim_voice(s, "Twenty.", 1000);
    sim_run(s, 16000);
    CHECK_TOOLS(s, "handoff_to: {\"status\":\"handed over\",\"agent\":\"sales\"}@5500~ | weather "
                   "error: Unknown function: weather");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " WORDS "@5500~ | handoff@5500~ | "
                   "assistant: " SALES " | user: How much? | assistant: Twenty.");
    CHECK_STR(config_item(s, 0)->tools_added, "price,weather,handoff_to");
    CHECK_STR(config_item(s, 1)->instructions, "You sell birds.");
    CHECK_STR(config_item(s, 1)->tools_removed, "weather");
    CHECK(!config_item(s, 1)->tools_added);
    sim_end(s);
}

TEST(one_agent_alone_has_the_tools_of_its_list_and_nobody_to_hand_over_to)
{
    static const char *const config[] = {"agent.tools=price",
                                         "tools.price.url=http://127.0.0.1:1/price",
                                         "tools.price.description=Tells a price.",
                                         "tools.weather.url=http://127.0.0.1:1/weather",
                                         "tools.weather.description=Tells the weather.",
                                         NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, WORDS);
    sim_voice(s, WORDS, 1000);
    sim_run(s, 6000);
    CHECK_STR(config_item(s, 0)->tools_added, "price");
    sim_end(s);
}

static bool host_tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "connected"};

    sim_result_later(s, call->call_id, 100, &r);
    return true;
}

TEST(of_one_agent_alone_a_tool_of_the_host_may_have_that_name)
{
    static const char *const config[] = {"agent.tools=handoff_to", NULL};
    static const struct myna_tool_def tools[] = {{"handoff_to", "to a colleague", NULL}};
    struct sim *s = sim_create(
        &(struct sim_setup){.config = config, .tools = tools, .n_tools = 1, .tool = host_tool});

    sim_user(s, 500, 2500, ASK, 200);
    sim_answer(s, ASK, "")->calls[0] = (struct sim_call){"handoff_to", "{}", "1"};
    sim_answer(s, "output:connected", WORDS);
    sim_voice(s, WORDS, 1000);
    sim_run(s, 9000);
    CHECK_TOOLS(s, "handoff_to: connected");
    sim_end(s);
}

TEST(an_agent_without_a_greeting_makes_its_first_words)
{
    static const char *const config[] = {"agents.sales.instructions=You sell birds.", NULL};
    struct sim *s = asked(config, "sales");

    sim_answer(s, DONE, "Which bird shall it be?");
    sim_voice(s, "Which bird shall it be?", 1000);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " WORDS " | handoff@5500~ | assistant: "
                   "Which bird shall it be?");
    CHECK_AGENT(s, "listening@0 | thinking@3000 | speaking@3500~ | thinking@5500~ | "
                   "listening@5500~ | thinking@5500~ | speaking@6000~ | listening@7000~");
    sim_end(s);
}

TEST(a_handoff_to_nobody_is_an_output_and_the_agent_stays)
{
    struct sim *s = asked(greets, "marketing");

    sim_answer(s,
               "output:Error in the arguments of handoff_to: \"agent\" must be one of "
               "[\"sales\",\"repair\"]",
               "There is no such department.");
    sim_voice(s, "There is no such department.", 1000);
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " WORDS " | assistant: There is no such "
                   "department.");
    sim_end(s);
}

TEST(of_two_in_one_step_the_first_counts)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = greets});
    struct sim_answer *a = sim_answer(s, ASK, WORDS);

    sim_user(s, 500, 2500, ASK, 200);
    a->calls[0] = (struct sim_call){"handoff_to", "{\"agent\":\"sales\"}", "1"};
    a->calls[1] = (struct sim_call){"handoff_to", "{\"agent\":\"repair\"}", "2"};
    sim_voice(s, WORDS, 2000);
    sim_voice(s, SALES, 1000);
    sim_answer(s, "output:Error: the conversation is being handed over already", "");
    sim_run(s, 9000);
    CHECK_TOOLS(s, "handoff_to: {\"status\":\"handed over\",\"agent\":\"sales\"}; handoff_to "
                   "error: Error: the conversation is being handed over already");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " WORDS " | handoff | assistant: " SALES);
    sim_end(s);
}

TEST(each_agent_has_its_own_model_and_voice)
{
    static const char *const config[] = {"agents.sales.greeting=" SALES,
                                         "agents.sales.model=big-one", "agents.sales.voice=nova",
                                         NULL};
    struct sim *s = asked(config, "sales");

    sim_user(s, 9000, 10000, "How much?", 200);
    sim_answer(s, "How much?", "Twenty.");
    sim_voice(s, "Twenty.", 1000);
    sim_run(s, 5000);
    CHECK_STR(sim_model(s), ""); /* the first agent is the providers' own */
    CHECK_STR(sim_voice_name(s), "");
    sim_run(s, 8000);
    CHECK_STR(sim_voice_name(s), "nova"); /* its greeting */
    sim_run(s, 16000);
    CHECK_STR(sim_model(s), "big-one");
    CHECK_STR(sim_voice_name(s), "nova");
    sim_end(s);
}

TEST(the_host_hands_over)
{
    struct sim *s = sim_create(&(struct sim_setup){.config = greets});

    sim_voice(s, SALES, 1000);
    sim_run(s, 1000);
    CHECK_EQ(myna_session_handoff(sim_session(s), "nobody"), MYNA_ENOENT);
    CHECK_EQ(myna_session_handoff(sim_session(s), "sales"), MYNA_OK);
    sim_run(s, 4000);
    CHECK_ITEMS(s, "handoff | handoff@1000 | assistant: " SALES);
    sim_end(s);
}

TEST(a_person_who_goes_on_talking_is_answered_by_the_new_agent_without_its_greeting)
{
    struct sim *s = asked(greets, "sales");

    sim_user(s, 4500, 6000, "Or rather a cat.", 200); /* into the words before the handoff */
    sim_answer(s, "Or rather a cat.", "A cat then.");
    sim_voice(s, "A cat then.", 1000);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant cut: I'll get you somebody from@5000~ | "
                   "handoff@5000~ | user: Or rather a cat. | assistant: A cat then.");
    sim_end(s);
}

static void refused(const char *const *config, const char *says)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_runtime_options ro = {.size = sizeof ro, .config = cfg, .virtual_clock = true};
    struct myna_session_options so = {
        .size = sizeof so, .transport_name = "none", .record_dir = ""};
    struct myna_runtime *rt = NULL;
    struct myna_session *session = NULL;
    struct myna_why why = {0};

    for (; *config; config += 2)
        CHECK_EQ(myna_config_set(cfg, config[0], config[1], "--set", &why), MYNA_OK);
    CHECK_EQ(myna_runtime_create(&ro, &rt, &why), MYNA_OK);
    CHECK_EQ(myna_session_create(rt, &so, &session, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, says);
    myna_runtime_destroy(rt);
    myna_config_destroy(cfg);
}

TEST(what_is_wrong_with_the_agents_is_told_at_the_start)
{
    refused(
        (const char *const[]){"agents.sales.handoff", "repairs", "agents.repair.greeting", "x",
                              NULL},
        "--set: agents.sales.handoff names \"repairs\", but there is no agent of that name; did "
        "you mean \"repair\"?");
    refused((const char *const[]){"agents.sales.handoff", "sales", NULL},
            "agents.sales.handoff names the agent itself");
    refused((const char *const[]){"agents.sales.greeting", "x", "agent.name", "sales", NULL},
            "two agents of one name");
    refused(
        (const char *const[]){"agents.sales.tools", "price", NULL},
        "agents.sales.tools names \"price\", but there is no tool of that name: add tools.price");
    /* one agent alone */
    refused((const char *const[]){"agent.tools", "price", NULL},
            "--set: agent.tools names \"price\", but there is no tool of that name");
    refused((const char *const[]){"agent.handoff", "sales", NULL},
            "--set: agent.handoff names \"sales\", but there is no agent of that name");
}

TEST(the_new_agent_has_its_own_patience_and_the_first_one_its_again)
{
    static const char *const config[] = {"agent.turn_min_delay=700",
                                         "agents.sales.instructions=You sell birds.",
                                         "agents.sales.greeting=" SALES,
                                         "agents.sales.turn_min_delay=1200",
                                         "agents.sales.turn_preemptive_generation=true",
                                         "agents.sales.turn_preemptive_tts=true",
                                         NULL};
    struct sim *s = asked(config, "sales");

    sim_user(s, 9000, 10000, "How much?", 200);
    sim_answer(s, "How much?", "")->calls[0] =
        (struct sim_call){"handoff_to", "{\"agent\":\"sim\"}", "2"};
    sim_user(s, 15000, 16000, "Good.", 200);
    sim_answer(s, "Good.", "Bye.");
    sim_voice(s, "Bye.", 500);
    sim_run(s, 20000);
    CHECK_ITEMS(s, "handoff | user: " ASK "@3200 | assistant: " WORDS
                   " | handoff | assistant: " SALES " | user: How much?@11200 | handoff | "
                   "user: Good.@16700 | assistant: Bye.");
    sim_end(s);
}

TEST_MAIN
