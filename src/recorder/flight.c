/* flight.c - records to bytes and back. */
#include "recorder/flight.h"

#include <inttypes.h>
#include <string.h>

#include "util/buf.h"
#include "util/crc.h"
#include "util/pack.h"

#define FIXED 16 /* kind, flags, id, now */

void myna_flight_head(uint8_t head[MYNA_FLIGHT_HEAD], uint16_t kind, uint32_t id, myna_us now,
                      const struct myna_view *parts, size_t n_parts)
{
    uint8_t *fixed = head + MYNA_FLIGHT_PREFIX;
    size_t len = FIXED;
    uint32_t crc;

    for (size_t i = 0; i < n_parts; i++)
        len += parts[i].len;
    myna_le32(fixed, kind); /* flags are 0 */
    myna_le32(fixed + 4, id);
    myna_le64(fixed + 8, (uint64_t)now);
    crc = myna_crc32(0, fixed, FIXED);
    for (size_t i = 0; i < n_parts; i++)
        crc = myna_crc32(crc, parts[i].ptr, parts[i].len);
    myna_le32(head, (uint32_t)len);
    myna_le32(head + 4, ~(uint32_t)len);
    myna_le32(head + 8, crc);
}

enum myna_err myna_flight_length(const uint8_t head[MYNA_FLIGHT_HEAD], size_t *payload)
{
    struct myna_reader r = {.ptr = head, .len = 8};
    uint32_t len = myna_read_u32(&r), check = myna_read_u32(&r);

    if (check != ~len || len < FIXED || len > FIXED + MYNA_FLIGHT_MAX)
        return MYNA_EFORMAT;
    *payload = len - FIXED;
    return MYNA_OK;
}

void myna_flight_parse(const uint8_t *bytes, size_t payload, struct myna_flight_record *out)
{
    struct myna_reader r = {.ptr = bytes + MYNA_FLIGHT_PREFIX, .len = FIXED};
    uint32_t kind = myna_read_u32(&r);

    out->kind = (uint16_t)kind;
    out->flags = (uint16_t)(kind >> 16);
    out->id = myna_read_u32(&r);
    out->now = myna_read_i64(&r);
    out->payload = (struct myna_view){bytes + MYNA_FLIGHT_HEAD, payload};
}

enum myna_err myna_flight_begin(struct myna_flight_reader *r, struct myna_view bytes,
                                struct myna_why *why)
{
    if (bytes.len < MYNA_FLIGHT_MAGIC_LEN ||
        memcmp(bytes.ptr, MYNA_FLIGHT_MAGIC, MYNA_FLIGHT_MAGIC_LEN) != 0)
        return myna_fail(why, MYNA_EFORMAT,
                         "this is no flight recording: it does not begin with " MYNA_FLIGHT_MAGIC);
    *r = (struct myna_flight_reader){
        .rest = {bytes.ptr + MYNA_FLIGHT_MAGIC_LEN, bytes.len - MYNA_FLIGHT_MAGIC_LEN}};
    return MYNA_OK;
}

/* A power cut can leave a tail of zeros where the file had grown but the bytes did not arrive. */
static bool only_zeros(struct myna_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i])
            return false;
    return true;
}

enum myna_err myna_flight_next(struct myna_flight_reader *r, struct myna_flight_record *out,
                               struct myna_why *why)
{
    const uint8_t *at = r->rest.ptr;
    struct myna_reader crc;
    size_t payload;

    if (r->rest.len == 0)
        return MYNA_EAGAIN;
    if (r->rest.len < 8 || only_zeros(r->rest)) {
        r->truncated = true;
        return MYNA_EAGAIN;
    }
    if (myna_flight_length(at, &payload))
        return myna_fail(why, MYNA_EFORMAT,
                         "record %" PRIu64 " is damaged: its length cannot be right", r->number);
    if (r->rest.len < MYNA_FLIGHT_HEAD + payload) {
        r->truncated = true;
        return MYNA_EAGAIN;
    }
    crc = (struct myna_reader){.ptr = at + 8, .len = 4};
    if (myna_read_u32(&crc) != myna_crc32(0, at + MYNA_FLIGHT_PREFIX, FIXED + payload))
        return myna_fail(why, MYNA_EFORMAT, "record %" PRIu64 " is damaged: its CRC is wrong",
                         r->number);
    myna_flight_parse(at, payload, out);
    out->number = r->number++;
    r->rest.ptr += MYNA_FLIGHT_HEAD + payload;
    r->rest.len -= MYNA_FLIGHT_HEAD + payload;
    return MYNA_OK;
}
