/* trace_test.c - spans reach a collector in batches; one that is down, slow or wrong is said once
 * and costs nothing. */
#include "trace/trace.h"

#include <time.h>

#include "util/host.h"
#include "util/http.h"

#include "check.h"
#include "fake_http.h"

static struct myna_host host;
static struct fake_http server;
static struct myna_config *cfg;
static struct myna_trace *tr;
static char url[80], lines[4000];
static int requests, status;
enum { PATIENCE = 6000 }; /* turns of 10 ms */
static const char *more_headers;

static void on_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    if (level <= MYNA_LOG_INFO)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s\n", line);
}

static void answer(struct fake_conn *c)
{
    requests++;
    if (status)
        fake_answer(c, status, more_headers, "");
}

static void set(const char *key, const char *value)
{
    struct myna_why why;

    if (myna_config_set(cfg, key, value, "test", &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
}

static void world(void)
{
    struct myna_loop_options lo = {.workers = 1};
    struct myna_log_options log = {.write = on_log, .level = MYNA_LOG_INFO};
    struct myna_why why;

    memset(&host, 0, sizeof host);
    host.loop = myna_loop_create(&lo, &why);
    host.log = myna_log_create(&log);
    myna_rand_seed(&host.rand, 1);
    fake_open(&server, host.loop, answer);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
    cfg = myna_config_create();
    lines[0] = '\0';
    requests = 0;
    status = 200;
    more_headers = "";
    set("trace.delay", "20ms");
}

static void begin(void)
{
    struct myna_why why = {0};

    if (myna_trace_create(&host, cfg, &tr, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
}

static void over(void)
{
    myna_trace_destroy(tr);
    tr = NULL;
    fake_shut(&server);
    myna_http_destroy(host.http);
    myna_loop_drain(host.loop);
    myna_loop_destroy(host.loop);
    myna_log_destroy(host.log);
    myna_config_destroy(cfg);
}

static void spans(int n)
{
    struct myna_trace_span sp = {.name = "agent_turn", .start_ns = 1, .end_ns = 2};

    while (n--) {
        myna_trace_random(tr, sp.id.trace, 16);
        myna_trace_random(tr, sp.id.span, 8);
        myna_trace_put(tr, &sp);
    }
}

/* Until the counts are so, a minute at most: a busy machine lets this process wait. */
static bool wait_for(uint64_t sent, uint64_t dropped, int asked)
{
    for (int i = 0; i < PATIENCE; i++) {
        struct myna_trace_counts c = myna_trace_counts(tr);

        if (c.sent == sent && c.dropped == dropped && requests >= asked)
            return true;
        myna_loop_run_until(host.loop, myna_loop_now(host.loop) + 10 * MYNA_MS);
    }
    return false;
}

static int said(const char *what)
{
    int n = 0;

    for (const char *p = lines; (p = strstr(p, what)); p++)
        n++;
    return n;
}

TEST(without_an_address_there_are_no_spans)
{
    world();
    begin();
    CHECK(!tr);
    set("trace.endpoint", url);
    set("trace.disabled", "true");
    begin();
    CHECK(!tr);
    over();
}

TEST(a_batch_is_one_request_with_our_headers)
{
    world();
    set("trace.endpoint", url);
    set("trace.headers", "x-team=a%20b");
    begin();
    spans(3);
    CHECK_EQ(requests, 0); /* it waits for more of them */
    CHECK(wait_for(3, 0, 1));
    CHECK_EQ(requests, 1);
    CHECK(!strncmp(server.last, "POST /v1/traces HTTP/1.1\r\n", 26));
    CHECK_HAS(server.last, "\r\nContent-Type: application/x-protobuf\r\n");
    CHECK_HAS(server.last, "\r\nx-team: a b\r\n");
    CHECK_STR(lines, "");
    over();
}

TEST(json_and_resource_attributes_as_they_are_asked_for)
{
    world();
    set("trace.traces_endpoint", url);
    set("trace.protocol", "http/json");
    set("trace.resource_attributes", "deployment.environment=te%73t, service.name=ours");
    begin();
    spans(1);
    CHECK(wait_for(1, 0, 1));
    CHECK(!strncmp(server.last, "POST / HTTP/1.1\r\n", 17)); /* the address as it is */
    CHECK_HAS(server.last, "\r\nContent-Type: application/json\r\n");
    CHECK_HAS(server.last,
              "{\"key\":\"deployment.environment\",\"value\":{\"stringValue\":\"test\"}}");
    CHECK_HAS(server.last, "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"ours\"}}");
    over();
}

TEST(a_full_batch_leaves_at_once)
{
    world();
    set("trace.endpoint", url);
    set("trace.delay", "100s");
    begin();
    spans(512);
    CHECK(wait_for(512, 0, 1));
    over();
}

TEST(a_collector_that_is_down_is_said_once_and_its_return_too)
{
    world();
    set("trace.endpoint", url);
    status = 503;
    more_headers = "Retry-After: 0\r\n";
    begin();
    spans(2);
    CHECK(wait_for(0, 2, 5)); /* five tries, then the batch is given up */
    CHECK_EQ(requests, 5);
    spans(1);
    CHECK(wait_for(0, 3, 10));
    CHECK_EQ(said("spans do not reach the collector"), 1);
    CHECK_HAS(lines, "503");
    status = 200;
    spans(4);
    CHECK(wait_for(4, 3, 11));
    CHECK_EQ(said("spans do not reach the collector"), 1);
    CHECK_EQ(said("takes spans again lost=3"), 1);
    over();
}

TEST(what_it_will_never_take_is_not_sent_again)
{
    world();
    set("trace.endpoint", url);
    status = 401;
    begin();
    spans(2);
    CHECK(wait_for(0, 2, 1));
    CHECK_EQ(requests, 1);
    CHECK_EQ(said("spans do not reach the collector"), 1);
    over();
}

TEST(nobody_listens_and_nothing_is_held_for_longer_than_the_queue)
{
    world();
    fake_shut(&server);
    set("trace.endpoint", url);
    begin();
    spans(5000); /* 512 leave, 2,048 wait, the others are dropped */
    CHECK_EQ(myna_trace_counts(tr).dropped, 5000 - 512 - 2048);
    for (int i = 0; i < PATIENCE && !myna_trace_counts(tr).failures; i++)
        myna_loop_run_until(host.loop, myna_loop_now(host.loop) + 10 * MYNA_MS);
    CHECK_EQ(said("spans do not reach the collector"), 1);
    fake_open(&server, host.loop, answer);
    over();
}

TEST(a_collector_that_hangs_holds_the_end_of_the_process_for_its_timeout_only)
{
    struct timespec a, b;
    double took;

    world();
    set("trace.endpoint", url);
    set("trace.timeout", "200ms");
    set("trace.delay", "100s");
    status = 0; /* never answers */
    begin();
    spans(1);
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(myna_trace_finish(tr));
    CHECK(wait_for(0, 1, 0));
    clock_gettime(CLOCK_MONOTONIC, &b);
    took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    CHECK(took > 0.19 && took < 20);
    CHECK_HAS(lines, "within 200 ms");
    CHECK_EQ(myna_trace_counts(tr).dropped, 1);
    over();
}

TEST(the_end_sends_what_waits)
{
    world();
    set("trace.endpoint", url);
    set("trace.delay", "100s");
    begin();
    CHECK(!myna_trace_finish(tr)); /* nothing waits */
    spans(7);
    CHECK(myna_trace_finish(tr));
    CHECK(wait_for(7, 0, 1));
    over();
}

TEST(between_calls_there_is_one_attempt_and_what_fails_waits_for_the_next_call)
{
    world();
    set("trace.endpoint", url);
    status = 503;
    begin();
    myna_trace_calls(tr, true);
    spans(2);
    myna_trace_calls(tr, false);
    CHECK(wait_for(0, 0, 1));
    for (int i = 0; i < 20; i++) /* no timer: nothing follows by itself */
        myna_loop_run_until(host.loop, myna_loop_now(host.loop) + 10 * MYNA_MS);
    CHECK_EQ(requests, 1);
    status = 200;
    myna_trace_calls(tr, true);
    spans(1);
    CHECK(wait_for(3, 0, 3));
    status = 503;
    spans(1);
    myna_trace_calls(tr, false);
    for (int i = 0; i < PATIENCE && myna_trace_counts(tr).failures < 2; i++)
        myna_loop_run_until(host.loop, myna_loop_now(host.loop) + 10 * MYNA_MS);
    CHECK(!myna_trace_finish(tr)); /* it was in vain a moment ago */
    over();
}

TEST(an_address_that_is_none_is_named_with_its_variable)
{
    struct myna_why why = {0};

    world();
    set("trace.endpoint", "localhost:4317");
    CHECK_EQ(myna_trace_create(&host, cfg, &tr, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "OTEL_EXPORTER_OTLP_ENDPOINT");
    CHECK_HAS(why.text, "localhost:4317");
    over();
}

TEST(grpc_is_said_and_switches_spans_off)
{
    world();
    set("trace.endpoint", url);
    set("trace.protocol", "grpc");
    begin();
    CHECK(!tr);
    CHECK_EQ(said("http/protobuf"), 1);
    over();
}

TEST_MAIN
