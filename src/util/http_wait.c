/* http_wait.c - one request, waited for. */
#include "util/http_wait.h"

#include <stdio.h>

#include "util/host.h"

struct wait {
    struct myna_loop *loop;
    struct myna_http_answer *answer;
};

static void on_head(void *arg, struct myna_http_request *rq, int status)
{
    (void)rq;
    ((struct wait *)arg)->answer->status = status;
}

static void on_data(void *arg, struct myna_http_request *rq, struct myna_view bytes)
{
    (void)rq;
    (void)!myna_buf_put(&((struct wait *)arg)->answer->body, bytes.ptr, bytes.len);
}

static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *e)
{
    struct wait *w = arg;

    (void)rq;
    if (e) {
        w->answer->status = e->status;
        w->answer->slow = e->kind == MYNA_HTTP_TIMEOUT;
        snprintf(w->answer->message, sizeof w->answer->message, "%s", e->message);
    }
    myna_loop_stop(w->loop);
}

enum myna_err myna_http_wait(struct myna_host *host, const struct myna_http_start *how,
                             struct myna_http_answer *out)
{
    struct myna_http_start start = *how;
    struct wait w = {.loop = host->loop, .answer = out};
    struct myna_http *http = myna_host_http(host);
    struct myna_http_request *rq;
    enum myna_err err;

    *out = (struct myna_http_answer){0};
    myna_buf_init(&out->body, how->max_body);
    start.head = on_head;
    start.data = on_data;
    start.done = on_done;
    start.arg = &w;
    err = http ? myna_http_start(http, &start, &rq) : MYNA_ENOMEM;
    if (!err)
        myna_loop_run(host->loop);
    return err;
}

void myna_http_answer_fini(struct myna_http_answer *a)
{
    myna_buf_fini(&a->body);
}
