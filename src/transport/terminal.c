/* terminal.c - a call over the sound card: the person sits in front of this machine.
 *
 * Two threads meet at two rings. The card's thread writes what it recorded into `mic` and takes
 * what it plays from `speaker`; it does nothing else. The loop looks every 10 ms: what was recorded
 * is brought to 16 kHz, cleaned of the loudspeaker's sound and handed over as frames; `speaker` is
 * filled up to 40 ms, so the card's own clock paces what is drawn. Those 40 ms and the card's delay
 * are the latency of what is heard.
 *
 * A card that stops (the machine slept, the sound server hiccuped) is opened once more; one that
 * stays away (unplugged, taken) ends the call with a sentence.
 */
#include "transport/builtin.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/echo.h"
#include "audio/resample.h"
#include "transport/card.h"
#include "util/ring.h"

#define LOOK_EVERY (10 * MYNA_MS)
#define AHEAD      (40 * MYNA_MS) /* two looks late are not heard */
#define DEAD_AFTER (4 * MYNA_S)   /* no call of the card's thread; PulseAudio may begin with 2 s */
#define GOOD_AFTER (10 * MYNA_S)  /* one that worked so long may be opened again */

enum { MIC_MS = 2000, CHUNK = 480, ECHO_TAIL_MS = 200 };

struct options {
    const char *input, *output;
    bool echo;
};

static const struct myna_option options[] = {
    {.name = "input_device",
     .type = MYNA_OPT_STRING,
     .offset = offsetof(struct options, input),
     .help = "microphone: number or part of its name"},
    {.name = "output_device",
     .type = MYNA_OPT_STRING,
     .offset = offsetof(struct options, output),
     .help = "loudspeaker: number or part of its name"},
    {.name = "echo_canceller",
     .type = MYNA_OPT_BOOL,
     .offset = offsetof(struct options, echo),
     .def = "true",
     .help = "take the loudspeaker's sound out of the microphone's"},
    {0},
};

static const struct myna_section section = {"transport.terminal", NULL, options};

struct terminal {
    struct myna_transport base;
    struct options opt;
    struct myna_timer look;
    struct myna_card *card;
    struct myna_ring *mic, *speaker;          /* samples at the card's rate */
    struct myna_resample *in, *out, *echo_in; /* card to 16 k, 24 k to card, 24 k to 16 k */
    struct myna_echo *echo;
    atomic_uint calls; /* of the card's thread */

    int16_t *scratch; /* of one resampler run */
    int16_t rec[MYNA_IN_SAMPLES * 4], ref[MYNA_IN_SAMPLES * 4];
    size_t rec_n, ref_n;
    myna_us captured; /* of the next frame; 0: none yet */
    size_t ahead;     /* bytes in `speaker` to reach */

    unsigned last_calls;
    myna_us alive, opened; /* opened again; MYNA_NEVER */
    bool joined, ending, closed;
    char reason[64];
};

/* ---- the card's thread */

static void process(void *arg, const int16_t *in, int16_t *out, size_t n)
{
    struct terminal *t = arg;
    size_t len = n * sizeof *in;

    if (in) {
        struct myna_view v = {(const uint8_t *)in, len};

        (void)!myna_ring_write(t->mic, &v, 1); /* full: the loop hangs, these are lost */
    }
    if (out) {
        size_t have = myna_ring_used(t->speaker);

        have = have < len ? have : len;
        memset(out, 0, len);
        if (have && myna_ring_copy(t->speaker, out, have))
            myna_ring_consume(t->speaker, have);
    }
    atomic_fetch_add_explicit(&t->calls, 1, memory_order_relaxed);
}

/* ---- the loop's side */

static void hand_over(struct terminal *t, myna_us now)
{
    struct myna_frame f = {0};
    size_t waiting = myna_ring_used(t->mic) / sizeof(int16_t);
    myna_us late = (myna_us)((t->rec_n * 1000 / (MYNA_IN_RATE_HZ / 1000)) +
                             waiting * 1000000 / myna_card_rate_hz(t->card));
    myna_us guess = now - late - myna_card_input_latency(t->card);

    /* Frames follow each other by 20 ms; the guess corrects what has drifted apart. */
    if (!t->captured || llabs(guess - t->captured) > 2 * MYNA_FRAME_US)
        t->captured = guess > t->captured ? guess : t->captured;
    f.captured = t->captured;
    t->captured += MYNA_FRAME_US;
    if (t->echo)
        myna_echo_clean(t->echo, t->rec, f.pcm);
    else
        memcpy(f.pcm, t->rec, sizeof f.pcm);
    t->rec_n -= MYNA_IN_SAMPLES;
    memmove(t->rec, t->rec + MYNA_IN_SAMPLES, t->rec_n * sizeof *t->rec);
    myna_transport_frame(&t->base, &f);
}

static void record(struct terminal *t, myna_us now)
{
    int16_t pcm[CHUNK];

    while (!t->ending && myna_ring_used(t->mic) >= sizeof pcm / 3) {
        size_t n = myna_ring_used(t->mic) / sizeof *pcm;

        n = n < CHUNK / 3 ? n : CHUNK / 3; /* at 16 kHz and above: never more than 160 out */
        if (!myna_ring_copy(t->mic, pcm, n * sizeof *pcm))
            return;
        myna_ring_consume(t->mic, n * sizeof *pcm);
        t->rec_n += myna_resample_run(t->in, pcm, n, t->rec + t->rec_n);
        while (t->rec_n >= MYNA_IN_SAMPLES && !t->ending)
            hand_over(t, now);
    }
}

static void tell_echo(struct terminal *t, const int16_t *pcm)
{
    if (!t->echo)
        return;
    t->ref_n += myna_resample_run(t->echo_in, pcm, MYNA_OUT_SAMPLES, t->ref + t->ref_n);
    while (t->ref_n >= MYNA_IN_SAMPLES) {
        myna_echo_played(t->echo, t->ref);
        t->ref_n -= MYNA_IN_SAMPLES;
        memmove(t->ref, t->ref + MYNA_IN_SAMPLES, t->ref_n * sizeof *t->ref);
    }
}

static void play(struct terminal *t)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    while (!t->ending && myna_ring_used(t->speaker) < t->ahead) {
        (void)myna_transport_pull(&t->base, pcm);
        tell_echo(t, pcm);
        size_t n = myna_resample_run(t->out, pcm, MYNA_OUT_SAMPLES, t->scratch);
        struct myna_view v = {(const uint8_t *)t->scratch, n * sizeof *t->scratch};

        if (!myna_ring_write(t->speaker, &v, 1))
            return;
    }
}

static void tell_closed(struct terminal *t, const struct myna_fault *fault)
{
    if (t->closed)
        return;
    t->closed = t->ending = true;
    myna_timer_clear(&t->look);
    myna_card_close(t->card);
    t->card = NULL;
    myna_transport_closed(&t->base, fault ? "error" : t->reason, fault);
}

static bool alive(struct terminal *t, myna_us now)
{
    unsigned calls = atomic_load_explicit(&t->calls, memory_order_relaxed);

    if (calls != t->last_calls) {
        t->last_calls = calls;
        t->alive = now;
    }
    return now - t->alive < DEAD_AFTER && myna_card_running(t->card);
}

/* Holds up the loop for a moment: there is no sound to be late for. */
static bool open_again(struct terminal *t)
{
    struct myna_card_options opt = {
        .input = t->opt.input, .output = t->opt.output, .process = process, .arg = t};
    uint32_t rate = myna_card_rate_hz(t->card);
    struct myna_why why = {0};
    enum myna_err err;

    if (t->opened != MYNA_NEVER && t->alive - t->opened < GOOD_AFTER)
        return false;
    myna_card_close(t->card);
    t->card = NULL;
    err = myna_card_open(&opt, &t->card, &why);
    if (!err && myna_card_rate_hz(t->card) != rate)
        err = myna_fail(&why, MYNA_EIO, "it has another rate now");
    if (!err)
        err = myna_card_start(t->card, &why);
    t->opened = t->alive = myna_host_now(t->base.host);
    myna_host_log(t->base.host, MYNA_LOG_WARN, "the sound card stopped and %s%s%s",
                  err ? "could not be opened again reason=\"" : "was opened again",
                  err ? why.text : "", err ? "\"" : "");
    return !err;
}

static void look_fire(struct myna_timer *timer)
{
    struct terminal *t = timer->arg;
    myna_us now = myna_host_now(t->base.host);
    struct myna_fault gone = {.stage = MYNA_STAGE_TRANSPORT,
                              .err = MYNA_EIO,
                              .provider = "terminal",
                              .message = "the sound card has stopped: it was unplugged or another "
                                         "program took it"};

    if (t->ending) {
        tell_closed(t, NULL);
        return;
    }
    if (!t->joined) {
        t->joined = true;
        myna_transport_joined(&t->base, 0, "terminal", NULL);
    }
    if (!alive(t, now) && !open_again(t)) {
        tell_closed(t, &gone);
        return;
    }
    record(t, now);
    play(t);
    if (!t->ending)
        (void)!myna_timer_set(timer, now + LOOK_EVERY);
}

/* ---- the class */

static void term_destroy(struct myna_transport *base)
{
    struct terminal *t = (struct terminal *)base;

    if (!t)
        return;
    myna_timer_clear(&t->look);
    myna_card_close(t->card); /* before the rings its thread uses */
    myna_ring_destroy(t->mic);
    myna_ring_destroy(t->speaker);
    myna_resample_destroy(t->in);
    myna_resample_destroy(t->out);
    myna_resample_destroy(t->echo_in);
    myna_echo_destroy(t->echo);
    free(t->scratch);
    free(t);
}

static enum myna_err make_rest(struct terminal *t, struct myna_why *why)
{
    uint32_t rate = myna_card_rate_hz(t->card);

    t->ahead = (size_t)(AHEAD / MYNA_MS) * rate / 1000 * sizeof(int16_t);
    t->mic = myna_ring_create((size_t)MIC_MS * rate / 1000 * sizeof(int16_t));
    t->speaker = myna_ring_create(t->ahead * 4);
    t->in = myna_resample_create(rate, MYNA_IN_RATE_HZ);
    t->out = myna_resample_create(MYNA_OUT_RATE_HZ, rate);
    t->echo_in = myna_resample_create(MYNA_OUT_RATE_HZ, MYNA_IN_RATE_HZ);
    t->echo = t->opt.echo ? myna_echo_create(ECHO_TAIL_MS) : NULL;
    if (t->out)
        t->scratch = calloc(myna_resample_bound(t->out, MYNA_OUT_SAMPLES), sizeof *t->scratch);
    if (t->mic && t->speaker && t->in && t->out && t->echo_in && t->scratch &&
        (t->echo || !t->opt.echo))
        return MYNA_OK;
    return myna_fail(why, MYNA_ENOMEM, "memory is short for the sound card");
}

static enum myna_err term_create(struct myna_transport **out, struct myna_host *host,
                                 const struct myna_config *cfg, struct myna_why *why)
{
    struct terminal *t = calloc(1, sizeof *t);
    enum myna_err err;

    if (!t)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    myna_host_timer_init(host, &t->look, look_fire, t);
    err = myna_config_read(cfg, &section, &t->opt, why);
    if (!err) {
        struct myna_card_options card = {
            .input = t->opt.input, .output = t->opt.output, .process = process, .arg = t};

        err = myna_card_open(&card, &t->card, why);
    }
    if (!err)
        err = make_rest(t, why);
    if (err) {
        term_destroy(&t->base);
        return err;
    }
    t->base = (struct myna_transport){
        .cls = &myna_transport_terminal,
        .host = host,
        .caps = MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT | MYNA_TRANSPORT_PAUSE,
        .heard = MYNA_HEARD_AT_PULL,
        .latency = AHEAD + myna_card_output_latency(t->card),
    };
    *out = &t->base;
    return MYNA_OK;
}

static enum myna_err term_start(struct myna_transport *base, struct myna_why *why)
{
    struct terminal *t = (struct terminal *)base;
    enum myna_err err = myna_card_start(t->card, why);

    if (err)
        return err;
    t->alive = myna_host_now(base->host);
    t->opened = MYNA_NEVER;
    err = myna_timer_set(&t->look, t->alive);
    return err ? myna_fail(why, err, "no timer for the call") : MYNA_OK;
}

static void term_hangup(struct myna_transport *base, const char *reason)
{
    struct terminal *t = (struct terminal *)base;

    if (t->ending)
        return;
    t->ending = true;
    snprintf(t->reason, sizeof t->reason, "%s", reason && reason[0] ? reason : "hangup");
    (void)!myna_timer_set(&t->look, myna_host_now(base->host));
}

const struct myna_transport_class myna_transport_terminal = {
    .name = "terminal",
    .summary = "microphone and loudspeaker of this machine",
    .options = options,
    .create = term_create,
    .start = term_start,
    .hangup = term_hangup,
    .destroy = term_destroy,
};
