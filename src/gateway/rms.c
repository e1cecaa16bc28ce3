/* rms.c - silence.h as a VAD of the session: provider "rms", in the gateway alone. */
#include "gateway/rms.h"

#include <stdlib.h>

#include "gateway/options.h"
#include "gateway/silence.h"

struct rms {
    struct myna_vad base;
    struct myna_gw_options conf;
};

struct stream {
    struct myna_vad_stream base;
    struct myna_gw_silence silence;
    myna_us speech; /* since it began, loud or not */
    bool told;      /* that this tick is loud, before its end */
};

static void fresh(struct stream *s)
{
    const struct myna_gw_options *c = &((struct rms *)s->base.vad)->conf;

    s->speech = 0;
    s->told = false;
    myna_gw_silence_init(
        &s->silence, MYNA_IN_RATE_HZ, c->rms_floor, (myna_us)(c->silence_duration * (double)MYNA_S),
        (myna_us)(c->min_speech_duration * (double)MYNA_S), c->max_utterance_ms * MYNA_MS);
}

static enum myna_err create(struct myna_vad **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why)
{
    struct rms *r = calloc(1, sizeof *r);
    enum myna_err err;

    if (!r)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the VAD");
    r->base = (struct myna_vad){.cls = &myna_gw_rms, .host = host};
    err = myna_gw_options_read(cfg, &r->conf, why);
    if (err) {
        free(r);
        return err;
    }
    *out = &r->base;
    return MYNA_OK;
}

static void destroy(struct myna_vad *vad)
{
    free(vad);
}

static enum myna_err open_stream(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct stream *s = calloc(1, sizeof *s);

    if (!s)
        return MYNA_ENOMEM;
    s->base.vad = vad;
    fresh(s);
    *out = &s->base;
    return MYNA_OK;
}

static void emit(struct stream *s, enum myna_vad_event_type type, myna_us at)
{
    bool speaking = s->silence.speaking || type == MYNA_VAD_END;
    bool loud = s->silence.speaking && s->silence.since == 0;
    struct myna_vad_event ev = {.type = type,
                                .at = at,
                                .probability = loud ? 1 : 0,
                                .speaking = speaking && type != MYNA_VAD_END,
                                .speech = s->speech,
                                .raw_speech = loud ? s->speech : 0,
                                .raw_silence = loud || !speaking ? 0 : s->silence.since};

    if (type == MYNA_VAD_END)
        ev.silence = s->silence.silence;
    myna_vad_emit(&s->base, &ev);
}

/* Who speaks into an answer need not wait for the tick's end (voice-gateway case 25); start and
 * stop are still told then. */
static void tell_early(struct stream *s, myna_us at)
{
    struct myna_vad_event ev = {.type = MYNA_VAD_INFERENCE,
                                .at = at,
                                .probability = 1,
                                .speaking = true,
                                .speech = MYNA_FRAME_US,
                                .raw_speech = MYNA_FRAME_US};

    if (s->silence.speaking || s->told || !myna_gw_silence_surely_loud(&s->silence))
        return;
    s->told = true;
    myna_vad_emit(&s->base, &ev);
}

static void push(struct myna_vad_stream *st, const struct myna_frame *f)
{
    struct stream *s = (struct stream *)st;
    myna_us at = f->captured + MYNA_FRAME_US;

    switch (myna_gw_silence_push(&s->silence, f->pcm, MYNA_IN_SAMPLES)) {
    case MYNA_GW_BEGAN:
        s->speech = MYNA_GW_TICK;
        emit(s, MYNA_VAD_START, at);
        break;
    case MYNA_GW_SAID:
    case MYNA_GW_NOISE:
    case MYNA_GW_TOO_LONG:
        emit(s, MYNA_VAD_END, at);
        s->speech = 0;
        break;
    case MYNA_GW_SAME:
        if (s->silence.samples == 0 && s->silence.speaking)
            s->speech += MYNA_GW_TICK;
        break;
    }
    if (s->silence.samples == 0) { /* a tick was looked at */
        s->told = false;
        emit(s, MYNA_VAD_INFERENCE, at);
    } else {
        tell_early(s, at);
    }
}

static void flush(struct myna_vad_stream *st)
{
    fresh((struct stream *)st);
}

static void close_stream(struct myna_vad_stream *st)
{
    free(st);
}

static myna_us min_silence(const struct myna_vad *vad)
{
    return (myna_us)(((const struct rms *)vad)->conf.silence_duration * (double)MYNA_S);
}

const struct myna_vad_class myna_gw_rms = {
    .name = "rms",
    .summary = "speech told by plain loudness, as the reference gateway does",
    .create = create,
    .destroy = destroy,
    .open = open_stream,
    .push = push,
    .flush = flush,
    .close = close_stream,
    .min_silence = min_silence,
};
