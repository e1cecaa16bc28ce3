/* packets_test.c - order, once, and a resume: a channel that takes packets when the test says so.
 */
#include "check.h"

#include "livekit/packets.h"
#include "util/host.h"

enum { MAX = 64 };

static struct {
    struct myna_lk_packets *p;
    struct myna_arena *mem;
    Myna__Lk__DataPacket *sent[MAX];
    bool reliable[MAX];
    int n_sent, n_got;
    enum myna_err answer;
    char got[200];
} w;

static enum myna_err on_send(void *arg, struct myna_view v, bool reliable)
{
    (void)arg;
    if (w.answer)
        return w.answer;
    CHECK(w.n_sent < MAX);
    w.reliable[w.n_sent] = reliable;
    w.sent[w.n_sent] = myna_lk_unpack(w.mem, &myna__lk__data_packet__descriptor, v);
    CHECK(w.sent[w.n_sent] != NULL);
    w.n_sent++;
    return MYNA_OK;
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    (void)arg;
    w.n_got++;
    if (m->value_case == MYNA__LK__DATA_PACKET__VALUE_USER)
        snprintf(w.got + strlen(w.got), sizeof w.got - strlen(w.got), "%.*s",
                 (int)m->user->payload.len, (const char *)m->user->payload.data);
}

static void open_world(void)
{
    static const struct myna_lk_packets_events events = {on_send, on_packet};

    memset(&w, 0, sizeof w);
    w.mem = myna_arena_create(0, 32 << 20);
    w.p = myna_lk_packets_create(&events, NULL);
    CHECK(w.p && w.mem);
}

static void close_world(void)
{
    myna_lk_packets_destroy(w.p);
    myna_arena_destroy(w.mem);
}

static enum myna_err send(const char *text, size_t len, bool reliable)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__UserPacket user = MYNA__LK__USER_PACKET__INIT;

    user.payload.data = (uint8_t *)text;
    user.payload.len = len;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_USER;
    m.user = &user;
    return myna_lk_packets_send(w.p, &m, reliable);
}

TEST(reliable_packets_are_numbered_and_lossy_ones_are_not)
{
    open_world();
    CHECK_EQ(send("a", 1, true), MYNA_OK);
    CHECK_EQ(send("b", 1, false), MYNA_OK);
    CHECK_EQ(send("c", 1, true), MYNA_OK);
    CHECK_EQ(w.n_sent, 3);
    CHECK_EQ(w.sent[0]->sequence, 1);
    CHECK_EQ(w.sent[1]->sequence, 0);
    CHECK_EQ(w.sent[1]->kind, 1);
    CHECK_EQ(w.sent[2]->sequence, 2);
    CHECK(w.reliable[0] && !w.reliable[1]);
    close_world();
}

TEST(what_the_channel_does_not_take_waits_in_order_but_lossy_packets_do_not)
{
    open_world();
    w.answer = MYNA_EAGAIN;
    CHECK_EQ(send("a", 1, true), MYNA_OK);
    CHECK_EQ(send("x", 1, false), MYNA_OK);
    CHECK_EQ(send("b", 1, true), MYNA_OK);
    w.answer = MYNA_OK;
    myna_lk_packets_pump(w.p);
    CHECK_EQ(w.n_sent, 2);
    CHECK_EQ(w.sent[0]->user->payload.data[0], 'a');
    CHECK_EQ(w.sent[1]->user->payload.data[0], 'b');
    CHECK_EQ(w.sent[1]->sequence, 2);
    close_world();
}

TEST(a_resume_sends_again_what_the_server_has_not_seen_under_the_same_numbers)
{
    open_world();
    for (int i = 0; i < 5; i++)
        CHECK_EQ(send(&"abcde"[i], 1, true), MYNA_OK);
    myna_lk_packets_resume(w.p, 3);
    CHECK_EQ(w.n_sent, 7);
    CHECK_EQ(w.sent[5]->sequence, 4);
    CHECK_EQ(w.sent[5]->user->payload.data[0], 'd');
    CHECK_EQ(w.sent[6]->sequence, 5);
    CHECK_EQ(send("f", 1, true), MYNA_OK);
    CHECK_EQ(w.sent[7]->sequence, 6);
    close_world();
}

TEST(a_new_session_counts_from_one_and_forgets_what_was_handed_over)
{
    open_world();
    CHECK_EQ(send("a", 1, true), MYNA_OK);
    w.answer = MYNA_EAGAIN;
    CHECK_EQ(send("b", 1, true), MYNA_OK);
    myna_lk_packets_renew(w.p);
    w.answer = MYNA_OK;
    myna_lk_packets_pump(w.p);
    CHECK_EQ(w.n_sent, 2);
    CHECK_EQ(w.sent[1]->user->payload.data[0], 'b');
    CHECK_EQ(w.sent[1]->sequence, 1);
    close_world();
}

TEST(a_packet_that_would_kill_the_channel_is_refused_and_so_is_too_much)
{
    static char big[64001];
    int n = 0;

    open_world();
    CHECK_EQ(send(big, 64000, true), MYNA_ELIMIT);
    CHECK_EQ(send(big, 63900, true), MYNA_OK);
    w.answer = MYNA_EAGAIN;
    while (send(big, 60000, true) == MYNA_OK)
        n++;
    CHECK_EQ(n, 69); /* 4 MiB */
    close_world();
}

static void receive(const char *sid, unsigned sequence, const char *text, myna_us now)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__UserPacket user = MYNA__LK__USER_PACKET__INIT;
    struct myna_buf b;

    user.payload.data = (uint8_t *)text;
    user.payload.len = strlen(text);
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_USER;
    m.user = &user;
    m.participant_sid = (char *)sid;
    m.sequence = sequence;
    myna_buf_init(&b, 0);
    myna_lk_pack(&b, &m.base);
    myna_lk_packets_receive(w.p, now, myna_buf_view(&b));
    myna_buf_fini(&b);
}

TEST(a_packet_that_was_seen_is_not_told_again_and_those_without_a_number_always_are)
{
    size_t n;
    Myna__Lk__DataChannelReceiveState **heard;

    open_world();
    receive("PA_1", 1, "a", 0);
    receive("PA_1", 2, "b", 0);
    receive("PA_1", 2, "b", 0);
    receive("PA_2", 1, "c", 0);
    receive("PA_1", 1, "a", 0);
    receive("", 0, "d", 0);
    receive("", 0, "d", 0);
    CHECK_STR(w.got, "abcdd");
    heard = myna_lk_packets_heard(w.p, w.mem, 0, &n);
    CHECK_EQ(n, 2);
    CHECK_STR(heard[0]->publisher_sid, "PA_1");
    CHECK_EQ(heard[0]->last_seq, 2);
    receive("PA_1", 1, "e", 31 * MYNA_S); /* long ago: a new session of theirs */
    CHECK_STR(w.got, "abcdde");
    (void)myna_lk_packets_heard(w.p, w.mem, 31 * MYNA_S, &n);
    CHECK_EQ(n, 1);
    close_world();
}

/* ---- sealed end to end */

static struct {
    struct myna_host host;
    struct myna_lk_e2ee *e[2];
    int unreadable;
    enum myna_lk_opened why;
} seal;

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_unreadable(void *arg, const Myna__Lk__DataPacket *m, enum myna_lk_opened why)
{
    (void)arg;
    CHECK(m->encrypted_packet || why == MYNA_LK_BARE);
    seal.unreadable++;
    seal.why = why;
}

static void open_sealed(const char *ours, const char *theirs)
{
    static const struct myna_lk_packets_events events = {on_send, on_packet, on_unreadable};
    const char *keys[2] = {ours, theirs};

    open_world();
    myna_lk_packets_destroy(w.p);
    w.p = myna_lk_packets_create(&events, NULL);
    memset(&seal, 0, sizeof seal);
    seal.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    myna_rand_seed(&seal.host.rand, 7);
    for (int i = 0; i < 2; i++) {
        struct myna_lk_e2ee_options opt = {.key = keys[i]};

        CHECK_EQ(myna_lk_e2ee_create(&seal.e[i], &seal.host, &opt, on_ready, NULL, NULL), MYNA_OK);
        while (seal.e[i] && !myna_lk_e2ee_is_ready(seal.e[i]))
            myna_loop_run_until(seal.host.loop, myna_host_now(&seal.host) + MYNA_MS);
    }
}

static void close_sealed(void)
{
    close_world();
    for (int i = 0; i < 2; i++)
        myna_lk_e2ee_destroy(seal.e[i]);
    myna_loop_drain(seal.host.loop);
    myna_loop_destroy(seal.host.loop);
}

/* What was sent comes back, as from another who has the other key. */
static void come_back(int i)
{
    struct myna_buf b;

    myna_lk_packets_protect(w.p, seal.e[1]);
    w.sent[i]->sequence = 0;
    myna_buf_init(&b, 0);
    myna_lk_pack(&b, &w.sent[i]->base);
    myna_lk_packets_receive(w.p, 0, myna_buf_view(&b));
    myna_buf_fini(&b);
}

TEST(a_sealed_packet_says_nothing_to_the_server_and_all_to_who_has_the_key)
{
    const Myna__Lk__EncryptedPacket *e;

    open_sealed("password", "password");
    myna_lk_packets_protect(w.p, seal.e[0]);
    CHECK_EQ(send("the secret", 10, true), MYNA_OK);
    CHECK_EQ(send("the secret", 10, false), MYNA_OK);
    CHECK_EQ(w.n_sent, 2);
    CHECK_EQ(w.sent[0]->sequence, 1); /* numbered and repeated as ever */
    CHECK_EQ(w.sent[0]->value_case, MYNA__LK__DATA_PACKET__VALUE_ENCRYPTED_PACKET);
    e = w.sent[0]->encrypted_packet;
    CHECK_EQ(e->encryption_type, 1);
    CHECK_EQ(e->iv.len, 12);
    CHECK_EQ(e->key_index, 0);
    CHECK(!memmem(e->encrypted_value.data, e->encrypted_value.len, "secret", 6));
    CHECK(memcmp(e->iv.data, w.sent[1]->encrypted_packet->iv.data, 12) != 0);
    come_back(0);
    come_back(1);
    CHECK_STR(w.got, "the secretthe secret");
    close_sealed();
}

TEST(what_is_sealed_with_another_key_is_told_as_unreadable)
{
    open_sealed("password", "another");
    myna_lk_packets_protect(w.p, seal.e[0]);
    CHECK_EQ(send("the secret", 10, true), MYNA_OK);
    come_back(0);
    CHECK_EQ(w.n_got, 0);
    CHECK_EQ(seal.unreadable, 1);
    CHECK_EQ(seal.why, MYNA_LK_WRONG_KEY);
    w.sent[0]->encrypted_packet->iv.len = 3;
    come_back(0);
    CHECK_EQ(seal.why, MYNA_LK_NOT_SEALED);
    w.sent[0]->encrypted_packet->key_index = 77;
    w.sent[0]->encrypted_packet->iv.len = 12;
    come_back(0);
    CHECK_EQ(seal.why, MYNA_LK_NO_KEY);
    CHECK_EQ(w.n_got, 0);
    close_sealed();
}

TEST(where_sealing_is_required_what_comes_bare_is_not_read)
{
    struct myna_lk_e2ee_options opt = {.key = "password", .require = true};

    open_sealed(NULL, "password");
    CHECK_EQ(send("in the open", 11, true), MYNA_OK);
    myna_lk_e2ee_destroy(seal.e[1]);
    CHECK_EQ(myna_lk_e2ee_create(&seal.e[1], &seal.host, &opt, on_ready, NULL, NULL), MYNA_OK);
    come_back(0);
    CHECK_EQ(w.n_got, 0);
    CHECK_EQ(seal.unreadable, 1);
    CHECK_EQ(seal.why, MYNA_LK_BARE);
    close_sealed();
}

TEST(to_require_what_has_no_key_is_an_error)
{
    struct myna_lk_e2ee_options opt = {.require = true};
    struct myna_lk_e2ee *e;
    struct myna_why why;

    CHECK_EQ(myna_lk_e2ee_create(&e, &seal.host, &opt, on_ready, NULL, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "transport.livekit.e2ee.key");
}

/* No SDK seals them: the server would read along. */
TEST(where_words_are_sealed_no_transcription_goes_in_the_open)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__Transcription t = MYNA__LK__TRANSCRIPTION__INIT;

    open_sealed("password", NULL);
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_TRANSCRIPTION;
    m.transcription = &t;
    CHECK_EQ(myna_lk_packets_send(w.p, &m, true), MYNA_OK);
    CHECK_EQ(w.n_sent, 1);
    myna_lk_packets_protect(w.p, seal.e[0]);
    CHECK_EQ(myna_lk_packets_send(w.p, &m, true), MYNA_OK);
    CHECK_EQ(w.n_sent, 1);
    close_sealed();
}

TEST(garbage_and_a_thousand_senders_cost_nothing_lasting)
{
    char sid[20];

    open_world();
    myna_lk_packets_receive(w.p, 0, myna_view_of("\x12\xff\xff\xff\xff\x7f"));
    for (int i = 0; i < 1000; i++) {
        snprintf(sid, sizeof sid, "PA_%d", i);
        receive(sid, 1, "", i);
    }
    CHECK_EQ(w.n_got, 1000);
    close_world();
}

TEST_MAIN
