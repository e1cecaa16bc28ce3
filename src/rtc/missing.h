/* missing.h - sequence numbers that did not come: when to ask for them again, when to forget them.
 *
 * Asked for after 15 ms (a reordered packet gets that time), then every round trip, four times in
 * all, unless their turn to be played has passed; forgotten after half a second. Pure; part of one
 * receiver.
 */
#ifndef MYNA_RTC_MISSING_H
#define MYNA_RTC_MISSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/frame.h>

enum { MYNA_MISSING_MAX = 64 };

struct myna_missing {
    struct {
        myna_us since, asked;
        uint16_t seq;
        uint8_t times;
    } list[MYNA_MISSING_MAX]; /* by age */
    size_t n;
    double rate; /* share of packets that were missed at first, over the last
                    hundred or so */
};

void myna_missing_clear(struct myna_missing *m);
/* Pushes the oldest out when there are too many. */
void myna_missing_add(struct myna_missing *m, myna_us now, uint16_t seq);
void myna_missing_good(struct myna_missing *m); /* one came in order: the rate sinks */
/* It came after all. *asked: because we asked. false: not missing, a duplicate. */
bool myna_missing_found(struct myna_missing *m, uint16_t seq, bool *asked);
/* What to ask for now. again: a round trip. What is older than `useful` comes too late. */
size_t myna_missing_ask(struct myna_missing *m, myna_us now, myna_us again, uint16_t useful,
                        uint16_t *into, size_t max);

#endif
