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

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A job as the server gave it. */
struct myna_worker_job {
    const char *id, *dispatch, *room;
    const char *identity;   /* of the agent in that room */
    const char *agent_name; /* whom it was meant for; "": whoever takes every room */
};

struct myna_worker_options {
    size_t size; /* sizeof(struct myna_worker_options) */
    /* What happens, a sentence each, for a terminal; NULL: only the log. */
    void (*note)(void *arg, const char *text);
    void *arg; /* of both */
    /* A job begins, or is over (then only its id is told); NULL: nobody wants to know. For one who
     * outlives this process: see below. Texts stay for the call. */
    void (*job)(void *arg, const struct myna_worker_job *job, bool begins);
};

/* MYNA_OK after a drain; MYNA_ECANCELED after a second signal; MYNA_ECONFIG: address, key or what a
 * job needs is missing or wrong; MYNA_EPROVIDER: the server refuses us for good, or, before it
 * was ever reached, for half a minute something else answered there (a proxy's 404, a certificate
 * that is not trusted). A line that once stood is taken up again for ever. */
MYNA_API MYNA_MUST enum myna_err myna_worker_run(struct myna_config *cfg,
                                                 const struct myna_worker_options *opt,
                                                 struct myna_why *why);

/* The worker that had these jobs was killed, and the server of 2026 sends nobody else by itself:
 * asks it to, for each room where somebody still is, and waits until another worker has come. Tries
 * seven times within a minute and a half, then gives that room up. `note` is told what becomes of
 * each; `bad`: somebody is left without an agent. What the job was about (name, metadata,
 * attributes) the server still knows.
 *
 * Thread: the caller's, for two minutes at most, also where the server does not answer. Returns how
 * many were given up. */
MYNA_API size_t myna_worker_send_again(struct myna_config *cfg, const struct myna_worker_job *jobs,
                                       size_t n,
                                       void (*note)(void *arg, bool bad, const char *text),
                                       void *arg);

#ifdef __cplusplus
}
#endif
#endif
