/* suggest.c - Damerau-Levenshtein in its optimal string alignment form, three rows on the stack. */
#include "util/suggest.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int lower(char c)
{
    return tolower((unsigned char)c);
}

size_t myna_suggest_distance(const char *a, const char *b, size_t limit)
{
    size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    size_t n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return limit + 1;
    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *oldest = before;

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = oldest;
    }
    return least(above[m], limit + 1);
}

const char *myna_suggest(const char *typed, const char *const *names, size_t n)
{
    size_t best = LONGEST;
    const char *nearest = NULL;

    for (size_t i = 0; i < n && names[i]; i++) {
        size_t longer = strlen(names[i]), limit, d;

        if (strlen(typed) > longer)
            longer = strlen(typed);
        limit = longer / 3;
        d = myna_suggest_distance(typed, names[i], limit);
        if (d <= limit && d < best) { /* the first of equals */
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
