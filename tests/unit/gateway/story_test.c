/* story_test.c - the session's events as packets on the wire, to the byte (voice-gateway 6.2, 6.3).
 */
#include "gateway/story.h"

#include "check.h"

#include <math.h>

static struct {
    char log[4096];
    enum myna_err err;
} net;

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    size_t n = strlen(net.log);

    (void)arg;
    snprintf(net.log + n, sizeof net.log - n, "%s%s%s%s%.*s\n", topic ? topic : "", to ? "@" : "",
             to ? to : "", topic || to ? " " : "", (int)body.len, (const char *)body.ptr);
    return net.err;
}

static const struct myna_gw_wire wire = {.send = on_send};
static struct myna_gw_story story;
static const char *by; /* whose words, as the session knows it; NULL: it does not */

static void begin(bool compat)
{
    memset(&net, 0, sizeof net);
    by = "ann";
    myna_gw_story_init(&story, &wire, compat);
}

static void end(const char *want)
{
    myna_gw_story_fini(&story);
    CHECK_STR(net.log, want);
}

static void person(const char *who, bool speaking)
{
    struct myna_event ev = {.type = MYNA_EV_PERSON_SPEAKING,
                            .u.person = {.identity = who, .speaking = speaking}};

    myna_gw_story_event(&story, &ev);
}

static void agent(enum myna_agent_state now)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_STATE_CHANGED, .u.agent_state.new_state = now};

    myna_gw_story_event(&story, &ev);
}

static void item(enum myna_role role, const char *text, bool spoken)
{
    struct myna_item it = {.type = MYNA_ITEM_MESSAGE,
                           .role = role,
                           .text = text,
                           .identity = by,
                           .metrics = {.started_speaking_at = spoken ? 1 : NAN}};
    struct myna_event ev = {.type = MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &it};

    myna_gw_story_event(&story, &ev);
}

#define START "{\"type\":\"agent:listening-start\",\"payload\":{\"identity\":\"ann\"}}\n"
#define STOP  "{\"type\":\"agent:listening-stop\",\"payload\":{\"identity\":\"ann\"}}\n"
#define THINK "{\"type\":\"agent:thinking-start\",\"payload\":{}}\n"
#define SPEAK "{\"type\":\"agent:speaking-start\",\"payload\":{}}\n"
#define QUIET "{\"type\":\"agent:speaking-stop\",\"payload\":{}}\n"
#define SAID(text, final)                                                                          \
    "hermes-chat " text                                                                            \
    "\n{\"type\":\"agent:agent-transcript\",\"payload\":{\"transcript\":\"" text                   \
    "\",\"final\":" final "}}\n"
#define HEARD(text, who)                                                                           \
    "{\"type\":\"agent:user-transcript\",\"payload\":{\"transcript\":\"" text                      \
    "\",\"final\":true,\"identity\":\"" who "\"}}\n"
#define TYPED(text, who)                                                                           \
    "{\"type\":\"agent:user-transcript\",\"payload\":{\"transcript\":\"" text                      \
    "\",\"final\":true,\"identity\":\"" who "\",\"source\":\"text\"}}\n"

static void spoken_turn(void)
{
    person("ann", true);
    person("ann", false);
    item(MYNA_ROLE_USER, "hello agent", true);
    agent(MYNA_AGENT_THINKING);
    agent(MYNA_AGENT_SPEAKING);
    item(MYNA_ROLE_ASSISTANT, "Hi there.", false);
    agent(MYNA_AGENT_LISTENING);
}

TEST(a_spoken_turn_is_told_in_order_and_in_compat_with_the_words_behind_the_sound)
{
    begin(false);
    spoken_turn();
    end(START STOP HEARD("hello agent", "ann") THINK SPEAK SAID("Hi there.", "true") QUIET);
    begin(true);
    spoken_turn();
    end(START STOP HEARD("hello agent", "ann") THINK SPEAK QUIET SAID("Hi there.", "true"));
}

TEST(an_answer_without_sound_is_still_told_in_words)
{
    begin(true);
    item(MYNA_ROLE_USER, "hello agent", true);
    agent(MYNA_AGENT_THINKING);
    item(MYNA_ROLE_ASSISTANT, "Hi there.", false);
    agent(MYNA_AGENT_LISTENING);
    end(HEARD("hello agent", "ann") THINK SAID("Hi there.", "true"));
}

TEST(a_false_alarm_is_a_start_and_a_stop)
{
    begin(false);
    person("ann", true);
    person("ann", true);
    person("ann", false);
    person("ann", false);
    end(START STOP);
}

TEST(two_who_speak_at_once_have_each_their_own_start_and_stop)
{
    begin(false);
    person("ann", true);
    person("bob", true);
    CHECK(myna_gw_story_hears(&story, "bob"));
    person("ann", false);
    CHECK(!myna_gw_story_hears(&story, "ann"));
    CHECK(myna_gw_story_hears(&story, NULL));
    person("bob", false);
    end(START "{\"type\":\"agent:listening-start\",\"payload\":{\"identity\":\"bob\"}}\n" STOP
              "{\"type\":\"agent:listening-stop\",\"payload\":{\"identity\":\"bob\"}}\n");
}

TEST(whoever_leaves_while_speaking_has_a_stop_and_only_one)
{
    struct myna_event close = {.type = MYNA_EV_CLOSE, .u.close.reason = "x"};

    begin(false);
    person("ann", true);
    myna_gw_story_quiet(&story, "bob");
    myna_gw_story_quiet(&story, "ann");
    person("ann", false);
    person("ann", true);
    myna_gw_story_event(&story, &close);
    end(START STOP START STOP);
}

TEST(a_transcript_never_stands_before_the_stop)
{
    begin(false);
    person("ann", true);
    item(MYNA_ROLE_USER, "go on", true); /* committed in the middle */
    person("ann", false);
    end(START STOP HEARD("go on", "ann") THINK);
}

TEST(who_is_cut_and_speaks_on_is_listened_to_behind_the_transcript_of_what_was_cut)
{
    begin(false);
    person("ann", true);
    myna_gw_story_cut(&story, "ann");
    item(MYNA_ROLE_USER, "on and on", true);
    CHECK(myna_gw_story_hears(&story, "ann"));
    person("ann", false);
    item(MYNA_ROLE_USER, "and so forth", true);
    end(START STOP START HEARD("on and on", "ann") THINK STOP HEARD("and so forth", "ann") THINK);
}

TEST(typed_turns_carry_the_name_of_who_typed)
{
    begin(false);
    myna_gw_story_typed(&story, "bob", "cut off");
    myna_gw_story_typed(&story, "bob", "hi");
    by = NULL; /* the host's words are nobody's */
    item(MYNA_ROLE_USER, "hi", false);
    by = "ann";
    item(MYNA_ROLE_USER, "by lk.chat", false); /* the one we talk with */
    item(MYNA_ROLE_USER, "spoken", true);
    end(TYPED("hi", "bob") THINK TYPED("by lk.chat", "ann") THINK HEARD("spoken", "ann") THINK);
}

TEST(the_same_words_of_two_are_each_their_own)
{
    begin(false);
    myna_gw_story_typed(&story, "ann", "hi");
    myna_gw_story_typed(&story, "bob", "hi");
    by = "bob";
    item(MYNA_ROLE_USER, "hi", false);
    end(TYPED("hi", "bob") THINK);
}

TEST(who_gets_no_answer_is_told_as_a_turn_and_no_more)
{
    begin(true);
    myna_gw_story_refused(&story, "eve", "let me in", true);
    myna_gw_story_refused(&story, "eve", "now", false);
    end("{\"type\":\"agent:user-transcript\",\"payload\":{\"transcript\":\"let me "
        "in\",\"final\":true,"
        "\"identity\":\"eve\",\"source\":\"text\"}}\n"
        "{\"type\":\"agent:thinking-start\",\"payload\":{}}\n"
        "{\"type\":\"agent:user-transcript\",\"payload\":{\"transcript\":\"now\",\"final\":true,"
        "\"identity\":\"eve\"}}\n"
        "{\"type\":\"agent:thinking-start\",\"payload\":{}}\n");
}

TEST(many_typed_texts_that_never_come_cost_no_more_than_sixteen)
{
    begin(false);
    for (int i = 0; i < 1000; i++)
        myna_gw_story_typed(&story, "bob", "x");
    CHECK_EQ(story.n_typed, MYNA_GW_TYPED);
    end("");
}

TEST(who_has_waited_too_long_is_told_by_name)
{
    struct myna_event ev = {
        .type = MYNA_EV_ERROR,
        .u.fault = {.stage = MYNA_STAGE_SESSION, .err = MYNA_ELIMIT, .message = "x"}};

    begin(false);
    myna_gw_story_event(&story, &ev); /* another limit, of nobody in particular */
    end("");
    ev.u.fault.identity = "bob";
    begin(false);
    myna_gw_story_event(&story, &ev);
    end("{\"type\":\"agent:error\",\"payload\":{\"reason\":\"too-many-turns\",\"detail\":\"x\","
        "\"identity\":\"bob\"}}\n");
}

TEST(an_error_that_stands_is_told_but_not_in_compat)
{
    struct myna_event ev = {.type = MYNA_EV_ERROR,
                            .u.fault = {.stage = MYNA_STAGE_LLM, .message = "gone \"away\""}};

    begin(false);
    myna_gw_story_event(&story, &ev);
    ev.u.fault.stage = MYNA_STAGE_STT;
    ev.u.fault.recoverable = true;
    myna_gw_story_event(&story, &ev);
    ev.u.fault.recoverable = false;
    myna_gw_story_event(&story, &ev);
    end("{\"type\":\"agent:error\",\"payload\":{\"reason\":\"backend-failed\",\"detail\":\"gone "
        "\\\"away\\\"\"}}\n"
        "{\"type\":\"agent:error\",\"payload\":{\"reason\":\"stt-failed\",\"detail\":\"gone "
        "\\\"away\\\"\"}}\n");
    ev.u.fault = (struct myna_fault){.stage = MYNA_STAGE_LLM, .http_status = 401, .message = "no"};
    begin(false);
    myna_gw_story_event(&story, &ev);
    end("{\"type\":\"agent:error\",\"payload\":{\"reason\":\"backend-auth-failed\",\"detail\":"
        "\"no\"}}\n");
    begin(true);
    myna_gw_story_event(&story, &ev);
    end("");
}

TEST(a_wire_that_takes_nothing_changes_nothing)
{
    begin(false);
    net.err = MYNA_ESTATE;
    spoken_turn();
    end(START STOP HEARD("hello agent", "ann") THINK SPEAK SAID("Hi there.", "true") QUIET);
}

TEST(texts_that_are_no_utf8_are_still_json)
{
    begin(false);
    item(MYNA_ROLE_USER,
         "a\xff"
         "b",
         true);
    end(HEARD("a\xef\xbf\xbd"
              "b",
              "ann") THINK);
}

TEST_MAIN
