/* bytes.h - numbers as bytes, in the order of a wire or a file, not of the machine. */
#ifndef MYNA_UTIL_BYTES_H
#define MYNA_UTIL_BYTES_H

#include <stdint.h>

/* The high byte first: network order. */
static inline uint16_t myna_get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t myna_get_be32(const uint8_t *p)
{
    return (uint32_t)myna_get_be16(p) << 16 | myna_get_be16(p + 2);
}
static inline void myna_put_be16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void myna_put_be32(uint8_t *p, uint32_t v)
{
    myna_put_be16(p, v >> 16);
    myna_put_be16(p + 2, v & 0xffff);
}

/* The low byte first: WAV. */
static inline uint16_t myna_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}
static inline uint32_t myna_get_le32(const uint8_t *p)
{
    return (uint32_t)myna_get_le16(p + 2) << 16 | myna_get_le16(p);
}
static inline void myna_put_le16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void myna_put_le32(uint8_t *p, uint32_t v)
{
    myna_put_le16(p, v & 0xffff);
    myna_put_le16(p + 2, v >> 16);
}

#endif
