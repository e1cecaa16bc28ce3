/* mcp_http_test.c - the MCP client over HTTP against a server in the same loop: headers of both
 * kinds of the protocol, sessions that are lost, streams, and what is refused. */
#include "mcp_world.h"

#include <jansson.h>

static struct {
    struct fake_http server;
    char call_head[4000], asked[1000];
    bool lose_session; /* with the next call */
    int sessions, deleted;
} net;

static void begin(void (*answer)(struct fake_conn *c))
{
    char yaml[400];

    world_open();
    memset(&net, 0, sizeof net);
    fake_open(&net.server, w.host.loop, answer);
    setenv("MYNA_TEST_KEY", "sesame-4711", 1);
    snprintf(yaml, sizeof yaml,
             "tools:\n  s:\n    kind: mcp\n    url: http://127.0.0.1:%d/mcp\n    headers: "
             "{Authorization: 'Bearer ${MYNA_TEST_KEY}'}\n",
             net.server.port);
    CHECK_EQ(world_box(yaml), MYNA_OK);
    world_watch();
}

static void finish(void)
{
    myna_toolbox_destroy(w.box); /* it says goodbye to the server */
    w.box = NULL;
    fake_shut(&net.server);
    world_close();
}

static void until(const int *count, int n)
{
    myna_us end = myna_loop_now(w.host.loop) + 10 * MYNA_S;

    while (*count < n && myna_loop_now(w.host.loop) < end) {
        usleep(500); /* a stream that nobody waits for does not hold the clock */
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 10 * MYNA_MS);
    }
    if (*count < n)
        check_fail(__FILE__, __LINE__, "%d of %d; log:\n%s", *count, n, w.log);
}

static void call(const char *name, const char *arguments)
{
    CHECK(start(name, arguments));
    until(&w.dones, 1);
}

/* ---- the server */

static json_t *request(struct fake_conn *c, const char **method, long long *id)
{
    json_t *msg = json_loads(strstr(c->request, "\r\n\r\n") + 4, 0, NULL);

    CHECK(json_is_object(msg));
    *method = json_string_value(json_object_get(msg, "method"));
    *id = json_integer_value(json_object_get(msg, "id"));
    snprintf(net.asked + strlen(net.asked), sizeof net.asked - strlen(net.asked), "%s ", *method);
    return msg;
}

static void give(struct fake_conn *c, const char *headers, long long id, const char *result)
{
    char body[2000];

    snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":%s}", id, result);
    fake_answer(c, 200, headers, body);
}

#define JSON_TYPE "Content-Type: application/json\r\n"
#define TOOL                                                                                       \
    "{\"name\":\"run\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"region\":{\"type\":" \
    "\"string\",\"x-mcp-header\":\"Region\"},\"n\":{\"type\":\"integer\",\"x-mcp-header\":\"N\"}," \
    "\"q\":{\"type\":\"string\"}}}}"
#define BAD                                                                                        \
    "{\"name\":\"bad\",\"inputSchema\":{\"properties\":{\"f\":{\"type\":\"number\","               \
    "\"x-mcp-header\":\"F\"}}}}"

static void modern(struct fake_conn *c)
{
    const char *method;
    long long id;
    json_t *msg = request(c, &method, &id);
    char want[200];

    snprintf(want, sizeof want, "\r\nMcp-Method: %s\r\n", method);
    CHECK_HAS(c->request, want);
    CHECK_HAS(c->request, "\r\nMCP-Protocol-Version: 2026-07-28\r\n");
    CHECK_HAS(c->request, "\r\nAccept: application/json, text/event-stream\r\n");
    CHECK_HAS(c->request, "\r\nAuthorization: Bearer sesame-4711\r\n");
    CHECK_HAS(c->request, "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"");
    CHECK(!strcasestr(c->request, "session"));
    if (!strcmp(method, "server/discover")) {
        give(c, JSON_TYPE, id,
             "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":"
             "{\"tools\":{\"listChanged\":true}}}");
    } else if (!strcmp(method, "tools/list")) {
        give(c, JSON_TYPE, id, "{\"tools\":[" TOOL "," BAD "]}");
    } else if (!strcmp(method, "subscriptions/listen")) {
        fake_say(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: there\n\n");
        fake_say(c, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/"
                    "acknowledged\"}\n\n");
        if (w.changes < 2)
            fake_say(c, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/"
                        "list_changed\"}\n\n");
    } else {
        char text[400];

        CHECK_STR(method, "tools/call");
        snprintf(net.call_head, sizeof net.call_head, "%.3000s", c->request);
        fake_say(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: "
                    "close\r\n\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
                    "\"params\":{}}\r\n\r\n");
        snprintf(text, sizeof text,
                 "data: {\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":{\"resultType\":\"complete\","
                 "\"content\":[{\"type\":\"text\",\"text\":\"done, sesame-4711\"}]}}\r\n\r\n",
                 id);
        fake_say(c, text);
    }
    json_decref(msg);
}

TEST(the_newer_revision_with_its_headers)
{
    const struct myna_tool_def *list;
    size_t n;

    begin(modern);
    until(&w.changes, 2); /* the stream told of a change */
    list = myna_toolbox_tools(w.box, &n);
    CHECK_EQ(n, 1);
    CHECK_STR(list[0].name, "run");
    CHECK_HAS(w.log, "x-mcp-header stands on what is no string, integer or boolean server=s "
                     "tool=bad");
    call("run", "{\"region\":\"M\xc3\xbcnchen\",\"n\":7,\"q\":\"x\"}");
    CHECK(!w.is_error);
    CHECK_STR(w.output, "done, ***");
    CHECK_HAS(net.call_head, "\r\nMcp-Name: run\r\n");
    CHECK_HAS(net.call_head, "\r\nMcp-Param-Region: =?base64?TcO8bmNoZW4=?=\r\n");
    CHECK_HAS(net.call_head, "\r\nMcp-Param-N: 7\r\n");
    CHECK(!strstr(net.call_head, "Mcp-Param-q"));
    CHECK(!strstr(net.asked, "initialize"));
    finish();
}

static void legacy(struct fake_conn *c)
{
    const char *method;
    long long id;
    json_t *msg;

    if (!strncmp(c->request, "GET", 3)) {
        fake_answer(c, 405, "", "");
        return;
    }
    if (!strncmp(c->request, "DELETE /mcp ", 12)) {
        net.deleted++;
        fake_answer(c, 204, "", "");
        return;
    }
    msg = request(c, &method, &id);
    CHECK(!strcmp(method, "server/discover") || !strcasestr(c->request, "Mcp-Method"));
    if (!strcmp(method, "server/discover")) {
        fake_answer(c, 400, JSON_TYPE,
                    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"no "
                    "session\"}}");
    } else if (!strcmp(method, "initialize")) {
        char head[100];

        snprintf(head, sizeof head, JSON_TYPE "Mcp-Session-Id: s-%d\r\n", ++net.sessions);
        give(c, head, id,
             "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{\"listChanged\":"
             "true}},\"serverInfo\":{}}");
    } else {
        char session[60];

        snprintf(session, sizeof session, "\r\nMcp-Session-Id: s-%d\r\n", net.sessions);
        CHECK_HAS(c->request, session);
        CHECK_HAS(c->request, "\r\nMCP-Protocol-Version: 2025-06-18\r\n");
        if (!strcmp(method, "notifications/initialized"))
            fake_answer(c, 202, "", "");
        else if (!strcmp(method, "tools/list"))
            give(c, JSON_TYPE, id, "{\"tools\":[" TOOL "]}");
        else if (net.lose_session)
            fake_answer(c, 404, "", "");
        else
            give(c, JSON_TYPE, id, "{\"content\":[{\"type\":\"text\",\"text\":\"well\"}]}");
        net.lose_session = false;
    }
    json_decref(msg);
}

TEST(the_older_revisions_with_a_session_that_is_begun_anew_when_it_is_lost)
{
    begin(legacy);
    until(&w.changes, 1);
    CHECK_STR(net.asked, "server/discover initialize notifications/initialized tools/list ");
    call("run", "{}");
    CHECK_STR(w.output, "well");
    net.lose_session = true;
    call("run", "{}");
    CHECK(w.is_error);
    CHECK_HAS(w.log, "it has forgotten our session; again in 1 s");
    CHECK_STR(w.trouble, "s: it has forgotten our session; again in 1 s (tools.s, t.yaml:2:3)");
    until(&w.changes, 2);
    CHECK_EQ(net.sessions, 2);
    call("run", "{}");
    CHECK_STR(w.output, "well");
    for (int i = 0; i < 20000 && myna_toolbox_leave(w.box); i++) {
        usleep(500);
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    }
    CHECK_EQ(net.deleted, 1);
    CHECK_HAS(net.server.last, "\r\nMcp-Session-Id: s-2\r\n");
    CHECK_HAS(net.server.last, "\r\nMCP-Protocol-Version: 2025-06-18\r\n");
    CHECK_HAS(net.server.last, "\r\nAuthorization: Bearer sesame-4711\r\n");
    CHECK(!myna_toolbox_leave(w.box));
    finish();
}

static void a_web_page(struct fake_conn *c)
{
    fake_answer(c, 200, "Content-Type: text/html\r\n", "<html>");
}

static void forbidden(struct fake_conn *c)
{
    fake_answer(c, 401, "", "who are you, sesame-4711?");
}

TEST(what_is_no_mcp_server_is_said_and_tried_again)
{
    begin(a_web_page);
    myna_loop_run_until(w.host.loop, 2 * MYNA_S);
    CHECK_HAS(w.log, "initialize: it was not answered");
    CHECK_HAS(w.log, "again in 1 s");
    finish();
    begin(forbidden);
    myna_loop_run_until(w.host.loop, 2 * MYNA_S);
    CHECK_HAS(w.log, "was refused with status 401: who are you, ***?");
    CHECK(!strstr(w.log, "sesame"));
    CHECK_HAS(w.trouble, "refused with status 401: who are you, ***?");
    CHECK_HAS(w.trouble, "(tools.s, t.yaml:2:3)");
    finish();
}

TEST(a_server_that_is_not_there_is_tried_again_while_somebody_watches)
{
    begin(a_web_page);
    fake_shut(&net.server);
    myna_loop_run_until(w.host.loop, 2500 * MYNA_MS);
    CHECK_HAS(w.log, "again in 2 s");
    myna_toolbox_unwatch(w.box, &w.watch);
    myna_loop_run_until(w.host.loop, 100 * MYNA_S);
    CHECK(!strstr(w.log, "again in 4 s")); /* it rests */
    fake_open(&net.server, w.host.loop, a_web_page);
    finish();
}

TEST_MAIN
