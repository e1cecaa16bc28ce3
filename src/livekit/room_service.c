/* room_service.c - see room_service.h. */
#include "livekit/room_service.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include <myna/livekit.h>

#include "livekit/url.h"
#include "util/item_json.h"
#include "util/json_dump.h"

enum { TOKEN_S = 600 };

static void pass_by(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static char *body_of(const struct myna_lk_room_question *q)
{
    json_t *m = json_object();
    char *text;

    (void)!myna_json_put_text(m, "room", q->room);
    text = myna_json_dump(m, JSON_COMPACT);
    json_decref(m);
    return text;
}

static enum myna_err post(struct myna_http *http, const struct myna_lk_room_question *q,
                          const char *url, const char *token, const char *body,
                          struct myna_http_request **out)
{
    struct myna_http_header headers[] = {{"Authorization", NULL, true},
                                         {"Content-Type", "application/json", false}};
    struct myna_http_start start = {.url = url,
                                    .headers = headers,
                                    .n_headers = 2,
                                    .body = myna_view_of(body),
                                    .connect_ms = q->limit_ms,
                                    .total_ms = q->limit_ms,
                                    .max_body = q->max_answer,
                                    .data = q->data ? q->data : pass_by,
                                    .done = q->done,
                                    .arg = q->arg};
    struct myna_buf bearer;
    enum myna_err err;

    myna_buf_init(&bearer, 0);
    myna_buf_printf(&bearer, "Bearer %s", token);
    headers[0].value = myna_buf_str(&bearer);
    err = bearer.err ? bearer.err : myna_http_start(http, &start, out);
    myna_buf_fini(&bearer);
    return err;
}

enum myna_err myna_lk_room_ask(struct myna_host *host, const struct myna_lk_room_question *q,
                               struct myna_http_request **out, struct myna_why *why)
{
    struct myna_livekit_token who = {.size = sizeof who,
                                     .api_key = q->conf->api_key,
                                     .api_secret = q->conf->api_secret,
                                     .room = q->room,
                                     .grants = q->grants,
                                     .wall_s = myna_host_wall_ms(host) / 1000,
                                     .ttl_s = TOKEN_S};
    struct myna_http *http = myna_host_http(host);
    char *body = body_of(q), *token = NULL, path[96];
    enum myna_err err = MYNA_OK;
    struct myna_buf url;

    snprintf(path, sizeof path, "/twirp/livekit.RoomService/%s", q->method);
    myna_buf_init(&url, 0);
    if (!http || !body)
        err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (!err)
        err = myna_lk_url(&url, q->conf->url, path, why);
    if (!err)
        err = myna_livekit_token(&who, &token, why);
    if (!err) {
        err = post(http, q, myna_buf_str(&url), token, body, out);
        if (err)
            (void)!myna_fail(why, err, "memory is short");
    }
    free(token);
    free(body);
    myna_buf_fini(&url);
    return err;
}
