/* vad_local.c - streams of the built-in VADs: a segmenter with the network or loudness behind it.
 */
#include "providers/vad_local.h"

#include <stdlib.h>
#include <string.h>

#include "turn/energy.h"
#include "turn/segmenter.h"
#include "util/clock.h"
#include "util/host.h"

#define SURELY_NOT 0.01f

struct local {
    struct myna_vad base;
    struct myna_vad_local_options opt;
    struct myna_silero_weights *weights; /* NULL: loudness */
};

struct stream {
    struct myna_vad_stream base;
    struct myna_segmenter *segmenter;
    union {
        struct myna_silero_state silero;
        struct myna_energy energy;
    } state;
    float last;    /* what the network said of the window before */
    bool was_zero; /* that window was digital silence */
    bool told_overflow, told_slow;
};

static struct local *local_of(struct stream *s)
{
    return (struct local *)s->base.vad;
}

/* Digital silence (muted, nobody there, between the frames of DTX) tells the network nothing that
 * it does not know once it is sure: its state is held until there is sound again. Half of what a
 * quiet call costs is saved by this; left alone, some of its cells only drift. */
static float run_network(const struct local *l, struct stream *s, const int16_t *window)
{
    static const int16_t zero[MYNA_SILERO_WINDOW];
    bool is_zero = !memcmp(window, zero, sizeof zero);

    if (l->base.exact || !is_zero || !s->was_zero || s->last > SURELY_NOT)
        s->last = myna_silero_run(l->weights, &s->state.silero, window);
    s->was_zero = is_zero;
    return s->last;
}

static float infer(void *arg, const int16_t *window)
{
    struct stream *s = arg;
    struct local *l = local_of(s);

    return l->weights ? run_network(l, s, window) : myna_energy_run(&s->state.energy, window);
}

static void reset(void *arg)
{
    struct stream *s = arg;

    if (local_of(s)->weights) {
        myna_silero_reset(&s->state.silero);
        s->was_zero = false;
    } else {
        myna_energy_reset(&s->state.energy);
    }
}

static void on_event(void *arg, const struct myna_vad_event *ev)
{
    struct stream *s = arg;

    if (ev->inference > 200 * MYNA_MS && !s->told_slow) {
        s->told_slow = true;
        myna_host_log(s->base.vad->host, MYNA_LOG_WARN,
                      "the VAD is slower than real time stage=vad window_ms=32 took_ms=%lld",
                      (long long)(ev->inference / MYNA_MS));
    }
    if (ev->type == MYNA_VAD_END && myna_segmenter_overflowed(s->segmenter) && !s->told_overflow) {
        s->told_overflow = true;
        myna_host_log(s->base.vad->host, MYNA_LOG_WARN,
                      "speech was longer than the VAD keeps, its later sound was dropped stage=vad "
                      "max_buffered_speech_ms=%d",
                      local_of(s)->opt.max_buffered_speech_ms);
    }
    myna_vad_emit(&s->base, ev);
}

enum myna_err myna_vad_local_create(struct myna_vad **out, const struct myna_vad_class *cls,
                                    struct myna_host *host,
                                    const struct myna_vad_local_options *opt,
                                    struct myna_silero_weights *weights, struct myna_why *why)
{
    struct local *l = calloc(1, sizeof *l);

    if (!l) {
        myna_silero_weights_destroy(weights);
        return myna_fail(why, MYNA_ENOMEM, "no memory for the VAD");
    }
    l->base.cls = cls;
    l->base.host = host;
    l->opt = *opt;
    l->weights = weights;
    *out = &l->base;
    return MYNA_OK;
}

void myna_vad_local_destroy(struct myna_vad *vad)
{
    struct local *l = (struct local *)vad;

    if (!l)
        return;
    myna_silero_weights_destroy(l->weights);
    free(l);
}

enum myna_err myna_vad_local_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct local *l = (struct local *)vad;
    struct stream *s = calloc(1, sizeof *s);
    struct myna_segmenter_options opt = {
        .min_speech_ms = l->opt.min_speech_ms,
        .min_silence_ms = l->opt.min_silence_ms,
        .prefix_ms = l->opt.prefix_padding_ms,
        .max_speech_ms = l->opt.max_buffered_speech_ms,
        .activation = l->opt.activation_threshold,
        .deactivation = l->opt.deactivation_threshold,
    };
    struct myna_segmenter_engine engine = {
        .infer = infer,
        .reset = reset,
        .clock = myna_loop_is_virtual(vad->host->loop) ? NULL : myna_clock_monotonic,
        .arg = s,
    };

    if (!s)
        return MYNA_ENOMEM;
    s->base.vad = vad;
    s->segmenter = myna_segmenter_create(&opt, &engine, MYNA_IN_RATE_HZ, on_event, s);
    if (!s->segmenter) {
        free(s);
        return MYNA_ENOMEM;
    }
    *out = &s->base;
    return MYNA_OK;
}

void myna_vad_local_push(struct myna_vad_stream *st, const struct myna_frame *f)
{
    struct stream *s = (struct stream *)st;

    /* Cannot fail: the rate is the one given at open. */
    (void)!myna_segmenter_push(s->segmenter, f->pcm, MYNA_IN_SAMPLES, MYNA_IN_RATE_HZ, f->captured);
}

void myna_vad_local_flush(struct myna_vad_stream *st)
{
    myna_segmenter_flush(((struct stream *)st)->segmenter);
}

void myna_vad_local_close(struct myna_vad_stream *st)
{
    struct stream *s = (struct stream *)st;

    if (!s)
        return;
    myna_segmenter_destroy(s->segmenter);
    free(s);
}

myna_us myna_vad_local_min_silence(const struct myna_vad *vad)
{
    return ((const struct local *)vad)->opt.min_silence_ms * MYNA_MS;
}
