/* endpointing.h - how long must the person be quiet before it is our turn? (agent-session 1.5)
 *
 * Fixed: min delay, or max delay when the end-of-turn detector says "unlikely". Dynamic: the min
 * delay is learned from the person's own pauses by an exponential filter; the max delay is a fixed
 * ceiling, never learned ([later] rule).
 *
 * Pure. Instants are on the session's clock; MYNA_NEVER = unknown.
 */
#ifndef MYNA_TURN_ENDPOINTING_H
#define MYNA_TURN_ENDPOINTING_H

#include <stdbool.h>

#include <myna/frame.h>

enum myna_endpointing_mode { MYNA_ENDPOINTING_FIXED, MYNA_ENDPOINTING_DYNAMIC };

struct myna_endpointing_options {
    enum myna_endpointing_mode mode;
    myna_us min_delay, max_delay;
    double alpha; /* weight of the old value, 0..1 */
};

struct myna_endpointing { /* init: storage is the caller's; fields are endpointing.c's alone */
    struct myna_endpointing_options opt;
    double utterance_pause, turn_pause; /* filters, µs; < 0 = nothing learned */
    myna_us user_start, user_end, agent_start, agent_end;
    bool overlapping;
};

void myna_endpointing_init(struct myna_endpointing *ep, const struct myna_endpointing_options *opt);
/* Changes options in mid-call; resets what 1.5 `updateOptions` resets. */
void myna_endpointing_update(struct myna_endpointing *ep,
                             const struct myna_endpointing_options *opt);
myna_us myna_endpointing_min(const struct myna_endpointing *ep);
myna_us myna_endpointing_max(const struct myna_endpointing *ep);

void myna_endpointing_user_started(struct myna_endpointing *ep, myna_us at, bool agent_speaking);
/* ignore: the speech turned out to be no interruption (backchannel). */
void myna_endpointing_user_ended(struct myna_endpointing *ep, myna_us at, bool ignore);
void myna_endpointing_agent_started(struct myna_endpointing *ep, myna_us at);
void myna_endpointing_agent_ended(struct myna_endpointing *ep, myna_us at);

#endif
