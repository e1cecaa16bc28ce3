/* jitter.c - an ordered row of slot numbers over slots that are reused last-in first-out, so that a
 * quiet line touches few pages of the storage.
 */
#include "rtc/jitter.h"

#include <stddef.h>
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

enum myna_jitter_put myna_jitter_insert(struct myna_jitter *j,
                                        const struct myna_jitter_packet *head,
                                        struct myna_view payload)
{
    enum myna_jitter_put result = MYNA_JITTER_NEW;
    struct myna_jitter_packet *p;
    size_t at = j->n;
    uint8_t slot;

    if (payload.len > MYNA_JITTER_BYTES)
        return MYNA_JITTER_TOO_LONG;
    while (at > 0 && j->slots[j->order[at - 1]].ticks > head->ticks) /* the newest is the usual */
        at--;
    if (at > 0 && j->slots[j->order[at - 1]].ticks == head->ticks) {
        p = &j->slots[j->order[at - 1]];
        if (!p->redundant || head->redundant)
            return MYNA_JITTER_DUPLICATE;
        p->redundant = false; /* the copy was there before the packet */
        return MYNA_JITTER_NEW;
    }
    if (!j->n_free) {
        if (at == 0)
            return MYNA_JITTER_TOO_OLD;
        myna_jitter_drop_first(j);
        at--;
        result = MYNA_JITTER_PUSHED;
    }
    slot = j->free[--j->n_free];
    memmove(j->order + at + 1, j->order + at, j->n - at);
    j->order[at] = slot;
    j->n++;
    p = &j->slots[slot];
    memcpy(p, head, offsetof(struct myna_jitter_packet, data));
    p->len = payload.len;
    memcpy(p->data, payload.ptr, payload.len);
    return result;
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
