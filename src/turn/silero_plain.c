/* silero_plain.c - the products for any processor: four lanes, 32 sums at a time (16 registers of
 * SSE2 have no room for 64), so each block is walked in two halves.
 */
#include "turn/silero_layout.h"
#include "turn/vec4.h"

/* Sums of `cols` columns times `wide` vectors of outputs; both are constants where it is called. */
static inline __attribute__((always_inline)) void mul(float *y, const float *bias, const float *w,
                                                      const float *x, size_t rows, size_t outs,
                                                      const size_t cols, const size_t wide)
{
    const size_t block = SILERO_SUMS / cols;

    for (size_t o = 0; o < outs; o += wide * 4) {
        const float *from = w + o / block * block * rows + o % block;
        vec4 sum[8];

        for (size_t t = 0; t < cols; t++)
            for (size_t v = 0; v < wide; v++)
                sum[t * wide + v] = vec4_load(bias + o + 4 * v);
        for (size_t r = 0; r < rows; r++, from += block)
            for (size_t t = 0; t < cols; t++)
                for (size_t v = 0; v < wide; v++)
                    sum[t * wide + v] += vec4_load(from + 4 * v) * vec4_of(x[r * cols + t]);
        for (size_t t = 0; t < cols; t++)
            for (size_t v = 0; v < wide; v++)
                vec4_store(y + t * outs + o + 4 * v, sum[t * wide + v]);
    }
}

static void mul4(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 4, 2);
}

static void mul2(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 2, 4);
}

static void mul1(float *y, const float *bias, const float *w, const float *x, size_t rows,
                 size_t outs)
{
    mul(y, bias, w, x, rows, outs, 1, 8);
}

const struct myna_silero_ops myna_silero_plain = {"plain", mul4, mul2, mul1};
