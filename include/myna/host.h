/* host.h - what the runtime does for a provider or transport: time, chance, timers, worker threads,
 * log.
 *
 * Thread: the loop's, except `run` of a work, which is called on a worker thread, and
 * myna_host_log(), which may be called from both.
 */
#ifndef MYNA_HOST_H
#define MYNA_HOST_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_loop;

/* Given to create(); lives as long as the runtime. */
struct myna_host;

MYNA_API myna_us myna_host_now(const struct myna_host *host); /* of this loop turn */
/* Milliseconds since the Unix epoch that belong to now(); on the virtual clock from a fixed day. */
MYNA_API int64_t myna_host_wall_ms(const struct myna_host *host);
/* The only source of chance. Deterministic per runtime seed. */
MYNA_API uint32_t myna_host_random(struct myna_host *host);
enum myna_log_level {
    MYNA_LOG_ERROR,
    MYNA_LOG_WARN,
    MYNA_LOG_INFO,
    MYNA_LOG_DEBUG,
    MYNA_LOG_TRACE
};
/* One short sentence, then key=value pairs; no secrets, no transcripts. */
MYNA_API void myna_host_log(struct myna_host *host, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);

/* A timer inside the provider's own struct. set() moves a running one; clear() is fine when idle;
 * the callback may set it again. Clear before freeing. */
struct myna_timer {
    void (*fire)(struct myna_timer *t);
    void *arg;
    myna_us at;           /* host's */
    uint64_t seq;         /* host's */
    size_t slot;          /* host's; 0 = idle */
    struct myna_loop *in; /* host's */
};
MYNA_API void myna_host_timer_init(struct myna_host *host, struct myna_timer *t,
                                   void (*fire)(struct myna_timer *t), void *arg);
MYNA_API MYNA_MUST enum myna_err myna_timer_set(struct myna_timer *t, myna_us at);
MYNA_API void myna_timer_clear(struct myna_timer *t);

/* Work for the thread pool. `run` is called on a worker and may touch only what the work owns;
 * `done` on the loop's thread, exactly once for each accepted work, also at shutdown. To cancel,
 * set a flag of your own that `run` reads (atomic) and that `done` understands.
 * `fair` is a key (the stream's address or number): keys take turns in the queue, so that one
 * talkative session cannot starve the others. Higher `urgent` goes first. `disk`: it waits for a
 * disk and hardly computes; such works have a thread of their own, so that none waits behind a
 * model that is loaded.
 * MYNA_EAGAIN: the queue is full (bounded); nothing was accepted. */
struct myna_work {
    void (*run)(struct myna_work *w);
    void (*done)(struct myna_work *w);
    void *arg;
    uint64_t fair;
    int urgent;
    bool disk;
    struct myna_work *next; /* host's */
    uint64_t seq;           /* host's */
};
MYNA_API MYNA_MUST enum myna_err myna_host_work(struct myna_host *host, struct myna_work *w);

#ifdef __cplusplus
}
#endif
#endif
