/* preconnect.c - see preconnect.h. Browsers record WebM: of it only the blocks of sound matter, so
 * the reader goes through its elements and takes those. */
#include "livekit/preconnect.h"

#include <string.h>

#include "audio/decode.h"
#include "audio/opus.h"
#include "audio/resample.h"

enum {
    EBML = 0x1a45dfa3,
    SEGMENT = 0x18538067,
    CLUSTER = 0x1f43b675,
    BLOCK_GROUP = 0xa0,
    BLOCK = 0xa1,
    SIMPLE_BLOCK = 0xa3,
    LACED = 0x06,
    RATE = MYNA_IN_RATE_HZ,
    PACKET = RATE * MYNA_OPUS_MAX_MS / 1000,
};

/* ---- WebM (RFC 8794, RFC 9559) */

struct walk {
    const uint8_t *at, *end;
};

/* A number of 1 to 8 bytes; its own length is said by the first bit that is set. false: cut short.
 */
static bool number(struct walk *w, bool keep_mark, uint64_t *out, bool *unknown)
{
    uint64_t v, ones;
    int n = 1;

    if (w->at == w->end || !*w->at)
        return false;
    while (!(*w->at & (0x80 >> (n - 1))))
        n++;
    if (w->end - w->at < n)
        return false;
    v = keep_mark ? *w->at : *w->at & (0x7f >> (n - 1));
    ones = 0x7f >> (n - 1);
    for (int i = 1; i < n; i++) {
        v = v << 8 | w->at[i];
        ones = ones << 8 | 0xff;
    }
    w->at += n;
    *unknown = v == ones; /* what is still being written does not know its size */
    *out = v;
    return true;
}

static void take_block(struct walk w, struct myna_opus_decoder *d, struct myna_buf *into)
{
    int16_t pcm[PACKET];
    uint64_t track;
    bool unknown;
    size_t n;

    if (!number(&w, false, &track, &unknown) || w.end - w.at < 4 || (w.at[2] & LACED))
        return;
    w.at += 3; /* time, flags */
    n = myna_opus_decode(d, (struct myna_view){w.at, (size_t)(w.end - w.at)}, pcm, PACKET);
    (void)!myna_buf_put(into, pcm, n * sizeof *pcm); /* errors stick */
}

static void read_webm(struct myna_view body, struct myna_opus_decoder *d, struct myna_buf *into)
{
    struct walk w = {body.ptr, body.ptr + body.len};
    uint64_t id, size;
    bool unknown;

    /* what no longer fits is not decoded: this runs on the loop */
    while (!into->err && number(&w, true, &id, &unknown) && number(&w, false, &size, &unknown)) {
        if (id == SEGMENT || id == CLUSTER || id == BLOCK_GROUP)
            continue; /* what is inside follows */
        if (unknown || size > (uint64_t)(w.end - w.at))
            return;
        if (id == SIMPLE_BLOCK || id == BLOCK)
            take_block((struct walk){w.at, w.at + size}, d, into);
        w.at += size;
    }
}

static enum myna_err webm(struct myna_view body, struct myna_buf *into, struct myna_why *why)
{
    struct myna_opus_decoder *d = myna_opus_decoder_create(RATE);

    if (!d)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    read_webm(body, d, into);
    myna_opus_decoder_destroy(d);
    return into->len ? MYNA_OK : myna_fail(why, MYNA_EFORMAT, "a WebM without Opus in it");
}

/* ---- to 16 kHz */

static enum myna_err resampled(const int16_t *pcm, size_t n, uint32_t rate_hz,
                               struct myna_buf *into, struct myna_why *why)
{
    struct myna_resample *rs = myna_resample_create(rate_hz, RATE);
    int16_t out[4096];

    if (!rs)
        return myna_fail(why, MYNA_EFORMAT, "%u samples a second are none", (unsigned)rate_hz);
    while (n) {
        size_t part = n < 1024 ? n : 1024;

        (void)!myna_buf_put(into, out, myna_resample_run(rs, pcm, part, out) * sizeof *out);
        pcm += part;
        n -= part;
    }
    for (size_t k; (k = myna_resample_finish(rs, out, sizeof out / sizeof *out)) > 0;)
        (void)!myna_buf_put(into, out, k * sizeof *out);
    myna_resample_destroy(rs);
    return MYNA_OK;
}

static void keep(void *arg, const int16_t *pcm, size_t n)
{
    (void)!myna_buf_put(arg, pcm, n * sizeof *pcm);
}

static enum myna_err file(enum myna_sound kind, struct myna_view body, struct myna_buf *into,
                          struct myna_why *why)
{
    struct myna_buf at_24;
    struct myna_decode *d;
    enum myna_err err;

    myna_buf_init(&at_24, 60 * MYNA_OUT_RATE_HZ * sizeof(int16_t));
    d = myna_decode_create(kind, MYNA_OUT_RATE_HZ, keep, &at_24);
    err = d ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "memory is short");
    while (!err && body.len && !at_24.err) { /* the same here */
        struct myna_view part = {body.ptr, body.len < 4096 ? body.len : 4096};

        err = myna_decode_feed(d, part, why);
        body.ptr += part.len;
        body.len -= part.len;
    }
    if (!err)
        err = myna_decode_end(d, why);
    if (!err)
        err = resampled((const int16_t *)(const void *)at_24.ptr, at_24.len / sizeof(int16_t),
                        MYNA_OUT_RATE_HZ, into, why);
    myna_decode_destroy(d);
    myna_buf_fini(&at_24);
    return err;
}

/* Little endian, as the wire has it and as every machine of ours is. */
static enum myna_err raw(struct myna_view body, uint32_t rate_hz, uint32_t channels,
                         struct myna_buf *into, struct myna_why *why)
{
    size_t n = body.len / sizeof(int16_t) / (channels ? channels : 1);
    struct myna_buf mono;
    enum myna_err err;

    if (channels < 1 || channels > 8)
        return myna_fail(why, MYNA_EFORMAT, "%u channels are none", (unsigned)channels);
    myna_buf_init(&mono, body.len + 1);
    for (size_t i = 0; i < n; i++) {
        int32_t sum = 0;
        int16_t s;

        for (uint32_t c = 0; c < channels; c++) {
            memcpy(&s, body.ptr + (i * channels + c) * sizeof s, sizeof s);
            sum += s;
        }
        s = (int16_t)(sum / (int32_t)channels);
        (void)!myna_buf_put(&mono, &s, sizeof s);
    }
    err = mono.err ? myna_fail(why, mono.err, "memory is short")
                   : resampled((const int16_t *)(const void *)mono.ptr, mono.len / sizeof(int16_t),
                               rate_hz, into, why);
    myna_buf_fini(&mono);
    return err;
}

enum myna_err myna_lk_preconnect(struct myna_view body, const char *mime, uint32_t rate_hz,
                                 uint32_t channels, struct myna_buf *into, struct myna_why *why)
{
    static const uint8_t ebml[] = {0x1a, 0x45, 0xdf, 0xa3};
    enum myna_sound kind = myna_sound_sniff(body);
    enum myna_err err;

    if (body.len >= sizeof ebml && !memcmp(body.ptr, ebml, sizeof ebml))
        err = webm(body, into, why);
    else if (kind == MYNA_SOUND_OGG || kind == MYNA_SOUND_WAV)
        err = file(kind, body, into, why);
    else if (mime && (strstr(mime, "webm") || strstr(mime, "opus") || strstr(mime, "mp4")))
        err = myna_fail(why, MYNA_EFORMAT, "sound of the kind %.60s is not understood", mime);
    else
        err = raw(body, rate_hz, channels, into, why);
    if (!err && into->err)
        err = myna_fail(why, into->err, "more sound than fits");
    return err;
}
