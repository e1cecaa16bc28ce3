/* own_history_test.c - session.own_history: each of several people has a conversation of their own
 * with the agent, which is heard by all (voice-gateway 16.3, case 49a).
 *
 * Ann is the one of the door (who 0). "-p1 ann-1 > …" is what a request showed the agent.
 */
#include "sim.h"

#include <string.h>

#include "transport/loopback.h"

static struct sim *room(struct sim_setup setup)
{
    static const char *const own[] = {"session.own_history=true", "turn.queue=8",
                                      "turn.preemptive_generation=false", NULL};

    if (!setup.config)
        setup.config = own;
    return sim_create(&setup);
}

static void answers(struct sim *s, const char *asked, const char *text, int voice_ms)
{
    sim_answer(s, asked, text);
    sim_voice(s, text, voice_ms);
}

static void begin(struct sim *s)
{
    sim_run(s, 20);
    myna_transport_joined(sim_transport(s), 0, "ann-1", "Ann");
    sim_comes(s, 7, "bob-1", "Bob");
}

static void type(struct sim *s, const char *by, const char *text)
{
    struct myna_reply_options how = {
        .size = sizeof how, .user_input = text, .allow_interruptions = -1, .by = by};

    CHECK_EQ(myna_session_generate_reply(sim_session(s), &how, NULL), MYNA_OK);
}

/* Ann and Bob say hello, then each asks on. */
static struct sim *four_turns(const char *const *config)
{
    struct sim *s = room((struct sim_setup){.config = config});

    sim_user(s, 500, 1500, "hello", 200);
    sim_says(s, 7, 4000, 5000, "hello", 200);
    sim_user(s, 8000, 9000, "Ann asks", 200);
    sim_says(s, 7, 12000, 13000, "Bob asks", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "Ann: hello", "Hi!", 500);
    answers(s, "Bob: hello", "Hi!", 500);
    answers(s, "Ann asks", "For Ann.", 500);
    answers(s, "Bob asks", "For Bob.", 500);
    begin(s);
    sim_run(s, 16000);
    return s;
}

TEST(two_who_open_with_the_same_words_have_two_conversations_and_neither_sees_the_others)
{
    struct sim *s = four_turns(NULL);

    CHECK_EQ(sim_llm_requests(s), 4);
    CHECK_STR(sim_asked(s, 0), "-p1 ann-1 > hello");
    CHECK_STR(sim_asked(s, 1), "-p2 bob-1 > hello");
    CHECK_STR(sim_asked(s, 2), "-p1 ann-1 > hello | Hi! | Ann asks");
    CHECK_STR(sim_asked(s, 3), "-p2 bob-1 > hello | Hi! | Bob asks");
    CHECK_ITEMS(s, "handoff | user: hello | assistant: Hi! | user: hello | assistant: Hi! | "
                   "user: Ann asks | assistant: For Ann. | user: Bob asks | assistant: For Bob.");
    CHECK_EQ(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->conversation, 1);
    CHECK_EQ(sim_message(s, MYNA_ROLE_ASSISTANT, 3)->conversation, 2);
    CHECK_EQ(sim_sound_ms(s, 4000, 8000), 500); /* all hear what one is answered */
    sim_end(s);
}

TEST(by_itself_all_have_one_and_their_words_carry_names)
{
    static const char *const shared[] = {"turn.preemptive_generation=false", NULL};
    struct sim *s = four_turns(shared);

    CHECK_STR(sim_asked(s, 1), " - > Ann: hello | Hi! | Bob: hello");
    CHECK_EQ(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->conversation, 0);
    sim_end(s);
}

TEST(what_is_asked_ahead_of_a_turns_end_is_their_conversation_too)
{
    static const char *const ahead[] = {"session.own_history=true", "turn.queue=8", NULL};
    struct sim *s = four_turns(ahead);

    CHECK_STR(sim_asked(s, 2), "-p1 ann-1 > hello | Hi! | Ann asks");
    CHECK_STR(sim_asked(s, 3), "-p2 bob-1 > hello | Hi! | Bob asks");
    CHECK_EQ(sim_llm_requests(s), 4);
    sim_end(s);
}

TEST(who_comes_back_goes_on_with_their_conversation)
{
    struct sim *s = room((struct sim_setup){0});

    sim_says(s, 7, 500, 1500, "hello", 200);
    sim_says(s, 9, 6000, 7000, "me again", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "me again", "Yes.", 500);
    begin(s);
    sim_run(s, 4000);
    myna_transport_left(sim_transport(s), 7, "client_initiated");
    sim_run(s, 5000);
    sim_comes(s, 9, "bob-1", "Bob");
    sim_run(s, 10000);
    CHECK_STR(sim_asked(s, 1), "-p1 bob-1 > hello | Hi! | me again");
    sim_end(s);
}

TEST(who_types_and_is_not_heard_has_one_as_well_and_goes_on_in_it_once_heard)
{
    struct sim *s = room((struct sim_setup){0});

    sim_user(s, 500, 1500, "hello", 200);
    sim_says(s, 8, 8000, 9000, "and now", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "typed", "Read.", 500);
    answers(s, "and now", "Heard.", 500);
    begin(s);
    sim_run(s, 4000);
    type(s, "cleo-1", "typed");
    sim_run(s, 7000);
    sim_comes(s, 8, "cleo-1", "Cleo");
    sim_run(s, 12000);
    CHECK_STR(sim_asked(s, 1), "-p2 cleo-1 > typed");
    CHECK_STR(sim_asked(s, 2), "-p2 cleo-1 > typed | Read. | and now");
    sim_end(s);
}

TEST(what_is_said_to_all_everybody_sees)
{
    struct sim *s = room((struct sim_setup){.greeting = "Welcome."});

    sim_voice(s, "Welcome.", 200);
    sim_voice(s, "Dinner is ready.", 500);
    sim_user(s, 1500, 2500, "hello", 200);
    sim_says(s, 7, 8000, 9000, "What was that?", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "What was that?", "Dinner.", 500);
    begin(s);
    sim_run(s, 5000);
    CHECK_EQ(myna_session_say(sim_session(s), "Dinner is ready.", -1, true, NULL), MYNA_OK);
    sim_run(s, 12000);
    CHECK_STR(sim_asked(s, 0), "-p1 ann-1 > Welcome. | hello");
    CHECK_STR(sim_asked(s, 1), "-p2 bob-1 > Welcome. | Dinner is ready. | What was that?");
    sim_end(s);
}

/* ---- anew */

TEST(one_begins_anew_and_the_others_conversation_stays_as_it_is)
{
    struct sim *s = room((struct sim_setup){0});

    sim_user(s, 500, 1500, "hello", 200);
    sim_says(s, 7, 4000, 5000, "hello", 200);
    sim_user(s, 8000, 9000, "Ann asks", 200);
    sim_says(s, 7, 12000, 13000, "Bob asks", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "Ann asks", "For Ann.", 500);
    answers(s, "Bob asks", "For Bob.", 500);
    begin(s);
    sim_run(s, 7500);
    CHECK_EQ(myna_session_forget_of(sim_session(s), "ann-1"), MYNA_OK);
    sim_run(s, 16000);
    CHECK_STR(sim_asked(s, 2), "-p1-6 ann-1 > Ann asks"); /* behind handoff, config, 4 messages */
    CHECK_STR(sim_asked(s, 3), "-p2 bob-1 > hello | Hi! | Bob asks");
    sim_end(s);
}

TEST(what_another_one_is_answered_goes_on_when_somebody_begins_anew)
{
    struct sim *s = room((struct sim_setup){0});

    sim_says(s, 7, 500, 1500, "A story?", 200);
    answers(s, "A story?", "Once upon a time.", 5000);
    answers(s, "Me too?", "Never said.", 500);
    answers(s, "Again?", "Well.", 500);
    begin(s);
    sim_run(s, 3000);
    type(s, "ann-1", "Me too?"); /* answered when Bob's answer was heard */
    sim_run(s, 4000);
    CHECK_EQ(myna_session_forget_of(sim_session(s), "ann-1"), MYNA_OK);
    sim_run(s, 10000);
    type(s, "ann-1", "Again?");
    sim_run(s, 16000);
    CHECK_PLAYOUTS(s, "heard=5000 | heard=500");
    CHECK_ITEMS(s, "handoff | user: A story? | user: Me too? | assistant: Once upon a time. | "
                   "user: Again? | assistant: Well.");
    CHECK(!sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_asked(s, 2), "-p2-4 ann-1 > Again?"); /* not her cut question */
    sim_end(s);
}

TEST(everybody_begins_anew)
{
    struct sim *s = room((struct sim_setup){.greeting = "Welcome."});

    sim_voice(s, "Welcome.", 200);
    sim_user(s, 1500, 2500, "hello", 200);
    sim_user(s, 8000, 9000, "Ann asks", 200);
    sim_says(s, 7, 12000, 13000, "hello", 200);
    answers(s, "hello", "Hi!", 500);
    answers(s, "Ann asks", "For Ann.", 500);
    begin(s);
    sim_run(s, 6000);
    CHECK_EQ(myna_session_forget(sim_session(s)), MYNA_OK);
    sim_run(s, 16000);
    CHECK_STR(sim_asked(s, 1), "-p1-5 ann-1 > Ann asks"); /* handoff, config, 3 messages */
    CHECK_STR(sim_asked(s, 2), "-p2 bob-1 > hello");
    sim_end(s);
}

/* ---- tools */

static char called_by[100];

static bool weather(struct sim *s, const struct myna_tool_call *call)
{
    static const struct myna_tool_result sunny = {.size = sizeof sunny, .output = "sunny"};

    snprintf(called_by, sizeof called_by, "%s", call->by ? call->by : "nobody");
    sim_result_later(s, call->call_id, 200, &sunny);
    return true;
}

static size_t calls_in(struct sim *s, uint32_t conversation)
{
    size_t n, found = 0;
    const struct myna_item *items = myna_session_history(sim_session(s), &n);

    for (size_t i = 0; i < n; i++)
        found += items[i].conversation == conversation &&
                 (items[i].type == MYNA_ITEM_FUNCTION_CALL ||
                  items[i].type == MYNA_ITEM_FUNCTION_CALL_OUTPUT);
    return found;
}

TEST(a_tool_that_is_called_for_one_is_seen_by_nobody_else)
{
    static const struct myna_tool_def def = {"weather", "tells it", NULL};
    struct sim *s = room((struct sim_setup){.tool = weather, .tools = &def, .n_tools = 1});

    sim_user(s, 500, 1500, "The weather?", 200);
    sim_says(s, 7, 6000, 7000, "hello", 200);
    sim_answer(s, "The weather?", "")->calls[0] =
        (struct sim_call){.name = "weather", .arguments = "{}", .id = "1"};
    answers(s, "output:sunny", "It is sunny.", 500);
    answers(s, "hello", "Hi!", 500);
    begin(s);
    sim_run(s, 10000);
    CHECK_STR(called_by, "ann-1");
    CHECK_STR(sim_asked(s, 1), "-p1 ann-1 > The weather?");
    CHECK_STR(sim_asked(s, 2), "-p2 bob-1 > hello");
    CHECK_EQ(sim_llm_items(s), 3); /* who the agent is, what it was told; no call, no output */
    CHECK_EQ(calls_in(s, 1), 2);
    sim_end(s);
}

/* Bob's words before his call come into the history above it, and above what Ann left behind. */
TEST(what_was_left_behind_stays_there_when_words_come_in_above_it)
{
    static const struct myna_tool_def def = {"weather", "tells it", NULL};
    struct sim *s = room((struct sim_setup){.tool = weather, .tools = &def, .n_tools = 1});

    sim_says(s, 7, 500, 1500, "The weather?", 200);
    sim_answer(s, "The weather?", "One moment.")->calls[0] =
        (struct sim_call){.name = "weather", .arguments = "{}", .id = "1"};
    sim_voice(s, "One moment.", 5000);
    answers(s, "output:sunny", "It is sunny.", 500);
    answers(s, "Again?", "Well.", 500);
    begin(s);
    sim_run(s, 3000);
    myna_transport_text_in(sim_transport(s), 0, "Me too?");
    sim_run(s, 4000);
    CHECK_EQ(myna_session_forget_of(sim_session(s), "ann-1"), MYNA_OK);
    sim_run(s, 12000);
    type(s, "ann-1", "Again?");
    sim_run(s, 14000);
    CHECK(strstr(sim_asked(s, 2), "ann-1 > Again?") != NULL);
    sim_end(s);
}

TEST_MAIN
