/* resample.c - speexdsp's polyphase filter with its delay taken out and its tail delivered. */
#include "audio/resample.h"

#include <stdlib.h>
#include <string.h>

#include <speex/speex_resampler.h>

/* 0..10. 5 keeps the pass band to 0.9 of the lower Nyquist and costs about 6 µs for 20 ms of
 * 48 kHz; above it nothing that a recogniser or an ear on a telephone can tell is gained. */
enum { QUALITY = 5, BLOCK = 480 };

struct myna_resample {
    SpeexResamplerState *speex; /* NULL: the rates are equal */
    uint32_t in_hz, out_hz;
    uint64_t n_in, n_out; /* since create or reset */
    size_t latency;       /* input samples */
};

struct myna_resample *myna_resample_create(uint32_t in_hz, uint32_t out_hz)
{
    struct myna_resample *rs;
    int err = 0;

    if (in_hz < MYNA_RATE_MIN_HZ || in_hz > MYNA_RATE_MAX_HZ || out_hz < MYNA_RATE_MIN_HZ ||
        out_hz > MYNA_RATE_MAX_HZ)
        return NULL;
    rs = calloc(1, sizeof *rs);
    if (!rs)
        return NULL;
    rs->in_hz = in_hz;
    rs->out_hz = out_hz;
    if (in_hz == out_hz)
        return rs;
    rs->speex = speex_resampler_init(1, in_hz, out_hz, QUALITY, &err);
    if (!rs->speex) {
        free(rs);
        return NULL;
    }
    rs->latency = (size_t)speex_resampler_get_input_latency(rs->speex);
    speex_resampler_skip_zeros(rs->speex);
    return rs;
}

void myna_resample_destroy(struct myna_resample *rs)
{
    if (!rs)
        return;
    if (rs->speex)
        speex_resampler_destroy(rs->speex);
    free(rs);
}

size_t myna_resample_bound(const struct myna_resample *rs, size_t n)
{
    return (size_t)(((uint64_t)n * rs->out_hz + rs->in_hz - 1) / rs->in_hz) + 1;
}

size_t myna_resample_run(struct myna_resample *rs, const int16_t *in, size_t n, int16_t *out)
{
    size_t made = 0, room = myna_resample_bound(rs, n);

    rs->n_in += n;
    if (!rs->speex) {
        memcpy(out, in, n * sizeof *out);
        rs->n_out += n;
        return n;
    }
    while (n > 0) {
        spx_uint32_t in_len = (spx_uint32_t)(n < BLOCK ? n : BLOCK);
        spx_uint32_t out_len = (spx_uint32_t)(room - made);

        speex_resampler_process_int(rs->speex, 0, in, &in_len, out + made, &out_len);
        made += out_len;
        in += in_len;
        n -= in_len;
        if (in_len == 0 && out_len == 0)
            break;
    }
    rs->n_out += made;
    return made;
}

size_t myna_resample_finish(struct myna_resample *rs, int16_t *out, size_t max)
{
    static const int16_t silence[BLOCK];
    uint64_t due = (rs->n_in * rs->out_hz + rs->in_hz - 1) / rs->in_hz;
    size_t made = 0;

    if (!rs->speex || due <= rs->n_out)
        return 0;
    if (max > due - rs->n_out)
        max = (size_t)(due - rs->n_out);
    while (made < max) {
        spx_uint32_t in_len = BLOCK, out_len = (spx_uint32_t)(max - made);

        speex_resampler_process_int(rs->speex, 0, silence, &in_len, out + made, &out_len);
        made += out_len;
        if (in_len == 0 && out_len == 0)
            break;
    }
    rs->n_out += made;
    return made;
}

void myna_resample_reset(struct myna_resample *rs)
{
    rs->n_in = rs->n_out = 0;
    if (!rs->speex)
        return;
    speex_resampler_reset_mem(rs->speex);
    speex_resampler_skip_zeros(rs->speex);
}

size_t myna_resample_held(const struct myna_resample *rs)
{
    return rs->latency;
}
