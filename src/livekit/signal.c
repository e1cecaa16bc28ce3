/* signal.c - one connection after the other to /rtc/v1: kept alive, read, written to, and ended
 * with a sentence. */
#include "livekit/regions.h"
#include "livekit/signal_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING_EVERY    (5 * MYNA_S) /* unless the server says otherwise */
#define PING_TIMEOUT  (15 * MYNA_S)
#define GOODBYE       (1 * MYNA_S)
#define MAX_WAITING   256
#define MAX_WAIT_SIZE ((size_t)1 << 20)

/* ---- the end of a connection */

void myna_lk_s_close_line(struct myna_lk_signal *s)
{
    myna_ws_destroy(s->ws);
    s->ws = NULL;
    if (s->validate)
        myna_http_cancel(s->validate);
    s->validate = NULL;
    myna_timer_clear(&s->timer);
    s->state = SIGNAL_IDLE;
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

void myna_lk_s_tell_end(struct myna_lk_signal *s, const struct myna_lk_end *end)
{
    myna_lk_s_close_line(s);
    enter(s);
    s->events.ended(s->arg, end);
    leave(s);
}

void myna_lk_s_dropped(struct myna_lk_signal *s, const char *message)
{
    struct myna_lk_end end = {.kind = MYNA_LK_END_DROPPED,
                              .began = s->state == SIGNAL_UP || s->state == SIGNAL_LEAVING,
                              .message = message};

    if (s->state == SIGNAL_LEAVING) /* we wanted it so */
        end = (struct myna_lk_end){.kind = MYNA_LK_END_LEAVE,
                                   .began = true,
                                   .reason = MYNA_LK_CLIENT_INITIATED,
                                   .message = "we left the room"};
    myna_lk_s_tell_end(s, &end);
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
        .kind = MYNA_LK_END_LEAVE, .began = s->state == SIGNAL_UP, .reason = m->reason};
    const char *urls[MYNA_LK_MAX_REGIONS];

    if (m->action == MYNA_LK_RESUME || m->action == MYNA_LK_RECONNECT)
        end.action = (enum myna_lk_action)m->action;
    for (size_t i = 0; m->regions && i < m->regions->n_regions; i++)
        if (*m->regions->regions[i]->url && end.n_urls < MYNA_LK_MAX_REGIONS)
            urls[end.n_urls++] = m->regions->regions[i]->url;
    end.urls = urls;
    end.message = sentence(m->reason);
    myna_lk_s_tell_end(s, &end);
}

/* ---- alive */

void myna_lk_s_arm(struct myna_lk_signal *s)
{
    myna_us at = s->state == SIGNAL_UP ? s->heard + s->ping_timeout : s->give_up;

    if (s->state == SIGNAL_UP && s->next_ping < at)
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

    if (s->state != SIGNAL_UP) {
        myna_lk_s_dropped(s, "the LiveKit server took the connection and said nothing");
        return;
    }
    if (now - s->heard >= s->ping_timeout) {
        myna_lk_s_dropped(s, "nothing came from the LiveKit server any more");
        return;
    }
    if (now >= s->next_ping) {
        ping(s);
        s->next_ping = now + s->ping_every;
        s->next_ping -= s->next_ping % (100 * MYNA_MS); /* with others that rest */
    }
    myna_lk_s_arm(s);
}

static void up(struct myna_lk_signal *s, int ping_interval, int ping_timeout)
{
    s->state = SIGNAL_UP;
    s->ping_every = ping_interval > 0 && ping_interval < 60 ? ping_interval * MYNA_S : PING_EVERY;
    s->ping_timeout =
        ping_timeout > ping_interval && ping_timeout < 300 ? ping_timeout * MYNA_S : PING_TIMEOUT;
    s->next_ping = s->heard + s->ping_every;
    myna_lk_s_arm(s);
}

/* ---- what comes */

bool myna_lk_s_set_token(struct myna_lk_signal *s, const char *token)
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
    bool first = s->state == SIGNAL_OPENING;

    if (!first && m->message_case == MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ROOM_MOVED &&
        *m->room_moved->token) /* the old one leads into the old room */
        (void)myna_lk_s_set_token(s, m->room_moved->token);
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
        (void)myna_lk_s_set_token(s, m->refresh_token);
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
            myna_lk_s_dropped(s, "the LiveKit server begins with something else than the room");
            return;
        }
        break;
    }
    if (first && !s->held)
        myna_lk_signal_flush(s);
    s->events.message(s->arg, m);
}

void myna_lk_s_on_message(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text)
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
    if (s->state == SIGNAL_LEAVING && m->message_case != MYNA__LK__SIGNAL_RESPONSE__MESSAGE_LEAVE)
        ; /* the rest is for somebody who stays */
    else
        handle(s, m);
    myna_arena_reset(s->mem);
    leave(s);
}

void myna_lk_s_on_asked(void *arg, struct myna_ws *ws)
{
    struct myna_lk_signal *s = arg;

    (void)ws;
    if (!s->events.asked)
        return;
    enter(s);
    s->events.asked(s->arg);
    leave(s);
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
    struct signal_waiting *w;

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

    if (s->state == SIGNAL_UP && (at_once || !s->held))
        return put(s, rq);
    return at_once || s->state == SIGNAL_LEAVING ? MYNA_ESTATE : wait(s, rq);
}

void myna_lk_signal_flush(struct myna_lk_signal *s)
{
    if (s->state != SIGNAL_UP)
        return;
    s->held = false;
    for (struct signal_waiting *w = s->first; w; w = w->next)
        if (myna_ws_send(s->ws, (struct myna_view){w->bytes, w->len}, false))
            myna_host_log(s->host, MYNA_LOG_WARN, "what waited for the LiveKit server is lost");
    myna_lk_signal_forget(s);
}

void myna_lk_signal_forget(struct myna_lk_signal *s)
{
    while (s->first) {
        struct signal_waiting *w = s->first;

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
    if (s->state == SIGNAL_UP)
        (void)!put(s, &rq);
    s->state = SIGNAL_LEAVING;
    s->give_up = myna_host_now(s->host) + (s->ws ? GOODBYE : 0);
    myna_lk_s_arm(s);
}

void myna_lk_signal_cut(struct myna_lk_signal *s)
{
    myna_lk_s_close_line(s);
}

const char *myna_lk_signal_token(const struct myna_lk_signal *s)
{
    return s->token ? s->token : "";
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
    myna_lk_s_close_line(s);
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
