/* dtls_test.c - two peers joined in memory: keys agree, the wrong certificate is refused, a lost
 * flight is sent again, and SRTP with those keys keeps its promises. */
#include "check.h"

#include "rtc/dtls.h"
#include "rtc/srtp.h"
#include "util/clock.h"
#include "util/host.h"

enum { QUEUE = 256, PATIENCE_S = 60 };

struct end {
    struct myna_dtls *dtls;
    struct end *peer;
    struct datagram {
        size_t len;
        uint8_t data[1500];
    } queue[QUEUE]; /* on the way to us */
    size_t first, last;
    int lose, sent, n_connected, n_failed; /* lose: so many that it sends next */
    struct myna_srtp_keys keys;
    char why[256], heard[64];
};

static struct {
    struct myna_host host;
    struct end client, server;
    struct myna_why why;
} w;

static void on_send(void *arg, const uint8_t *data, size_t len)
{
    struct end *to = ((struct end *)arg)->peer;
    struct datagram *d = &to->queue[to->last % QUEUE];

    ((struct end *)arg)->sent++;
    CHECK(len <= 1200);
    if (((struct end *)arg)->lose > 0) {
        ((struct end *)arg)->lose--;
        return;
    }
    memcpy(d->data, data, len);
    d->len = len;
    to->last++;
}

static void on_connected(void *arg, const struct myna_srtp_keys *keys)
{
    struct end *e = arg;

    e->n_connected++;
    e->keys = *keys;
}

static void on_data(void *arg, const uint8_t *data, size_t len)
{
    snprintf(((struct end *)arg)->heard, 64, "%.*s", (int)len, (const char *)data);
}

static void on_failed(void *arg, const char *why)
{
    struct end *e = arg;

    e->n_failed++;
    snprintf(e->why, sizeof e->why, "%s", why);
}

static void open_end(struct end *e, struct end *peer)
{
    static const struct myna_dtls_events events = {
        .send = on_send, .connected = on_connected, .data = on_data, .failed = on_failed};

    e->peer = peer;
    CHECK_EQ(myna_dtls_create(&e->dtls, &w.host, &events, e, &w.why), MYNA_OK);
}

static void open_world(void)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    CHECK(w.host.loop);
    myna_rand_seed(&w.host.rand, 3);
    open_end(&w.client, &w.server);
    open_end(&w.server, &w.client);
}

static void close_world(void)
{
    myna_dtls_destroy(w.client.dtls);
    myna_dtls_destroy(w.server.dtls);
    myna_loop_destroy(w.host.loop);
}

static void trust(void)
{
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, myna_dtls_fingerprint(w.server.dtls), &w.why),
             MYNA_OK);
    CHECK_EQ(myna_dtls_set_fingerprint(w.server.dtls, myna_dtls_fingerprint(w.client.dtls), &w.why),
             MYNA_OK);
}

static bool deliver(struct end *e)
{
    struct datagram *d = &e->queue[e->first % QUEUE];

    if (e->first == e->last)
        return false;
    e->first++;
    myna_dtls_receive(e->dtls, d->data, d->len);
    return true;
}

static void settle(void)
{
    while (deliver(&w.client) || deliver(&w.server))
        ;
}

enum { TURN_MS = 5 };
static int n_turns; /* of until(): the time that passes, without that in which nobody ran us */

#define until(cond)                                                                                \
    do {                                                                                           \
        myna_us end = myna_loop_now(w.host.loop) + PATIENCE_S * MYNA_S;                            \
        settle();                                                                                  \
        while (!(cond) && myna_loop_now(w.host.loop) < end) {                                      \
            myna_loop_run_until(w.host.loop, myna_loop_now(w.host.loop) + TURN_MS * MYNA_MS);      \
            settle();                                                                              \
            n_turns++;                                                                             \
        }                                                                                          \
        CHECK(cond);                                                                               \
    } while (0)

static void shake_hands(void)
{
    trust();
    myna_dtls_start(w.server.dtls, false);
    myna_dtls_start(w.client.dtls, true);
    until(w.client.n_connected && w.server.n_connected);
}

TEST(two_peers_agree_on_keys_and_pass_data)
{
    open_world();
    shake_hands();
    CHECK_EQ(w.client.keys.profile, MYNA_SRTP_AEAD_AES_128_GCM);
    CHECK_EQ(w.server.keys.profile, MYNA_SRTP_AEAD_AES_128_GCM);
    CHECK(!memcmp(w.client.keys.ours, w.server.keys.theirs, 28));
    CHECK(!memcmp(w.client.keys.theirs, w.server.keys.ours, 28));
    CHECK(memcmp(w.client.keys.ours, w.client.keys.theirs, 28) != 0);
    CHECK(myna_dtls_send(w.client.dtls, (const uint8_t *)"ping", 4));
    settle();
    CHECK_STR(w.server.heard, "ping");
    CHECK(myna_dtls_send(w.server.dtls, (const uint8_t *)"pong", 4));
    settle();
    CHECK_STR(w.client.heard, "pong");
    close_world();
}

TEST(a_hello_that_outran_the_answer_is_kept)
{
    myna_us begin = myna_clock_monotonic();

    open_world();
    trust();
    myna_dtls_start(w.client.dtls, true);
    settle(); /* the server has not started */
    CHECK_EQ(w.client.n_connected, 0);
    CHECK_EQ(w.client.sent, 1);
    myna_dtls_start(w.server.dtls, false);
    settle();
    CHECK_EQ(w.client.n_connected, 1);
    /* Without a turn of the loop, and nothing was sent twice; but OpenSSL looks at the machine's
     * clock itself, and sends again what a busy machine left without an answer for 100 ms. */
    CHECK(w.client.sent == 2 || myna_clock_monotonic() - begin > 100 * MYNA_MS);
    close_world();
}

TEST(a_flight_that_is_lost_is_sent_again_within_a_moment)
{
    for (int lost = 1; lost <= 3; lost++) {
        open_world();
        w.client.lose = lost; /* the hello, its repetition, then part of the next flight */
        w.server.lose = lost - 1;
        n_turns = 0;
        shake_hands();
        CHECK(n_turns * TURN_MS < 4000);
        CHECK_EQ(w.client.n_failed + w.server.n_failed, 0);
        close_world();
    }
}

TEST(a_certificate_other_than_promised_is_refused_by_either_side)
{
    for (int side = 0; side < 2; side++) {
        struct end *wary = side ? &w.server : &w.client;
        char promised[128];

        open_world();
        snprintf(promised, sizeof promised, "%s", myna_dtls_fingerprint(wary->peer->dtls));
        promised[9] = promised[9] == '0' ? '1' : '0';
        CHECK_EQ(myna_dtls_set_fingerprint(wary->dtls, promised, &w.why), MYNA_OK);
        CHECK_EQ(
            myna_dtls_set_fingerprint(wary->peer->dtls, myna_dtls_fingerprint(wary->dtls), &w.why),
            MYNA_OK);
        myna_dtls_start(w.server.dtls, false);
        myna_dtls_start(w.client.dtls, true);
        until(wary->n_failed == 1);
        CHECK_HAS(wary->why, "fingerprint");
        CHECK_EQ(wary->n_connected, 0);
        CHECK(!myna_dtls_send(wary->dtls, (const uint8_t *)"x", 1));
        close_world();
    }
}

TEST(fingerprints_of_every_kind_are_read_and_a_change_is_refused)
{
    char text[256];
    size_t n;

    open_world();
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, "sha-256", &w.why), MYNA_EFORMAT);
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, "sha-256 AB:CD", &w.why), MYNA_EFORMAT);
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, "md5 AB:CD", &w.why), MYNA_EFORMAT);
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, "", &w.why), MYNA_EFORMAT);
    CHECK_HAS(w.why.text, "fingerprint");
    n = (size_t)snprintf(text, sizeof text, "SHA-512 ");
    for (int i = 0; i < 64; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i ? ":%02x" : "%02x", i);
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, text, &w.why), MYNA_OK);
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, text, &w.why), MYNA_OK);
    text[n - 1] = '0';
    CHECK_EQ(myna_dtls_set_fingerprint(w.client.dtls, text, &w.why), MYNA_EINVAL);
    close_world();
}

TEST(garbage_and_foreign_records_harm_nothing)
{
    uint8_t junk[600];

    open_world();
    shake_hands();
    for (int i = 0; i < 200; i++) {
        size_t len = 1 + myna_host_random(&w.host) % sizeof junk;

        for (size_t k = 0; k < len; k++)
            junk[k] = (uint8_t)myna_host_random(&w.host);
        junk[0] = (uint8_t)(20 + i % 44);
        myna_dtls_receive(w.server.dtls, junk, len);
    }
    CHECK_EQ(w.server.n_failed, 0);
    CHECK(myna_dtls_send(w.client.dtls, (const uint8_t *)"still", 5));
    settle();
    CHECK_STR(w.server.heard, "still");
    close_world();
}

TEST(who_leaves_says_so)
{
    open_world();
    shake_hands();
    myna_dtls_destroy(w.client.dtls);
    w.client.dtls = NULL;
    settle();
    CHECK_EQ(w.server.n_failed, 1);
    CHECK_STR(w.server.why, "");
    close_world();
}

/* ---- SRTP */

static struct myna_srtp_keys some_keys(enum myna_srtp_profile profile, bool swapped)
{
    struct myna_srtp_keys k = {.profile = profile};

    for (int i = 0; i < 46; i++) {
        (swapped ? k.theirs : k.ours)[i] = (uint8_t)(i * 3 + 1);
        (swapped ? k.ours : k.theirs)[i] = (uint8_t)(i * 5 + 2);
    }
    return k;
}

static size_t make_rtp(uint8_t *into, uint32_t ssrc, uint16_t seq)
{
    uint8_t p[] = {0x80,
                   111,
                   (uint8_t)(seq >> 8),
                   (uint8_t)seq,
                   0,
                   0,
                   0,
                   1,
                   (uint8_t)(ssrc >> 24),
                   (uint8_t)(ssrc >> 16),
                   (uint8_t)(ssrc >> 8),
                   (uint8_t)ssrc,
                   'v',
                   'o',
                   'i',
                   'c',
                   'e'};

    memcpy(into, p, sizeof p);
    return sizeof p;
}

static struct myna_srtp *open_srtp(enum myna_srtp_profile profile, bool swapped)
{
    struct myna_srtp_keys k = some_keys(profile, swapped);
    struct myna_srtp *s;

    CHECK_EQ(myna_srtp_create(&s, &k, &w.why), MYNA_OK);
    return s;
}

TEST(every_profile_protects_and_a_replay_is_refused)
{
    static const enum myna_srtp_profile profiles[] = {
        MYNA_SRTP_AEAD_AES_128_GCM, MYNA_SRTP_AEAD_AES_256_GCM, MYNA_SRTP_AES128_CM_SHA1_80};

    for (size_t i = 0; i < 3; i++) {
        struct myna_srtp *a = open_srtp(profiles[i], false), *b = open_srtp(profiles[i], true);
        uint8_t plain[32], p[32 + MYNA_SRTP_ROOM], copy[32 + MYNA_SRTP_ROOM];
        size_t n = make_rtp(plain, 7, 1), len = n, twice;

        memcpy(p, plain, n);
        CHECK(myna_srtp_protect(a, p, &len));
        CHECK(len > n);
        CHECK(memcmp(p + 12, plain + 12, 5) != 0);
        memcpy(copy, p, len);
        twice = len;
        CHECK(myna_srtp_unprotect(b, p, &len));
        CHECK_EQ(len, n);
        CHECK(!memcmp(p, plain, n));
        CHECK(!myna_srtp_unprotect(b, copy, &twice));

        len = make_rtp(p, 7, 2);
        CHECK(myna_srtp_protect(a, p, &len));
        p[13] ^= 1;
        CHECK(!myna_srtp_unprotect(b, p, &len));

        len = make_rtp(p, 7, 1); /* our own may go out again: a NACK is answered */
        CHECK(myna_srtp_protect(a, p, &len));
        myna_srtp_destroy(a);
        myna_srtp_destroy(b);
    }
}

TEST(rtcp_is_protected_too)
{
    struct myna_srtp *a = open_srtp(MYNA_SRTP_AEAD_AES_128_GCM, false),
                     *b = open_srtp(MYNA_SRTP_AEAD_AES_128_GCM, true);
    uint8_t rr[8 + MYNA_SRTP_ROOM] = {0x80, 201, 0, 1, 0, 0, 0, 7}, copy[8 + MYNA_SRTP_ROOM];
    size_t len = 8, twice;

    CHECK(myna_srtp_protect_rtcp(a, rr, &len));
    CHECK(len > 8);
    memcpy(copy, rr, len);
    twice = len;
    CHECK(myna_srtp_unprotect_rtcp(b, rr, &len));
    CHECK_EQ(len, 8);
    CHECK(!myna_srtp_unprotect_rtcp(b, copy, &twice));
    len = 5;
    CHECK(!myna_srtp_unprotect_rtcp(b, rr, &len));
    myna_srtp_destroy(a);
    myna_srtp_destroy(b);
}

TEST(a_peer_that_invents_sources_gets_128_of_them_and_a_forgotten_one_makes_room)
{
    struct myna_srtp *a = open_srtp(MYNA_SRTP_AES128_CM_SHA1_80, false),
                     *b = open_srtp(MYNA_SRTP_AES128_CM_SHA1_80, true);
    uint8_t p[32 + MYNA_SRTP_ROOM];
    size_t len;
    int taken = 0;

    for (uint32_t ssrc = 1; ssrc <= 200; ssrc++) {
        len = make_rtp(p, ssrc, 1);
        CHECK(myna_srtp_protect(a, p, &len));
        taken += myna_srtp_unprotect(b, p, &len);
    }
    CHECK_EQ(taken, 128);
    myna_srtp_forget(b, 5);
    len = make_rtp(p, 500, 1);
    CHECK(myna_srtp_protect(a, p, &len));
    CHECK(myna_srtp_unprotect(b, p, &len));
    len = make_rtp(p, 501, 1);
    CHECK(myna_srtp_protect(a, p, &len));
    CHECK(!myna_srtp_unprotect(b, p, &len));
    myna_srtp_destroy(a);
    myna_srtp_destroy(b);
}

TEST_MAIN
