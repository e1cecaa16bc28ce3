/* bench_vad.c - microseconds that one 32 ms window of the VAD's network takes, as JSON lines: the
 * path that the program takes, then each one this processor has. Times are those of the fastest of
 * many rounds (what made the others slower is other programs); peer_onnxruntime.py does the same.
 *
 *     bench_vad [WEIGHTS]
 */
#include <stdio.h>
#include <stdlib.h>

#include <myna/stages.h>

#include "turn/silero.h"
#include "util/clock.h"

enum { WINDOWS = 250, ROUNDS = 41 };

static double fastest_us(const struct myna_silero_weights *w)
{
    static int16_t pcm[WINDOWS][MYNA_SILERO_WINDOW];
    struct myna_silero_state state;
    double fastest = 0;
    uint32_t seed = 1;

    for (int i = 0; i < WINDOWS; i++)
        for (int k = 0; k < MYNA_SILERO_WINDOW; k++) {
            seed = seed * 1664525 + 1013904223;
            pcm[i][k] = (int16_t)((int)(seed >> 18) - 8192);
        }
    myna_silero_reset(&state);
    for (int r = 0; r < ROUNDS; r++) {
        myna_us began = myna_clock_monotonic();
        double us;

        for (int i = 0; i < WINDOWS; i++)
            (void)myna_silero_run(w, &state, pcm[i]);
        us = (double)(myna_clock_monotonic() - began) / WINDOWS;
        if (r == 0 || us < fastest)
            fastest = us;
    }
    return fastest;
}

int main(int argc, char **argv)
{
    struct myna_silero_weights *w;
    struct myna_why why;
    char path[1024];

    snprintf(path, sizeof path, "%s/silero_vad_16k.safetensors", myna_models_dir());
    if (myna_silero_load(argc > 1 ? argv[1] : path, &w, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    printf("{\"path\":\"%s\",\"us\":%.2f,\"used\":true}\n", myna_silero_path_name(w),
           fastest_us(w));
    for (int p = 0; p < MYNA_SILERO_PATHS; p++)
        if (myna_silero_use(w, p))
            printf("{\"path\":\"%s\",\"us\":%.2f,\"used\":false}\n", myna_silero_path_name(w),
                   fastest_us(w));
    myna_silero_weights_destroy(w);
    return 0;
}
