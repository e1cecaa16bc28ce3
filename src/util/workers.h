/* workers.h - threads for what would hold up the loop: inference, files.
 *
 * Higher `urgent` goes first; within it the `fair` keys take turns, each key in the order of its
 * submission, so one session with much to do does not keep the others waiting. Works are embedded
 * in their owners; the pool allocates at create alone. Threads start at the first work and block
 * all signals.
 *
 * Thread: all calls on the loop's thread; `run` of a work on one of the pool's; `finished` too.
 * Whoever wrote into a work before submit, or in `run`, is seen by `run`, or after take_done().
 */
#ifndef MYNA_UTIL_WORKERS_H
#define MYNA_UTIL_WORKERS_H

#include <stddef.h>

#include <myna/host.h>

struct myna_workers;

/* `threads` > 0; `capacity` works in the queue at a time. `finished` is called on a worker thread
 * after each work and only pokes the loop. NULL: memory is short. */
struct myna_workers *myna_workers_create(int threads, size_t capacity, void (*finished)(void *arg),
                                         void *arg);
/* Waits for the works that are running or queued. NULL is fine. */
void myna_workers_destroy(struct myna_workers *p);

/* w->seq orders; the loop gives it. EAGAIN: full. EUNAVAIL: not one thread could be started. */
MYNA_MUST enum myna_err myna_workers_submit(struct myna_workers *p, struct myna_work *w);
/* Works that have run since the last call, linked by `next`, in the order in which they ended. */
struct myna_work *myna_workers_take_done(struct myna_workers *p);
/* Blocks until nothing is queued or running. */
void myna_workers_wait_idle(struct myna_workers *p);

#endif
