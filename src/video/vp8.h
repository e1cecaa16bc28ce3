/* vp8.h - what the first ten bytes of a VP8 frame say (RFC 6386, 9.1). Pure; any thread. */
#ifndef MYNA_VIDEO_VP8_H
#define MYNA_VIDEO_VP8_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

/* A whole key frame's header, or the beginning of one; sizes in pixels, never 0. false: a frame
 * that builds on others, or no VP8. */
bool myna_vp8_key(struct myna_view frame, uint32_t *width, uint32_t *height);

#endif
