/* worker.h - the room of one job. */
#ifndef MYNA_LIVEKIT_WORKER_H
#define MYNA_LIVEKIT_WORKER_H

#include <myna/config.h>
#include <myna/transport.h>

/* The transport "livekit" for one job: that server, that token, whatever the section says. */
MYNA_MUST enum myna_err myna_lk_transport_for(struct myna_transport **out, struct myna_host *host,
                                              const struct myna_config *cfg, const char *url,
                                              const char *token, struct myna_why *why);

#endif
