/* fuzz_rtcp.c - any bytes as a compound of reports: it ends, and what it shows lies within. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct myna_view v, const uint8_t *data, size_t size)
{
    if (v.len && (v.ptr < data || v.len > size || v.ptr > data + size - v.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_view rest = {data, size};
    struct myna_rtcp p;
    size_t before = size;

    while (myna_rtcp_next(&rest, &p)) {
        uint16_t seqs[40];

        if (rest.len >= before || p.n_blocks > MYNA_RTCP_BLOCKS)
            abort();
        before = rest.len;
        inside(p.fci, data, size);
        inside(p.cname, data, size);
        inside(p.sources, data, size);
        if (myna_rtcp_nacked(&p, seqs, 40) > 40)
            abort();
        for (size_t i = 0; i < p.sources.len / 4; i++)
            (void)myna_rtcp_source(&p, i);
        if (p.type == MYNA_RTCP_SR) {
            uint8_t bytes[1024];
            struct myna_rtcp_out o = {.data = bytes, .cap = sizeof bytes};
            const struct myna_rtcp_sender s = {p.ssrc, p.ntp, p.rtp_ts, p.packets, p.octets};
            struct myna_view again = {bytes, 0};
            struct myna_rtcp q;

            if (!myna_rtcp_put_sr(&o, &s, p.blocks, p.n_blocks))
                abort();
            again.len = o.len;
            if (!myna_rtcp_next(&again, &q) || q.n_blocks != p.n_blocks || q.ntp != p.ntp ||
                memcmp(q.blocks, p.blocks, p.n_blocks * sizeof p.blocks[0]) != 0)
                abort();
        }
    }
    return 0;
}
