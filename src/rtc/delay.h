/* delay.h - how long must sound wait so that nearly every packet is there when its turn comes?
 *
 * Every packet tells a transit: arrival minus time stamp. The smallest of the last ten seconds is
 * the base, the fastest way a packet takes; what others need beyond it is the jitter. Its 97th
 * percentile, in steps of 10 ms and forgetting by half every three seconds, plus one frame is the
 * target. A burst after an outage says nothing about the usual way and is left out of the
 * statistics; a transit that stays changed (a sender whose clock stood while it was muted) becomes
 * the new base.
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
    myna_us window_end;
    myna_us last_arrival, least_target, most_target, extra;
    myna_us target;
    myna_us burst_transit;
    int burst; /* packets of a burst so far; 0: none */
    bool begun;
    /* drift: the base at two moments far apart */
    myna_us drift_from, drift_base;
    int32_t drift_ppm;
};

void myna_delay_init(struct myna_delay *d, myna_us least, myna_us most);
/* in_order: its sequence number follows the newest one. */
void myna_delay_packet(struct myna_delay *d, myna_us now, int64_t ticks, bool in_order);
/* When a packet of that time stamp arrives if nothing holds it up. */
myna_us myna_delay_due(const struct myna_delay *d, int64_t ticks);
/* Wait for packets that must be asked for again: at least so much. 0: none. */
void myna_delay_set_extra(struct myna_delay *d, myna_us extra);

#endif
