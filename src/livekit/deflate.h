/* deflate.h - raw deflate (RFC 1951), as LiveKit's newer clients pack a stream. What comes out is
 * bounded by the buffer's own limit: a small text that unpacks to gigabytes ends there. Pure. */
#ifndef MYNA_LIVEKIT_DEFLATE_H
#define MYNA_LIVEKIT_DEFLATE_H

#include <myna/error.h>

#include "util/buf.h"

/* Appends. EFORMAT: it is none, is cut off, or something stands behind it; ELIMIT: more comes out
 * than `out` may hold; ENOMEM. */
MYNA_MUST enum myna_err myna_lk_inflate(struct myna_view in, struct myna_buf *out);
MYNA_MUST enum myna_err myna_lk_deflate(struct myna_view in, struct myna_buf *out);

#endif
