/* pool.h - a fixed number of blocks of one size, filled at create; the media tick takes from it.
 *
 * An empty pool gives NULL and counts it: the caller drops its frame. take() and give() never
 * allocate, lock or wait. One owner; calls must not overlap.
 */
#ifndef MYNA_UTIL_POOL_H
#define MYNA_UTIL_POOL_H

#include <stddef.h>
#include <stdint.h>

struct myna_pool;

/* `n` blocks of `size` bytes, aligned for any type; NULL: memory is short. */
struct myna_pool *myna_pool_create(size_t size, size_t n);
void myna_pool_destroy(struct myna_pool *p); /* with all its blocks; NULL is fine */

void *myna_pool_take(struct myna_pool *p);             /* not zeroed; NULL: empty */
void myna_pool_give(struct myna_pool *p, void *block); /* NULL is fine */
size_t myna_pool_left(const struct myna_pool *p);      /* blocks that can be taken */
uint64_t myna_pool_refused(const struct myna_pool *p); /* times take() gave NULL */

#endif
