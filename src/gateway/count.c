/* count.c - see count.h. */
#include "gateway/count.h"
#include "gateway/log.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/livekit.h>

#include "livekit/attendance.h"
#include "livekit/url.h"
#include "util/http.h"
#include "util/json_dump.h"

enum { LIMIT_MS = 10000, MAX_ANSWER = 4 << 20, REFUSED_LOUD = 3, LOST_LOUD = 3, TOKEN_S = 600 };

struct myna_gw_count {
    struct myna_host *host;
    const struct myna_lk_options *conf;
    void (*told)(void *arg, int people);
    void *arg;
    struct myna_http_request *rq;
    struct myna_buf body;
    struct myna_timer later; /* what could not even be asked is told a turn later */
    int refused, lost;       /* in a row */
    bool well, said;         /* it was counted once; it was said that nobody answers */
};

/* ---- the answer */

static void tell(struct myna_gw_count *c, int people)
{
    c->rq = NULL;
    c->told(c->arg, people);
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_gw_count *c = arg;

    (void)rq;
    (void)!myna_buf_put(&c->body, bytes.ptr, bytes.len);
}

/* One answer that does not come is no trouble, unless there never was one. */
static void note_lost(struct myna_gw_count *c, const struct myna_http_error *error)
{
    bool lost = error && (!error->status || error->status >= 500);

    c->lost = lost ? c->lost + 1 : 0;
    c->well = c->well || !error;
    if (!c->said && c->lost == (c->well ? LOST_LOUD : 1)) {
        c->said = true;
        myna_gw_log(c->host, MYNA_LOG_WARN,
                    "LiveKit cannot be asked who is in the room, and is asked again and again: %s",
                    error->message);
    } else if (c->said && !lost) {
        c->said = false;
        myna_gw_log(c->host, MYNA_LOG_INFO, "LiveKit answers who is in the room");
    }
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct myna_gw_count *c = arg;
    int status = error ? error->status : 200;

    (void)rq;
    if (error)
        myna_gw_log(c->host, MYNA_LOG_DEBUG, "nobody counted: %s", error->message);
    note_lost(c, error);
    c->refused = status == 401 || status == 403 ? c->refused + 1 : 0;
    if (c->refused == REFUSED_LOUD)
        myna_gw_log(c->host, MYNA_LOG_WARN,
                    "LiveKit has refused to say who is in the room %d times: are API key and "
                    "secret those of this server, and is this machine's clock right? Until then "
                    "it looks as if nobody were there",
                    REFUSED_LOUD);
    if (!error)
        tell(c, c->body.err ? -1
                            : myna_lk_attendance((const char *)c->body.ptr, c->body.len,
                                                 c->conf->identity));
    else
        tell(c, status >= 300 && status < 500 ? 0 : -1);
}

/* ---- the question */

static enum myna_err ask(struct myna_gw_count *c, struct myna_why *why)
{
    struct myna_livekit_token who = {.size = sizeof who,
                                     .api_key = c->conf->api_key,
                                     .api_secret = c->conf->api_secret,
                                     .room = c->conf->room,
                                     .grants = MYNA_LIVEKIT_ADMIN,
                                     .wall_s = myna_host_wall_ms(c->host) / 1000,
                                     .ttl_s = TOKEN_S};
    struct myna_http_header headers[] = {{"Authorization", NULL, true},
                                         {"Content-Type", "application/json", false}};
    struct myna_http_start start = {.headers = headers,
                                    .n_headers = 2,
                                    .connect_ms = LIMIT_MS,
                                    .total_ms = LIMIT_MS,
                                    .max_body = MAX_ANSWER,
                                    .data = on_data,
                                    .done = on_done,
                                    .arg = c};
    struct myna_http *http = myna_host_http(c->host);
    struct myna_buf url, bearer;
    json_t *body = json_pack("{s:s}", "room", c->conf->room);
    char *text = myna_json_dump(body, JSON_COMPACT), *token = NULL;
    enum myna_err err = MYNA_OK;

    json_decref(body);
    myna_buf_init(&url, 0);
    myna_buf_init(&bearer, 0);
    if (!http || !text)
        err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (!err)
        err = myna_lk_url(&url, c->conf->url, "/twirp/livekit.RoomService/ListParticipants", why);
    if (!err)
        err = myna_livekit_token(&who, &token, why);
    if (!err) {
        myna_buf_printf(&bearer, "Bearer %s", token);
        headers[0].value = myna_buf_str(&bearer);
        start.url = myna_buf_str(&url);
        start.body = myna_view_of(text);
        myna_buf_clear(&c->body);
        err = bearer.err ? bearer.err : myna_http_start(http, &start, &c->rq);
    }
    free(token);
    free(text);
    myna_buf_fini(&bearer);
    myna_buf_fini(&url);
    return err;
}

static void later_fire(struct myna_timer *t)
{
    tell(t->arg, -1);
}

void myna_gw_count_ask(struct myna_gw_count *c)
{
    struct myna_why why = {0};

    if (c->rq || c->later.slot)
        return;
    if (ask(c, &why)) {
        c->rq = NULL;
        myna_gw_log(c->host, MYNA_LOG_DEBUG, "nobody counted: %s", why.text);
        (void)!myna_timer_set(&c->later, myna_host_now(c->host));
    }
}

void myna_gw_count_cancel(struct myna_gw_count *c)
{
    myna_http_cancel(c->rq);
    c->rq = NULL;
    myna_timer_clear(&c->later);
}

struct myna_gw_count *myna_gw_count_create(struct myna_host *host,
                                           const struct myna_lk_options *conf,
                                           void (*told)(void *arg, int people), void *arg)
{
    struct myna_gw_count *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->host = host;
    c->conf = conf;
    c->told = told;
    c->arg = arg;
    myna_buf_init(&c->body, MAX_ANSWER);
    myna_host_timer_init(host, &c->later, later_fire, c);
    return c;
}

void myna_gw_count_destroy(struct myna_gw_count *c)
{
    if (!c)
        return;
    myna_gw_count_cancel(c);
    myna_buf_fini(&c->body);
    free(c);
}
