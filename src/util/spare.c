/* spare.c - bookkeeping of the fallback adapters (spare.h). */
#include "util/spare.h"

#include <stdio.h>

#define LONGEST (60 * MYNA_S)

size_t myna_spare_next(const struct myna_spares *s, uint32_t tried)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < s->n; i++)
            if (!(tried & 1u << i) && (pass || !s->all[i].down))
                return i;
    return s->n;
}

bool myna_spare_failed(struct myna_spares *s, struct myna_spare_work *w, const struct myna_fault *f,
                       int most)
{
    struct myna_spare *one = &s->all[w->active];

    w->last = *f;
    snprintf(w->message, sizeof w->message, "%s", f->message ? f->message : myna_strerror(f->err));
    w->last.provider = one->name;
    if (f->retryable && w->tries < most)
        return true;
    w->tries = 0;
    w->tried |= 1u << w->active;
    snprintf(one->why, sizeof one->why, "%.199s", w->message);
    myna_host_log(s->host, MYNA_LOG_WARN, "left for the next one: %s provider=%s", w->message,
                  one->name);
    return false;
}

bool myna_spare_down(struct myna_spares *s, size_t i)
{
    bool was_up = !s->all[i].down;

    s->switched = true;
    s->all[i].down = true;
    return was_up;
}

myna_us myna_spare_longer(struct myna_spares *s, size_t i)
{
    myna_us twice = 2 * s->all[i].wait;

    return s->all[i].wait = twice < LONGEST ? twice : LONGEST;
}

struct myna_fault myna_spare_using(const struct myna_spares *s, const struct myna_spare_work *w,
                                   enum myna_stage stage)
{
    const struct myna_spare *one = &s->all[w->active];

    return (struct myna_fault){
        .stage = stage, .provider = one->name, .message = w->active ? one[-1].why : NULL};
}

struct myna_fault myna_spare_none(const struct myna_spares *s, const struct myna_spare_work *w,
                                  const char *whom, char text[480])
{
    struct myna_fault f = w->last;

    snprintf(text, 480, "all %zu %s failed; the last: %s", s->n, whom, w->message);
    f.message = text;
    return f;
}
