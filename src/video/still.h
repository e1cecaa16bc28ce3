/* still.h - from a camera's VP8 key frame to the JPEG that a model is shown (voice-gateway 8).
 * Takes some milliseconds: a worker's. */
#ifndef MYNA_VIDEO_STILL_H
#define MYNA_VIDEO_STILL_H

#include "video/picture.h"

enum { MYNA_STILL_PIXELS = 2000000, MYNA_STILL_QUALITY = 85 };

struct myna_still {
    uint8_t *jpeg;
    size_t len;
    uint32_t width, height; /* of the JPEG */
};

/* On success fini() is due. */
MYNA_MUST enum myna_err myna_still_make(struct myna_still *into, struct myna_view key_frame,
                                        struct myna_why *why);
void myna_still_fini(struct myna_still *still);

#endif
