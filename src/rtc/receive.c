/* receive.c - packets of a remote voice as they come: which of them are news, when they could have
 * come at the earliest (delay.h), and what they hold, kept until its turn (jitter.h). Also what is
 * asked for again, and the reports. What becomes of them: receive_play.c.
 */
#include <stdlib.h>
#include <string.h>

#include "rtc/receive_inside.h"

enum {
    BACKWARDS = 48 * 200, /* a time stamp that falls back so far begins a new stream */
    SILENCE_BYTES = 100,
    NOISE_AFTER = 10, /* frames without a packet: then one that holds no voice is comfort noise */
    RESENT_MS = 200,
    WORTH_MS = 150, /* a round trip that is worth waiting for */
    /* What is lost is missed a frame later, asked for at the tick after (5 to 25 ms), decoded up to
     * a frame before its turn, and a machine has its moments. */
    AGAIN_MS = 80,
};

struct myna_receive *myna_receive_create(uint32_t jitter_max_ms)
{
    struct myna_receive *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->jitter_max_ms = jitter_max_ms;
    r->decoder = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    r->jitter = myna_jitter_create();
    if (!r->decoder || !r->jitter) {
        myna_receive_destroy(r);
        return NULL;
    }
    myna_receive_reset(r);
    return r;
}

void myna_receive_destroy(struct myna_receive *r)
{
    if (!r)
        return;
    myna_opus_decoder_destroy(r->decoder);
    myna_jitter_destroy(r->jitter);
    free(r);
}

void myna_receive_reset(struct myna_receive *r)
{
    r->lost_before += myna_arrivals_lost(&r->arrivals);
    myna_opus_decoder_reset(r->decoder);
    myna_jitter_clear(r->jitter);
    myna_delay_init(&r->delay, MYNA_FRAME_US, r->jitter_max_ms * MYNA_MS);
    myna_arrivals_clear(&r->arrivals);
    r->mode = RESTING;
    r->n_unheard = 0;
    r->stalled = 0;
    r->again_after = 0;
    r->redundancy_seen = -MYNA_S;
    r->lossy = false;
    r->made_up = r->since_stretch = 0;
    r->n_pcm = r->n_silent = r->n_made_up = 0;
}

bool myna_receive_begun(const struct myna_receive *r)
{
    return r->arrivals.begun;
}

uint32_t myna_receive_ssrc(const struct myna_receive *r)
{
    return r->ssrc;
}

/* --- packets in --- */

bool myna_receive_i_says_silence(struct myna_view v)
{
    if (v.len <= 2)
        return true;
    if ((v.ptr[0] | 4) != 0xfc || v.ptr[1] != 0xff || v.ptr[2] != 0xfe || v.len > SILENCE_BYTES)
        return false;
    for (size_t i = 3; i < v.len; i++)
        if (v.ptr[i])
            return false;
    return true;
}

bool myna_receive_i_is_noise(struct myna_view v, int64_t after)
{
    return myna_receive_i_says_silence(v) ||
           (after >= NOISE_AFTER * TICKS && !myna_opus_may_speak(v));
}

/* false: there is one of that time already, or it is past. */
static bool store(struct myna_receive *r, const struct myna_jitter_packet *head,
                  struct myna_view payload)
{
    struct myna_jitter_packet p = {.ticks = head->ticks,
                                   .arrived = head->arrived,
                                   .seq = head->seq,
                                   .redundant = head->redundant,
                                   .length = myna_opus_ticks(payload)};

    if (!p.length)
        return false;
    if (p.ticks + (int64_t)p.length <= r->next) {
        r->stats.late += !p.redundant;
        return false;
    }
    switch (myna_jitter_insert(r->jitter, &p, payload)) {
    case MYNA_JITTER_PUSHED:
        r->stats.late++;
        return true;
    case MYNA_JITTER_NEW:
        return true;
    case MYNA_JITTER_TOO_OLD:
        r->stats.late += !p.redundant;
        return false;
    case MYNA_JITTER_DUPLICATE:
    case MYNA_JITTER_TOO_LONG:
        break;
    }
    return false;
}

/* The copies first: they are older. true: the packet itself was of use. */
static bool store_red(struct myna_receive *r, struct myna_jitter_packet *head, struct myna_view v,
                      int opus_pt)
{
    struct myna_red_block blocks[MYNA_RED_BLOCKS];
    size_t n = myna_red_parse(v, blocks);
    uint32_t length = n ? myna_opus_ticks(blocks[n - 1].payload) : 0;
    bool used = false, asked;

    if (!length)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct myna_jitter_packet one = *head;

        if (blocks[i].pt != opus_pt)
            continue;
        one.redundant = i + 1 < n;
        one.ticks -= blocks[i].ts_offset;
        one.seq = (uint16_t)(head->seq - (blocks[i].ts_offset + length / 2) / length);
        used = store(r, &one, blocks[i].payload);
        if (used && one.redundant) /* no need to ask for it any more */
            (void)myna_missing_found(&r->arrivals.missing, one.seq, &asked);
    }
    return used;
}

static void begin(struct myna_receive *r, const struct myna_rtp *p)
{
    r->ssrc = p->ssrc;
    r->taken = false;
    r->newest = (int64_t)1 << 33; /* room below for what is older */
    r->newest_ts = p->ts;
    r->next = r->newest - 48000; /* a second before it may still come */
    r->last_seq = (uint16_t)(p->seq - 1);
}

/* Whether this is Opus or RED of Opus, by its first bytes. */
static bool is_ours(const struct myna_rtp *p, int opus_pt, int red_pt)
{
    struct myna_red_block blocks[MYNA_RED_BLOCKS];
    size_t n;

    if (p->pt == opus_pt)
        return myna_opus_ticks(p->payload) > 0;
    if (red_pt < 0 || p->pt != red_pt)
        return false;
    n = myna_red_parse(p->payload, blocks);
    return n && blocks[n - 1].pt == opus_pt && myna_opus_ticks(blocks[n - 1].payload) > 0;
}

static enum myna_arrival arrive(struct myna_receive *r, myna_us now, const struct myna_rtp *p)
{
    enum myna_arrival how;
    bool newer;

    if (r->arrivals.begun && p->ssrc != r->ssrc)
        myna_receive_reset(r);
    newer = r->arrivals.begun && myna_seq_diff(p->seq, r->arrivals.newest) > 0;
    how = newer && myna_ts_diff(p->ts, r->newest_ts) < -BACKWARDS
              ? MYNA_ARRIVAL_RESTART
              : myna_arrivals_packet(&r->arrivals, now, p->seq, p->ts);
    if (how == MYNA_ARRIVAL_RESTART) {
        myna_receive_reset(r);
        how = myna_arrivals_packet(&r->arrivals, now, p->seq, p->ts);
    }
    return how;
}

/* What is asked for and what comes back get lost as well: where it is many, there is time for a
 * second question as long as two round trips are short. */
static myna_us wait_for_again(const struct myna_receive *r, double rate)
{
    myna_us rtt = r->again_after - AGAIN_MS * MYNA_MS;

    if (!r->again_after || rate < 0.06 || 2 * rtt > WORTH_MS * MYNA_MS)
        return r->again_after;
    return r->again_after + rtt + MYNA_FRAME_US;
}

/* While packets get lost it pays to wait for what makes up for them. */
static void allow_for_loss(struct myna_receive *r, myna_us now, const struct myna_rtp *p,
                           int opus_pt)
{
    double rate = r->arrivals.missing.rate;
    bool lossy = r->lossy ? rate > 0.01 : rate > 0.03;

    r->lossy = lossy;
    if (p->pt != opus_pt || myna_opus_has_fec(p->payload))
        r->redundancy_seen = now;
    myna_delay_set_extra(&r->delay, lossy ? wait_for_again(r, rate) : 0,
                         lossy && now - r->redundancy_seen < MYNA_S ? MYNA_FRAME_US : 0);
}

/* What was asked for again may have been late all the same: as long as it is not by far. */
static bool tells_delay(const struct myna_receive *r, myna_us now, enum myna_arrival how,
                        int64_t ticks)
{
    return how != MYNA_ARRIVAL_AGAIN &&
           (how != MYNA_ARRIVAL_RESENT ||
            now - myna_delay_due(&r->delay, ticks) < RESENT_MS * MYNA_MS);
}

bool myna_receive_rests(const struct myna_receive *r)
{
    return r->mode == RESTING && !r->n_pcm && !myna_jitter_count(r->jitter);
}

bool myna_receive_is_noise(const struct myna_receive *r, const struct myna_rtp *p, int opus_pt)
{
    return r->arrivals.begun && myna_receive_rests(r) && p->pt == opus_pt && p->ssrc == r->ssrc &&
           p->seq == (uint16_t)(r->arrivals.newest + 1) &&
           myna_receive_i_is_noise(p->payload, myna_ts_diff(p->ts, r->newest_ts));
}

void myna_receive_i_catch_up(struct myna_receive *r)
{
    const uint8_t *at = r->unheard, *end = at + r->n_unheard;

    for (; at < end; at += 1 + *at)
        (void)!myna_opus_decode(r->decoder, (struct myna_view){at + 1, *at}, r->pcm + r->n_pcm,
                                MOST);
    r->n_unheard = 0;
}

void myna_receive_i_decode_unheard(struct myna_receive *r, struct myna_view v)
{
    if (myna_receive_i_says_silence(v))
        return;
    if (r->n_unheard + 1 + v.len > UNHEARD)
        myna_receive_i_catch_up(r);
    if (1 + v.len > UNHEARD) {
        (void)!myna_opus_decode(r->decoder, v, r->pcm + r->n_pcm, MOST);
        return;
    }
    r->unheard[r->n_unheard++] = (uint8_t)v.len;
    memcpy(r->unheard + r->n_unheard, v.ptr, v.len);
    r->n_unheard += v.len;
}

static void take_noise(struct myna_receive *r, int64_t ticks, const struct myna_rtp *p)
{
    myna_receive_i_decode_unheard(r, p->payload);
    r->taken = true;
    r->next = ticks + myna_opus_ticks(p->payload);
    r->last_seq = p->seq;
    r->stalled = 0;
    r->quiet = true;
}

bool myna_receive_packet(struct myna_receive *r, myna_us now, const struct myna_rtp *p, int opus_pt,
                         int red_pt)
{
    bool first, used, ahead, noise;
    struct myna_jitter_packet head = {.arrived = now, .seq = p->seq};
    enum myna_arrival how;

    if (!is_ours(p, opus_pt, red_pt))
        return false;
    noise = myna_receive_is_noise(r, p, opus_pt);
    how = arrive(r, now, p);
    if (how == MYNA_ARRIVAL_STRAY)
        return false;
    first = r->arrivals.came == 1 && how == MYNA_ARRIVAL_IN_ORDER;
    if (first)
        begin(r, p);
    r->stats.received++;
    head.ticks = r->newest + myna_ts_diff(p->ts, r->newest_ts);
    ahead = how == MYNA_ARRIVAL_IN_ORDER || how == MYNA_ARRIVAL_AHEAD;
    if (!ahead && head.ticks > r->newest)
        return false; /* an older number with a younger time: of before a restart, or a lie */
    if (ahead) {
        r->newest = head.ticks;
        r->newest_ts = p->ts;
    }
    allow_for_loss(r, now, p, opus_pt);
    if (tells_delay(r, now, how, head.ticks))
        myna_delay_packet(&r->delay, now, head.ticks);
    if (noise && how == MYNA_ARRIVAL_IN_ORDER) {
        take_noise(r, head.ticks, p);
        return true;
    }
    used =
        p->pt == opus_pt ? store(r, &head, p->payload) : store_red(r, &head, p->payload, opus_pt);
    r->stats.duplicate += how == MYNA_ARRIVAL_AGAIN && !used;
    r->stats.recovered += how == MYNA_ARRIVAL_RESENT && used;
    return true;
}

/* --- reports --- */

size_t myna_receive_nacks(struct myna_receive *r, myna_us now, myna_us rtt, uint16_t *into,
                          size_t max)
{
    const struct myna_arrivals *a = &r->arrivals;
    /* Twice a round trip: livekit-server answers no question about a packet that it sent less than
     * 100 ms or two round trips ago, and none twice within that time. */
    myna_us again = rtt < 0 ? 100 * MYNA_MS : rtt / 2 + MYNA_FRAME_US / 2;
    int64_t ahead = (r->newest - r->next) / TICKS; /* packets that are still to be played */

    r->again_after = rtt >= 0 && rtt < WORTH_MS * MYNA_MS ? rtt + AGAIN_MS * MYNA_MS : 0;
    ahead = ahead < 0 ? 0 : ahead > MYNA_MISSING_MAX ? MYNA_MISSING_MAX : ahead;
    return myna_missing_ask(&r->arrivals.missing, now, again, (uint16_t)(a->newest - ahead), into,
                            max);
}

void myna_receive_sender_report(struct myna_receive *r, myna_us now, uint64_t ntp)
{
    myna_arrivals_sender_report(&r->arrivals, now, ntp);
}

bool myna_receive_report(struct myna_receive *r, myna_us now, struct myna_rtcp_block *into)
{
    if (!myna_arrivals_report(&r->arrivals, now, into))
        return false;
    into->ssrc = r->ssrc;
    return true;
}

void myna_receive_stats(const struct myna_receive *r, struct myna_rtc_audio_stats *into)
{
    *into = r->stats;
    into->lost = r->lost_before + myna_arrivals_lost(&r->arrivals);
    into->jitter = (myna_us)(r->arrivals.jitter_ticks * 125 / 6);
    into->delay_target = r->delay.target;
    into->drift_ppm = r->delay.drift_ppm;
}
