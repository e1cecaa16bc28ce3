/* http_wait.h - one request that is waited for, for a program that has nothing else to do
 * meanwhile: the host's loop runs until the answer is whole or it is clear that none comes.
 *
 * Not for anything that a session lives on. The thread of the loop, from outside of it.
 */
#ifndef MYNA_UTIL_HTTP_WAIT_H
#define MYNA_UTIL_HTTP_WAIT_H

#include "util/buf.h"
#include "util/http.h"

struct myna_http_answer {
    int status;           /* 0: there was none */
    bool slow;            /* somebody may be there, but the time was over */
    struct myna_buf body; /* below status 300; its err: it was longer than `max_body` */
    char message[300];    /* why there is none, or no good one; else "" */
};

/* `how` without its callbacks. An error is ours (memory, a bad address) and nothing was sent; the
 * answer is to be given back in any case. */
MYNA_MUST enum myna_err myna_http_wait(struct myna_host *host, const struct myna_http_start *how,
                                       struct myna_http_answer *out);
void myna_http_answer_fini(struct myna_http_answer *a);

#endif
