/* sim_vad.c - the scripted judge of speech and silence of the scenarios. */
#include "internal.h"

static const myna_us MIN_SPEECH = 50 * MYNA_MS, MIN_SILENCE = 500 * MYNA_MS, STEP = 50 * MYNA_MS;

struct vad {
    struct myna_vad base;
    struct sim *s;
};
struct vad_stream {
    struct myna_vad_stream base;
    struct sim *s;
    struct myna_timer timer;
    size_t next; /* speech that is on or comes next */
    uint32_t who;
    bool speaking;
    bool *gone; /* of the callback that runs: close() was called inside it */
};

static enum myna_err vad_create(struct myna_vad **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct vad *v = calloc(1, sizeof *v);

    (void)cfg;
    (void)why;
    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_vad){&sim_vad_class, host};
    v->s = sim_making;
    *out = &v->base;
    return MYNA_OK;
}

static void vad_destroy(struct myna_vad *vad)
{
    free(vad);
}

static const struct sim_speech *vad_speech(struct vad_stream *st)
{
    while (st->next < st->s->n_speeches &&
           (st->s->speeches[st->next].interim || st->s->speeches[st->next].who != st->who))
        st->next++;
    return st->next < st->s->n_speeches ? &st->s->speeches[st->next] : NULL;
}

static void vad_emit(struct vad_stream *st, enum myna_vad_event_type type,
                     const struct sim_speech *sp, myna_us t)
{
    myna_us quiet = t > sp->to ? t - sp->to : 0;

    myna_vad_emit(&st->base, &(struct myna_vad_event){
                                 .type = type,
                                 .at = t + st->s->t0,
                                 .probability = quiet ? 0.0f : 1.0f,
                                 .speaking = type != MYNA_VAD_END,
                                 .speech = (quiet ? sp->to : t) - sp->from,
                                 .silence = quiet,
                                 .raw_speech = quiet ? 0 : t - sp->from,
                                 .raw_silence = quiet,
                             });
}

static void vad_tell(struct vad_stream *st, const struct sim_speech *sp, myna_us t)
{
    if (!st->speaking) {
        st->speaking = true;
        vad_emit(st, MYNA_VAD_START, sp, t);
        return;
    }
    vad_emit(st, MYNA_VAD_INFERENCE, sp, t);
    if (!*st->gone && st->speaking && t >= sp->to + MIN_SILENCE) {
        st->speaking = false;
        st->next++;
        vad_emit(st, MYNA_VAD_END, sp, t);
    }
}

static void vad_step(struct myna_timer *timer)
{
    struct vad_stream *st = timer->arg;
    const struct sim_speech *sp = vad_speech(st);
    myna_us t = sim_now(st->s), next;
    bool gone = false;

    if (!sp)
        return;
    st->gone = &gone;
    vad_tell(st, sp, t);
    if (gone)
        return;
    st->gone = NULL;
    sp = vad_speech(st);
    if (!sp)
        return;
    next = st->speaking ? t + STEP : sp->from + MIN_SPEECH;
    if (st->speaking && t < sp->to + MIN_SILENCE && next > sp->to + MIN_SILENCE)
        next = sp->to + MIN_SILENCE;
    sim_at(timer, next + st->s->t0);
}

static enum myna_err vad_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct vad_stream *st;
    struct sim *s = ((struct vad *)vad)->s;

    if (s->coming && s->coming == s->vad_refuses)
        return MYNA_EPROVIDER;
    st = calloc(1, sizeof *st);
    if (!st)
        return MYNA_ENOMEM;
    st->base.vad = vad;
    st->s = s;
    st->who = s->coming;
    myna_host_timer_init(vad->host, &st->timer, vad_step, st);
    while (vad_speech(st) && vad_speech(st)->from + MIN_SPEECH < sim_now(s))
        st->next++;
    if (vad_speech(st))
        sim_at(&st->timer, vad_speech(st)->from + MIN_SPEECH + s->t0);
    *out = &st->base;
    return MYNA_OK;
}

static void vad_push(struct myna_vad_stream *st, const struct myna_frame *f)
{
    (void)st;
    (void)f;
}

static void vad_flush(struct myna_vad_stream *stream)
{
    ((struct vad_stream *)stream)->speaking = false;
}

static void vad_close(struct myna_vad_stream *stream)
{
    struct vad_stream *st = (struct vad_stream *)stream;

    if (st->gone)
        *st->gone = true;
    myna_timer_clear(&st->timer);
    free(st);
}

static myna_us vad_min_silence(const struct myna_vad *vad)
{
    (void)vad;
    return MIN_SILENCE;
}

const struct myna_vad_class sim_vad_class = {
    .name = "sim",
    .summary = "scripted",
    .create = vad_create,
    .destroy = vad_destroy,
    .open = vad_open,
    .push = vad_push,
    .flush = vad_flush,
    .close = vad_close,
    .min_silence = vad_min_silence,
};
