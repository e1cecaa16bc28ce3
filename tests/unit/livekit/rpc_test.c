/* rpc_test.c - calls both ways between two ends that hear each other's packets. Virtual clock. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#include "livekit/rpc.h"
#include "util/host.h"

struct end {
    const char *name;
    struct myna_lk_packets *packets;
    struct myna_lk_rpc *rpc;
    struct myna_lk_streams *streams;
};

static struct {
    struct myna_host host;
    struct end us, them;
    bool lose_responses, lose_all, later;
    int n_called, n_done, code, n_errors, protocol, refused;
    size_t text_len;
    char text[400], id[64], caller[64];
    uint32_t number, timeout_ms;
} w;

static enum myna_err deliver(struct end *from, struct end *to, struct myna_view v)
{
    struct myna_arena *mem = myna_arena_create(0, 0);
    Myna__Lk__DataPacket *m = myna_lk_unpack(mem, &myna__lk__data_packet__descriptor, v);

    CHECK(m && m->n_destination_identities == 1);
    CHECK_STR(m->destination_identities[0], to->name);
    m->participant_identity = (char *)from->name;
    if (m->value_case == MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE &&
        m->rpc_response->value_case == MYNA__LK__RPC_RESPONSE__VALUE_ERROR)
        w.refused = (int)m->rpc_response->error->code;
    if (!w.lose_all &&
        !(w.lose_responses && m->value_case == MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE)) {
        myna_lk_rpc_packet(to->rpc, m);
        myna_lk_streams_packet(to->streams, 0, m);
    }
    myna_arena_destroy(mem);
    return MYNA_OK;
}

static enum myna_err on_send(void *arg, struct myna_view v, bool reliable)
{
    struct end *from = arg;

    CHECK(reliable);
    return deliver(from, from == &w.us ? &w.them : &w.us, v);
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    (void)arg;
    (void)m;
}

static bool called(void *arg, const struct myna_lk_rpc_call *call)
{
    struct end *e = arg;

    w.n_called++;
    w.timeout_ms = call->timeout_ms;
    snprintf(w.id, sizeof w.id, "%s", call->id);
    snprintf(w.caller, sizeof w.caller, "%s", call->caller);
    if (!strcmp(call->method, "echo") && !w.later)
        CHECK_EQ(myna_lk_rpc_answer(e->rpc, call->id, call->payload), MYNA_OK);
    if (!strcmp(call->method, "fail"))
        CHECK_EQ(myna_lk_rpc_refuse(e->rpc, call->id, 1500, "it broke"), MYNA_OK);
    return strcmp(call->method, "none") != 0;
}

static void done(void *arg, uint32_t number, int code, const char *text)
{
    (void)arg;
    w.n_done++;
    w.code = code;
    w.number = number;
    w.text_len = strlen(text);
    snprintf(w.text, sizeof w.text, "%s", text);
}

static int protocol(void *arg, const char *identity)
{
    (void)arg;
    (void)identity;
    return w.protocol;
}

static void on_stream(void *arg, const char *identity, const Myna__Lk__StreamHeader *h,
                      struct myna_view body, bool is_text)
{
    struct end *e = arg;
    char *text = strndup(body.len ? (const char *)body.ptr : "", body.len);

    CHECK(is_text);
    CHECK(myna_lk_rpc_stream(e->rpc, identity, h, text));
    free(text);
}

static void open_end(struct end *e, const char *name)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet};
    static const struct myna_lk_rpc_events re = {called, done, protocol};
    static const struct myna_lk_streams_events se = {NULL, on_stream};

    e->name = name;
    e->packets = myna_lk_packets_create(&pe, e);
    e->rpc = myna_lk_rpc_create(&w.host, e->packets, &re, e);
    e->streams = myna_lk_streams_create(&se, e);
    CHECK(e->packets && e->rpc && e->streams);
}

static void open_world(void)
{
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};

    memset(&w, 0, sizeof w);
    w.host.loop = myna_loop_create(&lo, NULL);
    myna_rand_seed(&w.host.rand, 7);
    open_end(&w.us, "myna");
    open_end(&w.them, "ann");
}

static void close_world(void)
{
    myna_lk_rpc_destroy(w.us.rpc);
    myna_lk_rpc_destroy(w.them.rpc);
    myna_lk_streams_destroy(w.us.streams);
    myna_lk_streams_destroy(w.them.streams);
    myna_lk_packets_destroy(w.us.packets);
    myna_lk_packets_destroy(w.them.packets);
    myna_loop_destroy(w.host.loop);
}

static uint32_t call(const char *method, int timeout_ms)
{
    uint32_t number = 0;

    CHECK_EQ(myna_lk_rpc_call(w.us.rpc, "ann", method, "hello", timeout_ms, &number), MYNA_OK);
    return number;
}

TEST(a_call_is_answered_to_the_caller_alone)
{
    open_world();
    CHECK_EQ(call("echo", 10000), 1);
    CHECK_EQ(w.n_called, 1);
    CHECK_STR(w.caller, "myna");
    CHECK_EQ(w.timeout_ms, 3000); /* what is left behind the way there and back */
    CHECK_EQ(w.n_done, 1);
    CHECK_EQ(w.code, MYNA_LK_RPC_OK);
    CHECK_STR(w.text, "hello");
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.n_done, 1);
    close_world();
}

TEST(what_nobody_has_and_what_breaks_is_told_with_its_code)
{
    open_world();
    call("none", 0);
    CHECK_EQ(w.code, 1400);
    call("fail", 0);
    CHECK_EQ(w.code, 1500);
    CHECK_STR(w.text, "it broke");
    CHECK_EQ(w.n_done, 2);
    close_world();
}

TEST(a_call_that_does_not_arrive_and_one_that_is_not_answered_end_by_time)
{
    open_world();
    w.lose_all = true;
    call("echo", 20000);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.code, 1501);
    CHECK_EQ(myna_host_now(&w.host), 7 * MYNA_S);
    w.lose_all = false;
    w.lose_responses = true;
    call("echo", 20000);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.code, 1502);
    CHECK_EQ(myna_host_now(&w.host), 27 * MYNA_S);
    CHECK_EQ(w.n_done, 2);
    close_world();
}

TEST(each_of_two_calls_ends_at_its_own_time)
{
    open_world();
    w.lose_responses = true;
    call("echo", 20000);
    call("echo", 10000);
    myna_loop_run_until(w.host.loop, 10 * MYNA_S);
    CHECK_EQ(w.n_done, 1);
    CHECK_EQ(w.number, 2);
    myna_loop_run_until(w.host.loop, 20 * MYNA_S);
    CHECK_EQ(w.n_done, 2);
    CHECK_EQ(w.number, 1);
    close_world();
}

TEST(who_names_no_time_has_the_usual_one)
{
    Myna__Lk__RpcRequest q = MYNA__LK__RPC_REQUEST__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    open_world();
    w.later = true;
    q.id = (char *)"id-1";
    q.method = (char *)"echo";
    q.payload = (char *)"hello";
    q.version = 1;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST;
    m.rpc_request = &q;
    m.participant_identity = (char *)"ann";
    myna_lk_rpc_packet(w.us.rpc, &m);
    CHECK_EQ(w.n_called, 1);
    CHECK_EQ(w.timeout_ms, 15000);
    close_world();
}

TEST(an_answer_may_come_later_but_only_once_and_not_after_its_time)
{
    open_world();
    w.later = true;
    call("echo", 12000);
    CHECK_EQ(w.n_done, 0);
    CHECK_EQ(myna_lk_rpc_answer(w.them.rpc, w.id, "late"), MYNA_OK);
    CHECK_STR(w.text, "late");
    CHECK_EQ(myna_lk_rpc_answer(w.them.rpc, w.id, "again"), MYNA_ESTATE);
    call("echo", 12000);
    myna_loop_run(w.host.loop);
    CHECK_EQ(w.code, 1502);
    CHECK_EQ(myna_lk_rpc_answer(w.them.rpc, w.id, "too late"), MYNA_ESTATE);
    close_world();
}

TEST(who_leaves_ends_the_calls_to_and_from_them)
{
    open_world();
    w.later = true;
    call("echo", 0);
    myna_lk_rpc_left(w.us.rpc, "ann");
    CHECK_EQ(w.code, 1503);
    myna_lk_rpc_left(w.them.rpc, "myna");
    CHECK_EQ(myna_lk_rpc_answer(w.them.rpc, w.id, "x"), MYNA_ESTATE);
    close_world();
}

TEST(what_is_too_long_or_too_many_is_refused)
{
    static char big[MYNA_LK_RPC_PAYLOAD + 2];
    uint32_t number;

    open_world();
    memset(big, 'x', sizeof big - 1);
    CHECK_EQ(myna_lk_rpc_call(w.us.rpc, "ann", "echo", big, 0, &number), MYNA_ELIMIT);
    w.later = true;
    call("echo", 0);
    CHECK_EQ(myna_lk_rpc_answer(w.them.rpc, w.id, big), MYNA_OK);
    CHECK_EQ(w.code, 1504);
    for (int i = 0; i < MYNA_LK_RPC_OPEN; i++)
        call("echo", 0);
    CHECK_EQ(myna_lk_rpc_call(w.us.rpc, "ann", "echo", "", 0, &number), MYNA_ELIMIT);
    close_world();
}

/* ---- v2: both know it, and what is said goes as streams */

static char long_text[100001];

static void open_v2(void)
{
    open_world();
    w.protocol = 1;
    memset(long_text, 'x', sizeof long_text - 1);
}

TEST(a_call_between_two_who_know_streams_may_be_long_both_ways)
{
    uint32_t number = 0;

    open_v2();
    CHECK_EQ(myna_lk_rpc_call(w.us.rpc, "ann", "echo", long_text, 20000, &number), MYNA_OK);
    CHECK_EQ(w.n_called, 1);
    CHECK_STR(w.caller, "myna");
    CHECK_EQ(w.timeout_ms, 13000);
    CHECK_EQ(w.n_done, 1);
    CHECK_EQ(w.code, MYNA_LK_RPC_OK);
    CHECK_EQ(w.number, number);
    CHECK_EQ(w.text_len, sizeof long_text - 1);
    close_world();
}

TEST(what_fails_there_has_the_same_codes)
{
    open_v2();
    call("none", 10000);
    CHECK_EQ(w.code, MYNA_LK_RPC_UNSUPPORTED_METHOD);
    call("fail", 10000);
    CHECK_EQ(w.code, 1500);
    CHECK_STR(w.text, "it broke");
    w.later = true;
    call("echo", 10000);
    CHECK_EQ(w.n_done, 2);
    myna_loop_run_until(w.host.loop, 11 * MYNA_S);
    CHECK_EQ(w.n_done, 3);
    CHECK_EQ(w.code, MYNA_LK_RPC_NO_RESPONSE); /* it had been acknowledged */
    close_world();
}

TEST(an_answer_by_somebody_else_is_none)
{
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    Myna__Lk__StreamHeader__AttributesEntry e = MYNA__LK__STREAM_HEADER__ATTRIBUTES_ENTRY__INIT,
                                            *list[1] = {&e};

    open_v2();
    w.later = true;
    call("echo", 10000);
    h.topic = (char *)MYNA_LK_RPC_RESPONSE_TOPIC;
    e.key = (char *)"lk.rpc_request_id";
    e.value = w.id;
    h.attributes = list;
    h.n_attributes = 1;
    CHECK(myna_lk_rpc_stream(w.us.rpc, "mallory", &h, "evil"));
    CHECK_EQ(w.n_done, 0);
    CHECK(myna_lk_rpc_stream(w.us.rpc, "ann", &h, "good"));
    CHECK_STR(w.text, "good");
    h.topic = (char *)"lk.chat";
    CHECK(!myna_lk_rpc_stream(w.us.rpc, "ann", &h, "hello"));
    close_world();
}

TEST(who_does_not_know_streams_gets_a_packet_and_no_more_than_fits)
{
    uint32_t number;

    open_v2();
    w.protocol = 0;
    CHECK_EQ(myna_lk_rpc_call(w.us.rpc, "ann", "echo", long_text, 0, &number), MYNA_ELIMIT);
    call("echo", 10000);
    CHECK_STR(w.text, "hello");
    close_world();
}

static void send_to_us(Myna__Lk__DataPacket *m)
{
    char *us = (char *)"myna";

    m->destination_identities = &us;
    m->n_destination_identities = 1;
    CHECK_EQ(myna_lk_packets_send(w.them.packets, m, true), MYNA_OK);
}

/* An empty payload in its place would be a lie. */
TEST(a_payload_that_comes_packed_is_refused_both_ways)
{
    static uint8_t bytes[] = {0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__RpcRequest q = MYNA__LK__RPC_REQUEST__INIT;
    Myna__Lk__RpcResponse re = MYNA__LK__RPC_RESPONSE__INIT;

    open_world();
    q.id = (char *)"1";
    q.method = (char *)"echo";
    q.version = 1;
    q.compressed_payload = (ProtobufCBinaryData){.data = bytes, .len = sizeof bytes};
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST;
    m.rpc_request = &q;
    send_to_us(&m);
    CHECK_EQ(w.n_called, 0);
    CHECK_EQ(w.refused, 1404);

    w.later = true;
    call("echo", 5000);
    re.request_id = w.id;
    re.value_case = MYNA__LK__RPC_RESPONSE__VALUE_COMPRESSED_PAYLOAD;
    re.compressed_payload = q.compressed_payload;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE;
    m.rpc_response = &re;
    send_to_us(&m);
    CHECK_EQ(w.n_done, 1);
    CHECK_EQ(w.code, 1404);
    CHECK_HAS(w.text, "packed");
    close_world();
}

TEST_MAIN
