/* local_stt.h - what the recognisers inside this process share: one model serves all streams.
 *
 * It is loaded by a work at create; streams collect sound meanwhile. Each work under way holds a
 * reference, so the object lives until its last work is back, whoever destroyed it meanwhile.
 *
 * Loop thread, but for load() and warm().
 */
#ifndef MYNA_PROVIDERS_LOCAL_STT_H
#define MYNA_PROVIDERS_LOCAL_STT_H

#include <myna/provider.h>

struct myna_local_stream { /* first in a stream */
    struct myna_stt_stream base;
    struct myna_local_stt *m;
    struct myna_local_stream *next;
    bool over; /* it has told a fault: nothing more comes */
};

struct myna_local_stt { /* first in a recogniser; the functions are its owner's */
    struct myna_stt base;
    enum { MYNA_LOADING, MYNA_LOADED, MYNA_NOT_LOADED } state;
    enum myna_err err; /* NOT_LOADED: what `why` says */
    struct myna_why why;
    enum myna_err (*load)(struct myna_local_stt *m, struct myna_why *why); /* on a worker */
    /* On a worker, behind everything that somebody waits for; NULL: nothing is to be warmed. */
    void (*warm)(struct myna_local_stt *m);
    void (*loaded)(struct myna_local_stream *st); /* to each stream; also NOT_LOADED */
    void (*free)(struct myna_local_stt *m);       /* the last reference is gone */
    struct myna_local_stream *streams;
    int refs;
    struct myna_work work;
};

/* Begins to load; the first reference is the caller's, for myna_local_stt_destroy(). After a
 * failure there is none, and free() was called. */
MYNA_MUST enum myna_err myna_local_stt_start(struct myna_local_stt *m, struct myna_why *why);
/* Hands a work over, which holds a reference until its done() gives it back. As myna_host_work().
 */
MYNA_MUST enum myna_err myna_local_stt_work(struct myna_local_stt *m, struct myna_work *work);
void myna_local_stt_unref(struct myna_local_stt *m);
void myna_local_stt_destroy(struct myna_stt *stt); /* of the class */

void myna_local_stream_init(struct myna_local_stream *st, struct myna_stt *stt);
void myna_local_stream_fini(struct myna_local_stream *st);
/* After an event: its listener has closed the stream, which the port keeps until we are out. */
bool myna_local_stream_closed(const struct myna_local_stream *st);
/* One that the provider broke may be tried again. */
void myna_local_stream_fault(struct myna_local_stream *st, enum myna_err err, const char *message);
/* An utterance from `start` to `end` is done: n samples, decoded in `took`. */
void myna_local_stream_usage(struct myna_local_stream *st, myna_us start, myna_us end, size_t n,
                             myna_us took);

#endif
