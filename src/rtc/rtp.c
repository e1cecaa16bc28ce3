/* rtp.c - see rtp.h. Every length is checked against what is left before it is used. */
#include "rtc/rtp.h"

#include <string.h>

#include "util/bytes.h"

enum { FIXED = 12, ONE_BYTE = 0xBEDE, TWO_BYTE = 0x1000 };

bool myna_rtp_is_rtcp(const uint8_t *data, size_t len)
{
    return len >= 8 && data[1] >= 192 && data[1] <= 223;
}

enum myna_datagram myna_datagram_kind(const uint8_t *data, size_t len)
{
    if (!len)
        return MYNA_DATAGRAM_OTHER;
    if (data[0] >= 20 && data[0] <= 63)
        return MYNA_DATAGRAM_DTLS;
    if (data[0] >= 128 && data[0] <= 191)
        return myna_rtp_is_rtcp(data, len) ? MYNA_DATAGRAM_RTCP : MYNA_DATAGRAM_RTP;
    return MYNA_DATAGRAM_OTHER;
}

bool myna_rtp_parse(struct myna_rtp *into, const uint8_t *data, size_t len)
{
    struct myna_rtp p = {0};
    size_t at = FIXED;

    if (len < FIXED || data[0] >> 6 != 2)
        return false;
    p.marker = data[1] & 0x80;
    p.pt = data[1] & 0x7f;
    p.seq = myna_get_be16(data + 2);
    p.ts = myna_get_be32(data + 4);
    p.ssrc = myna_get_be32(data + 8);
    at += (size_t)(data[0] & 15) * 4;
    if (data[0] & 0x10) {
        if (len < at + 4)
            return false;
        p.ext_profile = myna_get_be16(data + at);
        p.ext.len = (size_t)myna_get_be16(data + at + 2) * 4;
        p.ext.ptr = data + at + 4;
        at += 4 + p.ext.len;
    }
    if (len < at)
        return false;
    if (data[0] & 0x20) {
        size_t padding = len > at ? data[len - 1] : 0;

        if (!padding || padding > len - at)
            return false;
        len -= padding;
    }
    p.payload = (struct myna_view){data + at, len - at};
    *into = p;
    return true;
}

bool myna_rtp_ext(const struct myna_rtp *p, int id, struct myna_view *value)
{
    bool two = (p->ext_profile & 0xfff0) == TWO_BYTE;
    const uint8_t *at = p->ext.ptr, *end;

    if (!p->ext.len || (p->ext_profile != ONE_BYTE && !two))
        return false;
    end = at + p->ext.len;
    while (at < end) {
        int this_id;
        size_t n;

        if (!*at) { /* padding */
            at++;
            continue;
        }
        if (two) {
            if (end - at < 2)
                return false;
            this_id = at[0];
            n = at[1];
            at += 2;
        } else {
            this_id = *at >> 4;
            n = (size_t)(*at & 15) + 1;
            at++;
            if (this_id == 15 || this_id == 0) /* reserved: stop (RFC 8285, 4.2) */
                return false;
        }
        if ((size_t)(end - at) < n)
            return false;
        if (this_id == id) {
            *value = (struct myna_view){at, n};
            return true;
        }
        at += n;
    }
    return false;
}

size_t myna_rtp_write(const struct myna_rtp *p, const struct myna_rtp_ext *exts, size_t n,
                      uint8_t into[MYNA_RTP_HEADER_MAX])
{
    size_t at = FIXED + 4;

    for (size_t i = 0; i < n; i++) {
        size_t len = exts[i].value.len;

        if (exts[i].id < 1 || exts[i].id > 14 || len < 1 || len > 16 ||
            at + 1 + len > MYNA_RTP_HEADER_MAX)
            continue;
        into[at++] = (uint8_t)(exts[i].id << 4 | (int)(len - 1));
        memcpy(into + at, exts[i].value.ptr, len);
        at += len;
    }
    into[0] = 0x80;
    if (at > FIXED + 4) {
        into[0] |= 0x10;
        while (at % 4)
            into[at++] = 0;
        myna_put_be16(into + FIXED, ONE_BYTE);
        myna_put_be16(into + FIXED + 2, (unsigned)(at - FIXED - 4) / 4);
    } else {
        at = FIXED;
    }
    into[1] = (uint8_t)((p->marker ? 0x80 : 0) | p->pt);
    myna_put_be16(into + 2, p->seq);
    myna_put_be32(into + 4, p->ts);
    myna_put_be32(into + 8, p->ssrc);
    return at;
}

size_t myna_red_parse(struct myna_view v, struct myna_red_block into[MYNA_RED_BLOCKS])
{
    size_t n = 0, at = 0, body;

    for (;;) {
        if (at >= v.len || n == MYNA_RED_BLOCKS)
            return 0;
        into[n] = (struct myna_red_block){.pt = v.ptr[at] & 0x7f};
        if (!(v.ptr[at] & 0x80))
            break;
        if (v.len - at < 4)
            return 0;
        into[n].ts_offset = (uint32_t)myna_get_be16(v.ptr + at + 1) >> 2;
        into[n].payload.len = myna_get_be16(v.ptr + at + 2) & 0x3ff;
        at += 4;
        n++;
    }
    body = ++at;
    for (size_t i = 0; i < n; i++) {
        if (into[i].payload.len > v.len - body)
            return 0;
        into[i].payload.ptr = v.ptr + body;
        body += into[i].payload.len;
    }
    into[n].payload = (struct myna_view){v.ptr + body, v.len - body};
    return n + 1;
}

size_t myna_red_write(const struct myna_red_block *blocks, size_t n, uint8_t *into, size_t cap)
{
    const struct myna_red_block *primary = &blocks[n - 1];
    bool take[MYNA_RED_BLOCKS] = {false};
    size_t total = 1 + primary->payload.len, at = 0;

    if (total > cap)
        return 0;
    for (size_t i = n - 1; i-- > 0;) { /* the youngest are worth most */
        const struct myna_red_block *b = &blocks[i];

        take[i] =
            b->ts_offset < 16384 && b->payload.len < 1024 && total + 4 + b->payload.len <= cap;
        if (take[i])
            total += 4 + b->payload.len;
    }
    for (size_t i = 0; i + 1 < n; i++)
        if (take[i]) {
            into[at] = (uint8_t)(0x80 | blocks[i].pt);
            myna_put_be16(into + at + 1,
                          blocks[i].ts_offset << 2 | (unsigned)(blocks[i].payload.len >> 8));
            into[at + 3] = (uint8_t)blocks[i].payload.len;
            at += 4;
        }
    into[at++] = (uint8_t)primary->pt;
    for (size_t i = 0; i < n; i++)
        if (take[i] || i == n - 1) {
            memcpy(into + at, blocks[i].payload.ptr, blocks[i].payload.len);
            at += blocks[i].payload.len;
        }
    return at;
}
