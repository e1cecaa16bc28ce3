/* llm_openai_test.c - the life of a request against a server in the same loop: what is told, what
 * the server sees, and what becomes of the connection. */
#include "llm_wire.h"

static const char *const model[] = {"model", "m", NULL};

static void say_hello(struct fake_conn *c)
{
    fake_answer(c, 200, STREAM, HELLO);
}

TEST(warm_up_and_all_answers_share_one_connection)
{
    setup(&myna_llm_openai_compatible, say_hello, model);
    w.llm->cls->warm(w.llm);
    while (!w.host.http || myna_http_active(w.host.http))
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    CHECK_HAS(w.server.last, "GET /v1/models HTTP/1.1\r\n");
    for (int i = 0; i < 3; i++) {
        ask();
        CHECK_STR(w.text, "Hello.");
        CHECK_EQ(w.dones, 1);
        CHECK_HAS(w.server.last, "POST /v1/chat/completions HTTP/1.1\r\n");
    }
    CHECK_EQ(w.server.n_accepted, 1);
    teardown();
}

TEST(L7_a_warm_up_that_finds_trouble_is_no_error)
{
    setup(&myna_llm_openai_compatible, fake_close, model);
    w.llm->cls->warm(w.llm);
    w.llm->cls->warm(w.llm); /* one is enough */
    CHECK_EQ(myna_http_active(w.host.http), 1);
    turn_until(&w.server.n_accepted, 1);
    ask();
    CHECK_EQ(w.faults, 1);
    CHECK(w.retryable);
    CHECK_HAS(w.fault, "closed without an answer");
    teardown();
}

static void say_nothing(struct fake_conn *c)
{
    (void)c;
    myna_loop_stop(w.host.loop);
}

TEST(L31_an_interruption_before_the_head_closes_the_socket_and_is_no_error)
{
    setup(&myna_llm_openai_compatible, say_nothing, model);
    begin();
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.server.n_closed, 0);
    hang_up();
    turn_until(&w.server.n_closed, 1);
    CHECK_EQ(w.dones + w.faults, 0);
    teardown();
}

static void say_half(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\n" STREAM "\r\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\" more\"}}]}\n\n");
}

TEST(an_interruption_from_inside_a_word_closes_the_socket_and_nothing_follows)
{
    setup(&myna_llm_openai_compatible, say_half, model);
    w.close_at_text = true;
    begin();
    turn_until(&w.server.n_closed, 1);
    CHECK_STR(w.text, "Half");
    CHECK_EQ(w.dones + w.faults, 0);
    teardown();
}

TEST(L30_silence_past_the_limit_is_a_fault_that_may_be_tried_again)
{
    /* Long enough that a machine that is busy elsewhere answers before it. */
    static const char *const settings[] = {"model", "m", "timeout", "3000", NULL};

    setup(&myna_llm_openai_compatible, say_half, settings);
    ask();
    CHECK_STR(w.text, "Half more");
    CHECK_EQ(w.faults, 1);
    CHECK(w.retryable);
    CHECK_HAS(w.fault, "nothing came for 3000 ms");
    teardown();
}

static void say_all_but_the_end(struct fake_conn *c)
{
    fake_say(
        c,
        "HTTP/1.1 200 OK\r\n" STREAM "\r\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"All.\"},\"finish_reason\":\"stop\"}]}\n\n");
}

TEST(a_server_that_forgets_to_end_its_answer_is_not_waited_for)
{
    setup(&myna_llm_openai_compatible, say_all_but_the_end, model);
    ask(); /* the limit is 60 s, the test's much less */
    CHECK_STR(w.text, "All.");
    CHECK_EQ(w.dones, 1);
    teardown();
}

static void say_404(struct fake_conn *c)
{
    fake_answer(c, 404, "", "Not Found");
}

TEST(L26_openclaw_without_its_endpoint_says_which_setting_is_off)
{
    setup(&myna_llm_openclaw, say_404, NULL);
    ask();
    CHECK_HAS(w.fault, "OpenClaw answered HTTP 404: Not Found (OpenClaw's chat endpoint is off");
    CHECK_HAS(w.fault, "gateway.http.endpoints.chatCompletions.enabled");
    CHECK_HAS(w.server.last, "x-openclaw-session-key: CA1\r\n");
    teardown();
}

static void refuse_sessions(struct fake_conn *c)
{
    bool again = strstr(w.server.last, "X-Hermes-Session-Id: S2") != NULL;

    if (!again && strstr(w.server.last, "X-Hermes-Session-Id"))
        fake_answer(c, 404, "", "{\"error\":{\"message\":\"Session not found\"}}");
    else
        fake_answer(c, 200, STREAM "X-Hermes-Session-Id: S2\r\n", HELLO);
}

TEST(L20_L21_hermes_gets_one_more_try_without_the_session_and_its_id_is_adopted)
{
    static const char *const settings[] = {"api_key", "s3cret", NULL};

    setup(&myna_llm_hermes, refuse_sessions, settings);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK(!strstr(w.server.last, "X-Hermes-Session-Id"));
    CHECK_EQ(w.server.conns[0].n_requests, 2);
    ask();
    CHECK_EQ(w.dones, 1);
    CHECK_HAS(w.server.last, "X-Hermes-Session-Id: S2\r\n");
    CHECK_EQ(w.server.conns[0].n_requests, 3);
    teardown();
}

static int n_asked;

static void say_429(struct fake_conn *c)
{
    const char *after = n_asked++ ? "Retry-After: 60\r\n" : "Retry-After: 1\r\n";

    if (n_asked == 2)
        say_hello(c);
    else
        fake_answer(c, 429, after, "{\"error\":{\"message\":\"slow down\"}}");
}

TEST(retry_after_is_kept_and_a_long_one_is_not_waited_for)
{
    myna_us before;

    n_asked = 0;
    setup(&myna_llm_openai_compatible, say_429, model);
    ask();
    CHECK_EQ(w.status, 429);
    CHECK(w.retryable);
    CHECK_HAS(w.fault, "HTTP 429: slow down");
    before = myna_loop_now(w.host.loop);
    ask(); /* the session tries again after 100 ms; the server asked for a second */
    CHECK_EQ(w.dones, 1);
    CHECK(myna_loop_now(w.host.loop) - before >= 900 * MYNA_MS);
    ask();
    CHECK(!w.retryable && w.status == 429);
    ask();
    CHECK_EQ(n_asked, 3); /* not asked again */
    CHECK_HAS(w.fault, "asked not to be asked again for another");
    teardown();
}

static void say_page(struct fake_conn *c)
{
    fake_answer(c, 200, "Content-Type: text/html\r\n", "<html>Sign in</html>");
}

TEST(a_web_page_is_named_as_one)
{
    setup(&myna_llm_openai_compatible, say_page, model);
    ask();
    CHECK(!w.retryable);
    CHECK_HAS(w.fault, "a web page answered instead of an agent");
    teardown();
}

TEST(nobody_there_is_a_fault_that_may_be_tried_again)
{
    setup(&myna_llm_openai_compatible, say_hello, model);
    CHECK_EQ(myna_config_set(w.cfg, "llm.openai_compatible.base_url", "http://127.0.0.1:1/v1", "t",
                             NULL),
             MYNA_OK);
    w.llm->cls->destroy(w.llm);
    CHECK_EQ(myna_llm_openai_compatible.create(&w.llm, &w.host, w.cfg, NULL), MYNA_OK);
    ask();
    CHECK(w.retryable);
    CHECK_HAS(w.fault, "is the server running?");
    teardown();
}

TEST_MAIN
