/* trace.h - what a call did and how long each part took, as OpenTelemetry spans sent over
 * OTLP/HTTP.
 *
 * A span is written down when it is over, into a bounded queue; batches leave by the runtime's HTTP
 * client. A collector that is slow, down or wrong costs no call anything: nothing waits, what does
 * not fit is dropped and counted, and the trouble is said once, when it begins, and once when it is
 * over.
 *
 * One per runtime, loop thread; not for the media tick (it allocates).
 */
#ifndef MYNA_TRACE_TRACE_H
#define MYNA_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/host.h>

struct myna_attr {
    const char *key;
    enum myna_attr_type { MYNA_ATTR_TEXT, MYNA_ATTR_INT, MYNA_ATTR_DOUBLE, MYNA_ATTR_BOOL } type;
    const char *text; /* NULL: the attribute is left out */
    int64_t n;        /* INT, BOOL */
    double d;         /* DOUBLE; not finite: left out */
};

struct myna_trace_id {
    uint8_t trace[16], span[8];
};

struct myna_trace_event {
    const char *name;
    int64_t at_ns;
};

struct myna_trace_span {
    struct myna_trace_id id;
    const uint8_t *parent; /* 8 bytes; NULL: a root */
    const char *name;
    bool client;              /* a request to somebody else */
    int64_t start_ns, end_ns; /* since the Unix epoch */
    const struct myna_attr *attrs;
    size_t n_attrs;
    const struct myna_trace_event *events;
    size_t n_events;
    const char *error; /* what failed; NULL: nothing did */
};

extern const struct myna_section myna_trace_section;

struct myna_trace;

/* *out is NULL when no collector is configured. MYNA_ECONFIG names the key. */
MYNA_MUST enum myna_err myna_trace_create(struct myna_host *host, const struct myna_config *cfg,
                                          struct myna_trace **out, struct myna_why *why);
/* What waits is dropped. NULL is fine. */
void myna_trace_destroy(struct myna_trace *tr);

/* The words of a conversation may go to the collector. */
bool myna_trace_content(const struct myna_trace *tr);
void myna_trace_random(struct myna_trace *tr, uint8_t *into, size_t n); /* ids; never all zero */
/* Copies. */
void myna_trace_put(struct myna_trace *tr, const struct myna_trace_span *span);

/* A call begins, or the last one is over: then what waits is sent at once and within two seconds,
 * and what does not get through waits for the next call, so that the loop of a program that has no
 * more calls is not held. */
void myna_trace_calls(struct myna_trace *tr, bool any);
/* The process ends: sends what waits, once, within two seconds, unless that was in vain a moment
 * ago. True: something is on its way, run the loop on; it is stopped when that is done. */
bool myna_trace_finish(struct myna_trace *tr);

struct myna_trace_counts {
    uint64_t taken, sent, dropped; /* spans */
    uint64_t requests, failures;
};
struct myna_trace_counts myna_trace_counts(const struct myna_trace *tr);

#endif
