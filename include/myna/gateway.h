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

#ifdef __cplusplus
}
#endif
#endif
