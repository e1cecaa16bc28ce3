/* fuzz_decode.c - any bytes as streamed sound of each kind, cut anywhere: samples or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "audio/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const int16_t *pcm, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) /* each is read, so that a sanitizer sees it */
        sum += pcm[i];
    *(size_t *)arg += n + (sum == INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum myna_sound kinds[] = {MYNA_SOUND_PCM, MYNA_SOUND_WAV, MYNA_SOUND_OGG,
                                            MYNA_SOUND_MP3};
    struct myna_why why = {0};
    struct myna_decode *d;
    size_t n = 0, step;

    if (size < 2)
        return 0;
    step = 1 + data[1];
    d = myna_decode_create(kinds[data[0] % 4], 24000, count, &n);
    if (!d)
        return 0;
    for (size_t at = 2; at < size; at += step)
        if (myna_decode_feed(d, (struct myna_view){data + at, size - at < step ? size - at : step},
                             &why))
            goto out;
    if (!myna_decode_end(d, &why) && !n)
        abort(); /* success without sound */
out:
    if (why.err && !why.text[0])
        abort();
    myna_decode_destroy(d);
    return 0;
}
