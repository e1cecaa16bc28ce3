/* sse.h - server-sent events (WHATWG HTML 9.2) out of bytes that may be cut anywhere.
 *
 * LF, CR and CRLF end a line; lines of `data` are joined by a line feed; comments and unknown
 * fields are passed over; a byte order mark at the start too. One step beyond the standard: what
 * stands at the end of the stream without an empty line behind it is an event as well, since agents
 * exist that end so.
 *
 * Pure, bounded: an event longer than the ceiling is an error and the stream is useless after it.
 */
#ifndef MYNA_UTIL_SSE_H
#define MYNA_UTIL_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct myna_sse_event {
    const char *name;      /* "message" where the stream names none; cut to 63 bytes */
    const char *id;        /* of this or an earlier event; "" none; cut to 127 bytes */
    struct myna_view data; /* '\0'-terminated */
};

struct myna_sse {
    /* false: enough; feed() and end() return at once and touch nothing, so the parser may be gone
     */
    bool (*event)(void *arg, const struct myna_sse_event *ev);
    void *arg;
    struct myna_buf line, data;
    char name[64], id[128];
    int64_t retry_ms; /* what the server asked for; -1 nothing */
    int bom;          /* bytes of the mark still possible */
    bool after_cr, has_data;
};

/* max: bytes of one event; 0: 1 MiB. */
void myna_sse_init(struct myna_sse *sse, size_t max,
                   bool (*event)(void *arg, const struct myna_sse_event *ev), void *arg);
void myna_sse_fini(struct myna_sse *sse);
/* MYNA_ELIMIT, MYNA_ENOMEM. MYNA_ECANCELED: event() said enough. */
MYNA_MUST enum myna_err myna_sse_feed(struct myna_sse *sse, struct myna_view bytes);
MYNA_MUST enum myna_err myna_sse_end(struct myna_sse *sse); /* nothing more will come */

#endif
