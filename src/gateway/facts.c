/* facts.c - a gateway looked at from outside: what the configuration makes of it, and what the one
 * that runs says of itself (`myna status`, `myna doctor livekit`). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/gateway.h>
#include <myna/runtime.h>

#include "gateway/options.h"
#include "livekit/options.h"
#include "util/buf.h"
#include "util/host.h"
#include "util/http_wait.h"

enum { ANSWER_MAX = 64 << 10, PATIENCE_MS = 1000 };

static bool some(const char *text)
{
    return text && *text;
}

enum myna_err myna_gateway_facts(const struct myna_config *cfg, struct myna_gateway_facts *out,
                                 struct myna_why *why)
{
    struct myna_gw_options conf;
    struct myna_lk_options lk;
    struct myna_gw_seconds poll;
    enum myna_err err = myna_gw_options_read(cfg, &conf, why);

    if (!err)
        err = myna_lk_options_read(cfg, &lk, why);
    if (err)
        return err;
    *out = (struct myna_gateway_facts){
        .size = sizeof *out,
        .configured = some(lk.url) && some(lk.api_key) && some(lk.api_secret),
        .room = some(lk.room) ? lk.room : "hermes",
        .announces = some(conf.announce_token),
    };
    out->home = some(conf.home_channel) ? conf.home_channel : out->room;
    out->home_name = some(conf.home_channel_name) ? conf.home_channel_name : "Home";
    myna_gw_identity(conf.agent_name, out->identity);
    poll = myna_gw_poll_interval(conf.presence_poll_interval, lk.url);
    out->poll_s = (double)poll.time / (double)MYNA_S;
    out->poll_why = poll.why;
    return MYNA_OK;
}

/* ---- the one that runs */

static enum myna_err ask(struct myna_host *host, const char *url, const char *token,
                         struct myna_http_answer *answer)
{
    struct myna_buf auth;
    struct myna_http_header headers[] = {
        {.name = "User-Agent", .value = "myna/" MYNA_VERSION},
        {.name = "Authorization", .secret = true},
    };
    struct myna_http_start how = {.url = url,
                                  .headers = headers,
                                  .n_headers = 2,
                                  .total_ms = PATIENCE_MS,
                                  .max_body = ANSWER_MAX};
    enum myna_err err;

    myna_buf_init(&auth, 8192);
    err = myna_buf_printf(&auth, "Bearer %s", token);
    headers[1].value = myna_buf_str(&auth);
    if (!err)
        err = myna_http_wait(host, &how, answer);
    myna_buf_fini(&auth);
    return err;
}

/* "8790" and "0.0.0.0:8790" are asked on this machine. */
static void url_of(const char *where, char *out, size_t size)
{
    const char *colon = strrchr(where, ':');
    const char *host = colon ? where : "127.0.0.1", *port = colon ? colon + 1 : where;
    int n = colon ? (int)(colon - where) : 9;

    if (colon && (n == 0 || !strncmp(where, "0.0.0.0:", 8))) {
        host = "127.0.0.1";
        n = 9;
    }
    snprintf(out, size, "http://%.*s:%s/v1/status", n, host, port);
}

enum myna_err myna_gateway_status(const struct myna_config *cfg, char **out, struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .workers = 1};
    struct myna_gw_options conf;
    struct myna_http_answer got = {0};
    struct myna_runtime *rt;
    char url[300];
    enum myna_err err = myna_gw_options_read(cfg, &conf, why);

    if (err)
        return err;
    if (!some(conf.announce_token))
        return myna_fail(why, MYNA_ESTATE,
                         "it cannot be asked: set gateway.announce_token for it and here");
    url_of(conf.announce_listen, url, sizeof url);
    err = myna_runtime_create(&ro, &rt, why);
    if (err)
        return err;
    err = ask(myna_runtime_host(rt), url, conf.announce_token, &got);
    if (err)
        err = myna_fail(why, err, "it cannot be asked: %s", myna_strerror(err));
    else if (!got.status)
        err = myna_fail(why, MYNA_EIO, "it does not run here (%s)", got.message);
    else if (got.status != 200 || got.body.err || !(*out = myna_buf_take(&got.body)))
        err = myna_fail(why, MYNA_EPROVIDER,
                        got.status == 401 ? "it has another gateway.announce_token"
                                          : "it answered HTTP %d",
                        got.status);
    myna_http_answer_fini(&got);
    myna_runtime_destroy(rt);
    return err;
}
