/* segmenter.c - the state is two durations; the rest is keeping sound and windows in step.
 *
 * Window k ends at input sample floor((k + 1) * 512 * rate / 16000): integers, so that neither
 * drifts from the other, however long the call. Sound is appended as it comes; `heard` tells how
 * much of it the windows have reached.
 */
#include "turn/segmenter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "audio/resample.h"

enum { WINDOW = 512, NET_HZ = 16000, BLOCK = 480, OUT_MAX = BLOCK * 2 + 8 };

static const myna_us window_us = 32 * MYNA_MS;

struct myna_segmenter {
    struct myna_segmenter_options opt;
    struct myna_segmenter_engine engine;
    void (*event)(void *arg, const struct myna_vad_event *ev);
    void *arg;
    struct myna_resample *resample;
    uint32_t rate_hz;

    int16_t window[WINDOW];
    size_t in_window;
    uint64_t windows; /* since create or flush */
    uint64_t pushed;  /* input samples, likewise */
    myna_us captured; /* of the piece being pushed */
    uint64_t piece;   /* its first sample, counted as `pushed` */

    int16_t *sound; /* from `first` on: the last kept samples up to `pushed` */
    size_t capacity, first, kept;
    size_t heard;    /* of `kept`, reached by the windows */
    uint64_t missed; /* input samples not kept since the buffer was full */
    bool overflowed;

    bool speaking;
    myna_us speech, silence, raw_speech, raw_silence;
};

static size_t samples(const struct myna_segmenter *sg, int ms)
{
    return (size_t)((uint64_t)(ms < 0 ? 0 : ms) * sg->rate_hz / 1000);
}

/* Prefix and speech, and what may arrive before the window that reaches it. */
static size_t capacity_for(const struct myna_segmenter *sg,
                           const struct myna_segmenter_options *opt)
{
    return samples(sg, opt->prefix_ms) + samples(sg, opt->max_speech_ms) + samples(sg, 64) + BLOCK +
           myna_resample_held(sg->resample);
}

static void take_options(struct myna_segmenter *sg, const struct myna_segmenter_options *opt)
{
    sg->opt = *opt;
    if (sg->opt.deactivation <= 0) {
        double d = opt->activation - 0.15;

        sg->opt.deactivation = d > 0.01 ? d : 0.01;
    }
}

struct myna_segmenter *
myna_segmenter_create(const struct myna_segmenter_options *opt,
                      const struct myna_segmenter_engine *engine, uint32_t rate_hz,
                      void (*event)(void *arg, const struct myna_vad_event *ev), void *arg)
{
    struct myna_segmenter *sg = calloc(1, sizeof *sg);

    if (!sg)
        return NULL;
    sg->engine = *engine;
    sg->event = event;
    sg->arg = arg;
    sg->rate_hz = rate_hz;
    take_options(sg, opt);
    sg->resample = myna_resample_create(rate_hz, NET_HZ);
    if (!sg->resample)
        goto fail;
    sg->capacity = capacity_for(sg, opt);
    sg->sound = malloc(sg->capacity * sizeof *sg->sound); /* pages come when they are touched */
    if (!sg->sound)
        goto fail;
    sg->engine.reset(sg->engine.arg);
    return sg;
fail:
    myna_segmenter_destroy(sg);
    return NULL;
}

void myna_segmenter_destroy(struct myna_segmenter *sg)
{
    if (!sg)
        return;
    myna_resample_destroy(sg->resample);
    free(sg->sound);
    free(sg);
}

/* ---- the sound that is kept */

/* Gives whole pages behind what is kept back to the system: a long monologue must not stay resident
 * for the rest of the call. */
static void release(struct myna_segmenter *sg, size_t used_before)
{
    enum { PAGE = 4096, WORTH = 64 * PAGE };
    uintptr_t from = (uintptr_t)(sg->sound + sg->first + sg->kept),
              to = (uintptr_t)(sg->sound + used_before);

    from = (from + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    to &= ~(uintptr_t)(PAGE - 1);
    if (to > from && to - from >= WORTH)
        madvise((void *)from, to - from, MADV_DONTNEED);
}

/* What is kept begins the buffer again. */
static void pack(struct myna_segmenter *sg)
{
    size_t before = sg->first + sg->kept;

    memmove(sg->sound, sg->sound + sg->first, sg->kept * sizeof *sg->sound);
    sg->first = 0;
    release(sg, before);
}

/* Drops all but the last `keep` heard samples. They are moved once in a while only: that is most of
 * what a window of silence costs. */
static void slide(struct myna_segmenter *sg, size_t keep)
{
    size_t drop = sg->heard > keep ? sg->heard - keep : 0;

    if (sg->missed) { /* what is here is not what came last */
        drop = sg->kept;
        sg->missed = 0;
    }
    if (drop == 0)
        return;
    sg->kept -= drop;
    sg->heard = sg->heard > drop ? sg->heard - drop : 0;
    sg->first += drop;
    if (sg->first >= sg->kept)
        pack(sg);
}

static void keep(struct myna_segmenter *sg, const int16_t *pcm, size_t n)
{
    size_t room = sg->capacity - sg->kept, part = n < room ? n : room;

    if (sg->missed)
        part = 0; /* a hole would be worse than an end */
    if (part > room - sg->first)
        pack(sg);
    memcpy(sg->sound + sg->first + sg->kept, pcm, part * sizeof *pcm);
    sg->kept += part;
    if (part < n) {
        sg->overflowed = true;
        sg->missed += n - part;
    }
}

/* ---- windows */

static uint64_t window_end(const struct myna_segmenter *sg, uint64_t windows)
{
    return windows * WINDOW * sg->rate_hz / NET_HZ;
}

static void tell(struct myna_segmenter *sg, struct myna_vad_event *ev,
                 enum myna_vad_event_type type)
{
    ev->type = type;
    ev->speaking = sg->speaking;
    sg->event(sg->arg, ev);
}

static void heard_speech(struct myna_segmenter *sg, struct myna_vad_event *ev)
{
    sg->raw_speech += window_us;
    sg->raw_silence = 0;
    if (sg->speaking || sg->raw_speech < sg->opt.min_speech_ms * MYNA_MS)
        return;
    sg->speaking = true;
    sg->silence = 0;
    sg->speech = sg->raw_speech;
    ev->speech = sg->speech;
    ev->silence = 0;
    tell(sg, ev, MYNA_VAD_START);
}

static void heard_silence(struct myna_segmenter *sg, struct myna_vad_event *ev)
{
    sg->raw_silence += window_us;
    sg->raw_speech = 0;
    if (!sg->speaking) {
        slide(sg, samples(sg, sg->opt.prefix_ms));
        return;
    }
    if (sg->raw_silence < sg->opt.min_silence_ms * MYNA_MS)
        return;
    sg->speaking = false;
    sg->silence = sg->raw_silence;
    ev->silence = sg->silence;
    ev->speech = sg->speech > sg->raw_silence ? sg->speech - sg->raw_silence : 0;
    tell(sg, ev, MYNA_VAD_END);
    sg->speech = 0;
    slide(sg, samples(sg, sg->opt.prefix_ms));
}

static void one_window(struct myna_segmenter *sg)
{
    struct myna_vad_event ev = {0};
    uint64_t begin = window_end(sg, sg->windows), end = window_end(sg, sg->windows + 1);
    myna_us started = sg->engine.clock ? sg->engine.clock() : 0;

    ev.probability = sg->engine.infer(sg->engine.arg, sg->window);
    ev.inference = sg->engine.clock ? sg->engine.clock() - started : 0;
    sg->windows++;
    sg->heard += (size_t)(end - begin);
    if (sg->heard > sg->kept)
        sg->heard = sg->kept;
    ev.at = sg->captured + ((int64_t)end - (int64_t)sg->piece) * MYNA_S / sg->rate_hz;
    if (sg->speaking)
        sg->speech += window_us;
    else
        sg->silence += window_us;
    ev.speech = sg->speech;
    ev.silence = sg->silence;
    ev.raw_speech = sg->raw_speech;
    ev.raw_silence = sg->raw_silence;
    tell(sg, &ev, MYNA_VAD_INFERENCE);
    if (ev.probability >= sg->opt.activation ||
        (sg->speaking && ev.probability > sg->opt.deactivation))
        heard_speech(sg, &ev);
    else
        heard_silence(sg, &ev);
}

static void to_windows(struct myna_segmenter *sg, const int16_t *pcm, size_t n)
{
    while (n > 0) {
        size_t part = WINDOW - sg->in_window < n ? WINDOW - sg->in_window : n;

        memcpy(sg->window + sg->in_window, pcm, part * sizeof *pcm);
        sg->in_window += part;
        pcm += part;
        n -= part;
        if (sg->in_window == WINDOW) {
            sg->in_window = 0;
            one_window(sg);
        }
    }
}

enum myna_err myna_segmenter_push(struct myna_segmenter *sg, const int16_t *pcm, size_t n,
                                  uint32_t rate_hz, myna_us captured)
{
    if (rate_hz != sg->rate_hz)
        return MYNA_EINVAL;
    sg->captured = captured;
    sg->piece = sg->pushed;
    while (n > 0) {
        int16_t out[OUT_MAX]; /* 8 to 16 kHz doubles */
        size_t part = n < BLOCK ? n : BLOCK;

        keep(sg, pcm, part);
        sg->pushed += part;
        to_windows(sg, out, myna_resample_run(sg->resample, pcm, part, out));
        pcm += part;
        n -= part;
    }
    return MYNA_OK;
}

void myna_segmenter_finish(struct myna_segmenter *sg)
{
    int16_t out[OUT_MAX];
    size_t n;

    while ((n = myna_resample_finish(sg->resample, out, OUT_MAX)) > 0)
        to_windows(sg, out, n);
}

void myna_segmenter_flush(struct myna_segmenter *sg)
{
    size_t before = sg->first + sg->kept;

    sg->in_window = sg->first = sg->kept = sg->heard = 0;
    sg->windows = sg->pushed = sg->piece = sg->missed = 0;
    sg->overflowed = sg->speaking = false;
    sg->speech = sg->silence = sg->raw_speech = sg->raw_silence = 0;
    myna_resample_reset(sg->resample);
    sg->engine.reset(sg->engine.arg);
    release(sg, before);
}

enum myna_err myna_segmenter_update(struct myna_segmenter *sg,
                                    const struct myna_segmenter_options *opt)
{
    size_t capacity = capacity_for(sg, opt);
    size_t drop = sg->kept > capacity ? sg->kept - capacity : 0; /* the oldest */
    int16_t *sound = malloc(capacity * sizeof *sound);

    if (!sound)
        return MYNA_ENOMEM;
    memcpy(sound, sg->sound + sg->first + drop, (sg->kept - drop) * sizeof *sound);
    free(sg->sound);
    sg->sound = sound;
    sg->first = 0;
    sg->capacity = capacity;
    sg->kept -= drop;
    sg->heard = sg->heard > drop ? sg->heard - drop : 0;
    take_options(sg, opt);
    return MYNA_OK;
}

bool myna_segmenter_speaking(const struct myna_segmenter *sg)
{
    return sg->speaking;
}

const int16_t *myna_segmenter_sound(const struct myna_segmenter *sg, size_t *n)
{
    *n = sg->heard;
    return sg->sound + sg->first;
}

bool myna_segmenter_overflowed(struct myna_segmenter *sg)
{
    bool was = sg->overflowed;

    sg->overflowed = false;
    return was;
}
