/* rand.h - seeded chance (xoshiro256**, seeded by splitmix64). Pure; same seed, same sequence, on
 * every machine. */
#ifndef MYNA_UTIL_RAND_H
#define MYNA_UTIL_RAND_H

#include <stddef.h>
#include <stdint.h>

struct myna_rand {
    uint64_t s[4];
};

void myna_rand_seed(struct myna_rand *r, uint64_t seed);
uint64_t myna_rand_next(struct myna_rand *r);
uint32_t myna_rand_below(struct myna_rand *r, uint32_t n); /* 0 … n-1; n > 0 */
/* "item_" + 12 characters of [0-9a-z]: `into` has room for strlen(prefix) + 13. */
void myna_rand_id(struct myna_rand *r, const char *prefix, char *into);
uint64_t myna_rand_system_seed(void);

#endif
