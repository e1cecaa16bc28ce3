/* receive_inside.h - the inside of one remote voice, shared by receive.c (packets in) and
 * receive_play.c (sound out) and by nobody else.
 */
#ifndef MYNA_RTC_RECEIVE_INSIDE_H
#define MYNA_RTC_RECEIVE_INSIDE_H

#include "audio/opus.h"
#include "audio/stretch.h"
#include "rtc/arrivals.h"
#include "rtc/delay.h"
#include "rtc/jitter.h"
#include "rtc/receive.h"

enum {
    TICKS = 960, /* of 20 ms at 48 kHz */
    MOST = MYNA_OPUS_MAX_MS * 16,
    UNHEARD = 160, /* bytes: about six seconds of comfort noise */
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
    bool taken;        /* a packet of this stream */
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
    uint8_t
        unheard[UNHEARD]; /* packets that are still to be decoded, a byte of length before each */
    size_t n_unheard;
    uint64_t lost_before; /* by sources before this one */
    uint32_t jitter_max_ms;
};

/* ---- receive.c */
/* DTX (RFC 6716: one or two bytes), or the frame of digital silence that servers send for a muted
 * person, padded. */
bool myna_receive_i_says_silence(struct myna_view v);
/* What comes `after` so many ticks without a packet: a voice that goes on may be soft. */
bool myna_receive_i_is_noise(struct myna_view v, int64_t after);
/* Its sound ends up where nobody hears it. It waits for others: one by one, with all that it needs
 * out of the caches, it takes three times as long. */
void myna_receive_i_decode_unheard(struct myna_receive *r, struct myna_view v);
/* Now, before anything else is decoded. */
void myna_receive_i_catch_up(struct myna_receive *r);

#endif
