/* fair.h - what gives way when a small place that all share is full: the oldest thing of whoever
 * has most in it, so that nobody fills the place of all.
 *
 * Pure. For places of a few dozen things: each look goes through all of them for each.
 */
#ifndef MYNA_UTIL_FAIR_H
#define MYNA_UTIL_FAIR_H

#include <stddef.h>

struct myna_fair { /* an array as it lies there, the oldest first */
    const void *first;
    size_t n, size; /* of one element */
    size_t owner;   /* offset of its owner's name, a char pointer */
};

#define MYNA_FAIR(array_, n_, member_)                                                             \
    (struct myna_fair)                                                                             \
    {                                                                                              \
        .first = (array_), .n = (n_), .size = sizeof *(array_),                                    \
        .owner = (size_t)((const char *)&(array_)->member_ - (const char *)(array_))               \
    }

size_t myna_fair_count(struct myna_fair f, const char *owner); /* how many are theirs */
size_t myna_fair_victim(struct myna_fair f);                   /* its index; n at least 1 */

#endif
