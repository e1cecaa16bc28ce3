/* picture.h - one picture in memory: how it is decoded, made smaller, and written as JPEG.
 *
 * Planes as video has them (Y, then U and V at half the size), but in JPEG's range, 0 to 255, so
 * that nothing is converted on the way. All planes are of even size: an odd picture has its last
 * column or row twice. Pure; any thread; takes milliseconds, so not the loop's.
 */
#ifndef MYNA_VIDEO_PICTURE_H
#define MYNA_VIDEO_PICTURE_H

#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

/* 4096 x 2304: more than a camera has; a stranger's header can ask for 268 million. */
#define MYNA_PICTURE_MAX ((uint32_t)4096 * 2304)

struct myna_picture {
    uint32_t width, height;
    uint32_t stride;    /* of Y; half of it for U and V */
    uint8_t *y, *u, *v; /* one block, which begins at y */
};

/* ENOMEM, ELIMIT: more than MYNA_PICTURE_MAX pixels, or none. On success fini() is due. */
MYNA_MUST enum myna_err myna_picture_init(struct myna_picture *p, uint32_t width, uint32_t height);
void myna_picture_fini(struct myna_picture *p);
/* A smaller picture of at most max_pixels with the same shape; each of its pixels is the mean of
 * what it stands for. */
MYNA_MUST enum myna_err myna_picture_shrink(const struct myna_picture *from, uint32_t max_pixels,
                                            struct myna_picture *into);

/* vpx.c: a VP8 key frame. EFORMAT: it is none, or broken. */
MYNA_MUST enum myna_err myna_vp8_decode(struct myna_view frame, struct myna_picture *into,
                                        struct myna_why *why);
/* jpeg.c: quality 1 to 100; free() the bytes. */
MYNA_MUST enum myna_err myna_jpeg_write(const struct myna_picture *p, int quality, uint8_t **bytes,
                                        size_t *len, struct myna_why *why);

#endif
