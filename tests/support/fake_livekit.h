/* fake_livekit.h - a LiveKit server's signalling in the test's own loop: strict about the
 * handshake, then it keeps what it is sent and says what the test tells it to.
 *
 * One WebSocket at a time. The handshake must be that of livekit-rtc 2.1: GET /rtc/v1 with a padded
 * base64url join_request and a bearer token.
 */
#ifndef TESTS_FAKE_LIVEKIT_H
#define TESTS_FAKE_LIVEKIT_H

#include "fake_ws.h"

#include "livekit/pb.h"

enum { FAKE_LK_KEPT = 64 };

struct fake_livekit {
    struct fake_http http;
    struct fake_conn *conn; /* the WebSocket; NULL: none */
    struct myna_ws_reader in;
    struct myna_arena *mem;
    Myna__Lk__JoinRequest *join; /* of the last handshake */
    Myna__Lk__SignalRequest *got[FAKE_LK_KEPT];
    Myna__Lk__ParticipantInfo **others; /* in the join */
    size_t n_others;
    int ping_interval, ping_timeout;                          /* s, for the join; 0: 5 and 15 */
    int n_got, n_joins, n_validates, status, validate_status; /* status 0: it is taken */
    const char *body, *validate_body;
    char bearer[2048];
    /* When a client has come in: says join or what the test wants. */
    void (*came)(struct fake_livekit *lk);
    void (*message)(struct fake_livekit *lk, const Myna__Lk__SignalRequest *m); /* may be NULL */
    void *arg;
};

static inline void fake_lk_frame(struct fake_livekit *lk, enum myna_ws_opcode op,
                                 struct myna_view body)
{
    fake_ws_send(lk->conn, op, body);
}

static inline void fake_lk_say(struct fake_livekit *lk, const Myna__Lk__SignalResponse *m)
{
    struct myna_buf b;

    myna_buf_init(&b, 4 << 20);
    myna_lk_pack(&b, &m->base);
    fake_lk_frame(lk, MYNA_WS_BINARY, myna_buf_view(&b));
    myna_buf_fini(&b);
}

/* A join with us as PA_us in RM_room and nobody else. */
static inline void fake_lk_say_join(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__JoinResponse join = MYNA__LK__JOIN_RESPONSE__INIT;
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;

    room.sid = (char *)"RM_room";
    room.name = (char *)"demo";
    us.sid = (char *)"PA_us";
    us.identity = (char *)"myna";
    join.room = &room;
    join.participant = &us;
    join.ping_interval = lk->ping_interval ? lk->ping_interval : 5;
    join.ping_timeout = lk->ping_timeout ? lk->ping_timeout : 15;
    join.other_participants = lk->others;
    join.n_other_participants = lk->n_others;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN;
    m.join = &join;
    fake_lk_say(lk, &m);
}

static inline void fake_lk_say_reconnect(struct fake_livekit *lk, unsigned last_seq)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__ReconnectResponse re = MYNA__LK__RECONNECT_RESPONSE__INIT;

    re.last_message_seq = last_seq;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_RECONNECT;
    m.reconnect = &re;
    fake_lk_say(lk, &m);
}

static inline void fake_lk_say_leave(struct fake_livekit *lk, int action, int reason)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__LeaveRequest leave = MYNA__LK__LEAVE_REQUEST__INIT;

    leave.action = action;
    leave.reason = reason;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_LEAVE;
    m.leave = &leave;
    fake_lk_say(lk, &m);
}

static inline void fake_lk_cut(struct fake_livekit *lk)
{
    if (lk->conn)
        fake_close(lk->conn);
    lk->conn = NULL;
}

/* Refuses what Go's padded URL decoder refuses. */
static inline void fake_lk_read_join(struct fake_livekit *lk, const char *query)
{
    size_t len = strspn(query, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=");
    struct myna_buf b;
    Myna__Lk__WrappedJoinRequest *wrapped;

    CHECK_EQ(query[len], ' ');
    CHECK(len > 0 && len % 4 == 0); /* padded */
    myna_buf_init(&b, 0);
    CHECK_EQ(myna_base64_read(&b, (struct myna_view){(const uint8_t *)query, len}), MYNA_OK);
    wrapped =
        myna_lk_unpack(lk->mem, &myna__lk__wrapped_join_request__descriptor, myna_buf_view(&b));
    CHECK(wrapped && wrapped->compression == 0);
    lk->join =
        myna_lk_unpack(lk->mem, &myna__lk__join_request__descriptor,
                       (struct myna_view){wrapped->join_request.data, wrapped->join_request.len});
    CHECK(lk->join && lk->join->client_info && lk->join->client_info->protocol == 17);
    myna_buf_fini(&b);
}

static inline void fake_lk_upgrade(struct fake_livekit *lk, struct fake_conn *c)
{
    CHECK(!lk->conn);
    fake_ws_upgrade(c, NULL);
    lk->conn = c;
    lk->n_joins++;
    myna_ws_reader_fini(&lk->in);
    myna_ws_reader_init(&lk->in, true, 4 << 20);
    if (lk->came)
        lk->came(lk);
}

static inline void fake_lk_handshake(struct fake_livekit *lk, struct fake_conn *c)
{
    static const char join[] = "GET /rtc/v1?join_request=",
                      validate[] = "GET /rtc/v1/validate?join_request=";
    const char *bearer = strstr(c->request, "Authorization: Bearer ");

    CHECK(bearer);
    CHECK(!strcasestr(c->request, "sec-websocket-extensions")); /* we compress nothing */
    snprintf(lk->bearer, sizeof lk->bearer, "%.*s", (int)strcspn(bearer + 22, "\r"), bearer + 22);
    if (!strncmp(c->request, validate, sizeof validate - 1)) {
        lk->n_validates++;
        fake_lk_read_join(lk, c->request + sizeof validate - 1);
        c->len = 0;
        fake_answer(c, lk->validate_status ? lk->validate_status : 200, "",
                    lk->validate_body ? lk->validate_body : "success");
        return;
    }
    CHECK(!strncmp(c->request, join, sizeof join - 1));
    fake_lk_read_join(lk, c->request + sizeof join - 1);
    if (!lk->status) {
        fake_lk_upgrade(lk, c);
        return;
    }
    c->len = 0;
    fake_answer(c, lk->status, "", lk->body ? lk->body : "");
}

static inline void fake_lk_bytes(struct fake_conn *c)
{
    struct fake_livekit *lk = (struct fake_livekit *)c->server;
    struct myna_view in, body;
    int op;

    if (c != lk->conn) {
        if (fake_whole(c))
            fake_lk_handshake(lk, c);
        return;
    }
    in = (struct myna_view){(const uint8_t *)c->request, c->len};
    while ((op = myna_ws_read(&lk->in, &in, &body)) >= 0) {
        Myna__Lk__SignalRequest *m;

        if (op == MYNA_WS_CLOSE) {
            fake_lk_frame(lk, MYNA_WS_CLOSE, body);
            fake_lk_cut(lk);
            return;
        }
        if (op == MYNA_WS_PING || op == MYNA_WS_PONG)
            continue;
        CHECK_EQ(op, MYNA_WS_BINARY);
        m = myna_lk_unpack(lk->mem, &myna__lk__signal_request__descriptor, body);
        CHECK(m && m->message_case);
        CHECK(lk->n_got < FAKE_LK_KEPT);
        lk->got[lk->n_got++] = m;
        if (lk->message)
            lk->message(lk, m);
        if (lk->conn != c)
            return;
    }
    CHECK_EQ(op, -1);
    c->len = 0;
}

static inline void fake_lk_closed(struct fake_conn *c)
{
    struct fake_livekit *lk = (struct fake_livekit *)c->server;

    if (lk->conn == c)
        lk->conn = NULL;
}

static inline void fake_lk_open(struct fake_livekit *lk, struct myna_loop *loop)
{
    memset(lk, 0, sizeof *lk);
    fake_open(&lk->http, loop, NULL);
    lk->http.bytes = fake_lk_bytes;
    lk->http.closed = fake_lk_closed;
    lk->mem = myna_arena_create(0, 32 << 20);
    lk->came = fake_lk_say_join;
    myna_ws_reader_init(&lk->in, true, 4 << 20);
}

static inline void fake_lk_shut(struct fake_livekit *lk)
{
    fake_shut(&lk->http);
    myna_ws_reader_fini(&lk->in);
    myna_arena_destroy(lk->mem);
}

#endif
