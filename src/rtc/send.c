/* send.c - the state of a sending source: where its clock stands, what it sent,
 * what it may repeat.
 *
 * `ts` is the time stamp of the next frame. It grows by 960 a frame; when
 * frames were missing for longer than PAUSE (mute, a blocked loop) it is moved
 * on to where the clock says, in whole frames.
 */
#include "rtc/send.h"

#include <stdlib.h>
#include <string.h>

#include "audio/level.h"
#include "audio/opus.h"

enum {
    TICKS = 960,        /* of a frame at 48 kHz */
    HISTORY = 64,       /* packets, 1.3 s */
    KEPT = 512,         /* bytes of a packet that is kept; longer ones cannot be asked for */
    REDUNDANT = 2,      /* frames that RED may carry beside the newest */
    SILENCE_EVERY = 20, /* frames: 400 ms; */
    REST_EVERY = 40,    /* 800 while nobody looks in between */
    MID_PACKETS = 50,
    RESEND_RATE = 50, /* a second */
    VOICE_DB = -50,
};

static const myna_us pause_after = 100 * MYNA_MS;
static const myna_us again_after = 10 * MYNA_MS; /* the same packet is not sent twice sooner */
/* Fullband CELT of 20 ms that holds nothing (RFC 6716). */
static const uint8_t silence[3] = {0xf8, 0xff, 0xfe};

struct myna_send {
    struct myna_opus_encoder *encoder;
    uint32_t ssrc, ts;
    uint16_t seq;
    struct myna_send_wire wire;
    char mid[17];
    bool begun;         /* a frame came */
    bool marker;        /* the next sound follows a pause */
    int quiet;          /* silent frames in a row; 2 stand for any more */
    int unsent;         /* of these since the last packet */
    bool rested;        /* some went by without a call before this one */
    myna_us run_from;   /* the clock at `ts` of the first frame of this run */
    int64_t run_frames; /* … and frames since */
    uint32_t last_ts;   /* of the last frame, and when it came */
    myna_us last_at;
    struct { /* for RED, the newest last */
        uint32_t ts;
        size_t len;
        uint8_t data[KEPT];
    } before[REDUNDANT];
    size_t n_before;
    struct {
        uint16_t seq;
        uint16_t len; /* 0: none */
        myna_us again_at;
        uint8_t data[KEPT];
    } history[HISTORY];
    double tokens; /* packets that may be sent again now */
    myna_us tokens_at;
    double loss;
    bool has_loss;
    struct myna_send_stats stats;
};

struct myna_send *myna_send_create(int opus_complexity, int opus_bitrate)
{
    struct myna_send *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->encoder = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, opus_complexity, opus_bitrate);
    if (!s->encoder) {
        free(s);
        return NULL;
    }
    s->wire = (struct myna_send_wire){.opus_pt = 111, .red_pt = -1};
    myna_send_begin(s, 0, 0, 0);
    return s;
}

void myna_send_destroy(struct myna_send *s)
{
    if (!s)
        return;
    myna_opus_encoder_destroy(s->encoder);
    free(s);
}

void myna_send_begin(struct myna_send *s, uint32_t ssrc, uint16_t seq, uint32_t ts)
{
    s->ssrc = ssrc;
    s->seq = seq;
    s->ts = ts;
    s->begun = false;
    s->marker = true;
    s->quiet = 0;
    s->n_before = 0;
    s->tokens = RESEND_RATE;
    s->tokens_at = 0;
    s->has_loss = false;
    s->loss = 0;
    s->stats = (struct myna_send_stats){.rtt = -1};
    for (size_t i = 0; i < HISTORY; i++)
        s->history[i].len = 0;
    myna_opus_encoder_reset(s->encoder);
    myna_opus_encoder_set_loss(s->encoder, 0);
}

void myna_send_negotiated(struct myna_send *s, const struct myna_send_wire *w)
{
    size_t len = w->mid ? strnlen(w->mid, sizeof s->mid) : 0;

    s->wire = *w;
    if (len > 16 || !len) { /* would not fit a one-byte extension */
        s->wire.mid_id = 0;
        len = 0;
    }
    memcpy(s->mid, w->mid ? w->mid : "", len);
    s->mid[len] = '\0';
    s->wire.mid = s->mid;
    s->n_before = 0;
}

/* --- time --- */

static void follow_clock(struct myna_send *s, myna_us now)
{
    myna_us behind = now - s->run_from - s->run_frames * MYNA_FRAME_US;

    if (s->begun && behind <= pause_after)
        return;
    if (s->begun) {
        s->ts += (uint32_t)((behind + MYNA_FRAME_US / 2) / MYNA_FRAME_US) * TICKS;
        myna_opus_encoder_reset(s->encoder);
        s->n_before = 0;
        s->quiet = 0;
        s->marker = true;
    }
    s->begun = true;
    s->run_from = now;
    s->run_frames = 0;
}

bool myna_send_rests(const struct myna_send *s)
{
    return s->quiet >= 2;
}

static void advance(struct myna_send *s, int frames)
{
    s->ts += (uint32_t)frames * TICKS;
    s->run_frames += frames;
}

static void skip(struct myna_send *s, int frames)
{
    advance(s, frames);
    s->unsent += frames;
}

void myna_send_rested(struct myna_send *s, int frames)
{
    skip(s, frames);
    s->rested = true;
}

/* In silence nobody hears a frame more or less. false: this one is too much, one was sent ahead. */
static bool set_right(struct myna_send *s, myna_us now)
{
    myna_us behind = now - s->run_from - s->run_frames * MYNA_FRAME_US;

    if (behind >= MYNA_FRAME_US)
        skip(s, (int)(behind / MYNA_FRAME_US));
    return behind >= -MYNA_FRAME_US / 2;
}

/* --- a packet --- */

static bool is_zero(const int16_t *pcm)
{
    for (size_t i = 0; i < MYNA_OUT_SAMPLES; i++)
        if (pcm[i])
            return false;
    return true;
}

/* RFC 6464: the voice flag and how far below overload. */
static uint8_t level_of(const int16_t *pcm)
{
    float db = pcm ? myna_level_rms(pcm, MYNA_OUT_SAMPLES) : -127;
    int below = db > 0 ? 0 : db < -127 ? 127 : (int)(0.5f - db);

    return (uint8_t)((below <= -VOICE_DB ? 0x80 : 0) | below);
}

static size_t write_header(const struct myna_send *s, bool marker, int pt, const int16_t *pcm,
                           uint8_t *into)
{
    const struct myna_rtp p = {
        .pt = pt, .marker = marker, .seq = s->seq, .ts = s->ts, .ssrc = s->ssrc};
    uint8_t level = s->wire.level_id ? level_of(pcm) : 0;
    const struct myna_rtp_ext exts[] = {
        {.id = s->wire.level_id, .value = {&level, 1}},
        {.id = s->stats.sent < MID_PACKETS ? s->wire.mid_id : 0,
         .value = {(const uint8_t *)s->mid, strlen(s->mid)}},
    };

    return myna_rtp_write(&p, exts, sizeof exts / sizeof *exts, into);
}

/* The frame with those before it, as many as the losses ask for. */
static size_t write_red(struct myna_send *s, const uint8_t *frame, size_t len, uint8_t *into,
                        size_t cap)
{
    struct myna_red_block blocks[REDUNDANT + 1];
    size_t want = s->loss < 0.1 ? 1 : REDUNDANT, n = 0;

    for (size_t i = s->n_before > want ? s->n_before - want : 0; i < s->n_before; i++)
        blocks[n++] = (struct myna_red_block){.pt = s->wire.opus_pt,
                                              .ts_offset = s->ts - s->before[i].ts,
                                              .payload = {s->before[i].data, s->before[i].len}};
    blocks[n++] = (struct myna_red_block){.pt = s->wire.opus_pt, .payload = {frame, len}};
    return myna_red_write(blocks, n, into, cap);
}

static void remember(struct myna_send *s, const uint8_t *frame, size_t len)
{
    if (len > KEPT) {
        s->n_before = 0;
        return;
    }
    if (s->n_before == REDUNDANT) {
        s->n_before--;
        memmove(&s->before[0], &s->before[1], s->n_before * sizeof s->before[0]);
    }
    s->before[s->n_before].ts = s->ts;
    s->before[s->n_before].len = len;
    memcpy(s->before[s->n_before].data, frame, len);
    s->n_before++;
}

static void keep(struct myna_send *s, const uint8_t *packet, size_t len)
{
    size_t at = s->seq % HISTORY;

    s->history[at].seq = s->seq;
    s->history[at].len = len <= KEPT ? (uint16_t)len : 0;
    s->history[at].again_at = 0;
    memcpy(s->history[at].data, packet, s->history[at].len);
}

/* `pcm` only for its level; NULL: silence. */
static size_t packet(struct myna_send *s, bool marker, const uint8_t *frame, size_t len,
                     const int16_t *pcm, uint8_t *into)
{
    bool red = s->wire.red_pt >= 0;
    size_t head = write_header(s, marker, red ? s->wire.red_pt : s->wire.opus_pt, pcm, into);

    if (red) {
        size_t n = write_red(s, frame, len, into + head, MYNA_RTP_MAX - head);

        remember(s, frame, len);
        len = n;
    } else if (s->wire.seal) {
        len = s->wire.seal(s->wire.seal_arg, s->ssrc, s->ts, (struct myna_view){frame, len},
                           into + head, MYNA_RTP_MAX - head);
    } else {
        memcpy(into + head, frame, len);
    }
    if (!len)
        return 0;
    keep(s, into, head + len);
    s->seq++;
    s->unsent = 0;
    s->stats.sent++;
    s->stats.octets += len;
    return head + len;
}

size_t myna_send_frame(struct myna_send *s, myna_us now, const int16_t *pcm, uint8_t *into)
{
    static const int16_t nothing[MYNA_OUT_SAMPLES];
    uint8_t frame[MYNA_RTP_MAX - MYNA_RTP_HEADER_MAX - 1];
    size_t len = 0;

    follow_clock(s, now);
    if (pcm && is_zero(pcm))
        pcm = NULL;
    if (!pcm && s->quiet >= 2 && !set_right(s, now))
        return 0;
    s->unsent++;
    if (pcm || s->quiet == 0) { /* sound, or its tail that the encoder still holds */
        size_t n = myna_opus_encode(s->encoder, pcm ? pcm : nothing, MYNA_OUT_SAMPLES, frame,
                                    sizeof frame);

        if (n)
            len = packet(s, pcm && s->marker, frame, n, pcm, into);
        s->marker = s->marker && !pcm;
    } else if (s->quiet == 1 || s->unsent >= (s->rested ? REST_EVERY : SILENCE_EVERY)) {
        len = packet(s, false, silence, sizeof silence, NULL, into);
        s->marker = true;
    }
    s->rested = false;
    s->quiet = pcm ? 0 : s->quiet < 2 ? s->quiet + 1 : 2;
    s->last_ts = s->ts;
    s->last_at = now;
    advance(s, 1);
    return len;
}

size_t myna_send_again(struct myna_send *s, myna_us now, uint16_t seq, uint8_t *into)
{
    size_t at = seq % HISTORY, len = s->history[at].len;

    if (!len || s->history[at].seq != seq ||
        (s->history[at].again_at && now - s->history[at].again_at < again_after))
        return 0;
    s->tokens += (double)(now - s->tokens_at) * RESEND_RATE / MYNA_S;
    s->tokens = s->tokens > RESEND_RATE ? RESEND_RATE : s->tokens;
    s->tokens_at = now;
    if (s->tokens < 1)
        return 0;
    s->tokens--;
    s->history[at].again_at = now;
    memcpy(into, s->history[at].data, len);
    s->stats.resent++;
    return len;
}

/* --- reports --- */

bool myna_send_report(const struct myna_send *s, myna_us now, uint64_t ntp,
                      struct myna_rtcp_sender *into)
{
    if (!s->stats.sent)
        return false;
    *into = (struct myna_rtcp_sender){
        .ssrc = s->ssrc,
        .ntp = ntp,
        .rtp_ts = s->last_ts + (uint32_t)((now - s->last_at) * 6 / 125),
        .packets = (uint32_t)s->stats.sent,
        .octets = (uint32_t)s->stats.octets,
    };
    return true;
}

/* With RED every frame travels twice already. */
static void choose_redundancy(struct myna_send *s)
{
    int percent = s->wire.red_pt >= 0 || s->loss < 0.01 ? 0 : (int)(s->loss * 100) + 5;

    myna_opus_encoder_set_loss(s->encoder, percent > 30 ? 30 : percent / 5 * 5);
}

void myna_send_peer_report(struct myna_send *s, uint64_t ntp, const struct myna_rtcp_block *b)
{
    if (b->ssrc != s->ssrc)
        return;
    s->loss = s->has_loss ? s->loss + (b->fraction / 256.0 - s->loss) / 3 : b->fraction / 256.0;
    s->has_loss = true;
    s->stats.peer_loss = s->loss;
    choose_redundancy(s);
    if (b->lsr) { /* RFC 3550, 6.4.1 */
        int32_t rtt = (int32_t)(myna_ntp_middle(ntp) - b->lsr - b->dlsr);

        if (rtt >= 0 && rtt < 60 * 65536)
            s->stats.rtt = (myna_us)rtt * MYNA_S / 65536;
    }
}

uint32_t myna_send_ssrc(const struct myna_send *s)
{
    return s->ssrc;
}

void myna_send_get_stats(const struct myna_send *s, struct myna_send_stats *into)
{
    *into = s->stats;
}
