/* suggest.h - "did you mean …?" for a mistyped flag, key, command or provider. Pure.
 * myna_suggest() itself is public: <myna/error.h>. */
#ifndef MYNA_UTIL_SUGGEST_H
#define MYNA_UTIL_SUGGEST_H

#include <stddef.h>

#include <myna/error.h>

/* Number of such steps from a to b; at most `limit` + 1 is told. */
size_t myna_suggest_distance(const char *a, const char *b, size_t limit);

#endif
