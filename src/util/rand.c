/* rand.c - xoshiro256** 1.0 (Blackman and Vigna, prng.di.unimi.it, 2018), seeded by splitmix64.
 *
 * Chance that can be repeated: a replay draws the same ids and the same jitter as the call did.
 */
#include "util/rand.h"

#include <string.h>
#include <sys/random.h>

#include "util/clock.h"

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void myna_rand_seed(struct myna_rand *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) { /* splitmix64: also the seed 0 gives a state that is not all 0 */
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t myna_rand_next(struct myna_rand *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire's multiply and shift; the few draws that would favour small numbers are drawn again. */
uint32_t myna_rand_below(struct myna_rand *r, uint32_t n)
{
    uint32_t floor = n ? (uint32_t)-n % n : 0;
    uint64_t m;

    do
        m = (myna_rand_next(r) >> 32) * n;
    while ((uint32_t)m < floor);
    return (uint32_t)(m >> 32);
}

void myna_rand_id(struct myna_rand *r, const char *prefix, char *into)
{
    size_t len = strlen(prefix);

    memcpy(into, prefix, len);
    for (int i = 0; i < 12; i++)
        into[len++] = "0123456789abcdefghijklmnopqrstuvwxyz"[myna_rand_below(r, 36)];
    into[len] = '\0';
}

uint64_t myna_rand_system_seed(void)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) /* a kernel that has none */
        seed = (uint64_t)myna_clock_monotonic() ^ (uint64_t)myna_clock_wall_ms() << 20;
    return seed;
}
