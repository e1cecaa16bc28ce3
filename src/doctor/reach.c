/* reach.c - one GET on a loop of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>

#include "doctor/doctor.h"
#include "util/buf.h"
#include "util/http.h"

enum { BODY_MAX = 1 << 20 };

struct get {
    struct myna_runtime *rt;
    struct myna_reached *out;
    struct myna_buf body;
};

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    (void)rq;
    ((struct get *)arg)->out->status = status;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)rq;
    (void)myna_buf_put(&((struct get *)arg)->body, bytes.ptr, bytes.len);
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct get *g = arg;

    (void)rq;
    if (e) {
        g->out->status = e->status;
        g->out->slow = e->kind == MYNA_HTTP_TIMEOUT;
        snprintf(g->out->message, sizeof g->out->message, "%s", e->message);
    }
    myna_runtime_stop(g->rt);
}

static enum myna_err start(struct get *g, const char *url, const char *key, bool anthropic,
                           int timeout_ms)
{
    char auth[700];
    struct myna_http_header headers[] = {
        {.name = "User-Agent", .value = "myna/" MYNA_VERSION},
        {.name = "Accept", .value = "application/json"},
        {.name = "anthropic-version", .value = "2023-06-01"},
        {.name = anthropic ? "x-api-key" : "Authorization", .value = auth, .secret = true}};
    struct myna_http_start how = {.url = url,
                                  .headers = headers,
                                  .n_headers = key ? 4 : 3,
                                  .total_ms = timeout_ms,
                                  .max_body = BODY_MAX,
                                  .head = on_head,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = g};
    struct myna_http *http = myna_host_http(myna_runtime_host(g->rt));
    struct myna_http_request *rq;

    snprintf(auth, sizeof auth, "%s%s", anthropic ? "" : "Bearer ", key ? key : "");
    return http ? myna_http_start(http, &how, &rq) : MYNA_ENOMEM;
}

void myna_reach(const char *url, const char *key, bool anthropic, int timeout_ms,
                struct myna_reached *out)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .workers = 1};
    struct get g = {.out = out};
    enum myna_err err = myna_runtime_create(&ro, &g.rt, NULL);

    *out = (struct myna_reached){0};
    myna_buf_init(&g.body, BODY_MAX);
    if (!err)
        err = start(&g, url, key, anthropic, timeout_ms);
    if (!err)
        myna_runtime_run(g.rt);
    else
        snprintf(out->message, sizeof out->message, "cannot ask: %s", myna_strerror(err));
    myna_runtime_destroy(g.rt);
    if (out->status && !g.body.err)
        out->body = myna_buf_take(&g.body);
    myna_buf_fini(&g.body);
}

void myna_reached_fini(struct myna_reached *r)
{
    free(r->body);
    *r = (struct myna_reached){0};
}
