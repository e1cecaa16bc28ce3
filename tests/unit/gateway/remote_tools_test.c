/* remote_tools_test.c - functions of people in the room: registering, calls, and all the ways a
 * call ends (voice-gateway 9). */
#include "gateway/remote_tools.h"

#include "check.h"

static struct {
    char log[8192];
    size_t offered;
    char schema[128];
    const char *reserved; /* a name that the session has already */
    bool full;
} room;

static void note(const char *a, const char *b, const char *c)
{
    size_t n = strlen(room.log);

    snprintf(room.log + n, sizeof room.log - n, "%s%s %s\n", a, b, c);
}

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    char text[4096];

    (void)arg;
    CHECK(!topic);
    CHECK(to);
    snprintf(text, sizeof text, "%.*s", (int)body.len, (const char *)body.ptr);
    note(to, "<", text);
    return MYNA_OK;
}

static enum myna_err on_offer(void *arg, const struct myna_tool_def *tools, size_t n,
                              struct myna_why *why)
{
    (void)arg;
    for (size_t i = 0; i < n; i++)
        if (room.reserved && !strcmp(tools[i].name, room.reserved))
            return myna_fail(why, MYNA_EINVAL, "taken");
    if (room.full)
        return myna_fail(why, MYNA_ELIMIT, "no room");
    room.offered = n;
    snprintf(room.schema, sizeof room.schema, "%s", n ? tools[n - 1].parameters : "");
    return MYNA_OK;
}

static void on_result(void *arg, const char *session_call, const char *output, bool is_error)
{
    (void)arg;
    note(session_call, is_error ? " fails:" : " =", output);
}

static const struct myna_gw_wire wire = {.send = on_send};
static struct myna_gw_tools *tools;
static struct myna_gw_options conf;

static void begin(int policy)
{
    static const struct myna_gw_tools_host host = {on_offer, on_result};

    memset(&room, 0, sizeof room);
    conf = (struct myna_gw_options){.remote_tool_policy = policy};
    tools = myna_gw_tools_create(&conf, MYNA_S, &wire, &host, NULL);
    CHECK(tools);
}

static void end(void)
{
    myna_gw_tools_destroy(tools);
    tools = NULL;
}

static void said(const char *want)
{
    CHECK_STR(room.log, want);
    room.log[0] = '\0';
}

static void with(void (*what)(struct myna_gw_tools *t, const char *who, const json_t *body),
                 const char *who, const char *json)
{
    json_t *body = json_loads(json, 0, NULL);

    CHECK(body);
    what(tools, who, body);
    json_decref(body);
}

#define SCHEMA "\"input_schema\":{\"type\":\"object\"}"
#define OK(who, name)                                                                              \
    who "< {\"type\":\"agent:tool-registered\",\"name\":\"" name "\",\"success\":true}\n"
#define NO(who, name, reason)                                                                      \
    who "< {\"type\":\"agent:tool-registered\",\"name\":\"" name                                   \
        "\",\"success\":false,\"reason\":\"" reason "\"}\n"
#define CALL(who, id, name)                                                                        \
    who "< {\"type\":\"agent:tool-call\",\"call_id\":\"tc_" id "\",\"name\":\"" name               \
        "\",\"arguments\":{\"a\":1}}\n"

static void reg(const char *who, const char *name)
{
    char text[400];

    snprintf(text, sizeof text, "{\"name\":\"%s\"," SCHEMA "}", name);
    with(myna_gw_tools_register, who, text);
}

static bool call(const char *id, const char *name)
{
    return myna_gw_tools_call(tools, 0, 0xabc, id, name, "{\"a\":1}", NULL);
}

TEST(a_tool_is_registered_called_and_answered_unchanged)
{
    begin(MYNA_GW_TRUST);
    with(myna_gw_tools_register, "ann",
         "{\"name\":\" notify \",\"description\":\"d\",\"metadata\":{\"x\":1},\"input_schema\":"
         "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}}}}");
    said(OK("ann", "notify"));
    CHECK_EQ(room.offered, 1);
    CHECK_STR(room.schema, "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}}}");
    CHECK(call("c1", "notify"));
    said(CALL("ann", "000000000abc", "notify"));
    with(myna_gw_tools_result, "ann",
         "{\"call_id\":\"tc_000000000abc\",\"result\":{\"shown\":true}}");
    said("c1 = {\"shown\":true}\n");
    with(myna_gw_tools_result, "ann", "{\"call_id\":\"tc_000000000abc\",\"result\":1}"); /* twice */
    said("");
    CHECK_EQ(myna_gw_tools_deadline(tools), MYNA_NEVER);
    end();
}

TEST(names_and_schemas_are_looked_at_and_the_sender_alone_is_told)
{
    static const char long_name[] =
        "a234567890123456789012345678901234567890123456789012345678901234";

    begin(MYNA_GW_TRUST);
    reg("ann", "1abc");
    said(NO("ann", "1abc", "name-invalid"));
    reg("ann", "");
    said(NO("ann", "", "name-invalid"));
    reg("ann", "a b");
    said(NO("ann", "a b", "name-invalid"));
    with(myna_gw_tools_register, "ann", "{\"name\":7," SCHEMA "}");
    said(NO("ann", "", "name-invalid"));
    with(myna_gw_tools_register, "ann", "{\"name\":\"x\",\"input_schema\":{\"type\":\"string\"}}");
    said(NO("ann", "x", "schema-invalid"));
    with(myna_gw_tools_register, "ann", "{\"name\":\"x\",\"input_schema\":[]}");
    said(NO("ann", "x", "schema-invalid"));
    with(myna_gw_tools_register, "ann", "{\"name\":\"x\"}");
    said(NO("ann", "x", "schema-invalid"));
    reg("", "x");
    said("");
    CHECK_EQ(strlen(long_name), 64);
    reg("ann", long_name);
    CHECK_HAS(room.log, "\"success\":true");
    room.log[0] = '\0';
    with(myna_gw_tools_register, "ann",
         "{\"name\":\"a2345678901234567890123456789012345678901234567890123456789012345\"," SCHEMA
         "}");
    CHECK_HAS(room.log, "name-invalid");
    CHECK_EQ(room.offered, 1);
    end();
}

TEST(who_may_offer_what_is_the_policys_word)
{
    static const char *const pairs[] = {"ann=light", NULL};

    begin(MYNA_GW_POLICY_AUTO);
    reg("ann", "light");
    said(NO("ann", "light", "denied-by-policy"));
    conf.mode = MYNA_GW_COMPAT;
    reg("ann", "light");
    said(OK("ann", "light"));
    conf.remote_tool_policy = MYNA_GW_ALLOWLIST;
    conf.remote_tools = pairs;
    reg("ann", "light");
    said(OK("ann", "light"));
    reg("bob", "light");
    said(NO("bob", "light", "denied-by-policy"));
    reg("ann", "lights");
    said(NO("ann", "lights", "denied-by-policy"));
    end();
}

TEST(a_name_that_the_configuration_takes_later_is_gone_and_its_owner_is_told)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "search");
    reg("ann", "light");
    said(OK("ann", "search") OK("ann", "light"));
    myna_gw_tools_reserved(tools, "search");
    myna_gw_tools_reserved(tools, "search");
    said(NO("ann", "search", "name-reserved"));
    CHECK(!myna_gw_tools_call(tools, 0, 1, "call_1", "search", "{}", NULL));
    reg("bob", "lamp");
    CHECK_EQ(room.offered, 2); /* light, lamp */
    said(OK("bob", "lamp"));
    end();
}

TEST(too_much_is_refused_and_what_the_session_refuses_leaves_no_trace)
{
    char name[16], big[9000];

    begin(MYNA_GW_TRUST);
    room.reserved = "search";
    reg("ann", "search");
    said(NO("ann", "search", "name-reserved"));
    room.full = true;
    reg("ann", "x");
    said("ann< {\"type\":\"agent:tool-registered\",\"name\":\"x\",\"success\":false,"
         "\"reason\":\"register-failed\",\"detail\":\"no room\"}\n");
    room.full = false;
    CHECK(!call("c", "x"));
    for (int i = 0; i < MYNA_GW_TOOLS_OF_ONE; i++) {
        snprintf(name, sizeof name, "t%d", i);
        reg("ann", name);
    }
    CHECK_EQ(room.offered, MYNA_GW_TOOLS_OF_ONE);
    room.log[0] = '\0';
    reg("ann", "one_more");
    said(NO("ann", "one_more", "limit-exceeded"));
    reg("ann", "t3"); /* again is no more */
    said(OK("ann", "t3"));
    reg("bob", "t_of_bob");
    said(OK("bob", "t_of_bob"));
    memset(big, 'x', sizeof big);
    snprintf(big, sizeof big, "{\"name\":\"t3\",\"description\":\"%01100d\"," SCHEMA "}", 0);
    with(myna_gw_tools_register, "ann", big);
    said(NO("ann", "t3", "limit-exceeded"));
    snprintf(big, sizeof big,
             "{\"name\":\"t3\",\"input_schema\":{\"type\":\"object\",\"title\":\"%08300d\"}}", 0);
    with(myna_gw_tools_register, "ann", big);
    said(NO("ann", "t3", "limit-exceeded"));
    end();
}

TEST(only_the_owner_may_take_it_back_and_who_takes_a_name_over_owns_it)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    room.log[0] = '\0';
    with(myna_gw_tools_unregister, "bob", "{\"name\":\"x\"}");
    said("bob< {\"type\":\"agent:tool-unregistered\",\"name\":\"x\",\"success\":false,"
         "\"reason\":\"not-owned-by-you\"}\n");
    with(myna_gw_tools_unregister, "ann", "{\"name\":\"y\"}");
    CHECK_HAS(room.log, "not-owned-by-you");
    reg("bob", "x");
    myna_gw_tools_left(tools, "ann"); /* no longer hers */
    CHECK_EQ(room.offered, 1);
    room.log[0] = '\0';
    with(myna_gw_tools_unregister, "bob", "{\"name\":\" x \"}");
    said("bob< {\"type\":\"agent:tool-unregistered\",\"name\":\"x\",\"success\":true}\n");
    CHECK_EQ(room.offered, 0);
    end();
}

TEST(a_call_without_an_answer_ends_by_time_and_what_comes_late_is_nothing)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    CHECK(call("c1", "x"));
    room.log[0] = '\0';
    CHECK_EQ(myna_gw_tools_deadline(tools), MYNA_S);
    myna_gw_tools_expire(tools, MYNA_S - 1);
    said("");
    myna_gw_tools_expire(tools, MYNA_S);
    said("ann< "
         "{\"type\":\"agent:tool-call-timeout\",\"call_id\":\"tc_000000000abc\",\"name\":\"x\"}\n"
         "c1 fails: x timed out after 1s\n");
    with(myna_gw_tools_result, "ann", "{\"call_id\":\"tc_000000000abc\",\"result\":1}");
    said("");
    end();
}

static void result(const char *body)
{
    char text[300];

    snprintf(text, sizeof text, "{\"call_id\":\"tc_000000000abc\"%s}", body);
    CHECK(call("c", "x"));
    room.log[0] = '\0';
    with(myna_gw_tools_result, "ann", text);
}

TEST(an_error_wins_and_what_is_missing_has_its_words)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    result(",\"result\":1,\"error\":\"no\"");
    said("c fails: no\n");
    result(",\"error\":\"\"");
    said("c fails: tool reported error\n");
    result(",\"result\":1,\"error\":null");
    said("c fails: tool reported error\n");
    result(",\"error\":{\"code\":7}");
    said("c fails: {\"code\":7}\n");
    result("");
    said("c = null\n");
    result(",\"result\":\"plain\"");
    said("c = plain\n");
    result(",\"result\":[1,\"a\"]");
    said("c = [1,\"a\"]\n");
    end();
}

TEST(a_result_counts_from_the_owner_alone)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    CHECK(call("c", "x"));
    room.log[0] = '\0';
    with(myna_gw_tools_result, "bob", "{\"call_id\":\"tc_000000000abc\",\"result\":1}");
    with(myna_gw_tools_result, "", "{\"call_id\":\"tc_000000000abc\",\"result\":1}");
    with(myna_gw_tools_result, "ann", "{\"call_id\":\"\",\"result\":1}");
    with(myna_gw_tools_result, "ann", "{\"result\":1}");
    with(myna_gw_tools_result, "ann", "{\"call_id\":7}");
    said("");
    with(myna_gw_tools_result, "ann", "{\"call_id\":\"tc_000000000abc\",\"result\":1}");
    said("c = 1\n");
    end();
}

TEST(calls_end_with_whoever_or_whatever_they_belong_to)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    CHECK(call("c1", "x"));
    room.log[0] = '\0';
    myna_gw_tools_cancelled(tools, "other");
    said("");
    myna_gw_tools_cancelled(tools, "c1");
    said("ann< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000abc\","
         "\"name\":\"x\"}\n");
    CHECK(call("c2", "x"));
    room.log[0] = '\0';
    myna_gw_tools_reset(tools, NULL);
    said("ann< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000abc\","
         "\"reason\":\"session-reset\"}\nc2 fails: session reset\n");
    CHECK(call("c3", "x")); /* it is still registered */
    room.log[0] = '\0';
    myna_gw_tools_left(tools, "ann");
    said("c3 fails: client disconnected mid-call\n");
    CHECK_EQ(room.offered, 0);
    CHECK(call("c4", "x")); /* the agent saw it a moment ago (9.3.1) */
    said("c4 fails: x cannot be called: its client ann is not in the room\n");
    CHECK(!call("c4", "never_heard_of"));
    reg("ann", "x");
    CHECK(call("c5", "x"));
    room.log[0] = '\0';
    myna_gw_tools_clear(tools);
    said("c5 fails: shutting down\n");
    CHECK_EQ(room.offered, 0);
    CHECK(!call("c6", "x")); /* we left: nobody is remembered */
    end();
}

TEST(a_new_conversation_of_one_person_ends_the_calls_for_them_alone)
{
    begin(MYNA_GW_TRUST);
    reg("cleo", "x");
    CHECK(myna_gw_tools_call(tools, 0, 1, "c1", "x", "{}", "ann"));
    CHECK(myna_gw_tools_call(tools, 0, 2, "c2", "x", "{}", "bob"));
    CHECK(myna_gw_tools_call(tools, 0, 3, "c3", "x", "{}", NULL));
    CHECK(myna_gw_tools_call(tools, 0, 4, "c4", "x", "{}", "ann"));
    room.log[0] = '\0';
    myna_gw_tools_reset(tools, "ann");
    said("cleo< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000004\","
         "\"reason\":\"session-reset\"}\nc4 fails: session reset\n"
         "cleo< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000001\","
         "\"reason\":\"session-reset\"}\nc1 fails: session reset\n");
    room.log[0] = '\0';
    myna_gw_tools_reset(tools, NULL);
    said("cleo< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000003\","
         "\"reason\":\"session-reset\"}\nc3 fails: session reset\n"
         "cleo< {\"type\":\"agent:tool-call-cancelled\",\"call_id\":\"tc_000000000002\","
         "\"reason\":\"session-reset\"}\nc2 fails: session reset\n");
    end();
}

TEST(a_client_has_eight_calls_at_a_time)
{
    begin(MYNA_GW_TRUST);
    reg("ann", "x");
    for (uint64_t i = 0; i < MYNA_GW_CALLS_OF_ONE; i++)
        CHECK(myna_gw_tools_call(tools, 0, i, "c", "x", "{}", NULL));
    room.log[0] = '\0';
    CHECK(myna_gw_tools_call(tools, 0, 99, "c9", "x", "{}", NULL));
    said("c9 fails: limit-exceeded: too many calls of this client are running\n");
    end();
}

TEST_MAIN
