/* tts_openai.c - voices behind OpenAI's /audio/speech: OpenAI's own and any server that has the
 * endpoint. tts_openai.h tells how they speak. */
#include "providers/tts_openai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/builtin.h"
#include "util/clock.h"
#include "util/utf8.h"

#define TEXT_MAX 65536 /* bytes of text waiting in one stream */

#define ROW(type_, name_, field_)                                                                  \
    .name = name_, .type = type_, .offset = offsetof(struct openai_voice_options, field_)

/* Raw samples are first where their rate is known; a WAV says it. FORMAT_AUTO ends the row. */
static const enum openai_format openai_order[] = {FORMAT_PCM, FORMAT_WAV, FORMAT_MP3, FORMAT_AUTO};
static const enum openai_format generic_order[] = {FORMAT_WAV, FORMAT_PCM, FORMAT_MP3, FORMAT_OPUS,
                                                   FORMAT_AUTO};

#define REST(auto_)                                                                                \
    {ROW(MYNA_OPT_STRING, "voice", voice), .def = "alloy",                                         \
     .help = "name of the voice; EMPTY: send none"},                                               \
        {ROW(MYNA_OPT_STRING, "instructions", instructions),                                       \
         .help = "how to speak, for models that take it"},                                         \
        {ROW(MYNA_OPT_DOUBLE, "speed", speed), .min = 0.25, .max = 4,                              \
         .help = "how fast it speaks, 1 is its own pace; unset: not sent"},                        \
        {ROW(MYNA_OPT_CHOICE, "format", format), .def = "auto", .choices = myna_openai_formats,    \
         .help = "form of the sound; auto: " auto_ ", the next one when refused"},                 \
        {ROW(MYNA_OPT_INT, "pcm_rate", pcm_rate_hz), .def = "24000", .min = 8000, .max = 48000,    \
         .help = "samples a second of raw sound whose type does not say it"},                      \
    {                                                                                              \
        0                                                                                          \
    }

static const struct myna_option openai_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS("https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini-tts",
                              "10s"),
    REST("pcm, wav, mp3")};
static const struct myna_option generic_options[] = {
    MYNA_OPENAI_AUDIO_OPTIONS(NULL, NULL, "tts-1", "20s"), REST("wav, pcm, mp3, opus")};

/* ---- the stream */

static void free_spent(struct openai_saying *st)
{
    while (st->spent) {
        struct openai_sentence *x = st->spent;

        st->spent = x->next;
        myna_openai_sentence_free(x);
    }
}

/* Nothing more will come of this stream: no request goes on. */
static void tell(struct openai_saying *st, const struct myna_openai_trouble *t)
{
    st->told = true;
    for (struct openai_sentence *x = st->head; x; x = x->next) {
        myna_http_cancel(x->rq);
        x->rq = NULL;
    }
    if (!t) {
        myna_tts_emit(&st->base, &(struct myna_tts_event){.type = MYNA_TTS_DONE});
        return;
    }
    myna_tts_emit(&st->base, &(struct myna_tts_event){.type = MYNA_TTS_FAULT,
                                                      .fault = {.stage = MYNA_STAGE_TTS,
                                                                .err = t->err,
                                                                .provider = st->base.tts->cls->name,
                                                                .message = t->text,
                                                                .http_status = t->status,
                                                                .retryable = t->again}});
}

static void later_fire(struct myna_timer *timer)
{
    struct openai_saying *st = timer->arg;
    struct openai_sentence *x;

    free_spent(st);
    if (st->told)
        return;
    for (x = st->head; x; x = x->next)
        if (x->paused && x->rq &&
            x->n - x->at < (size_t)MYNA_VOICE_LOW_MS * (MYNA_OUT_RATE_HZ / 1000)) {
            x->paused = false;
            x->window = myna_clock_monotonic();
            x->fresh = 0;
            myna_http_pause(x->rq, false);
        }
    myna_openai_voice_advance(st);
    x = st->head;
    if (x && x->finished && x->bad.err && x->at == x->n)
        tell(st, &x->bad);
    else if (x && x->finished && !x->bad.err && x->at == x->n) /* nothing of it is left to take */
        myna_tts_ready(&st->base);
    else if (st->ended && !x)
        tell(st, NULL);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct openai_voice *o = (struct openai_voice *)tts;
    struct openai_saying *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    if (how->voice && how->voice[0] && !(st->voice = strdup(how->voice))) {
        free(st);
        return MYNA_ENOMEM;
    }
    st->base.tts = tts;
    st->o = o;
    st->last = &st->head;
    myna_host_timer_init(o->base.host, &st->later, later_fire, st);
    myna_openai_audio_warm(&o->api); /* while the first sentence is not whole yet */
    *out = &st->base;
    return MYNA_OK;
}

/* What is no UTF-8 would not pass as JSON. */
static char *whole_text(struct myna_view text)
{
    struct myna_buf b;
    char *out;

    myna_buf_init(&b, 3 * TEXT_MAX + 3);
    for (size_t at = 0; at < text.len;) {
        int n = myna_utf8_next(text.ptr + at, text.len - at);

        if (n > 0)
            myna_buf_put(&b, text.ptr + at, (size_t)n);
        else
            myna_buf_puts(&b, MYNA_UTF8_BROKEN);
        at += n > 0 ? (size_t)n : n < 0 ? (size_t)-n : text.len - at;
    }
    out = myna_buf_take(&b);
    myna_buf_fini(&b);
    return out;
}

static enum myna_err tts_text(struct myna_tts_stream *base, struct myna_view text)
{
    struct openai_saying *st = (struct openai_saying *)base;
    struct openai_sentence *x;

    if (st->ended)
        return MYNA_ESTATE;
    if (st->waiting_bytes + text.len > TEXT_MAX)
        return MYNA_ELIMIT;
    x = calloc(1, sizeof *x);
    if (x)
        x->text = whole_text(text);
    if (!x || !x->text) {
        free(x);
        return MYNA_ENOMEM;
    }
    x->st = st;
    st->waiting_bytes += strlen(x->text);
    *st->last = x;
    st->last = &x->next;
    myna_openai_voice_advance(st);
    return MYNA_OK;
}

static void tts_end(struct myna_tts_stream *base)
{
    struct openai_saying *st = (struct openai_saying *)base;

    if (st->ended)
        return;
    st->ended = true;
    if (!st->head)
        myna_openai_voice_soon(st);
}

static void tts_pump(struct myna_tts_stream *base, size_t room)
{
    struct openai_saying *st = (struct openai_saying *)base;

    while (st->head && !st->told) {
        struct openai_sentence *x = st->head;
        size_t give = x->n - x->at < room ? x->n - x->at : room;
        size_t taken = give ? myna_tts_audio(base, x->pcm + x->at, give) : 0;

        x->at += taken;
        room -= taken;
        if (x->at < x->n || !x->finished || x->bad.err)
            break;
        st->waiting_bytes -= strlen(x->text);
        st->head = x->next;
        if (!st->head)
            st->last = &st->head;
        x->next = st->spent;
        st->spent = x;
    }
    if (!st->told)
        myna_openai_voice_soon(st); /* what follows is no part of the media tick */
}

static void tts_close(struct myna_tts_stream *base)
{
    struct openai_saying *st = (struct openai_saying *)base;

    myna_timer_clear(&st->later);
    while (st->head) {
        struct openai_sentence *x = st->head;

        st->head = x->next;
        myna_openai_sentence_free(x);
    }
    free_spent(st);
    free(st->voice);
    free(st);
}

static void tts_warm(struct myna_tts *tts)
{
    myna_openai_audio_warm(&((struct openai_voice *)tts)->api);
}

/* ---- the classes */

static void tts_destroy(struct myna_tts *tts)
{
    struct openai_voice *o = (struct openai_voice *)tts;

    if (!o)
        return;
    myna_openai_audio_fini(&o->api);
    free(o);
}

static enum myna_err create(const struct myna_tts_class *cls, struct myna_tts **out,
                            struct myna_host *host, const struct myna_config *cfg,
                            struct myna_why *why)
{
    struct openai_voice *o = calloc(1, sizeof *o);
    bool hosted = cls == &myna_tts_openai;
    char path[48], key[64];
    struct myna_section section = {path, cls->summary, cls->options};
    enum myna_err err;

    if (!o)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    o->base = (struct myna_tts){.cls = cls, .host = host};
    o->order = hosted ? openai_order : generic_order;
    snprintf(path, sizeof path, "tts.%s", cls->name);
    snprintf(key, sizeof key, "%s.speed", path);
    err = myna_config_read(cfg, &section, &o->opt, why);
    o->has_speed = myna_config_get(cfg, key) != NULL;
    if (!err)
        err = myna_openai_audio_init(&o->api, host, path, "/audio/speech", hosted, &o->opt.at, cfg,
                                     why);
    if (err)
        tts_destroy(&o->base);
    else
        *out = &o->base;
    return err;
}

#define CLASS(id, summary_, options_)                                                              \
    static enum myna_err create_##id(struct myna_tts **out, struct myna_host *host,                \
                                     const struct myna_config *cfg, struct myna_why *why)          \
    {                                                                                              \
        return create(&myna_tts_##id, out, host, cfg, why);                                        \
    }                                                                                              \
    const struct myna_tts_class myna_tts_##id = {                                                  \
        .name = #id,                                                                               \
        .summary = summary_,                                                                       \
        .options = options_,                                                                       \
        .rate_hz = MYNA_OUT_RATE_HZ,                                                               \
        .create = create_##id,                                                                     \
        .destroy = tts_destroy,                                                                    \
        .open = tts_open,                                                                          \
        .text = tts_text,                                                                          \
        .end = tts_end,                                                                            \
        .pump = tts_pump,                                                                          \
        .close = tts_close,                                                                        \
        .warm = tts_warm,                                                                          \
    }

CLASS(openai, "OpenAI's voices", openai_options);
CLASS(openai_compatible, "any server with OpenAI's /audio/speech", generic_options);
