/* rtcp.h - what both sides tell each other about the media: reports, names, wishes.
 *
 * A datagram is a row of packets; myna_rtcp_next() takes one after the other off its front and
 * skips what it does not know. Writers append one packet each and return false when it does not
 * fit, so a compound is a row of calls. Pure; any thread.
 */
#ifndef MYNA_RTC_RTCP_H
#define MYNA_RTC_RTCP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

enum myna_rtcp_type {
    MYNA_RTCP_OTHER,
    MYNA_RTCP_SR,
    MYNA_RTCP_RR,
    MYNA_RTCP_SDES,
    MYNA_RTCP_BYE,
    MYNA_RTCP_NACK, /* RFC 4585 */
    MYNA_RTCP_PLI,
    MYNA_RTCP_FIR, /* RFC 5104 */
    MYNA_RTCP_XR,
};

struct myna_rtcp_block { /* of SR and RR: how `ssrc` is received */
    uint32_t ssrc;
    uint8_t fraction; /* lost since the last report, of 256 */
    int32_t lost;     /* ever */
    uint32_t highest; /* sequence number with its cycles */
    uint32_t jitter;  /* time stamp units */
    uint32_t lsr;     /* middle of the last SR's NTP time */
    uint32_t dlsr;    /* since then, 1/65536 s */
};

enum { MYNA_RTCP_BLOCKS = 31 };

struct myna_rtcp {
    enum myna_rtcp_type type;
    uint32_t ssrc;  /* who sends this */
    uint32_t media; /* feedback: whom it is about */
    uint64_t ntp;   /* SR */
    uint32_t rtp_ts, packets, octets;
    size_t n_blocks; /* SR, RR */
    struct myna_rtcp_block blocks[MYNA_RTCP_BLOCKS];
    struct myna_view fci;     /* NACK, FIR: pairs, entries */
    struct myna_view cname;   /* SDES, of its first source */
    struct myna_view sources; /* BYE: 32-bit numbers */
};

/* Takes one off the front of *rest; false at the end or where it is broken. */
bool myna_rtcp_next(struct myna_view *rest, struct myna_rtcp *into);
/* Sequence numbers of a NACK, at most `max`. */
size_t myna_rtcp_nacked(const struct myna_rtcp *p, uint16_t *into, size_t max);
uint32_t myna_rtcp_source(const struct myna_rtcp *bye, size_t i); /* i < sources.len / 4 */

struct myna_rtcp_out {
    uint8_t *data;
    size_t len, cap;
};
struct myna_rtcp_sender { /* SR's own part */
    uint32_t ssrc;
    uint64_t ntp;
    uint32_t rtp_ts, packets, octets;
};
bool myna_rtcp_put_sr(struct myna_rtcp_out *o, const struct myna_rtcp_sender *s,
                      const struct myna_rtcp_block *blocks, size_t n);
bool myna_rtcp_put_rr(struct myna_rtcp_out *o, uint32_t ssrc, const struct myna_rtcp_block *blocks,
                      size_t n);
bool myna_rtcp_put_cname(struct myna_rtcp_out *o, uint32_t ssrc, const char *cname);
bool myna_rtcp_put_bye(struct myna_rtcp_out *o, uint32_t ssrc);
/* seqs ascending on the circle. */
bool myna_rtcp_put_nack(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media,
                        const uint16_t *seqs, size_t n);
bool myna_rtcp_put_pli(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media);
/* command: another one for each picture that is asked for (RFC 5104, 4.3.1). */
bool myna_rtcp_put_fir(struct myna_rtcp_out *o, uint32_t ssrc, uint32_t media, uint8_t command);

/* Milliseconds since 1970 as NTP's 64 bits, and the middle 32 of them. */
uint64_t myna_ntp_from_ms(int64_t wall_ms);
static inline uint32_t myna_ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

#endif
