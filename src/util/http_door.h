/* http_door.h - a door for short HTTP requests: a listening socket on the loop, a few places, and
 * five seconds of patience for each. Who opens it reads what was said and answers.
 *
 * For pages beside the calls (a worker's health, a gateway's announcements): answers are small and
 * go at once into a fresh socket's buffer. All on the loop's thread; it keeps no loop running.
 */
#ifndef MYNA_UTIL_HTTP_DOOR_H
#define MYNA_UTIL_HTTP_DOOR_H

#include <myna/error.h>

#include "util/buf.h"
#include "util/host.h"

struct myna_http_door;

struct myna_http_asker {
    struct myna_http_door *door;
    struct myna_poll *poll; /* NULL: this place is free */
    int fd;
    myna_us until;
    bool answered;        /* what else is said goes by unheard */
    struct myna_buf said; /* all so far, '\0' behind it */
};

struct myna_http_door_options {
    struct myna_host *host;
    const char *where; /* "8081", ":8081" (every address), "127.0.0.1:8081", "[::1]:8081" */
    int further;       /* this many ports behind that one */
    size_t request_max;
    /* More was said: myna_http_answer() or myna_http_drop() when it is enough. said.err is set when
     * it became more than request_max. */
    void (*said)(void *arg, struct myna_http_asker *a);
    void *arg;
};

/* MYNA_ECONFIG: `where` is no address. MYNA_EIO: it cannot be had, see errno. MYNA_ENOMEM. */
MYNA_MUST enum myna_err myna_http_door_open(struct myna_http_door **out,
                                            const struct myna_http_door_options *opt);
int myna_http_door_port(const struct myna_http_door *d);
void myna_http_door_close(struct myna_http_door *d); /* NULL is well */

/* Once, from said(). The place is free when the asker hangs up too, or at its five seconds: who is
 * hung up on in mid-sentence may lose the answer (a reset empties what it has not read yet).
 * `head`: the length is told, the body is not sent. */
void myna_http_answer(struct myna_http_asker *a, int status, const char *type, const char *body,
                      bool head);
/* Without a word, at once. */
void myna_http_drop(struct myna_http_asker *a);

#endif
