/* queue_test.c - turn.queue: who speaks while the agent answers somebody else waits for an answer
 * of their own (voice-gateway 4.1).
 *
 * Ann is the one of the door (who 0). An answer that takes long is thought about for 3 s.
 */
#include "sim.h"

#include <string.h>

#include "transport/loopback.h"

static char errors_of[600];

static void keep_errors(struct sim *s, const struct myna_event *ev)
{
    (void)s;
    if (ev->type == MYNA_EV_ERROR)
        snprintf(errors_of + strlen(errors_of), sizeof errors_of - strlen(errors_of), "%s %s: %s\n",
                 myna_stage_name(ev->u.fault.stage), ev->u.fault.identity, ev->u.fault.message);
}

static struct sim *room(const char *queue, bool pausable)
{
    const char *const config[] = {queue, "turn.preemptive_generation=false", NULL};

    errors_of[0] = '\0';
    return sim_create(
        &(struct sim_setup){.config = config, .pausable = pausable, .told = keep_errors});
}

static void answers(struct sim *s, const char *asked, const char *text, int ttft_ms, int voice_ms)
{
    struct sim_answer *a = sim_answer(s, asked, text);

    a->ttft_ms = ttft_ms;
    a->duration_ms = ttft_ms + 200;
    sim_voice(s, text, voice_ms);
}

static void begin(struct sim *s)
{
    sim_run(s, 20);
    myna_transport_joined(sim_transport(s), 0, "ann-1", "Ann");
    sim_comes(s, 7, "bob-1", "Bob");
    sim_comes(s, 8, "cleo-1", "Cleo");
}

/* Bob speaks from 2.5 on, while the agent thinks about Ann's words until 5.2. */
static struct sim *two_ask(const char *queue, bool pausable, int until_ms)
{
    struct sim *s = room(queue, pausable);

    sim_user(s, 500, 1500, "One?", 200);
    sim_says(s, 7, 2500, until_ms, "Two?", 200);
    answers(s, "Ann: One?", "One!", 3000, 1000);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    return s;
}

static void both_are_answered(bool pausable)
{
    struct sim *s = two_ask("turn.queue=8", pausable, 3500);

    begin(s);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: One? | assistant: One! | user: Two? | assistant: Two!");
    CHECK_EQ(sim_llm_requests(s), 2);
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(who_speaks_while_another_waits_for_an_answer_is_answered_behind_them)
{
    both_are_answered(false);
}

TEST(the_same_where_the_output_can_be_paused)
{
    both_are_answered(true);
}

/* He speaks on until 7.0; the answer is ready at 5.2. */
static void answer_waits_for_quiet(bool pausable)
{
    struct sim *s = two_ask("turn.queue=8", pausable, 7000);

    begin(s);
    sim_run(s, 14000);
    CHECK_EQ(sim_sound_ms(s, 0, 7000), 0);
    CHECK_ITEMS(s, "handoff | user: One? | assistant: One! | user: Two? | assistant: Two!");
    sim_end(s);
}

TEST(an_answer_that_is_spared_waits_until_they_are_quiet)
{
    answer_waits_for_quiet(false);
}

TEST(the_same_where_the_output_can_be_paused_too)
{
    answer_waits_for_quiet(true);
}

TEST(without_the_queue_whoever_spoke_last_is_answered)
{
    struct sim *s = two_ask("turn.queue=0", false, 3500);

    begin(s);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: One? | user: Two? | assistant: Two!");
    sim_end(s);
}

TEST(who_adds_to_their_own_words_is_answered_once)
{
    struct sim *s = room("turn.queue=8", false);

    sim_user(s, 500, 1500, "One", 200);
    sim_user(s, 2500, 3500, "and a half?", 200);
    answers(s, "Ann: One", "One!", 3000, 1000);
    answers(s, "Ann: and a half?", "One and a half!", 100, 1000);
    begin(s);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: One | user: and a half? | assistant: One and a half!");
    sim_end(s);
}

/* Bob waits, and Cleo's long speech holds the answer back, when Ann goes on. */
static void adds_while_another_waits(bool pausable)
{
    struct sim *s = room("turn.queue=8", pausable);

    sim_user(s, 500, 1500, "One", 200);
    sim_says(s, 7, 1400, 2600, "Two?", 200);
    sim_says(s, 8, 2500, 6000, "Three?", 200);
    sim_user(s, 3500, 4000, "and a half?", 200);
    answers(s, "Ann: One", "One!", 100, 1000);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    answers(s, "Ann: and a half?", "One and a half!", 100, 1000);
    answers(s, "Cleo: Three?", "Three!", 100, 1000);
    begin(s);
    sim_run(s, 16000);
    CHECK_ITEMS(s, "handoff | user: One | user: Two? | assistant: Two! | user: and a half? | "
                   "assistant: One and a half! | user: Three? | assistant: Three!");
    sim_end(s);
}

TEST(who_adds_to_their_own_words_while_another_waits_is_answered_once_behind_them)
{
    adds_while_another_waits(false);
}

TEST(so_they_are_where_the_output_can_be_paused)
{
    adds_while_another_waits(true);
}

/* ---- tools that take long */

static bool looks_up(struct sim *s, const struct myna_tool_call *call)
{
    struct myna_tool_result r = {.size = sizeof r, .output = "ten"};

    sim_result_later(s, call->call_id, 12000, &r);
    return true;
}

/* "One moment." is heard from 2.3 to 3.3, the tool answers at 14. Bob speaks from 4 on, or types
 * at 5. */
static struct sim *looks_for_ann(const char *words, bool types)
{
    static const char *const config[] = {"turn.queue=8", "turn.preemptive_generation=false", NULL};
    static const struct myna_tool_def tools[] = {{"look_up", "finds a train", NULL}};
    struct sim *s = sim_create(
        &(struct sim_setup){.config = config, .tools = tools, .n_tools = 1, .tool = looks_up});

    sim_user(s, 500, 1500, "When is the train?", 200);
    if (!types)
        sim_says(s, 7, 4000, 5000, "Two?", 200);
    sim_answer(s, "Ann: When is the train?", words)->calls[0] =
        (struct sim_call){"look_up", "{}", "1"};
    if (*words)
        sim_voice(s, words, 1000);
    answers(s, types ? "bob-1: Two?" : "Bob: Two?", "Two!", 100, 1000);
    answers(s, "output:ten", "At ten.", 100, 1000);
    begin(s);
    if (types) {
        sim_run(s, 5000);
        CHECK_EQ(myna_session_text_of(sim_session(s), "bob-1", "Two?"), MYNA_OK);
    }
    sim_run(s, 20000);
    return s;
}

TEST(nobody_waits_for_a_tool_that_runs_on_behind_words_that_were_heard)
{
    struct sim *s = looks_for_ann("One moment.", false);

    CHECK_ITEMS(s, "handoff | user: When is the train? | assistant: One moment. | user: Two? | "
                   "assistant: Two! | assistant: At ten.");
    CHECK_TOOLS(s, "look_up: ten");
    CHECK(sim_sound_ms(s, 5000, 8000) >= 900);
    CHECK_ERRORS(s, "");
    sim_end(s);
}

/* The types of the last items, the newest first. */
static const char *newest(struct sim *s)
{
    static const char *const names[] = {[MYNA_ITEM_MESSAGE] = "message ",
                                        [MYNA_ITEM_FUNCTION_CALL] = "call ",
                                        [MYNA_ITEM_FUNCTION_CALL_OUTPUT] = "output ",
                                        [MYNA_ITEM_AGENT_HANDOFF] = "handoff ",
                                        [MYNA_ITEM_AGENT_CONFIG_UPDATE] = "config "};
    static char out[200];
    size_t n, len = 0;
    const struct myna_item *items = myna_session_history(sim_session(s), &n);

    out[0] = '\0';
    while (n-- > 0 && len < 40)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s", names[items[n].type]);
    return out;
}

/* Else the request would end with what the agent said to somebody else. */
TEST(what_a_tool_found_behind_another_ones_answer_stands_behind_it_with_its_call)
{
    struct sim *s = looks_for_ann("One moment.", false);

    CHECK_HAS(newest(s), "message output call message message ");
    sim_end(s);
}

TEST(who_types_cuts_no_tool_of_another_one)
{
    struct sim *s = looks_for_ann("One moment.", true);

    CHECK_ITEMS(s, "handoff | user: When is the train? | assistant: One moment. | user: Two? | "
                   "assistant: Two! | assistant: At ten.");
    CHECK_TOOLS(s, "look_up: ten");
    CHECK_ERRORS(s, "");
    sim_end(s);
}

TEST(who_heard_nothing_yet_is_answered_before_others_all_the_same)
{
    struct sim *s = looks_for_ann("", false);

    CHECK_ITEMS(s, "handoff | user: When is the train? | assistant: At ten. | user: Two? | "
                   "assistant: Two!");
    CHECK_TOOLS(s, "look_up: ten");
    sim_end(s);
}

/* ---- whose a reply is, though no turn of theirs ended */

static void type(struct sim *s, const char *by, const char *text)
{
    struct myna_reply_options how = {
        .size = sizeof how, .user_input = text, .allow_interruptions = -1, .by = by};

    CHECK_EQ(myna_session_generate_reply(sim_session(s), &how, NULL), MYNA_OK);
}

TEST(the_answer_to_who_types_and_is_not_heard_is_not_cut_by_who_speaks)
{
    struct sim *s = room("turn.queue=8", false);

    sim_says(s, 7, 2300, 2900, "Two?", 200);
    answers(s, "typed", "Read.", 3000, 1000);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    begin(s);
    sim_run(s, 1500);
    type(s, "dan-1", "typed");
    sim_run(s, 10000);
    CHECK_ITEMS(s, "handoff | user: typed | assistant: Read. | user: Two? | assistant: Two!");
    sim_end(s);
}

/* She goes on for long and is answered in between; that answer cannot be interrupted. */
TEST(who_speaks_while_another_ones_long_turn_is_answered_waits_and_is_not_lost)
{
    static const char *const config[] = {"turn.queue=8", "turn.preemptive_generation=false",
                                         "turn.user_turn_max_words=4", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config});
    struct sim_answer *a;

    sim_user(s, 500, 1500, "One two three four five", 200);
    sim_says(s, 7, 2300, 2900, "Two?", 200);
    a = sim_answer(s, "instructions:*", "Shortly.");
    a->ttft_ms = 3000;
    a->duration_ms = 3200;
    sim_voice(s, "Shortly.", 1000);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    begin(s);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: One two three four five | assistant: Shortly. | "
                   "user: Two? | assistant: Two!");
    sim_end(s);
}

/* ---- typed words are turns as well */

/* Ann's story is heard from 2.3 to 7.3 when Bob types. */
static struct sim *a_story(void (*typed)(struct sim *s))
{
    struct sim *s = room("turn.queue=8", true);

    sim_user(s, 500, 1500, "A story?", 200);
    answers(s, "Ann: A story?", "Once upon a time.", 100, 5000);
    answers(s, "Bob: Me too?", "You too.", 100, 1000);
    answers(s, "Ann: Enough.", "Fine.", 100, 500);
    answers(s, "dan-1: Hello?", "Hi Dan.", 100, 1000);
    begin(s);
    sim_run(s, 4000);
    typed(s);
    sim_run(s, 14000);
    return s;
}

static void bob_types(struct sim *s)
{
    myna_transport_text_in(sim_transport(s), 7, "Me too?");
}

TEST(what_somebody_types_waits_until_another_ones_answer_was_heard)
{
    struct sim *s = a_story(bob_types);

    CHECK_ITEMS(s, "handoff | user: A story? | assistant: Once upon a time. | user: Me too? | "
                   "assistant: You too.");
    CHECK_PLAYOUTS(s, "heard=5000 | heard=1000");
    CHECK_EQ(sim_metrics(s, MYNA_METRICS_EOU, 0) != NULL, 1);
    CHECK_METRICS(s, "eou | llm | tts | llm | tts"); /* no end of a spoken turn for it */
    sim_end(s);
}

static void dan_types(struct sim *s)
{
    CHECK_EQ(myna_session_text_of(sim_session(s), "dan-1", "Hello?"), MYNA_OK);
}

TEST(so_it_does_of_somebody_who_is_not_heard)
{
    struct sim *s = a_story(dan_types);

    CHECK_ITEMS(s, "handoff | user: A story? | assistant: Once upon a time. | user: Hello? | "
                   "assistant: Hi Dan.");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 1)->identity, "dan-1");
    sim_end(s);
}

TEST(who_is_not_heard_is_named_where_nothing_has_to_wait_as_well)
{
    struct sim *s = room("turn.queue=8", true);

    answers(s, "dan-1: Hello?", "Hi Dan.", 100, 1000);
    begin(s);
    sim_run(s, 1000);
    dan_types(s);
    sim_run(s, 4000);
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->identity, "dan-1");
    CHECK_STR(sim_message(s, MYNA_ROLE_USER, 0)->speaker, "dan-1");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->text, "Hi Dan.");
    sim_end(s);
}

static void bob_then_ann_type(struct sim *s)
{
    bob_types(s);
    myna_transport_text_in(sim_transport(s), 0, "Enough.");
}

TEST(who_types_over_their_own_answer_cuts_it_and_stands_behind_who_waits)
{
    struct sim *s = a_story(bob_then_ann_type);

    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "You too.");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 2)->text, "Fine.");
    sim_end(s);
}

/* As the gateway asks for an answer in writing. */
static void bob_wants_it_written(struct sim *s)
{
    CHECK_EQ(myna_session_voice(sim_session(s), false), MYNA_OK);
    bob_types(s);
    CHECK_EQ(myna_session_voice(sim_session(s), true), MYNA_OK);
}

TEST(an_answer_that_waits_is_written_where_it_was_asked_for_so)
{
    struct sim *s = a_story(bob_wants_it_written);

    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "You too.");
    CHECK_PLAYOUTS(s, "heard=5000");
    sim_end(s);
}

TEST(without_the_queue_typed_words_are_answered_at_once)
{
    struct sim *s = room("turn.queue=0", true);

    sim_user(s, 500, 1500, "A story?", 200);
    answers(s, "Ann: A story?", "Once upon a time.", 100, 5000);
    answers(s, "Bob: Me too?", "You too.", 100, 1000);
    begin(s);
    sim_run(s, 4000);
    bob_types(s);
    sim_run(s, 8000);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "You too.");
    sim_end(s);
}

static void interrupts(bool pausable)
{
    struct sim *s = room("turn.queue=8", pausable);

    sim_user(s, 500, 1500, "A story?", 200);
    sim_says(s, 7, 2400, 3000, "Me too.", 200);
    sim_says(s, 8, 6500, 8000, "Stop it.", 200);
    answers(s, "Ann: A story?", "Once upon a time there was a bird.", 2500, 8000);
    answers(s, "Bob: Me too.", "Fine.", 100, 500);
    answers(s, "Cleo: Stop it.", "Sorry.", 100, 500);
    begin(s);
    sim_run(s, 20000);
    CHECK(sim_message(s, MYNA_ROLE_ASSISTANT, 0)->interrupted);
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 1)->text, "Fine.");
    CHECK_STR(sim_message(s, MYNA_ROLE_ASSISTANT, 2)->text, "Sorry.");
    CHECK_EQ(sim_llm_requests(s), 3);
    sim_end(s);
}

TEST(speech_over_an_answer_that_is_heard_cuts_it_and_stands_behind_who_waits)
{
    interrupts(false);
}

TEST(so_it_does_where_the_output_can_be_paused)
{
    interrupts(true);
}

/* Nothing was recognised: a false interruption, while Bob waits. The answer goes on. */
TEST(a_cough_over_an_answer_costs_neither_it_nor_who_waits)
{
    struct sim *s = room("turn.queue=8", true);

    sim_user(s, 500, 1500, "A story?", 200);
    sim_says(s, 7, 2400, 3000, "Me too.", 200);
    sim_says(s, 8, 6500, 7200, "", 200);
    answers(s, "Ann: A story?", "Once upon a time.", 2500, 4000);
    answers(s, "Bob: Me too.", "Fine.", 100, 500);
    begin(s);
    sim_run(s, 20000);
    CHECK_FALSE(s, "resumed");
    CHECK_ITEMS(s, "handoff | user: A story? | assistant: Once upon a time. | user: Me too. | "
                   "assistant: Fine.");
    sim_end(s);
}

TEST(beyond_the_limit_who_has_waited_longest_gets_no_answer_and_that_is_told)
{
    struct sim *s = room("turn.queue=1", false);

    sim_user(s, 500, 1500, "One?", 200);
    sim_says(s, 7, 2300, 2900, "Two?", 200);
    sim_says(s, 8, 3200, 3600, "Three?", 200);
    answers(s, "Ann: One?", "One!", 4000, 1000);
    answers(s, "Cleo: Three?", "Three!", 100, 1000);
    begin(s);
    sim_run(s, 14000);
    CHECK_STR(errors_of, "session bob-1: too many people wait for an answer: the one who has "
                         "waited longest gets none\n");
    CHECK_ITEMS(s, "handoff | user: One? | user: Two? | assistant: One! | user: Three? | "
                   "assistant: Three!");
    sim_end(s);
}

static bool stops_the_first(struct sim *s, uint32_t turn, const char *text,
                            enum myna_turn_verdict *verdict)
{
    (void)text;
    *verdict = MYNA_TURN_REPLY;
    if (turn == 1)
        sim_decide_later(s, turn, 3000, MYNA_TURN_STOP);
    return turn != 1;
}

TEST(who_waits_behind_a_turn_that_gets_no_answer_need_not_wait_for_a_sound)
{
    const char *const config[] = {"turn.queue=8", NULL};
    struct sim *s = sim_create(&(struct sim_setup){.config = config, .hook = stops_the_first});

    sim_user(s, 500, 1500, "One?", 200);
    sim_says(s, 7, 2300, 2900, "Two?", 200);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    begin(s);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: Two? | assistant: Two!");
    sim_end(s);
}

/* What is said to all, while Ann is answered and Bob waits. */
static void said_meanwhile(int allow)
{
    struct sim *s = two_ask("turn.queue=8", false, 3500);

    sim_voice(s, "Dinner is ready.", 2000);
    begin(s);
    sim_run(s, 5500);
    CHECK_EQ(myna_session_say(sim_session(s), "Dinner is ready.", allow, true, NULL), MYNA_OK);
    sim_run(s, 12000);
    CHECK_ITEMS(s, "handoff | user: One? | assistant: One! | assistant: Dinner is ready. | "
                   "user: Two? | assistant: Two!");
    sim_end(s);
}

TEST(what_is_said_to_all_is_heard_before_who_waits_is_answered)
{
    said_meanwhile(1);
}

TEST(the_same_where_it_may_not_be_interrupted)
{
    said_meanwhile(0);
}

/* She pauses her own answer, of which nobody has heard any; his words are not about it. */
TEST(words_of_another_behind_a_cough_of_ones_own_cost_nobody_an_answer)
{
    struct sim *s = room("turn.queue=8", true);

    sim_user(s, 500, 1500, "One?", 200);
    sim_user(s, 2200, 2800, "", 200);
    sim_says(s, 7, 2000, 3000, "Two?", 200);
    answers(s, "Ann: One?", "One!", 3000, 1000);
    answers(s, "Bob: Two?", "Two!", 100, 1000);
    begin(s);
    sim_run(s, 14000);
    CHECK_ITEMS(s, "handoff | user: One? | assistant: One! | user: Two? | assistant: Two!");
    sim_end(s);
}

TEST(who_waits_when_the_call_ends_has_said_it)
{
    struct sim *s = room("turn.queue=8", false);

    sim_user(s, 500, 1500, "One?", 200);
    sim_says(s, 7, 2300, 2900, "Two?", 200);
    answers(s, "Ann: One?", "One!", 9000, 1000);
    begin(s);
    sim_run(s, 5000);
    myna_session_shutdown(sim_session(s), false, "user_initiated");
    sim_run(s, 9000);
    CHECK_ITEMS(s, "handoff | user: One? | user: Two?");
    sim_end(s);
}

TEST(a_new_conversation_answers_nobody_who_waited)
{
    struct sim *s = room("turn.queue=8", false);

    sim_user(s, 500, 1500, "One?", 200);
    sim_says(s, 7, 2300, 2900, "Two?", 200);
    answers(s, "Ann: One?", "One!", 9000, 1000);
    begin(s);
    sim_run(s, 5000);
    CHECK_EQ(myna_session_forget(sim_session(s)), MYNA_OK);
    sim_run(s, 14000);
    CHECK_EQ(sim_llm_requests(s), 1);
    sim_end(s);
}

TEST_MAIN
