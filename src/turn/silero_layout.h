/* silero_layout.h - the inside of the kernel: how weights lie in memory and which loops run on
 * them.
 *
 * Every layer but the Fourier transform is one operation: y[t][o] = bias[o] + sum over r of
 * w[r][o] * x[r][t], with T columns t. Convolutions are brought to this form by writing their
 * input as rows (channel, tap) and columns (place of the kernel); taps that only ever meet padding
 * are left out. T is 4 for conv1, 2 for conv2, 1 for the rest.
 *
 * Outputs are cut into blocks of 64/T, so that T columns of a block are 64 sums, which stay in
 * registers while all rows pass by: w is stored [block][row][64/T] and each weight is read once,
 * in the order of memory.
 */
#ifndef MYNA_TURN_SILERO_LAYOUT_H
#define MYNA_TURN_SILERO_LAYOUT_H

#include <stddef.h>

#include "turn/silero.h"

enum {
    SILERO_SUMS = 64, /* sums in registers = outputs of a block * columns */
    SILERO_FFT = 256,
    SILERO_HOP = 128,
    SILERO_FRAMES = 4,
    SILERO_BINS = SILERO_FFT / 2 + 1,
    SILERO_ROWS1 = SILERO_BINS * 3,
    SILERO_ROWS2 = 128 * 3,
    SILERO_ROWS3 = 64 * 2,                 /* the first of three taps meets only padding */
    SILERO_ROWS4 = 64,                     /* … here the first and the last */
    SILERO_ROWS5 = 2 * MYNA_SILERO_HIDDEN, /* input and h of the LSTM, one above the other */
    SILERO_GATES = 4 * MYNA_SILERO_HIDDEN,
    SILERO_HALF = SILERO_FFT / 2, /* points of the complex transform */
};

/* One path. y: [T][outs], x: [rows][T]; outs is a multiple of 64/T. */
typedef void silero_mul(float *y, const float *bias, const float *w, const float *x, size_t rows,
                        size_t outs);
struct myna_silero_ops {
    const char *name;
    silero_mul *mul4, *mul2, *mul1;
};
extern const struct myna_silero_ops myna_silero_plain;
/* NULL: not built for, or not on, this processor. */
const struct myna_silero_ops *myna_silero_avx2(void);
const struct myna_silero_ops *myna_silero_neon(void);

/* The transform's tables: window, and roots of unity for each pass. */
struct silero_fft {
    float window[SILERO_FFT];
    float root16[4][3][2], root64[16][3][2]; /* w^k, w^2k, w^3k; real, imaginary */
    float root128[64][2], root256[SILERO_HALF / 2 + 1][2];
};
void myna_silero_fft_init(struct silero_fft *fft);
/* Four overlapping frames of 256 samples, SILERO_HOP apart, to the magnitudes of 129 bins each. */
void myna_silero_fft_run(const struct silero_fft *fft, const float *samples,
                         float (*magnitude)[SILERO_FRAMES]);

struct myna_silero_weights {
    const struct myna_silero_ops *ops;
    enum myna_silero_checkpoint checkpoint;
    void *raw; /* what was allocated; the arrays below lie in it, on cache lines */
    float *w1, *b1, *w2, *b2, *w3, *b3, *w4, *b4, *w5, *b5, *w6;
    float b6;
    struct silero_fft fft;
};

#endif
