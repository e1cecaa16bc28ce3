/* desk.c - see desk.h. */
#include "gateway/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/control.h"
#include "util/crypto.h"
#include "util/http_door.h"
#include "util/json_dump.h"
#include "util/json_load.h"

enum { REQUEST_MAX = 80 << 10 };

struct myna_gw_desk {
    const char *token;
    struct myna_gw_desk_calls calls;
    void *arg;
    struct myna_http_door *door;
};

/* ---- answers */

static void respond(struct myna_http_asker *a, int status, json_t *body) /* takes the body */
{
    char *text = myna_json_dump(body, JSON_COMPACT);

    json_decref(body);
    myna_http_answer(a, status, "application/json", text ? text : "", false);
    free(text);
}

static void refuse(struct myna_http_asker *a, int status, const char *why)
{
    respond(a, status, json_pack("{s:s}", "error", why));
}

static void announce(struct myna_gw_desk *d, struct myna_http_asker *a,
                     const struct myna_gw_request *rq)
{
    json_t *body = myna_json_loadb(rq->body, rq->body_len, 0, NULL),
           *room = json_object_get(body, "room");
    char *text = myna_gw_trimmed(json_string_value(json_object_get(body, "text")));
    size_t waiting = 0;
    enum myna_err err;

    if (!text || !*text || (room && !json_is_string(room) && !json_is_null(room))) {
        refuse(a, 400, "the body must be {\"text\":\"…\"}, with \"room\" as text or without it");
    } else {
        err = d->calls.announce(d->arg, json_string_value(room), text, &waiting);
        if (err == MYNA_ENOENT)
            refuse(a, 404, "this gateway serves another room");
        else if (err)
            refuse(a, 503, myna_strerror(err));
        else if (waiting)
            respond(a, 202, json_pack("{s:b,s:I}", "delivered", 0, "waiting", (json_int_t)waiting));
        else
            respond(a, 200, json_pack("{s:b}", "delivered", 1));
    }
    free(text);
    json_decref(body);
}

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(text, word, len);
}

static void reconnect(struct myna_gw_desk *d, struct myna_http_asker *a)
{
    const char *state = "";
    char text[120];

    if (d->calls.reconnect(d->arg, &state)) {
        respond(a, 202, json_pack("{s:s}", "state", state));
        return;
    }
    snprintf(text, sizeof text, "the gateway has not given up, it is %.40s", state);
    refuse(a, 409, text);
}

static void answer(struct myna_gw_desk *d, struct myna_http_asker *a,
                   const struct myna_gw_request *rq)
{
    const char *token = d->token;
    json_t *status;

    if (rq->bearer_len != strlen(token) || !myna_same_bytes(rq->bearer, token, rq->bearer_len))
        refuse(a, 401, "the bearer token is not ours (gateway.announce_token)");
    else if (is(rq->method, rq->method_len, "POST") && is(rq->path, rq->path_len, "/v1/announce"))
        announce(d, a, rq);
    else if (is(rq->method, rq->method_len, "GET") && is(rq->path, rq->path_len, "/v1/status")) {
        status = d->calls.status(d->arg);
        if (status)
            respond(a, 200, status);
        else
            refuse(a, 503, "memory is short");
    } else if (is(rq->method, rq->method_len, "POST") &&
               is(rq->path, rq->path_len, "/v1/reconnect"))
        reconnect(d, a);
    else
        refuse(a, 404, "there are POST /v1/announce, GET /v1/status and POST /v1/reconnect");
}

/* ---- who asks */

static void said(void *arg, struct myna_http_asker *a)
{
    struct myna_gw_request rq;

    if (a->said.err) {
        refuse(a, 413, "the request is too long");
        return;
    }
    switch (myna_gw_request_read((const char *)a->said.ptr, a->said.len, &rq)) {
    case MYNA_GW_REQUEST_MORE:
        break;
    case MYNA_GW_REQUEST_WHOLE:
        answer(arg, a, &rq);
        break;
    case MYNA_GW_REQUEST_BAD:
        refuse(a, 400, "that is no request, or its body is too long");
        break;
    }
}

enum myna_err myna_gw_desk_open(struct myna_gw_desk **out, struct myna_host *host,
                                const char *where, const char *token,
                                const struct myna_gw_desk_calls *calls, void *arg,
                                struct myna_why *why)
{
    struct myna_gw_desk *d = calloc(1, sizeof *d);
    struct myna_http_door_options opt = {
        .host = host, .where = where, .request_max = REQUEST_MAX, .said = said, .arg = d};
    enum myna_err err = d ? myna_http_door_open(&d->door, &opt) : MYNA_ENOMEM;

    if (err) {
        int reason = errno;

        free(d);
        return err == MYNA_ECONFIG
                   ? myna_fail(why, err,
                               "gateway.announce_listen is no address: '%.60s' (127.0.0.1:8790)",
                               where)
               : err == MYNA_EIO ? myna_fail(why, err, "announcements cannot be taken at %.60s: %s",
                                             where, strerror(reason))
                                 : myna_fail(why, err, "memory is short");
    }
    d->token = token;
    d->calls = *calls;
    d->arg = arg;
    *out = d;
    return MYNA_OK;
}

int myna_gw_desk_port(const struct myna_gw_desk *d)
{
    return myna_http_door_port(d->door);
}

void myna_gw_desk_close(struct myna_gw_desk *d)
{
    if (!d)
        return;
    myna_http_door_close(d->door);
    free(d);
}
