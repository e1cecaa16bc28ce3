/* fuzz_sdp.c - any bytes as a session description and as a candidate: what was understood can be
 * written, and what we wrote is understood again as the same. */
#include "rtc/sdp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_candidate(const char *text)
{
    struct myna_candidate c, again;
    char line[600];
    int n;

    if (!myna_candidate_parse(&c, text))
        return;
    n = myna_candidate_write(&c, line, sizeof line);
    if (n < 0 || (size_t)n >= sizeof line || !myna_candidate_parse(&again, line))
        abort();
    if (strcmp(c.address, again.address) != 0 || c.port != again.port ||
        c.priority != again.priority || c.transport != again.transport || c.type != again.type)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_sdp sdp, again;
    struct myna_buf out, twice;
    struct myna_why why;

    if (myna_sdp_parse(&sdp, (const char *)data, size, &why)) {
        if (!why.text[0])
            abort();
        return 0;
    }
    myna_buf_init(&out, 1 << 22);
    myna_buf_init(&twice, 1 << 22);
    myna_sdp_write(&sdp, &out);
    for (size_t i = 0; i < sdp.n_media; i++)
        for (size_t k = 0; k < sdp.media[i].n_candidates; k++)
            try_candidate(sdp.media[i].candidates[k]);
    if (!out.err && out.len <= MYNA_SDP_MAX_BYTES) {
        if (myna_sdp_parse(&again, myna_buf_str(&out), out.len, &why))
            abort();
        myna_sdp_write(&again, &twice);
        if (twice.len != out.len || memcmp(twice.ptr, out.ptr, out.len) != 0)
            abort();
        myna_sdp_fini(&again);
    }
    myna_buf_fini(&out);
    myna_buf_fini(&twice);
    myna_sdp_fini(&sdp);
    return 0;
}
