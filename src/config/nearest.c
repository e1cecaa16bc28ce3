/* nearest.c - optimal string alignment distance over three rows. */
#include "config/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_NAME = 127 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t myna_nearest_distance(const char *a, const char *b)
{
    size_t rows[3][MAX_NAME + 1], *two = rows[0], *one = rows[1], *now = rows[2];
    size_t na = strlen(a), nb = strlen(b);

    if (na > MAX_NAME || nb > MAX_NAME)
        return MAX_NAME;
    for (size_t j = 0; j <= nb; j++)
        one[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *spare = two;

        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t wrong = one[j - 1] + !same(a[i - 1], b[j - 1]);

            now[j] = min3(one[j] + 1, now[j - 1] + 1, wrong);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                two[j - 2] + 1 < now[j])
                now[j] = two[j - 2] + 1;
        }
        two = one;
        one = now;
        now = spare;
    }
    return one[nb];
}

size_t myna_nearest_limit(const char *name)
{
    return 1 + strlen(name) / 4;
}

const char *myna_nearest(const char *name, const char *const *names)
{
    size_t best = myna_nearest_limit(name) + 1;
    const char *found = NULL;

    for (; *names; names++) {
        size_t d = myna_nearest_distance(name, *names);

        if (d < best && d < strlen(*names)) {
            best = d;
            found = *names;
        }
    }
    return found;
}
