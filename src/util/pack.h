/* pack.h - the plain structs that several stages carry, as flat bytes for the tap (see buf.h). */
#ifndef MYNA_UTIL_PACK_H
#define MYNA_UTIL_PACK_H

#include <myna/event.h>
#include <myna/provider.h>

#include "util/buf.h"

void myna_pack_fault(struct myna_buf *b, const struct myna_fault *f);
/* Strings point into the reader's bytes. */
void myna_read_fault(struct myna_reader *r, struct myna_fault *f);

void myna_pack_words(struct myna_buf *b, const struct myna_word *words, size_t n);
/* Fills at most `max` words; more of them than that, or than the bytes can hold, is `bad`. */
size_t myna_read_words(struct myna_reader *r, struct myna_word *words, size_t max);

/* The tap of an open, start or text call that failed (MYNA_IN_FAIL). */
struct myna_tap;
void myna_tap_fail(struct myna_tap *tap, enum myna_stage stage, uint32_t id, enum myna_err err);
enum myna_err myna_fail_unpack(struct myna_view from, enum myna_stage *stage, enum myna_err *err);

/* Writes little-endian without a buffer: for payloads that must not allocate. */
static inline uint8_t *myna_le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}
static inline uint8_t *myna_le64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

#endif
