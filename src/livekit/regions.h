/* regions.h - where else a room can be joined: the regions of LiveKit Cloud (livekit-rtc 2.10), or
 * those that a server names which sends us away (2.7).
 *
 * Two lists of addresses, the best first: what a server named, and what the cloud said. next()
 * goes through the one and then the other, once, each time one did not work.
 * Only hosts of the cloud are asked, over the scheme and with the token with which they are joined;
 * what they say is kept as long as they allow, and longer where nothing newer can be had. What
 * comes is not trusted: so many, so long, ws(s) and http(s) alone, and none without TLS where ours
 * has it.
 *
 * Loop thread. told() comes from the loop, never from inside ask().
 */
#ifndef MYNA_LIVEKIT_REGIONS_H
#define MYNA_LIVEKIT_REGIONS_H

#include <myna/host.h>

enum { MYNA_LK_MAX_REGIONS = 16, MYNA_LK_MAX_URL = 512 };

struct myna_lk_regions;

bool myna_lk_is_cloud(const char *url); /* its host ends in .livekit.cloud or .livekit.run */
/* May who has come to `own` go on to `url`? The token goes along. */
bool myna_lk_may_go(const char *own, const char *url);

/* told(): an ask() has ended, whatever came of it. NULL: memory is short. */
struct myna_lk_regions *myna_lk_regions_create(struct myna_host *host, void (*told)(void *arg),
                                               void *arg);
void myna_lk_regions_destroy(struct myna_lk_regions *g); /* NULL is fine */
/* Asks `own`, unless it is no cloud, was asked a moment ago, or is being asked. */
void myna_lk_regions_ask(struct myna_lk_regions *g, const char *own, const char *token);
bool myna_lk_regions_is_asking(const struct myna_lk_regions *g);
/* A server names these, instead of what one named before. They stand before the cloud's. */
void myna_lk_regions_named(struct myna_lk_regions *g, const char *own, const char *const *urls,
                           size_t n);
/* The next one, to copy; NULL when all were told, once: then they are told anew. */
const char *myna_lk_regions_next(struct myna_lk_regions *g);
void myna_lk_regions_rewind(struct myna_lk_regions *g);

/* Seconds of `Cache-Control: text`; -1: it says none. */
int64_t myna_lk_max_age(const char *text);

#endif
