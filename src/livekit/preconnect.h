/* preconnect.h - what somebody said before we were there (agent-session 6.6): a client records
 * while it connects and sends the sound as a byte stream, which is heard before the live sound.
 *
 * Pure.
 */
#ifndef MYNA_LIVEKIT_PRECONNECT_H
#define MYNA_LIVEKIT_PRECONNECT_H

#include <myna/error.h>
#include <myna/frame.h>

#include "util/buf.h"

#define MYNA_LK_PRECONNECT_TOPIC "lk.agent.pre-connect-audio-buffer"

enum { MYNA_LK_PRECONNECT_MAX_S = 10 }; /* more is cut at its beginning */

/* WebM or Ogg with Opus, WAV, or 16-bit samples of that rate and so many channels; into int16
 * samples at 16 kHz, mono. EFORMAT: none of these, or broken before the first sound. */
MYNA_MUST enum myna_err myna_lk_preconnect(struct myna_view body, const char *mime,
                                           uint32_t rate_hz, uint32_t channels,
                                           struct myna_buf *into, struct myna_why *why);

#endif
