/* ring.h - bytes from one thread to another without a lock: the media tick writes, a worker reads.
 *
 * One writer thread, one reader thread (which may change hands if the handing over synchronises).
 * No call allocates or waits after create. A write is whole or refused, so records never tear.
 */
#ifndef MYNA_UTIL_RING_H
#define MYNA_UTIL_RING_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/frame.h>

struct myna_ring;

/* Capacity in bytes, rounded up to a power of two. NULL: memory is short. */
struct myna_ring *myna_ring_create(size_t capacity);
void myna_ring_destroy(struct myna_ring *r); /* NULL is fine */
size_t myna_ring_capacity(const struct myna_ring *r);

/* Writer. All parts one after the other, or nothing (false: no room). */
bool myna_ring_write(struct myna_ring *r, const struct myna_view *parts, size_t n_parts);
size_t myna_ring_space(const struct myna_ring *r); /* bytes that a write can surely have */

/* Reader. */
size_t myna_ring_used(const struct myna_ring *r); /* bytes that can surely be read */
/* The oldest bytes, up to the storage's edge: empty when there is nothing, the rest of a record
 * that wraps after consume(). Valid until consume(). */
struct myna_view myna_ring_peek(const struct myna_ring *r);
/* Copies the `len` oldest bytes and leaves them; false when there are fewer. */
bool myna_ring_copy(const struct myna_ring *r, void *into, size_t len);
void myna_ring_consume(struct myna_ring *r, size_t len); /* not more than used() */

#endif
