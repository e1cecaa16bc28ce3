/* vp8_rtp.c - see vp8_rtp.h.
 *
 *   X R N S R PID    S: begins a partition, and 0 is the first
 *   I L T K -        with X: which of the next three are there
 *   M PictureID      with I; M: 15 bits in two bytes
 *   TL0PICIDX        with L
 *   TID Y KEYIDX     with T or K
 */
#include "rtc/vp8_rtp.h"

#include <stdint.h>

static int next(struct myna_view *rest)
{
    if (!rest->len)
        return -1;
    rest->len--;
    return *rest->ptr++;
}

static bool read_more(struct myna_vp8_piece *p, struct myna_view *rest)
{
    enum { I = 0x80, L = 0x40, T = 0x20, K = 0x10, M = 0x80 };
    int which = next(rest), byte;

    if (which < 0)
        return false;
    if (which & I) {
        byte = next(rest);
        if (byte < 0)
            return false;
        p->picture_id = byte & 0x7f;
        if (byte & M) {
            int low = next(rest);

            if (low < 0)
                return false;
            p->picture_id = p->picture_id << 8 | low;
        }
    }
    if (which & L && next(rest) < 0)
        return false;
    if (which & (T | K)) {
        byte = next(rest);
        if (byte < 0)
            return false;
        p->layer = which & T ? byte >> 6 : 0;
    }
    return true;
}

bool myna_vp8_piece_parse(struct myna_vp8_piece *into, struct myna_view payload)
{
    enum { X = 0x80, S = 0x10, PID = 0x07 };
    struct myna_vp8_piece p = {.picture_id = -1};
    int first = next(&payload);

    if (first < 0 || (first & X && !read_more(&p, &payload)) || !payload.len)
        return false;
    p.begins = first & S && !(first & PID);
    p.data = payload;
    *into = p;
    return true;
}
