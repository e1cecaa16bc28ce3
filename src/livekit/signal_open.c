/* signal_open.c - a connection to /rtc/v1 begins, or comes to nothing.
 *
 * A refused handshake says little (proxies answer 401 and 404 too), so /rtc/v1/validate is asked
 * the same question over plain HTTP: its answer decides between "try again" and "give up", and its
 * text is what the person reads, except that the body of a 401 holds the token and is never shown.
 */
#include "livekit/signal_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "livekit/url.h"
#include "util/crypto.h"

#define FIRST_MESSAGE               (5 * MYNA_S)
#define PROTOCOL                    17 /* what it implies: livekit-rtc 2.3 */
#define SDK_CPP                     10
#define CLIENT_PROTOCOL             2 /* 1: calls as streams, 2: streams of one packet */
#define CAP_COMPRESSION_DEFLATE_RAW 2

/* ---- how the connection came to nothing */

static void refused(struct myna_lk_signal *s, int status, const char *body)
{
    char text[600];
    struct myna_lk_end end = {.kind = MYNA_LK_END_REFUSED, .status = status, .message = text};

    if (status == 404 && strstr(body, "room does not exist"))
        snprintf(text, sizeof text,
                 "the room does not exist, and this server makes none by itself "
                 "(room.auto_create is off): create it, for example with RoomService/CreateRoom");
    else if (status == 404)
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
    myna_lk_s_tell_end(s, &end);
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
        myna_lk_s_dropped(s, s->refusal);
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
        s->state = SIGNAL_ASKING;
        myna_timer_clear(&s->timer);
        if (ask_why(s))
            return;
    }
    /* A message of a socket that never was has no token in it: the URL is told without query. */
    myna_lk_s_dropped(s, end->message);
}

/* ---- open */

static void put_join(struct myna_buf *out, const struct myna_lk_signal_open *how)
{
    Myna__Lk__ClientInfo info = MYNA__LK__CLIENT_INFO__INIT;
    Myna__Lk__ConnectionSettings settings = MYNA__LK__CONNECTION_SETTINGS__INIT;
    Myna__Lk__JoinRequest join = MYNA__LK__JOIN_REQUEST__INIT;
    Myna__Lk__WrappedJoinRequest wrapped = MYNA__LK__WRAPPED_JOIN_REQUEST__INIT;
    int32_t capabilities[] = {CAP_COMPRESSION_DEFLATE_RAW};
    struct myna_buf inner, outer;

    info.sdk = SDK_CPP;
    info.version = (char *)MYNA_VERSION;
    info.protocol = PROTOCOL;
    info.client_protocol = CLIENT_PROTOCOL;
    info.capabilities = capabilities;
    info.n_capabilities = sizeof capabilities / sizeof *capabilities;
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
                                .asked = myna_lk_s_on_asked,
                                .message = myna_lk_s_on_message,
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

    myna_lk_s_close_line(s);
    if (how->token && !myna_lk_s_set_token(s, how->token))
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
        s->state = SIGNAL_OPENING;
        s->held = false;
        s->resuming = how->resume_sid != NULL;
        s->heard = myna_host_now(s->host);
        /* From the handshake's own limit on: that one speaks better sentences. */
        s->give_up = s->heard + 18 * MYNA_S + FIRST_MESSAGE;
        myna_lk_s_arm(s);
    }
    myna_buf_fini(&url);
    myna_buf_fini(&validate);
    return err;
}
