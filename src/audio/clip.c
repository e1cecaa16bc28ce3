/* clip.c - the file is read whole, told by its first bytes, and decoded. */
#include "audio/clip.h"

#include <stdlib.h>
#include <string.h>

#include <myna/frame.h>

#include "audio/decode.h"
#include "audio/resample.h"
#include "audio/wav.h"
#include "util/buf.h"
#include "util/fs.h"

enum { SECONDS_MAX = 600, PIECE = 4096 };
#define FILE_MAX ((size_t)256 << 20)

struct making {
    struct myna_buf pcm;
    bool failed;
};

static void take(void *arg, const int16_t *pcm, size_t n)
{
    struct making *mk = arg;

    if (n && myna_buf_put(&mk->pcm, pcm, n * sizeof *pcm))
        mk->failed = true;
}

/* Any WAV: the reader knows more kinds of them than the stream decoder. */
static enum myna_err from_wav(const char *path, struct myna_view bytes, struct making *mk,
                              struct myna_why *why)
{
    struct myna_wav_reader *wav = NULL;
    struct myna_resample *rs = NULL;
    int16_t in[PIECE], *out = NULL;
    enum myna_err err = myna_wav_open_bytes(path, bytes.ptr, bytes.len, &wav, why);
    size_t n;

    if (err)
        return err;
    rs = myna_resample_create(myna_wav_rate_hz(wav), MYNA_OUT_RATE_HZ);
    if (rs)
        out = calloc(myna_resample_bound(rs, PIECE), sizeof *out);
    if (!out) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
        goto done;
    }
    while (!mk->failed && !(err = myna_wav_read(wav, in, PIECE, &n, why)) && n)
        take(mk, out, myna_resample_run(rs, in, n, out));
    while (!err && !mk->failed && (n = myna_resample_finish(rs, out, PIECE / 4)) > 0)
        take(mk, out, n);
done:
    free(out);
    myna_resample_destroy(rs);
    myna_wav_close(wav);
    return err;
}

static enum myna_err from_stream(const char *path, enum myna_sound kind, struct myna_view bytes,
                                 struct making *mk, struct myna_why *why)
{
    struct myna_decode *d = myna_decode_create(kind, 0, take, mk);
    struct myna_why its = {.err = MYNA_OK};
    enum myna_err err = MYNA_OK;

    if (!d)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
    while (bytes.len && !err && !mk->failed) {
        size_t n = bytes.len < PIECE ? bytes.len : PIECE;

        err = myna_decode_feed(d, (struct myna_view){bytes.ptr, n}, &its);
        bytes.ptr += n;
        bytes.len -= n;
    }
    if (!err && !mk->failed)
        err = myna_decode_end(d, &its);
    myna_decode_destroy(d);
    return err ? myna_fail(why, err, "%s: %s", path, its.text) : MYNA_OK;
}

static enum myna_err decode(const char *path, struct myna_view bytes, struct making *mk,
                            struct myna_why *why)
{
    enum myna_sound kind = myna_sound_sniff(bytes);

    switch (kind) {
    case MYNA_SOUND_WAV:
        return from_wav(path, bytes, mk, why);
    case MYNA_SOUND_OGG:
    case MYNA_SOUND_MP3:
        return from_stream(path, kind, bytes, mk, why);
    case MYNA_SOUND_NONE:
    case MYNA_SOUND_PCM:
        break;
    }
    return myna_fail(why, MYNA_EFORMAT, "%s: this is no WAV, Ogg Opus or MP3", path);
}

static char *at_home(const char *path)
{
    const char *home = getenv("HOME");

    if (strncmp(path, "~/", 2) != 0 || !home)
        return strdup(path);
    return myna_fs_join(home, path + 2);
}

enum myna_err myna_clip_load(const char *path, struct myna_clip **out, struct myna_why *why)
{
    struct making mk = {.failed = false};
    struct myna_clip *clip = NULL;
    char *real = at_home(path), *bytes = NULL;
    size_t len = 0;
    enum myna_err err;

    myna_buf_init(&mk.pcm, (size_t)SECONDS_MAX * MYNA_OUT_RATE_HZ * sizeof(int16_t));
    if (!real)
        return myna_fail(why, MYNA_ENOMEM, "no memory to read %s", path);
    err = myna_fs_read(real, FILE_MAX, &bytes, &len, why);
    if (!err)
        err = decode(real, (struct myna_view){(uint8_t *)bytes, len}, &mk, why);
    if (!err && mk.failed)
        err =
            mk.pcm.err == MYNA_ENOMEM
                ? myna_fail(why, MYNA_ENOMEM, "no memory for the sound of %s", real)
                : myna_fail(why, MYNA_ELIMIT, "%s is longer than %d minutes: cut a loop out of it",
                            real, SECONDS_MAX / 60);
    if (!err && mk.pcm.len == 0)
        err = myna_fail(why, MYNA_EFORMAT, "%s holds no sound", real);
    if (!err && !(clip = myna_clip_silent(mk.pcm.len / sizeof *clip->pcm)))
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the sound of %s", real);
    if (!err) {
        clip->pcm = malloc(mk.pcm.len);
        if (clip->pcm) {
            memcpy(clip->pcm, mk.pcm.ptr, mk.pcm.len);
            *out = clip;
        } else {
            myna_clip_destroy(clip);
            err = myna_fail(why, MYNA_ENOMEM, "no memory for the sound of %s", real);
        }
    }
    myna_buf_fini(&mk.pcm);
    free(bytes);
    free(real);
    return err;
}

struct myna_clip *myna_clip_silent(size_t n)
{
    struct myna_clip *clip = calloc(1, sizeof *clip);

    if (clip)
        clip->n = n;
    return clip;
}

void myna_clip_destroy(struct myna_clip *clip)
{
    if (!clip)
        return;
    free(clip->pcm);
    free(clip);
}
