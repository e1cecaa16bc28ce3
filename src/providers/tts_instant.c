/* tts_instant.c - speaks every text as the same sound, all of it at once: a WAV, or a tone. */
#include "providers/builtin.h"

#include <stdlib.h>

#include "audio/resample.h"
#include "audio/wav.h"

#define MAX_SECONDS 120

struct conf {
    const char *file;
    int duration_ms;
};

static const struct myna_option options[] = {
    {.name = "file",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct conf, file),
     .help = "WAV that every answer sounds like; unset: a tone"},
    {.name = "duration",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct conf, duration_ms),
     .def = "2000",
     .min = 20,
     .max = MAX_SECONDS * 1000,
     .help = "length of the tone"},
    {0},
};
static const struct myna_section section = {"tts.instant", "one sound at once", options};

struct instant {
    struct myna_tts base;
    struct conf conf;
    int16_t *pcm; /* 24 kHz; shared by all streams, read-only once made */
    size_t n;
};

struct stream {
    struct myna_tts_stream base;
    struct instant *owner;
    struct myna_timer timer;
    size_t at;
};

static void destroy(struct myna_tts *tts)
{
    struct instant *in = (struct instant *)tts;

    free(in->pcm);
    free(in);
}

static enum myna_err tone(struct instant *in, struct myna_why *why)
{
    in->n = (size_t)in->conf.duration_ms * MYNA_OUT_RATE_HZ / 1000;
    in->pcm = calloc(in->n, sizeof *in->pcm);
    if (!in->pcm)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tone of the instant voice");
    for (size_t i = 0; i < in->n; i++) /* square wave of 400 Hz, -24 dBFS */
        in->pcm[i] = i / (MYNA_OUT_RATE_HZ / 800) % 2 ? 2048 : -2048;
    return MYNA_OK;
}

static enum myna_err load(struct instant *in, struct myna_why *why)
{
    struct myna_wav_reader *wav = NULL;
    struct myna_resample *rs = NULL;
    int16_t block[4096];
    size_t max = (size_t)MAX_SECONDS * MYNA_OUT_RATE_HZ, got;
    enum myna_err err = myna_wav_open(in->conf.file, &wav, why);

    if (err)
        return err;
    rs = myna_resample_create(myna_wav_rate_hz(wav), MYNA_OUT_RATE_HZ);
    in->pcm = calloc(max, sizeof *in->pcm);
    if (!rs || !in->pcm) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the sound %s", in->conf.file);
        goto out;
    }
    for (;;) {
        err = myna_wav_read(wav, block, sizeof block / sizeof *block, &got, why);
        if (err || !got || in->n + myna_resample_bound(rs, got) > max)
            break;
        in->n += myna_resample_run(rs, block, got, in->pcm + in->n);
    }
    in->n += myna_resample_finish(rs, in->pcm + in->n, max - in->n);
out:
    myna_resample_destroy(rs);
    myna_wav_close(wav);
    return err;
}

static enum myna_err create(struct myna_tts **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct instant *in = calloc(1, sizeof *in);
    enum myna_err err;

    if (!in)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the instant voice");
    err = myna_config_read(cfg, &section, &in->conf, why);
    if (!err)
        err = in->conf.file ? load(in, why) : tone(in, why);
    if (err) {
        destroy(&in->base);
        return err;
    }
    in->base = (struct myna_tts){.cls = &myna_tts_instant, .host = host};
    *out = &in->base;
    return MYNA_OK;
}

static void fire(struct myna_timer *t)
{
    struct stream *st = t->arg;
    struct myna_tts_event done = {.type = MYNA_TTS_DONE};

    if (st->at < st->owner->n)
        myna_tts_ready(&st->base);
    else
        myna_tts_emit(&st->base, &done);
}

static enum myna_err open_stream(struct myna_tts *tts, const struct myna_tts_open *how,
                                 struct myna_tts_stream **out)
{
    struct stream *st = calloc(1, sizeof *st);

    (void)how;
    if (!st)
        return MYNA_ENOMEM;
    st->base.tts = tts;
    st->owner = (struct instant *)tts;
    myna_host_timer_init(tts->host, &st->timer, fire, st);
    *out = &st->base;
    return MYNA_OK;
}

static enum myna_err soon(struct stream *st)
{
    return myna_timer_set(&st->timer, myna_host_now(st->base.tts->host));
}

static enum myna_err text(struct myna_tts_stream *base, struct myna_view words)
{
    struct stream *st = (struct stream *)base;

    (void)words;
    return st->at ? MYNA_OK : soon(st);
}

static void end(struct myna_tts_stream *base)
{
    (void)base; /* the sound does not depend on the text's length */
}

static void pump(struct myna_tts_stream *base, size_t room)
{
    struct stream *st = (struct stream *)base;
    size_t left = st->owner->n - st->at;

    st->at += myna_tts_audio(base, st->owner->pcm + st->at, left < room ? left : room);
    if (st->at == st->owner->n && soon(st))
        myna_host_log(base->tts->host, MYNA_LOG_ERROR, "no memory for a timer stage=tts");
}

static void close_stream(struct myna_tts_stream *base)
{
    struct stream *st = (struct stream *)base;

    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_tts_class myna_tts_instant = {
    .name = "instant",
    .summary = "one sound for every text, at once (load tests)",
    .options = options,
    .caps = MYNA_TTS_TEXT_STREAM,
    .rate_hz = MYNA_OUT_RATE_HZ,
    .create = create,
    .destroy = destroy,
    .open = open_stream,
    .text = text,
    .end = end,
    .pump = pump,
    .close = close_stream,
};
