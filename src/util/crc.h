/* crc.h - CRC-32 as zlib, PNG and gzip have it. Pure. */
#ifndef MYNA_UTIL_CRC_H
#define MYNA_UTIL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Begin with 0 and hand the result in again to go on. */
uint32_t myna_crc32(uint32_t crc, const void *ptr, size_t len);

#endif
