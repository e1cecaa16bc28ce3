/* rtcp_write.c - each function appends one packet and sets its length at the end. */
#include "rtc/rtcp.h"

#include <string.h>

enum { SR = 200, RR, SDES, BYE, APP, RTPFB, PSFB };

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* Room for a packet of `words` words behind its first, or NULL. */
static uint8_t *begin(struct myna_rtcp_out *o, unsigned count, int pt, size_t words)
{
    uint8_t *p = o->data + o->len;

    if (o->cap - o->len < 4 + words * 4)
        return NULL;
    p[0] = (uint8_t)(0x80 | count);
    p[1] = (uint8_t)pt;
    put16(p + 2, (unsigned)words);
    o->len += 4 + words * 4;
    return p + 4;
}

static void put_blocks(uint8_t *p, const struct myna_rtcp_block *b, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 24) {
        int32_t lost = b[i].lost > 0x7fffff    ? 0x7fffff
                       : b[i].lost < -0x800000 ? -0x800000
                                               : b[i].lost;

        put32(p, b[i].ssrc);
        put32(p + 4, (uint32_t)b[i].fraction << 24 | ((uint32_t)lost & 0xffffff));
        put32(p + 8, b[i].highest);
        put32(p + 12, b[i].jitter);
        put32(p + 16, b[i].lsr);
        put32(p + 20, b[i].dlsr);
    }
}

bool myna_rtcp_put_sr(struct myna_rtcp_out *o, const struct myna_rtcp_sender *s,
                      const struct myna_rtcp_block *blocks, size_t n)
{
    uint8_t *p = n <= MYNA_RTCP_BLOCKS ? begin(o, (unsigned)n, SR, 6 + n * 6) : NULL;

    if (!p)
        return false;
    put32(p, s->ssrc);
    put32(p + 4, (uint32_t)(s->ntp >> 32));
    put32(p + 8, (uint32_t)s->ntp);
    put32(p + 12, s->rtp_ts);
    put32(p + 16, s->packets);
    put32(p + 20, s->octets);
    put_blocks(p + 24, blocks, n);
    return true;
}

bool myna_rtcp_put_rr(struct myna_rtcp_out *o, uint32_t ssrc, const struct myna_rtcp_block *blocks,
                      size_t n)
{
    uint8_t *p = n <= MYNA_RTCP_BLOCKS ? begin(o, (unsigned)n, RR, 1 + n * 6) : NULL;

    if (!p)
        return false;
    put32(p, ssrc);
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
    put32(p, ssrc);
    p[4] = 1;
    p[5] = (uint8_t)len;
    memcpy(p + 6, cname, len);
    return true;
}

bool myna_rtcp_put_bye(struct myna_rtcp_out *o, uint32_t ssrc)
{
    uint8_t *p = begin(o, 1, BYE, 1);

    if (p)
        put32(p, ssrc);
    return p;
}

static uint8_t *feedback(struct myna_rtcp_out *o, unsigned fmt, int pt, size_t fci_words,
                         uint32_t ssrc, uint32_t media)
{
    uint8_t *p = begin(o, fmt, pt, 2 + fci_words);

    if (!p)
        return NULL;
    put32(p, ssrc);
    put32(p + 4, media);
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
        put16(p + i * 4, pid[i]);
        put16(p + i * 4 + 2, mask[i]);
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
    put32(p, media);
    put32(p + 4, (uint32_t)command << 24);
    return true;
}

bool myna_rtcp_put_remb(struct myna_rtcp_out *o, uint32_t ssrc, uint64_t bitrate,
                        const uint32_t *media, size_t n)
{
    uint8_t *p = n < 256 ? feedback(o, 15, PSFB, 2 + n, ssrc, 0) : NULL;
    unsigned exponent = 0;

    if (!p)
        return false;
    for (; bitrate > 0x3ffff; bitrate >>= 1)
        exponent++;
    memcpy(p, "REMB", 4);
    put32(p + 4, (uint32_t)n << 24 | exponent << 18 | (uint32_t)bitrate);
    for (size_t i = 0; i < n; i++)
        put32(p + 8 + i * 4, media[i]);
    return true;
}
