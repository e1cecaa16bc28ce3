/* instant.c - see instant.h. */
#include "instant.h"

#include <string.h>

#include "bench.h"

enum { CYCLE_MS = 8000, SPEECH_MS = 2000, STEP_MS = 50 };

struct instant_figures instant;

static void at(struct myna_timer *t, myna_us when)
{
    if (myna_timer_set(t, when))
        abort();
}

/* ---- whoever speaks; the VAD's END is the moment from which the delay counts */

struct vad_stream {
    struct myna_vad_stream base;
    struct myna_timer timer;
    size_t number;
    int step; /* of STEP_MS since the speech began; 0: silent */
};

static enum myna_err vad_create(struct myna_vad **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct myna_vad *v = calloc(1, sizeof *v);

    (void)cfg;
    (void)why;
    if (!v)
        return MYNA_ENOMEM;
    v->cls = &instant_vad;
    v->host = host;
    *out = v;
    return MYNA_OK;
}

static void vad_destroy(struct myna_vad *v)
{
    free(v);
}

static void vad_step(struct myna_timer *t)
{
    struct vad_stream *st = t->arg;
    struct myna_vad_event ev = {.at = myna_host_now(st->base.vad->host), .probability = 1};
    myna_us next = ev.at + STEP_MS * MYNA_MS;

    if (!instant.talking && !st->step) {
        at(t, ev.at + 100 * MYNA_MS);
        return;
    }
    st->step++;
    ev.speech = ev.raw_speech = st->step * STEP_MS * MYNA_MS;
    ev.speaking = true;
    ev.type = st->step == 1 ? MYNA_VAD_START : MYNA_VAD_INFERENCE;
    if (st->step * STEP_MS >= SPEECH_MS) {
        ev.type = MYNA_VAD_END;
        ev.speaking = false;
        ev.probability = 0;
        st->step = 0;
        next = ev.at + (CYCLE_MS - SPEECH_MS) * MYNA_MS;
        instant.turns++;
        instant.due_ns[st->number] = bench_now_ns() + instant.end_delay_ns;
    }
    at(t, next);
    myna_vad_emit(&st->base, &ev);
}

static enum myna_err vad_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct vad_stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    st->base.vad = vad;
    st->number = instant.session;
    myna_host_timer_init(vad->host, &st->timer, vad_step, st);
    at(&st->timer, myna_host_now(vad->host) + myna_host_random(vad->host) % (CYCLE_MS * 1000));
    *out = &st->base;
    return MYNA_OK;
}

static void vad_push(struct myna_vad_stream *st, const struct myna_frame *f)
{
    (void)st;
    (void)f;
}

static void vad_flush(struct myna_vad_stream *st)
{
    (void)st;
}

static void vad_close(struct myna_vad_stream *stream)
{
    struct vad_stream *st = (struct vad_stream *)stream;

    myna_timer_clear(&st->timer);
    free(st);
}

static myna_us vad_min_silence(const struct myna_vad *vad)
{
    (void)vad;
    return 0;
}

const struct myna_vad_class instant_vad = {
    .name = "instant",
    .summary = "speaks 2 s of every 8",
    .create = vad_create,
    .destroy = vad_destroy,
    .open = vad_open,
    .push = vad_push,
    .flush = vad_flush,
    .close = vad_close,
    .min_silence = vad_min_silence,
};

/* ---- door: a frame each way every 20 ms of the real clock */

struct door {
    struct myna_transport base;
    struct myna_timer timer;
    struct myna_frame frame;
    size_t number;
    int64_t start_ns;
    myna_us start;
    uint64_t ticks;
    bool up;
};

static enum myna_err door_create(struct myna_transport **out, struct myna_host *host,
                                 const struct myna_config *cfg, struct myna_why *why)
{
    struct door *d = calloc(1, sizeof *d);

    (void)cfg;
    (void)why;
    if (!d)
        return MYNA_ENOMEM;
    d->base.cls = &instant_door;
    d->base.host = host;
    d->base.caps = MYNA_TRANSPORT_AUDIO_IN | MYNA_TRANSPORT_AUDIO_OUT | MYNA_TRANSPORT_PAUSE;
    *out = &d->base;
    return MYNA_OK;
}

static void door_tick(struct myna_timer *t)
{
    struct door *d = t->arg;
    int16_t out[MYNA_OUT_SAMPLES];
    int64_t late = bench_now_ns() - (int64_t)d->ticks * MYNA_FRAME_MS * 1000000;

    /* the earliest of the first second tells where this door's clock began */
    if (d->ticks <= 50 && (d->ticks == 1 || late < d->start_ns))
        d->start_ns = late;
    late -= d->start_ns;
    if (instant.n_late < instant.cap_late)
        instant.late_ms[instant.n_late++] = (double)late / 1e6;
    d->frame.captured = d->start + (myna_us)(d->ticks - 1) * MYNA_FRAME_US;
    d->ticks++;
    at(t, d->start + (myna_us)d->ticks * MYNA_FRAME_US);
    instant.frames_in++;
    myna_transport_frame(&d->base, &d->frame);
    if (myna_transport_pull(&d->base, out))
        instant.frames_out++;
}

static enum myna_err door_start(struct myna_transport *t, struct myna_why *why)
{
    struct door *d = (struct door *)t;
    /* a door begins anywhere between two ticks of its neighbours */
    myna_us off = (myna_us)(myna_host_random(t->host) % MYNA_FRAME_US);

    (void)why;
    d->start = myna_host_now(t->host) + off;
    d->number = instant.session;
    d->ticks = 1;
    d->up = true;
    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        d->frame.pcm[i] = (int16_t)(i % 7 - 3);
    myna_host_timer_init(t->host, &d->timer, door_tick, d);
    at(&d->timer, d->start + MYNA_FRAME_US);
    return MYNA_OK;
}

static void door_hung_up(struct myna_timer *t)
{
    struct door *d = t->arg;

    myna_transport_closed(&d->base, "job_shutdown", NULL);
}

static void door_hangup(struct myna_transport *t, const char *reason)
{
    struct door *d = (struct door *)t;

    (void)reason;
    myna_timer_clear(&d->timer);
    myna_host_timer_init(t->host, &d->timer, door_hung_up, d);
    at(&d->timer, myna_host_now(t->host));
}

/* The answer's first sound can be drawn from now on. */
static void door_ready(struct myna_transport *t)
{
    int64_t *due = &instant.due_ns[((struct door *)t)->number];

    if (*due && instant.n_overhead < instant.cap_overhead)
        instant.overhead_ms[instant.n_overhead++] = (double)(bench_now_ns() - *due) / 1e6;
    *due = 0;
}

static void door_destroy(struct myna_transport *t)
{
    struct door *d = (struct door *)t;

    if (d->up)
        myna_timer_clear(&d->timer);
    free(d);
}

const struct myna_transport_class instant_door = {
    .name = "instant",
    .summary = "bare frames",
    .create = door_create,
    .start = door_start,
    .hangup = door_hangup,
    .destroy = door_destroy,
    .ready = door_ready,
};
