/* arena.c - blocks in a list, the newest being filled; a piece larger than a block has its own. */
#include "util/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next; /* older */
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct myna_arena {
    struct block *first; /* kept by reset */
    struct block *now;
    size_t block, max, used;
};

static struct block *new_block(size_t size)
{
    struct block *b = malloc(sizeof *b + size);

    if (b)
        *b = (struct block){.size = size};
    return b;
}

struct myna_arena *myna_arena_create(size_t block, size_t max)
{
    struct myna_arena *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->block = block ? block : 4096;
    a->max = max ? max : (size_t)1 << 20;
    a->first = a->now = new_block(a->block);
    if (!a->first) {
        free(a);
        return NULL;
    }
    return a;
}

void myna_arena_reset(struct myna_arena *a)
{
    while (a->now != a->first) {
        struct block *older = a->now->next;

        free(a->now);
        a->now = older;
    }
    a->first->used = 0;
    a->used = 0;
}

void myna_arena_destroy(struct myna_arena *a)
{
    if (!a)
        return;
    myna_arena_reset(a);
    free(a->first);
    free(a);
}

void *myna_arena_alloc(struct myna_arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t need;
    void *piece;

    if (size > a->max - a->used)
        return NULL;
    need = (size + align - 1) / align * align;
    if (need > a->now->size - a->now->used) {
        struct block *b = new_block(need > a->block ? need : a->block);

        if (!b)
            return NULL;
        b->next = a->now;
        a->now = b;
    }
    piece = a->now->bytes + a->now->used;
    a->now->used += need;
    a->used += size;
    return memset(piece, 0, size);
}

char *myna_arena_strndup(struct myna_arena *a, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? myna_arena_alloc(a, len + 1) : NULL;

    return copy && len ? memcpy(copy, text, len) : copy;
}

char *myna_arena_strdup(struct myna_arena *a, const char *text)
{
    return text ? myna_arena_strndup(a, text, strlen(text)) : NULL;
}

char *myna_arena_printf(struct myna_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = len < 0 ? NULL : myna_arena_alloc(a, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, ap);
    va_end(ap);
    return text;
}

size_t myna_arena_used(const struct myna_arena *a)
{
    return a->used;
}
