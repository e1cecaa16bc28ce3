/* flight.h - the file of the flight recorder: `call.flight`.
 *
 *     "MYNAFLT1"                      8 bytes
 *     record, record, …
 *
 *     record:  u32 length             of what follows the CRC: 16 + payload
 *              u32 ~length            so that a damaged length is told from a file that was cut
 *              u32 crc32              of what follows
 *              u16 kind, u16 flags    util/tap.h; kind 0 is the header, the first record
 *              u32 id                 number of the stream within its stage
 *              i64 now                µs, clock of the loop
 *              payload
 *
 * Little endian, no padding. The header's payload is JSON. Append-only: whatever ends the writer,
 * the file is good to its last whole record.
 *
 * Pure; the reader works on bytes in memory and trusts none of them.
 */
#ifndef MYNA_RECORDER_FLIGHT_H
#define MYNA_RECORDER_FLIGHT_H

#include <stdbool.h>

#include <myna/error.h>
#include <myna/frame.h>

#define MYNA_FLIGHT_MAGIC     "MYNAFLT1"
#define MYNA_FLIGHT_MAGIC_LEN 8
#define MYNA_FLIGHT_PREFIX    12                /* length, ~length, crc */
#define MYNA_FLIGHT_HEAD      28                /* prefix, kind, flags, id, now */
#define MYNA_FLIGHT_MAX       ((size_t)4 << 20) /* payload */
#define MYNA_FLIGHT_HEADER    0                 /* kind of the first record */

struct myna_flight_record {
    uint64_t number; /* 0 is the header */
    uint16_t kind, flags;
    uint32_t id;
    myna_us now;
    struct myna_view payload; /* points into the file's bytes */
};

/* The 28 bytes before the payload. The parts together are at most MYNA_FLIGHT_MAX. */
void myna_flight_head(uint8_t head[MYNA_FLIGHT_HEAD], uint16_t kind, uint32_t id, myna_us now,
                      const struct myna_view *parts, size_t n_parts);
/* Bytes of the payload that follows this head, as far as it can be trusted; MYNA_EFORMAT. */
enum myna_err myna_flight_length(const uint8_t head[MYNA_FLIGHT_HEAD], size_t *payload);
/* Takes apart a head and its payload of which nothing is in doubt (the recorder's own ring). */
void myna_flight_parse(const uint8_t *bytes, size_t payload, struct myna_flight_record *out);

struct myna_flight_reader {
    struct myna_view rest;
    uint64_t number;
    bool truncated; /* the file ends within a record */
};

/* MYNA_EFORMAT: not a .flight file. `bytes` must outlive the reader. */
MYNA_MUST enum myna_err myna_flight_begin(struct myna_flight_reader *r, struct myna_view bytes,
                                          struct myna_why *why);
/* MYNA_OK: *out is written. MYNA_EAGAIN: no more records (see `truncated`). MYNA_EFORMAT: the
 * record is damaged; the sentence has its number. */
MYNA_MUST enum myna_err myna_flight_next(struct myna_flight_reader *r,
                                         struct myna_flight_record *out, struct myna_why *why);

#endif
