/* http_internal.h - one request and the client, between http_curl.c and http_curl_request.c (the
 * wire) and http_tell.c (the owner). Nobody else includes it. */
#ifndef MYNA_UTIL_HTTP_INTERNAL_H
#define MYNA_UTIL_HTTP_INTERNAL_H

#include "util/buf.h"
#include "util/host.h"
#include "util/http.h"

#define MYNA_HTTP_HIGH     ((size_t)64 << 10) /* bytes that wait here for their owner */
#define MYNA_HTTP_MAX_BODY ((size_t)16 << 20)
#define MAX_SECRETS        4
#define MYNA_HTTP_BLOCK    ((size_t)16 << 10) /* a TLS record */

struct myna_http_request {
    struct myna_http *http;
    struct myna_http_request *prev, *next; /* all of the client */
    struct myna_http_request *next_ready;
    bool *gone; /* set by free_request() while one of our callbacks is running */

    void *easy, *list; /* libcurl's */
    uint8_t *body;
    char *url, *secrets[MAX_SECRETS];
    size_t n_secrets;
    char problem[256]; /* as libcurl says it; it wants CURL_ERROR_SIZE, which is 256 */

    struct myna_http_start how; /* limits and callbacks; its pointers are not ours */
    struct myna_buf head;       /* header lines, each with a '\0' behind it */
    struct myna_buf in;         /* not told yet; with status >= 300: what the server said */
    size_t arrived;
    int status;
    bool failed; /* the exchange; `kind` says how */
    enum myna_http_kind kind;
    struct {
        myna_us at; /* real time; MYNA_NEVER */
        enum { FIRST_BYTE, IDLE, DELAY, DRAIN } what;
    } limit;

    bool in_multi, counted; /* counted: holds the virtual clock */
    bool ready;             /* in the queue of those with news */
    bool has_head, told_head, told_data;
    bool paused, held; /* by the owner; libcurl holds data back */
    bool finished, was_sent, timed_out, too_large, short_of_memory, enough;
    bool draining, bad_header, no_library;
    bool opened;           /* raw: connected */
    struct myna_poll *raw; /* raw: the socket, once libcurl has let go of it */
    uint8_t *block;        /* raw: MYNA_HTTP_BLOCK bytes on their way, see raw_send() */
    size_t waiting;        /* so many of them did not get through yet */
};

struct myna_http {
    struct myna_host *host;
    void *multi; /* libcurl's; NULL: it is not on this machine */
    int fd;      /* the timerfd */
    struct myna_poll *fd_poll;
    myna_us curl_at, limit_at, armed; /* real time */
    struct myna_http_request *all, *ready, **ready_tail;
    size_t n;
    bool broken; /* no memory for a poll: those who wait would wait for ever */
};

/* http_tell.c: rq has news; deliver() tells all owners what is new, outside of libcurl. */
void myna_http_mark_ready(struct myna_http_request *rq);
void myna_http_unmark_ready(struct myna_http_request *rq);
void myna_http_deliver(struct myna_http *http);

/* http_curl.c: sets the timerfd to the nearest of its times; a limit of one request, ms <= 0: none;
 * what comes from the loop, while there are requests. */
void myna_http_arm(struct myna_http *http);
void myna_http_set_limit(struct myna_http_request *rq, int what, int ms);
bool myna_http_listen(struct myna_http *http); /* false: memory is short */
void myna_http_rest(struct myna_http *http);   /* an idle client does not keep the loop going */

/* http_curl_request.c; result: a CURLcode. */
void myna_http_send(struct myna_http_request *rq);
void myna_http_finish(struct myna_http_request *rq, int result);
void myna_http_open_raw(struct myna_http_request *rq); /* it is connected */
void myna_http_free(struct myna_http_request *rq);
void myna_http_leave_world(struct myna_http_request *rq);
void myna_http_unhold(struct myna_http_request *rq); /* libcurl may hand over more */

/* http.c: a header of one line whose name is a token (RFC 9110 5.6.2). */
bool myna_http_good_header(const struct myna_http_header *h);

#endif
