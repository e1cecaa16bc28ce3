/* anew_test.c - a conversation begins anew in the same call (`/new`; voice-gateway 16.3): whatever
 * was said until then, cut, queued or waiting, stays in the history and out of the agent's sight.
 */
#include "sim.h"

static struct sim *talk(struct sim_setup setup)
{
    struct sim *s = sim_create(&setup);

    sim_answer(s, "hello", "Hi, a long first answer.");
    sim_answer(s, "again", "Who are you?");
    sim_answer(s, "", "Who are you?");
    sim_voice(s, "Hi, a long first answer.", 5000);
    sim_voice(s, "Who are you?", 1000);
    return s;
}

static void type(struct sim *s, const char *text)
{
    CHECK_EQ(myna_session_text(sim_session(s), text), MYNA_OK);
}

static void forget(struct sim *s)
{
    CHECK_EQ(myna_session_forget(sim_session(s)), MYNA_OK);
}

TEST(an_answer_that_is_cut_by_it_belongs_to_the_old_conversation)
{
    struct sim *s = talk((struct sim_setup){0});

    sim_run(s, 1000);
    type(s, "hello");
    sim_run(s, 4000);
    forget(s);
    sim_run(s, 5000);
    type(s, "again");
    sim_run(s, 9000);
    CHECK_EQ(sim_llm_items(s), 1);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "Who are you?");
    sim_end(s);
}

TEST(what_was_typed_right_before_it_is_forgotten_and_what_follows_at_once_is_not)
{
    struct sim *s = talk((struct sim_setup){0});

    sim_run(s, 1000);
    type(s, "hello");
    forget(s);
    type(s, "again");
    sim_run(s, 5000);
    CHECK_EQ(sim_llm_items(s), 1);
    CHECK_ITEMS(s, "handoff | user: hello | user: again | assistant: Who are you?");
    sim_end(s);
}

static bool much_later(struct sim *s, uint32_t turn, const char *text,
                       enum myna_turn_verdict *verdict)
{
    (void)text;
    (void)verdict;
    sim_decide_later(s, turn, 3000, MYNA_TURN_REPLY);
    return false;
}

TEST(a_turn_that_nobody_has_decided_yet_is_kept_and_not_answered)
{
    struct sim *s = talk((struct sim_setup){.hook = much_later});

    sim_user(s, 500, 1500, "hello", 200); /* a turn at 2000 */
    sim_run(s, 3000);
    forget(s);
    sim_run(s, 6000);
    CHECK_ITEMS(s, "handoff | user: hello@3000");
    type(s, "again");
    sim_run(s, 9000);
    CHECK_EQ(sim_llm_items(s), 1);
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

static bool from_the_hook(struct sim *s, uint32_t turn, const char *text,
                          enum myna_turn_verdict *verdict)
{
    (void)turn;
    *verdict = MYNA_TURN_REPLY;
    if (!strcmp(text, "hello"))
        forget(s);
    return true;
}

TEST(the_hook_of_a_turn_may_begin_anew_and_nothing_answers_that_turn)
{
    struct sim *s = talk((struct sim_setup){.hook = from_the_hook});

    sim_user(s, 500, 1500, "hello", 200);
    sim_user(s, 3000, 4000, "again", 200);
    sim_run(s, 8000);
    CHECK_ITEMS(s, "handoff | user: hello | user: again | assistant: Who are you?");
    CHECK_EQ(sim_llm_items(s), 1);
    CHECK_ERRORS(s, "");
    sim_end(s);
}

static bool reset(struct sim *s, const struct myna_tool_call *call)
{
    (void)call;
    forget(s);
    type(s, "again");
    return true;
}

TEST(a_tool_may_begin_anew_and_what_it_asks_next_is_the_new_conversation)
{
    static const struct myna_tool_def def = {"reset", "begins anew", NULL};
    struct sim *s = talk((struct sim_setup){.tool = reset, .tools = &def, .n_tools = 1});

    sim_answer(s, "forget it", "")->calls[0] = (struct sim_call){"reset", "{}", "1"};
    sim_run(s, 1000);
    type(s, "forget it");
    sim_run(s, 8000);
    CHECK_EQ(sim_llm_items(s), 1);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "Who are you?");
    sim_end(s);
}

TEST_MAIN
