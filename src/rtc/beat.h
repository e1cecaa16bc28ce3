/* beat.h - when the 20 ms of a connection are over.
 *
 * A beat has slots, 20 ms each, on a grid of 5 ms that all connections share: what is due at the
 * same moment wakes the process once. Awake, each slot is taken for itself. At rest (nothing to be
 * heard, nothing to say) nobody looks for 400 ms, on a grid of 100 ms, and the slots that
 * went by are taken together, so that in the end there were as many as there would have been.
 *
 * Pure; `now` is the owner's clock.
 */
#ifndef MYNA_RTC_BEAT_H
#define MYNA_RTC_BEAT_H

#include <stdbool.h>

#include <myna/frame.h>

enum { MYNA_BEAT_REST = 21 }; /* slots; at 20 one that ends between the 100 ms had to be left out */

struct myna_beat {
    myna_us next; /* end of the slot that is taken next */
    bool rests;
};

void myna_beat_start(struct myna_beat *b, myna_us now); /* the first slot ends now */
/* How many slots are over; the end of the oldest of them in `first`. Awake at most one, the others
 * are due at once; of a process that slept for more than 200 ms only the last one is told, since
 * nobody wants a burst of what nobody heard, and `slept` is true. */
int myna_beat_take(struct myna_beat *b, myna_us now, myna_us *first, bool *slept);
/* From here on until wake(): MYNA_BEAT_REST slots are taken at a time, and as many more as it
 * is late, ten at most. */
void myna_beat_rest(struct myna_beat *b);
/* Something happens. The slots that are over at rest are to be taken (as above) before it does; 0
 * of who is awake. */
int myna_beat_wake(struct myna_beat *b, myna_us now, myna_us *first, bool *slept);
/* A voice begins, its packet came just now: slots end 10 to 15 ms after its packets from here on,
 * so that none waits longer than the jitter buffer wants. (It may cost a part of a slot of
 * silence.) */
void myna_beat_align(struct myna_beat *b, myna_us now);
myna_us myna_beat_deadline(const struct myna_beat *b);

#endif
