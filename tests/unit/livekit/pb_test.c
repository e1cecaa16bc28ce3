/* pb_test.c - LiveKit's bytes by the vectors computed for its protocol (livekit-rtc, appendix A),
 * and what a hostile message may cost. */
#include "check.h"

#include "livekit/pb.h"
#include "util/crypto.h"

static struct myna_view hex(const char *text, uint8_t *into)
{
    struct myna_view v = {into, 0};
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += text[2] == ' ' ? 3 : 2) {
        into[v.len++] = (uint8_t)byte;
        if (!text[2])
            break;
    }
    return v;
}

static void check_bytes(const ProtobufCMessage *m, const char *want)
{
    uint8_t bytes[512];
    struct myna_view v = hex(want, bytes);
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_lk_pack(&b, m);
    CHECK_EQ(b.err, MYNA_OK);
    CHECK_EQ(b.len, v.len);
    CHECK(memcmp(b.ptr, v.ptr, v.len) == 0);
    myna_buf_fini(&b);
}

TEST(a_ping_is_as_the_vector)
{
    Myna__Lk__Ping ping = MYNA__LK__PING__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    ping.timestamp = 1700000000000;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_PING_REQ;
    rq.ping_req = &ping;
    check_bytes(&rq.base, "82 01 07 08 80 d0 95 ff bc 31");
}

TEST(a_join_request_is_as_the_vector_also_wrapped)
{
    Myna__Lk__ClientInfo info = MYNA__LK__CLIENT_INFO__INIT;
    Myna__Lk__ConnectionSettings settings = MYNA__LK__CONNECTION_SETTINGS__INIT;
    Myna__Lk__JoinRequest join = MYNA__LK__JOIN_REQUEST__INIT;
    Myna__Lk__WrappedJoinRequest wrapped = MYNA__LK__WRAPPED_JOIN_REQUEST__INIT;
    struct myna_buf inner, outer, text;

    info.sdk = 10;
    info.version = (char *)"0.1.0";
    info.protocol = 17;
    info.os = (char *)"linux";
    settings.auto_subscribe = true;
    join.client_info = &info;
    join.connection_settings = &settings;
    check_bytes(&join.base,
                "0a 12 08 0a 12 05 30 2e 31 2e 30 18 11 22 05 6c 69 6e 75 78 12 02 08 01");
    myna_buf_init(&inner, 0);
    myna_buf_init(&outer, 0);
    myna_buf_init(&text, 0);
    myna_lk_pack(&inner, &join.base);
    wrapped.join_request.data = inner.ptr;
    wrapped.join_request.len = inner.len;
    myna_lk_pack(&outer, &wrapped.base);
    myna_base64_put(&text, myna_buf_view(&outer), MYNA_BASE64URL);
    CHECK_STR(myna_buf_str(&text), "EhgKEggKEgUwLjEuMBgRIgVsaW51eBICCAE=");
    myna_buf_fini(&inner);
    myna_buf_fini(&outer);
    myna_buf_fini(&text);
}

TEST(a_track_is_announced_as_the_vector)
{
    Myna__Lk__AddTrackRequest add = MYNA__LK__ADD_TRACK_REQUEST__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    add.cid = (char *)"mic0";
    add.name = (char *)"agent_audio";
    add.source = 2;
    add.disable_red = true;
    add.stream = (char *)"camera";
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK;
    rq.add_track = &add;
    check_bytes(&rq.base,
                "22 1f 0a 04 6d 69 63 30 12 0b 61 67 65 6e 74 5f 61 75 64 69 6f 40 02 68 01 7a "
                "06 63 61 6d 65 72 61");
}

TEST(a_goodbye_is_as_the_vector)
{
    Myna__Lk__LeaveRequest leave = MYNA__LK__LEAVE_REQUEST__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    leave.reason = 1;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE;
    rq.leave = &leave;
    check_bytes(&rq.base, "42 02 10 01");
}

TEST(a_worker_registers_as_the_vector)
{
    Myna__Lk__RegisterWorkerRequest reg = MYNA__LK__REGISTER_WORKER_REQUEST__INIT;
    Myna__Lk__WorkerMessage m = MYNA__LK__WORKER_MESSAGE__INIT;

    reg.version = (char *)"0.1.0";
    reg.agent_name = (char *)"bot";
    m.message_case = MYNA__LK__WORKER_MESSAGE__MESSAGE_REGISTER;
    m.register_ = &reg;
    check_bytes(&m.base, "0a 0c 1a 05 30 2e 31 2e 30 42 03 62 6f 74");
}

TEST(a_text_stream_of_three_packets_reads_as_the_vector)
{
    static const char *const packets[] = {"6a 22 0a 02 73 31 10 80 d0 95 ff bc 31 1a 07 6c 6b 2e "
                                          "63 68 61 74 22 0a 74 65 78 74 2f 70 6c "
                                          "61 69 6e 4a 00 80 01 01",
                                          "72 08 0a 02 73 31 1a 02 68 69 80 01 02",
                                          "7a 04 0a 02 73 31 80 01 03"};
    struct myna_arena *mem = myna_arena_create(0, 0);
    Myna__Lk__DataPacket *p[3];
    uint8_t bytes[256];

    for (int i = 0; i < 3; i++) {
        p[i] = myna_lk_unpack(mem, &myna__lk__data_packet__descriptor, hex(packets[i], bytes));
        CHECK(p[i] != NULL);
        CHECK_EQ(p[i]->sequence, i + 1);
        check_bytes(&p[i]->base, packets[i]); /* and is written so */
    }
    CHECK_EQ(p[0]->value_case, MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER);
    CHECK_STR(p[0]->stream_header->topic, "lk.chat");
    CHECK_EQ(p[0]->stream_header->timestamp, 1700000000000);
    CHECK_EQ(p[0]->stream_header->content_header_case,
             MYNA__LK__STREAM_HEADER__CONTENT_HEADER_TEXT_HEADER);
    CHECK_EQ(p[1]->value_case, MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK);
    CHECK_EQ(p[1]->stream_chunk->content.len, 2);
    CHECK_EQ(p[2]->value_case, MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER);
    CHECK_STR(p[2]->stream_trailer->stream_id, "s1");
    myna_arena_destroy(mem);
}

TEST(what_a_later_server_adds_is_skipped)
{
    struct myna_arena *mem = myna_arena_create(0, 0);
    uint8_t bytes[64];
    /* subscribed_audio_codec_update (26) with a body; then an unknown member 99 behind a pong */
    Myna__Lk__SignalResponse *m = myna_lk_unpack(mem, &myna__lk__signal_response__descriptor,
                                                 hex("d2 01 04 0a 02 54 52", bytes));

    CHECK(m != NULL);
    CHECK_EQ(m->message_case, MYNA__LK__SIGNAL_RESPONSE__MESSAGE__NOT_SET);
    m = myna_lk_unpack(mem, &myna__lk__signal_response__descriptor,
                       hex("a2 01 02 08 05 9a 06 03 01 02 03", bytes));
    CHECK(m != NULL);
    CHECK_EQ(m->message_case, MYNA__LK__SIGNAL_RESPONSE__MESSAGE_PONG_RESP);
    CHECK_EQ(m->pong_resp->last_ping_timestamp, 5);
    myna_arena_destroy(mem);
}

TEST(a_million_empty_people_in_a_frame_are_refused_within_the_ceiling)
{
    struct myna_arena *mem = myna_arena_create(0, MYNA_LK_MAX_STRUCTS);
    size_t n = 1 << 20;
    struct myna_buf b;

    myna_buf_init(&b, 0);
    b.max = MYNA_LK_MAX_FRAME;
    myna_buf_put(&b, "\x2a\xfe\xff\x7f", 4); /* update, 2,097,150 bytes: more than there are */
    for (size_t i = 0; i < n - 4; i++)
        if (myna_buf_put(&b, "\x0a\x00", 2) != MYNA_OK)
            break;
    CHECK(myna_lk_unpack(mem, &myna__lk__signal_response__descriptor, myna_buf_view(&b)) == NULL);
    CHECK(myna_lk_unpack(mem, &myna__lk__participant_update__descriptor,
                         (struct myna_view){b.ptr + 4, b.len - 4}) == NULL);
    CHECK(myna_arena_used(mem) <= MYNA_LK_MAX_STRUCTS);
    myna_buf_fini(&b);
    myna_arena_destroy(mem);
}

TEST(texts_of_strangers_become_utf8_and_are_cut_at_a_character)
{
    struct myna_arena *mem = myna_arena_create(0, 0);

    CHECK_STR(myna_lk_text(mem, "K\xc3\xa4se", 100), "K\xc3\xa4se");
    CHECK_STR(myna_lk_text(mem, "K\xc3\xa4se", 2), "K");
    CHECK_STR(myna_lk_text(mem,
                           "a\xff"
                           "b\xc3",
                           100),
              "a\xef\xbf\xbd"
              "b\xef\xbf\xbd");
    CHECK_STR(myna_lk_text_of(mem, (struct myna_view){(const uint8_t *)"a\0b", 3}, 100),
              "a\xef\xbf\xbd"
              "b");
    CHECK_STR(myna_lk_text(mem, NULL, 10), "");
    myna_arena_destroy(mem);
}

TEST_MAIN
