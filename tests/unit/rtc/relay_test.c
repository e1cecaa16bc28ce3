/* relay_test.c - only through a relay: what the peer then learns of us, what goes out before the
 * relay answers, and how it ends where none serves. The relay is a socket of this test's, which
 * gives everyone the same address and carries nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "warned.h"

#include "pair.h"

enum { COOKIE = 0x2112a442 };

static int udp_socket(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a));
    CHECK(!getsockname(fd, (struct sockaddr *)&a, &len));
    *port = ntohs(a.sin_port);
    return fd;
}

static void put16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
}

/* XOR-…-ADDRESS of an IPv4 address. */
static size_t put_address(uint8_t *at, unsigned type, uint32_t ip, unsigned port)
{
    put16(at, type);
    put16(at + 2, 8);
    put16(at + 4, 1);
    put16(at + 6, port ^ COOKIE >> 16);
    put32(at + 8, ip ^ COOKIE);
    return 12;
}

/* Allocate requests (RFC 8656) are granted 192.0.2.9:4000; the rest is not understood. */
static int answer_as_relay(int fd)
{
    uint8_t q[1500], a[128] = {0};
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    size_t at = 20;
    int granted = 0;

    while (recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &len) >= 20) {
        if (q[0] != 0 || q[1] != 3)
            continue;
        put16(a, 0x0103);
        memcpy(a + 4, q + 4, 16);
        at += put_address(a + at, 0x16, 0xc0000209, 4000);
        at += put_address(a + at, 0x20, ntohl(from.sin_addr.s_addr), ntohs(from.sin_port));
        put16(a + at, 0x0d); /* LIFETIME */
        put16(a + at + 2, 4);
        put32(a + at + 4, 600);
        at += 8;
        put16(a + 2, (unsigned)at - 20);
        CHECK_EQ(sendto(fd, a, at, 0, (struct sockaddr *)&from, len), (ssize_t)at);
        at = 20;
        granted++;
    }
    return granted;
}

static void open_relayed(struct pair *p, const char *url)
{
    struct myna_rtc_server server = {.url = url}; /* no name: its answers need no signature */
    struct myna_rtc_options opt = {.relay_only = true,
                                   .only_address = "127.0.0.1",
                                   .servers = &server,
                                   .n_servers = url ? 1 : 0};

    pair_open(p);
    myna_log_destroy(p->host.log);
    p->host.log = warned_log();
    myna_rtc_destroy(p->b.rtc);
    opt.host = &p->host;
    pair_side(p, &p->b, &p->a, &opt);
    CHECK(myna_rtc_add_audio(p->a.rtc, MYNA_RTC_SENDRECV));
    p->b.hold_candidates = true;
}

/* a's offer with one candidate, at the port of `spy`; b's answer. */
static const char *answer_to_spy(struct pair *p, int port)
{
    const char *offer, *answer;
    char bare[8192], text[9000], *at;

    p->a.hold_candidates = true;
    CHECK_EQ(myna_rtc_offer(p->a.rtc, 0, &offer, &p->why), MYNA_OK);
    pair_without(offer, "a=candidate", bare, sizeof bare);
    at = strstr(bare, "a=ice-ufrag");
    CHECK(at);
    snprintf(text, sizeof text, "%.*sa=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\n%s",
             (int)(at - bare), bare, port, at);
    CHECK_EQ(myna_rtc_answer(p->b.rtc, text, &answer, &p->why), MYNA_OK);
    return answer;
}

TEST(with_a_relay_alone_nothing_goes_to_the_peer_from_this_machines_own_sockets)
{
    int relay_port, spy_port, granted = 0;
    int relay = udp_socket(&relay_port), spy = udp_socket(&spy_port);
    char url[64], byte;
    struct pair p;

    snprintf(url, sizeof url, "turn:127.0.0.1:%d", relay_port);
    open_relayed(&p, url);
    (void)answer_to_spy(&p, spy_port); /* its candidate is known before we have any */
    pair_until(&p, (granted += answer_as_relay(relay)) && p.b.n_ends);
    for (int i = 0; i < 60; i++) { /* checks are 5 ms apart */
        pair_turn(&p);
        (void)answer_as_relay(relay);
    }
    CHECK(recv(spy, &byte, 1, MSG_DONTWAIT) < 0);
    CHECK_EQ(p.b.n_candidates, 1);
    pair_close(&p);
    close(relay);
    close(spy);
}

TEST(the_peer_learns_the_relays_address_and_no_other)
{
    int relay_port, granted = 0, relay = udp_socket(&relay_port);
    char url[64];
    struct pair p;

    snprintf(url, sizeof url, "turn:127.0.0.1:%d", relay_port);
    open_relayed(&p, url);
    (void)answer_to_spy(&p, 9);
    pair_until(&p, (granted += answer_as_relay(relay)) && p.b.n_ends);
    CHECK_HAS(myna_rtc_local_sdp(p.b.rtc), " 192.0.2.9 4000 typ relay raddr 0.0.0.0 rport 9\r\n");
    CHECK(!strstr(myna_rtc_local_sdp(p.b.rtc), "typ host"));
    CHECK(!strstr(strstr(myna_rtc_local_sdp(p.b.rtc), "s=-"), "127.0.0.1")); /* o= says it of all */
    pair_close(&p);
    close(relay);
}

TEST(without_any_relay_it_fails_at_once_and_says_what_would_help)
{
    static const char *const useless[] = {NULL, "stun:127.0.0.1", "stuns:127.0.0.1", "turn:"};

    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        struct pair p;
        myna_us began;

        open_relayed(&p, useless[i]);
        began = myna_loop_now(p.host.loop);
        (void)answer_to_spy(&p, 9);
        pair_until(&p, p.b.state == MYNA_RTC_FAILED);
        CHECK(myna_loop_now(p.host.loop) - began < 5 * MYNA_S); /* libnice gives up after 7.9 s */
        CHECK_HAS(p.b.why, "turn:");
        pair_until(&p, p.b.n_ends); /* who waits for our candidates waits no longer */
        if (i > 1)
            CHECK_HAS(warned, useless[i]);
        pair_close(&p);
    }
}

TEST(who_offers_with_a_relay_alone_fails_once_the_answer_is_there)
{
    const char *offer, *answer;
    struct pair p;

    open_relayed(&p, NULL);
    CHECK(myna_rtc_add_audio(p.b.rtc, MYNA_RTC_SENDRECV));
    CHECK_EQ(myna_rtc_offer(p.b.rtc, 0, &offer, &p.why), MYNA_OK);
    pair_until(&p, p.b.n_ends);
    CHECK_EQ(p.b.state, MYNA_RTC_NEW);
    CHECK_EQ(myna_rtc_answer(p.a.rtc, offer, &answer, &p.why), MYNA_OK);
    CHECK_EQ(myna_rtc_accept_answer(p.b.rtc, answer, &p.why), MYNA_OK);
    pair_turn(&p);
    CHECK_EQ(p.b.state, MYNA_RTC_FAILED);
    CHECK_HAS(p.b.why, "no relay that can be used");
    pair_close(&p);
}

TEST(a_relay_that_gives_no_address_is_named_as_the_reason)
{
    int port, fd = udp_socket(&port);
    char url[64];
    struct pair p;

    snprintf(url, sizeof url, "turn:127.0.0.1:%d", port); /* silent */
    open_relayed(&p, url);
    (void)answer_to_spy(&p, 9);
    pair_until(&p, p.b.state == MYNA_RTC_FAILED);
    CHECK_HAS(p.b.why, "no relay gave us an address");
    pair_close(&p);
    close(fd);
}

/* Takes connections and hangs up: at once, when it was asked something, or behind asking back. */
enum how { AT_ONCE, ASKED, ASKING, HOWS };
struct tcp_relay {
    int fd, conns[8];
    size_t n;
    enum how how;
};

static void run_tcp_relay(struct tcp_relay *t)
{
    uint8_t q[1500], a[28] = {1, 0x13, 0, 8, [21] = 9, [23] = 4, [26] = 4, [27] = 1};
    int fd;

    while (t->n < 8 && (fd = accept4(t->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        t->conns[t->n++] = fd;
    for (size_t i = 0; i < t->n; i++) {
        if (t->conns[i] < 0)
            continue;
        if (t->how != AT_ONCE && recv(t->conns[i], q, sizeof q, MSG_DONTWAIT) < 20)
            continue;
        if (t->how == ASKING) {
            memcpy(a + 4, q + 4, 16);
            (void)!send(t->conns[i], a, sizeof a, MSG_NOSIGNAL);
        }
        close(t->conns[i]);
        t->conns[i] = -1;
    }
}

/* libnice alone would gather for ever. */
TEST(a_relay_over_tcp_that_hangs_up_is_named_as_the_reason)
{
    for (enum how how = AT_ONCE; how < HOWS; how++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct tcp_relay relay = {
            .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), .how = how};
        socklen_t len = sizeof a;
        char url[64];
        struct pair p;
        myna_us began;

        CHECK(relay.fd >= 0 && !bind(relay.fd, (struct sockaddr *)&a, sizeof a) &&
              !listen(relay.fd, 8));
        CHECK(!getsockname(relay.fd, (struct sockaddr *)&a, &len));
        snprintf(url, sizeof url, "turn:127.0.0.1:%d?transport=tcp", ntohs(a.sin_port));
        open_relayed(&p, url);
        began = myna_loop_now(p.host.loop);
        (void)answer_to_spy(&p, 9);
        pair_until(&p, (run_tcp_relay(&relay), p.b.state == MYNA_RTC_FAILED));
        CHECK(myna_loop_now(p.host.loop) - began < 20 * MYNA_S); /* not the budget of 30 s */
        pair_until(&p, p.b.n_ends);
        CHECK_HAS(p.b.why, "no relay gave us an address");
        pair_close(&p);
        close(relay.fd);
    }
}

TEST(a_server_that_is_written_wrong_costs_the_others_nothing_and_is_told_once)
{
    struct myna_rtc_server list[3] = {{.url = "turm:relay.example"}, {"turn:127.0.0.1:0x"}, {0}};
    int port, granted = 0, relay = udp_socket(&port);
    char url[64], *first;
    struct pair p;

    snprintf(url, sizeof url, "turn:127.0.0.1:%d", port);
    list[2].url = url;
    open_relayed(&p, NULL);
    myna_rtc_set_servers(p.b.rtc, list, 3);
    myna_rtc_set_servers(p.b.rtc, list, 3); /* as with each resume */
    first = strstr(warned, "turm:relay.example");
    CHECK(first && strstr(warned, "127.0.0.1:0x"));
    CHECK(!strstr(first + 1, "turm:relay.example"));
    CHECK_HAS(first, "want stun:HOST");
    (void)answer_to_spy(&p, 9);
    pair_until(&p, (granted += answer_as_relay(relay)) && p.b.n_candidates == 1);
    pair_close(&p);
    close(relay);
}

TEST_MAIN
