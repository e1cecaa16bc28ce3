/* token.h - JSON Web Tokens as LiveKit wants them (livekit-rtc 1.1), for the room itself. */
#ifndef MYNA_LIVEKIT_TOKEN_H
#define MYNA_LIVEKIT_TOKEN_H

#include "util/buf.h"

/* Signs exactly these bytes, HS256. The buffer keeps what went wrong. */
void myna_lk_jwt(struct myna_buf *out, const char *secret, struct myna_view payload);
/* Seconds since the epoch at which the token ends, unverified; 0: it does not say or is no token.
 */
int64_t myna_lk_jwt_expiry(const char *token);

#endif
