/* jpeg.c - JPEG by libjpeg-turbo: planes go in as they are. */
#include "video/picture.h"

#include <stdlib.h>
#include <string.h>

#include <turbojpeg.h>

enum myna_err myna_jpeg_write(const struct myna_picture *p, int quality, uint8_t **bytes,
                              size_t *len, struct myna_why *why)
{
    const unsigned char *planes[3] = {p->y, p->u, p->v};
    int strides[3] = {(int)p->stride, (int)p->stride / 2, (int)p->stride / 2};
    unsigned char *buf = NULL;
    unsigned long n = 0;
    tjhandle tj = tjInitCompress();
    enum myna_err err = MYNA_OK;

    if (!tj)
        return myna_fail(why, MYNA_ENOMEM, "no memory for a JPEG of %ux%u", p->width, p->height);
    if (tjCompressFromYUVPlanes(tj, planes, (int)p->width, strides, (int)p->height, TJSAMP_420,
                                &buf, &n, quality, 0))
        err = myna_fail(why, MYNA_EFORMAT, "no JPEG of %ux%u: %s", p->width, p->height,
                        tjGetErrorStr2(tj));
    if (!err) { /* its own allocator stays its own */
        uint8_t *own = malloc(n);

        if (own) {
            memcpy(own, buf, n);
            *bytes = own;
            *len = n;
        } else {
            err = myna_fail(why, MYNA_ENOMEM, "no memory for a JPEG of %lu bytes", n);
        }
    }
    tjFree(buf);
    tjDestroy(tj);
    return err;
}
