/* deletion.c - the room is deleted at the end of a call (agent-session 6.1, delete_room_on_close).
 *
 * Asked of the server API while we are still in: others are put out, we too. The end of the call
 * waits so long and no longer; what went wrong is told as a fault.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include <myna/livekit.h>

#include "livekit/guests.h"
#include "livekit/url.h"
#include "util/http.h"
#include "util/item_json.h"
#include "util/json_dump.h"

enum { LIMIT_MS = 3000, MAX_ANSWER = 64 << 10, TOKEN_S = 600 };

static void over(struct lk *lk, const char *trouble)
{
    char text[400];
    struct myna_fault fault = {.stage = MYNA_STAGE_TRANSPORT,
                               .err = MYNA_EPROVIDER,
                               .provider = "livekit",
                               .message = text,
                               .recoverable = true};

    lk->deletion = NULL;
    if (lk->closed)
        return;
    if (trouble) {
        snprintf(text, sizeof text, "the room %.60s was not deleted: %.300s",
                 myna_lk_room_name(lk->room), trouble);
        myna_transport_fault(&lk->base, 0, &fault);
    }
    if (!lk->closed)
        myna_lk_room_leave(lk->room);
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

/* That it is gone already is as good. */
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    (void)rq;
    over(arg, error && error->status != 404 ? error->message : NULL);
}

static enum myna_err ask(struct lk *lk, struct myna_why *why)
{
    const char *room = myna_lk_room_name(lk->room);
    struct myna_livekit_token who = {.size = sizeof who,
                                     .api_key = lk->opt.api_key,
                                     .api_secret = lk->opt.api_secret,
                                     .room = room,
                                     .grants = MYNA_LIVEKIT_CREATE,
                                     .wall_s = myna_host_wall_ms(lk->base.host) / 1000,
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
                                    .arg = lk};
    struct myna_http *http = myna_host_http(lk->base.host);
    struct myna_buf url, bearer;
    json_t *m = json_object();
    char *body, *token = NULL;
    enum myna_err err;

    (void)!myna_json_put_text(m, "room", room);
    body = myna_json_dump(m, JSON_COMPACT);
    json_decref(m);
    myna_buf_init(&url, 0);
    myna_buf_init(&bearer, 0);
    err = http && body
              ? myna_lk_url(&url, lk->opt.url, "/twirp/livekit.RoomService/DeleteRoom", why)
              : myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (!err)
        err = myna_livekit_token(&who, &token, why);
    if (!err) {
        myna_buf_printf(&bearer, "Bearer %s", token);
        headers[0].value = myna_buf_str(&bearer);
        start.url = myna_buf_str(&url);
        start.body = myna_view_of(body);
        err = bearer.err ? bearer.err : myna_http_start(http, &start, &lk->deletion);
        if (err)
            (void)!myna_fail(why, err, "memory is short");
    }
    free(token);
    free(body);
    myna_buf_fini(&bearer);
    myna_buf_fini(&url);
    return err;
}

void myna_lk_delete_and_leave(struct lk *lk)
{
    struct myna_why why = {0};

    if (ask(lk, &why))
        over(lk, why.text);
}

void myna_lk_deletion_cancel(struct lk *lk)
{
    if (lk->deletion)
        myna_http_cancel(lk->deletion);
    lk->deletion = NULL;
}
