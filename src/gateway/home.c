/* home.c - see home.h. */
#include "gateway/home.h"

#include <stdlib.h>
#include <string.h>

static char *first(struct myna_gw_home *h)
{
    char *text = h->kept[0].text;

    h->n--;
    memmove(&h->kept[0], &h->kept[1], h->n * sizeof h->kept[0]);
    return text;
}

static void forget_old(struct myna_gw_home *h, int64_t wall_ms)
{
    while (h->n && wall_ms - h->kept[0].wall_ms >= MYNA_GW_HOME_MS)
        free(first(h));
}

void myna_gw_home_fini(struct myna_gw_home *h)
{
    while (h->n)
        free(first(h));
}

bool myna_gw_home_keep(struct myna_gw_home *h, const char *text, int64_t wall_ms)
{
    char *copy = strdup(text);

    if (!copy)
        return false;
    if (h->n == MYNA_GW_HOME_MAX)
        free(first(h));
    h->kept[h->n].text = copy;
    h->kept[h->n++].wall_ms = wall_ms;
    return true;
}

char *myna_gw_home_take(struct myna_gw_home *h, int64_t wall_ms)
{
    forget_old(h, wall_ms);
    return h->n ? first(h) : NULL;
}

size_t myna_gw_home_count(struct myna_gw_home *h, int64_t wall_ms)
{
    forget_old(h, wall_ms);
    return h->n;
}
