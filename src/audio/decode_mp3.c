/* decode_mp3.c - MP3 as it arrives, by libmpg123's feeder. libsndfile reads MP3 as well, but wants
 * to seek in a whole file; its own decoder is this library.
 */
#include "audio/decode_internal.h"

#include <stdlib.h>

#include <mpg123.h>

#define PIECE    4096
#define SAMPLES  4096
#define PATIENCE ((size_t)1 << 20) /* bytes without a sample: a cover picture may be large */

struct myna_decode_mp3 {
    mpg123_handle *mh;
    size_t idle; /* bytes since the last sample */
    long rate_hz;
    int16_t pcm[SAMPLES];
};

struct myna_decode_mp3 *myna_decode_mp3_create(void)
{
    static const long rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
    struct myna_decode_mp3 *m = calloc(1, sizeof *m);
    int err = 0;

    if (!m)
        return NULL;
    m->mh = mpg123_new(NULL, &err);
    if (!m->mh)
        goto fail;
    mpg123_param(m->mh, MPG123_ADD_FLAGS, MPG123_QUIET | MPG123_MONO_MIX | MPG123_SKIP_ID3V2, 0);
    mpg123_format_none(m->mh);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        mpg123_format(m->mh, rates[i], MPG123_MONO, MPG123_ENC_SIGNED_16);
    if (mpg123_open_feed(m->mh) != MPG123_OK)
        goto fail;
    return m;
fail:
    myna_decode_mp3_destroy(m);
    return NULL;
}

void myna_decode_mp3_destroy(struct myna_decode_mp3 *m)
{
    if (!m)
        return;
    if (m->mh)
        mpg123_delete(m->mh);
    free(m);
}

/* What the bytes so far give. */
static enum myna_err drain(struct myna_decode_mp3 *m, struct myna_decode *d, struct myna_view bytes,
                           struct myna_why *why)
{
    const uint8_t *in = bytes.ptr;
    size_t len = bytes.len;

    for (;;) {
        size_t got = 0;
        int channels, encoding, res;
        enum myna_err err;

        res = mpg123_decode(m->mh, in, len, (unsigned char *)m->pcm, sizeof m->pcm, &got);
        in = NULL;
        len = 0;
        if (res == MPG123_NEW_FORMAT)
            mpg123_getformat(m->mh, &m->rate_hz, &channels, &encoding);
        else if (res != MPG123_OK && res != MPG123_NEED_MORE)
            return myna_fail(why, MYNA_EFORMAT, "damaged MP3: %s", mpg123_strerror(m->mh));
        if (got) {
            m->idle = 0;
            err = myna_decode_put(d, m->pcm, got / sizeof *m->pcm, (uint32_t)m->rate_hz, why);
            if (err)
                return err;
        }
        if (res == MPG123_NEED_MORE)
            return MYNA_OK;
    }
}

enum myna_err myna_decode_mp3_feed(struct myna_decode_mp3 *m, struct myna_decode *d,
                                   struct myna_view bytes, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    while (bytes.len && !err) {
        size_t n = bytes.len < PIECE ? bytes.len : PIECE;

        m->idle += n;
        err = drain(m, d, (struct myna_view){bytes.ptr, n}, why);
        bytes.ptr += n;
        bytes.len -= n;
        if (!err && m->idle > PATIENCE)
            err = myna_fail(why, MYNA_EFORMAT, "an MP3 without sound in %zu bytes", m->idle);
    }
    return err;
}
