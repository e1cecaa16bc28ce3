/* make_wav.h - a WAV in memory, also one that lies or is of a kind that nobody knows. */
#ifndef TESTS_AUDIO_MAKE_WAV_H
#define TESTS_AUDIO_MAKE_WAV_H

#include <stdint.h>
#include <string.h>

static inline size_t put(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
    return (size_t)bytes;
}

struct wav {
    int tag, channels;
    uint32_t rate;
    int bits;
    const char *extra; /* n_extra bytes of chunks before the sound */
    size_t n_extra;
};

/* Around `len` bytes of data, which the header says to be `claim`. Returns its length. */
static inline size_t make_wav(uint8_t *w, struct wav kind, const void *data, size_t len,
                              uint32_t claim)
{
    uint32_t block = (uint32_t)(kind.channels * kind.bits / 8);
    size_t n = 16;

    memcpy(w, "RIFF", 4);
    put(w + 4, claim == UINT32_MAX ? claim : 36 + claim, 4);
    memcpy(w + 8, "WAVEfmt ", 8);
    n += put(w + n, 16, 4);
    n += put(w + n, (uint64_t)kind.tag, 2);
    n += put(w + n, (uint64_t)kind.channels, 2);
    n += put(w + n, kind.rate, 4);
    n += put(w + n, kind.rate * block, 4);
    n += put(w + n, block, 2);
    n += put(w + n, (uint64_t)kind.bits, 2);
    if (kind.n_extra)
        memcpy(w + n, kind.extra, kind.n_extra);
    n += kind.n_extra;
    memcpy(w + n, "data", 4);
    n += 4;
    n += put(w + n, claim, 4);
    memcpy(w + n, data, len);
    return n + len;
}

#endif
