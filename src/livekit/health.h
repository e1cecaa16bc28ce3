/* health.h - two pages about a worker, for whoever watches it (agent-session 10.3).
 *
 *   GET /        200 "OK", or 503 while there is no line to the LiveKit server
 *   GET /worker  what it is and how many jobs it has, as JSON
 *
 * One request a connection, 16 connections at a time, 5 s each; no more is promised. Loop thread.
 */
#ifndef MYNA_LIVEKIT_HEALTH_H
#define MYNA_LIVEKIT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/error.h>
#include <myna/host.h>

struct myna_lk_health;

struct myna_lk_health_state {
    bool connected;
    const char *agent_name; /* NULL: none */
    bool name_is_env;
    size_t jobs;
};

/* where: "HOST:PORT", ":PORT" (all addresses) or "PORT" (loopback); port 0: a free one. ECONFIG: no
 * address (the port is `further` on than it says); EIO: it is taken, or may not be used. */
MYNA_MUST enum myna_err
myna_lk_health_open(struct myna_lk_health **out, struct myna_host *host, const char *where,
                    int further, void (*ask)(void *arg, struct myna_lk_health_state *into),
                    void *arg, struct myna_why *why);
int myna_lk_health_port(const struct myna_lk_health *h);
void myna_lk_health_close(struct myna_lk_health *h); /* NULL is fine */

#endif
