/* token.h - JSON Web Tokens as LiveKit wants them (livekit-rtc 1.1), for the room itself. */
#ifndef MYNA_LIVEKIT_TOKEN_H
#define MYNA_LIVEKIT_TOKEN_H

#include "util/buf.h"

/* Signs exactly these bytes, HS256. The buffer keeps what went wrong. */
void myna_lk_jwt(struct myna_buf *out, const char *secret, struct myna_view payload);

#endif
