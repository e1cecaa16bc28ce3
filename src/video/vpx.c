/* vpx.c - VP8 by libvpx, whose decoder takes a key frame and nothing before it.
 *
 * Video has black at 16 and white at 235, colour from 16 to 240; JPEG uses the whole byte. */
#include "video/picture.h"

#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include "video/vp8.h"

/* (n - from) stretched to `range` out of `of`, round `to`. */
static void make_table(uint8_t table[256], int from, int of, int range, int to)
{
    for (int i = 0; i < 256; i++) {
        int n = ((i - from) * range * 2 + of) / (of * 2) + to;

        table[i] = (uint8_t)(n < 0 ? 0 : n > 255 ? 255 : n);
    }
}

static void copy_plane(const vpx_image_t *img, int plane, const uint8_t table[256], uint8_t *to,
                       uint32_t width, uint32_t height)
{
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = img->planes[plane] + (ptrdiff_t)y * img->stride[plane];

        for (uint32_t x = 0; x < width; x++)
            to[(size_t)y * width + x] = table[row[x]];
    }
}

/* libvpx's planes go on to whole blocks of 16: an even size is always there. */
static void copy(const vpx_image_t *img, struct myna_picture *into)
{
    uint32_t w = into->stride, h = (into->height + 1) & ~1u;
    uint8_t table[256];

    make_table(table, 16, 219, 255, 0);
    copy_plane(img, VPX_PLANE_Y, table, into->y, w, h);
    make_table(table, 128, 224, 255, 128);
    copy_plane(img, VPX_PLANE_U, table, into->u, w / 2, h / 2);
    copy_plane(img, VPX_PLANE_V, table, into->v, w / 2, h / 2);
}

static enum myna_err decode(vpx_codec_ctx_t *vpx, struct myna_view frame, struct myna_picture *into,
                            struct myna_why *why)
{
    vpx_codec_iter_t at = NULL;
    const vpx_image_t *img;
    enum myna_err err;

    if (vpx_codec_decode(vpx, frame.ptr, (unsigned)frame.len, NULL, 0) ||
        !(img = vpx_codec_get_frame(vpx, &at)) || img->fmt != VPX_IMG_FMT_I420)
        return myna_fail(why, MYNA_EFORMAT, "the camera's picture is broken: %s",
                         vpx_codec_error(vpx));
    err = myna_picture_init(into, img->d_w, img->d_h);
    if (err)
        return myna_fail(why, err, "no memory for a picture of %ux%u", img->d_w, img->d_h);
    copy(img, into);
    return MYNA_OK;
}

enum myna_err myna_vp8_decode(struct myna_view frame, struct myna_picture *into,
                              struct myna_why *why)
{
    vpx_codec_dec_cfg_t cfg = {.threads = 1};
    vpx_codec_ctx_t vpx;
    uint32_t w, h;
    enum myna_err err;

    if (!myna_vp8_key(frame, &w, &h) || frame.len > UINT32_MAX)
        return myna_fail(why, MYNA_EFORMAT, "the camera's picture is no VP8 key frame");
    if ((uint64_t)w * h > MYNA_PICTURE_MAX)
        return myna_fail(why, MYNA_ELIMIT, "a picture of %ux%u is larger than is taken (%u pixels)",
                         w, h, MYNA_PICTURE_MAX);
    if (vpx_codec_dec_init(&vpx, vpx_codec_vp8_dx(), &cfg, 0))
        return myna_fail(why, MYNA_ENOMEM, "no memory for a picture of %ux%u", w, h);
    err = decode(&vpx, frame, into, why);
    (void)vpx_codec_destroy(&vpx);
    return err;
}
