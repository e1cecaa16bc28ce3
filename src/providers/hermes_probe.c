/* hermes_probe.c - what a Hermes server can: are turns possible as runs (hermes_run.h)? Its
 * capabilities decide, never its version: builds differ (voice-gateway 16.1). */
#include "providers/hermes_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"
#include "util/json_load.h"

static void on_probe_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    struct myna_hermes_runs *r = arg;

    (void)rq;
    (void)!myna_buf_put(&r->said, bytes.ptr, bytes.len);
}

static void on_probe(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    static const char *const wanted[] = {"run_submission", "run_events_sse", "run_stop"};
    struct myna_hermes_runs *r = arg;
    json_t *o = e ? NULL : myna_json_loadb((const char *)r->said.ptr, r->said.len, 0, NULL),
           *features = json_object_get(o, "features");

    (void)rq;
    r->probe = NULL;
    if (!e || e->status) { /* nobody there: ask again another time */
        r->can = MYNA_HERMES_YES;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (!json_is_true(json_object_get(features, wanted[i])))
                r->can = MYNA_HERMES_NO;
        myna_host_log(r->llm->host, MYNA_LOG_DEBUG, "turns go by %s provider=hermes",
                      r->can == MYNA_HERMES_YES ? "runs" : "chat");
    }
    json_decref(o);
    myna_buf_clear(&r->said);
}

void myna_hermes_runs_probe(struct myna_hermes_runs *r)
{
    struct myna_http *http =
        r->can == MYNA_HERMES_UNKNOWN && !r->probe ? myna_host_http(r->llm->host) : NULL;
    struct myna_openai_headers headers;
    struct myna_http_start how = {.url = r->capabilities_url,
                                  .connect_ms = MYNA_HERMES_QUICK_MS,
                                  .first_byte_ms = MYNA_HERMES_QUICK_MS,
                                  .idle_ms = MYNA_HERMES_QUICK_MS,
                                  .total_ms = MYNA_HERMES_QUICK_MS,
                                  .max_body = MYNA_HERMES_SMALL,
                                  .background = true,
                                  .data = on_probe_data,
                                  .done = on_probe,
                                  .arg = r};

    if (!http || myna_openai_headers(r->target, NULL, &headers))
        return;
    how.headers = headers.h;
    how.n_headers = headers.n;
    if (myna_http_start(http, &how, &r->probe))
        r->probe = NULL;
    myna_openai_headers_fini(&headers);
}
