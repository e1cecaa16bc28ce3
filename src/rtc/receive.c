/* receive.c - from packets to frames.
 *
 * The clock of everything is `next`: the time stamp (48 kHz ticks, unwrapped) that the next decoded
 * sound must have. Decoded sound waits in `pcm` (16 kHz) until 320 samples are together. What to do
 * when a frame is asked for and `pcm` is short:
 *
 *   PLAYING   the packet at `next` is there   decode it; one that says silence: fade, RESTING
 *             a later one is there, lost some recover from its FEC, or make up, on to it
 *             a later one, nothing lost       the sender paused: fade, RESTING
 *             nothing there                   make up without moving `next`, so that what comes
 * late is still played; after 100 ms of that: RESTING RESTING   the first packet is due PLAYING
 * from its time stamp on else                            silence
 *
 * "Delay" is how long after its earliest possible arrival (delay.h) a sample is played. It grows
 * when something comes late, and adapt() brings it back to where delay.h wants it.
 */
#include "rtc/receive.h"

#include <stdlib.h>
#include <string.h>

#include "audio/opus.h"
#include "audio/stretch.h"
#include "rtc/arrivals.h"
#include "rtc/delay.h"
#include "rtc/jitter.h"

enum {
    TICKS = 960,    /* of 20 ms at 48 kHz */
    PER_SAMPLE = 3, /* ticks of a sample at 16 kHz */
    MOST = MYNA_OPUS_MAX_MS * 16,
    FADE_FRAMES = 5,      /* frames that are made up in a row; the first at full level */
    BACKWARDS = 48 * 200, /* a time stamp that falls back so far begins a new stream */
    STRETCH_EVERY = 3,    /* frames */
    HURRY = 5,            /* frames too much: stretch in each */
    SILENCE_BYTES = 100,
    RESENT_MS = 200,
    WORTH_MS = 150, /* a round trip that is worth waiting for */
    /* What is lost is missed a frame later, asked for at the tick after (5 to 25 ms), decoded up to
     * a frame before its turn, and a machine has its moments. */
    AGAIN_MS = 80,
};

struct myna_receive {
    struct myna_opus_decoder *decoder;
    struct myna_jitter *jitter;
    struct myna_delay delay;
    struct myna_arrivals arrivals;
    enum { RESTING, PLAYING } mode;
    uint32_t ssrc;
    int64_t newest; /* ticks of the newest packet */
    uint32_t newest_ts;
    int64_t next;
    uint16_t last_seq; /* of the packet decoded last */
    int64_t stalled;   /* ticks of sound made up while nothing was there */
    int made_up;       /* frames in a row */
    bool quiet;        /* what was decoded last */
    int since_stretch;
    myna_us last_captured;
    myna_us again_after;     /* what is asked for takes so long to come; 0: unknown, or too long */
    myna_us redundancy_seen; /* RED or FEC, when last */
    bool lossy;
    /* decoded, not yet handed out */
    int16_t pcm[2 * MOST + MYNA_STRETCH_MAX];
    size_t n_pcm;
    size_t n_silent, n_made_up; /* of these, at the end: silence, made up */
    struct myna_rtc_audio_stats stats;
    uint64_t lost_before; /* by sources before this one */
    uint32_t jitter_max_ms;
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

bool myna_receive_packet(struct myna_receive *r, myna_us now, const struct myna_rtp *p, int opus_pt,
                         int red_pt)
{
    bool first, used, ahead;
    struct myna_jitter_packet head = {.arrived = now, .seq = p->seq};
    enum myna_arrival how;

    if (!is_ours(p, opus_pt, red_pt))
        return false;
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
    used =
        p->pt == opus_pt ? store(r, &head, p->payload) : store_red(r, &head, p->payload, opus_pt);
    r->stats.duplicate += how == MYNA_ARRIVAL_AGAIN && !used;
    r->stats.recovered += how == MYNA_ARRIVAL_RESENT && used;
    return true;
}

/* --- sound out --- */

static void append_silence(struct myna_receive *r, size_t n)
{
    memset(r->pcm + r->n_pcm, 0, n * sizeof *r->pcm);
    r->n_pcm += n;
    r->n_silent += n;
    r->n_made_up = 0;
}

static void appended(struct myna_receive *r, size_t n, bool made_up)
{
    r->n_pcm += n;
    r->n_silent = 0;
    r->n_made_up = made_up ? r->n_made_up + n : 0;
}

/* 20 ms out of what was before, from level `from` to `to` (of FADE_FRAMES - 1). */
static void make_up(struct myna_receive *r, int from, int to)
{
    int16_t *pcm = r->pcm + r->n_pcm;
    int whole = (FADE_FRAMES - 1) * MYNA_IN_SAMPLES;

    if (myna_opus_conceal(r->decoder, pcm, MYNA_IN_SAMPLES) != MYNA_IN_SAMPLES) {
        append_silence(r, MYNA_IN_SAMPLES);
        return;
    }
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        pcm[i] = (int16_t)(pcm[i] * (from * MYNA_IN_SAMPLES + (to - from) * i) / whole);
    appended(r, MYNA_IN_SAMPLES, true);
}

/* Level after `n` made up frames: the first stays, then it sinks. */
static int level_after(int n)
{
    return n <= 1 ? FADE_FRAMES - 1 : n >= FADE_FRAMES ? 0 : FADE_FRAMES - n;
}

static void make_up_next(struct myna_receive *r)
{
    make_up(r, level_after(r->made_up), level_after(r->made_up + 1));
    r->made_up++;
}

/* The sender pauses: what sounds dies away within a frame. */
static void rest(struct myna_receive *r)
{
    if (r->made_up < FADE_FRAMES)
        make_up(r, level_after(r->made_up), 0);
    r->mode = RESTING;
    r->stalled = 0;
    r->made_up = 0;
}

/* DTX (RFC 6716: one or two bytes), or the frame of digital silence that servers send for a
 * muted person, padded. */
static bool is_silence(const struct myna_jitter_packet *p)
{
    if (p->len <= 2)
        return true;
    if ((p->data[0] | 4) != 0xfc || p->data[1] != 0xff || p->data[2] != 0xfe ||
        p->len > SILENCE_BYTES)
        return false;
    for (size_t i = 3; i < p->len; i++)
        if (p->data[i])
            return false;
    return true;
}

static void take_first(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    r->next = p->ticks + p->length;
    r->last_seq = p->seq;
    r->stalled = 0;
    myna_jitter_drop_first(r->jitter);
}

static void decode(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    size_t n =
        myna_opus_decode(r->decoder, (struct myna_view){p->data, p->len}, r->pcm + r->n_pcm, MOST);

    r->quiet = myna_stretch_is_quiet(r->pcm + r->n_pcm, n);
    if (n)
        appended(r, n, false);
    else
        append_silence(r, p->length / PER_SAMPLE);
    r->made_up = 0;
    r->stats.recovered += p->redundant;
}

/* A later packet waits. */
static void cross_gap(struct myna_receive *r, const struct myna_jitter_packet *p)
{
    int64_t gap = p->ticks - r->next, heard = r->stalled < gap ? r->stalled : gap;
    struct myna_view v = {p->data, p->len};

    r->next += heard; /* part of it was heard as a stall */
    r->stalled = 0;
    gap -= heard;
    if (gap < TICKS / 4) {
        r->next = p->ticks; /* nothing worth making up */
    } else if (p->seq == (uint16_t)(r->last_seq + 1) || r->made_up >= FADE_FRAMES) {
        rest(r);
    } else if (gap < 2 * TICKS && p->length == TICKS && myna_opus_has_fec(v) &&
               myna_opus_recover(r->decoder, v, r->pcm + r->n_pcm, MYNA_IN_SAMPLES) ==
                   MYNA_IN_SAMPLES) {
        appended(r, MYNA_IN_SAMPLES, false);
        r->stats.recovered++;
        r->next += TICKS;
    } else {
        make_up_next(r);
        r->next += TICKS;
    }
}

/* Behind what was quiet there is nothing to go on with: that is how a pause with comfort noise
 * looks, one packet in 400 ms. */
static void stall(struct myna_receive *r)
{
    if (r->made_up >= FADE_FRAMES || r->quiet) {
        rest(r);
        return;
    }
    make_up_next(r);
    r->stalled += TICKS;
}

static void play(struct myna_receive *r)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    if (!p) {
        stall(r);
    } else if (p->ticks > r->next) {
        cross_gap(r, p);
    } else if (is_silence(p)) {
        take_first(r, p);
        rest(r);
    } else {
        decode(r, p);
        take_first(r, p);
    }
}

/* Is it the first packet's turn? After a long gap nobody knows yet whether it is late (delay.h):
 * then it waits from its arrival on. */
static bool is_due(const struct myna_receive *r, myna_us now, const struct myna_jitter_packet *p)
{
    myna_us from = r->delay.burst ? p->arrived : myna_delay_due(&r->delay, p->ticks);

    return now - from >= r->delay.target - MYNA_FRAME_US / 2;
}

static void doze(struct myna_receive *r, myna_us now)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    if (!p || !is_due(r, now, p)) {
        append_silence(r, MYNA_IN_SAMPLES);
    } else if (is_silence(p)) {
        take_first(r, p);
    } else {
        r->next = p->ticks;
        r->mode = PLAYING;
    }
}

static void fill(struct myna_receive *r, myna_us now, size_t want)
{
    while (r->n_pcm < want) {
        const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

        if (p && p->ticks + (int64_t)p->length <= r->next)
            myna_jitter_drop_first(r->jitter); /* made up in the meantime */
        else if (r->mode == PLAYING)
            play(r);
        else
            doze(r, now);
    }
}

/* More than may ever wait: a burst after an outage. The oldest is worth least. */
static void drop_surplus(struct myna_receive *r)
{
    const struct myna_jitter_packet *first;

    while ((first = myna_jitter_first(r->jitter)) && myna_jitter_count(r->jitter) > 1) {
        const struct myna_jitter_packet *last = myna_jitter_last(r->jitter);

        if (last->ticks + (int64_t)last->length - first->ticks <= (int64_t)r->jitter_max_ms * 48)
            return;
        r->stats.late++;
        take_first(r, first);
    }
}

static myna_us delay_now(const struct myna_receive *r, myna_us now)
{
    return now - myna_delay_due(&r->delay, r->next - (int64_t)r->n_pcm * PER_SAMPLE);
}

/* Sound may be decoded ahead of its turn only when it is there. */
static bool is_ready(const struct myna_receive *r)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    return r->mode == PLAYING && p && p->ticks <= r->next && !is_silence(p);
}

static void shorten(struct myna_receive *r, myna_us now, bool hurry)
{
    if (myna_stretch_is_quiet(r->pcm, MYNA_IN_SAMPLES)) {
        r->n_pcm -= MYNA_IN_SAMPLES;
        memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, r->n_pcm * sizeof *r->pcm);
        r->stats.stretched++;
    } else if (hurry || r->since_stretch >= STRETCH_EVERY) {
        fill(r, now, MYNA_STRETCH_NEEDS);
        if (myna_stretch_shorten(r->pcm, &r->n_pcm)) {
            r->stats.stretched++;
            r->since_stretch = 0;
        }
    }
    fill(r, now, MYNA_IN_SAMPLES);
}

static void lengthen(struct myna_receive *r, myna_us now)
{
    fill(r, now, MYNA_STRETCH_NEEDS);
    if (myna_stretch_lengthen(r->pcm, &r->n_pcm)) {
        r->stats.stretched++;
        r->since_stretch = 0;
    }
}

/* Brings the delay nearer to its target: in silence at once, in speech by a period at a time. Where
 * nothing waits there is nothing to stretch: then a frame is made up now and then, and what comes
 * meanwhile waits. */
static void adapt(struct myna_receive *r, myna_us now)
{
    myna_us over = delay_now(r, now) - r->delay.target;

    r->since_stretch++;
    if (r->delay.burst)
        return;
    if (!is_ready(r)) {
        if (over < -MYNA_FRAME_US && r->since_stretch >= STRETCH_EVERY && r->made_up == 0 &&
            !myna_jitter_count(r->jitter)) {
            make_up_next(r);
            r->since_stretch = 0;
        }
        return;
    }
    if (over > MYNA_FRAME_US)
        shorten(r, now, over > HURRY * MYNA_FRAME_US);
    else if (over < -MYNA_FRAME_US / 2 && r->since_stretch >= STRETCH_EVERY)
        lengthen(r, now);
}

static void hand_out(struct myna_receive *r, struct myna_frame *into)
{
    size_t rest_of_it = r->n_pcm - MYNA_IN_SAMPLES;

    memcpy(into->pcm, r->pcm, sizeof into->pcm);
    into->flags = 0;
    if (r->n_silent >= r->n_pcm)
        into->flags |= MYNA_FRAME_SILENT;
    if (r->n_made_up > rest_of_it) { /* part of this frame at least */
        into->flags |= MYNA_FRAME_CONCEALED;
        r->stats.concealed++;
    }
    memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, rest_of_it * sizeof *r->pcm);
    r->n_pcm = rest_of_it;
    if (r->n_silent > rest_of_it)
        r->n_silent = rest_of_it;
    if (r->n_made_up > rest_of_it)
        r->n_made_up = rest_of_it;
}

void myna_receive_frame(struct myna_receive *r, myna_us now, struct myna_frame *into)
{
    myna_us delay = r->delay.target, captured;

    into->who = 0;
    r->stats.frames++;
    drop_surplus(r);
    fill(r, now, MYNA_IN_SAMPLES);
    if (r->mode == PLAYING) {
        adapt(r, now);
        delay = delay_now(r, now);
        r->stats.delay = delay;
    }
    hand_out(r, into);
    /* A packet leaves when its last sample is captured: one frame before it may arrive. */
    captured = now - delay - MYNA_FRAME_US;
    if (captured <= r->last_captured)
        captured = r->last_captured + 1;
    into->captured = r->last_captured = captured;
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
