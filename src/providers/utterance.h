/* utterance.h - the samples of one stretch of speech, collected without allocation, and where to
 * cut one that grows too long for its recogniser. 16 kHz.
 *
 * Pure. One owner.
 */
#ifndef MYNA_PROVIDERS_UTTERANCE_H
#define MYNA_PROVIDERS_UTTERANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_utterance { /* all zero: no memory yet */
    int16_t *pcm;
    size_t n, capacity;
    size_t dropped; /* samples that found no room */
    myna_us start;  /* capture time of the first sample; MYNA_NEVER while empty */
};

static inline size_t myna_utterance_samples(int ms)
{
    return (size_t)ms * (MYNA_IN_RATE_HZ / 1000);
}

/* Memory for `capacity` samples, emptied. The pages become real as sound comes. */
enum myna_err myna_utterance_begin(struct myna_utterance *u, size_t capacity);
void myna_utterance_fini(struct myna_utterance *u);
void myna_utterance_push(struct myna_utterance *u, const struct myna_frame *f); /* media tick */
myna_us myna_utterance_end(const struct myna_utterance *u, size_t n); /* time after n samples */
/* Forgets the first n samples. */
void myna_utterance_drop(struct myna_utterance *u, size_t n);
/* The middle of the quietest 300 ms in the second half, but not in the last 500 ms: where a person
 * most likely took breath. u->n when it is too short to tell. */
size_t myna_utterance_cut(const struct myna_utterance *u);

#endif
