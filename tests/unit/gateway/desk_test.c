/* desk_test.c - announcements: what waits and for how long (voice-gateway 13), requests read byte
 * by byte, and the desk itself over a socket of this machine. */
#include "gateway/desk.h"
#include "gateway/home.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "turns.h"

#include "util/host.h"
#include "util/loop.h"

#define HOUR ((int64_t)3600 * 1000)

static void takes(struct myna_gw_home *h, int64_t at, const char *want)
{
    char *text = myna_gw_home_take(h, at);

    if (want)
        CHECK_STR(text, want);
    else
        CHECK(!text);
    free(text);
}

TEST(what_waits_is_delivered_once_oldest_first)
{
    struct myna_gw_home h = {0};

    CHECK(myna_gw_home_keep(&h, "one", 0));
    CHECK(myna_gw_home_keep(&h, "two", HOUR));
    takes(&h, 2 * HOUR, "one");
    takes(&h, 2 * HOUR, "two");
    takes(&h, 2 * HOUR, NULL);
    myna_gw_home_fini(&h);
}

TEST(after_a_day_it_is_forgotten_and_more_than_twenty_do_not_wait)
{
    struct myna_gw_home h = {0};
    char text[16];

    CHECK(myna_gw_home_keep(&h, "old", 0));
    CHECK(myna_gw_home_keep(&h, "new", HOUR));
    CHECK_EQ(myna_gw_home_count(&h, 24 * HOUR - 1), 2);
    CHECK_EQ(myna_gw_home_count(&h, 24 * HOUR), 1);
    takes(&h, 24 * HOUR, "new");
    for (int i = 0; i < 25; i++) {
        snprintf(text, sizeof text, "%d", i);
        CHECK(myna_gw_home_keep(&h, text, 0));
    }
    CHECK_EQ(myna_gw_home_count(&h, 1), MYNA_GW_HOME_MAX);
    takes(&h, 1, "5");
    myna_gw_home_fini(&h);
}

static bool same(const char *text, size_t len, const char *want)
{
    return len == strlen(want) && !memcmp(text, want, len);
}

TEST(a_request_is_whole_with_its_last_byte_and_not_before)
{
    static const char text[] = "POST /v1/announce?x=1 HTTP/1.1\r\nHost: a\r\n"
                               "authorization:  bearer  s3cret \r\nContent-Length: 4\r\n\r\nbody";
    struct myna_gw_request rq;
    size_t n = sizeof text - 1;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(myna_gw_request_read(text, i, &rq), MYNA_GW_REQUEST_MORE);
    CHECK_EQ(myna_gw_request_read(text, n, &rq), MYNA_GW_REQUEST_WHOLE);
    CHECK(same(rq.method, rq.method_len, "POST"));
    CHECK(same(rq.path, rq.path_len, "/v1/announce"));
    CHECK(same(rq.bearer, rq.bearer_len, " s3cret") || same(rq.bearer, rq.bearer_len, "s3cret"));
    CHECK(same(rq.body, rq.body_len, "body"));
}

static enum myna_gw_request_state state_of(const char *text)
{
    struct myna_gw_request rq;

    return myna_gw_request_read(text, strlen(text), &rq);
}

TEST(what_is_no_request_is_bad)
{
    CHECK_EQ(state_of("GET / HTTP/1.1\r\n\r\n"), MYNA_GW_REQUEST_WHOLE);
    CHECK_EQ(state_of("\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET /\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET  HTTP/1.1\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nContent-Length:\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
             MYNA_GW_REQUEST_BAD);
    CHECK_EQ(state_of("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), MYNA_GW_REQUEST_BAD);
}

/* ---- over a socket */

#define TOKEN "a-token-of-the-test"

static struct {
    struct myna_host host;
    struct myna_gw_desk *desk;
    char said[64], room[64];
    int announced;
    bool given_up;
    size_t waiting; /* what the next announcement is told */
    enum myna_err err;
} w;

static enum myna_err announce(void *arg, const char *room, const char *text, size_t *waiting)
{
    (void)arg;
    w.announced++;
    snprintf(w.said, sizeof w.said, "%s", text);
    snprintf(w.room, sizeof w.room, "%s", room ? room : "(ours)");
    *waiting = w.waiting;
    return w.err;
}

static json_t *status(void *arg)
{
    (void)arg;
    return json_pack("{s:s}", "room", "hermes");
}

static bool reconnect(void *arg, const char **state)
{
    (void)arg;
    *state = w.given_up ? "reconnecting" : "in room";
    return w.given_up;
}

static void open_world(void)
{
    static const struct myna_gw_desk_calls calls = {announce, status, reconnect};
    struct myna_loop_options lo = {.workers = 1};
    struct myna_why why = {0};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    CHECK_EQ(myna_gw_desk_open(&w.desk, &w.host, "127.0.0.1:0", TOKEN, &calls, NULL, &why),
             MYNA_OK);
}

static void close_world(void)
{
    myna_gw_desk_close(w.desk);
    myna_loop_destroy(w.host.loop);
}

/* What is answered until it is closed. The request goes piece by piece, as the desk takes it; it is
 * pressed on to its end after the answer too, as an HTTP client that does not look does. */
static const char *asked(const char *request, size_t len)
{
    static char answer[4096];
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)myna_gw_desk_port(w.desk)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ssize_t got;

    CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (int round = 0; n < len && round < 1000; round++) {
        got = send(fd, request + n, len - n < 10000 ? len - n : 10000, MSG_NOSIGNAL);
        n += got > 0 ? (size_t)got : 0;
        myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 2 * MYNA_MS);
    }
    CHECK_EQ(n, len); /* nobody hung up on it */
    turns_for(w.host.loop, 50);
    for (n = 0; (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0;)
        n += (size_t)got;
    CHECK_EQ(got, 0); /* its end, no reset */
    answer[n] = '\0';
    close(fd);
    return answer;
}

static const char *ask(const char *line, const char *token, const char *body)
{
    char request[1024];
    int n = snprintf(request, sizeof request,
                     "%s HTTP/1.1\r\nHost: x\r\n%s%s%sContent-Length: %zu\r\n\r\n%s", line,
                     token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "",
                     strlen(body), body);

    return asked(request, (size_t)n);
}

TEST(without_our_token_nothing_is_told_and_nothing_is_said)
{
    static const char *const wrong[] = {NULL, "", "a-token-of-the-tesT", "a-token-of-the-tes",
                                        TOKEN "1"};

    open_world();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_HAS(ask("POST /v1/announce", wrong[i], "{\"text\":\"hello\"}"),
                  "HTTP/1.1 401 Unauthorized\r\n");
        CHECK_HAS(ask("GET /v1/status", wrong[i], ""), "gateway.announce_token");
        CHECK(!strstr(ask("GET /v1/status", wrong[i], ""), "hermes"));
        CHECK_HAS(ask("GET /nothing", wrong[i], ""), " 401 "); /* nor what there is */
    }
    CHECK_EQ(w.announced, 0);
    close_world();
}

TEST(what_is_too_long_is_told_so_to_who_is_still_sending)
{
    size_t len = 300000;
    char *request = malloc(len);
    int n;

    open_world();
    memset(request, 'x', len);
    CHECK_HAS(asked(request, len), "HTTP/1.1 413 Content Too Large\r\n");
    n = snprintf(request, len,
                 "POST /v1/announce HTTP/1.1\r\nAuthorization: Bearer " TOKEN
                 "\r\nContent-Length: 299000\r\n\r\n");
    request[n] = 'x';
    CHECK_HAS(asked(request, len), "its body is too long");
    CHECK_EQ(w.announced, 0);
    CHECK_HAS(ask("GET /v1/status", TOKEN, ""), "{\"room\":\"hermes\"}"); /* and it goes on */
    free(request);
    close_world();
}

TEST(announcements_are_said_or_wait_and_the_answer_says_which)
{
    open_world();
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "{\"text\":\" dinner \"}"),
              "\r\n\r\n{\"delivered\":true}");
    CHECK_STR(w.said, "dinner");
    CHECK_STR(w.room, "(ours)");
    w.waiting = 3;
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "{\"text\":\"tea\",\"room\":\"hermes\"}"),
              "202 Accepted\r\n");
    CHECK_STR(w.room, "hermes");
    w.err = MYNA_ENOENT;
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "{\"text\":\"tea\"}"), " 404 ");
    CHECK_EQ(w.announced, 3);
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "{\"text\":\" \"}"), " 400 ");
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "{\"text\":\"a\",\"room\":1}"), " 400 ");
    CHECK_HAS(ask("POST /v1/announce", TOKEN, "text"), " 400 ");
    CHECK_HAS(ask("PUT /v1/announce", TOKEN, "{\"text\":\"a\"}"), " 404 ");
    CHECK_EQ(w.announced, 3);
    close_world();
}

TEST(who_has_given_up_tries_again_when_told_to_and_only_then)
{
    open_world();
    CHECK_HAS(ask("POST /v1/reconnect", "no", ""), " 401 ");
    CHECK_HAS(ask("GET /v1/reconnect", TOKEN, ""), " 404 ");
    CHECK_HAS(ask("POST /v1/reconnect", TOKEN, ""), "HTTP/1.1 409 Conflict\r\n");
    CHECK_HAS(ask("POST /v1/reconnect", TOKEN, ""), "has not given up, it is in room");
    w.given_up = true;
    CHECK_HAS(ask("POST /v1/reconnect", TOKEN, ""), "202 Accepted\r\n");
    CHECK_HAS(ask("POST /v1/reconnect", TOKEN, ""), "{\"state\":\"reconnecting\"}");
    close_world();
}

TEST_MAIN
