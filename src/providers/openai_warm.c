/* openai_warm.c - a request only for the connection that it leaves behind: what is answered does
 * not matter. */
#include "providers/openai.h"

#define WARM_MS 5000

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)arg;
    (void)rq;
    (void)bytes;
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct myna_openai_warm *w = arg;

    (void)rq;
    w->rq = NULL;
    if (w->there && (!e || e->status))
        w->there(w->arg);
    if (e && e->status)
        myna_host_log(w->host, MYNA_LOG_DEBUG, "warm-up was answered provider=%s status=%d",
                      w->name, e->status);
    else
        myna_host_log(w->host, MYNA_LOG_DEBUG, "%s provider=%s",
                      e ? "warm-up found nobody" : "the connection is warm", w->name);
}

void myna_openai_warm(struct myna_openai_warm *w, const char *url,
                      const struct myna_openai_headers *headers)
{
    struct myna_http *http = w->rq ? NULL : myna_host_http(w->host);
    struct myna_http_start how = {.url = url,
                                  .headers = headers->h,
                                  .n_headers = headers->n,
                                  .connect_ms = WARM_MS,
                                  .first_byte_ms = WARM_MS,
                                  .idle_ms = WARM_MS,
                                  .total_ms = WARM_MS,
                                  .background = true,
                                  .data = on_data,
                                  .done = on_done,
                                  .arg = w};

    if (http && myna_http_start(http, &how, &w->rq))
        w->rq = NULL;
}
