/* worker.h - serves LiveKit's agent dispatch: registers, takes jobs, talks in a room for each. What
 * `myna worker` does (livekit-rtc 7, agent-session 10).
 *
 * All jobs are sessions of one runtime in this process. Server and key are those of
 * transport.livekit, the rest is section "worker". While it runs it takes SIGINT and SIGTERM: the
 * first drains (no new job, the running ones go on to their end), the second ends at once.
 *
 * Thread: the caller's, which is kept until the end.
 */
#ifndef MYNA_WORKER_H
#define MYNA_WORKER_H

#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_worker_options {
    size_t size; /* sizeof(struct myna_worker_options) */
    /* What happens, a sentence each, for a terminal; NULL: only the log. */
    void (*note)(void *arg, const char *text);
    void *arg;
};

/* MYNA_OK after a drain; MYNA_ECANCELED after a second signal; MYNA_ECONFIG: address, key or what a
 * job needs is missing or wrong; MYNA_EPROVIDER: the server refuses us for good. */
MYNA_API MYNA_MUST enum myna_err myna_worker_run(struct myna_config *cfg,
                                                 const struct myna_worker_options *opt,
                                                 struct myna_why *why);

#ifdef __cplusplus
}
#endif
#endif
