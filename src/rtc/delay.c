/* delay.c - see delay.h. */
#include "rtc/delay.h"

#include <string.h>

enum {
    WINDOW_S = 5,       /* two of them are remembered */
    GAP_MS = 300,       /* no packet for so long: what comes then is a burst */
    BURST_PACKETS = 15, /* a burst that is still as late after so many is the new normal */
    DRIFT_EVERY_S = 20,
};

static const float forget = 0.9954f; /* half in 150 packets, 3 s */
static const float covered = 0.97f;

static myna_us ticks_us(int64_t ticks)
{
    return ticks * 125 / 6; /* 1e6 / 48000 */
}

static myna_us base_of(const struct myna_delay *d)
{
    return d->base < d->older_base ? d->base : d->older_base;
}

void myna_delay_init(struct myna_delay *d, myna_us least, myna_us most)
{
    *d = (struct myna_delay){.least_target = least, .most_target = most, .target = 2 * least};
    d->bins[1] = 1; /* 20 ms of jitter until it is known better */
}

static void rebase(struct myna_delay *d, myna_us now, myna_us transit)
{
    d->base = d->older_base = transit;
    d->window_end = now + WINDOW_S * MYNA_S;
    d->drift_from = now;
    d->drift_base = transit;
    d->burst = 0;
}

static void follow_base(struct myna_delay *d, myna_us now, myna_us transit)
{
    if (now >= d->window_end) {
        d->older_base = d->base;
        d->base = transit;
        d->window_end = now + WINDOW_S * MYNA_S;
        if (now - d->drift_from >= DRIFT_EVERY_S * MYNA_S) {
            d->drift_ppm =
                (int32_t)((d->drift_base - d->older_base) * MYNA_S / (now - d->drift_from));
            d->drift_from = now;
            d->drift_base = d->older_base;
        }
    }
    if (transit < d->base)
        d->base = transit;
}

static void set_target(struct myna_delay *d)
{
    float sum = 0;
    int i = 0;
    myna_us t;

    while (i < MYNA_DELAY_BINS - 1 && (sum += d->bins[i]) < covered)
        i++;
    t = i * MYNA_DELAY_BIN_MS * MYNA_MS + MYNA_FRAME_US;
    if (t < d->extra)
        t = d->extra;
    if (t < d->least_target)
        t = d->least_target;
    d->target = t < d->most_target ? t : d->most_target;
}

static void count(struct myna_delay *d, myna_us late)
{
    int64_t i = late / (MYNA_DELAY_BIN_MS * MYNA_MS);

    for (int k = 0; k < MYNA_DELAY_BINS; k++)
        d->bins[k] *= forget;
    d->bins[i < MYNA_DELAY_BINS ? i : MYNA_DELAY_BINS - 1] += 1 - forget;
    set_target(d);
}

void myna_delay_packet(struct myna_delay *d, myna_us now, int64_t ticks, bool in_order)
{
    myna_us transit = now - ticks_us(ticks), late, gap = now - d->last_arrival;

    d->last_arrival = now;
    if (!d->begun) {
        d->begun = true;
        rebase(d, now, transit);
        return;
    }
    late = transit - base_of(d);
    if (gap > GAP_MS * MYNA_MS && late > GAP_MS * MYNA_MS && in_order) {
        d->burst = 1;
        d->burst_transit = transit;
    }
    if (d->burst) {
        if (late < GAP_MS * MYNA_MS / 2)
            d->burst = 0; /* caught up */
        else if (transit < d->burst_transit - GAP_MS * MYNA_MS / 4)
            d->burst_transit = transit; /* catching up */
        else if (++d->burst > BURST_PACKETS)
            rebase(d, now, transit);
        return;
    }
    follow_base(d, now, transit);
    late = transit - base_of(d);
    count(d, late > 0 ? late : 0);
}

myna_us myna_delay_due(const struct myna_delay *d, int64_t ticks)
{
    return base_of(d) + ticks_us(ticks);
}

void myna_delay_set_extra(struct myna_delay *d, myna_us extra)
{
    if (extra == d->extra)
        return;
    d->extra = extra;
    set_target(d);
}
