/* picture.c - see picture.h. */
#include "video/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t even(uint32_t n)
{
    return (n + 1) & ~1u;
}

enum myna_err myna_picture_init(struct myna_picture *p, uint32_t width, uint32_t height)
{
    size_t luma;

    *p = (struct myna_picture){.width = width, .height = height};
    if (!width || !height || (uint64_t)width * height > MYNA_PICTURE_MAX)
        return MYNA_ELIMIT;
    p->stride = even(width);
    luma = (size_t)p->stride * even(height);
    p->y = malloc(luma + luma / 2);
    if (!p->y)
        return MYNA_ENOMEM;
    p->u = p->y + luma;
    p->v = p->u + luma / 4;
    return MYNA_OK;
}

void myna_picture_fini(struct myna_picture *p)
{
    free(p->y);
    *p = (struct myna_picture){0};
}

/* One side of the mean: source pixels [from, to) lie under target pixel i, at least one. */
static void under(uint32_t i, uint32_t n_from, uint32_t n_to, uint32_t *from, uint32_t *to)
{
    *from = (uint32_t)((uint64_t)i * n_from / n_to);
    *to = (uint32_t)((uint64_t)(i + 1) * n_from / n_to);
    if (*to <= *from)
        *to = *from + 1;
}

static void shrink_plane(const uint8_t *from, uint32_t fw, uint32_t fh, uint8_t *to, uint32_t tw,
                         uint32_t th)
{
    for (uint32_t y = 0; y < th; y++) {
        uint32_t top, bottom;

        under(y, fh, th, &top, &bottom);
        for (uint32_t x = 0; x < tw; x++) {
            uint32_t left, right, sum = 0, n;

            under(x, fw, tw, &left, &right);
            for (uint32_t i = top; i < bottom; i++)
                for (uint32_t k = left; k < right; k++)
                    sum += from[(size_t)i * fw + k];
            n = (bottom - top) * (right - left);
            to[(size_t)y * tw + x] = (uint8_t)((sum + n / 2) / n);
        }
    }
}

enum myna_err myna_picture_shrink(const struct myna_picture *from, uint32_t max_pixels,
                                  struct myna_picture *into)
{
    double scale = sqrt((double)max_pixels / ((double)from->width * from->height));
    uint32_t w = (uint32_t)(from->width * scale), h = (uint32_t)(from->height * scale);
    enum myna_err err = myna_picture_init(into, w ? w : 1, h ? h : 1);
    uint32_t th;

    if (err)
        return err;
    th = even(into->height);
    shrink_plane(from->y, from->stride, even(from->height), into->y, into->stride, th);
    shrink_plane(from->u, from->stride / 2, even(from->height) / 2, into->u, into->stride / 2,
                 th / 2);
    shrink_plane(from->v, from->stride / 2, even(from->height) / 2, into->v, into->stride / 2,
                 th / 2);
    return MYNA_OK;
}
