/* pool.c - one allocation, cut in blocks; the free ones are linked through their first word. */
#include "util/pool.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

struct link {
    struct link *next;
};

struct myna_pool {
    struct link *free;
    size_t n, left, stride;
    uint64_t refused;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct myna_pool *myna_pool_create(size_t size, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    size_t stride = (size + align - 1) / align * align;
    struct myna_pool *p;

    if (!stride)
        stride = align;
    if (stride < size || (n && stride > (PTRDIFF_MAX - sizeof *p) / n))
        return NULL;
    p = malloc(sizeof *p + stride * n);
    if (!p)
        return NULL;
    *p = (struct myna_pool){.n = n, .stride = stride};
    for (size_t i = n; i-- > 0;)
        myna_pool_give(p, p->bytes + i * stride);
    return p;
}

void myna_pool_destroy(struct myna_pool *p)
{
    free(p);
}

void *myna_pool_take(struct myna_pool *p)
{
    struct link *l = p->free;

    if (!l) {
        p->refused++;
        return NULL;
    }
    p->free = l->next;
    p->left--;
    return l;
}

void myna_pool_give(struct myna_pool *p, void *block)
{
    struct link *l = block;

    if (!l)
        return;
    assert(((unsigned char *)block - p->bytes) % (ptrdiff_t)p->stride == 0 && p->left < p->n);
    l->next = p->free;
    p->free = l;
    p->left++;
}

size_t myna_pool_left(const struct myna_pool *p)
{
    return p->left;
}

uint64_t myna_pool_refused(const struct myna_pool *p)
{
    return p->refused;
}
