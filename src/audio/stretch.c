/* stretch.c - the period is the lag at which the sound resembles itself most.
 *
 * Searched in two steps (NetEq's idea, on 16 kHz): every fourth lag on every second sample, then
 * the neighbours of the best on all samples. Accepted from a likeness of 0.6: below it, the fade
 * would be heard, and the next frame may be better.
 */
#include "audio/stretch.h"

#include <math.h>
#include <string.h>

enum { QUIET = 58 /* RMS: -55 dBFS */ };

static const float accepted = 0.6f;

static float likeness(const int16_t *x, size_t lag, size_t step)
{
    float xy = 0, xx = 1, yy = 1;

    for (size_t i = 0; i < lag; i += step) {
        float a = x[i], b = x[i + lag];

        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    return xy / sqrtf(xx * yy);
}

bool myna_stretch_is_quiet(const int16_t *pcm, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (int32_t)pcm[i] * pcm[i];
    return sum <= (int64_t)n * QUIET * QUIET;
}

/* 0: there is none worth using. */
static size_t find_period(const int16_t *x)
{
    size_t best = 0, around;
    float most = -1;

    if (myna_stretch_is_quiet(x, MYNA_STRETCH_NEEDS))
        return MYNA_STRETCH_MAX;
    for (size_t lag = MYNA_STRETCH_MIN; lag <= MYNA_STRETCH_MAX; lag += 4) {
        float l = likeness(x, lag, 2);

        if (l > most) {
            most = l;
            best = lag;
        }
    }
    around = best;
    most = -1;
    for (size_t lag = around > MYNA_STRETCH_MIN + 3 ? around - 3 : MYNA_STRETCH_MIN;
         lag <= around + 3 && lag <= MYNA_STRETCH_MAX; lag++) {
        float l = likeness(x, lag, 1);

        if (l > most) {
            most = l;
            best = lag;
        }
    }
    return most >= accepted ? best : 0;
}

/* out[i] goes from a to b. `out` may be either. */
static void fade(int16_t *out, const int16_t *a, const int16_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] =
            (int16_t)(((int64_t)a[i] * (int64_t)(n - i) + (int64_t)b[i] * (int64_t)i) / (int64_t)n);
}

size_t myna_stretch_shorten(int16_t *pcm, size_t *n)
{
    size_t lag = find_period(pcm);

    if (!lag)
        return 0;
    fade(pcm, pcm, pcm + lag, lag);
    memmove(pcm + lag, pcm + 2 * lag, (*n - 2 * lag) * sizeof *pcm);
    *n -= lag;
    return lag;
}

size_t myna_stretch_lengthen(int16_t *pcm, size_t *n)
{
    int16_t bridge[MYNA_STRETCH_MAX];
    size_t lag = find_period(pcm);

    if (!lag)
        return 0;
    fade(bridge, pcm + lag, pcm, lag); /* where the second period begins, the first does again */
    memmove(pcm + 2 * lag, pcm + lag, (*n - lag) * sizeof *pcm);
    memcpy(pcm + lag, bridge, lag * sizeof *pcm);
    *n += lag;
    return lag;
}
