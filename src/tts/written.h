/* written.h - from what was spoken back to what was written.
 *
 * The voice is told filtered text, the transcript shows the agent's own: for every spoken byte it
 * is known how much of the written text it accounts for (filters.h). Kept as runs, one per filtered
 * mark. Pure; grows to one entry per spoken byte at the very most.
 */
#ifndef MYNA_TTS_WRITTEN_H
#define MYNA_TTS_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_written {
    struct myna_written_run {
        uint32_t spoken, src; /* the run's first byte, and what is accounted for with it */
        bool flat;            /* with all of it the same, else one byte more with each */
    } * runs;
    size_t n, cap;
    size_t spoken; /* bytes so far */
};

void myna_written_init(struct myna_written *w);
void myna_written_fini(struct myna_written *w);
/* The next n spoken bytes, with src as filters.h gives it. */
enum myna_err myna_written_add(struct myna_written *w, const uint32_t *src, size_t n);
/* How much was written of the first `spoken` bytes; 0 for 0. */
size_t myna_written_at(const struct myna_written *w, size_t spoken);

#endif
