/* keyframe.h - the next whole key frame of a VP8 stream, put together from its packets.
 *
 * Only frames that need no other are of use to somebody who wants one picture now and then; all
 * others pass by without being kept. Packets may come in any order, twice, late or never: what is
 * missing is asked for again (missing.h). A key frame that stays incomplete gives way to the next
 * one.
 *
 * At most 1 MiB and 1024 packets are held. Pure, but for memory; part of one receiver.
 */
#ifndef MYNA_RTC_KEYFRAME_H
#define MYNA_RTC_KEYFRAME_H

#include "rtc/rtcp.h"
#include "rtc/rtp.h"

enum { MYNA_KEYFRAME_BYTES = 1 << 20, MYNA_KEYFRAME_PACKETS = 1024 };

struct myna_keyframe;

struct myna_keyframe *myna_keyframe_create(void);
void myna_keyframe_destroy(struct myna_keyframe *k); /* NULL is fine */
/* What came until now is forgotten: only a frame that begins after this counts. */
void myna_keyframe_clear(struct myna_keyframe *k);

struct myna_keyframe_whole {
    struct myna_view bytes; /* borrowed until the next call */
    uint32_t width, height;
    myna_us began; /* its first packet came */
};
/* true: with this packet a key frame is whole. */
bool myna_keyframe_packet(struct myna_keyframe *k, myna_us now, const struct myna_rtp *p,
                          struct myna_keyframe_whole *whole);
/* Of the frame that is being put together; rtt < 0: unknown. */
size_t myna_keyframe_nacks(struct myna_keyframe *k, myna_us now, myna_us rtt, uint16_t *into,
                           size_t max);
/* All but the ssrc. false: nothing came since the last one. */
bool myna_keyframe_report(struct myna_keyframe *k, myna_us now, struct myna_rtcp_block *into);

#endif
