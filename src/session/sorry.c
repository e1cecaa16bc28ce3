/* sorry.c - data/sorry.wav, turned into an array by the build (tools/wav2c.py). */
#include "session/sorry.h"

static const int16_t pcm[] = {
#include "session/sorry_pcm.h"
};

const int16_t *myna_sorry_pcm(size_t *n)
{
    *n = sizeof pcm / sizeof *pcm;
    return pcm;
}
