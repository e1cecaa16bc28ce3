/* rtcp_twcc.c - when each packet of a transport arrived, for a sender that estimates the bandwidth
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1). A row of 2-bit states in chunks, then
 * the time from each arrived packet to the next in steps of 250 us.
 *
 * Only video asks for it: LiveKit's server wants none for audio.
 */
#include "rtc/rtcp.h"

#include <string.h>

#include "util/bytes.h"

enum { RTPFB = 205, FMT = 15, STEP = 250, REFERENCE = 64000 /* us */ };
enum state { NOT, SMALL, LARGE };

/* The states one chunk tells; returns how many. A run is handed out in pieces of 14. */
static size_t take_chunk(unsigned *chunk, uint8_t states[14])
{
    size_t n = 14;

    if (!(*chunk & 0x8000)) { /* a run of one state */
        unsigned left = *chunk & 0x1fff;

        n = left < 14 ? left : 14;
        memset(states, (int)(*chunk >> 13 & 3), n);
        *chunk = (*chunk & 0x6000) | (left - (unsigned)n);
    } else if (!(*chunk & 0x4000)) { /* one bit each */
        for (size_t i = 0; i < n; i++)
            states[i] = *chunk >> (13 - i) & 1 ? SMALL : NOT;
        *chunk = 0;
    } else {
        n = 7;
        for (size_t i = 0; i < n; i++)
            states[i] = *chunk >> (12 - 2 * i) & 3;
        *chunk = 0;
    }
    return n;
}

/* States of all `told` packets into `arrived`, at most `max`; the deltas begin at the returned
 * place. 0: broken. */
static size_t take_states(struct myna_view fci, size_t told, myna_us *arrived, size_t max)
{
    size_t at = 8, n = 0;

    while (n < told) {
        unsigned chunk;

        if (fci.len - at < 2)
            return 0;
        chunk = myna_get_be16(fci.ptr + at);
        at += 2;
        do {
            uint8_t states[14];
            size_t k = take_chunk(&chunk, states);

            for (size_t i = 0; i < k && n < told; i++, n++)
                if (n < max)
                    arrived[n] = states[i];
        } while (n < told && !(chunk & 0x8000) && chunk & 0x1fff);
    }
    return at;
}

size_t myna_rtcp_twcc(const struct myna_rtcp *p, uint16_t *first, myna_us *arrived, size_t max)
{
    struct myna_view fci = p->fci;
    size_t told, at;
    myna_us now;

    if (fci.len < 8)
        return 0;
    *first = myna_get_be16(fci.ptr);
    told = myna_get_be16(fci.ptr + 2);
    now = (myna_us)(myna_get_be16(fci.ptr + 4) << 8 | fci.ptr[6]) * REFERENCE;
    at = take_states(fci, told, arrived, max);
    if (!at)
        return 0;
    if (told > max)
        told = max;
    for (size_t i = 0; i < told; i++) {
        size_t bytes = (size_t)arrived[i];

        if (bytes != SMALL && bytes != LARGE) {
            arrived[i] = -1;
            continue;
        }
        if (fci.len - at < bytes)
            return 0;
        now += (bytes == SMALL ? fci.ptr[at] : (int16_t)myna_get_be16(fci.ptr + at)) * STEP;
        arrived[i] = now > 0 ? now : 0;
        at += bytes;
    }
    return told;
}

/* Two bits a packet, seven a chunk: the simplest of the forms, understood by all. */
bool myna_rtcp_put_twcc(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media, uint8_t count,
                        uint16_t first, const myna_us *arrived, size_t n)
{
    uint8_t deltas[2 * MYNA_TWCC_MAX], states[MYNA_TWCC_MAX], *p = o->data + o->len;
    size_t len = 0, chunks = (n + 6) / 7, words;
    myna_us reference = -1, at = 0;

    if (!n || n > MYNA_TWCC_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        myna_us delta;

        states[i] = NOT;
        if (arrived[i] < 0)
            continue;
        if (reference < 0)
            reference = at = arrived[i] / REFERENCE * REFERENCE;
        delta = (arrived[i] - at) / STEP;
        if (delta < INT16_MIN || delta > INT16_MAX)
            return false;
        at += delta * STEP;
        states[i] = delta >= 0 && delta <= 255 ? SMALL : LARGE;
        if (states[i] == LARGE)
            deltas[len++] = (uint8_t)((uint16_t)delta >> 8);
        deltas[len++] = (uint8_t)delta;
    }
    words = (20 + chunks * 2 + len + 3) / 4;
    if (reference < 0 || o->cap - o->len < words * 4)
        return false;
    memset(p, 0, words * 4);
    p[0] = 0x80 | FMT;
    p[1] = RTPFB;
    myna_put_be16(p + 2, (unsigned)words - 1);
    myna_put_be32(p + 4, ssrc);
    myna_put_be32(p + 8, media);
    myna_put_be16(p + 12, first);
    myna_put_be16(p + 14, (unsigned)n);
    myna_put_be32(p + 16, (uint32_t)(reference / REFERENCE) << 8 | count);
    for (size_t i = 0; i < n; i++)
        p[20 + i / 7 * 2 + (i % 7 > 2)] |=
            (uint8_t)(states[i] << (i % 7 > 2 ? 12 - 2 * (i % 7) : 4 - 2 * (i % 7)));
    for (size_t c = 0; c < chunks; c++)
        p[20 + c * 2] |= 0xc0;
    memcpy(p + 20 + chunks * 2, deltas, len);
    o->len += words * 4;
    return true;
}
