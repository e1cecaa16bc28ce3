/* arrivals.h - the book about one remote source: which numbers came, which are missing, how evenly;
 * and the receiver report that says so (RFC 3550, A.1, A.3, A.8).
 *
 * Pure; part of one receiver.
 */
#ifndef MYNA_RTC_ARRIVALS_H
#define MYNA_RTC_ARRIVALS_H

#include "rtc/missing.h"
#include "rtc/rtcp.h"

enum myna_arrival {
    MYNA_ARRIVAL_IN_ORDER,  /* the one after the newest, or the first */
    MYNA_ARRIVAL_AHEAD,     /* newer, with some between missing */
    MYNA_ARRIVAL_REORDERED, /* was missing */
    MYNA_ARRIVAL_RESENT,    /* was missing, and we had asked for it */
    MYNA_ARRIVAL_AGAIN,     /* came before, or is too old to know */
    MYNA_ARRIVAL_STRAY,     /* far off: believed only when another follows it; drop it
                             */
    MYNA_ARRIVAL_RESTART,   /* another followed: clear, and take it as the first */
};

struct myna_arrivals {
    bool begun, has_transit, has_news, has_stray;
    uint16_t first, newest, stray;
    uint32_t cycles;
    uint64_t came; /* without duplicates */
    uint64_t expected_before, came_before;
    double jitter_ticks;
    int64_t last_transit;
    uint32_t lsr;
    myna_us lsr_at;
    struct myna_missing missing;
};

void myna_arrivals_clear(struct myna_arrivals *a);
/* ts in 48 kHz ticks as on the wire. */
enum myna_arrival myna_arrivals_packet(struct myna_arrivals *a, myna_us now, uint16_t seq,
                                       uint32_t ts);
uint64_t myna_arrivals_lost(const struct myna_arrivals *a);
void myna_arrivals_sender_report(struct myna_arrivals *a, myna_us now, uint64_t ntp);
/* All but the ssrc. false: nothing came since the last one. */
bool myna_arrivals_report(struct myna_arrivals *a, myna_us now, struct myna_rtcp_block *into);

#endif
