/* receive.c - from packets to frames.
 *
 * The clock of everything is `next`: the time stamp (48 kHz ticks, unwrapped) that the next decoded
 * sound must have. Decoded sound waits in `pcm` (16 kHz) until 320 samples are together. What to do
 * when a frame is asked for and `pcm` is short:
 *
 *   the packet at `next` is there     decode it
 *   a later one is there, it is due   a gap: recover from its FEC, or conceal, up to it
 *   a later one, not yet due          a pause of the sender: silence
 *   nothing there                     stall: conceal without moving `next`, so that what comes late
 *                                     is still played; the delay has grown then, and shrinks again
 *
 * "Delay" is how long after its earliest possible arrival (delay.h) a sample is played.
 */
#include "rtc/receive.h"

#include <stdlib.h>
#include <string.h>

#include "audio/opus.h"
#include "audio/stretch.h"
#include "rtc/delay.h"
#include "rtc/jitter.h"
#include "rtc/missing.h"

enum {
    TICKS = 960,    /* of 20 ms at 48 kHz */
    PER_SAMPLE = 3, /* ticks of a sample at 16 kHz */
    MOST = MYNA_OPUS_MAX_MS * 16,
    FADE_FRAMES = 5,   /* stalled frames that are made up before plain silence */
    DTX_BYTES = 2,     /* a packet of at most so many says: nobody speaks */
    JUMP_S = 10,       /* a time stamp further off than this begins a new stream */
    STRETCH_EVERY = 3, /* frames */
};

struct myna_receive {
    struct myna_opus_decoder *decoder;
    struct myna_jitter *jitter;
    struct myna_delay delay;
    struct myna_missing missing;
    bool begun, playing;
    uint32_t ssrc;
    int64_t newest; /* ticks of the newest packet */
    uint32_t newest_ts;
    uint16_t newest_seq;
    int64_t next;
    int64_t stalled; /* ticks of sound made up while nothing was there */
    bool quiet;      /* the sender said so (DTX), or paused */
    int since_stretch, made_up_in_a_row;
    myna_us last_captured;
    /* decoded, not yet handed out */
    int16_t pcm[2 * MOST + MYNA_STRETCH_MAX];
    size_t n_pcm;
    size_t n_silent, n_made_up; /* of these, at the end: silence, made up */
    /* reports (RFC 3550, A.3, A.8) */
    uint16_t first_seq;
    uint32_t cycles;
    uint64_t in_report, expected_before, received_before;
    double jitter_ticks;
    int64_t last_transit_ticks;
    bool has_transit, has_news;
    uint64_t unique;
    uint32_t lsr;
    myna_us lsr_at;
    struct myna_rtc_audio_stats stats;
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
    myna_opus_decoder_reset(r->decoder);
    myna_jitter_clear(r->jitter);
    myna_delay_init(&r->delay, MYNA_FRAME_US, r->jitter_max_ms * MYNA_MS);
    myna_missing_clear(&r->missing);
    r->begun = r->playing = r->quiet = false;
    r->stalled = 0;
    r->n_pcm = r->n_silent = r->n_made_up = 0;
    r->cycles = 0;
    r->unique = r->expected_before = r->received_before = 0;
    r->has_transit = r->has_news = false;
    r->jitter_ticks = 0;
    r->lsr = 0;
}

bool myna_receive_begun(const struct myna_receive *r)
{
    return r->begun;
}

uint32_t myna_receive_ssrc(const struct myna_receive *r)
{
    return r->ssrc;
}

/* --- packets in --- */

static void begin(struct myna_receive *r, const struct myna_rtp *p)
{
    r->begun = true;
    r->ssrc = p->ssrc;
    r->newest = (int64_t)1 << 32; /* room below for what is older */
    r->newest_ts = p->ts;
    r->newest_seq = p->seq;
    r->first_seq = p->seq;
    r->next = r->newest;
}

static int64_t unwrap(const struct myna_receive *r, uint32_t ts)
{
    return r->newest + myna_ts_diff(ts, r->newest_ts);
}

/* RFC 3550, A.8. A DTX pause is not jitter: both clocks ran on. */
static void measure_jitter(struct myna_receive *r, myna_us now, int64_t ticks)
{
    int64_t transit = now * 6 / 125 - ticks, d = transit - r->last_transit_ticks;

    if (r->has_transit)
        r->jitter_ticks += ((double)(d < 0 ? -d : d) - r->jitter_ticks) / 16;
    r->last_transit_ticks = transit;
    r->has_transit = true;
}

static void store(struct myna_receive *r, int64_t ticks, uint16_t seq, bool redundant,
                  struct myna_view payload)
{
    uint32_t length = myna_opus_ticks(payload);
    uint64_t pushed_out = 0;

    if (!length)
        return;
    if (r->playing && ticks + (int64_t)length <= r->next) {
        r->stats.late += !redundant;
        return;
    }
    switch (myna_jitter_insert(r->jitter, ticks, length, seq, redundant, payload, &pushed_out)) {
    case MYNA_JITTER_NEW:
        break;
    case MYNA_JITTER_DUPLICATE:
    case MYNA_JITTER_TOO_LONG:
        r->stats.duplicate += !redundant;
        break;
    }
    r->stats.late += pushed_out;
}

static void store_red(struct myna_receive *r, int64_t ticks, const struct myna_rtp *p, int opus_pt)
{
    struct myna_red_block blocks[MYNA_RED_BLOCKS];
    size_t n = myna_red_parse(p->payload, blocks);

    for (size_t i = 0; i < n; i++)
        if (blocks[i].pt == opus_pt)
            store(r, ticks - blocks[i].ts_offset, (uint16_t)(p->seq - (n - 1 - i)), i + 1 < n,
                  blocks[i].payload);
}

/* Moves the newest on; true: this one follows it directly. */
static bool follow(struct myna_receive *r, myna_us now, const struct myna_rtp *p, int64_t ticks)
{
    int ahead = myna_seq_diff(p->seq, r->newest_seq);

    if (ahead <= 0) {
        if (myna_missing_found(&r->missing, p->seq))
            r->stats.recovered += r->missing.was_asked;
        return false;
    }
    for (int i = 1; i < ahead; i++)
        myna_missing_add(&r->missing, now, (uint16_t)(r->newest_seq + i));
    if (p->seq < r->newest_seq)
        r->cycles += 1u << 16; /* it wrapped */
    r->newest_seq = p->seq;
    r->newest = ticks;
    r->newest_ts = p->ts;
    myna_missing_good(&r->missing);
    return ahead == 1;
}

bool myna_receive_packet(struct myna_receive *r, myna_us now, const struct myna_rtp *p, int opus_pt,
                         int red_pt)
{
    int64_t ticks;
    bool in_order;

    if ((p->pt != opus_pt && p->pt != red_pt) || !p->payload.len ||
        (p->pt == opus_pt && !myna_opus_ticks(p->payload)))
        return false;
    if (r->begun) {
        int32_t jump = myna_ts_diff(p->ts, r->newest_ts);

        if (p->ssrc != r->ssrc ||
            (abs(myna_seq_diff(p->seq, r->newest_seq)) > 3000 && abs(jump) > JUMP_S * 48000))
            myna_receive_reset(r);
    }
    if (!r->begun)
        begin(r, p);
    ticks = unwrap(r, p->ts);
    r->stats.received++;
    r->unique++;
    r->has_news = true;
    measure_jitter(r, now, ticks);
    in_order = follow(r, now, p, ticks);
    myna_delay_packet(&r->delay, now, ticks, in_order || ticks == r->next);
    if (p->pt == opus_pt)
        store(r, ticks, p->seq, false, p->payload);
    else
        store_red(r, ticks, p, opus_pt);
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

static void conceal(struct myna_receive *r)
{
    size_t n = myna_opus_conceal(r->decoder, r->pcm + r->n_pcm, MYNA_IN_SAMPLES);

    if (n)
        appended(r, n, true);
    else
        append_silence(r, MYNA_IN_SAMPLES);
}

static void decode_first(struct myna_receive *r)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);
    size_t samples = p->length / PER_SAMPLE, n;

    if (p->redundant)
        r->stats.recovered++;
    r->made_up_in_a_row = 0;
    if (p->len <= DTX_BYTES) {
        if (!r->quiet && samples == MYNA_IN_SAMPLES)
            conceal(r); /* lets the last sound of speech die away */
        else
            append_silence(r, samples);
        r->quiet = true;
    } else {
        r->quiet = false;
        n = myna_opus_decode(r->decoder, (struct myna_view){p->data, p->len}, r->pcm + r->n_pcm,
                             MOST);
        if (n)
            appended(r, n, false);
        else
            append_silence(r, samples);
    }
    r->next = p->ticks + p->length;
    r->stalled = 0;
    myna_jitter_drop_first(r->jitter);
}

static myna_us delay_now(const struct myna_receive *r, myna_us now)
{
    return now - myna_delay_due(&r->delay, r->next - (int64_t)r->n_pcm * PER_SAMPLE);
}

/* A later packet waits: is `next` lost, or did the sender pause? */
static void cross_gap(struct myna_receive *r, myna_us now)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);
    int64_t gap = p->ticks - r->next;
    bool due = now - myna_delay_due(&r->delay, p->ticks) >= r->delay.target - MYNA_FRAME_US / 2;

    if (gap > r->stalled && r->stalled) { /* part of the gap has been heard as a stall */
        r->next += r->stalled;
        gap -= r->stalled;
        r->stalled = 0;
    }
    if (gap < TICKS || gap <= r->stalled) {
        r->next = p->ticks;
        r->stalled = 0;
        return;
    }
    if (r->quiet || r->made_up_in_a_row >= FADE_FRAMES) {
        if (due) { /* the pause is over; all waiting from here on is the target's */
            r->next = p->ticks;
            return;
        }
        append_silence(r, MYNA_IN_SAMPLES);
    } else if (gap < 2 * TICKS && myna_opus_has_fec((struct myna_view){p->data, p->len})) {
        size_t n = myna_opus_recover(r->decoder, (struct myna_view){p->data, p->len},
                                     r->pcm + r->n_pcm, MYNA_IN_SAMPLES);

        r->stats.recovered++;
        if (n)
            appended(r, n, false);
        else
            append_silence(r, MYNA_IN_SAMPLES);
    } else {
        conceal(r);
        r->made_up_in_a_row++;
    }
    r->next += TICKS;
}

static void stall(struct myna_receive *r)
{
    if (r->quiet) { /* the sender is silent: its time passes */
        append_silence(r, MYNA_IN_SAMPLES);
        r->next += TICKS;
        return;
    }
    if (r->made_up_in_a_row < FADE_FRAMES)
        conceal(r);
    else
        append_silence(r, MYNA_IN_SAMPLES);
    r->made_up_in_a_row++;
    r->stalled += TICKS;
}

/* Packets that could no longer be played in time even if all before them were skipped. */
static void drop_overdue(struct myna_receive *r, myna_us now)
{
    const struct myna_jitter_packet *p;

    while ((p = myna_jitter_first(r->jitter)) && myna_jitter_count(r->jitter) > 1 &&
           now - myna_delay_due(&r->delay, p->ticks) >
               (r->jitter_max_ms + MYNA_FRAME_MS) * MYNA_MS) {
        r->next = p->ticks + p->length;
        r->stats.late++;
        myna_jitter_drop_first(r->jitter);
    }
}

static bool begin_playing(struct myna_receive *r, myna_us now)
{
    const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

    if (!p || now - myna_delay_due(&r->delay, p->ticks) < r->delay.target - MYNA_FRAME_US / 2)
        return false;
    r->next = p->ticks;
    r->playing = true;
    r->quiet = false;
    r->made_up_in_a_row = 0;
    return true;
}

static void fill(struct myna_receive *r, myna_us now, size_t want)
{
    while (r->n_pcm < want) {
        const struct myna_jitter_packet *p = myna_jitter_first(r->jitter);

        if (p && p->ticks + (int64_t)p->length <= r->next)
            myna_jitter_drop_first(r->jitter);
        else if (p && p->ticks <= r->next)
            decode_first(r);
        else if (p)
            cross_gap(r, now);
        else
            stall(r);
    }
}

/* Brings the delay nearer to its target: in silence at once, in speech by a period at a time. */
static void adapt(struct myna_receive *r, myna_us now)
{
    myna_us over = delay_now(r, now) - r->delay.target;
    bool silent = r->n_silent >= MYNA_IN_SAMPLES ||
                  (r->n_pcm >= MYNA_IN_SAMPLES && myna_stretch_is_quiet(r->pcm, MYNA_IN_SAMPLES));

    r->since_stretch++;
    if (over > MYNA_FRAME_US && myna_jitter_count(r->jitter) > 0) {
        if (silent && r->n_pcm >= MYNA_IN_SAMPLES) {
            r->n_pcm -= MYNA_IN_SAMPLES;
            memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, r->n_pcm * sizeof *r->pcm);
            r->stats.stretched++;
            fill(r, now, MYNA_IN_SAMPLES);
        } else if (r->since_stretch >= STRETCH_EVERY || over > 5 * MYNA_FRAME_US) {
            fill(r, now, MYNA_STRETCH_NEEDS);
            if (myna_stretch_shorten(r->pcm, &r->n_pcm)) {
                r->stats.stretched++;
                r->since_stretch = 0;
            }
            fill(r, now, MYNA_IN_SAMPLES);
        }
    } else if (over < -MYNA_FRAME_US && r->since_stretch >= STRETCH_EVERY && !r->quiet &&
               r->n_pcm >= MYNA_STRETCH_NEEDS) {
        if (myna_stretch_lengthen(r->pcm, &r->n_pcm)) {
            r->stats.stretched++;
            r->since_stretch = 0;
        }
    }
}

static void hand_out(struct myna_receive *r, struct myna_frame *into)
{
    size_t rest = r->n_pcm - MYNA_IN_SAMPLES;

    memcpy(into->pcm, r->pcm, sizeof into->pcm);
    memmove(r->pcm, r->pcm + MYNA_IN_SAMPLES, rest * sizeof *r->pcm);
    into->flags = 0;
    if (r->n_silent >= r->n_pcm)
        into->flags |= MYNA_FRAME_SILENT;
    if (r->n_made_up > rest) { /* part of this frame at least */
        into->flags |= MYNA_FRAME_CONCEALED;
        r->stats.concealed++;
    }
    r->n_pcm = rest;
    if (r->n_silent > rest)
        r->n_silent = rest;
    if (r->n_made_up > rest)
        r->n_made_up = rest;
}

void myna_receive_frame(struct myna_receive *r, myna_us now, struct myna_frame *into)
{
    myna_us captured;

    into->who = 0;
    r->stats.frames++;
    if (!r->playing && !begin_playing(r, now)) {
        memset(into->pcm, 0, sizeof into->pcm);
        into->flags = MYNA_FRAME_SILENT;
        captured = now - MYNA_FRAME_US - r->delay.target;
    } else {
        drop_overdue(r, now);
        fill(r, now, MYNA_IN_SAMPLES);
        adapt(r, now);
        /* A packet leaves when its last sample is captured: one frame before it may arrive. */
        captured =
            myna_delay_due(&r->delay, r->next - (int64_t)r->n_pcm * PER_SAMPLE) - MYNA_FRAME_US;
        r->stats.delay = delay_now(r, now);
        hand_out(r, into);
    }
    if (captured <= r->last_captured)
        captured = r->last_captured + 1;
    into->captured = r->last_captured = captured;
}

/* --- reports --- */

size_t myna_receive_nacks(struct myna_receive *r, myna_us now, myna_us rtt, uint16_t *into,
                          size_t max)
{
    myna_us again = rtt < 0 ? 100 * MYNA_MS : rtt + MYNA_FRAME_US;
    size_t n = myna_missing_ask(&r->missing, now, again, into, max);

    /* While packets get lost it pays to wait for their second coming, up to a point. */
    if (r->missing.rate > 0.01 && rtt >= 0 && rtt < 150 * MYNA_MS)
        myna_delay_set_extra(&r->delay, rtt + 3 * MYNA_FRAME_US);
    else
        myna_delay_set_extra(&r->delay, 0);
    return n;
}

void myna_receive_sender_report(struct myna_receive *r, myna_us now, uint64_t ntp)
{
    r->lsr = myna_ntp_middle(ntp);
    r->lsr_at = now;
}

bool myna_receive_report(struct myna_receive *r, myna_us now, struct myna_rtcp_block *into)
{
    uint64_t expected, expected_now, received_now;

    if (!r->begun || !r->has_news)
        return false;
    expected = (uint64_t)r->cycles + r->newest_seq - r->first_seq + 1;
    expected_now = expected - r->expected_before;
    received_now = r->unique - r->received_before;
    *into = (struct myna_rtcp_block){
        .ssrc = r->ssrc,
        .fraction = (uint8_t)(expected_now > received_now
                                  ? (expected_now - received_now) * 255 / expected_now
                                  : 0),
        .lost = (int32_t)((int64_t)expected - (int64_t)r->unique),
        .highest = r->cycles + r->newest_seq,
        .jitter = (uint32_t)r->jitter_ticks,
        .lsr = r->lsr,
        .dlsr = r->lsr ? (uint32_t)((now - r->lsr_at) * 65536 / MYNA_S) : 0,
    };
    r->expected_before = expected;
    r->received_before = r->unique;
    r->has_news = false;
    return true;
}

void myna_receive_stats(const struct myna_receive *r, struct myna_rtc_audio_stats *into)
{
    uint64_t expected = (uint64_t)r->cycles + r->newest_seq - r->first_seq + 1;
    struct myna_rtc_audio_stats s = r->stats;

    s.lost = r->begun && expected > r->unique ? expected - r->unique : 0;
    s.jitter = (myna_us)(r->jitter_ticks * 125 / 6);
    s.delay_target = r->delay.target;
    s.drift_ppm = r->delay.drift_ppm;
    *into = s;
}
