/* mcp_test.c - the MCP client against a strict server in Python, on standard input and output: both
 * kinds of the protocol, lists in pages and lists that change, and servers that die, flood or
 * speak something else. Waits between two openings are on the virtual clock. */
#include "mcp_world.h"

#include <unistd.h>

#include <jansson.h>

#include "util/fs.h"

/* A toolbox with the server in this mode; `more` are lines of the entry. */
static enum myna_err open_box(const char *mode, const char *more)
{
    const char *tree = getenv("MYNA_TEST_TREE");
    char yaml[2000];

    world_open();
    CHECK(tree);
    snprintf(
        yaml, sizeof yaml,
        "tools:\n  s:\n    kind: mcp\n    command: [python3, '%s/tests/support/mcp_server.py', "
        "'%s', '/tmp/mcp_test.%d']\n%s",
        tree, mode, (int)getpid(), more);
    return world_box(yaml);
}

static void run_until(const int *count, int n)
{
    myna_us end = myna_loop_now(w.host.loop) + 10 * MYNA_S;

    while (*count < n && myna_loop_now(w.host.loop) < end)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 10 * MYNA_MS);
}

/* Until the list has changed so often, ten seconds of the clock at most. */
static void until_changes(int n)
{
    run_until(&w.changes, n);
    if (w.changes < n)
        check_fail(__FILE__, __LINE__, "%d changes, want %d; log:\n%s", w.changes, n, w.log);
}

static void begin(const char *mode, const char *more)
{
    CHECK_EQ(open_box(mode, more), MYNA_OK);
    world_watch();
    until_changes(1);
}

static void call(const char *name, const char *arguments)
{
    CHECK(start(name, arguments));
    run_until(&w.dones, 1);
    if (w.dones != 1)
        check_fail(__FILE__, __LINE__, "%s: told %d times; log:\n%s", name, w.dones, w.log);
}

static void check_names(const char *want)
{
    const struct myna_tool_def *list;
    char names[1000] = "";
    size_t n;

    list = myna_toolbox_tools(w.box, &n);
    for (size_t i = 0; i < n; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "",
                 list[i].name);
    CHECK_STR(names, want);
}

#define ALL "echo die wrong refused asks mixed structured grow pings slow"

static void whole(const char *mode)
{
    begin(mode, "");
    check_names(ALL);
    CHECK_HAS(myna_toolbox_tools(w.box, &(size_t){0})[0].parameters, "words");
    call("echo", "{\"words\":\"g\xc3\xb6\xc3\xb6se\"}");
    CHECK(!w.is_error);
    CHECK_STR(w.output, "heard g\xc3\xb6\xc3\xb6se");
    call("wrong", "{}");
    CHECK(w.is_error);
    CHECK_STR(w.output, "it went wrong");
    call("refused", "{}");
    CHECK_STR(w.output, "Error: refused was refused: no such argument");
    call("mixed", "{}");
    CHECK_STR(w.output, "a\n[image, image/png]\ninside");
    call("structured", "{}");
    CHECK_STR(w.output, "{\"n\":1}");
    call("asks", "{}");
    CHECK_STR(w.output, "Error: asks asks for something that only its own user can give");
    call("grow", "{}"); /* two notices, at most two lists */
    until_changes(2);
    check_names(ALL " new_tool");
    CHECK(w.changes <= 3);
    world_close();
}

TEST(a_server_of_the_revisions_with_a_handshake)
{
    whole("legacy");
}

TEST(a_server_of_the_revision_without)
{
    whole("modern");
}

TEST(what_it_asks_of_us_is_answered)
{
    begin("legacy", "");
    call("pings", "{}");
    CHECK_HAS(w.output, "{\"id\": 77, \"jsonrpc\": \"2.0\", \"result\": {}}");
    CHECK_HAS(w.output, "\"id\": \"x\"");
    CHECK_HAS(w.output, "-32601");
    CHECK_HAS(w.output,
              "{\"id\": \"e\", \"jsonrpc\": \"2.0\", \"result\": {\"action\": \"decline\"}}");
    world_close();
}

/* What the form is answered with, behind what was offered at the beginning. */
static void check_form(const char *params, const char *want)
{
    json_t *args = json_pack("{s:s}", "params", params);
    char *text = json_dumps(args, JSON_COMPACT);

    call("form", text);
    CHECK_STR(w.output, want);
    free(text);
    json_decref(args);
}

TEST(a_form_is_answered_with_its_own_defaults_where_that_is_configured)
{
    begin("legacy-form", "    elicitation: defaults\n");
    check_form("{\"message\":\"Who?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{"
               "\"name\":{\"type\":\"string\",\"default\":\"Ann\"},\"age\":{\"type\":\"integer\","
               "\"default\":30},\"more\":{\"type\":\"string\"}},\"required\":[\"name\"]}}",
               "[{\"elicitation\": {}}, {\"action\": \"accept\", \"content\": {\"age\": 30, "
               "\"name\": \"Ann\"}}]");
    static const char *const none[] = {
        /* a required one without a default; a default that does not fit; a page to visit; no form
         */
        "{\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},"
        "\"required\":[\"name\"]}}",
        "{\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\","
        "\"default\":\"x\"}}}}",
        "{\"mode\":\"url\",\"url\":\"https://x.example\",\"requestedSchema\":{\"type\":\"object\","
        "\"properties\":{}}}",
        "{\"requestedSchema\":[1]}", "{}"};

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        check_form(none[i], "[{\"elicitation\": {}}, {\"action\": \"decline\"}]");
    world_close();
}

TEST(otherwise_a_form_is_declined_and_nothing_is_offered)
{
    begin("legacy-form", "");
    check_form(
        "{\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\","
        "\"default\":1}}}}",
        "[{}, {\"action\": \"decline\"}]");
    world_close();
}

TEST(only_some_of_its_tools)
{
    begin("legacy", "    only: [mixed, echo]\n");
    check_names("echo mixed");
    world_close();
}

TEST(a_call_that_takes_too_long_is_cancelled_at_the_server)
{
    char path[64], *text = NULL;
    size_t len;

    begin("modern", "    timeout: 3s\n"); /* enough for an answer, on a busy machine too */
    call("slow", "{}");
    CHECK(w.is_error);
    CHECK_STR(w.output, "Error: slow did not answer in time");
    call("echo", "{\"words\":\"on\"}"); /* it goes on */
    CHECK_STR(w.output, "heard on");
    snprintf(path, sizeof path, "/tmp/mcp_test.%d", (int)getpid());
    CHECK_EQ(myna_fs_read(path, 1000, &text, &len, NULL), MYNA_OK);
    CHECK_STR(text, "[\"notifications/cancelled\", true]");
    free(text);
    unlink(path);
    world_close();
}

TEST(a_server_that_dies_is_started_again_and_its_tools_stay)
{
    begin("legacy", "");
    call("die", "{}");
    CHECK(w.is_error);
    CHECK_STR(w.output,
              "Error: die is not there at the moment: its server has to be started again");
    CHECK_HAS(w.log, "it has ended with exit code 3: I die now; again in 1 s server=s");
    check_names(ALL);
    call("echo", "{\"words\":\"x\"}"); /* not yet */
    CHECK(w.is_error);
    until_changes(2);
    call("echo", "{\"words\":\"again\"}");
    CHECK_STR(w.output, "heard again");
    world_close();
}

static void never(const char *mode, const char *says)
{
    CHECK_EQ(open_box(mode, ""), MYNA_OK);
    myna_loop_run_until(w.host.loop, 5 * MYNA_S); /* opened at 0, 1 and 3 s */
    CHECK_HAS(w.log, says);
    CHECK_HAS(w.log, "again in 2 s");
    CHECK_HAS(w.log, "again in 4 s");
    CHECK(!strstr(w.log, "again in 8 s"));
    check_names("");
    world_close();
}

TEST(who_floods_or_speaks_something_else_is_closed_and_tried_ever_more_seldom)
{
    never("flood", "more than 10000 messages that nobody asked for; again in 1 s");
    never("long", "it sent a line of more than 1048576 bytes; again in 1 s");
    never("garbage", "what it prints is not the protocol; again in 1 s");
    never("legacy-old", "it speaks revision \"1999-01-01\" of the protocol, which we do not");
}

TEST(lines_beside_the_protocol_are_passed_over)
{
    begin("legacy-stray", "");
    check_names(ALL);
    world_close();
}

TEST(a_list_without_end_is_cut)
{
    begin("modern-loop", "");
    CHECK_HAS(w.log, "its list of tools is too long");
    CHECK_EQ(w.changes, 1);
    world_close();
}

TEST(what_is_no_tool_is_left_out_and_said)
{
    begin("legacy-badlist", "");
    check_names("echo");
    CHECK_HAS(w.log, "a tool is left out: it must be an object server=s tool=nothing");
    CHECK_HAS(w.log, "tool=bad");
    CHECK_HAS(w.log, "its name is another one's too");
    world_close();
}

TEST(a_program_that_is_not_there_is_an_error_at_the_start)
{
    static const char yaml[] = "tools:\n  s:\n    kind: mcp\n    command: [no-such-server]\n";

    CHECK_EQ(open_box("legacy", ""), MYNA_OK);
    myna_toolbox_destroy(w.box);
    w.box = NULL;
    myna_config_destroy(w.cfg);
    w.cfg = myna_config_create();
    CHECK_EQ(myna_config_parse(w.cfg, "t.yaml", yaml, strlen(yaml), NULL), MYNA_OK);
    CHECK_EQ(myna_toolbox_create(&w.host, w.cfg, &w.box, &w.why), MYNA_ECONFIG);
    CHECK_HAS(w.why.text, "t.yaml:4:5: tools.s.command names no-such-server, which is "
                          "not a program of this machine");
    world_close();
}

TEST(jobs_and_servers_end_with_the_box)
{
    begin("modern", "");
    CHECK(start("slow", "{}") && start("echo", "{\"words\":\"\"}"));
    world_close();
    CHECK_EQ(w.dones, 0);
    CHECK_EQ(open_box("mute", ""), MYNA_OK);
    world_close();
}

TEST_MAIN
