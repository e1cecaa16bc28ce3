/* http_test.c - the client against a server in the same loop that answers what the test says. Waits
 * are for bytes; the few limits are a few milliseconds long, and none that must be kept. */
#include "fake_http.h"
#include "fault.h"

#include "util/buf.h"
#include "util/host.h"
#include "util/http.h"
#include "util/http_wait.h"

static struct {
    struct myna_host host;
    struct fake_http server;
    struct myna_http_request *rq;
    char url[64];
    char body[4096]; /* what was told */
    size_t arrived;
    int heads, dones, status;
    bool failed, reused, began;
    enum myna_http_kind kind;
    int64_t retry_after_ms;
    char message[700], excerpt[700], echo[64];
    struct fake_conn *conn; /* the one that asked last */
    bool stop_at_done;
} w;

static void open_world(bool virtual_clock, void (*answer)(struct fake_conn *c))
{
    struct myna_loop_options lo = {.virtual_clock = virtual_clock, .workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK(w.host.loop);
    fake_open(&w.server, w.host.loop, answer);
    snprintf(w.url, sizeof w.url, "http://127.0.0.1:%d/v1/x?key=hidden", w.server.port);
    w.stop_at_done = true;
}

static void close_world(void)
{
    fake_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    const char *echo = myna_http_header(rq, "x-echo");

    (void)arg;
    w.heads++;
    w.status = status;
    w.reused = myna_http_reused(rq);
    snprintf(w.echo, sizeof w.echo, "%s", echo ? echo : "");
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view v)
{
    (void)arg;
    (void)rq;
    for (size_t i = 0; i < v.len; i++, w.arrived++)
        if (w.arrived < sizeof w.body - 1)
            w.body[w.arrived] = (char)v.ptr[i];
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    (void)arg;
    (void)rq;
    w.dones++;
    w.failed = e != NULL;
    w.rq = NULL;
    if (e) {
        w.kind = e->kind;
        w.status = e->status;
        w.began = e->began;
        w.retry_after_ms = e->retry_after_ms;
        snprintf(w.message, sizeof w.message, "%s", e->message);
        snprintf(w.excerpt, sizeof w.excerpt, "%s", e->excerpt);
    }
    if (w.stop_at_done)
        myna_loop_stop(w.host.loop);
}

static struct myna_http_start get(void)
{
    return (struct myna_http_start){
        .url = w.url, .head = on_head, .data = on_data, .done = on_done};
}

static void start(struct myna_http_start how)
{
    w.heads = w.dones = w.status = 0;
    w.arrived = 0;
    memset(w.body, 0, sizeof w.body);
    CHECK(myna_host_http(&w.host));
    CHECK_EQ(myna_http_start(w.host.http, &how, &w.rq), MYNA_OK);
    CHECK_EQ(w.heads + w.dones, 0); /* nothing from inside */
}

static void ask(struct myna_http_start how)
{
    start(how);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.dones, 1);
}

static void answer_hello(struct fake_conn *c)
{
    fake_answer(c, 200, "X-Echo:  there \r\n", "hello");
}

TEST(an_answer_arrives_whole_and_the_connection_serves_again)
{
    struct myna_http_header h[] = {{"Authorization", "Bearer k-12345", true}, {"X-Empty", "", 0}};
    struct myna_http_start how;

    open_world(false, answer_hello);
    how = get();
    how.headers = h;
    how.n_headers = 2;
    ask(how);
    CHECK(!w.failed && w.heads == 1);
    CHECK_STR(w.body, "hello");
    CHECK_STR(w.echo, "there ");
    CHECK(!w.reused);
    CHECK_HAS(w.server.last, "GET /v1/x?key=hidden HTTP/1.1\r\n");
    CHECK_HAS(w.server.last, "Authorization: Bearer k-12345\r\n");
    CHECK_HAS(w.server.last, "X-Empty:\r\n");
    how.body = myna_view_of("{\"a\":1}");
    ask(how);
    CHECK(w.reused);
    CHECK_EQ(w.server.n_accepted, 1);
    CHECK_HAS(w.server.last, "POST /v1/x");
    CHECK_HAS(w.server.last, "\r\n\r\n{\"a\":1}");
    CHECK(!strstr(w.server.last, "Expect"));
    CHECK_EQ(myna_http_active(w.host.http), 0);
    close_world();
}

static void answer_in_pieces(struct fake_conn *c)
{
    fake_say(c,
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    fake_say(c, "3\r\nabc\r\n");
    fake_say(c, "2\r\nde\r\n0\r\nX-Echo: trailer\r\n\r\n");
}

static void answer_busy(struct fake_conn *c)
{
    fake_answer(c, 503, "", "busy");
}

static void answer_never(struct fake_conn *c)
{
    (void)c;
}

TEST(a_request_that_is_waited_for_is_answered_refused_or_given_up_when_it_returns)
{
    struct myna_http_start how = {.url = w.url, .total_ms = 20};
    struct myna_http_answer a;

    open_world(false, answer_hello);
    CHECK_EQ(myna_http_wait(&w.host, &(struct myna_http_start){.url = w.url}, &a), MYNA_OK);
    CHECK_EQ(a.status, 200);
    CHECK_STR(myna_buf_str(&a.body), "hello");
    CHECK_STR(a.message, "");
    myna_http_answer_fini(&a);
    w.server.answer = answer_busy;
    CHECK_EQ(myna_http_wait(&w.host, &(struct myna_http_start){.url = w.url}, &a), MYNA_OK);
    CHECK_EQ(a.status, 503);
    CHECK_EQ(a.body.len, 0);
    CHECK_HAS(a.message, "503");
    CHECK(!a.slow);
    myna_http_answer_fini(&a);
    w.server.answer = answer_never;
    CHECK_EQ(myna_http_wait(&w.host, &how, &a), MYNA_OK);
    CHECK_EQ(a.status, 0);
    CHECK(a.slow);
    myna_http_answer_fini(&a);
    close_world();
}

TEST(chunks_trailers_and_interim_answers_are_read)
{
    open_world(false, answer_in_pieces);
    ask(get());
    CHECK(!w.failed && w.heads == 1 && w.status == 200);
    CHECK_STR(w.body, "abcde");
    CHECK_STR(w.echo, "");
    close_world();
}

static void answer_429(struct fake_conn *c)
{
    fake_answer(c, 429, "Retry-After: 7\r\n", "{\"error\":\n\t\"key k-12345 is  tired\"}");
}

TEST(a_bad_status_is_an_error_with_what_the_server_said_and_without_the_key)
{
    struct myna_http_header h = {"Authorization", "Bearer k-12345", true};
    struct myna_http_start how;

    open_world(false, answer_429);
    how = get();
    how.headers = &h;
    how.n_headers = 1;
    ask(how);
    CHECK(w.failed && !w.heads && !w.arrived);
    CHECK_EQ(w.kind, MYNA_HTTP_STATUS);
    CHECK_EQ(w.status, 429);
    CHECK_EQ(w.retry_after_ms, 7000);
    CHECK_STR(w.excerpt, "{\"error\": \"key *** is tired\"}");
    CHECK_HAS(w.message, "/v1/x: HTTP 429: {");
    CHECK(!strstr(w.message, "hidden") && !strstr(w.message, "12345"));
    ask(how); /* its connection serves again as well */
    CHECK_EQ(w.server.n_accepted, 1);
    close_world();
}

static void answer_nothing(struct fake_conn *c)
{
    w.conn = c;
    myna_loop_stop(w.host.loop);
}

static void stop_when_closed(struct fake_conn *c)
{
    (void)c;
    myna_loop_stop(w.host.loop);
}

TEST(cancel_before_the_head_closes_the_socket_and_tells_nothing)
{
    open_world(false, answer_nothing);
    w.server.closed = stop_when_closed;
    start(get());
    myna_loop_run(w.host.loop); /* until the server has the request */
    CHECK_EQ(w.server.n_closed, 0);
    myna_http_cancel(w.rq);
    myna_loop_run(w.host.loop); /* until it sees the end */
    CHECK_EQ(w.server.n_closed, 1);
    CHECK_EQ(w.heads + w.dones, 0);
    CHECK_EQ(myna_http_active(w.host.http), 0);
    close_world();
}

static void cancel_on_data(void *arg, struct myna_http_request *rq, struct myna_view v)
{
    on_data(arg, rq, v);
    myna_http_cancel(rq);
}

static void answer_begins(struct fake_conn *c)
{
    w.conn = c;
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
}

TEST(cancel_from_inside_data_closes_the_socket_too)
{
    struct myna_http_start how;

    open_world(false, answer_begins);
    w.server.closed = stop_when_closed;
    how = get();
    how.data = cancel_on_data;
    start(how);
    myna_loop_run(w.host.loop);
    CHECK_STR(w.body, "begin");
    CHECK_EQ(w.server.n_closed, 1);
    CHECK_EQ(w.dones, 0);
    close_world();
}

static void drain_on_data(void *arg, struct myna_http_request *rq, struct myna_view v)
{
    on_data(arg, rq, v);
    myna_http_drain(rq);
    w.server.answer = answer_hello;
    fake_say(w.conn, "12345 rest of it"); /* 5 + 16 of 21 */
}

static void answer_21(struct fake_conn *c)
{
    w.conn = c;
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\nbegin");
}

TEST(a_drained_request_leaves_its_connection_for_the_next)
{
    struct myna_http_start how;

    open_world(false, answer_21);
    how = get();
    how.data = drain_on_data;
    start(how);
    while (!w.arrived || myna_http_active(w.host.http))
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    CHECK_STR(w.body, "begin");
    CHECK_EQ(w.dones, 0);
    ask(get());
    CHECK_STR(w.body, "hello");
    CHECK_EQ(w.server.n_accepted, 1);
    close_world();
}

static void second_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    on_done(arg, rq, e);
    myna_loop_stop(w.host.loop);
}

static void ask_again(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct myna_http_start how = get();

    on_done(arg, rq, e);
    w.arrived = 0;
    how.done = second_done;
    CHECK_EQ(myna_http_start(w.host.http, &how, &w.rq), MYNA_OK);
}

TEST(a_callback_may_start_the_next_request)
{
    struct myna_http_start how;

    open_world(false, answer_hello);
    w.stop_at_done = false;
    how = get();
    how.done = ask_again;
    start(how);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.dones, 2);
    CHECK_STR(w.body, "hello");
    close_world();
}

static void answer_and_close(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
    fake_close(c);
}

static void just_close(struct fake_conn *c)
{
    fake_close(c);
}

static void answer_ssh(struct fake_conn *c)
{
    fake_say(c, "SSH-2.0-OpenSSH_9.2\r\n");
    fake_close(c);
}

static void answer_endless_head(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 3000; i++)
        fake_say(c, "X-Long: 0123456789012345678901234567890123456789\r\n");
}

static void answer_late(struct fake_conn *c)
{
    (void)c;
}

static void answer_redirect(struct fake_conn *c)
{
    fake_answer(c, 302, "Location: http://elsewhere/\r\n", "");
}

TEST(each_way_to_fail_has_its_kind_and_its_sentence)
{
    static const struct {
        void (*answer)(struct fake_conn *c);
        const char *url; /* NULL: the server's */
        enum myna_http_kind kind;
        const char *says;
        bool began;
    } cases[] = {
        {answer_and_close, NULL, MYNA_HTTP_RESET, "closed in the middle of the answer", true},
        {just_close, NULL, MYNA_HTTP_RESET, "closed without an answer", false},
        {answer_ssh, NULL, MYNA_HTTP_PROTOCOL, "does not speak HTTP", false},
        {answer_endless_head, NULL, MYNA_HTTP_TOO_LARGE, "65536 bytes of headers", false},
        {answer_late, NULL, MYNA_HTTP_TIMEOUT, "no answer within 30 ms", false},
        {answer_begins, NULL, MYNA_HTTP_TIMEOUT, "nothing came for 30 ms", true},
        {answer_redirect, NULL, MYNA_HTTP_STATUS, "HTTP 302", false},
        {answer_hello, "http://127.0.0.1:1/v1", MYNA_HTTP_REFUSED, "is the server running", false},
        {answer_hello, "ftp://127.0.0.1/", MYNA_HTTP_URL, "no http:// or https://", false},
        {answer_hello, "", MYNA_HTTP_URL, "no http:// or https://", false},
        {answer_hello, "http://nobody.invalid/", MYNA_HTTP_DNS, "the name is not known", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct myna_http_start how;

        open_world(false, cases[i].answer);
        how = get();
        if (cases[i].kind == MYNA_HTTP_TIMEOUT) /* one limit each: what must come takes its time */
            *(cases[i].began ? &how.idle_ms : &how.first_byte_ms) = 30;
        if (cases[i].url)
            how.url = cases[i].url;
        ask(how);
        CHECK(w.failed);
        CHECK_EQ(w.kind, cases[i].kind);
        CHECK_HAS(w.message, cases[i].says);
        CHECK_EQ(w.began, cases[i].began);
        CHECK_EQ(w.retry_after_ms, -1);
        close_world();
    }
}

static void answer_in_clear(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    fake_close(c);
}

TEST(tls_to_a_server_without_it_is_named)
{
    struct myna_http_start how;
    char url[64];

    open_world(false, NULL);
    w.server.bytes = answer_in_clear;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", w.server.port);
    how = get();
    how.url = url;
    ask(how);
    CHECK(w.failed);
    CHECK_EQ(w.kind, MYNA_HTTP_TLS);
    CHECK_HAS(w.message, "no safe connection: ");
    close_world();
}

TEST(a_header_that_would_be_two_is_refused)
{
    struct myna_http_header h = {"X-A", "1\r\nX-B: 2", false};
    struct myna_http_start how;

    open_world(false, answer_hello);
    how = get();
    how.headers = &h;
    how.n_headers = 1;
    ask(how);
    CHECK(w.failed);
    CHECK_EQ(w.kind, MYNA_HTTP_URL);
    CHECK_HAS(w.message, "header 'X-A' cannot be sent");
    CHECK_EQ(w.server.n_accepted, 0);
    close_world();
}

static char big[300000];

static void answer_big(struct fake_conn *c)
{
    w.conn = c;
    memset(big, 'x', sizeof big - 1);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    fake_answer(c, 200, "", big);
}

TEST(a_body_past_its_limit_is_not_read_on)
{
    struct myna_http_start how;

    open_world(false, answer_big);
    how = get();
    how.max_body = 100000;
    ask(how);
    CHECK(w.failed && w.arrived <= 100000);
    CHECK_EQ(w.kind, MYNA_HTTP_TOO_LARGE);
    CHECK_HAS(w.message, "more than 100000 bytes");
    close_world();
}

TEST(while_paused_nothing_is_told_and_afterwards_all_of_it)
{
    struct myna_http_start how;
    struct myna_http_request *rq;

    open_world(false, answer_big);
    how = get();
    how.idle_ms = 1000; /* does not count while paused */
    start(how);
    rq = w.rq;
    myna_http_pause(rq, true);
    while (!w.heads && !w.dones)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 1500 * MYNA_MS);
    CHECK_EQ(w.heads, 1);
    CHECK_EQ(w.arrived + (size_t)w.dones, 0);
    myna_http_pause(rq, false);
    myna_loop_run(w.host.loop);
    CHECK(w.dones == 1 && !w.failed);
    CHECK_EQ(w.arrived, sizeof big - 1);
    close_world();
}

static myna_us fired_at;
static bool answered_before;

static void on_far_timer(struct myna_timer *t)
{
    fired_at = myna_loop_now(t->in);
    answered_before = w.dones == 1;
    myna_loop_stop(t->in);
}

TEST(the_virtual_clock_stands_still_while_a_request_is_out)
{
    struct myna_timer t;
    struct myna_http_start how;

    for (int background = 0; background < 2; background++) {
        open_world(true, answer_hello);
        w.stop_at_done = false;
        myna_loop_timer_init(w.host.loop, &t, on_far_timer, NULL);
        CHECK_EQ(myna_timer_set(&t, 3600 * MYNA_S), MYNA_OK);
        how = get();
        how.background = background;
        start(how);
        myna_loop_run(w.host.loop);
        CHECK_EQ(fired_at, 3600 * MYNA_S);
        CHECK_EQ(answered_before, !background); /* jumped at once when nobody waits */
        CHECK_EQ(w.dones, background ? 0 : 1);
        close_world();
    }
}

TEST(a_delayed_request_waits_in_real_time)
{
    struct myna_http_start how;

    open_world(true, answer_hello);
    how = get();
    how.delay_ms = 20;
    ask(how);
    CHECK_STR(w.body, "hello");
    CHECK_EQ(myna_loop_now(w.host.loop), 0); /* of the virtual clock */
    close_world();
}

TEST(an_idle_client_does_not_keep_the_loop_going)
{
    open_world(false, answer_hello);
    w.stop_at_done = false;
    start(get());
    while (!w.dones)
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + MYNA_MS);
    fake_shut(&w.server); /* its polls would */
    myna_loop_run(w.host.loop);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

static bool one_request(void *arg)
{
    struct myna_http_header h = {"Authorization", "Bearer k-12345", true};
    struct myna_http_start how;
    struct myna_http *http;
    bool good = false;

    (void)arg;
    open_world(false, answer_hello); /* CHECKs of its own would end the case: allocate before */
    how = get();
    how.headers = &h;
    how.n_headers = 1;
    how.body = myna_view_of("body");
    http = myna_host_http(&w.host);
    if (http && !myna_http_start(http, &how, &w.rq)) {
        myna_loop_run(w.host.loop);
        good = w.dones == 1 && !w.failed;
    }
    close_world();
    return good;
}

/* The server and loop are made with the same allocator, so the failures that hit them are passed
 * over: only the client's own are asked for. */
TEST(each_allocation_of_the_client_may_fail)
{
    unsigned long n;

    CHECK(one_request(NULL)); /* libcurl and OpenSSL set themselves up once */
    for (n = 1; n < 200; n++) {
        struct myna_http_header h = {"Authorization", "Bearer k-12345", true};
        struct myna_http_start how;
        struct myna_http *http;
        bool hit, good = false;

        open_world(false, answer_hello);
        how = get();
        how.headers = &h;
        how.n_headers = 1;
        how.body = myna_view_of("body");
        fault_fail_alloc(n);
        http = myna_host_http(&w.host);
        if (http && !myna_http_start(http, &how, &w.rq)) {
            myna_loop_run(w.host.loop);
            CHECK_EQ(w.dones, 1);
            good = !w.failed;
        }
        hit = fault_hit();
        fault_off();
        close_world();
        if (!hit) {
            CHECK(good);
            break;
        }
        CHECK(!good || w.dones == 1);
    }
    CHECK(n > 8 && n < 200);
}

TEST(retry_after_is_read_as_seconds_and_as_a_date)
{
    int64_t now = INT64_C(1445412480000); /* Wed, 21 Oct 2015 07:28:00 GMT */

    CHECK_EQ(myna_http_retry_after("120", now), 120000);
    CHECK_EQ(myna_http_retry_after("0 ", now), 0);
    CHECK_EQ(myna_http_retry_after("99999999999999", now), 86400000);
    CHECK_EQ(myna_http_retry_after("Wed, 21 Oct 2015 07:28:30 GMT", now), 30000);
    CHECK_EQ(myna_http_retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now), 0);
    CHECK_EQ(myna_http_retry_after("Wed, 21 Oct 2025 07:00:00 GMT", now), 86400000);
    CHECK_EQ(myna_http_retry_after("1.5", now), -1);
    CHECK_EQ(myna_http_retry_after("soon", now), -1);
    CHECK_EQ(myna_http_retry_after("Wed, 21 Okt 2015 07:28:30 GMT", now), -1);
    CHECK_EQ(myna_http_retry_after("", now), -1);
}

TEST(a_url_is_shown_without_what_is_nobodys_business)
{
    static const struct {
        const char *url, *shown;
        bool loopback;
    } cases[] = {
        {"http://u:p@h:1/a/b?key=k#f", "http://h:1/a/b", false},
        {"https://h", "https://h", false},
        {"http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1", true},
        {"http://localhost/v1", "http://localhost/v1", true},
        {"http://[::1]:80/", "http://[::1]:80/", true},
        {"http://127.evil.example/", "http://127.evil.example/", false},
        {"http://localhost.evil.example/", "http://localhost.evil.example/", false},
        {"http://127.0.0.1@evil.example/", "http://evil.example/", false},
        {"nonsense", "", false},
        {"http:///x", "", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char shown[100];

        myna_http_show_url(cases[i].url, shown, sizeof shown);
        CHECK_STR(shown, cases[i].shown);
        CHECK_EQ(myna_http_is_loopback(cases[i].url), cases[i].loopback);
    }
}

TEST(an_excerpt_is_one_line_of_200_characters_without_secrets)
{
    static const char *const secrets[] = {"sk-secret", "ab", NULL};
    char text[5000], want[700] = "";
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_http_excerpt(&b, myna_view_of("  a\r\n\tb\x01 sk-secret \xff ab "), secrets, 3);
    CHECK_STR(myna_buf_str(&b), "a b *** \xEF\xBF\xBD ab");
    myna_buf_clear(&b);
    for (int i = 0; i < 2000; i++)
        memcpy(text + 2 * i, "\xC3\xA4", 2);
    text[4000] = '\0';
    memcpy(want, text, 400);
    myna_http_excerpt(&b, myna_view_of(text), NULL, 0);
    CHECK_STR(myna_buf_str(&b), want);
    myna_buf_fini(&b);
}

TEST_MAIN
