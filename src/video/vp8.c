/* vp8.c - see vp8.h. */
#include "video/vp8.h"

bool myna_vp8_key(struct myna_view frame, uint32_t *width, uint32_t *height)
{
    const uint8_t *p = frame.ptr;
    uint32_t w, h;

    /* Bit 0 of the tag is clear in a key frame; the start code follows the tag; the two upper bits
     * of each size are a wish about scaling. */
    if (frame.len < 10 || p[0] & 1 || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a)
        return false;
    w = ((uint32_t)p[7] << 8 | p[6]) & 0x3fff;
    h = ((uint32_t)p[9] << 8 | p[8]) & 0x3fff;
    if (!w || !h)
        return false;
    *width = w;
    *height = h;
    return true;
}
