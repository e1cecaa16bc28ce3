/* gateway.h - the voice gateway of one LiveKit room: there while somebody is there, outside else.
 * What `myna join --as gateway` does (docs/gateway.md).
 *
 * Server, key and room are those of transport.livekit, the rest is section "gateway". While it runs
 * it takes SIGINT and SIGTERM (the first stops politely, within five seconds; the second at once)
 * and SIGHUP (come back after having given up).
 *
 * Thread: the caller's, which is kept until the end.
 */
#ifndef MYNA_GATEWAY_H
#define MYNA_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>
#include <myna/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_gateway_options {
    size_t size; /* sizeof(struct myna_gateway_options) */
    bool stay;   /* joins at once and stays, whoever is there */
    /* What happens, a sentence each, for a terminal; NULL: only the log. */
    void (*note)(void *arg, const char *text);
    /* Each event of each stay's session; NULL: nobody wants them. */
    void (*event)(void *arg, const struct myna_event *ev);
    void *arg;
};

/* Adds to `cfg` what a gateway wants otherwise than a call and nobody has set. MYNA_OK once it was
 * stopped; MYNA_ECANCELED after a second signal; MYNA_ECONFIG: server, key or what a talk needs is
 * missing or wrong; MYNA_EIO: people were there and the room was not to be joined. */
MYNA_API MYNA_MUST enum myna_err myna_gateway_run(struct myna_config *cfg,
                                                  const struct myna_gateway_options *opt,
                                                  struct myna_why *why);

/* What the configuration makes of a gateway. Strings are the configuration's own. */
struct myna_gateway_facts {
    size_t size;     /* sizeof(struct myna_gateway_facts) */
    bool configured; /* server, key and secret are there */
    bool announces;  /* there is a token for announcements and status */
    const char *room, *home, *home_name;
    char identity[300];
    double poll_s;        /* between two looks into the room */
    const char *poll_why; /* "override", "cloud default", "local default" */
};
MYNA_API MYNA_MUST enum myna_err myna_gateway_facts(const struct myna_config *cfg,
                                                    struct myna_gateway_facts *out,
                                                    struct myna_why *why);
/* What the gateway that runs says of itself, JSON, the caller's to free: state, participants,
 * backend, … (docs/gateway.md). Waits a second at most. MYNA_ESTATE: it has no address for that;
 * MYNA_EIO: nobody answers there; MYNA_EPROVIDER: somebody else does. */
MYNA_API MYNA_MUST enum myna_err myna_gateway_status(const struct myna_config *cfg, char **out,
                                                     struct myna_why *why);

#ifdef __cplusplus
}
#endif
#endif
