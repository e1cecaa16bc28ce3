/* url.h - the addresses of one server (livekit-rtc 1.2). Pure. */
#ifndef MYNA_LIVEKIT_URL_H
#define MYNA_LIVEKIT_URL_H

#include <myna/error.h>

#include "util/buf.h"

/* `base` (ws, wss, http, https, with any path in front) and `path` ("/rtc/v1") as an http(s) URL.
 * MYNA_ECONFIG: base is no such address. */
MYNA_MUST enum myna_err myna_lk_url(struct myna_buf *out, const char *base, const char *path,
                                    struct myna_why *why);

#endif
