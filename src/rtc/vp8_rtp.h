/* vp8_rtp.h - what stands before the piece of a VP8 frame in an RTP packet (RFC 7741, 4.2). Pure.
 */
#ifndef MYNA_RTC_VP8_RTP_H
#define MYNA_RTC_VP8_RTP_H

#include <stdbool.h>

#include <myna/frame.h>

struct myna_vp8_piece {
    bool begins;           /* a frame: the frame's header stands first in `data` */
    int picture_id;        /* 7 or 15 bits; -1: not told */
    int layer;             /* temporal; 0 where there is only one */
    struct myna_view data; /* never empty */
};

/* false: broken, or without any data. */
bool myna_vp8_piece_parse(struct myna_vp8_piece *into, struct myna_view payload);

#endif
