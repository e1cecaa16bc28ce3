/* lengths.h - how long each person's utterance was, where speech is told by plain loudness
 * (VAD rms; voice-gateway 3.3).
 *
 * A sound that fits into one tick is noise, whatever a recogniser would make of it, and one as long
 * as the limit was cut there. Counted in ticks between start and stop (silence.h), of each person
 * for themselves: several may speak at once. Pure.
 */
#ifndef MYNA_GATEWAY_LENGTHS_H
#define MYNA_GATEWAY_LENGTHS_H

#include <myna/event.h>

#include "gateway/options.h"
#include "gateway/story.h"

enum myna_gw_length { MYNA_GW_LENGTH_FINE, MYNA_GW_LENGTH_NOISE, MYNA_GW_LENGTH_CUT };

struct myna_gw_lengths { /* all zero: nobody speaks */
    struct myna_gw_began {
        char identity[257];
        myna_us at;
    } began[MYNA_GW_SPEAKERS];
    size_t n;
};

/* Each person_speaking event, in order. FINE while they speak, too. */
enum myna_gw_length myna_gw_lengths_told(struct myna_gw_lengths *l,
                                         const struct myna_gw_options *conf,
                                         const struct myna_event *ev);
/* Their utterance is closed at `at` (session time), before its silence: is it more than noise? */
bool myna_gw_lengths_close(struct myna_gw_lengths *l, const struct myna_gw_options *conf,
                           const char *identity, myna_us at);

#endif
