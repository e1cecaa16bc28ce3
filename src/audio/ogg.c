/* ogg.c - libopusenc's encoder over a descriptor of ours: so that a full disk has a name, and no
 * byte waits in a stdio buffer when the process is killed. */
#include "audio/ogg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <opusenc.h>

#include "util/fs.h"

#define COMPLEXITY 3     /* speech for listening again; a third of the default's time */
#define BITRATE    48000 /* both channels together */
#define PAGE_DELAY 48000 /* samples at 48 kHz that may wait for their page */

struct myna_ogg {
    OggOpusEnc *enc;
    OggOpusComments *comments;
    char *path;
    int fd;
    int channels;
    bool begun; /* sound was written */
    int error;  /* errno of the first write that failed */
};

/* Never says that it failed: libopusenc aborts in its drain when a write did (0.2.1). The error is
 * kept, nothing more is written, and our own calls tell it. */
static int put(void *arg, const unsigned char *ptr, opus_int32 len)
{
    struct myna_ogg *ogg = arg;

    while (len > 0 && !ogg->error) {
        ssize_t n = write(ogg->fd, ptr, (size_t)len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ogg->error = n < 0 ? errno : EIO;
            break;
        }
        ptr += n;
        len -= (opus_int32)n;
    }
    return 0;
}

static int shut(void *arg)
{
    (void)arg; /* closed by myna_ogg_close(), which can tell of it */
    return 0;
}

static enum myna_err failed(struct myna_ogg *ogg, int ope, struct myna_why *why)
{
    if (ogg->error) {
        errno = ogg->error;
        return myna_fs_fail(why, "write", ogg->path);
    }
    return myna_fail(why, ope == OPE_ALLOC_FAIL ? MYNA_ENOMEM : MYNA_EIO, "cannot write %s: %s",
                     ogg->path, ope_strerror(ope));
}

static void free_ogg(struct myna_ogg *ogg)
{
    if (ogg->enc)
        ope_encoder_destroy(ogg->enc);
    if (ogg->comments)
        ope_comments_destroy(ogg->comments);
    if (ogg->fd >= 0)
        close(ogg->fd);
    free(ogg->path);
    free(ogg);
}

enum myna_err myna_ogg_open(const char *path, int rate_hz, int channels, struct myna_ogg **out,
                            struct myna_why *why)
{
    static const OpusEncCallbacks callbacks = {put, shut};
    struct myna_ogg *ogg = calloc(1, sizeof *ogg);
    enum myna_err err = MYNA_ENOMEM;
    int ope = OPE_OK;

    if (!ogg)
        return myna_fail(why, err, "cannot write %s: out of memory", path);
    ogg->fd = -1;
    ogg->channels = channels;
    ogg->path = strdup(path);
    ogg->comments = ope_comments_create();
    if (!ogg->path || !ogg->comments) {
        myna_fail(why, err, "cannot write %s: out of memory", path);
        goto fail;
    }
    ogg->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (ogg->fd < 0) {
        err = myna_fs_fail(why, "write", path);
        goto fail;
    }
    ogg->enc =
        ope_encoder_create_callbacks(&callbacks, ogg, ogg->comments, rate_hz, channels, 0, &ope);
    if (!ogg->enc) {
        err = failed(ogg, ope, why);
        goto fail;
    }
    ope_encoder_ctl(ogg->enc, OPUS_SET_COMPLEXITY(COMPLEXITY));
    ope_encoder_ctl(ogg->enc, OPUS_SET_BITRATE(BITRATE));
    ope_encoder_ctl(ogg->enc, OPE_SET_MUXING_DELAY(PAGE_DELAY));
    ope = ope_encoder_flush_header(ogg->enc);
    if (ope != OPE_OK || ogg->error) {
        err = failed(ogg, ope, why);
        goto fail;
    }
    *out = ogg;
    return MYNA_OK;
fail:
    free_ogg(ogg);
    return err;
}

enum myna_err myna_ogg_write(struct myna_ogg *ogg, const int16_t *pcm, size_t n,
                             struct myna_why *why)
{
    while (n > 0) {
        size_t some = n < 48000 ? n : 48000;
        int ope = ope_encoder_write(ogg->enc, pcm, (int)some);

        if (ope != OPE_OK || ogg->error)
            return failed(ogg, ope, why);
        ogg->begun = true;
        pcm += some * (size_t)ogg->channels;
        n -= some;
    }
    return MYNA_OK;
}

enum myna_err myna_ogg_close(struct myna_ogg *ogg, struct myna_why *why)
{
    static const int16_t quiet[2 * 960]; /* 20 ms */
    enum myna_err err = MYNA_OK;
    int ope;

    if (!ogg)
        return MYNA_OK;
    /* libopusenc aborts when it drains an encoder that was never fed (0.2.1). */
    if (!ogg->begun)
        (void)!ope_encoder_write(ogg->enc, quiet, 960);
    ope = ope_encoder_drain(ogg->enc);
    if (ope != OPE_OK || ogg->error)
        err = failed(ogg, ope, why);
    if (close(ogg->fd) && !err)
        err = myna_fs_fail(why, "write", ogg->path);
    ogg->fd = -1;
    free_ogg(ogg);
    return err;
}
