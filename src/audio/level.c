/* level.c - root mean square and peak of a block of samples. */
#include "audio/level.h"

#include <math.h>

static float to_db(double amplitude)
{
    double db = amplitude > 0 ? 20.0 * log10(amplitude / 32768.0) : MYNA_LEVEL_SILENT_DB;

    return db > MYNA_LEVEL_SILENT_DB ? (float)db : MYNA_LEVEL_SILENT_DB;
}

float myna_level_rms(const int16_t *pcm, size_t n)
{
    uint64_t sum = 0; /* 2^30 a sample: full scale for 2^34 samples before it could overflow */

    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)((int32_t)pcm[i] * pcm[i]);
    return n ? to_db(sqrt((double)sum / (double)n)) : MYNA_LEVEL_SILENT_DB;
}

float myna_level_peak(const int16_t *pcm, size_t n)
{
    int32_t peak = 0;

    for (size_t i = 0; i < n; i++) {
        int32_t a = pcm[i] < 0 ? -(int32_t)pcm[i] : pcm[i];

        if (a > peak)
            peak = a;
    }
    return to_db(peak);
}
