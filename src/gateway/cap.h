/* cap.h - who has been speaking for too long, whatever VAD tells it (voice-gateway 3.3, FIX
 * unbounded).
 *
 * An utterance begins with somebody's first word and is over with their turn. A breath within it
 * does not begin it anew, which a network hears many of; a cough that led to no turn is forgotten a
 * while later. VAD rms has the limit in itself, to the tick (silence.h). Pure.
 */
#ifndef MYNA_GATEWAY_CAP_H
#define MYNA_GATEWAY_CAP_H

#include <myna/event.h>

#include "gateway/story.h"

enum { MYNA_GW_CAP_IDENTITY = 257 };
#define MYNA_GW_CAP_FORGET (5 * MYNA_S) /* longer than a turn waits for its end */

struct myna_gw_cap {
    myna_us most;
    struct myna_gw_capped {
        char identity[MYNA_GW_CAP_IDENTITY];
        myna_us at;      /* their utterance began */
        myna_us stopped; /* MYNA_NEVER: they speak */
        bool over;       /* it was taken as a turn */
    } who[MYNA_GW_SPEAKERS];
    size_t n;
};

void myna_gw_cap_init(struct myna_gw_cap *c, myna_us most);
/* Each event of the session, in order, and when it is told by the owner's clock. */
void myna_gw_cap_event(struct myna_gw_cap *c, myna_us now, const struct myna_event *ev);
myna_us myna_gw_cap_deadline(const struct myna_gw_cap *c); /* MYNA_NEVER: nobody speaks */
/* True: `identity` has reached it, and begins another now. Call until it is false. */
bool myna_gw_cap_expire(struct myna_gw_cap *c, myna_us now, char identity[MYNA_GW_CAP_IDENTITY]);

#endif
