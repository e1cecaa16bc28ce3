/* network.h - a call over a bad network on a virtual clock: a sender that talks for ever, a link
 * that loses, delays, reorders, doubles, throttles and breaks by a seed, a receiver asked for a
 * frame every 20 ms. What was heard is measured at the sound itself: a beep each second.
 */
#ifndef TESTS_RTC_NETWORK_H
#define TESTS_RTC_NETWORK_H

#include "check.h"

#include <stdbool.h>

#include "audio/opus.h"
#include "rtc/receive.h"
#include "util/rand.h"

enum {
    LOOP = 50,       /* packets of the sender's text: one second */
    BEEP_FRAMES = 2, /* of them, at its beginning */
    LOUD = 6000,
    FLYING = 1024,
    SECONDS = 700,
    OPUS_PT = 111,
    RED_PT = 63,
};

struct link { /* times in us, chances of 1000 */
    myna_us base, jitter, reorder_by;
    uint32_t loss, reorder, twice;
    uint32_t bytes_per_s;     /* 0: any; a queue of 300 ms before it */
    myna_us out_from, out_to; /* nothing passes … */
    bool held;                /* … and comes all at once afterwards */
};

struct flight {
    myna_us at;
    uint32_t ts, ssrc;
    uint16_t seq;
    int text; /* packet of the loop; < 0: silence of 1 byte */
    bool used;
};

struct call {
    struct link link, back; /* back: for what we ask */
    struct myna_receive *r;
    struct myna_rand rand;
    myna_us now;
    /* sender */
    myna_us started;
    int ppm;
    int64_t sent; /* frames of its clock, also silent ones */
    uint32_t ts, ssrc;
    uint16_t seq;
    bool nack, red, mute;
    bool stands; /* its time stamp, while it is mute */
    bool talks;  /* else DTX: a byte every 400 ms */
    int quiet;
    int texts[65536]; /* by sequence number: what it said there */
    uint32_t stamps[65536];
    myna_us queue_free;
    struct flight flying[FLYING];
    int n_flying;
    /* heard */
    struct myna_frame frame;
    myna_us delay_at[SECONDS]; /* by second of the sender's clock; < 0: no beep heard */
    int64_t refused;           /* packets that were not taken: strays */
    int64_t frames, silent, concealed, longest_silence, silence_run;
    myna_us rtt;
};

static uint8_t text_bytes[LOOP][400];
static struct myna_view text[LOOP];
static myna_us beep_at; /* where in what the decoder gives the beep is loud */

static int loudest(const int16_t *pcm, int n)
{
    int loud = 0;

    for (int i = 0; i < n; i++)
        loud = abs(pcm[i]) > loud ? abs(pcm[i]) : loud;
    return loud;
}

static void find_beep(void)
{
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int16_t pcm[MYNA_IN_SAMPLES];

    CHECK(d);
    for (int f = 0; f < 2 * LOOP && !beep_at; f++) {
        CHECK(myna_opus_decode(d, text[f % LOOP], pcm, MYNA_IN_SAMPLES));
        for (int i = 0; f >= LOOP && i < MYNA_IN_SAMPLES && !beep_at; i += 16)
            if (loudest(pcm + i, 16) > LOUD)
                beep_at = (f - LOOP) * MYNA_FRAME_US + i * 1000 / 16;
    }
    CHECK(beep_at > 0 && beep_at < 60 * MYNA_MS);
    myna_opus_decoder_destroy(d);
}

/* A second of a low voice (150 Hz through two resonances) that is loud in its first 40 ms,
 * encoded once. */
static void write_text(void)
{
    struct myna_opus_encoder *e;
    double y1 = 0, y2 = 0, z1 = 0, z2 = 0;

    if (text[0].len)
        return;
    e = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, 0, 32000);
    CHECK(e);
    myna_opus_encoder_set_loss(e, 10);
    for (int f = 0; f < 2 * LOOP; f++) { /* twice, so that the end fits the beginning */
        int16_t pcm[MYNA_OUT_SAMPLES];
        double loud = f % LOOP < BEEP_FRAMES ? 9 : 1 + 0.3 * sin(2 * M_PI * f / 10);

        for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
            double x = (f * MYNA_OUT_SAMPLES + i) % 160 == 0 ? 2000 * loud : 0;
            double y = x + 1.90 * y1 - 0.93 * y2, z = y + 1.60 * z1 - 0.90 * z2;

            y2 = y1;
            y1 = y;
            z2 = z1;
            z1 = z;
            pcm[i] = (int16_t)(z / 20);
        }
        text[f % LOOP] = (struct myna_view){
            text_bytes[f % LOOP],
            myna_opus_encode(e, pcm, MYNA_OUT_SAMPLES, text_bytes[f % LOOP], sizeof text_bytes[0])};
        CHECK(text[f % LOOP].len);
    }
    myna_opus_encoder_destroy(e);
    find_beep();
}

static struct call *call_begin(uint64_t seed, uint32_t jitter_max_ms)
{
    struct call *c = calloc(1, sizeof *c);

    CHECK(c);
    write_text();
    c->r = myna_receive_create(jitter_max_ms);
    CHECK(c->r);
    myna_rand_seed(&c->rand, seed);
    c->now = c->started = 5 * MYNA_S;
    c->link.base = c->back.base = 25 * MYNA_MS;
    c->rtt = 50 * MYNA_MS;
    c->seq = 65000;
    c->ts = 0xfffff000;
    c->ssrc = 77;
    c->talks = true;
    for (int i = 0; i < SECONDS; i++)
        c->delay_at[i] = -1;
    return c;
}

static void call_end(struct call *c)
{
    myna_receive_destroy(c->r);
    free(c);
}

static bool chance(struct call *c, uint32_t of_1000)
{
    return of_1000 && myna_rand_below(&c->rand, 1000) < of_1000;
}

static void fly(struct call *c, struct flight f, size_t bytes)
{
    const struct link *l = &c->link;
    bool out = c->now >= l->out_from && c->now < l->out_to;

    if (chance(c, l->loss) || (out && !l->held))
        return;
    for (int copies = chance(c, l->twice) ? 2 : 1; copies > 0; copies--) {
        f.at = (out ? l->out_to : c->now) + l->base;
        if (l->bytes_per_s) {
            myna_us from = c->queue_free > c->now ? c->queue_free : c->now;

            if (from - c->now > 300 * MYNA_MS)
                return; /* the queue is full */
            c->queue_free = from + (myna_us)bytes * MYNA_S / l->bytes_per_s;
            f.at = c->queue_free + l->base;
        }
        if (l->jitter)
            f.at += myna_rand_below(&c->rand, (uint32_t)l->jitter);
        if (chance(c, l->reorder))
            f.at += l->reorder_by;
        for (int i = 0; i < FLYING; i++)
            if (!c->flying[i].used) {
                f.used = true;
                c->flying[i] = f;
                c->n_flying++;
                break;
            }
    }
}

static size_t size_of(const struct call *c, int k)
{
    return (k < 0 ? 1 : text[k].len) * (c->red ? 2 : 1) + 40;
}

static void send_one(struct call *c, uint16_t seq)
{
    fly(c,
        (struct flight){.ts = c->stamps[seq], .ssrc = c->ssrc, .seq = seq, .text = c->texts[seq]},
        size_of(c, c->texts[seq]));
}

/* All that the sender's clock has reached. */
static void sender(struct call *c)
{
    while (c->started + (c->sent + 1) * MYNA_FRAME_US * (1000000 - c->ppm) / 1000000 <= c->now) {
        int k = c->talks ? (int)(c->sent % LOOP) : -1;

        c->sent++;
        c->quiet = c->talks ? 0 : c->quiet + 1;
        if (!c->mute && c->quiet % 20 <= 1) {
            c->texts[c->seq] = k;
            c->stamps[c->seq] = c->ts;
            send_one(c, c->seq++);
        }
        if (!(c->mute && c->stands))
            c->ts += 960;
    }
}

static void deliver(struct call *c, const struct flight *f)
{
    static const uint8_t dtx[1] = {0x78};
    uint8_t bytes[1000];
    struct myna_rtp p = {.pt = OPUS_PT,
                         .seq = f->seq,
                         .ts = f->ts,
                         .ssrc = f->ssrc,
                         .payload = f->text < 0 ? (struct myna_view){dtx, 1} : text[f->text]};
    struct myna_red_block b[2] = {{.pt = OPUS_PT, .ts_offset = 960}, {.pt = OPUS_PT}};

    if (c->red) {
        int before = c->texts[(uint16_t)(f->seq - 1)];

        b[0].payload = before < 0 ? (struct myna_view){dtx, 1} : text[before];
        b[1].payload = p.payload;
        p.pt = RED_PT;
        p.payload = (struct myna_view){bytes, myna_red_write(b, 2, bytes, sizeof bytes)};
    }
    c->refused += !myna_receive_packet(c->r, c->now, &p, OPUS_PT, RED_PT);
}

/* What has arrived by now, in the order of arrival. */
static void arrivals(struct call *c)
{
    for (;;) {
        struct flight *next = NULL;

        for (int i = 0, seen = 0; seen < c->n_flying; i++)
            if (c->flying[i].used && ++seen && c->flying[i].at <= c->now &&
                (!next || c->flying[i].at < next->at ||
                 (c->flying[i].at == next->at && myna_seq_diff(c->flying[i].seq, next->seq) < 0)))
                next = &c->flying[i];
        if (!next)
            return;
        next->used = false;
        c->n_flying--;
        deliver(c, next);
    }
}

/* Where the loud part begins, and when the sender began to send that frame. */
static void listen(struct call *c)
{
    for (int i = 0; i < MYNA_IN_SAMPLES; i += 16) {
        int loud = loudest(c->frame.pcm + i, 16);

        if (loud > LOUD) {
            myna_us heard =
                c->now + i * 1000 / 16 - beep_at - c->link.base - c->started - MYNA_FRAME_US;
            int64_t second = heard * 1000000 / (MYNA_S * (1000000 - c->ppm));

            if (second >= 0 && second < SECONDS && c->delay_at[second] < 0)
                c->delay_at[second] = heard - second * MYNA_S * (1000000 - c->ppm) / 1000000;
            return;
        }
    }
}

static void ask(struct call *c)
{
    uint16_t seqs[32];
    size_t n = !c->nack ? 0 : myna_receive_nacks(c->r, c->now, c->rtt, seqs, 32);

    /* The way back is folded into the way there: the answer flies the double way. */
    for (size_t i = 0; i < n; i++) {
        myna_us base = c->link.base;

        c->link.base += c->back.base;
        if (!chance(c, c->back.loss))
            send_one(c, seqs[i]);
        c->link.base = base;
    }
}

static void count(struct call *c)
{
    c->frames++;
    c->concealed += (c->frame.flags & MYNA_FRAME_CONCEALED) != 0;
    if (c->frame.flags & MYNA_FRAME_SILENT) {
        c->silent++;
        if (++c->silence_run > c->longest_silence)
            c->longest_silence = c->silence_run;
    } else {
        c->silence_run = 0;
    }
}

static void forget_counts(struct call *c)
{
    c->frames = c->silent = c->concealed = c->longest_silence = c->silence_run = 0;
}

/* One millisecond at a time; a frame is asked for every 20 ms, off the sender's beat. */
static void run(struct call *c, myna_us for_so_long)
{
    for (myna_us end = c->now + for_so_long; c->now < end; c->now += MYNA_MS) {
        sender(c);
        arrivals(c);
        if ((c->now - c->started) % MYNA_FRAME_US != 7 * MYNA_MS || !myna_receive_begun(c->r))
            continue;
        myna_receive_frame(c->r, c->now, &c->frame);
        count(c);
        listen(c);
        ask(c);
    }
}

static int64_t second(const struct call *c)
{
    return (c->now - c->started) / MYNA_S;
}

/* The most that a beep waited in seconds from … to-1; -1: none was heard. */
static myna_us most_delay(const struct call *c, int64_t from, int64_t to)
{
    myna_us most = -1;

    for (int64_t s = from; s < to; s++)
        most = c->delay_at[s] > most ? c->delay_at[s] : most;
    return most;
}

static struct myna_rtc_audio_stats stats_of(const struct call *c)
{
    struct myna_rtc_audio_stats s = {0};

    myna_receive_stats(c->r, &s);
    return s;
}

#endif
