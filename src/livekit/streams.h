/* streams.h - text and byte streams over data packets (livekit-rtc 5.2): pieces put together, and
 * texts cut into pieces.
 *
 * In: a stream is told once, when it is whole. What nobody wants is refused at its header and costs
 * nothing; what contradicts itself (a gap, more than promised), stands open too long, or is one too
 * many is dropped. Packed ones (raw deflate) are unpacked when they are whole, within the same
 * bounds. Out: header, chunks of whole characters, trailer; or in one packet and packed, where the
 * others know it.
 *
 * Bounded: streams and their bytes, of one, of one sender, and of all. Where all of them are too
 * much, whoever has most loses: nobody is kept out by others who fill the place. One owner, no I/O.
 */
#ifndef MYNA_LIVEKIT_STREAMS_H
#define MYNA_LIVEKIT_STREAMS_H

#include <myna/host.h>

#include "livekit/packets.h"

enum {
    MYNA_LK_STREAMS = 64,
    MYNA_LK_STREAMS_OF_ONE = 8,
    MYNA_LK_MAX_STREAM_TEXT = 256 << 10,
    MYNA_LK_MAX_STREAM_BYTES = 2 << 20,
    MYNA_LK_MAX_SENDER_BYTES = (2 << 20) + (512 << 10), /* a recording, and texts beside it */
    MYNA_LK_MAX_STREAMS_BYTES = 8 << 20,
    MYNA_LK_MAX_STREAM_HEADER = 15000,
    MYNA_LK_CHUNK = 15000,
};

struct myna_lk_streams;

struct myna_lk_streams_events {
    /* Is there anybody for this, from that sender? NULL: for everything. */
    bool (*wants)(void *arg, const char *identity, const char *topic, bool is_text);
    /* A whole stream. `header` and `body` are borrowed; a text is not yet looked at as UTF-8. */
    void (*stream)(void *arg, const char *identity, const Myna__Lk__StreamHeader *header,
                   struct myna_view body, bool is_text);
};

struct myna_lk_streams *myna_lk_streams_create(const struct myna_lk_streams_events *events,
                                               void *arg);
void myna_lk_streams_destroy(struct myna_lk_streams *s); /* NULL is fine */
/* One of the three packets of a stream. */
void myna_lk_streams_packet(struct myna_lk_streams *s, myna_us now, const Myna__Lk__DataPacket *m);
void myna_lk_streams_left(struct myna_lk_streams *s, const char *identity); /* theirs are dropped */

/* ---- out */

struct myna_lk_attributes {
    const char *key, *value;
};
struct myna_lk_stream_out {
    const char *id, *topic;
    const char *as; /* whose words, where an agent speaks for another; NULL: ours */
    const char *const *to;
    size_t n_to;                                 /* 0: everybody */
    const struct myna_lk_attributes *attributes; /* ends with a NULL key; NULL: none */
    int64_t wall_ms;
    uint64_t next_chunk; /* begin with 0 */
    const char *file;    /* bytes of that name instead of a text; NULL: a text */
    const char *mime;    /* NULL: text/plain, application/octet-stream */
    uint64_t total;      /* bytes that will come; 0: not known */
};
MYNA_MUST enum myna_err myna_lk_stream_begin(struct myna_lk_packets *p,
                                             const struct myna_lk_stream_out *out);
MYNA_MUST enum myna_err myna_lk_stream_write(struct myna_lk_packets *p,
                                             struct myna_lk_stream_out *out, struct myna_view body);
/* `attributes` are the trailer's own. */
MYNA_MUST enum myna_err myna_lk_stream_end(struct myna_lk_packets *p,
                                           const struct myna_lk_stream_out *out);

/* A whole one. What every one of those it goes to understands (livekit-rtc 5.1). */
enum myna_lk_packing {
    MYNA_LK_PLAIN,    /* header, pieces, trailer: client protocol 0 and 1 */
    MYNA_LK_INLINE,   /* 2: one packet where it fits */
    MYNA_LK_DEFLATED, /* 2, and the capability: packed where that is shorter */
};
MYNA_MUST enum myna_err myna_lk_stream_send(struct myna_lk_packets *p,
                                            struct myna_lk_stream_out *out, struct myna_view body,
                                            enum myna_lk_packing packing);

#endif
