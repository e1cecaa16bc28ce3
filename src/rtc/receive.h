/* receive.h - one remote voice: packets in as they come, a 20 ms frame out whenever one is asked
 * for.
 *
 * Aims (NetEq's): the delay follows the jitter down to 20 ms; what is lost is asked for again while
 * that can help (nacks()), else taken from RED or in-band FEC, else made up and faded; too much
 * delay is shortened in silence first, in speech by cutting out periods. Silence (DTX, mute) is not
 * decoded. docs/jitter-buffer.md tells it with its figures.
 *
 *     myna_receive_packet()   for every packet of the source, deciphered
 *     myna_receive_frame()    every 20 ms once begun()
 *     myna_receive_nacks()    every 20 ms after that, where NACK was negotiated
 *     myna_receive_report()   every second or so
 *
 * Pure: `now` comes from the owner, which makes a recorded or simulated network play the same
 * always. Nothing allocates after create. Loop thread.
 */
#ifndef MYNA_RTC_RECEIVE_H
#define MYNA_RTC_RECEIVE_H

#include "rtc/rtc.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"

struct myna_receive;

struct myna_receive *myna_receive_create(uint32_t jitter_max_ms); /* NULL: memory is short */
void myna_receive_destroy(struct myna_receive *r);                /* NULL is fine */
void myna_receive_reset(struct myna_receive *r); /* another source begins; figures stay */

/* opus_pt, red_pt: as negotiated; red_pt < 0: none. A new SSRC, or numbers that begin anew,
 * reset by themselves. false: of no such type, not Opus, or a stray number; nothing was taken. */
bool myna_receive_packet(struct myna_receive *r, myna_us now, const struct myna_rtp *p, int opus_pt,
                         int red_pt);
/* After a pause this packet is no word: the comfort noise or the silence that a sender with DTX
 * lets be known every 400 ms. It is decoded (what follows needs it) and not played. */
bool myna_receive_is_noise(const struct myna_receive *r, const struct myna_rtp *p, int opus_pt);
bool myna_receive_begun(const struct myna_receive *r); /* a packet came since create or reset */
/* Nothing waits and nothing sounds: frames will be silence until a packet comes that is no noise.
 */
bool myna_receive_rests(const struct myna_receive *r);
void myna_receive_frame(struct myna_receive *r, myna_us now, struct myna_frame *into);

/* Sequence numbers to ask for now, ascending. rtt < 0: unknown. */
size_t myna_receive_nacks(struct myna_receive *r, myna_us now, myna_us rtt, uint16_t *into,
                          size_t max);
void myna_receive_sender_report(struct myna_receive *r, myna_us now, uint64_t ntp);
/* Our report about it; false when nothing came since the last one or ever. */
bool myna_receive_report(struct myna_receive *r, myna_us now, struct myna_rtcp_block *into);
uint32_t myna_receive_ssrc(const struct myna_receive *r); /* of the last packet */
/* All but sent, resent and peer_loss, which are 0. */
void myna_receive_stats(const struct myna_receive *r, struct myna_rtc_audio_stats *into);

#endif
