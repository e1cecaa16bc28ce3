/* deflate.c - zlib, without its header and sum. */
#include "livekit/deflate.h"

#include <zlib.h>

enum { RAW = -15, PIECE = 8192, DEFAULT_MEMORY = 8 };

typedef int step_fn(z_streamp z, int flush);

/* Until the stream ends. */
static enum myna_err run(z_stream *z, step_fn *step, int flush, struct myna_view in,
                         struct myna_buf *out)
{
    uint8_t piece[PIECE];
    enum myna_err err = MYNA_OK;
    int rc = Z_OK;

    z->next_in = (Bytef *)in.ptr;
    z->avail_in = (uInt)in.len;
    while (!err && rc == Z_OK) {
        z->next_out = piece;
        z->avail_out = sizeof piece;
        rc = step(z, flush);
        err = myna_buf_put(out, piece, sizeof piece - z->avail_out);
    }
    if (err)
        return err;
    if (rc == Z_MEM_ERROR)
        return MYNA_ENOMEM;
    return rc == Z_STREAM_END && !z->avail_in ? MYNA_OK : MYNA_EFORMAT;
}

enum myna_err myna_lk_inflate(struct myna_view in, struct myna_buf *out)
{
    z_stream z = {0};
    enum myna_err err;

    if (in.len > INT32_MAX)
        return MYNA_ELIMIT;
    if (inflateInit2(&z, RAW) != Z_OK)
        return MYNA_ENOMEM;
    err = run(&z, inflate, Z_NO_FLUSH, in, out);
    inflateEnd(&z);
    return err;
}

enum myna_err myna_lk_deflate(struct myna_view in, struct myna_buf *out)
{
    z_stream z = {0};
    enum myna_err err;

    if (in.len > INT32_MAX)
        return MYNA_ELIMIT;
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW, DEFAULT_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return MYNA_ENOMEM;
    err = run(&z, deflate, Z_FINISH, in, out);
    deflateEnd(&z);
    return err;
}
