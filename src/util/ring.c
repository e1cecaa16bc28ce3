/* ring.c - two counters that only grow; their difference is what is in, their low bits say where.
 *
 * Each counter has one writer. The release store of `head` publishes the bytes, the release store
 * of `tail` gives their room back; both sides' counters lie on cache lines of their own.
 */
#include "util/ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

struct myna_ring {
    size_t mask;
    uint8_t *bytes;
    char pad0[CACHE_LINE];
    atomic_size_t head; /* bytes ever written */
    char pad1[CACHE_LINE];
    atomic_size_t tail; /* bytes ever consumed */
};

struct myna_ring *myna_ring_create(size_t capacity)
{
    size_t size = 64;
    struct myna_ring *r;

    if (capacity > SIZE_MAX / 4)
        return NULL;
    while (size < capacity)
        size *= 2;
    r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->bytes = malloc(size);
    if (!r->bytes) {
        free(r);
        return NULL;
    }
    r->mask = size - 1;
    return r;
}

void myna_ring_destroy(struct myna_ring *r)
{
    if (!r)
        return;
    free(r->bytes);
    free(r);
}

size_t myna_ring_capacity(const struct myna_ring *r)
{
    return r->mask + 1;
}

size_t myna_ring_used(const struct myna_ring *r)
{
    return atomic_load_explicit(&r->head, memory_order_acquire) -
           atomic_load_explicit(&r->tail, memory_order_relaxed);
}

size_t myna_ring_space(const struct myna_ring *r)
{
    return r->mask + 1 -
           (atomic_load_explicit(&r->head, memory_order_relaxed) -
            atomic_load_explicit(&r->tail, memory_order_acquire));
}

bool myna_ring_write(struct myna_ring *r, const struct myna_view *parts, size_t n_parts)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t space = myna_ring_space(r), total = 0;

    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].len > space - total)
            return false;
        total += parts[i].len;
    }
    for (size_t i = 0; i < n_parts; i++) {
        size_t at = head & r->mask, len = parts[i].len, edge = r->mask + 1 - at;
        size_t first = len < edge ? len : edge;

        if (!len)
            continue;
        memcpy(r->bytes + at, parts[i].ptr, first);
        memcpy(r->bytes, parts[i].ptr + first, len - first);
        head += len;
    }
    atomic_store_explicit(&r->head, head, memory_order_release);
    return true;
}

struct myna_view myna_ring_peek(const struct myna_ring *r)
{
    size_t at = atomic_load_explicit(&r->tail, memory_order_relaxed) & r->mask;
    size_t used = myna_ring_used(r), edge = r->mask + 1 - at;

    return (struct myna_view){r->bytes + at, used < edge ? used : edge};
}

bool myna_ring_copy(const struct myna_ring *r, void *into, size_t len)
{
    size_t at = atomic_load_explicit(&r->tail, memory_order_relaxed) & r->mask;
    size_t edge = r->mask + 1 - at, first = len < edge ? len : edge;

    if (len > myna_ring_used(r)) /* asked once: the writer goes on meanwhile */
        return false;
    memcpy(into, r->bytes + at, first);
    memcpy((uint8_t *)into + first, r->bytes, len - first);
    return true;
}

void myna_ring_consume(struct myna_ring *r, size_t len)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    assert(len <= myna_ring_used(r));
    atomic_store_explicit(&r->tail, tail + len, memory_order_release);
}
