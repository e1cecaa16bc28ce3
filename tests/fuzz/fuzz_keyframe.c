/* fuzz_keyframe.c - any row of packets as a stream of VP8: what is told as a key frame is one, of a
 * bounded size, and what is asked for again is bounded.
 *
 * Of each record: how (what the number and the stamp do, marker, time), length, payload.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rtc/keyframe.h"
#include "rtc/vp8_rtp.h"
#include "video/vp8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned byte(const uint8_t **at, const uint8_t *end)
{
    return *at < end ? *(*at)++ : 0;
}

static void one(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p)
{
    struct myna_keyframe_whole whole;
    struct myna_rtcp_block block;
    struct myna_vp8_piece piece;
    uint16_t seqs[8];
    uint32_t w, h;

    if (myna_vp8_piece_parse(&piece, p->payload) &&
        (!piece.data.len || piece.data.ptr + piece.data.len != p->payload.ptr + p->payload.len))
        abort();
    if (myna_keyframe_packet(k, now, p, &whole) &&
        (whole.bytes.len > MYNA_KEYFRAME_BYTES || !myna_vp8_key(whole.bytes, &w, &h) ||
         w != whole.width || h != whole.height || whole.began > now))
        abort();
    if (myna_keyframe_nacks(k, now, 40 * MYNA_MS, seqs, 8) > 8)
        abort();
    (void)myna_keyframe_report(k, now, &block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    struct myna_keyframe *k = myna_keyframe_create();
    struct myna_rtp p = {.pt = 96};
    myna_us now = MYNA_S;

    if (!k)
        return 0;
    while (at < end) {
        unsigned how = byte(&at, end);
        size_t len;

        p.marker = how & 1;
        p.seq = (uint16_t)(p.seq + (how & 2 ? (int8_t)byte(&at, end) : 1));
        if (how & 4)
            p.ts += 3000;
        if (how & 8)
            p.ts += (uint32_t)(int32_t)((int8_t)byte(&at, end) * 100000);
        if (how & 16)
            p.seq = (uint16_t)(byte(&at, end) << 8);
        now += how & 32 ? 200 * MYNA_MS : MYNA_MS;
        if (how & 64)
            myna_keyframe_clear(k);
        len = byte(&at, end);
        p.payload.ptr = at;
        p.payload.len = len < (size_t)(end - at) ? len : (size_t)(end - at);
        at += p.payload.len;
        one(k, now, &p);
    }
    myna_keyframe_destroy(k);
    return 0;
}
