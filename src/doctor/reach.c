/* reach.c - one GET on a loop of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>

#include "doctor/doctor.h"
#include "util/host.h"
#include "util/http_wait.h"

enum { BODY_MAX = 1 << 20 };

static enum myna_err ask(struct myna_host *host, const char *url, const char *key, bool anthropic,
                         int timeout_ms, struct myna_http_answer *answer)
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
                                  .max_body = BODY_MAX};

    snprintf(auth, sizeof auth, "%s%s", anthropic ? "" : "Bearer ", key ? key : "");
    return myna_http_wait(host, &how, answer);
}

void myna_reach(const char *url, const char *key, bool anthropic, int timeout_ms,
                struct myna_reached *out)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .workers = 1};
    struct myna_runtime *rt = NULL;
    struct myna_http_answer answer = {0};
    enum myna_err err = myna_runtime_create(&ro, &rt, NULL);

    *out = (struct myna_reached){0};
    if (!err)
        err = ask(myna_runtime_host(rt), url, key, anthropic, timeout_ms, &answer);
    if (err)
        snprintf(answer.message, sizeof answer.message, "cannot ask: %s", myna_strerror(err));
    myna_runtime_destroy(rt);
    out->status = answer.status;
    out->slow = answer.slow;
    out->unasked = !answer.status && myna_http_available(NULL);
    memcpy(out->message, answer.message, sizeof out->message);
    if (out->status && !answer.body.err)
        out->body = myna_buf_take(&answer.body);
    myna_http_answer_fini(&answer);
}

void myna_reached_fini(struct myna_reached *r)
{
    free(r->body);
    *r = (struct myna_reached){0};
}
