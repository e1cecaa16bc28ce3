/* fuzz_wav.c - any bytes as a sound file: a sentence, or samples until they end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audio/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_wav_reader *r = NULL;
    struct myna_why why = {0};
    int16_t pcm[256];
    size_t n = 1;

    if (myna_wav_open_bytes("fuzz.wav", data, size, &r, &why)) {
        if (!strstr(why.text, "fuzz.wav"))
            abort();
        return 0;
    }
    if (myna_wav_rate_hz(r) < 8000 || myna_wav_rate_hz(r) > 48000 || myna_wav_channels(r) > 2)
        abort();
    for (int i = 0; i < 10000 && n > 0; i++)
        if (myna_wav_read(r, pcm, 256, &n, &why))
            break;
    myna_wav_close(r);
    return 0;
}
