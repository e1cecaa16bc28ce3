/* send.h - our voice on its way out: a 20 ms frame in, at most one RTP packet
 * out.
 *
 * The owner calls myna_send_frame() every 20 ms, protects the packet and sends
 * it; not calling it for a while is mute, over which the time stamp follows the
 * clock. Silence (NULL, or nothing but zeros) is not encoded: the codec's tail,
 * then one packet of three bytes that every decoder turns into silence, and the
 * same again every 400 ms (800 where frames go by without a call) so that nobody takes us for dead.
 *
 * What was sent lately is kept, unprotected, for NACKs. What the peer reports
 * as lost decides how much redundancy is sent: in-band FEC, or RED where it was
 * negotiated.
 *
 * Pure: `now` comes from the owner. Nothing allocates after create. Loop
 * thread.
 */
#ifndef MYNA_RTC_SEND_H
#define MYNA_RTC_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "rtc/rtcp.h"
#include "rtc/rtp.h"

struct myna_send;

struct myna_send *myna_send_create(int opus_complexity, int opus_bitrate); /* NULL: no memory */
void myna_send_destroy(struct myna_send *s);                               /* NULL is fine */
/* Before the first frame, and whenever another source begins: numbers by
 * chance, from the owner. Counters and history begin anew. */
void myna_send_begin(struct myna_send *s, uint32_t ssrc, uint16_t seq, uint32_t ts);

struct myna_send_wire {  /* as the description says; copied */
    int opus_pt, red_pt; /* red_pt < 0: none */
    int level_id;        /* header extension ssrc-audio-level; 0: none */
    int mid_id;          /* header extension mid, in the first second; 0: none */
    const char *mid;     /* at most 16 bytes */
    /* What a packet of Opus becomes on its way (myna_rtc_seal); NULL: nothing. Not with RED. */
    size_t (*seal)(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                   size_t cap);
    void *seal_arg;
};
void myna_send_negotiated(struct myna_send *s, const struct myna_send_wire *w);

/* MYNA_OUT_SAMPLES of 24 kHz, or NULL for silence. Returns the length of the
 * packet in `into` (MYNA_RTP_MAX bytes), 0: there is none to send this time.
 * A frame may come ahead of its 20 ms; in the silence behind it one is left out. */
size_t myna_send_frame(struct myna_send *s, myna_us now, const int16_t *pcm, uint8_t *into);
/* Silence, and nothing of it is left to be sent but the packet every 400 ms. */
bool myna_send_rests(const struct myna_send *s);
/* So many frames of silence went by without a call, while it rested. */
void myna_send_rested(struct myna_send *s, int frames);
/* The packet that was asked for, as it was sent (MYNA_RTP_MAX bytes). 0:
 * forgotten, sent again just now, or the peer asks for more than a second's
 * sound a second. */
size_t myna_send_again(struct myna_send *s, myna_us now, uint16_t seq, uint8_t *into);
/* What a sender report says at this moment; false before the first packet. */
bool myna_send_report(const struct myna_send *s, myna_us now, uint64_t ntp,
                      struct myna_rtcp_sender *into);
/* The peer's report about us, from its SR or RR; others' are ignored. ntp: our
 * clock now, as given to send_report(). */
void myna_send_peer_report(struct myna_send *s, uint64_t ntp, const struct myna_rtcp_block *b);

uint32_t myna_send_ssrc(const struct myna_send *s);
struct myna_send_stats {
    uint64_t sent, resent, octets;
    double peer_loss; /* 0 … 1, smoothed over some reports */
    myna_us rtt;      /* < 0: unknown */
};
void myna_send_get_stats(const struct myna_send *s, struct myna_send_stats *into);

#endif
