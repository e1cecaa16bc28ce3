/* written.c - a run is a stretch in which each spoken byte accounts for one more written one, or
 * (words made from a figure) for none. */
#include "tts/written.h"

#include <stdlib.h>

void myna_written_init(struct myna_written *w)
{
    *w = (struct myna_written){.runs = NULL};
}

void myna_written_fini(struct myna_written *w)
{
    free(w->runs);
    myna_written_init(w);
}

static enum myna_err begin_run(struct myna_written *w, uint32_t src)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        void *runs = realloc(w->runs, cap * sizeof *w->runs);

        if (!runs)
            return MYNA_ENOMEM;
        w->runs = runs;
        w->cap = cap;
    }
    w->runs[w->n++] = (struct myna_written_run){(uint32_t)w->spoken, src, false};
    return MYNA_OK;
}

/* Does the run go on with this byte? */
static bool goes_on(struct myna_written *w, uint32_t src)
{
    struct myna_written_run *run = w->n ? &w->runs[w->n - 1] : NULL;
    size_t len;

    if (!run)
        return false;
    len = w->spoken - run->spoken;
    if (len == 1 && src == run->src)
        run->flat = true;
    return src == run->src + (run->flat ? 0 : (uint32_t)len);
}

enum myna_err myna_written_add(struct myna_written *w, const uint32_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!goes_on(w, src[i]) && begin_run(w, src[i]) != MYNA_OK)
            return MYNA_ENOMEM;
        w->spoken++;
    }
    return MYNA_OK;
}

size_t myna_written_at(const struct myna_written *w, size_t spoken)
{
    size_t low = 0, high = w->n;

    if (spoken == 0 || w->n == 0)
        return 0;
    if (spoken > w->spoken)
        spoken = w->spoken;
    while (high - low > 1) { /* the last run that begins at or before the last byte */
        size_t mid = (low + high) / 2;

        if (w->runs[mid].spoken <= spoken - 1)
            low = mid;
        else
            high = mid;
    }
    if (w->runs[low].flat)
        return w->runs[low].src;
    return w->runs[low].src + (spoken - 1 - w->runs[low].spoken);
}
