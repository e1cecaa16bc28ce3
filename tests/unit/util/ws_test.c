/* ws_test.c - frames by the RFC's own examples, and the client against a server in the same loop.
 */
#include "fake_ws.h"

#include "util/host.h"
#include "util/ws.h"

static struct myna_view view(const char *text)
{
    return (struct myna_view){(const uint8_t *)text, strlen(text)};
}

/* ---- pure */

TEST(a_key_is_answered_as_the_rfc_says)
{
    struct myna_buf b;
    uint8_t sha[20];

    myna_buf_init(&b, 0);
    CHECK(myna_sha1(view("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), sha));
    myna_base64_put(&b, (struct myna_view){sha, 20}, MYNA_BASE64);
    CHECK_STR(myna_buf_str(&b), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 1.3 */
    myna_buf_fini(&b);
}

TEST(base64_of_every_length_and_alphabet_reads_back)
{
    static const struct {
        const char *plain, *std, *url, *bare;
    } cases[] = {{"", "", "", ""},
                 {"f", "Zg==", "Zg==", "Zg"},
                 {"fo", "Zm8=", "Zm8=", "Zm8"},
                 {"foo", "Zm9v", "Zm9v", "Zm9v"},
                 {"\xfb\xff\xfe", "+//+", "-__-", "-__-"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *want[] = {cases[i].std, cases[i].url, cases[i].bare};

        for (int kind = 0; kind < 3; kind++) {
            struct myna_buf b, back;

            myna_buf_init(&b, 0);
            myna_buf_init(&back, 0);
            myna_base64_put(&b, view(cases[i].plain), (enum myna_base64)kind);
            CHECK_STR(myna_buf_str(&b), want[kind]);
            CHECK_EQ(myna_base64_read(&back, myna_buf_view(&b)), MYNA_OK);
            CHECK_STR(myna_buf_str(&back), cases[i].plain);
            myna_buf_fini(&b);
            myna_buf_fini(&back);
        }
    }
    for (int i = 0; i < 4; i++) {
        static const char *const bad[] = {"A", "A===", "Zm9v!", "Zg=a"};
        struct myna_buf b;

        myna_buf_init(&b, 0);
        CHECK_EQ(myna_base64_read(&b, view(bad[i])), MYNA_EINVAL);
        myna_buf_fini(&b);
    }
}

static int read_one(const char *bytes, size_t n, bool masked, size_t max, char *text, int *error)
{
    struct myna_ws_reader r;
    struct myna_view in = {(const uint8_t *)bytes, n}, body = {0};
    int op;

    myna_ws_reader_init(&r, masked, max);
    op = myna_ws_read(&r, &in, &body);
    if (op >= 0 && body.len > 0)
        memcpy(text, body.ptr, body.len);
    text[op >= 0 ? body.len : 0] = '\0';
    *error = r.error;
    myna_ws_reader_fini(&r);
    return op;
}

TEST(the_frames_of_the_rfc_are_read)
{
    char text[300];
    int error;

    /* 5.7: single unmasked, single masked, fragmented, ping */
    CHECK_EQ(read_one("\x81\x05Hello", 7, false, 100, text, &error), MYNA_WS_TEXT);
    CHECK_STR(text, "Hello");
    CHECK_EQ(read_one("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, true, 100, text, &error),
             MYNA_WS_TEXT);
    CHECK_STR(text, "Hello");
    CHECK_EQ(read_one("\x01\x03Hel\x80\x02lo", 9, false, 100, text, &error), MYNA_WS_TEXT);
    CHECK_STR(text, "Hello");
    CHECK_EQ(read_one("\x89\x05Hello", 7, false, 100, text, &error), MYNA_WS_PING);
    CHECK_EQ(read_one("\x81\x05Hell", 6, false, 100, text, &error), -1); /* not yet */
}

TEST(a_frame_that_breaks_the_rules_is_refused_with_its_code)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool masked;
        int code;
    } cases[] = {
        {"\xc1\x01x", 3, false, 1002},
        {"\x81\x81"
         "abcdx",
         7, false, 1002},
        {"\x81\x01x", 3, true, 1002},
        {"\x83\x01x", 3, false, 1002},
        {"\x09\x01x", 3, false, 1002},
        {"\x89\x7e\x01\x00", 4, false, 1002},
        {"\x80\x01x", 3, false, 1002},
        {"\x01\x01x\x01\x01x", 6, false, 1002},
        {"\x82\x7e\xff\xff", 4, false, 1009},
        {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, false, 1009},
        {"\x81\x01\xff", 3, false, 1007},
        {"\x88\x01x", 3, false, 1002},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        int error;

        CHECK_EQ(read_one(cases[i].bytes, cases[i].n, cases[i].masked, 1000, text, &error), -2);
        CHECK_EQ(error, cases[i].code);
    }
}

TEST(what_is_written_is_read_back_at_every_length_and_cut)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};
    static uint8_t data[70000];
    static const uint8_t mask[4] = {1, 2, 250, 7};

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t k = 0; k < 2 * sizeof lengths / sizeof *lengths; k++) {
        size_t len = lengths[k / 2], step = k & 1 ? 1 : 4096, got = 0;
        struct myna_ws_reader r;
        struct myna_buf b;

        myna_buf_init(&b, 1 << 20);
        myna_ws_put_frame(&b, MYNA_WS_BINARY, (struct myna_view){data, len}, mask);
        myna_ws_reader_init(&r, true, 1 << 20);
        for (size_t at = 0; at < b.len; at += step) {
            struct myna_view in = {b.ptr + at, b.len - at < step ? b.len - at : step}, body;
            int op = myna_ws_read(&r, &in, &body);

            CHECK(op == -1 || op == MYNA_WS_BINARY);
            if (op == MYNA_WS_BINARY) {
                got++;
                CHECK_EQ(body.len, len);
                CHECK(len == 0 || !memcmp(body.ptr, data, len));
            }
        }
        CHECK_EQ(got, 1);
        myna_ws_reader_fini(&r);
        myna_buf_fini(&b);
    }
}

/* ---- the client */

static struct {
    struct myna_host host;
    struct fake_http server;
    struct fake_conn *conn;
    struct myna_ws *ws;
    int opened, closed, messages, code, status;
    bool text, upgraded, failed, destroy_in_message;
    char last[300], said[700];
    struct myna_ws_reader from_client;
    const char *refusal; /* instead of an upgrade */
    const char *wrong_accept;
} w;

static void say_frame(enum myna_ws_opcode op, const char *text)
{
    fake_ws_send(w.conn, op, view(text));
}

static void upgrade(struct fake_conn *c)
{
    CHECK(strstr(c->request, "GET /rtc/v1?x=1 HTTP/1.1\r\n"));
    CHECK(strstr(c->request, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    CHECK(strstr(c->request, "Authorization: Bearer sesame-street\r\n"));
    fake_ws_upgrade(c, w.wrong_accept);
    w.upgraded = true;
    w.conn = c;
}

/* The server: an upgrade or a refusal, then an echo of messages; text "drop" cuts the line. */
static void server_bytes(struct fake_conn *c)
{
    struct myna_view in, body;
    int op;

    if (!w.upgraded) {
        if (!fake_whole(c))
            return;
        if (w.refusal)
            fake_say(c, w.refusal);
        else
            upgrade(c);
        return;
    }
    in = (struct myna_view){(const uint8_t *)c->request, c->len};
    while ((op = myna_ws_read(&w.from_client, &in, &body)) >= 0) {
        char text[200];

        snprintf(text, sizeof text, "%.*s", (int)(body.len < 199 ? body.len : 199),
                 (const char *)body.ptr);
        if (op == MYNA_WS_TEXT && !strcmp(text, "drop")) {
            fake_close(c);
            return;
        }
        if (op == MYNA_WS_TEXT || op == MYNA_WS_CLOSE)
            say_frame((enum myna_ws_opcode)op, text);
        if (op == MYNA_WS_PONG)
            say_frame(MYNA_WS_TEXT, text);
    }
    CHECK_EQ(op, -1);
    c->len = 0;
}

static void on_opened(void *arg, struct myna_ws *ws)
{
    (void)arg, (void)ws;
    w.opened++;
    myna_loop_stop(w.host.loop);
}

static void on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text)
{
    (void)arg;
    w.messages++;
    w.text = is_text;
    snprintf(w.last, sizeof w.last, "%.*s", (int)(body.len < 299 ? body.len : 299),
             (const char *)body.ptr);
    if (w.destroy_in_message) {
        myna_ws_destroy(ws);
        w.ws = NULL;
    }
    myna_loop_stop(w.host.loop);
}

static void on_closed(void *arg, struct myna_ws *ws, const struct myna_ws_end *end)
{
    (void)arg, (void)ws;
    w.closed++;
    w.ws = NULL;
    w.code = end->code;
    w.failed = end->error != NULL;
    w.status = end->error ? end->error->status : 0;
    snprintf(w.said, sizeof w.said, "%s", end->message);
    myna_loop_stop(w.host.loop);
}

static void open_world(void)
{
    struct myna_loop_options lo = {.workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK(w.host.loop);
    myna_rand_seed(&w.host.rand, 7);
    fake_open(&w.server, w.host.loop, NULL);
    w.server.bytes = server_bytes;
    myna_ws_reader_init(&w.from_client, true, 1 << 20);
}

static void connect_client(int upgrade_ms, int ping_ms)
{
    struct myna_http_header headers[] = {{"Authorization", "Bearer sesame-street", true}};
    char url[80];
    struct myna_ws_open how = {.url = url,
                               .headers = headers,
                               .n_headers = 1,
                               .upgrade_ms = upgrade_ms,
                               .ping_ms = ping_ms,
                               .max_message = 100000,
                               .max_queued = 100000,
                               .opened = on_opened,
                               .message = on_message,
                               .closed = on_closed};

    snprintf(url, sizeof url, "ws://127.0.0.1:%d/rtc/v1?x=1", w.server.port);
    CHECK_EQ(myna_ws_open(&w.host, &how, &w.ws), MYNA_OK);
    CHECK_EQ(w.opened + w.closed, 0); /* never from inside */
    myna_loop_run(w.host.loop);
}

static void close_world(void)
{
    myna_ws_destroy(w.ws);
    myna_ws_reader_fini(&w.from_client);
    fake_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
}

TEST(messages_go_both_ways_in_order)
{
    open_world();
    connect_client(0, 0);
    CHECK_EQ(w.opened, 1);
    CHECK_EQ(myna_ws_send(w.ws, view("one"), true), MYNA_OK);
    CHECK_EQ(myna_ws_send(w.ws, view("two"), true), MYNA_OK);
    while (w.messages < 2)
        myna_loop_run(w.host.loop);
    CHECK_STR(w.last, "two");
    CHECK(w.text);
    CHECK_EQ(myna_ws_queued(w.ws), 0);
    close_world();
}

TEST(a_ping_is_answered_with_its_words)
{
    open_world();
    connect_client(0, 0);
    say_frame(MYNA_WS_PING, "are you there");
    myna_loop_run(w.host.loop);
    CHECK_STR(w.last, "are you there"); /* the server sends the pong back as a text */
    close_world();
}

TEST(a_close_of_ours_is_answered_and_told)
{
    open_world();
    connect_client(0, 0);
    myna_ws_close(w.ws, MYNA_WS_NORMAL, "bye");
    CHECK_EQ(myna_ws_send(w.ws, view("late"), true), MYNA_ESTATE);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.closed, 1);
    CHECK_EQ(w.code, 1000);
    CHECK(!w.failed);
    close_world();
}

TEST(a_close_of_theirs_tells_code_and_words)
{
    open_world();
    connect_client(0, 0);
    say_frame(MYNA_WS_CLOSE, "\x03\xe9going away");
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.closed, 1);
    CHECK_EQ(w.code, 1001);
    CHECK_HAS(w.said, "going away");
    close_world();
}

TEST(a_line_that_breaks_is_told_once)
{
    open_world();
    connect_client(0, 0);
    CHECK_EQ(myna_ws_send(w.ws, view("drop"), true), MYNA_OK);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.closed, 1);
    CHECK_EQ(w.code, MYNA_WS_DROPPED);
    CHECK(!w.failed);
    close_world();
}

TEST(a_frame_against_the_rules_ends_it)
{
    open_world();
    connect_client(0, 0);
    fake_send(w.conn, "\xf1\x01x", 3);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.code, 1002);
    CHECK_HAS(w.said, "reserved bit");
    close_world();
}

TEST(a_refusal_is_told_with_status_and_words_but_without_the_key)
{
    open_world();
    w.refusal =
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 38\r\n\r\ninvalid token: sesame-street, "
        "error: x";
    connect_client(0, 0);
    CHECK_EQ(w.closed, 1);
    CHECK(w.failed);
    CHECK_EQ(w.status, 401);
    CHECK_HAS(w.said, "HTTP 401: invalid token: ***, error: x");
    CHECK(!strstr(w.said, "sesame"));
    close_world();
}

TEST(a_wrong_answer_to_the_key_is_no_websocket)
{
    open_world();
    w.wrong_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    connect_client(0, 0);
    CHECK(w.failed);
    CHECK_HAS(w.said, "breaks the WebSocket handshake");
    close_world();
}

TEST(a_server_that_is_silent_is_left_after_the_limit)
{
    open_world();
    w.refusal = "";
    connect_client(30, 0);
    CHECK(w.failed);
    CHECK_HAS(w.said, "no answer to the WebSocket handshake within 30 ms");
    close_world();
}

TEST(nobody_there_is_said_with_the_address)
{
    open_world();
    fake_shut(&w.server);
    connect_client(0, 0);
    CHECK(w.failed);
    CHECK_HAS(w.said, "nobody answers there");
    fake_open(&w.server, w.host.loop, NULL);
    close_world();
}

TEST(a_silent_line_is_pinged_and_then_given_up)
{
    open_world();
    connect_client(0, 20);
    w.server.bytes = NULL;
    w.server.answer = NULL;
    myna_loop_poll_events(w.conn->poll, 0); /* the server reads no more */
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.closed, 1);
    CHECK_EQ(w.code, MYNA_WS_DROPPED);
    CHECK_HAS(w.said, "nothing comes any more");
    close_world();
}

TEST(more_than_may_wait_is_refused_not_kept)
{
    static char big[90000];
    int sent = 0;

    open_world();
    connect_client(0, 0);
    myna_loop_poll_events(w.conn->poll, 0);
    memset(big, 'x', sizeof big);
    while (sent < 1000 &&
           myna_ws_send(w.ws, (struct myna_view){(uint8_t *)big, sizeof big}, false) == MYNA_OK)
        sent++;
    CHECK(sent > 0 && sent < 1000);
    CHECK(myna_ws_queued(w.ws) <= 100000 + 100);
    CHECK_EQ(myna_ws_send(w.ws, (struct myna_view){(uint8_t *)big, sizeof big}, false),
             MYNA_ELIMIT);
    close_world();
}

TEST(it_may_be_destroyed_from_inside_a_message)
{
    open_world();
    connect_client(0, 0);
    w.destroy_in_message = true;
    say_frame(MYNA_WS_TEXT, "one");
    say_frame(MYNA_WS_TEXT, "two");
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.messages, 1);
    CHECK_EQ(w.closed, 0);
    close_world();
}

TEST_MAIN
