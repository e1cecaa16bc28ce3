/* signal.c - one connection after the other to /rtc/v1.
 *
 * A refused handshake says little (proxies answer 401 and 404 too), so /rtc/v1/validate is asked
 * the same question over plain HTTP: its answer decides between "try again" and "give up", and its
 * text is what the person reads, except that the body of a 401 holds the token and is never shown.
 */
#include "livekit/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/url.h"
#include "util/crypto.h"
#include "util/ws.h"

#define FIRST_MESSAGE (5 * MYNA_S)
#define PING_EVERY    (5 * MYNA_S) /* unless the server says otherwise */
#define PING_TIMEOUT  (15 * MYNA_S)
#define GOODBYE       (1 * MYNA_S)
#define MAX_WAITING   256
#define MAX_WAIT_SIZE ((size_t)1 << 20)
#define PROTOCOL      17 /* what it implies: livekit-rtc 2.3 */
#define SDK_CPP       10
/* 1: calls as streams, 2: streams of one packet; of ours both are understood, the second not sent.
 */
#define CLIENT_PROTOCOL 2

enum state { IDLE, OPENING, ASKING, UP, LEAVING };

struct waiting {
    struct waiting *next;
    size_t len;
    uint8_t bytes[];
};

struct myna_lk_signal {
    struct myna_host *host;
    struct myna_lk_signal_events events;
    void *arg;
    enum state state;
    bool dead, held; /* held: resumed, but the owner is not ready for what waits */
    int depth;       /* inside of so many events */
    bool resuming;
    struct myna_ws *ws;
    struct myna_http_request *validate;
    struct myna_arena *mem;
    struct myna_timer timer;
    myna_us heard, next_ping, ping_every, ping_timeout, give_up;
    int rtt_ms;
    char *token, *validate_url;
    char refusal[400]; /* what the handshake said */
    struct waiting *first, **last;
    size_t n_waiting, waiting_size;
};

/* ---- the end of a connection */

static void close_line(struct myna_lk_signal *s)
{
    myna_ws_destroy(s->ws);
    s->ws = NULL;
    if (s->validate)
        myna_http_cancel(s->validate);
    s->validate = NULL;
    myna_timer_clear(&s->timer);
    s->state = IDLE;
}

static void enter(struct myna_lk_signal *s)
{
    s->depth++;
}

static void leave(struct myna_lk_signal *s)
{
    if (--s->depth == 0 && s->dead)
        myna_lk_signal_destroy(s);
}

static void tell_end(struct myna_lk_signal *s, const struct myna_lk_end *end)
{
    close_line(s);
    enter(s);
    s->events.ended(s->arg, end);
    leave(s);
}

static void dropped(struct myna_lk_signal *s, const char *message)
{
    struct myna_lk_end end = {.kind = MYNA_LK_END_DROPPED,
                              .began = s->state == UP || s->state == LEAVING,
                              .message = message};

    if (s->state == LEAVING) /* we wanted it so */
        end = (struct myna_lk_end){.kind = MYNA_LK_END_LEAVE,
                                   .began = true,
                                   .reason = MYNA_LK_CLIENT_INITIATED,
                                   .message = "we left the room"};
    tell_end(s, &end);
}

const char *myna_lk_reason_name(int reason)
{
    static const char *const names[] = {
        "unknown",         "client_initiated",    "duplicate_identity",
        "server_shutdown", "participant_removed", "room_deleted",
        "state_mismatch",  "join_failure",        "migration",
        "signal_close",    "room_closed",         "user_unavailable",
        "user_rejected",   "sip_trunk_failure",   "connection_timeout",
        "media_failure",   "agent_error",
    };

    return reason >= 0 && (size_t)reason < sizeof names / sizeof *names ? names[reason] : "unknown";
}

static const char *sentence(int reason)
{
    switch (reason) {
    case MYNA_LK_CLIENT_INITIATED:
        return "we left the room";
    case MYNA_LK_DUPLICATE_IDENTITY:
        return "somebody else joined the room under our identity and took our place; give each its "
               "own (transport.livekit.identity)";
    case MYNA_LK_SERVER_SHUTDOWN:
        return "the LiveKit server shuts down";
    case MYNA_LK_PARTICIPANT_REMOVED:
        return "we were removed from the room";
    case MYNA_LK_ROOM_DELETED:
        return "the room was deleted";
    case MYNA_LK_ROOM_CLOSED:
        return "the room was closed";
    case MYNA_LK_JOIN_FAILURE:
        return "the server saw no media path from us within its time; is UDP (or TCP 7881) open to "
               "it?";
    case MYNA_LK_STATE_MISMATCH:
        return "the server has lost our session";
    case MYNA_LK_CONNECTION_TIMEOUT:
    case MYNA_LK_MEDIA_FAILURE:
        return "the server lost the media path to us";
    default:
        return "the server ended our session";
    }
}

static void on_leave(struct myna_lk_signal *s, const Myna__Lk__LeaveRequest *m)
{
    struct myna_lk_end end = {
        .kind = MYNA_LK_END_LEAVE, .began = s->state == UP, .reason = m->reason};

    if (m->action == MYNA_LK_RESUME || m->action == MYNA_LK_RECONNECT)
        end.action = (enum myna_lk_action)m->action;
    end.message = sentence(m->reason);
    tell_end(s, &end);
}

/* ---- alive */

static void arm(struct myna_lk_signal *s)
{
    myna_us at = s->state == UP ? s->heard + s->ping_timeout : s->give_up;

    if (s->state == UP && s->next_ping < at)
        at = s->next_ping;
    if (myna_timer_set(&s->timer, at))
        myna_host_log(s->host, MYNA_LOG_WARN, "no timer for the server's silence");
}

static enum myna_err put(struct myna_lk_signal *s, const Myna__Lk__SignalRequest *rq)
{
    struct myna_buf b;
    enum myna_err err;

    myna_buf_init(&b, MYNA_LK_MAX_FRAME);
    myna_lk_pack(&b, &rq->base);
    err = b.err ? b.err : s->ws ? myna_ws_send(s->ws, myna_buf_view(&b), false) : MYNA_ESTATE;
    myna_buf_fini(&b);
    return err;
}

static void ping(struct myna_lk_signal *s)
{
    Myna__Lk__Ping p = MYNA__LK__PING__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    p.timestamp = myna_host_wall_ms(s->host);
    p.rtt = s->rtt_ms < 0 ? 0 : s->rtt_ms;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_PING_REQ;
    rq.ping_req = &p;
    (void)!put(s, &rq);
}

static void timer_fire(struct myna_timer *t)
{
    struct myna_lk_signal *s = t->arg;
    myna_us now = myna_host_now(s->host);

    if (s->state != UP) {
        dropped(s, "the LiveKit server took the connection and said nothing");
        return;
    }
    if (now - s->heard >= s->ping_timeout) {
        dropped(s, "nothing came from the LiveKit server any more");
        return;
    }
    if (now >= s->next_ping) {
        ping(s);
        s->next_ping = now + s->ping_every;
    }
    arm(s);
}

static void up(struct myna_lk_signal *s, int ping_interval, int ping_timeout)
{
    s->state = UP;
    s->ping_every = ping_interval > 0 && ping_interval < 60 ? ping_interval * MYNA_S : PING_EVERY;
    s->ping_timeout =
        ping_timeout > ping_interval && ping_timeout < 300 ? ping_timeout * MYNA_S : PING_TIMEOUT;
    s->next_ping = s->heard + s->ping_every;
    arm(s);
}

/* ---- what comes */

static bool set_token(struct myna_lk_signal *s, const char *token)
{
    char *copy = strlen(token) <= 64 << 10 ? strdup(token) : NULL;

    if (!copy)
        return false;
    free(s->token);
    s->token = copy;
    return true;
}

static void on_pong(struct myna_lk_signal *s, const Myna__Lk__Pong *m)
{
    int64_t rtt = myna_host_wall_ms(s->host) - m->last_ping_timestamp;

    if (rtt >= 0 && rtt < 60000) /* the wall clock may jump; a wrong figure steers the server */
        s->rtt_ms = (int)rtt;
}

static void handle(struct myna_lk_signal *s, const Myna__Lk__SignalResponse *m)
{
    bool first = s->state == OPENING;

    switch ((int)m->message_case) {
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_LEAVE:
        on_leave(s, m->leave);
        return;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_PONG_RESP:
        on_pong(s, m->pong_resp);
        return;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_PONG:
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE__NOT_SET: /* of a later server */
        return;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_REFRESH_TOKEN:
        (void)set_token(s, m->refresh_token);
        return;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN:
        if (!first)
            return;
        up(s, m->join->ping_interval, m->join->ping_timeout);
        break;
    case MYNA__LK__SIGNAL_RESPONSE__MESSAGE_RECONNECT:
        if (!first || !s->resuming)
            return;
        up(s, 0, 0);
        s->held = true;
        break;
    default:
        if (first) {
            dropped(s, "the LiveKit server begins with something else than the room");
            return;
        }
        break;
    }
    if (first && !s->held)
        myna_lk_signal_flush(s);
    s->events.message(s->arg, m);
}

static void on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text)
{
    struct myna_lk_signal *s = arg;
    const Myna__Lk__SignalResponse *m;

    (void)ws;
    s->heard = myna_host_now(s->host);
    if (is_text || s->depth)
        return;
    m = myna_lk_unpack(s->mem, &myna__lk__signal_response__descriptor, body);
    if (!m) {
        myna_arena_reset(s->mem);
        myna_host_log(s->host, MYNA_LOG_WARN,
                      "a message of the LiveKit server cannot be read: skipped bytes=%zu",
                      body.len);
        return;
    }
    enter(s);
    if (s->state == LEAVING && m->message_case != MYNA__LK__SIGNAL_RESPONSE__MESSAGE_LEAVE)
        ; /* the rest is for somebody who stays */
    else
        handle(s, m);
    myna_arena_reset(s->mem);
    leave(s);
}

/* ---- how the connection came to nothing */

static void refused(struct myna_lk_signal *s, int status, const char *body)
{
    char text[600];
    struct myna_lk_end end = {.kind = MYNA_LK_END_REFUSED, .message = text};

    if (status == 404)
        snprintf(
            text, sizeof text,
            "this server has no /rtc/v1: it is no LiveKit server, or one older than 1.10, which "
            "Myna does not speak to");
    else if (!strncmp(body, "invalid token", 13) && strstr(body, "expired"))
        snprintf(text, sizeof text,
                 "the token has expired: make a new one (myna token), or look at "
                 "this machine's clock");
    else if (!strncmp(body, "invalid token", 13) && strstr(body, "not valid yet"))
        snprintf(text, sizeof text,
                 "the server finds the token not valid yet: this machine's clock is ahead of its");
    else if (!strncmp(body, "invalid", 7))
        snprintf(text, sizeof text,
                 "LiveKit does not take the token: are API key and secret those "
                 "of this server?");
    else if (!strncmp(body, "no permissions", 14) || !strncmp(body, "permissions denied", 18))
        snprintf(text, sizeof text, "the token does not allow joining this room (%.60s)", body);
    else
        snprintf(text, sizeof text, "LiveKit refuses us: %d %.300s", status, body);
    tell_end(s, &end);
}

static void on_validated(void *arg, struct myna_http_request *rq,
                         const struct myna_http_error *error)
{
    struct myna_lk_signal *s = arg;
    char body[4097]; /* what is wrong stands behind the whole token (livekit-rtc 1.2) */
    size_t n;

    (void)rq;
    s->validate = NULL;
    if (!error || error->status == 0 || error->status >= 500 || error->status == 429) {
        dropped(s, s->refusal);
        return;
    }
    n = error->body.len < sizeof body - 1 ? error->body.len : sizeof body - 1;
    if (n)
        memcpy(body, error->body.ptr, n);
    body[n] = '\0';
    refused(s, error->status, body);
}

static void on_validate_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static bool ask_why(struct myna_lk_signal *s)
{
    struct myna_buf bearer;
    struct myna_http_header header = {"Authorization", NULL, true};
    struct myna_http_start start = {.url = s->validate_url,
                                    .headers = &header,
                                    .n_headers = 1,
                                    .connect_ms = 3000,
                                    .total_ms = 3000,
                                    .max_body = 4096,
                                    .data = on_validate_data,
                                    .done = on_validated,
                                    .arg = s};
    struct myna_http *http = myna_host_http(s->host);
    enum myna_err err;

    myna_buf_init(&bearer, 0);
    myna_buf_printf(&bearer, "Bearer %s", s->token);
    header.value = myna_buf_str(&bearer);
    err = http && !bearer.err ? myna_http_start(http, &start, &s->validate) : MYNA_ENOMEM;
    myna_buf_fini(&bearer);
    return !err;
}

static void on_closed(void *arg, struct myna_ws *ws, const struct myna_ws_end *end)
{
    struct myna_lk_signal *s = arg;

    (void)ws;
    s->ws = NULL;
    if (end->error && end->error->status) {
        bool full = end->error->status == 500 && end->error->excerpt &&
                    !strncmp(end->error->excerpt, "connection closed by media", 26);

        snprintf(s->refusal, sizeof s->refusal, "the LiveKit server answered %d%s",
                 end->error->status,
                 full ? " (connection closed by media): it takes nobody more into this room; is it "
                        "full (max_participants)?"
                      : "");
        s->state = ASKING;
        myna_timer_clear(&s->timer);
        if (ask_why(s))
            return;
    }
    /* A message of a socket that never was has no token in it: the URL is told without query. */
    dropped(s, end->message);
}

/* ---- open */

static void put_join(struct myna_buf *out, const struct myna_lk_signal_open *how)
{
    Myna__Lk__ClientInfo info = MYNA__LK__CLIENT_INFO__INIT;
    Myna__Lk__ConnectionSettings settings = MYNA__LK__CONNECTION_SETTINGS__INIT;
    Myna__Lk__JoinRequest join = MYNA__LK__JOIN_REQUEST__INIT;
    Myna__Lk__WrappedJoinRequest wrapped = MYNA__LK__WRAPPED_JOIN_REQUEST__INIT;
    struct myna_buf inner, outer;

    info.sdk = SDK_CPP;
    info.version = (char *)MYNA_VERSION;
    info.protocol = PROTOCOL;
    info.client_protocol = CLIENT_PROTOCOL;
    info.os = (char *)"linux";
    settings.auto_subscribe = how->auto_subscribe;
    join.client_info = &info;
    join.connection_settings = &settings;
    if (how->resume_sid) {
        join.reconnect = true;
        join.reconnect_reason = how->reason;
        join.participant_sid = (char *)how->resume_sid;
    }
    myna_buf_init(&inner, 0);
    myna_buf_init(&outer, 0);
    myna_lk_pack(&inner, &join.base);
    wrapped.join_request.data = inner.ptr;
    wrapped.join_request.len = inner.len;
    myna_lk_pack(&outer, &wrapped.base);
    if (inner.err || outer.err)
        out->err = MYNA_ENOMEM;
    myna_base64_put(out, myna_buf_view(&outer), MYNA_BASE64URL); /* padded: the server insists */
    myna_buf_fini(&inner);
    myna_buf_fini(&outer);
}

/* `=` stands for itself in a query. */
static enum myna_err put_url(struct myna_buf *b, const char *path,
                             const struct myna_lk_signal_open *how, struct myna_why *why)
{
    enum myna_err err = myna_lk_url(b, how->url, path, why);

    if (err)
        return err;
    myna_buf_puts(b, "?join_request=");
    put_join(b, how);
    return b->err ? myna_fail(why, b->err, "memory is short") : MYNA_OK;
}

static enum myna_err open_socket(struct myna_lk_signal *s, const char *url, struct myna_why *why)
{
    struct myna_buf bearer;
    struct myna_http_header header = {"Authorization", NULL, true};
    struct myna_ws_open open = {.url = url,
                                .headers = &header,
                                .n_headers = 1,
                                .connect_ms = 5000,
                                .upgrade_ms = 13000, /* the server tries three times itself */
                                .max_message = MYNA_LK_MAX_FRAME,
                                .message = on_message,
                                .closed = on_closed,
                                .arg = s};
    enum myna_err err;

    myna_buf_init(&bearer, 0);
    myna_buf_printf(&bearer, "Bearer %s", s->token);
    header.value = myna_buf_str(&bearer);
    err = bearer.err ? bearer.err : myna_ws_open(s->host, &open, &s->ws);
    myna_buf_fini(&bearer);
    return err ? myna_fail(why, err, "memory is short") : MYNA_OK;
}

enum myna_err myna_lk_signal_open(struct myna_lk_signal *s, const struct myna_lk_signal_open *how,
                                  struct myna_why *why)
{
    struct myna_buf url, validate;
    enum myna_err err;

    close_line(s);
    if (how->token && !set_token(s, how->token))
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (!s->token)
        return myna_fail(why, MYNA_ECONFIG, "there is no token to join with");
    myna_buf_init(&url, 0);
    myna_buf_init(&validate, 0);
    err = put_url(&url, "/rtc/v1", how, why);
    if (!err)
        err = put_url(&validate, "/rtc/v1/validate", how, why);
    if (!err)
        err = open_socket(s, myna_buf_str(&url), why);
    if (!err) {
        free(s->validate_url);
        s->validate_url = myna_buf_take(&validate);
        s->state = OPENING;
        s->held = false;
        s->resuming = how->resume_sid != NULL;
        s->heard = myna_host_now(s->host);
        /* From the handshake's own limit on: that one speaks better sentences. */
        s->give_up = s->heard + 18 * MYNA_S + FIRST_MESSAGE;
        arm(s);
    }
    myna_buf_fini(&url);
    myna_buf_fini(&validate);
    return err;
}

/* ---- what goes */

static bool goes_at_once(const Myna__Lk__SignalRequest *rq)
{
    switch ((int)rq->message_case) {
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER:
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_ANSWER:
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRICKLE:
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE:
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_SIMULATE:
    case MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE:
        return true;
    default:
        return false;
    }
}

static enum myna_err wait(struct myna_lk_signal *s, const Myna__Lk__SignalRequest *rq)
{
    size_t len = protobuf_c_message_get_packed_size(&rq->base);
    struct waiting *w;

    if (s->n_waiting == MAX_WAITING || s->waiting_size + len > MAX_WAIT_SIZE)
        return MYNA_ELIMIT;
    w = malloc(sizeof *w + len);
    if (!w)
        return MYNA_ENOMEM;
    w->next = NULL;
    w->len = len;
    protobuf_c_message_pack(&rq->base, w->bytes);
    *s->last = w;
    s->last = &w->next;
    s->n_waiting++;
    s->waiting_size += len;
    return MYNA_OK;
}

enum myna_err myna_lk_signal_send(struct myna_lk_signal *s, const Myna__Lk__SignalRequest *rq)
{
    bool at_once = goes_at_once(rq);

    if (s->state == UP && (at_once || !s->held))
        return put(s, rq);
    return at_once || s->state == LEAVING ? MYNA_ESTATE : wait(s, rq);
}

void myna_lk_signal_flush(struct myna_lk_signal *s)
{
    if (s->state != UP)
        return;
    s->held = false;
    for (struct waiting *w = s->first; w; w = w->next)
        if (myna_ws_send(s->ws, (struct myna_view){w->bytes, w->len}, false))
            myna_host_log(s->host, MYNA_LOG_WARN, "what waited for the LiveKit server is lost");
    myna_lk_signal_forget(s);
}

void myna_lk_signal_forget(struct myna_lk_signal *s)
{
    while (s->first) {
        struct waiting *w = s->first;

        s->first = w->next;
        free(w);
    }
    s->last = &s->first;
    s->n_waiting = s->waiting_size = 0;
}

void myna_lk_signal_leave(struct myna_lk_signal *s, int reason)
{
    Myna__Lk__LeaveRequest bye = MYNA__LK__LEAVE_REQUEST__INIT;
    Myna__Lk__SignalRequest rq = MYNA__LK__SIGNAL_REQUEST__INIT;

    bye.reason = reason;
    rq.message_case = MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE;
    rq.leave = &bye;
    if (s->state == UP)
        (void)!put(s, &rq);
    s->state = LEAVING;
    s->give_up = myna_host_now(s->host) + (s->ws ? GOODBYE : 0);
    arm(s);
}

void myna_lk_signal_cut(struct myna_lk_signal *s)
{
    close_line(s);
}

const char *myna_lk_signal_token(const struct myna_lk_signal *s)
{
    return s->token ? s->token : "";
}

int myna_lk_signal_rtt_ms(const struct myna_lk_signal *s)
{
    return s->rtt_ms;
}

struct myna_lk_signal *myna_lk_signal_create(struct myna_host *host,
                                             const struct myna_lk_signal_events *events, void *arg)
{
    struct myna_lk_signal *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->host = host;
    s->events = *events;
    s->arg = arg;
    s->rtt_ms = -1;
    s->last = &s->first;
    myna_host_timer_init(host, &s->timer, timer_fire, s);
    s->mem = myna_arena_create(16 << 10, MYNA_LK_MAX_STRUCTS);
    if (!s->mem) {
        free(s);
        return NULL;
    }
    return s;
}

void myna_lk_signal_destroy(struct myna_lk_signal *s)
{
    if (!s)
        return;
    close_line(s);
    if (s->depth) { /* from inside an event: its leave() does the rest */
        s->dead = true;
        return;
    }
    myna_lk_signal_forget(s);
    myna_arena_destroy(s->mem);
    free(s->token);
    free(s->validate_url);
    free(s);
}
