/* e2ee_test.c - what is sealed opens with the same key and no other: vectors of LiveKit's SDKs, a
 * ring of keys, the ratchet, hostile frames. */
#include <openssl/evp.h>

#include "check.h"

#include "livekit/e2ee.h"
#include "util/buf.h"
#include "util/gcm.h"
#include "util/host.h"

static struct {
    struct myna_host host;
    struct myna_lk_e2ee *a, *b;
    int ready;
} w;

static void on_ready(void *arg)
{
    (void)arg;
    w.ready++;
}

static struct myna_lk_e2ee *ring(const char *key, int index, const char *const *more)
{
    struct myna_lk_e2ee_options opt = {.key = key, .key_index = index, .more_keys = more};
    struct myna_lk_e2ee *e;

    CHECK_EQ(myna_lk_e2ee_create(&e, &w.host, &opt, on_ready, NULL, NULL), MYNA_OK);
    return e;
}

static void settle(void)
{
    while (myna_loop_busy(w.host.loop))
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 5 * MYNA_MS);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 5 * MYNA_MS);
}

static void open_world(const char *a, const char *b)
{
    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 2}, NULL);
    myna_rand_seed(&w.host.rand, 7);
    w.a = a ? ring(a, 0, NULL) : NULL;
    w.b = b ? ring(b, 0, NULL) : NULL;
    settle();
}

static void close_world(void)
{
    myna_lk_e2ee_destroy(w.a);
    myna_lk_e2ee_destroy(w.b);
    myna_loop_drain(w.host.loop);
    myna_loop_destroy(w.host.loop);
}

static struct myna_view view(const void *p, size_t n)
{
    return (struct myna_view){p, n};
}

static size_t unhex(const char *hex, uint8_t *into)
{
    size_t n = 0;
    unsigned byte;

    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        into[n++] = (uint8_t)byte;
    return n;
}

/* Appendix A.9 of livekit-rtc. */
TEST(a_password_becomes_the_key_of_the_vector)
{
    uint8_t key[16], want[16];

    unhex("421890b1557504a8ea1a90c253b419e4", want);
    CHECK(myna_pbkdf2_sha256(myna_view_of("password"), myna_view_of("LKFrameEncryptionKey"), 100000,
                             key, sizeof key));
    CHECK(!memcmp(key, want, sizeof key));
}

/* NIST's GCM test case 4. */
TEST(gcm_is_as_its_designers_say)
{
    uint8_t key[16], iv[12], seen[32], text[64], want[80], got[80];
    size_t n, n_seen;
    struct myna_gcm *g;

    unhex("feffe9928665731c6d6a8f9467308308", key);
    unhex("cafebabefacedbaddecaf888", iv);
    n_seen = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", seen);
    n = unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
        "2449a6b525b16aedf5aa0de657ba637b39",
        text);
    unhex(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac"
        "84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        want);
    g = myna_gcm_create(view(key, 16));
    CHECK(myna_gcm_seal(g, iv, view(seen, n_seen), view(text, n), got));
    CHECK(!memcmp(got, want, n + 16));
    CHECK(myna_gcm_open(g, iv, view(seen, n_seen), view(want, n + 16), got));
    CHECK(!memcmp(got, text, n));
    want[3] ^= 1;
    CHECK(!myna_gcm_open(g, iv, view(seen, n_seen), view(want, n + 16), got));
    CHECK(!myna_gcm_open(g, iv, view(seen, n_seen), view(want, 15), got));
    myna_gcm_destroy(g);
    CHECK(!myna_gcm_create(view(key, 15)));
}

static const uint8_t frame[] = {0x78, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(a_frame_keeps_its_first_byte_and_opens_where_the_key_is_the_same)
{
    uint8_t sealed[100], again[100], plain[100];
    size_t n, len;

    open_world("password", "password");
    CHECK_EQ(w.ready, 2);
    n = myna_lk_e2ee_seal_frame(w.a, 0x01020304, 960, view(frame, sizeof frame), sealed, 100);
    CHECK_EQ(n, sizeof frame + MYNA_LK_SEALED_MORE);
    CHECK_EQ(sealed[0], frame[0]);
    CHECK(memcmp(sealed + 1, frame + 1, sizeof frame - 1) != 0);
    CHECK_EQ(sealed[n - 2], 12);
    CHECK_EQ(sealed[n - 1], 0);
    CHECK(!memcmp(sealed + n - 14, "\x01\x02\x03\x04\0\0\x03\xc0", 8)); /* SSRC and time stamp */
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_OPENED);
    CHECK_EQ(len, sizeof frame);
    CHECK(!memcmp(plain, frame, len));
    /* the same once more: another IV */
    CHECK_EQ(myna_lk_e2ee_seal_frame(w.a, 0x01020304, 960, view(frame, sizeof frame), again, 100),
             n);
    CHECK(memcmp(sealed, again, n) != 0);
    /* a packet of the first byte alone, as DTX makes them */
    n = myna_lk_e2ee_seal_frame(w.a, 1, 2, view(frame, 1), sealed, 100);
    CHECK_EQ(n, 1 + MYNA_LK_SEALED_MORE);
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_OPENED);
    CHECK_EQ(len, 1);
    CHECK_EQ(myna_lk_e2ee_seal_frame(w.a, 1, 2, view(frame, sizeof frame), sealed, 39), 0);
    close_world();
}

TEST(with_another_key_or_a_changed_byte_nothing_opens)
{
    uint8_t sealed[100], plain[100];
    size_t n, len;

    open_world("password", "Password");
    n = myna_lk_e2ee_seal_frame(w.a, 1, 960, view(frame, sizeof frame), sealed, 100);
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_WRONG_KEY);
    for (size_t i = 0; i < n - 2; i++) { /* also the first, which all may read */
        sealed[i] ^= 1;
        CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(sealed, n), plain, 100, &len),
                 MYNA_LK_WRONG_KEY);
        sealed[i] ^= 1;
    }
    CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(sealed, n), plain, 100, &len), MYNA_LK_OPENED);
    settle();
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_WRONG_KEY);
    close_world();
}

TEST(frames_of_any_length_are_survived)
{
    uint8_t bytes[100], plain[100];
    size_t len;

    open_world("password", NULL);
    for (int round = 0; round < 3000; round++) {
        size_t n = myna_host_random(&w.host) % sizeof bytes;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)myna_host_random(&w.host);
        if (n > 2 && round % 2)
            bytes[n - 2] = 12;
        if (n)
            CHECK(myna_lk_e2ee_open_frame(w.a, view(bytes, n), plain, 100, &len) != MYNA_LK_OPENED);
    }
    CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(bytes, 0), plain, 100, &len), MYNA_LK_OPENED);
    CHECK_EQ(len, 3); /* nothing at all is silence */
    close_world();
}

/* The server may not put words into anybody's mouth. */
TEST(a_frame_of_the_server_is_silence_whatever_it_holds)
{
    static const uint8_t servers[] = {0x78, 1, 2, 3, 'm', 'a', 'r', 'k'};
    uint8_t plain[100];
    size_t len;

    open_world("password", NULL);
    CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(servers, sizeof servers), plain, 100, &len),
             MYNA_LK_NOT_SEALED);
    myna_lk_e2ee_server_mark(w.a, myna_view_of("mark"));
    CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(servers, sizeof servers), plain, 100, &len),
             MYNA_LK_OPENED);
    CHECK_EQ(len, 3);
    CHECK(!memcmp(plain, "\xf8\xff\xfe", 3));
    close_world();
}

TEST(a_picture_of_the_server_shows_nothing_and_is_told_from_one_that_is_not_sealed)
{
    static const uint8_t servers[] = {0x10, 1, 2, 3, 'm', 'a', 'r', 'k'};
    uint8_t plain[100];
    size_t len;

    open_world("password", NULL);
    CHECK_EQ(myna_lk_e2ee_open_picture(w.a, view(servers, sizeof servers), plain, &len),
             MYNA_LK_NOT_SEALED);
    myna_lk_e2ee_server_mark(w.a, myna_view_of("mark"));
    CHECK_EQ(myna_lk_e2ee_open_picture(w.a, view(servers, sizeof servers), plain, &len),
             MYNA_LK_SERVERS);
    CHECK_EQ(len, 0);
    close_world();
}

TEST(each_key_of_the_ring_is_found_by_its_number)
{
    static const char *const more[] = {"3=another", "15=last", NULL};
    uint8_t sealed[100], plain[100];
    size_t n, len;

    open_world("another", NULL);
    w.b = ring("password", 2, more);
    settle();
    n = myna_lk_e2ee_seal_frame(w.a, 1, 960, view(frame, sizeof frame), sealed, 100);
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_NO_KEY);
    sealed[n - 1] = 3;
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_OPENED);
    sealed[n - 1] = 2;
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_WRONG_KEY);
    sealed[n - 1] = 200;
    CHECK_EQ(myna_lk_e2ee_open_frame(w.b, view(sealed, n), plain, 100, &len), MYNA_LK_NO_KEY);
    n = myna_lk_e2ee_seal_frame(w.b, 1, 960, view(frame, sizeof frame), sealed, 100);
    CHECK_EQ(sealed[n - 1], 2);
    close_world();
}

TEST(who_turned_the_key_on_is_followed)
{
    uint8_t secret[32] = "password", key[16], sealed[100], plain[100], iv[12] = {0};
    size_t len = 8, n;
    struct myna_gcm *g;

    open_world("password", NULL);
    for (int i = 0; i < 2; i++) { /* two turns */
        uint8_t next[32];

        CHECK(myna_pbkdf2_sha256(view(secret, len), myna_view_of("LKFrameEncryptionKey"), 100000,
                                 next, 32));
        memcpy(secret, next, 32);
        len = 32;
    }
    CHECK(myna_pbkdf2_sha256(view(secret, 32), myna_view_of("LKFrameEncryptionKey"), 100000, key,
                             16));
    g = myna_gcm_create(view(key, 16));
    sealed[0] = frame[0];
    CHECK(myna_gcm_seal(g, iv, view(frame, 1), view(frame + 1, sizeof frame - 1), sealed + 1));
    n = sizeof frame + 16;
    memcpy(sealed + n, iv, 12);
    sealed[n + 12] = 12;
    sealed[n + 13] = 0;
    n += 14;
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(sealed, n), plain, 100, &len),
                 MYNA_LK_WRONG_KEY);
        settle(); /* the key behind is made */
    }
    CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(sealed, n), plain, 100, &len), MYNA_LK_OPENED);
    CHECK(!memcmp(plain, frame, sizeof frame));
    myna_gcm_destroy(g);
    close_world();
}

static int warnings;
static char warned[600];

static void note_log(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    warnings += level >= MYNA_LOG_WARN;
    snprintf(warned, sizeof warned, "%s", line);
}

/* As a machine whose policy OpenSSL cannot satisfy. */
static void refuse_keys(bool on)
{
    CHECK_EQ(EVP_set_default_properties(NULL, on ? "fips=yes" : ""), 1);
}

TEST(a_key_that_cannot_be_made_is_said_once_and_not_tried_again)
{
    uint8_t sealed[100], plain[100];
    size_t n, len;

    open_world("password", "another");
    w.host.log =
        myna_log_create(&(struct myna_log_options){.level = MYNA_LOG_WARN, .write = note_log});
    warnings = 0;
    n = myna_lk_e2ee_seal_frame(w.b, 1, 2, view(frame, sizeof frame), sealed, sizeof sealed);
    refuse_keys(true);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(myna_lk_e2ee_open_frame(w.a, view(sealed, n), plain, 100, &len),
                 MYNA_LK_WRONG_KEY);
        CHECK_EQ(myna_lk_e2ee_is_working(w.a), i == 0);
        settle();
    }
    CHECK_EQ(warnings, 1);
    CHECK_HAS(warned, "FIPS");
    CHECK_HAS(warned, "key=0");
    CHECK_STR(myna_lk_e2ee_problem(w.a), ""); /* ours is there */
    myna_lk_e2ee_destroy(w.a);
    w.a = ring("password", 0, NULL);
    settle();
    refuse_keys(false);
    CHECK_EQ(w.ready, 3); /* whoever waits for it goes on */
    CHECK_HAS(myna_lk_e2ee_problem(w.a), "transport.livekit.e2ee");
    n = myna_lk_e2ee_seal_frame(w.a, 1, 2, view(frame, sizeof frame), sealed, sizeof sealed);
    CHECK_EQ(n, 0);
    myna_log_destroy(w.host.log);
    w.host.log = NULL;
    close_world();
}

TEST(a_message_is_sealed_with_an_iv_of_its_own)
{
    uint8_t iv[2][12], sealed[2][40], plain[40];
    unsigned key;

    open_world("password", "password");
    for (int i = 0; i < 2; i++)
        CHECK(myna_lk_e2ee_seal(w.a, myna_view_of("hello"), iv[i], sealed[i], &key));
    CHECK_EQ(key, 0);
    CHECK(memcmp(iv[0], iv[1], 12) != 0);
    CHECK_EQ(myna_lk_e2ee_open(w.b, 0, view(iv[0], 12), view(sealed[0], 21), plain),
             MYNA_LK_OPENED);
    CHECK(!memcmp(plain, "hello", 5));
    CHECK_EQ(myna_lk_e2ee_open(w.b, 1, view(iv[0], 12), view(sealed[0], 21), plain),
             MYNA_LK_NO_KEY);
    CHECK_EQ(myna_lk_e2ee_open(w.b, 0, view(iv[0], 11), view(sealed[0], 21), plain),
             MYNA_LK_NOT_SEALED);
    CHECK_EQ(myna_lk_e2ee_open(w.b, 0, view(iv[0], 12), view(sealed[0], 15), plain),
             MYNA_LK_NOT_SEALED);
    close_world();
}

TEST(what_is_no_ring_is_refused_and_no_key_is_no_ring)
{
    static const char *const wrong[][2] = {{"16=x"}, {"-1=x"}, {"x=y"}, {"0=twice"}, {"3="}, {"="}};
    struct myna_lk_e2ee_options opt = {.key = "password"};
    struct myna_lk_e2ee *e;
    struct myna_why why;

    open_world(NULL, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        opt.more_keys = wrong[i];
        CHECK_EQ(myna_lk_e2ee_create(&e, &w.host, &opt, on_ready, NULL, &why), MYNA_ECONFIG);
        CHECK_HAS(why.text, "transport.livekit.e2ee");
        CHECK(!strstr(why.text, "password"));
    }
    opt = (struct myna_lk_e2ee_options){.key = ""};
    CHECK_EQ(myna_lk_e2ee_create(&e, &w.host, &opt, on_ready, NULL, &why), MYNA_OK);
    CHECK(!e);
    settle();
    CHECK_EQ(w.ready, 0); /* those that were destroyed told nothing */
    close_world();
}

TEST_MAIN
