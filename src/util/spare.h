/* spare.h - which of several providers to ask: the first that works and was not tried for this
 * piece of work; when none works, the first that was not tried, for it may be well again.
 *
 * What the three fallback adapters (stt, llm, tts) share. Pure.
 */
#ifndef MYNA_UTIL_SPARE_H
#define MYNA_UTIL_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MYNA_SPARES_MAX = 8 };

/* down[i]: it failed and has not answered since. tried: bit i. n: none is left. */
static inline size_t myna_spare_next(const bool *down, size_t n, uint32_t tried)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++)
            if (!(tried & 1u << i) && (pass || !down[i]))
                return i;
    return n;
}

#endif
