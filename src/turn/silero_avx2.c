/* silero_avx2.c - the products with eight lanes and fused multiply-add, where the processor has
 * them: 64 sums in 8 registers, asked for at run time, so one build serves all machines.
 */
#include "turn/silero_layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 static void mul4(float *y, const float *bias, const float *w, const float *x, size_t rows,
                      size_t outs)
{
    for (size_t o = 0; o < outs; o += 16) {
        __m256 lo = _mm256_loadu_ps(bias + o), hi = _mm256_loadu_ps(bias + o + 8);
        __m256 a0 = lo, a1 = lo, a2 = lo, a3 = lo, b0 = hi, b1 = hi, b2 = hi, b3 = hi;

        for (size_t r = 0; r < rows; r++, w += 16) {
            const __m256 p = _mm256_load_ps(w), q = _mm256_load_ps(w + 8);
            const __m256 x0 = _mm256_broadcast_ss(x + 4 * r);
            const __m256 x1 = _mm256_broadcast_ss(x + 4 * r + 1);
            const __m256 x2 = _mm256_broadcast_ss(x + 4 * r + 2);
            const __m256 x3 = _mm256_broadcast_ss(x + 4 * r + 3);

            a0 = _mm256_fmadd_ps(p, x0, a0);
            b0 = _mm256_fmadd_ps(q, x0, b0);
            a1 = _mm256_fmadd_ps(p, x1, a1);
            b1 = _mm256_fmadd_ps(q, x1, b1);
            a2 = _mm256_fmadd_ps(p, x2, a2);
            b2 = _mm256_fmadd_ps(q, x2, b2);
            a3 = _mm256_fmadd_ps(p, x3, a3);
            b3 = _mm256_fmadd_ps(q, x3, b3);
        }
        _mm256_storeu_ps(y + o, a0);
        _mm256_storeu_ps(y + o + 8, b0);
        _mm256_storeu_ps(y + outs + o, a1);
        _mm256_storeu_ps(y + outs + o + 8, b1);
        _mm256_storeu_ps(y + 2 * outs + o, a2);
        _mm256_storeu_ps(y + 2 * outs + o + 8, b2);
        _mm256_storeu_ps(y + 3 * outs + o, a3);
        _mm256_storeu_ps(y + 3 * outs + o + 8, b3);
    }
}

AVX2 static void mul2(float *y, const float *bias, const float *w, const float *x, size_t rows,
                      size_t outs)
{
    for (size_t o = 0; o < outs; o += 32) {
        __m256 a0 = _mm256_loadu_ps(bias + o), b0 = _mm256_loadu_ps(bias + o + 8);
        __m256 c0 = _mm256_loadu_ps(bias + o + 16), d0 = _mm256_loadu_ps(bias + o + 24);
        __m256 a1 = a0, b1 = b0, c1 = c0, d1 = d0;

        for (size_t r = 0; r < rows; r++, w += 32) {
            const __m256 x0 = _mm256_broadcast_ss(x + 2 * r);
            const __m256 x1 = _mm256_broadcast_ss(x + 2 * r + 1);
            const __m256 p = _mm256_load_ps(w), q = _mm256_load_ps(w + 8);
            const __m256 s = _mm256_load_ps(w + 16), u = _mm256_load_ps(w + 24);

            a0 = _mm256_fmadd_ps(p, x0, a0);
            a1 = _mm256_fmadd_ps(p, x1, a1);
            b0 = _mm256_fmadd_ps(q, x0, b0);
            b1 = _mm256_fmadd_ps(q, x1, b1);
            c0 = _mm256_fmadd_ps(s, x0, c0);
            c1 = _mm256_fmadd_ps(s, x1, c1);
            d0 = _mm256_fmadd_ps(u, x0, d0);
            d1 = _mm256_fmadd_ps(u, x1, d1);
        }
        _mm256_storeu_ps(y + o, a0);
        _mm256_storeu_ps(y + o + 8, b0);
        _mm256_storeu_ps(y + o + 16, c0);
        _mm256_storeu_ps(y + o + 24, d0);
        _mm256_storeu_ps(y + outs + o, a1);
        _mm256_storeu_ps(y + outs + o + 8, b1);
        _mm256_storeu_ps(y + outs + o + 16, c1);
        _mm256_storeu_ps(y + outs + o + 24, d1);
    }
}

AVX2 static void mul1(float *y, const float *bias, const float *w, const float *x, size_t rows,
                      size_t outs)
{
    for (size_t o = 0; o < outs; o += 64) {
        __m256 a = _mm256_loadu_ps(bias + o), b = _mm256_loadu_ps(bias + o + 8);
        __m256 c = _mm256_loadu_ps(bias + o + 16), d = _mm256_loadu_ps(bias + o + 24);
        __m256 e = _mm256_loadu_ps(bias + o + 32), f = _mm256_loadu_ps(bias + o + 40);
        __m256 g = _mm256_loadu_ps(bias + o + 48), h = _mm256_loadu_ps(bias + o + 56);

        for (size_t r = 0; r < rows; r++, w += 64) {
            const __m256 v = _mm256_broadcast_ss(x + r);

            a = _mm256_fmadd_ps(_mm256_load_ps(w), v, a);
            b = _mm256_fmadd_ps(_mm256_load_ps(w + 8), v, b);
            c = _mm256_fmadd_ps(_mm256_load_ps(w + 16), v, c);
            d = _mm256_fmadd_ps(_mm256_load_ps(w + 24), v, d);
            e = _mm256_fmadd_ps(_mm256_load_ps(w + 32), v, e);
            f = _mm256_fmadd_ps(_mm256_load_ps(w + 40), v, f);
            g = _mm256_fmadd_ps(_mm256_load_ps(w + 48), v, g);
            h = _mm256_fmadd_ps(_mm256_load_ps(w + 56), v, h);
        }
        _mm256_storeu_ps(y + o, a);
        _mm256_storeu_ps(y + o + 8, b);
        _mm256_storeu_ps(y + o + 16, c);
        _mm256_storeu_ps(y + o + 24, d);
        _mm256_storeu_ps(y + o + 32, e);
        _mm256_storeu_ps(y + o + 40, f);
        _mm256_storeu_ps(y + o + 48, g);
        _mm256_storeu_ps(y + o + 56, h);
    }
}

const struct myna_silero_ops *myna_silero_avx2(void)
{
    static const struct myna_silero_ops ops = {"avx2", mul4, mul2, mul1};

    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ops : NULL;
}
#else
const struct myna_silero_ops *myna_silero_avx2(void)
{
    return NULL;
}
#endif
