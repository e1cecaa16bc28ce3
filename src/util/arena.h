/* arena.h - memory of one turn: text and items are taken piece by piece and given back in one
 * stroke.
 *
 * Pieces live until reset() or destroy(). reset() keeps the first block, so a session whose turns
 * fit in it allocates nothing after its first one. One owner; calls must not overlap.
 */
#ifndef MYNA_UTIL_ARENA_H
#define MYNA_UTIL_ARENA_H

#include <stddef.h>

#include <myna/error.h>

struct myna_arena;

/* `block` bytes a block (0: 4096), `max` bytes of pieces in all (0: 1 MiB). NULL: memory is short.
 */
struct myna_arena *myna_arena_create(size_t block, size_t max);
void myna_arena_destroy(struct myna_arena *a); /* NULL is fine */

/* Zeroed and aligned for any type; NULL when memory is short or `max` is reached. */
void *myna_arena_alloc(struct myna_arena *a, size_t size);
char *myna_arena_strdup(struct myna_arena *a, const char *text); /* NULL gives NULL */
char *myna_arena_strndup(struct myna_arena *a, const char *text, size_t len);
char *myna_arena_printf(struct myna_arena *a, const char *fmt, ...) MYNA_PRINTF(2, 3);
void myna_arena_reset(struct myna_arena *a);
size_t myna_arena_used(const struct myna_arena *a); /* bytes of pieces since the last reset */

#endif
