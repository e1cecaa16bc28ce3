/* stage_say.c - `myna say`: the configured voice alone, into a file or to the sound card.
 *
 * The voice runs on a runtime of its own, through the same port as in a call. For a file the clock
 * is virtual and everything that it gives is taken at once. For the sound card the clock is real:
 * the card's thread takes what it plays from a ring, and the loop fills it every 10 ms with as much
 * as fits, so that a long text begins to be heard while its end is not computed yet.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "session/internal.h"
#include "transport/card.h"
#include "tts/tts.h"
#include "util/buf.h"
#include "util/ring.h"

#define LOOK_EVERY (10 * MYNA_MS)
#define DEAD_AFTER (2 * MYNA_S) /* no call of the card's thread for so long */
#define RING_MS    500

struct say {
    struct myna_runtime *rt;
    struct myna_tts *tts;
    struct myna_tts_port *port;
    struct myna_wav_writer *wav;
    uint64_t samples;
    bool done, woken; /* woken: there is something to take, or to know */
    /* the sound card's, instead of `wav` */
    struct myna_card *card;
    struct myna_ring *ring; /* samples at the card's rate */
    struct myna_resample *rs;
    int16_t *scratch;
    atomic_uint calls; /* of the card's thread */
    unsigned last_calls;
    myna_us alive, quiet_at; /* quiet_at: when the last sample has been heard */
    bool flushed;            /* the resampler's tail is in the ring */
    struct myna_timer look;
    enum myna_err err;
    struct myna_why why;
};

static size_t on_audio(void *arg, struct myna_tts_port *port, const int16_t *pcm, size_t n)
{
    struct say *s = arg;

    (void)port;
    if (s->card) {
        struct myna_view v = {(const uint8_t *)s->scratch, 0};

        n = n < MYNA_OUT_RATE_HZ / 10 ? n : MYNA_OUT_RATE_HZ / 10; /* what `scratch` holds */
        v.len = myna_resample_run(s->rs, pcm, n, s->scratch) * sizeof *s->scratch;
        (void)!myna_ring_write(s->ring, &v, 1); /* fits: look_fire() asked for no more */
    } else if (!s->err) {
        s->err = myna_wav_write(s->wav, pcm, n, &s->why);
    }
    s->samples += n;
    return n;
}

static void on_ready(void *arg, struct myna_tts_port *port)
{
    struct say *s = arg;

    (void)port;
    if (s->card) /* it takes when it has room */
        return;
    s->woken = true;
    myna_runtime_stop(s->rt);
}

static void on_event(void *arg, struct myna_tts_port *port, const struct myna_tts_event *ev)
{
    struct say *s = arg;

    (void)port;
    if (ev->type == MYNA_TTS_DONE)
        s->done = true;
    else if (ev->type == MYNA_TTS_FAULT && !s->err)
        s->err = myna_fail(&s->why, ev->fault.err ? ev->fault.err : MYNA_EPROVIDER, "%s",
                           ev->fault.message);
    if (!s->card && (s->done || s->err)) {
        s->woken = true;
        myna_runtime_stop(s->rt);
    }
}

/* The voice with its fallback list, as a call has it. */
static enum myna_err make_tts(struct say *s, struct myna_why *why)
{
    enum myna_err err = myna_runtime_make_tts(s->rt, &s->tts, why);

    return err || s->tts ? err
                         : myna_fail(why, MYNA_ECONFIG, "tts.provider is none: nobody speaks");
}

/* ---- the sound card */

static void on_card(void *arg, const int16_t *in, int16_t *out, size_t n)
{
    struct say *s = arg;
    size_t len = n * sizeof *out, have;

    (void)in;
    if (out) {
        have = myna_ring_used(s->ring);
        have = have < len ? have : len;
        memset(out, 0, len);
        if (have && myna_ring_copy(s->ring, out, have))
            myna_ring_consume(s->ring, have);
    }
    atomic_fetch_add_explicit(&s->calls, 1, memory_order_relaxed);
}

static bool card_alive(struct say *s, myna_us now)
{
    unsigned calls = atomic_load_explicit(&s->calls, memory_order_relaxed);

    if (calls != s->last_calls) {
        s->last_calls = calls;
        s->alive = now;
    }
    return now - s->alive < DEAD_AFTER && myna_card_running(s->card);
}

/* The last samples: first out of the resampler, then out of the ring, then out of the card. */
static bool heard_all(struct say *s, myna_us now)
{
    if (!s->flushed && myna_ring_space(s->ring) >= myna_ring_capacity(s->ring) / 2) {
        struct myna_view v = {(const uint8_t *)s->scratch, 0};

        v.len = myna_resample_finish(s->rs, s->scratch, MYNA_OUT_RATE_HZ / 10) * sizeof *s->scratch;
        s->flushed = v.len == 0;
        (void)!myna_ring_write(s->ring, &v, 1);
    }
    if (s->flushed && s->quiet_at == MYNA_NEVER && myna_ring_used(s->ring) == 0)
        s->quiet_at = now + myna_card_output_latency(s->card) + 2 * LOOK_EVERY;
    return s->quiet_at != MYNA_NEVER && now >= s->quiet_at;
}

/* 100 ms a time as long as twice of it fits: the resampler may give a little more. */
static void fill(struct say *s)
{
    uint64_t before = UINT64_MAX;

    while (!s->done && before != s->samples &&
           myna_ring_space(s->ring) >= myna_ring_capacity(s->ring) / 2) {
        before = s->samples;
        myna_tts_port_pump(s->port, MYNA_OUT_RATE_HZ / 10);
    }
}

static void look_fire(struct myna_timer *t)
{
    struct say *s = t->arg;
    myna_us now = myna_runtime_now(s->rt);

    if (!s->err && !card_alive(s, now))
        s->err = myna_fail(&s->why, MYNA_EIO,
                           "the sound card has stopped: it was unplugged or another program took "
                           "it");
    if (!s->err)
        fill(s);
    if (s->err || (s->done && heard_all(s, now)))
        myna_runtime_stop(s->rt);
    else
        (void)!myna_timer_set(t, now + LOOK_EVERY);
}

static enum myna_err open_card(struct say *s, struct myna_why *why)
{
    struct myna_card_options co = {.process = on_card, .arg = s};
    struct myna_why reason = {0};
    enum myna_err err = myna_card_open(&co, &s->card, &reason);
    uint32_t rate;

    if (err)
        return myna_fail(why, err, "%s To write a file instead: --out FILE.wav", reason.text);
    rate = myna_card_rate_hz(s->card);
    s->ring = myna_ring_create((size_t)RING_MS * rate / 1000 * sizeof *s->scratch);
    s->rs = myna_resample_create(MYNA_OUT_RATE_HZ, rate);
    if (s->rs)
        s->scratch = calloc(myna_resample_bound(s->rs, MYNA_OUT_RATE_HZ / 10), sizeof *s->scratch);
    return s->ring && s->scratch ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory to play");
}

static enum myna_err play(struct say *s, struct myna_why *why)
{
    enum myna_err err = myna_card_start(s->card, why);

    if (err)
        return err;
    s->quiet_at = MYNA_NEVER;
    s->alive = myna_runtime_now(s->rt);
    myna_host_timer_init(myna_runtime_host(s->rt), &s->look, look_fire, s);
    err = myna_timer_set(&s->look, s->alive);
    if (err)
        return myna_fail(why, err, "no timer to play");
    myna_runtime_run(s->rt);
    myna_timer_clear(&s->look);
    return MYNA_OK;
}

/* ---- */

static void write_all(struct say *s)
{
    /* A second of sound a time; where there is none the loop runs until there is. It is over when
     * the loop has nothing to do: a provider that failed may be asked again for ever, behind our
     * back. */
    while (!s->done && !s->err) {
        uint64_t before = s->samples;

        s->woken = false;
        myna_tts_port_pump(s->port, MYNA_OUT_RATE_HZ);
        if (s->samples != before || s->woken)
            continue;
        myna_runtime_run(s->rt);
        if (!s->woken)
            break;
    }
}

static enum myna_err speak(struct say *s, const struct myna_config *cfg, const char *text,
                           const char *path, struct myna_why *why)
{
    struct myna_runtime_options ro = {
        .size = sizeof ro, .config = (struct myna_config *)cfg, .virtual_clock = path != NULL};
    struct myna_tts_port_options po = {
        .id = 1, .audio = on_audio, .ready = on_ready, .event = on_event, .arg = s};
    enum myna_err err = myna_runtime_create(&ro, &s->rt, why);

    if (!err && !path)
        err = open_card(s, why);
    if (!err)
        err = make_tts(s, why);
    if (!err && path)
        err = myna_wav_create(path, MYNA_OUT_RATE_HZ, &s->wav, why);
    if (err)
        return err;
    po.tts = s->tts;
    err = myna_tts_port_open(&po, &s->port);
    if (!err)
        err = myna_tts_port_text(s->port, myna_view_of(text));
    if (err)
        return myna_fail(why, err, "the voice %s did not take the text: %s", s->tts->cls->name,
                         myna_strerror(err));
    myna_tts_port_end(s->port);
    if (path)
        write_all(s);
    else if ((err = play(s, why)) != MYNA_OK)
        return err;
    if (!s->err && !s->done)
        s->err = myna_fail(&s->why, MYNA_EPROVIDER, "the voice %s stopped in the middle",
                           s->tts->cls->name);
    if (s->err && why)
        *why = s->why;
    return s->err;
}

enum myna_err myna_say_file(const struct myna_config *cfg, const char *text, const char *path,
                            double *duration_ms, struct myna_why *why)
{
    struct say *s;
    enum myna_err err, closed;

    s = calloc(1, sizeof *s);
    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "no memory to speak");
    err = speak(s, cfg, text, path, why);
    myna_card_close(s->card); /* before the ring that its thread uses */
    myna_tts_port_close(s->port);
    if (s->tts)
        s->tts->cls->destroy(s->tts);
    myna_runtime_destroy(s->rt);
    myna_ring_destroy(s->ring);
    myna_resample_destroy(s->rs);
    free(s->scratch);
    closed = s->wav ? myna_wav_finish(s->wav, err ? NULL : why) : MYNA_OK;
    if (!err)
        err = closed;
    if (!err && duration_ms)
        *duration_ms = (double)s->samples * 1e3 / MYNA_OUT_RATE_HZ;
    free(s);
    return err;
}
