/* again.h - jobs of a worker that was killed, given to another.
 *
 * LiveKit's server (1.13.5) notices at once that the worker's line is gone, and after some 20 s
 * that its agent is; it sends nobody else. The restart_policy of a dispatch is for its cloud alone.
 * So whoever outlived the worker asks: the dead agent is put out of the room (people would wait for
 * it and see two), what the job was about is read from its dispatch, and a new dispatch is made
 * like it. When no worker has taken that within three seconds (all are full, or the only one is
 * just starting) it is deleted, which also ends a job given too late, and made anew a while later.
 *
 * What the server did when its answer got lost is looked up before anything is asked again: two
 * agents would talk to one person. It all ends within two minutes, also where each call hangs.
 *
 * Blocks; time and network come from the owner, whose calls end within ten seconds.
 */
#ifndef MYNA_LIVEKIT_AGAIN_H
#define MYNA_LIVEKIT_AGAIN_H

#include <myna/frame.h>
#include <myna/worker.h>

enum { MYNA_LK_AGAIN_TRIES = 7 };

struct myna_lk_again {
    /* One call of the server API as an admin of `room`; *out is freed by the caller. */
    enum myna_err (*api)(void *arg, const char *service, const char *method, const char *room,
                         const char *request, char **out, struct myna_why *why);
    myna_us (*now)(void *arg);
    void (*wait)(void *arg, int ms);
    void (*note)(void *arg, bool bad, const char *text);
    void *arg;
};

/* How many jobs nobody took. */
size_t myna_lk_send_again(const struct myna_lk_again *with, const struct myna_worker_job *jobs,
                          size_t n);

#endif
