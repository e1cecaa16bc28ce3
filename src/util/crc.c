/* crc.c - zlib's, which uses what the processor has. */
#include "util/crc.h"

#include <zlib.h>

uint32_t myna_crc32(uint32_t crc, const void *ptr, size_t len)
{
    if (!len) /* zlib takes a NULL pointer as "give me the first value" */
        return crc;
    return (uint32_t)crc32_z(crc, ptr, len);
}
