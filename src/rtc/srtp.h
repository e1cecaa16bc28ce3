/* srtp.h - media under lock and key (RFC 3711, RFC 7714). srtp.c alone knows libsrtp2.
 *
 * Packets are changed in place. Of the peer's sources only so many are kept (each costs libsrtp a
 * stream), so a peer that invents SSRCs costs bounded memory. Sending an old packet again is
 * allowed: NACKs are answered.
 *
 * Loop thread. Allocates for the first packet of a source, never afterwards.
 */
#ifndef MYNA_RTC_SRTP_H
#define MYNA_RTC_SRTP_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>

#include "rtc/dtls.h"

enum { MYNA_SRTP_ROOM = 144 /* protect() may add so much (SRTP_MAX_TRAILER_LEN, rounded) */ };

struct myna_srtp;

/* Once a process, 20 ms of self-tests: the first create() does it if nobody did. Any thread. */
void myna_srtp_prepare(void);
MYNA_MUST enum myna_err myna_srtp_create(struct myna_srtp **out, const struct myna_srtp_keys *keys,
                                         struct myna_why *why);
void myna_srtp_destroy(struct myna_srtp *s); /* NULL is fine */
const char *myna_srtp_profile_name(enum myna_srtp_profile p);

/* *len grows or shrinks. false: refused (wrong key, replayed, malformed, one source too many). */
bool myna_srtp_protect(struct myna_srtp *s, uint8_t *rtp, size_t *len);
bool myna_srtp_unprotect(struct myna_srtp *s, uint8_t *rtp, size_t *len);
bool myna_srtp_protect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len);
bool myna_srtp_unprotect_rtcp(struct myna_srtp *s, uint8_t *rtcp, size_t *len);
/* This source of the peer is gone: makes room for another. */
void myna_srtp_forget(struct myna_srtp *s, uint32_t ssrc);

#endif
