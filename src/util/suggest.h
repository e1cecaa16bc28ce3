/* suggest.h - "did you mean …?" for a mistyped flag, key, command or provider. Pure. */
#ifndef MYNA_UTIL_SUGGEST_H
#define MYNA_UTIL_SUGGEST_H

#include <stddef.h>

/* The nearest of names[0 … n-1] (a NULL ends them earlier), by insertions, deletions, changes and
 * swaps of neighbours, letters compared without case. NULL: none is within a third of the longer
 * one's length. Names past 64 characters are not compared. Borrowed from `names`. */
const char *myna_suggest(const char *typed, const char *const *names, size_t n);

/* Number of such steps from a to b; at most `limit` + 1 is told. */
size_t myna_suggest_distance(const char *a, const char *b, size_t limit);

#endif
