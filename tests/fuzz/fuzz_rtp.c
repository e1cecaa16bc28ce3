/* fuzz_rtp.c - any bytes as a media packet and as redundancy within one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audio/opus.h"
#include "rtc/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct myna_view v, const uint8_t *data, size_t size)
{
    if (v.len && (v.ptr < data || v.len > size || v.ptr > data + size - v.len))
        abort();
}

static void red(struct myna_view payload, const uint8_t *data, size_t size)
{
    struct myna_red_block blocks[MYNA_RED_BLOCKS], again[MYNA_RED_BLOCKS];
    uint8_t bytes[4096];
    size_t n = myna_red_parse(payload, blocks), len;

    for (size_t i = 0; i < n; i++) {
        inside(blocks[i].payload, data, size);
        (void)myna_opus_ticks(blocks[i].payload);
        (void)myna_opus_has_fec(blocks[i].payload);
    }
    if (!n || payload.len > sizeof bytes)
        return;
    len = myna_red_write(blocks, n, bytes, sizeof bytes);
    if (len != payload.len || myna_red_parse((struct myna_view){bytes, len}, again) != n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t header[MYNA_RTP_HEADER_MAX];
    struct myna_rtp_ext exts[14];
    struct myna_rtp p, again;
    size_t n = 0;

    (void)myna_datagram_kind(data, size);
    if (!myna_rtp_parse(&p, data, size))
        return 0;
    inside(p.ext, data, size);
    inside(p.payload, data, size);
    for (int id = 1; id < 256; id++) {
        struct myna_view v;

        if (!myna_rtp_ext(&p, id, &v))
            continue;
        inside(v, data, size);
        if (n < 14)
            exts[n++] = (struct myna_rtp_ext){.id = id, .value = v};
    }
    if (!myna_rtp_parse(&again, header, myna_rtp_write(&p, exts, n, header)) ||
        again.seq != p.seq || again.ts != p.ts || again.ssrc != p.ssrc || again.pt != p.pt ||
        again.marker != p.marker)
        abort();
    red(p.payload, data, size);
    return 0;
}
