/* agents_test.c - what an agent tells besides its words: reasoning, tools of its own, usage, what
 * it wants to see again; and agents that keep the history themselves. */
#include "sim.h"

#define ASK    "What's the weather in Tokyo?"
#define ANSWER "It is sunny today."
#define TEXT(t)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(t), sizeof(t) - 1                                                        \
    }

static struct sim_answer *row;

static struct sim *asked(const struct sim_setup *setup)
{
    struct sim *s = sim_create(setup);

    sim_user(s, 500, 2000, ASK, 100);
    row = sim_answer(s, ASK, ANSWER);
    sim_voice(s, ANSWER, 1000);
    return s;
}

TEST(reasoning_is_neither_spoken_nor_kept)
{
    struct sim *s = asked(NULL);

    row->before[0] = (struct myna_llm_event){.type = MYNA_LLM_REASONING,
                                             .text = TEXT("Sunny. Shall I say so? I shall. ")};
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " ANSWER);
    CHECK_PLAYOUTS(s, "heard=1000");
    sim_end(s);
}

TEST(the_agents_own_tools_are_an_event_and_no_words)
{
    struct sim *s = asked(NULL);

    row->before[0] = (struct myna_llm_event){.type = MYNA_LLM_PROGRESS,
                                             .name = "terminal",
                                             .arguments = "curl wttr.in",
                                             .call_id = "call_that_is_longer_than_an_id_of_ours_1",
                                             .text = TEXT("running")};
    row->before[1] = (struct myna_llm_event){
        .type = MYNA_LLM_PROGRESS, .name = "terminal", .text = TEXT("completed")};
    row->before[2] = (struct myna_llm_event){.type = MYNA_LLM_PROGRESS}; /* a sign of life */
    sim_run(s, 6000);
    CHECK_PROGRESS(
        s, "terminal running: curl wttr.in (call_that_is_longer_than_an_id_of_ours_1)@2600 | "
           "terminal completed: - (-)@2600");
    CHECK_ITEMS(s, "handoff | user: " ASK " | assistant: " ANSWER);
    sim_end(s);
}

TEST(usage_cost_and_model_stand_in_the_metrics_and_in_the_sums)
{
    struct sim *s = asked(&(struct sim_setup){.llm_model = "sim-1"});
    const struct myna_metrics *m;

    row->usage = (struct myna_llm_event){.type = MYNA_LLM_USAGE,
                                         .prompt_tokens = 100,
                                         .prompt_cached_tokens = 40,
                                         .prompt_cache_write_tokens = 10,
                                         .completion_tokens = 7,
                                         .total_tokens = 107,
                                         .cost = 0.000125};
    sim_run(s, 6000);
    m = sim_metrics(s, MYNA_METRICS_LLM, 0);
    CHECK_STR(m->label, "sim");
    CHECK_STR(m->model, "sim-1");
    CHECK_EQ(m->prompt_tokens, 100);
    CHECK_EQ(m->prompt_cached_tokens, 40);
    CHECK_EQ(m->prompt_cache_write_tokens, 10);
    CHECK_EQ(m->completion_tokens, 7);
    CHECK(m->cost > 0.0001249 && m->cost < 0.0001251);
    sim_end(s); /* and the replay has the same */
}

static const char *const ahead[] = {"turn.preemptive_generation=true", NULL};

TEST(an_agent_with_a_history_of_its_own_is_not_asked_ahead)
{
    struct sim *s = asked(&(struct sim_setup){.config = ahead, .llm_caps = MYNA_LLM_OWN_HISTORY});

    sim_run(s, 6000);
    CHECK_SPEECHES(s, "generate_reply@2500");
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "sunny"};

    CHECK_EQ(myna_session_tool_result(sim_session(s), call->call_id, &r), MYNA_OK);
    return true;
}

TEST(what_a_provider_wants_to_see_again_comes_back_with_the_call)
{
    struct sim *s = asked(&(struct sim_setup){.tool = tool});
    const struct myna_item *items;
    size_t n, calls = 0;

    row->calls[0].name = "get_weather";
    row->calls[0].arguments = "{}";
    row->calls[0].extra = "{\"google\":{\"thought_signature\":\"c2ln\"}}";
    sim_answer(s, "output:sunny", "Sunny it is.");
    sim_voice(s, "Sunny it is.", 500);
    sim_run(s, 9000);
    items = myna_session_history(sim_session(s), &n);
    for (size_t i = 0; i < n; i++)
        if (items[i].type == MYNA_ITEM_FUNCTION_CALL) {
            calls++;
            CHECK_STR(items[i].extra, "{\"google\":{\"thought_signature\":\"c2ln\"}}");
        } else {
            CHECK(!items[i].extra);
        }
    CHECK_EQ(calls, 1);
    sim_end(s);
}

TEST_MAIN
