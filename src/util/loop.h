/* loop.h - the one loop of a process: clock, timers, worker threads, messages from other threads.
 *
 * Real: libuv's loop underneath (loop_uv.c alone includes uv.h); `now` is sampled once per turn.
 * Virtual: no waiting at all; when nothing is due, time jumps to the next timer, but never while
 * workers are busy: it then waits for all of them and delivers their results in the order in which
 * the work was submitted, so that a run does not depend on how fast the machine is. It stands still
 * as well while the world is asked something, see myna_loop_world_begin().
 * Timers with the same time fire in the order in which they were set; one set to a past time fires
 * in the next turn, one set to MYNA_NEVER is cleared. stop() ends run() after the present turn; a
 * stop() that comes before run() ends that run at once.
 *
 * One owner thread; only myna_loop_post() and myna_loop_stop() may be called from others.
 */
#ifndef MYNA_UTIL_LOOP_H
#define MYNA_UTIL_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <myna/host.h>

struct myna_loop_options {
    bool virtual_clock;
    int workers;         /* threads; started at the first work; <= 0: number of cores, at least 2 */
    size_t queue_length; /* works submitted and not done before MYNA_EAGAIN; 0: 1024 */
};

struct myna_loop *myna_loop_create(const struct myna_loop_options *opt, struct myna_why *why);
/* Before what works use goes away: waits for all works, their done() is called; none is accepted
 * afterwards. */
void myna_loop_drain(struct myna_loop *loop);
/* Waits for running work (its done() is called), drops timers. NULL is fine. */
void myna_loop_destroy(struct myna_loop *loop);

bool myna_loop_is_virtual(const struct myna_loop *loop);
myna_us myna_loop_now(const struct myna_loop *loop); /* starts at 0 */
/* Milliseconds since the Unix epoch that belong to `now`; virtual: from a fixed day. */
int64_t myna_loop_wall_ms(const struct myna_loop *loop);
void myna_loop_set_wall(struct myna_loop *loop,
                        int64_t wall_ms_at_zero); /* replay: the recording's */
/* Virtual: sets the clock without running anything (replay owns time). Never backwards. */
void myna_loop_set_now(struct myna_loop *loop, myna_us now);

void myna_loop_timer_init(struct myna_loop *loop, struct myna_timer *t,
                          void (*fire)(struct myna_timer *t), void *arg);
enum myna_err myna_loop_work(struct myna_loop *loop, struct myna_work *w);
size_t myna_loop_busy(const struct myna_loop *loop); /* works submitted and not yet done */

/* A message from any thread: `call` runs on the loop's thread. The message is the caller's, one
 * outstanding post each; bounded by being embedded. */
struct myna_post {
    void (*call)(struct myna_post *p);
    void *arg;
    struct myna_post *next; /* loop's */
    atomic_bool queued;     /* loop's: posting one that is on its way changes nothing */
};
void myna_loop_post(struct myna_loop *loop,
                    struct myna_post *p); /* thread- and signal-safe enough: no allocation */

/* Descriptors; on the virtual clock they are looked at between turns. NULL: memory is short or not
 * a descriptor that can be waited for (a plain file). close() may be called from ready(). events: 1
 * readable, 2 writable. */
struct myna_poll;
struct myna_poll *myna_loop_poll(struct myna_loop *loop, int fd, int events,
                                 void (*ready)(void *arg, int events), void *arg);
void myna_loop_poll_events(struct myna_poll *p, int events);
/* Does not keep run() going: somebody outside who may speak at any time, whom nobody waits for. */
void myna_loop_poll_background(struct myna_poll *p);
void myna_loop_poll_close(struct myna_poll *p);
/* Signals, on either clock; they do not keep run() going. NULL fire removes it. */
enum myna_err myna_loop_signal(struct myna_loop *loop, int signum,
                               void (*fire)(void *arg, int signum), void *arg);

/* While the answer of somebody outside is awaited (a request on the wire) the virtual clock stands
 * still: the loop looks at its descriptors instead of jumping to the next timer. Calls are counted.
 * Whoever begins must have a descriptor that is sure to become ready, a timerfd if nothing else. */
void myna_loop_world_begin(struct myna_loop *loop);
void myna_loop_world_end(struct myna_loop *loop);

/* Keeps run() from returning though nothing is pending (a session waiting for its transport). */
void myna_loop_hold(struct myna_loop *loop);
void myna_loop_release(struct myna_loop *loop);

void myna_loop_run(struct myna_loop *loop); /* until stop(), or nothing pending and nothing held */
void myna_loop_run_until(struct myna_loop *loop, myna_us until);
void myna_loop_stop(struct myna_loop *loop);

#endif
