/* delay.c - see delay.h. */
#include "rtc/delay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_S = 5,       /* two of them are remembered */
    GAP_MS = 300,       /* no packet for so long: what comes late then is a burst */
    BURST_PACKETS = 15, /* a burst that is still as late after so many is the new normal */
    LEAP_S = 2,         /* so much faster than ever before: another clock */
    DRIFT_AFTER_S = 20,
    DRIFT_STEP_MS = 20, /* a base that moves so far in a window took another way */
};

static const float forget = 0.98851f; /* half in 60 packets */
static const float covered = 0.97f;

static myna_us ticks_us(int64_t ticks)
{
    return ticks * 125 / 6; /* 1e6 / 48000 */
}

static myna_us base_of(const struct myna_delay *d)
{
    return d->base < d->older_base ? d->base : d->older_base;
}

static void set_target(struct myna_delay *d)
{
    float sum = 0;
    int i = 0;
    myna_us t;

    while (i < MYNA_DELAY_BINS - 1 && (sum += d->bins[i]) < covered)
        i++;
    t = i * MYNA_DELAY_BIN_MS * MYNA_MS + MYNA_FRAME_US + d->plus;
    if (t < d->extra)
        t = d->extra;
    if (t < d->least_target)
        t = d->least_target;
    d->target = t < d->most_target ? t : d->most_target;
}

void myna_delay_init(struct myna_delay *d, myna_us least, myna_us most)
{
    *d = (struct myna_delay){.least_target = least, .most_target = most};
    d->bins[2] = 1; /* 20 ms of jitter until it is known better */
    set_target(d);
}

/* From here on the way is another. */
static void rebase(struct myna_delay *d, myna_us now, myna_us transit)
{
    d->base = d->older_base = transit;
    d->window_end = now + WINDOW_S * MYNA_S;
    d->drift_from = 0;
    d->burst = 0;
}

/* Of the window that ended. */
static void follow_drift(struct myna_delay *d, myna_us now, myna_us before)
{
    myna_us passed = now - d->drift_from;

    if (!d->drift_from || llabs(d->older_base - before) > DRIFT_STEP_MS * MYNA_MS) {
        d->drift_from = now;
        d->drift_base = d->older_base;
    } else if (passed >= DRIFT_AFTER_S * MYNA_S) {
        d->drift_ppm = (int32_t)((d->drift_base - d->older_base) * MYNA_S / passed);
    }
}

/* What was so late against the old base is less late against a slower one. */
static void shift_bins(struct myna_delay *d, myna_us slower)
{
    size_t by = (size_t)(slower / (MYNA_DELAY_BIN_MS * MYNA_MS)), left;

    if (by >= MYNA_DELAY_BINS)
        by = MYNA_DELAY_BINS - 1;
    left = MYNA_DELAY_BINS - by;
    for (size_t i = 0; i < by; i++)
        d->bins[by] += d->bins[i];
    memmove(d->bins, d->bins + by, left * sizeof d->bins[0]);
    memset(d->bins + left, 0, by * sizeof d->bins[0]);
}

static void follow_base(struct myna_delay *d, myna_us now, myna_us transit)
{
    if (now >= d->window_end) {
        myna_us was = base_of(d), before = d->older_base;

        d->older_base = d->base;
        d->base = transit;
        d->window_end = now + WINDOW_S * MYNA_S;
        follow_drift(d, now, before);
        if (base_of(d) > was)
            shift_bins(d, base_of(d) - was);
    }
    if (transit < d->base)
        d->base = transit;
}

/* `gap`: since the packet before; what is known grows old with time, not with packets. */
static void count(struct myna_delay *d, myna_us late, myna_us gap)
{
    int64_t i = late / (MYNA_DELAY_BIN_MS * MYNA_MS);
    float f = forget;

    if (gap >= 2 * MYNA_FRAME_US)
        f = powf(forget, (float)(gap / MYNA_FRAME_US));
    for (int k = 0; k < MYNA_DELAY_BINS; k++)
        d->bins[k] *= f;
    d->bins[0] += forget - f;
    d->bins[i < MYNA_DELAY_BINS ? i : MYNA_DELAY_BINS - 1] += 1 - forget;
    set_target(d);
}

/* true: this packet belongs to a burst that nobody understands yet. */
static bool follow_burst(struct myna_delay *d, myna_us now, myna_us transit, myna_us gap)
{
    myna_us late = transit - base_of(d);

    if (gap > GAP_MS * MYNA_MS && late > GAP_MS * MYNA_MS) {
        d->burst = 1;
        d->burst_transit = transit;
        return true;
    }
    if (!d->burst)
        return false;
    if (late < GAP_MS * MYNA_MS / 2 && gap >= MYNA_FRAME_US / 2) {
        d->burst = 0; /* caught up */
        return false;
    }
    if (late < GAP_MS * MYNA_MS / 2 || transit < d->burst_transit - GAP_MS * MYNA_MS / 4) {
        d->burst_transit = transit; /* catching up */
        d->burst = 1;
    } else if (++d->burst > BURST_PACKETS) {
        rebase(d, now, transit);
    }
    return true;
}

void myna_delay_packet(struct myna_delay *d, myna_us now, int64_t ticks)
{
    myna_us transit = now - ticks_us(ticks), late, gap = now - d->last_arrival;

    d->last_arrival = now;
    if (!d->begun || transit < base_of(d) - LEAP_S * MYNA_S) {
        d->begun = true;
        rebase(d, now, transit);
        return;
    }
    if (follow_burst(d, now, transit, gap))
        return;
    follow_base(d, now, transit);
    late = transit - base_of(d);
    count(d, late > 0 ? late : 0, gap);
}

myna_us myna_delay_due(const struct myna_delay *d, int64_t ticks)
{
    return base_of(d) + ticks_us(ticks);
}

void myna_delay_set_extra(struct myna_delay *d, myna_us at_least, myna_us plus)
{
    if (at_least == d->extra && plus == d->plus)
        return;
    d->extra = at_least;
    d->plus = plus;
    set_target(d);
}
