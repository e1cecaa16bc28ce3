/* rtcp.c - parsing of RTCP; writing is in rtcp_write.c. */
#include "rtc/rtcp.h"

#include <string.h>

#include "util/bytes.h"

enum { SR = 200, RR, SDES, BYE, APP, RTPFB, PSFB, XR };

static void take_blocks(struct myna_rtcp *r, const uint8_t *at, const uint8_t *end, unsigned count)
{
    for (; r->n_blocks < count && end - at >= 24; at += 24) {
        uint32_t lost = myna_get_be32(at + 4);

        r->blocks[r->n_blocks++] = (struct myna_rtcp_block){.ssrc = myna_get_be32(at),
                                                            .fraction = (uint8_t)(lost >> 24),
                                                            .lost = (int32_t)(lost << 8) >> 8,
                                                            .highest = myna_get_be32(at + 8),
                                                            .jitter = myna_get_be32(at + 12),
                                                            .lsr = myna_get_be32(at + 16),
                                                            .dlsr = myna_get_be32(at + 20)};
    }
}

/* The first chunk's CNAME is all that anybody asks for. */
static void take_sdes(struct myna_rtcp *r, const uint8_t *at, const uint8_t *end)
{
    if (end - at < 4)
        return;
    r->ssrc = myna_get_be32(at);
    at += 4;
    while (end - at >= 2 && *at) {
        size_t n = at[1];

        if ((size_t)(end - at) < 2 + n)
            return;
        if (*at == 1)
            r->cname = (struct myna_view){at + 2, n};
        at += 2 + n;
    }
}

static enum myna_rtcp_type take_feedback(struct myna_rtcp *r, int pt, unsigned fmt,
                                         const uint8_t *body, size_t len)
{
    if (len < 8)
        return MYNA_RTCP_OTHER;
    r->media = myna_get_be32(body + 4);
    r->fci = (struct myna_view){body + 8, len - 8};
    if (pt == RTPFB)
        return fmt == 1 ? MYNA_RTCP_NACK : MYNA_RTCP_OTHER;
    switch (fmt) {
    case 1:
        return MYNA_RTCP_PLI;
    case 4:
        return MYNA_RTCP_FIR;
    default:
        return MYNA_RTCP_OTHER;
    }
}

static enum myna_rtcp_type take_body(struct myna_rtcp *r, int pt, unsigned count,
                                     const uint8_t *body, size_t len)
{
    const uint8_t *end = body + len;

    if (len >= 4)
        r->ssrc = myna_get_be32(body);
    switch (pt) {
    case SR:
        if (len < 24)
            return MYNA_RTCP_OTHER;
        r->ntp = (uint64_t)myna_get_be32(body + 4) << 32 | myna_get_be32(body + 8);
        r->rtp_ts = myna_get_be32(body + 12);
        r->packets = myna_get_be32(body + 16);
        r->octets = myna_get_be32(body + 20);
        take_blocks(r, body + 24, end, count);
        return MYNA_RTCP_SR;
    case RR:
        if (len < 4)
            return MYNA_RTCP_OTHER;
        take_blocks(r, body + 4, end, count);
        return MYNA_RTCP_RR;
    case SDES:
        take_sdes(r, body, end);
        return MYNA_RTCP_SDES;
    case BYE:
        r->sources = (struct myna_view){body, (size_t)count * 4 <= len ? (size_t)count * 4 : 0};
        return MYNA_RTCP_BYE;
    case RTPFB:
    case PSFB:
        return take_feedback(r, pt, count, body, len);
    case XR:
        return MYNA_RTCP_XR;
    default:
        return MYNA_RTCP_OTHER;
    }
}

bool myna_rtcp_next(struct myna_view *rest, struct myna_rtcp *into)
{
    const uint8_t *p = rest->ptr;
    size_t whole, body;

    if (rest->len < 4 || p[0] >> 6 != 2)
        return false;
    whole = ((size_t)(p[2] << 8 | p[3]) + 1) * 4;
    if (whole > rest->len)
        return false;
    body = whole - 4;
    if (p[0] & 0x20) {
        size_t padding = p[whole - 1];

        if (!padding || padding > body)
            return false;
        body -= padding;
    }
    *into = (struct myna_rtcp){0};
    into->type = take_body(into, p[1], p[0] & 31, p + 4, body);
    rest->ptr += whole;
    rest->len -= whole;
    return true;
}

size_t myna_rtcp_nacked(const struct myna_rtcp *p, uint16_t *into, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i + 4 <= p->fci.len; i += 4) {
        const uint8_t *at = p->fci.ptr + i;
        unsigned seq = (unsigned)(at[0] << 8 | at[1]), mask = (unsigned)(at[2] << 8 | at[3]);

        for (unsigned bit = 0; bit <= 16 && n < max; bit++)
            if (!bit || mask & 1u << (bit - 1))
                into[n++] = (uint16_t)(seq + bit);
    }
    return n;
}

uint32_t myna_rtcp_source(const struct myna_rtcp *bye, size_t i)
{
    return myna_get_be32(bye->sources.ptr + i * 4);
}

uint64_t myna_ntp_from_ms(int64_t wall_ms)
{
    uint64_t s = (uint64_t)(wall_ms / 1000) + 2208988800u; /* 1900 to 1970 */

    return s << 32 | ((uint64_t)(wall_ms % 1000) << 32) / 1000;
}
