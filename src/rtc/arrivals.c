/* arrivals.c - see arrivals.h. */
#include "rtc/arrivals.h"

#include <stdlib.h>

#include "rtc/rtp.h"

enum { FAR = 3000 /* numbers: a minute (RFC 3550, A.1: MAX_DROPOUT) */ };

void myna_arrivals_clear(struct myna_arrivals *a)
{
    *a = (struct myna_arrivals){0};
}

/* A DTX pause is not jitter: both clocks ran on. */
static void measure_jitter(struct myna_arrivals *a, myna_us now, uint32_t ts)
{
    int64_t transit = (int64_t)(int32_t)((uint32_t)(now * 6 / 125) - ts);
    int64_t d = (int64_t)(int32_t)(uint32_t)(transit - a->last_transit);

    if (a->has_transit)
        a->jitter_ticks += ((double)(d < 0 ? -d : d) - a->jitter_ticks) / 16;
    a->last_transit = transit;
    a->has_transit = true;
}

static enum myna_arrival step(struct myna_arrivals *a, myna_us now, uint16_t seq)
{
    int ahead = myna_seq_diff(seq, a->newest);

    /* Many at once are an outage: what was said in it is past. */
    for (int i = 1; i < ahead && ahead <= MYNA_MISSING_MAX; i++)
        myna_missing_add(&a->missing, now, (uint16_t)(a->newest + i));
    if (seq < a->newest)
        a->cycles += 1u << 16;
    a->newest = seq;
    myna_missing_good(&a->missing);
    return ahead == 1 ? MYNA_ARRIVAL_IN_ORDER : MYNA_ARRIVAL_AHEAD;
}

enum myna_arrival myna_arrivals_packet(struct myna_arrivals *a, myna_us now, uint16_t seq,
                                       uint32_t ts)
{
    enum myna_arrival how = MYNA_ARRIVAL_IN_ORDER;
    bool asked = false;

    if (!a->begun) {
        a->begun = true;
        a->first = a->newest = seq;
    } else if (abs(myna_seq_diff(seq, a->newest)) > FAR) {
        bool follows = a->has_stray && seq == (uint16_t)(a->stray + 1);

        a->has_stray = true;
        a->stray = seq;
        return follows ? MYNA_ARRIVAL_RESTART : MYNA_ARRIVAL_STRAY;
    } else if (myna_seq_diff(seq, a->newest) > 0) {
        how = step(a, now, seq);
    } else if (myna_missing_found(&a->missing, seq, &asked)) {
        how = asked ? MYNA_ARRIVAL_RESENT : MYNA_ARRIVAL_REORDERED;
    } else {
        return MYNA_ARRIVAL_AGAIN;
    }
    a->has_stray = false;
    a->came++;
    a->has_news = true;
    if (how == MYNA_ARRIVAL_IN_ORDER || how == MYNA_ARRIVAL_AHEAD)
        measure_jitter(a, now, ts);
    return how;
}

static uint64_t expected(const struct myna_arrivals *a)
{
    return (uint64_t)a->cycles + a->newest - a->first + 1;
}

uint64_t myna_arrivals_lost(const struct myna_arrivals *a)
{
    return a->begun && expected(a) > a->came ? expected(a) - a->came : 0;
}

void myna_arrivals_sender_report(struct myna_arrivals *a, myna_us now, uint64_t ntp)
{
    a->lsr = myna_ntp_middle(ntp);
    a->lsr_at = now;
}

bool myna_arrivals_report(struct myna_arrivals *a, myna_us now, struct myna_rtcp_block *into)
{
    uint64_t expected_now, came_now, lost_now;

    if (!a->has_news)
        return false;
    expected_now = expected(a) - a->expected_before;
    came_now = a->came - a->came_before;
    lost_now = expected_now > came_now ? expected_now - came_now : 0;
    *into = (struct myna_rtcp_block){
        .fraction = (uint8_t)(lost_now ? lost_now * 255 / expected_now : 0),
        .lost = (int32_t)(myna_arrivals_lost(a) < INT32_MAX ? myna_arrivals_lost(a) : INT32_MAX),
        .highest = a->cycles + a->newest,
        .jitter = (uint32_t)a->jitter_ticks,
        .lsr = a->lsr,
        .dlsr = a->lsr ? (uint32_t)((now - a->lsr_at) * 65536 / MYNA_S) : 0,
    };
    a->expected_before = expected(a);
    a->came_before = a->came;
    a->has_news = false;
    return true;
}
