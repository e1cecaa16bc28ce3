/* rtp.h - media packets: taken apart and put together (RFC 3550, RFC 8285), and RED (RFC 2198).
 *
 * Pure; any thread. Nothing is copied when parsing: views point into the packet.
 */
#ifndef MYNA_RTC_RTP_H
#define MYNA_RTC_RTP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

enum {
    MYNA_RTP_MAX = 1200,      /* our packets, without what SRTP adds */
    MYNA_RTP_HEADER_MAX = 64, /* of ours, with extensions */
};

struct myna_rtp {
    int pt;
    bool marker;
    uint16_t seq;
    uint32_t ts, ssrc;
    uint16_t ext_profile; /* 0: no extension */
    struct myna_view ext;
    struct myna_view payload; /* padding taken off */
};

bool myna_rtp_parse(struct myna_rtp *into, const uint8_t *data, size_t len);
/* Header extension `id` (1 … 14, or to 255 in the two-byte form). */
bool myna_rtp_ext(const struct myna_rtp *p, int id, struct myna_view *value);

struct myna_rtp_ext { /* for writing; 1 to 16 bytes */
    int id;           /* 0: leave out */
    struct myna_view value;
};
/* Writes the header; what follows is the payload. Returns its length, at most
 * MYNA_RTP_HEADER_MAX; extensions that do not fit are left out. */
size_t myna_rtp_write(const struct myna_rtp *p, const struct myna_rtp_ext *exts, size_t n,
                      uint8_t into[MYNA_RTP_HEADER_MAX]);

/* RTCP shares the port: its second byte is 192 … 223 (RFC 5761, 4). */
bool myna_rtp_is_rtcp(const uint8_t *data, size_t len);
/* What a datagram of the bundle is (RFC 7983). */
enum myna_datagram {
    MYNA_DATAGRAM_OTHER,
    MYNA_DATAGRAM_DTLS,
    MYNA_DATAGRAM_RTP,
    MYNA_DATAGRAM_RTCP
};
enum myna_datagram myna_datagram_kind(const uint8_t *data, size_t len);

/* a - b on the circle. */
static inline int myna_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

static inline int32_t myna_ts_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* One block of RED: oldest first, the primary last. */
struct myna_red_block {
    int pt;
    uint32_t ts_offset; /* before the packet's time stamp; 0: the primary */
    struct myna_view payload;
};
enum { MYNA_RED_BLOCKS = 8 };
/* Number of blocks, 0 when it is not RED. */
size_t myna_red_parse(struct myna_view v, struct myna_red_block into[MYNA_RED_BLOCKS]);
/* Redundant blocks that do not fit (offset < 16384, length < 1024, room) are left out; the primary
 * is the last of `blocks`. Returns the length, 0 when not even that fits. */
size_t myna_red_write(const struct myna_red_block *blocks, size_t n, uint8_t *into, size_t cap);

#endif
