/* loop_uv.h - how the loop waits: libuv's loop with one timer, one wake-up, descriptors, signals.
 *
 * Mechanism alone; what is due and in which order is decided in loop.c. Loop thread, except wake().
 */
#ifndef MYNA_UTIL_LOOP_UV_H
#define MYNA_UTIL_LOOP_UV_H

#include <stddef.h>

#include "util/loop.h"

struct myna_loop_uv;

/* `before` is called ahead of each callback of a descriptor or signal: the loop reads its clock. */
struct myna_loop_uv *myna_loop_uv_create(void (*before)(void *arg), void *arg,
                                         struct myna_why *why);
void myna_loop_uv_destroy(struct myna_loop_uv *uv); /* closes what is open; NULL is fine */

void myna_loop_uv_wake(struct myna_loop_uv *uv); /* any thread, any signal handler */
/* One round of libuv: ready descriptors and signals are told. Waits `wait` at most, or until woken;
 * 0: not at all; MYNA_NEVER: no limit. May return early. */
void myna_loop_uv_turn(struct myna_loop_uv *uv, myna_us wait);
size_t myna_loop_uv_polls(const struct myna_loop_uv *uv);      /* descriptors open */
size_t myna_loop_uv_foreground(const struct myna_loop_uv *uv); /* of them, not in background */
size_t myna_loop_uv_signals(const struct myna_loop_uv *uv);

struct myna_poll *myna_loop_uv_poll(struct myna_loop_uv *uv, int fd, int events,
                                    void (*ready)(void *arg, int events), void *arg);
enum myna_err myna_loop_uv_signal(struct myna_loop_uv *uv, int signum,
                                  void (*fire)(void *arg, int signum), void *arg);

#endif
