/* settings_test.c - voice-gateway 1.1: numbers that are none, precedence, identity, who is allowed;
 * and what counts as somebody in a room (2.5). */
#include "gateway/access.h"
#include "gateway/options.h"
#include "livekit/attendance.h"

#include "check.h"

#define CLOUD "wss://demo.LiveKit.Cloud"
#define LOCAL "ws://localhost:7880"

static void reads(const struct myna_gw_seconds s, myna_us time, const char *why, bool bad)
{
    CHECK_EQ(s.time, time);
    CHECK_STR(s.why, why);
    CHECK_EQ(s.bad, bad);
}

TEST(the_poll_interval_is_the_override_or_the_servers_default)
{
    reads(myna_gw_poll_interval(NULL, CLOUD), 30 * MYNA_S, "cloud default", false);
    reads(myna_gw_poll_interval("", LOCAL), 5 * MYNA_S, "local default", false);
    reads(myna_gw_poll_interval("2.5", CLOUD), 2500 * MYNA_MS, "override", false);
    reads(myna_gw_poll_interval("60", LOCAL), 60 * MYNA_S, "override", false);
    reads(myna_gw_poll_interval("abc", CLOUD), 30 * MYNA_S, "cloud default", true);
    reads(myna_gw_poll_interval("5s", LOCAL), 5 * MYNA_S, "local default", true);
    reads(myna_gw_poll_interval(".", LOCAL), 5 * MYNA_S, "local default", true);
    reads(myna_gw_poll_interval("0", CLOUD), 30 * MYNA_S, "cloud default", false);
    reads(myna_gw_poll_interval("-1", LOCAL), 5 * MYNA_S, "local default", false);
    reads(myna_gw_poll_interval("99999999999999999999", LOCAL), 86400 * MYNA_S, "override", false);
    reads(myna_gw_tool_timeout(NULL), 30 * MYNA_S, "default", false);
    reads(myna_gw_tool_timeout("1"), MYNA_S, "override", false);
    reads(myna_gw_tool_timeout("nope"), 30 * MYNA_S, "default", true);
}

TEST(a_log_level_is_a_name_or_a_number_and_anything_else_is_none)
{
    CHECK_STR(myna_gw_log_level("DEBUG"), "debug");
    CHECK_STR(myna_gw_log_level("Warning"), "warn");
    CHECK_STR(myna_gw_log_level("critical"), "error");
    CHECK_STR(myna_gw_log_level("0"), "debug");
    CHECK_STR(myna_gw_log_level("10"), "debug");
    CHECK_STR(myna_gw_log_level("11"), "info");
    CHECK_STR(myna_gw_log_level("30"), "warn");
    CHECK_STR(myna_gw_log_level("99"), "error");
    CHECK(!myna_gw_log_level(NULL));
    CHECK(!myna_gw_log_level(""));
    CHECK(!myna_gw_log_level("loud"));
    CHECK(!myna_gw_log_level("-1"));
    CHECK(!myna_gw_log_level("99999999999"));
}

TEST(the_identity_is_hermes_and_the_name_in_lower_case_with_its_spaces)
{
    char id[300], name[401];

    myna_gw_identity("Hermes", id);
    CHECK_STR(id, "hermes-hermes");
    myna_gw_identity("Ada Lovelace", id);
    CHECK_STR(id, "hermes-ada lovelace");
    myna_gw_identity("J\xc3\xb6rg", id);
    CHECK_STR(id, "hermes-j\xc3\xb6rg");
    myna_gw_identity("\xc3\x84NNE \xd0\x9e\xd0\x9b\xd0\x93\xd0\x90", id); /* ÄNNE ОЛГА */
    CHECK_STR(id, "hermes-\xc3\xa4nne \xd0\xbe\xd0\xbb\xd0\xb3\xd0\xb0");
    myna_gw_identity("A\xff\xc3", id); /* no UTF-8 */
    CHECK_STR(id, "hermes-a\xff\xc3");
    memset(name, 0xc3, sizeof name - 1); /* never half a character */
    for (size_t i = 1; i < sizeof name - 1; i += 2)
        name[i] = (char)0x84;
    name[sizeof name - 1] = '\0';
    myna_gw_identity(name, id);
    CHECK_EQ(strlen(id), 7 + 240);
    CHECK_EQ((unsigned char)id[246], 0xa4);
}

TEST(nobody_is_allowed_until_somebody_says_so)
{
    static const char *const none[] = {NULL};
    static const char *const two[] = {" ann ", "Bob", NULL};
    static const char *const all[] = {"x", " * ", NULL};
    struct myna_gw_options o = {.allowed_users = none, .global_allowed_users = none};

    CHECK(!myna_gw_allowed(&o, "ann"));
    o.allow_all_users = "no";
    CHECK(!myna_gw_allowed(&o, "ann"));
    o.allow_all_users = "YES";
    CHECK(myna_gw_allowed(&o, "ann"));
    CHECK(!myna_gw_allowed(&o, "")); /* nobody has no name */
    CHECK(!myna_gw_allowed(&o, NULL));
    o.allow_all_users = NULL;
    o.allowed_users = two;
    CHECK(myna_gw_allowed(&o, "ann"));
    CHECK(!myna_gw_allowed(&o, "Ann")); /* to the letter */
    CHECK(!myna_gw_allowed(&o, "bob"));
    CHECK(!myna_gw_allowed(&o, "an"));
    CHECK(!myna_gw_allowed(&o, "annn"));
    o.global_allowed_users = all;
    CHECK(myna_gw_allowed(&o, "anybody"));
    o.global_allowed_users = none;
    o.global_allow_all_users = "1";
    CHECK(myna_gw_allowed(&o, "anybody"));
}

static int people(const char *json)
{
    return myna_lk_attendance(json, strlen(json), "hermes-hermes");
}

TEST(agents_recorders_those_who_are_gone_and_ourselves_do_not_count)
{
    CHECK_EQ(people("{}"), 0);
    CHECK_EQ(people("{\"participants\":[]}"), 0);
    CHECK_EQ(people("{\"participants\":[{\"identity\":\"a\",\"state\":\"ACTIVE\"},"
                    "{\"identity\":\"b\",\"kind\":\"STANDARD\"},"
                    "{\"identity\":\"c\",\"kind\":\"SIP\"},{\"identity\":\"d\",\"kind\":7}]}"),
             4);
    CHECK_EQ(people("{\"participants\":[{\"identity\":\"a\",\"kind\":\"AGENT\"},"
                    "{\"identity\":\"b\",\"kind\":\"EGRESS\"},{\"identity\":\"c\",\"kind\":4},"
                    "{\"identity\":\"d\",\"kind\":2},{\"identity\":\"e\",\"state\":3},"
                    "{\"identity\":\"f\",\"state\":\"DISCONNECTED\"},"
                    "{\"identity\":\"hermes-hermes\"}]}"),
             0);
    CHECK_EQ(people("{\"participants\":[{\"identity\":\"a\",\"kind\":\"INGRESS\"},"
                    "{\"identity\":\"b\",\"kind\":8,\"state\":\"JOINING\"}]}"),
             2);
}

TEST(what_is_no_answer_counts_nobody_and_breaks_nothing)
{
    CHECK_EQ(people("[]"), -1);
    CHECK_EQ(people("not json"), -1);
    CHECK_EQ(people(""), -1);
    CHECK_EQ(people("{\"participants\":{}}"), 0);
    CHECK_EQ(people("{\"participants\":[1,null,\"x\",[]]}"), 0);
    CHECK_EQ(people("{\"participants\":[{\"kind\":{},\"state\":[],\"identity\":7}]}"), 1);
}

/* ---- whose word counts */

static const char *name_of(struct myna_config *cfg)
{
    struct myna_gw_options o;

    CHECK_EQ(myna_gw_options_read(cfg, &o, NULL), MYNA_OK);
    return o.agent_name;
}

static struct myna_config *with(const char *yaml, const char *variable)
{
    struct myna_config *cfg = myna_config_create();

    CHECK(cfg);
    CHECK_EQ(myna_config_parse(cfg, "test", yaml, strlen(yaml), NULL), MYNA_OK);
    setenv("LIVEKIT_AGENT_NAME", variable, 1);
    CHECK_EQ(myna_config_environment(cfg, NULL), MYNA_OK);
    unsetenv("LIVEKIT_AGENT_NAME");
    return cfg;
}

TEST(the_file_wins_over_the_variable_and_what_is_empty_is_absent)
{
    struct myna_config *cfg = with("gateway: {agent_name: Ada}\n", "Bea");

    CHECK_STR(name_of(cfg), "Ada");
    myna_config_destroy(cfg);
    cfg = with("gateway: {agent_name: ''}\n", "Bea");
    CHECK_STR(name_of(cfg), "Bea");
    myna_config_destroy(cfg);
    cfg = with("{}\n", "Bea");
    CHECK_STR(name_of(cfg), "Bea");
    myna_config_destroy(cfg);
    cfg = with("gateway: {agent_name: ''}\n", "");
    CHECK_STR(name_of(cfg), "Hermes");
    myna_config_destroy(cfg);
}

TEST_MAIN
