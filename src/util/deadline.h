/* deadline.h - one wait in real time for somebody outside: a program, a server.
 *
 * Unlike a timer it counts real time on the virtual clock too, which stands still while it runs
 * (loop.h, world): whoever asks the world something gives it so long.
 *
 * Loop thread.
 */
#ifndef MYNA_UTIL_DEADLINE_H
#define MYNA_UTIL_DEADLINE_H

#include <myna/host.h>

struct myna_deadline;

/* `fire` is called once, from the loop; the deadline is gone then. NULL: memory or descriptors are
 * short. Less than 1 ms is 1 ms. */
struct myna_deadline *myna_deadline_start(struct myna_host *host, int64_t ms,
                                          void (*fire)(void *arg), void *arg);
void myna_deadline_cancel(struct myna_deadline *d); /* NULL is fine */

#endif
