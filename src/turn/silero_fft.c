/* silero_fft.c - the network's first layer. Its 258 x 256 weights are a Hann window times the
 * cosine and sine of a Fourier transform (checked when they are read), so 264 thousand products
 * become a fast transform: four frames at once, one a lane, as 128 complex points from 256 real
 * samples.
 *
 * Passes of radix 4, 4, 4 and 2 over points in bit-reversed order; there the four parts of a
 * radix-4 butterfly are the residues 0, 2, 1, 3.
 */
#include <math.h>

#include "turn/silero_layout.h"
#include "turn/vec4.h"

struct point {
    vec4 re, im;
};

static void root(float into[2], int k, int n)
{
    double a = -2 * M_PI * k / n;

    into[0] = (float)cos(a);
    into[1] = (float)sin(a);
}

void myna_silero_fft_init(struct silero_fft *fft)
{
    for (int n = 0; n < SILERO_FFT; n++)
        fft->window[n] = (float)(0.5 - 0.5 * cos(2 * M_PI * n / SILERO_FFT));
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 4; k++)
            root(fft->root16[k][j], k * (j + 1), 16);
        for (int k = 0; k < 16; k++)
            root(fft->root64[k][j], k * (j + 1), 64);
    }
    for (int k = 0; k < 64; k++)
        root(fft->root128[k], k, 128);
    for (int k = 0; k <= SILERO_HALF / 2; k++)
        root(fft->root256[k], k, 256);
}

static inline struct point times(struct point p, const float w[2])
{
    return (struct point){p.re * vec4_of(w[0]) - p.im * vec4_of(w[1]),
                          p.re * vec4_of(w[1]) + p.im * vec4_of(w[0])};
}

/* p[0], p[q], p[2q], p[3q] hold residues 0, 2, 1, 3, already turned by their roots. */
static inline void butterfly4(struct point *p, size_t q, struct point a, struct point b,
                              struct point c, struct point d)
{
    struct point s = {a.re + b.re, a.im + b.im}, t = {a.re - b.re, a.im - b.im};
    struct point u = {c.re + d.re, c.im + d.im}, v = {c.re - d.re, c.im - d.im};

    p[0] = (struct point){s.re + u.re, s.im + u.im};
    p[2 * q] = (struct point){s.re - u.re, s.im - u.im};
    p[q] = (struct point){t.re + v.im, t.im - v.re};
    p[3 * q] = (struct point){t.re - v.im, t.im + v.re};
}

static void pass4(struct point *p, size_t quarter, const float (*roots)[3][2])
{
    for (size_t base = 0; base < SILERO_HALF; base += 4 * quarter)
        for (size_t k = 0; k < quarter; k++) {
            struct point *at = p + base + k;

            butterfly4(at, quarter, at[0], times(at[quarter], roots[k][1]),
                       times(at[2 * quarter], roots[k][0]), times(at[3 * quarter], roots[k][2]));
        }
}

/* Windowed samples as complex points, in bit-reversed order, through the first pass. */
static void gather(const struct silero_fft *fft, const float *samples, struct point *p)
{
    for (size_t base = 0; base < SILERO_HALF; base += 4) {
        struct point in[4];
        size_t rev = 0;

        for (size_t bit = 0; bit < 5; bit++) /* of base/4, 5 bits */
            rev |= (base >> (bit + 2) & 1) << (4 - bit);
        for (size_t j = 0; j < 4; j++) {
            size_t n = 2 * (rev + 32 * ((j & 1) << 1 | j >> 1));
            const float *s = samples + n;

            in[j].re = (vec4){s[0], s[128], s[256], s[384]} * vec4_of(fft->window[n]);
            in[j].im = (vec4){s[1], s[129], s[257], s[385]} * vec4_of(fft->window[n + 1]);
        }
        butterfly4(p + base, 1, in[0], in[1], in[2], in[3]);
    }
}

void myna_silero_fft_run(const struct silero_fft *fft, const float *samples,
                         float (*magnitude)[SILERO_FRAMES])
{
    struct point p[SILERO_HALF];

    gather(fft, samples, p);
    pass4(p, 4, fft->root16);
    pass4(p, 16, fft->root64);
    for (size_t k = 0; k < 64; k++) {
        struct point a = p[k], b = times(p[k + 64], fft->root128[k]);

        p[k] = (struct point){a.re + b.re, a.im + b.im};
        p[k + 64] = (struct point){a.re - b.re, a.im - b.im};
    }
    /* Even and odd samples apart again: bins k and 128-k from points k and 128-k. */
    for (size_t k = 0; k <= SILERO_HALF / 2; k++) {
        struct point a = p[k], b = p[(SILERO_HALF - k) % SILERO_HALF];
        const vec4 half = vec4_of(0.5f);
        struct point even = {(a.re + b.re) * half, (a.im - b.im) * half};
        struct point odd = {(a.im + b.im) * half, (b.re - a.re) * half};
        struct point o = times(odd, fft->root256[k]);
        vec4 re = even.re + o.re, im = even.im + o.im;

        vec4_store(magnitude[k], vec4_sqrt(re * re + im * im));
        re = even.re - o.re;
        im = even.im - o.im;
        vec4_store(magnitude[SILERO_HALF - k], vec4_sqrt(re * re + im * im));
    }
}
