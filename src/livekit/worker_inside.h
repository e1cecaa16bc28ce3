/* worker_inside.h - the inside of a worker, for worker.c (the line to the server, signals, the end)
 * and jobs.c (what is said on it, and what becomes of each job).
 *
 * The socket may come and go; jobs do not care, their rooms have connections of their own. A job is
 * OFFERED from our "yes" until its token comes, RUNNING until its session closes; then its end is
 * reported, and if there is no socket at that moment the server has found out by the room already.
 */
#ifndef MYNA_LIVEKIT_WORKER_INSIDE_H
#define MYNA_LIVEKIT_WORKER_INSIDE_H

#include <myna/calls.h>
#include <myna/livekit.h>
#include <myna/runtime.h>
#include <myna/session.h>
#include <myna/worker.h>

#include "livekit/health.h"
#include "livekit/load.h"
#include "livekit/options.h"
#include "livekit/pb.h"
#include "util/host.h"
#include "util/ws.h"

enum { JOB_ID = 64, IDENTITY = JOB_ID + 8 };

enum job_state { OFFERED, RUNNING, OVER };

struct job {
    struct job *next;
    struct worker *w;
    char id[JOB_ID];
    enum job_state state;
    myna_us offered, begun;
    bool missed; /* told that it is not in its room */
    struct myna_session *session;
    struct myna_transport *room; /* of the session; while RUNNING */
};

struct worker {
    const struct myna_worker_options *opt;
    struct myna_config *cfg;
    struct myna_runtime *rt;
    struct myna_host *host;
    struct myna_worker_conf conf;
    struct myna_lk_options lk;
    struct myna_ws *ws;
    struct myna_arena *mem;
    struct myna_timer retry, status;
    struct myna_lk_health *health; /* NULL: off */
    struct myna_calls *calls;      /* NULL: no log */
    struct job *jobs;
    size_t n_jobs;
    int tries, signals;
    bool registered, draining, opened;
    bool tried, ever; /* a session was made; it was registered once */
    int foreign;      /* tries in a row on which somebody else answered */
    myna_us foreign_since;
    struct myna_lk_load load;
    enum myna_err err;
    struct myna_why *why;
};

void myna_lk_w_note(struct worker *w, const char *fmt, ...) MYNA_PRINTF(2, 3);
/* The line ended like this now; false: waiting may mend it. */
bool myna_lk_w_is_no_livekit(struct worker *w, const struct myna_http_error *e, myna_us now);
void myna_lk_w_say_register(struct worker *w);
void myna_lk_w_say_status(struct worker *w);
/* One message of the server, as it came. */
void myna_lk_w_hear(struct worker *w, struct myna_view body);
/* Every few seconds: what is over is freed, what never came is given up, and we tell how we are. */
void myna_lk_w_tidy(struct worker *w, myna_us now);
void myna_lk_w_free_jobs(struct worker *w);

#endif
