/* decode.c - raw samples and WAV as they arrive; what sound it is; one rate for all (decode.h).
 */
#include "audio/decode_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audio/g711.h"
#include "audio/resample.h"
#include "util/buf.h"
#include "util/bytes.h"

#define HEAD_MAX     ((size_t)64 << 10) /* of a WAV before its samples */
#define BLOCK        960
#define MAX_CHANNELS 8

enum code { CODE_INT = 1, CODE_FLOAT = 3, CODE_ALAW = 6, CODE_ULAW = 7 };

struct myna_decode {
    enum myna_sound kind;
    void (*out)(void *arg, const int16_t *pcm, size_t n);
    void *arg;
    struct myna_resample *rs; /* made at the first sample */
    int16_t *made;
    size_t made_max;
    uint32_t rate_hz; /* what rs takes */
    bool any;
    /* PCM and WAV */
    enum { HEAD, SAMPLES, OVER } state;
    struct myna_buf head;
    enum code code;
    int channels, bytes; /* of one sample */
    uint64_t left;       /* bytes of samples; UINT64_MAX: to the end */
    uint8_t part[MAX_CHANNELS * 8];
    size_t n_part; /* bytes of a sample of all channels that was cut */
    struct myna_decode_opus *opus;
    struct myna_decode_mp3 *mp3;
};

/* ---- which */

static bool begins(struct myna_view v, const char *magic, size_t n)
{
    return v.len >= n && !memcmp(v.ptr, magic, n);
}

enum myna_sound myna_sound_sniff(struct myna_view v)
{
    if (begins(v, "RIFF", 4) || begins(v, "RF64", 4))
        return MYNA_SOUND_WAV;
    if (begins(v, "OggS", 4))
        return MYNA_SOUND_OGG;
    if (begins(v, "ID3", 3))
        return MYNA_SOUND_MP3;
    return MYNA_SOUND_NONE;
}

enum myna_sound myna_sound_of_type(const char *type, uint32_t *rate_hz)
{
    static const struct {
        const char *name;
        enum myna_sound kind;
    } types[] = {
        {"audio/pcm", MYNA_SOUND_PCM},       {"audio/l16", MYNA_SOUND_PCM},
        {"audio/raw", MYNA_SOUND_PCM},       {"audio/x-pcm", MYNA_SOUND_PCM},
        {"audio/wav", MYNA_SOUND_WAV},       {"audio/x-wav", MYNA_SOUND_WAV},
        {"audio/wave", MYNA_SOUND_WAV},      {"audio/vnd.wave", MYNA_SOUND_WAV},
        {"audio/ogg", MYNA_SOUND_OGG},       {"audio/opus", MYNA_SOUND_OGG},
        {"application/ogg", MYNA_SOUND_OGG}, {"audio/mpeg", MYNA_SOUND_MP3},
        {"audio/mp3", MYNA_SOUND_MP3},       {"audio/x-mp3", MYNA_SOUND_MP3},
        {"audio/mpeg3", MYNA_SOUND_MP3},
    };
    size_t n = type ? strcspn(type, "; \t") : 0;
    const char *rate = type ? strcasestr(type, "rate=") : NULL;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == n && !strncasecmp(type, types[i].name, n)) {
            if (rate && atol(rate + 5) >= MYNA_RATE_MIN_HZ && atol(rate + 5) <= MYNA_RATE_MAX_HZ)
                *rate_hz = (uint32_t)atol(rate + 5);
            return types[i].kind;
        }
    return MYNA_SOUND_NONE;
}

/* ---- out */

static void give_rest(struct myna_decode *d)
{
    size_t n;

    while ((n = myna_resample_finish(d->rs, d->made, d->made_max)) > 0)
        d->out(d->arg, d->made, n);
}

enum myna_err myna_decode_put(struct myna_decode *d, const int16_t *mono, size_t n,
                              uint32_t rate_hz, struct myna_why *why)
{
    if (d->rs && rate_hz != d->rate_hz) { /* a chained stream of another rate */
        give_rest(d);
        myna_resample_destroy(d->rs);
        free(d->made);
        d->rs = NULL;
        d->made = NULL;
    }
    if (!d->rs) {
        if (rate_hz < MYNA_RATE_MIN_HZ || rate_hz > MYNA_RATE_MAX_HZ)
            return myna_fail(why, MYNA_EFORMAT, "the sound has %u samples a second, want %d to %d",
                             rate_hz, MYNA_RATE_MIN_HZ, MYNA_RATE_MAX_HZ);
        d->rate_hz = rate_hz;
        d->rs = myna_resample_create(rate_hz, MYNA_OUT_RATE_HZ);
        if (d->rs)
            d->made_max = myna_resample_bound(d->rs, BLOCK);
        if (d->rs)
            d->made = calloc(d->made_max, sizeof *d->made);
        if (!d->made)
            return myna_fail(why, MYNA_ENOMEM, "no memory to decode sound");
    }
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t some = myna_resample_run(d->rs, mono + at, n - at < BLOCK ? n - at : BLOCK, d->made);

        if (some)
            d->out(d->arg, d->made, some);
    }
    d->any = d->any || n > 0;
    return MYNA_OK;
}

/* ---- samples */

static int16_t from_float(double v)
{
    return isnan(v) ? 0 : (int16_t)lrint(fmax(-32768, fmin(32767, v * 32767)));
}

/* One sample of one channel. */
static int16_t sample(const struct myna_decode *d, const uint8_t *p)
{
    uint64_t bits;
    double wide;
    float narrow;
    uint32_t word;

    switch (d->code) {
    case CODE_ALAW:
        return myna_g711_decode_one(MYNA_G711_ALAW, *p);
    case CODE_ULAW:
        return myna_g711_decode_one(MYNA_G711_ULAW, *p);
    case CODE_FLOAT:
        word = myna_get_le32(p);
        if (d->bytes == 4) {
            memcpy(&narrow, &word, sizeof narrow);
            return from_float((double)narrow);
        }
        bits = word | (uint64_t)myna_get_le32(p + 4) << 32;
        memcpy(&wide, &bits, sizeof wide);
        return from_float(wide);
    case CODE_INT:
        break;
    }
    if (d->bytes == 1)
        return (int16_t)((*p - 128) * 256);
    return (int16_t)myna_get_le16(p + d->bytes - 2); /* the upper 16 of 16, 24, 32 */
}

static int16_t mono(const struct myna_decode *d, const uint8_t *p)
{
    int32_t sum = 0;

    for (int c = 0; c < d->channels; c++)
        sum += sample(d, p + c * d->bytes);
    return (int16_t)(sum / d->channels);
}

static enum myna_err take_samples(struct myna_decode *d, const uint8_t *p, size_t len,
                                  struct myna_why *why)
{
    size_t whole = (size_t)(d->channels * d->bytes), n = 0;
    int16_t block[BLOCK];
    enum myna_err err = MYNA_OK;

    if (len > d->left)
        len = (size_t)d->left;
    if (d->left != UINT64_MAX)
        d->left -= len;
    if (d->n_part) {
        size_t more = whole - d->n_part < len ? whole - d->n_part : len;

        memcpy(d->part + d->n_part, p, more);
        d->n_part += more;
        p += more;
        len -= more;
        if (d->n_part < whole)
            return MYNA_OK;
        block[n++] = mono(d, d->part);
        d->n_part = 0;
    }
    for (; len >= whole && !err; p += whole, len -= whole) {
        block[n++] = mono(d, p);
        if (n == BLOCK) {
            err = myna_decode_put(d, block, n, d->rate_hz, why);
            n = 0;
        }
    }
    if (!err && n)
        err = myna_decode_put(d, block, n, d->rate_hz, why);
    if (err)
        return err;
    memcpy(d->part, p, len);
    d->n_part = len;
    if (d->left == 0)
        d->state = OVER;
    return MYNA_OK;
}

/* ---- the head of a WAV */

static enum myna_err take_format(struct myna_decode *d, const uint8_t *p, uint32_t len,
                                 struct myna_why *why)
{
    uint32_t code = len >= 16 ? myna_get_le16(p) : 0, bits = len >= 16 ? myna_get_le16(p + 14) : 0;

    if (code == 0xFFFE && len >= 26) /* extensible: the code is in the GUID */
        code = myna_get_le16(p + 24);
    d->code = (enum code)code;
    d->channels = len >= 16 ? (int)myna_get_le16(p + 2) : 0;
    d->rate_hz = len >= 16 ? myna_get_le32(p + 4) : 0;
    d->bytes = (int)bits / 8;
    if (d->channels < 1 || d->channels > MAX_CHANNELS || bits % 8 ||
        !((code == CODE_INT && bits >= 8 && bits <= 32) ||
          (code == CODE_FLOAT && (bits == 32 || bits == 64)) ||
          ((code == CODE_ALAW || code == CODE_ULAW) && bits == 8)))
        return myna_fail(why, MYNA_EFORMAT,
                         "a WAV of code %u, %d channels and %u bits cannot be read", code,
                         d->channels, bits);
    return MYNA_OK;
}

/* MYNA_EAGAIN: more bytes must come. `*used`: where the samples begin. */
static enum myna_err parse_head(struct myna_decode *d, size_t *used, struct myna_why *why)
{
    struct myna_view v = myna_buf_view(&d->head);
    bool has_format = false;
    size_t at = 12;

    if (v.len >= 12 && memcmp(v.ptr + 8, "WAVE", 4) != 0)
        return myna_fail(why, MYNA_EFORMAT, "it begins like a WAV and is none");
    while (v.len >= at + 8) {
        uint32_t len = myna_get_le32(v.ptr + at + 4);
        enum myna_err err;

        if (!memcmp(v.ptr + at, "data", 4)) {
            if (!has_format)
                return myna_fail(why, MYNA_EFORMAT, "a WAV without a description of its samples");
            /* a server that streams does not know how much will come */
            d->left = len == 0 || len >= INT32_MAX ? UINT64_MAX : len;
            *used = at + 8;
            return MYNA_OK;
        }
        if (len > HEAD_MAX)
            return myna_fail(why, MYNA_EFORMAT, "a WAV with %u bytes before its sound", len);
        if (v.len < at + 8 + len)
            return MYNA_EAGAIN;
        if (!memcmp(v.ptr + at, "fmt ", 4)) {
            err = take_format(d, v.ptr + at + 8, len, why);
            if (err)
                return err;
            has_format = true;
        }
        at += 8 + (size_t)len + (len & 1);
    }
    return MYNA_EAGAIN;
}

static enum myna_err take_head(struct myna_decode *d, struct myna_view bytes, struct myna_why *why)
{
    size_t used = 0;
    enum myna_err err = myna_buf_put(&d->head, bytes.ptr, bytes.len);

    if (err == MYNA_ELIMIT)
        return myna_fail(why, MYNA_EFORMAT, "a WAV whose sound never begins");
    if (err)
        return myna_fail(why, err, "no memory to decode sound");
    err = parse_head(d, &used, why);
    if (err == MYNA_EAGAIN)
        return MYNA_OK;
    if (err)
        return err;
    d->state = SAMPLES;
    err = take_samples(d, d->head.ptr + used, d->head.len - used, why);
    myna_buf_fini(&d->head);
    return err;
}

/* ---- the decoder */

struct myna_decode *myna_decode_create(enum myna_sound kind, uint32_t rate_hz,
                                       void (*out)(void *arg, const int16_t *pcm, size_t n),
                                       void *arg)
{
    struct myna_decode *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->kind = kind;
    d->out = out;
    d->arg = arg;
    d->rate_hz = rate_hz;
    d->left = UINT64_MAX;
    myna_buf_init(&d->head, 2 * HEAD_MAX);
    if (kind == MYNA_SOUND_PCM) {
        d->state = SAMPLES;
        d->code = CODE_INT;
        d->channels = 1;
        d->bytes = 2;
    } else if (kind == MYNA_SOUND_OGG) {
        d->opus = myna_decode_opus_create();
    } else if (kind == MYNA_SOUND_MP3) {
        d->mp3 = myna_decode_mp3_create();
    }
    if (kind == MYNA_SOUND_NONE ||
        (kind == MYNA_SOUND_PCM && (rate_hz < MYNA_RATE_MIN_HZ || rate_hz > MYNA_RATE_MAX_HZ)) ||
        (kind == MYNA_SOUND_OGG && !d->opus) || (kind == MYNA_SOUND_MP3 && !d->mp3)) {
        myna_decode_destroy(d);
        return NULL;
    }
    return d;
}

void myna_decode_destroy(struct myna_decode *d)
{
    if (!d)
        return;
    myna_decode_opus_destroy(d->opus);
    myna_decode_mp3_destroy(d->mp3);
    myna_resample_destroy(d->rs);
    myna_buf_fini(&d->head);
    free(d->made);
    free(d);
}

enum myna_err myna_decode_feed(struct myna_decode *d, struct myna_view bytes, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;

    if (d->opus)
        return myna_decode_opus_feed(d->opus, d, bytes, why);
    if (d->mp3)
        return myna_decode_mp3_feed(d->mp3, d, bytes, why);
    /* a piece at a time: the head's ceiling is not the piece's */
    while (bytes.len && d->state == HEAD && !err) {
        size_t n = bytes.len < HEAD_MAX / 16 ? bytes.len : HEAD_MAX / 16;

        err = take_head(d, (struct myna_view){bytes.ptr, n}, why);
        bytes.ptr += n;
        bytes.len -= n;
    }
    if (!err && bytes.len && d->state == SAMPLES)
        err = take_samples(d, bytes.ptr, bytes.len, why);
    return err;
}

enum myna_err myna_decode_end(struct myna_decode *d, struct myna_why *why)
{
    if (!d->any)
        return myna_fail(why, MYNA_EFORMAT, "the sound is empty");
    give_rest(d);
    return MYNA_OK;
}
