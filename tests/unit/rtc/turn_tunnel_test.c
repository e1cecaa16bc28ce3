/* turn_tunnel_test.c - bytes go to a relay through TLS and back, whole, whichever end stalls;
 * nobody but this process gets in; and what is wrong is said in one sentence.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fake_http.h"
#include "fake_tls.h"
#include "warned.h"

#include "rtc/turn_tunnel.h"
#include "util/host.h"
#include "util/http.h"

enum { PATIENCE_S = 60, MUCH = 6 << 20 };

static struct {
    struct myna_host host;
    struct fake_tls server;
    struct myna_turn_tunnel *tunnel;
    struct myna_why why;
} w;

static void open_world(const char *alt_name, const char *dialled)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, &w.why);
    CHECK(w.host.loop);
    w.host.log = warned_log();
    fake_tls_open(&w.server, w.host.loop, alt_name);
    fake_tls_trust(&w.server);
    CHECK_EQ(myna_turn_tunnel_create(&w.tunnel, &w.host, dialled, w.server.port, true, &w.why),
             MYNA_OK);
}

static void close_world(void)
{
    myna_turn_tunnel_destroy(w.tunnel);
    fake_tls_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_drain(w.host.loop);
    myna_log_destroy(w.host.log);
    myna_loop_destroy(w.host.loop);
}

static void turn(void)
{
    myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + 2 * MYNA_MS);
}

#define until(cond)                                                                                \
    do {                                                                                           \
        myna_us until_end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;                      \
        while (!(cond) && myna_loop_now(w.host.loop) < until_end)                                  \
            turn();                                                                                \
        CHECK(cond);                                                                               \
    } while (0)

static int dial(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)myna_turn_tunnel_port(w.tunnel))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof a));
    return fd;
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static bool hears(int fd, const char *text)
{
    char got[64] = "";
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT | MSG_PEEK);

    return n == (ssize_t)strlen(text) && !memcmp(got, text, (size_t)n);
}

/* An Allocate request as libnice's, and what answers it: 400, with its number. */
static const uint8_t allocate[20] = {0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42, 'n', 'u', 'm', 'b'};
static const uint8_t refusal[28] = {1,   0x13, 0,   8,   0x21,     0x12,     0xa4,    0x42,
                                    'n', 'u',  'm', 'b', [21] = 9, [23] = 4, [26] = 4};

static void ask(int fd)
{
    CHECK_EQ(send(fd, allocate, sizeof allocate, MSG_NOSIGNAL), (ssize_t)sizeof allocate);
}

static bool is_refused(int fd)
{
    uint8_t got[64];
    ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT | MSG_PEEK);

    return n == (ssize_t)sizeof refusal && !memcmp(got, refusal, sizeof refusal);
}

static bool is_told(int fd, const uint8_t *bytes, size_t len)
{
    uint8_t got[64];
    ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT | MSG_PEEK);

    return n == (ssize_t)len && !memcmp(got, bytes, len);
}

TEST(what_goes_in_comes_to_the_relay_through_tls_and_what_it_says_comes_back)
{
    int fd;

    open_world("DNS:localhost", "localhost");
    fd = dial();
    CHECK_EQ(send(fd, "allocate", 8, 0), 8); /* before there is a line */
    until(hears(fd, "allocate"));
    CHECK_STR(w.server.name, "localhost");
    CHECK(!w.server.named_a_protocol); /* a relay that knows HTTP, too, would answer with it */
    CHECK_STR(myna_turn_tunnel_problem(w.tunnel), "");
    close(fd);
    until(w.server.n_closed == 1);
    CHECK_STR(warned, "");
    close_world();
}

TEST(a_relay_may_be_known_by_its_address)
{
    int fd;

    open_world("IP:127.0.0.1", "127.0.0.1");
    fd = dial();
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    until(hears(fd, "x"));
    close(fd);
    close_world();
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)((i * 2654435761u) >> 13);
}

/* As much as gets through now of MUCH bytes. */
static void push(int fd, size_t *sent)
{
    uint8_t block[5000];

    while (*sent < MUCH) {
        size_t n = MUCH - *sent < sizeof block ? MUCH - *sent : sizeof block;
        ssize_t k;

        for (size_t i = 0; i < n; i++)
            block[i] = byte_at(*sent + i);
        k = send(fd, block, n, MSG_DONTWAIT);
        if (k <= 0)
            return;
        *sent += (size_t)k;
    }
}

static void pull(int fd, size_t *got)
{
    uint8_t block[5000];
    ssize_t n;

    while ((n = recv(fd, block, sizeof block, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(block[i], byte_at((*got)++));
    CHECK(n < 0);
}

/* Who is not read from stops reading, all the way to who sends. */
TEST(a_relay_that_does_not_read_is_waited_for_and_then_everything_comes_whole)
{
    size_t sent = 0, got = 0, before;
    int fd, small = 32768, still = 0;

    open_world("DNS:localhost", "localhost");
    fd = dial();
    CHECK(!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
    CHECK_EQ(send(fd, "?", 1, 0), 1);
    until(hears(fd, "?"));
    CHECK_EQ(recv(fd, &(char){0}, 1, 0), 1);
    fake_tls_hold(&w.server, true);
    while (still < 50 && sent < MUCH) {
        before = sent;
        push(fd, &sent);
        turn();
        still = sent == before ? still + 1 : 0;
    }
    CHECK(sent > 0 && sent < MUCH); /* the rest waits with us */
    fake_tls_hold(&w.server, false);
    until((push(fd, &sent), sent == MUCH) || (pull(fd, &got), false)); /* both ways are full */
    until((pull(fd, &got), got == MUCH));
    close(fd);
    close_world();
}

TEST(one_connection_at_a_time_and_another_after_it)
{
    int first, second;

    open_world("DNS:localhost", "localhost");
    first = dial();
    second = dial();
    CHECK_EQ(send(first, "a", 1, 0), 1);
    ask(second);
    until(hears(first, "a") && is_refused(second));
    CHECK_EQ(w.server.n_accepted, 1);
    close(first);
    close(second);
    until(w.server.n_closed == 1);
    first = dial();
    CHECK_EQ(send(first, "b", 1, 0), 1);
    until(hears(first, "b"));
    close(first);
    close_world();
}

/* 0: it was shut out. */
static int run_stranger(void)
{
    char byte;
    int fd = dial();

    return recv(fd, &byte, 1, 0) <= 0 ? 0 : 1;
}

TEST(another_process_of_this_machine_does_not_get_in)
{
    int status = -1, fd;
    pid_t pid, ended = 0;

    open_world("DNS:localhost", "localhost");
    pid = fork();
    if (!pid)
        _exit(run_stranger());
    CHECK(pid > 0);
    until(ended || (ended = waitpid(pid, &status, WNOHANG)));
    CHECK_EQ(ended, pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(w.server.n_accepted, 0);
    fd = dial(); /* and did no harm */
    CHECK_EQ(send(fd, "c", 1, 0), 1);
    until(hears(fd, "c"));
    close(fd);
    close_world();
}

TEST(a_certificate_that_nobody_vouches_for_is_said_once_with_the_remedy)
{
    struct fake_tls other;
    char *first;

    open_world("DNS:localhost", "localhost");
    fake_tls_open(&other, w.host.loop, "DNS:localhost");
    fake_tls_trust(&other);
    for (int i = 0; i < 2; i++) {
        int fd = dial();

        ask(fd); /* before it is known */
        until(is_refused(fd));
        close(fd);
    }
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "certificate");
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "update-ca-certificates");
    first = strstr(warned, "the relay turns:localhost:");
    CHECK(first && !strstr(first + 1, "the relay turns:") && !strstr(warned, "https:"));
    fake_tls_shut(&other);
    close_world();
}

TEST(a_certificate_of_another_name_is_not_taken)
{
    int fd;

    open_world("DNS:other.example", "localhost");
    fd = dial();
    ask(fd);
    until(is_refused(fd));
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "localhost");
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "name");
    close(fd);
    close_world();
}

TEST(a_relay_that_is_not_there_or_speaks_no_tls_is_named)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int plain = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), fd, conn = -1;
    socklen_t len = sizeof a;

    open_world("DNS:localhost", "localhost");
    CHECK(plain >= 0 && !bind(plain, (struct sockaddr *)&a, sizeof a));
    CHECK(!getsockname(plain, (struct sockaddr *)&a, &len));
    myna_turn_tunnel_destroy(w.tunnel);
    CHECK_EQ(
        myna_turn_tunnel_create(&w.tunnel, &w.host, "127.0.0.1", ntohs(a.sin_port), true, &w.why),
        0);
    fd = dial(); /* nobody listens there */
    ask(fd);
    until(is_refused(fd));
    close(fd);
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "nobody answers there");
    CHECK(!listen(plain, 4));
    fd = dial();
    until(conn >= 0 || (conn = accept4(plain, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    CHECK_EQ(send(conn, "RTSP/1.0 400 what?\r\n\r\n", 22, MSG_NOSIGNAL), 22);
    ask(fd);
    until(is_refused(fd));
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "speaks no TLS");
    close(fd);
    close(conn);
    close(plain);
    close_world();
}

/* As libnice would gather for ever when its last relay hangs up: see turn_tunnel.c. */
TEST(a_relay_that_asks_who_we_are_and_hangs_up_is_a_refusal_and_no_end)
{
    static const uint8_t who[28] = {1,   0x13, 0,   8,   0x21,     0x12,     0xa4,     0x42,
                                    'n', 'u',  'm', 'b', [21] = 9, [23] = 4, [26] = 4, [27] = 1};
    uint8_t got[64];
    int fd;

    open_world("DNS:localhost", "localhost");
    w.server.says = who;
    w.server.n_says = sizeof who;
    fd = dial();
    ask(fd);
    until(is_told(fd, who, sizeof who));
    CHECK_EQ(recv(fd, got, sizeof got, 0), (ssize_t)sizeof who);
    until(!w.server.conns[0].ssl);
    for (int i = 0; i < 20; i++)
        turn();
    CHECK(!is_closed(fd));
    ask(fd); /* with the password */
    until(is_refused(fd));
    CHECK(!is_closed(fd));
    close(fd);
    close_world();
}

/* It waits for its answer and asks no more. */
TEST(a_relay_that_reads_and_hangs_up_is_a_refusal_of_what_it_read)
{
    int fd;

    open_world("DNS:localhost", "localhost");
    w.server.says = (const uint8_t *)"";
    fd = dial();
    ask(fd);
    until(is_refused(fd));
    CHECK(!is_closed(fd));
    close(fd);
    close_world();
}

TEST(a_relay_that_granted_an_address_and_hangs_up_is_gone)
{
    static const uint8_t granted[] = {1, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42, 'n', 'u', 'm', 'b'};
    uint8_t got[64];
    int fd;

    open_world("DNS:localhost", "localhost");
    w.server.says = granted;
    w.server.n_says = sizeof granted;
    fd = dial();
    ask(fd);
    until(is_told(fd, granted, sizeof granted));
    CHECK_EQ(recv(fd, got, sizeof got, 0), (ssize_t)sizeof granted);
    until(is_closed(fd));
    close(fd);
    close_world();
}

/* ---- a relay over TCP */

static struct fake_http plain;

static void say_back(struct fake_conn *c)
{
    fake_send(c, c->request, c->len);
    c->len = 0;
}

/* Where `open` is false nobody listens any more. */
static void open_plain(bool open)
{
    open_world("DNS:localhost", "localhost");
    myna_turn_tunnel_destroy(w.tunnel);
    fake_open(&plain, w.host.loop, NULL);
    plain.bytes = say_back;
    CHECK_EQ(myna_turn_tunnel_create(&w.tunnel, &w.host, "127.0.0.1", plain.port, false, &w.why),
             MYNA_OK);
    if (!open)
        fake_shut(&plain);
}

TEST(without_tls_what_goes_in_comes_to_the_relay_as_it_is_and_what_it_says_comes_back)
{
    int fd;

    open_plain(true);
    fd = dial();
    CHECK_EQ(send(fd, "allocate", 8, 0), 8); /* before there is a line */
    until(hears(fd, "allocate"));
    CHECK_EQ(plain.n_accepted, 1);
    close(fd);
    until(plain.n_closed == 1);
    CHECK_STR(warned, "");
    fake_shut(&plain);
    close_world();
}

TEST(without_tls_a_relay_that_is_not_there_is_a_refusal_and_said_once)
{
    char *first;

    open_plain(false);
    for (int i = 0; i < 2; i++) {
        int fd = dial();

        ask(fd); /* before it is known */
        until(is_refused(fd));
        CHECK(!is_closed(fd));
        close(fd);
    }
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "the relay turn:127.0.0.1:");
    CHECK_HAS(myna_turn_tunnel_problem(w.tunnel), "nobody answers there");
    first = strstr(warned, "the relay turn:127.0.0.1:");
    CHECK(first && !strstr(first + 1, "the relay turn:"));
    close_world();
}

TEST(it_may_end_while_a_line_is_being_made_or_stands)
{
    int fd;

    for (int stands = 0; stands < 2; stands++) {
        open_world("DNS:localhost", "localhost");
        fd = dial();
        CHECK_EQ(send(fd, "d", 1, 0), 1);
        until(stands ? hears(fd, "d") : w.server.n_accepted == 1);
        myna_turn_tunnel_destroy(w.tunnel);
        w.tunnel = NULL;
        if (stands)
            CHECK_EQ(recv(fd, &(char){0}, 1, 0), 1);
        CHECK(is_closed(fd));
        until(w.server.n_closed == 1);
        close(fd);
        close_world();
    }
}

TEST_MAIN
