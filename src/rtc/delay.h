/* delay.h - how long must sound wait so that nearly every packet is there when its turn comes?
 *
 * Every packet tells a transit: arrival minus time stamp. The smallest of the last five to ten
 * seconds is the base, the fastest way a packet takes; what others need beyond it is the jitter.
 * Its 97th percentile, in steps of 10 ms and forgetting by half every 1.2 s, plus one frame is the
 * target.
 *
 * What comes late after a long gap is either a burst that was held up, which says nothing about the
 * usual way, or a sender whose time stamps stood while it paused, which is the usual way from now
 * on. Fifteen packets later one knows; until then `burst` is not 0 and the statistics stand still.
 *
 * Pure: time comes with each packet. 48 kHz ticks, unwrapped by the caller.
 */
#ifndef MYNA_RTC_DELAY_H
#define MYNA_RTC_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

enum { MYNA_DELAY_BINS = 200, MYNA_DELAY_BIN_MS = 10 };

struct myna_delay {
    float bins[MYNA_DELAY_BINS]; /* share of the packets that were so late */
    myna_us base, older_base;    /* least transit of this window and of the one before */
    myna_us window_end, last_arrival;
    myna_us least_target, most_target, extra, plus, target;
    myna_us burst_transit;
    int burst; /* packets of a burst so far; 0: none */
    bool begun;
    myna_us drift_from, drift_base; /* the base at an earlier moment; drift_from 0: none yet */
    int32_t drift_ppm;              /* the sender's clock is so much faster than ours */
};

void myna_delay_init(struct myna_delay *d, myna_us least, myna_us most);
/* Only packets that came the straight way: one that was asked for again says nothing. */
void myna_delay_packet(struct myna_delay *d, myna_us now, int64_t ticks);
/* When a packet of that time stamp arrives if nothing holds it up. */
myna_us myna_delay_due(const struct myna_delay *d, int64_t ticks);
/* While packets get lost. at_least: time for one to be asked for and come again; plus: for what
 * is told of it by the next. Each 0: none. */
void myna_delay_set_extra(struct myna_delay *d, myna_us at_least, myna_us plus);

#endif
