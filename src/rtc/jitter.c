/* jitter.c - an ordered row of slot numbers over slots that are reused last-in first-out, so that a
 * quiet line touches few pages of the storage. */
#include "rtc/jitter.h"

#include <stdlib.h>
#include <string.h>

struct myna_jitter {
    uint8_t order[MYNA_JITTER_PACKETS]; /* slots by time stamp */
    uint8_t free[MYNA_JITTER_PACKETS];  /* a stack */
    size_t n, n_free;
    struct myna_jitter_packet slots[MYNA_JITTER_PACKETS];
};

struct myna_jitter *myna_jitter_create(void)
{
    struct myna_jitter *j = malloc(sizeof *j); /* not touched: see above */

    if (j)
        myna_jitter_clear(j);
    return j;
}

void myna_jitter_destroy(struct myna_jitter *j)
{
    free(j);
}

void myna_jitter_clear(struct myna_jitter *j)
{
    j->n = 0;
    j->n_free = MYNA_JITTER_PACKETS;
    for (size_t i = 0; i < MYNA_JITTER_PACKETS; i++)
        j->free[i] = (uint8_t)(MYNA_JITTER_PACKETS - 1 - i);
}

enum myna_jitter_put myna_jitter_insert(struct myna_jitter *j, int64_t ticks, uint32_t length,
                                        uint16_t seq, bool redundant, struct myna_view payload,
                                        uint64_t *pushed_out)
{
    struct myna_jitter_packet *p;
    uint8_t slot;
    size_t at;

    if (payload.len > MYNA_JITTER_BYTES)
        return MYNA_JITTER_TOO_LONG;
    if (!j->n_free) {
        myna_jitter_drop_first(j);
        ++*pushed_out;
    }
    for (at = j->n; at > 0; at--) { /* the newest is the usual place */
        const struct myna_jitter_packet *before = &j->slots[j->order[at - 1]];

        if (before->ticks == ticks)
            return MYNA_JITTER_DUPLICATE;
        if (before->ticks < ticks)
            break;
    }
    slot = j->free[--j->n_free];
    memmove(j->order + at + 1, j->order + at, j->n - at);
    j->order[at] = slot;
    j->n++;
    p = &j->slots[slot];
    p->ticks = ticks;
    p->length = length;
    p->seq = seq;
    p->redundant = redundant;
    p->len = payload.len;
    memcpy(p->data, payload.ptr, payload.len);
    return MYNA_JITTER_NEW;
}

const struct myna_jitter_packet *myna_jitter_first(const struct myna_jitter *j)
{
    return j->n ? &j->slots[j->order[0]] : NULL;
}

const struct myna_jitter_packet *myna_jitter_last(const struct myna_jitter *j)
{
    return j->n ? &j->slots[j->order[j->n - 1]] : NULL;
}

void myna_jitter_drop_first(struct myna_jitter *j)
{
    if (!j->n)
        return;
    j->free[j->n_free++] = j->order[0];
    memmove(j->order, j->order + 1, --j->n);
}

size_t myna_jitter_count(const struct myna_jitter *j)
{
    return j->n;
}
