/* utterance.c - one stretch of speech. */
#include "providers/utterance.h"

#include <stdlib.h>
#include <string.h>

#define STEP   320  /* 20 ms */
#define WINDOW 4800 /* 300 ms */
#define KEEP   8000 /* 500 ms */

enum myna_err myna_utterance_begin(struct myna_utterance *u, size_t capacity)
{
    if (capacity > u->capacity) {
        myna_utterance_fini(u);
        u->pcm = malloc(capacity * sizeof *u->pcm);
        if (!u->pcm)
            return MYNA_ENOMEM;
        u->capacity = capacity;
    }
    u->n = 0;
    u->dropped = 0;
    u->start = MYNA_NEVER;
    return MYNA_OK;
}

void myna_utterance_fini(struct myna_utterance *u)
{
    free(u->pcm);
    *u = (struct myna_utterance){.start = MYNA_NEVER};
}

void myna_utterance_push(struct myna_utterance *u, const struct myna_frame *f)
{
    if (u->capacity - u->n < MYNA_IN_SAMPLES) {
        u->dropped += MYNA_IN_SAMPLES;
        return;
    }
    if (u->n == 0)
        u->start = f->captured;
    memcpy(u->pcm + u->n, f->pcm, sizeof f->pcm);
    u->n += MYNA_IN_SAMPLES;
}

myna_us myna_utterance_end(const struct myna_utterance *u, size_t n)
{
    return u->n ? u->start + (myna_us)n * MYNA_S / MYNA_IN_RATE_HZ : MYNA_NEVER;
}

void myna_utterance_drop(struct myna_utterance *u, size_t n)
{
    if (n > u->n)
        n = u->n;
    u->start = myna_utterance_end(u, n);
    memmove(u->pcm, u->pcm + n, (u->n - n) * sizeof *u->pcm);
    u->n -= n;
    if (u->n == 0)
        u->start = MYNA_NEVER;
}

static uint64_t energy(const int16_t *pcm, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)((int32_t)pcm[i] * pcm[i]);
    return sum;
}

size_t myna_utterance_cut(const struct myna_utterance *u)
{
    size_t from = u->n / 2, best = u->n;
    uint64_t least = UINT64_MAX;

    for (size_t at = from; at + WINDOW + KEEP <= u->n; at += STEP) {
        uint64_t e = energy(u->pcm + at, WINDOW);

        if (e < least) {
            least = e;
            best = at + WINDOW / 2;
        }
    }
    return best;
}
