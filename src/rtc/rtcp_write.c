/* rtcp_write.c - each function appends one packet and sets its length at the end. */
#include "rtc/rtcp.h"

#include <string.h>

#include "util/bytes.h"

enum { SR = 200, RR, SDES, BYE, APP, RTPFB, PSFB };

/* Room for a packet of `words` words behind its first, or NULL. */
static uint8_t *begin(struct myna_rtcp_out *o, unsigned count, int pt, size_t words)
{
    uint8_t *p = o->data + o->len;

    if (o->cap - o->len < 4 + words * 4)
        return NULL;
    p[0] = (uint8_t)(0x80 | count);
    p[1] = (uint8_t)pt;
    myna_put_be16(p + 2, (unsigned)words);
    o->len += 4 + words * 4;
    return p + 4;
}

static void put_blocks(uint8_t *p, const struct myna_rtcp_block *b, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 24) {
        int32_t lost = b[i].lost > 0x7fffff    ? 0x7fffff
                       : b[i].lost < -0x800000 ? -0x800000
                                               : b[i].lost;

        myna_put_be32(p, b[i].ssrc);
        myna_put_be32(p + 4, (uint32_t)b[i].fraction << 24 | ((uint32_t)lost & 0xffffff));
        myna_put_be32(p + 8, b[i].highest);
        myna_put_be32(p + 12, b[i].jitter);
        myna_put_be32(p + 16, b[i].lsr);
        myna_put_be32(p + 20, b[i].dlsr);
    }
}

bool myna_rtcp_put_sr(struct myna_rtcp_out *o, const struct myna_rtcp_sender *s,
                      const struct myna_rtcp_block *blocks, size_t n)
{
    uint8_t *p = n <= MYNA_RTCP_BLOCKS ? begin(o, (unsigned)n, SR, 6 + n * 6) : NULL;

    if (!p)
        return false;
    myna_put_be32(p, s->ssrc);
    myna_put_be32(p + 4, (uint32_t)(s->ntp >> 32));
    myna_put_be32(p + 8, (uint32_t)s->ntp);
    myna_put_be32(p + 12, s->rtp_ts);
    myna_put_be32(p + 16, s->packets);
    myna_put_be32(p + 20, s->octets);
    put_blocks(p + 24, blocks, n);
    return true;
}

bool myna_rtcp_put_rr(struct myna_rtcp_out *o, uint32_t ssrc, const struct myna_rtcp_block *blocks,
                      size_t n)
{
    uint8_t *p = n <= MYNA_RTCP_BLOCKS ? begin(o, (unsigned)n, RR, 1 + n * 6) : NULL;

    if (!p)
        return false;
    myna_put_be32(p, ssrc);
    put_blocks(p + 4, blocks, n);
    return true;
}

bool myna_rtcp_put_cname(struct myna_rtcp_out *o, uint32_t ssrc, const char *cname)
{
    size_t len = strlen(cname), bytes;
    uint8_t *p;

    if (len > 255)
        len = 255;
    bytes = (4 + 2 + len + 1 + 3) / 4 * 4; /* at least one zero ends the items */
    p = begin(o, 1, SDES, bytes / 4);
    if (!p)
        return false;
    memset(p, 0, bytes);
    myna_put_be32(p, ssrc);
    p[4] = 1;
    p[5] = (uint8_t)len;
    memcpy(p + 6, cname, len);
    return true;
}

bool myna_rtcp_put_bye(struct myna_rtcp_out *o, uint32_t ssrc)
{
    uint8_t *p = begin(o, 1, BYE, 1);

    if (p)
        myna_put_be32(p, ssrc);
    return p;
}

static uint8_t *feedback(struct myna_rtcp_out *o, unsigned fmt, int pt, size_t fci_words,
                         uint32_t ssrc, uint32_t media)
{
    uint8_t *p = begin(o, fmt, pt, 2 + fci_words);

    if (!p)
        return NULL;
    myna_put_be32(p, ssrc);
    myna_put_be32(p + 4, media);
    return p + 8;
}

bool myna_rtcp_put_nack(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media,
                        const uint16_t *seqs, size_t n)
{
    uint16_t pid[64], mask[64];
    size_t pairs = 0;
    uint8_t *p;

    for (size_t i = 0; i < n; i++) {
        unsigned behind = pairs ? (uint16_t)(seqs[i] - pid[pairs - 1]) : 0;

        if (pairs && behind >= 1 && behind <= 16) {
            mask[pairs - 1] |= (uint16_t)(1u << (behind - 1));
        } else if (pairs < 64) {
            pid[pairs] = seqs[i];
            mask[pairs++] = 0;
        }
    }
    p = pairs ? feedback(o, 1, RTPFB, pairs, ssrc, media) : NULL;
    for (size_t i = 0; p && i < pairs; i++) {
        myna_put_be16(p + i * 4, pid[i]);
        myna_put_be16(p + i * 4 + 2, mask[i]);
    }
    return p;
}

bool myna_rtcp_put_pli(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media)
{
    return feedback(o, 1, PSFB, 0, ssrc, media);
}

bool myna_rtcp_put_fir(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media, uint8_t command)
{
    uint8_t *p = feedback(o, 4, PSFB, 2, ssrc, 0);

    if (!p)
        return false;
    myna_put_be32(p, media);
    myna_put_be32(p + 4, (uint32_t)command << 24);
    return true;
}
