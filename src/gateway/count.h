/* count.h - how many people are in the room, asked from outside (voice-gateway 2.5).
 *
 * People: not agents, not recorders, not who is on the way out, not ourselves. One question at a
 * time, for ten seconds at the most. Loop thread; the answer never comes from inside ask().
 */
#ifndef MYNA_GATEWAY_COUNT_H
#define MYNA_GATEWAY_COUNT_H

#include <myna/host.h>

#include "livekit/options.h"

struct myna_gw_count;

/* conf: kept; its room, key, secret, identity (ours). `told`: so many, 0 also for a refusal or a
 * room that is not there, -1 when nobody answered. */
struct myna_gw_count *myna_gw_count_create(struct myna_host *host,
                                           const struct myna_lk_options *conf,
                                           void (*told)(void *arg, int people), void *arg);
void myna_gw_count_destroy(struct myna_gw_count *c); /* NULL is fine */
void myna_gw_count_ask(struct myna_gw_count *c);
void myna_gw_count_cancel(struct myna_gw_count *c); /* nothing is told of it any more */

#endif
