/* silero_neon.c - the products on 64-bit ARM: fused multiply-add by lane, 64 sums in 16 of the 32
 * registers. NEON is part of every aarch64, so nothing needs to be asked.
 */
#include "turn/silero_layout.h"

#if defined(__aarch64__)
#include <arm_neon.h>

/* `cols` and `wide` are constants where it is called; cols * wide is 16. */
static inline __attribute__((always_inline)) void mul(float *y, const float *bias, const float *w,
                                                      const float *x, size_t rows, size_t outs,
                                                      const size_t cols, const size_t wide)
{
    for (size_t o = 0; o < outs; o += wide * 4) {
        float32x4_t sum[16];

#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            sum[i] = vld1q_f32(bias + o + 4 * (i % wide));
        for (size_t r = 0; r < rows; r++, w += wide * 4) {
#pragma GCC unroll 16
            for (size_t i = 0; i < 16; i++)
                sum[i] = vfmaq_n_f32(sum[i], vld1q_f32(w + 4 * (i % wide)), x[r * cols + i / wide]);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            vst1q_f32(y + i / wide * outs + o + 4 * (i % wide), sum[i]);
    }
}

static void mul4(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 4, 4);
}

static void mul2(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 2, 8);
}

static void mul1(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 1, 16);
}

const struct myna_silero_ops *myna_silero_neon(void)
{
    static const struct myna_silero_ops ops = {"neon", mul4, mul2, mul1};

    return &ops;
}
#else
const struct myna_silero_ops *myna_silero_neon(void)
{
    return NULL;
}
#endif
