/* fair.c - what gives way when a small place is full. */
#include "util/fair.h"

#include <string.h>

static const char *owner_of(struct myna_fair f, size_t i)
{
    return *(const char *const *)(const void *)((const char *)f.first + i * f.size + f.owner);
}

size_t myna_fair_count(struct myna_fair f, const char *owner)
{
    size_t n = 0;

    for (size_t i = 0; i < f.n; i++)
        n += !strcmp(owner_of(f, i), owner);
    return n;
}

size_t myna_fair_victim(struct myna_fair f)
{
    size_t worst = 0, most = 0;

    for (size_t i = 0; i < f.n; i++) {
        size_t n = myna_fair_count(f, owner_of(f, i));

        if (n > most) {
            worst = i;
            most = n;
        }
    }
    return worst;
}
