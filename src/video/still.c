/* still.c - see still.h. */
#include "video/still.h"

#include <stdlib.h>

static enum myna_err fit(struct myna_picture *p, struct myna_why *why)
{
    struct myna_picture small;
    enum myna_err err;

    if ((uint64_t)p->width * p->height <= MYNA_STILL_PIXELS)
        return MYNA_OK;
    err = myna_picture_shrink(p, MYNA_STILL_PIXELS, &small);
    if (err)
        return myna_fail(why, err, "no memory for a smaller picture");
    myna_picture_fini(p);
    *p = small;
    return MYNA_OK;
}

enum myna_err myna_still_make(struct myna_still *into, struct myna_view key_frame,
                              struct myna_why *why)
{
    struct myna_picture p = {0};
    struct myna_still still = {0};
    enum myna_err err = myna_vp8_decode(key_frame, &p, why);

    if (!err)
        err = fit(&p, why);
    still.width = p.width;
    still.height = p.height;
    if (!err)
        err = myna_jpeg_write(&p, MYNA_STILL_QUALITY, &still.jpeg, &still.len, why);
    myna_picture_fini(&p);
    if (!err)
        *into = still;
    return err;
}

void myna_still_fini(struct myna_still *still)
{
    free(still->jpeg);
    *still = (struct myna_still){0};
}
