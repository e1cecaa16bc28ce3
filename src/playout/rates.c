/* rates.c - how much text has been spoken at a time, from points of (time, characters a second).
 *
 * A rate holds for the stretch that ends at its time; behind the last point the last rate goes on
 * (agent-session 6.5, "annotation integral").
 */
#include "playout/sync.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_POINTS = 1 << 16 };

struct point {
    double t, rate, integral; /* integral: characters spoken at t */
};

struct myna_sync_rates {
    struct point *points;
    size_t n, cap;
};

struct myna_sync_rates *myna_sync_rates_create(void)
{
    return calloc(1, sizeof(struct myna_sync_rates));
}

void myna_sync_rates_destroy(struct myna_sync_rates *r)
{
    if (!r)
        return;
    free(r->points);
    free(r);
}

enum myna_err myna_sync_rates_add(struct myna_sync_rates *r, double t, double rate)
{
    struct point before = {0};

    if (r->n)
        before = r->points[r->n - 1];
    if (!isfinite(t) || !isfinite(rate) || rate < 0 || t < before.t)
        return MYNA_EINVAL;
    if (r->n == MAX_POINTS)
        return MYNA_ELIMIT;
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        struct point *more = realloc(r->points, cap * sizeof *more);

        if (!more)
            return MYNA_ENOMEM;
        r->points = more;
        r->cap = cap;
    }
    r->points[r->n++] = (struct point){t, rate, before.integral + (t - before.t) * rate};
    return MYNA_OK;
}

double myna_sync_rates_accumulate(const struct myna_sync_rates *r, double t)
{
    struct point before = {0};

    for (size_t i = 0; i < r->n; i++) {
        const struct point *p = &r->points[i];

        if (t < p->t) {
            double sum = before.integral + fmax(0, t - before.t) * p->rate;

            return fmin(sum, p->integral);
        }
        before = *p;
    }
    return before.integral + fmax(0, t - before.t) * before.rate;
}
