/* make_vp8.h - a camera for tests: one key frame of four fields of plain colour. */
#ifndef MAKE_VP8_H
#define MAKE_VP8_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

struct yuv {
    uint8_t y, u, v;
};

/* fields: left top, right top, left bottom, right bottom; video range. Returns the frame's length,
 * 0: none. */
static inline size_t make_vp8(unsigned width, unsigned height, const struct yuv fields[4],
                              uint8_t *into, size_t cap)
{
    vpx_codec_enc_cfg_t cfg;
    vpx_codec_ctx_t vpx;
    vpx_codec_iter_t at = NULL;
    const vpx_codec_cx_pkt_t *pkt;
    vpx_image_t *img = vpx_img_alloc(NULL, VPX_IMG_FMT_I420, width, height, 16);
    size_t len = 0;

    if (!img || vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &cfg, 0))
        return 0;
    cfg.g_w = width;
    cfg.g_h = height;
    cfg.g_lag_in_frames = 0;
    cfg.rc_target_bitrate = 4000;
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            const struct yuv *f = &fields[(y >= height / 2) * 2 + (x >= width / 2)];

            img->planes[0][(size_t)y * (size_t)img->stride[0] + x] = f->y;
            img->planes[1][(size_t)(y / 2) * (size_t)img->stride[1] + x / 2] = f->u;
            img->planes[2][(size_t)(y / 2) * (size_t)img->stride[2] + x / 2] = f->v;
        }
    if (vpx_codec_enc_init(&vpx, vpx_codec_vp8_cx(), &cfg, 0))
        return 0;
    if (!vpx_codec_encode(&vpx, img, 0, 1, VPX_EFLAG_FORCE_KF, VPX_DL_REALTIME) &&
        (pkt = vpx_codec_get_cx_data(&vpx, &at)) && pkt->data.frame.sz <= cap) {
        len = pkt->data.frame.sz;
        memcpy(into, pkt->data.frame.buf, len);
    }
    (void)vpx_codec_destroy(&vpx);
    vpx_img_free(img);
    return len;
}

#endif
