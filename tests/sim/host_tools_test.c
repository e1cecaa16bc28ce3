/* host_tools_test.c - the host changes its tools in the middle of a call, and begins a conversation
 * anew in it: what a room with people who bring tools needs (voice-gateway 9). */
#include "sim.h"

static int refused = -1; /* calls of a tool that the host took back; -1: it has it */

static bool tool(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "lit"};

    CHECK_STR(call->name, "light");
    if (refused >= 0) {
        refused++;
        return false;
    }
    sim_result_later(s, call->call_id, 500, &r);
    return true;
}

static const struct myna_tool_def light = {"light", "turns it on", NULL},
                                  dark = {"dark", "turns it off", NULL};

static enum myna_err offer(struct sim *s, const struct myna_tool_def *tools, size_t n,
                           struct myna_why *why)
{
    return myna_session_tools(sim_session(s), tools, n, why);
}

TEST(a_tool_that_comes_in_the_middle_is_called_and_one_that_went_is_unknown)
{
    struct sim *s = sim_create(&(struct sim_setup){.tool = tool});
    struct myna_why why = {0};

    sim_answer(s, "one", "")->calls[0] = (struct sim_call){"light", "{}", "1"};
    sim_answer(s, "two", "")->calls[0] = (struct sim_call){"light", "{}", "2"};
    sim_answer(s, "output:lit", "It is lit.");
    sim_answer(s, "output:Unknown function: light", "I cannot.");
    sim_voice(s, "It is lit.", 1000);
    sim_voice(s, "I cannot.", 1000);
    sim_run(s, 1000);
    CHECK_EQ(offer(s, &light, 1, &why), MYNA_OK);
    CHECK_EQ(myna_session_text(sim_session(s), "one"), MYNA_OK);
    sim_run(s, 8000);
    CHECK_TOOLS(s, "light: lit");
    CHECK_EQ(offer(s, &dark, 1, &why), MYNA_OK);
    refused = 0;
    CHECK_EQ(myna_session_text(sim_session(s), "two"), MYNA_OK);
    sim_run(s, 15000);
    CHECK_TOOLS(s, "light: lit | light error: Unknown function: light");
    CHECK_EQ(refused, 1); /* it may have known why */
    refused = -1;
    sim_end(s);
}

TEST(what_the_host_may_not_offer_is_refused_and_changes_nothing)
{
    static const char *const config[] = {"tools.search.url=http://127.0.0.1:9/", NULL};
    const struct myna_tool_def same = {"search", "", NULL}, nameless = {"", "", NULL},
                               odd = {"x", "", "7"};
    const struct myna_tool_def twice[] = {light, light};
    struct sim *s = sim_create(&(struct sim_setup){.tool = tool, .config = config});
    struct myna_why why = {0};

    sim_answer(s, "one", "")->calls[0] = (struct sim_call){"light", "{}", "1"};
    sim_answer(s, "output:lit", "It is lit.");
    sim_voice(s, "It is lit.", 1000);
    sim_run(s, 1000);
    CHECK_EQ(offer(s, &light, 1, &why), MYNA_OK);
    CHECK_EQ(offer(s, &same, 1, &why), MYNA_EINVAL);
    CHECK_HAS(why.text, "search");
    CHECK_EQ(offer(s, &nameless, 1, &why), MYNA_ECONFIG);
    CHECK_EQ(offer(s, &odd, 1, &why), MYNA_ECONFIG);
    CHECK_EQ(offer(s, twice, 2, &why), MYNA_ECONFIG);
    CHECK_EQ(offer(s, &light, 1000, &why), MYNA_ELIMIT);
    CHECK_EQ(myna_session_text(sim_session(s), "one"), MYNA_OK);
    sim_run(s, 8000);
    CHECK_TOOLS(s, "light: lit");
    sim_end(s);
}

TEST(a_conversation_begun_anew_shows_the_agent_nothing_of_before)
{
    struct sim *s = sim_create(&(struct sim_setup){0});

    sim_answer(s, "hello", "Hi, a long first answer.");
    sim_answer(s, "", "Who are you?");
    sim_voice(s, "Hi, a long first answer.", 5000);
    sim_voice(s, "Who are you?", 1000);
    sim_run(s, 1000);
    CHECK_EQ(myna_session_text(sim_session(s), "hello"), MYNA_OK);
    sim_run(s, 4000);
    CHECK_EQ(myna_session_forget(sim_session(s)), MYNA_OK); /* cuts it short */
    sim_run(s, 5000);
    CHECK_EQ(myna_session_generate_reply(sim_session(s), NULL, NULL), MYNA_OK);
    sim_run(s, 10000);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "Who are you?");
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->text, "hello"); /* the history has it all */
    sim_end(s);
}

TEST_MAIN
