/* api.c - one Twirp call: a JSON body there, a JSON body back (livekit-rtc 6). */
#include <myna/livekit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/runtime.h>

#include "livekit/options.h"
#include "livekit/url.h"
#include "util/host.h"
#include "util/http.h"
#include "util/json_load.h"

#define MAX_ANSWER ((size_t)10 << 20) /* the server's own limit */
#define TIMEOUT_MS 10000

struct call {
    struct myna_loop *loop; /* is left when the answer is there: the runtime has work of its own */
    struct myna_buf body;
    enum myna_err err;
    struct myna_why *why;
};

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct call *c = arg;

    (void)rq;
    (void)!myna_buf_put(&c->body, bytes.ptr, bytes.len);
}

/* Twirp tells its errors as {"code":…,"msg":…}; what stands before it speaks plain text. */
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    struct call *c = arg;
    static const char twirp[] = "twirp error unknown: ";
    json_t *body = NULL;
    const char *msg, *code;

    (void)rq;
    myna_loop_stop(c->loop);
    if (!error) {
        if (c->body.err)
            c->err = myna_fail(c->why, c->body.err, "no memory for the answer");
        return;
    }
    if (error->status)
        body = myna_json_loadb((const char *)error->body.ptr, error->body.len, 0, NULL);
    msg = json_string_value(json_object_get(body, "msg"));
    code = json_string_value(json_object_get(body, "code"));
    if (msg && !strncmp(msg, twirp, sizeof twirp - 1))
        msg += sizeof twirp - 1;
    if (msg && code && !strcmp(code, "not_found"))
        c->err = myna_fail(c->why, MYNA_ENOENT, "%.300s; `myna rooms` lists what is there", msg);
    else if (msg)
        c->err = myna_fail(c->why, MYNA_EPROVIDER, "LiveKit refuses: %.300s (%.40s)", msg,
                           code ? code : "no code");
    else if (error->status == 404)
        c->err = myna_fail(c->why, MYNA_EPROVIDER, "%s (is that the address of a LiveKit server?)",
                           error->message);
    else if (error->status == 401)
        c->err = myna_fail(c->why, MYNA_EPROVIDER,
                           "LiveKit does not take the token: are API key and secret those of this "
                           "server, and is this machine's clock right? (%.200s)",
                           error->excerpt);
    else
        c->err = myna_fail(c->why, error->status ? MYNA_EPROVIDER : MYNA_EIO, "%s", error->message);
    json_decref(body);
}

static enum myna_err post(struct myna_config *cfg, const char *url, const char *token,
                          const char *request, struct call *c)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .config = cfg, .workers = 1};
    struct myna_buf bearer;
    struct myna_http_header headers[] = {{"Authorization", NULL, true},
                                         {"Content-Type", "application/json", false}};
    struct myna_http_start start = {.url = url,
                                    .headers = headers,
                                    .n_headers = 2,
                                    .body = myna_view_of(request),
                                    .connect_ms = TIMEOUT_MS,
                                    .total_ms = TIMEOUT_MS,
                                    .max_body = MAX_ANSWER,
                                    .data = on_data,
                                    .done = on_done,
                                    .arg = c};
    struct myna_http_request *rq;
    struct myna_runtime *rt = NULL;
    struct myna_http *http;
    enum myna_err err = myna_runtime_create(&ro, &rt, c->why);

    if (err)
        return err;
    myna_buf_init(&bearer, 0);
    myna_buf_printf(&bearer, "Bearer %s", token);
    headers[0].value = myna_buf_str(&bearer);
    http = bearer.err ? NULL : myna_host_http(myna_runtime_host(rt));
    c->loop = myna_runtime_host(rt)->loop;
    err = http ? myna_http_start(http, &start, &rq) : MYNA_ENOMEM;
    myna_buf_fini(&bearer);
    if (err)
        myna_fail(c->why, err, "memory is short");
    else
        myna_runtime_run(rt);
    myna_runtime_destroy(rt);
    return err ? err : c->err;
}

enum myna_err myna_livekit_api(struct myna_config *cfg, const char *service, const char *method,
                               const char *room, unsigned grants, const char *request, char **out,
                               struct myna_why *why)
{
    struct myna_livekit_token who = {
        .size = sizeof who, .identity = "myna-cli", .room = room, .grants = grants, .ttl_s = 600};
    struct call c = {.why = why};
    struct myna_lk_options opt;
    struct myna_buf url;
    char path[160], *token = NULL;
    enum myna_err err = myna_lk_options_read(cfg, &opt, why);

    if (err)
        return err;
    myna_buf_init(&url, 0);
    myna_buf_init(&c.body, MAX_ANSWER);
    snprintf(path, sizeof path, "/twirp/livekit.%s/%s", service, method);
    err = myna_lk_url(&url, opt.url, path, why);
    if (!err)
        err = myna_livekit_token_from(cfg, &who, &token, why);
    if (!err)
        err = post(cfg, myna_buf_str(&url), token, request, &c);
    if (!err) {
        *out = myna_buf_take(&c.body);
        if (!*out)
            err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    free(token);
    myna_buf_fini(&c.body);
    myna_buf_fini(&url);
    return err;
}
