/* worker.h - the room of one job, and the worker with another's eyes for the machine. */
#ifndef MYNA_LIVEKIT_WORKER_H
#define MYNA_LIVEKIT_WORKER_H

#include <myna/config.h>
#include <myna/transport.h>
#include <myna/worker.h>

#include "livekit/load.h"

/* The transport "livekit" for one job: that server, that token, whatever the section says. */
MYNA_MUST enum myna_err myna_lk_transport_for(struct myna_transport **out, struct myna_host *host,
                                              const struct myna_config *cfg, const char *url,
                                              const char *token, struct myna_why *why);

/* Has our place in the room been lost or taken anew just now? */
bool myna_lk_transport_is_unsettled(const struct myna_transport *t);

/* Were we in the room, ever? */
bool myna_lk_transport_came_in(const struct myna_transport *t);

/* myna_worker_run(), where the files that tell the load are `read` (NULL: the machine's). */
MYNA_MUST enum myna_err myna_lk_worker_run(struct myna_config *cfg,
                                           const struct myna_worker_options *opt,
                                           myna_lk_read_file *read, void *read_arg,
                                           struct myna_why *why);

#endif
