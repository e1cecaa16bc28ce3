/* fuzz_receive.c - any row of packets with any numbers, stamps and sounds, at any times: a frame
 * comes whenever one is asked for, its time never goes back, and what is asked for again is
 * bounded.
 *
 * Of each record: how (kind of packet, frames to wait), seq, stamp, length, sound.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rtc/receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
    const uint8_t *at, *end;
    uint16_t seq;
    uint32_t ts;
};

static unsigned byte(struct feed *f)
{
    return f->at < f->end ? *f->at++ : 0;
}

static struct myna_rtp packet(struct feed *f, unsigned how)
{
    struct myna_rtp p = {.pt = how & 0x40 ? 63 : 111, .ssrc = how & 0x20 ? 2 : 1};
    size_t len;

    if (how & 0x10) { /* from nowhere */
        f->seq = (uint16_t)(byte(f) << 8 | byte(f));
        f->ts = (uint32_t)byte(f) << 24 | byte(f) << 16;
    } else { /* near the one before */
        f->seq = (uint16_t)(f->seq + (int8_t)byte(f));
        f->ts += (uint32_t)(int32_t)((int8_t)byte(f) * 240);
    }
    p.seq = f->seq;
    p.ts = f->ts;
    len = byte(f);
    p.payload.ptr = f->at;
    p.payload.len = len < (size_t)(f->end - f->at) ? len : (size_t)(f->end - f->at);
    f->at += p.payload.len;
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {.at = data, .end = data + size};
    struct myna_receive *r = myna_receive_create(400);
    myna_us now = MYNA_S, last = 0;

    if (!r)
        return 0;
    while (f.at < f.end) {
        unsigned how = byte(&f);
        struct myna_rtp p = packet(&f, how);

        (void)myna_receive_packet(r, now, &p, 111, how & 0x80 ? 63 : -1);
        for (unsigned i = 0; i < (how & 7); i++) {
            struct myna_frame frame;
            struct myna_rtcp_block b;
            uint16_t seqs[8];

            now += how & 8 ? MYNA_FRAME_US : 10 * MYNA_FRAME_US;
            myna_receive_frame(r, now, &frame);
            if (frame.captured <= last && last)
                abort();
            last = frame.captured;
            if (myna_receive_nacks(r, now, 40 * MYNA_MS, seqs, 8) > 8)
                abort();
            (void)myna_receive_report(r, now, &b);
        }
    }
    myna_receive_destroy(r);
    return 0;
}
