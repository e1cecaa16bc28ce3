/* sim_stt.c - the scripted recogniser, its batch and its spare brother of the scenarios. */
#include "internal.h"

struct stt {
    struct myna_stt base;
    struct sim *s;
    bool spare; /* the one that takes over: does not break unless all do */
};
struct stt_stream {
    struct myna_stt_stream base;
    struct sim *s;
    struct myna_timer timer;
    size_t next;
    uint32_t who;
};

static enum myna_err stt_make(struct myna_stt **out, struct myna_host *host,
                              const struct myna_stt_class *cls)
{
    struct stt *v = calloc(1, sizeof *v);

    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_stt){cls, host};
    v->s = sim_making;
    v->spare = cls == &sim_stt_spare_class;
    *out = &v->base;
    return MYNA_OK;
}

SIM_CREATE(stt_create, struct myna_stt, stt_make, sim_stt_class)
SIM_CREATE(stt_batch_create, struct myna_stt, stt_make, sim_stt_batch_class)
SIM_CREATE(stt_spare_create, struct myna_stt, stt_make, sim_stt_spare_class)

static void stt_destroy(struct myna_stt *stt)
{
    free(stt);
}

/* The next text by time of its result, from the beginning when a stream is opened again. */
static const struct sim_speech *stt_next(struct stt_stream *st, myna_us after)
{
    const struct sim_speech *best = NULL;

    for (size_t i = 0; i < st->s->n_speeches; i++) {
        const struct sim_speech *sp = &st->s->speeches[i];

        if (*sp->text && sp->who == st->who && sp->final_at > after &&
            (!best || sp->final_at < best->final_at))
            best = sp;
    }
    return best;
}

static bool stt_breaks(const struct stt_stream *st)
{
    return st->s->stt_failure.times &&
           (st->s->stt_failure.all || !((const struct stt *)st->base.stt)->spare);
}

static bool stt_failure_due(struct stt_stream *st, myna_us t)
{
    return stt_breaks(st) && t >= st->s->stt_failure.at;
}

static void stt_arm(struct stt_stream *st, myna_us after)
{
    const struct sim_speech *sp = stt_next(st, after);
    myna_us next = sp ? sp->final_at : MYNA_NEVER;

    if (stt_breaks(st) && st->s->stt_failure.at < next)
        next = st->s->stt_failure.at > after ? st->s->stt_failure.at : after + MYNA_MS;
    if (next != MYNA_NEVER)
        sim_at(&st->timer, next + st->s->t0);
}

static void stt_step(struct myna_timer *timer)
{
    struct stt_stream *st = timer->arg;
    myna_us t = sim_now(st->s);
    const struct sim_speech *sp = stt_next(st, t - 1);
    struct myna_stt_event ev = {.confidence = 0.9f, .start = MYNA_NEVER, .end = MYNA_NEVER};

    if (stt_failure_due(st, t)) {
        st->s->stt_failure.times--;
        ev.type = MYNA_STT_FAULT;
        ev.fault = (struct myna_fault){.stage = MYNA_STAGE_STT,
                                       .err = MYNA_EPROVIDER,
                                       .provider = "sim",
                                       .message = "the scripted recogniser broke",
                                       .retryable = st->s->stt_failure.retryable};
        myna_stt_emit(&st->base, &ev);
        return;
    }
    if (!sp || sp->final_at != t)
        return;
    ev.type = sp->interim ? MYNA_STT_PARTIAL : MYNA_STT_FINAL;
    ev.text = sp->text;
    ev.start = sp->from + st->s->t0;
    ev.end = sp->to + st->s->t0;
    stt_arm(st, t);
    myna_stt_emit(&st->base, &ev);
}

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct stt_stream *st = calloc(1, sizeof *st);

    if (!st)
        return MYNA_ENOMEM;
    st->who = how->who;
    st->base.stt = stt;
    st->s = ((struct stt *)stt)->s;
    myna_host_timer_init(stt->host, &st->timer, stt_step, st);
    stt_arm(st, sim_now(st->s));
    st->s->stt_stream = &st->base;
    *out = &st->base;
    return MYNA_OK;
}

static void stt_push(struct myna_stt_stream *stream, const struct myna_frame *f)
{
    struct sim *s = ((struct stt_stream *)stream)->s;
    myna_us slot = (f->captured - s->t0) / MYNA_FRAME_US;
    bool sound = false;

    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        sound |= f->pcm[i] != 0;
    if (slot >= 0 && (size_t)slot < sizeof s->stt_sound)
        s->stt_sound[slot] = sound;
}

static void stt_mark(struct myna_stt_stream *st, enum myna_stt_mark mark, myna_us t)
{
    (void)st;
    (void)mark;
    (void)t;
}

static void stt_close(struct myna_stt_stream *stream)
{
    struct stt_stream *st = (struct stt_stream *)stream;

    if (st->s->stt_stream == stream)
        st->s->stt_stream = NULL;
    myna_timer_clear(&st->timer);
    free(st);
}

void sim_stt_tell(struct sim *s, enum myna_stt_event_type type, const char *text)
{
    sim_stt_tell_end(s, type, text, -1);
}

void sim_stt_tell_end(struct sim *s, enum myna_stt_event_type type, const char *text, int end_ms)
{
    struct myna_stt_event ev = {
        .type = type, .text = text, .confidence = 0.9f, .start = MYNA_NEVER, .end = MYNA_NEVER};

    if (end_ms >= 0)
        ev.end = s->t0 + end_ms * MYNA_MS;
    CHECK(s->stt_stream != NULL);
    myna_stt_emit(s->stt_stream, &ev);
}

/* What all three do alike. */
#define STT_METHODS                                                                                \
    .destroy = stt_destroy, .open = stt_open, .push = stt_push, .mark = stt_mark, .close = stt_close

const struct myna_stt_class sim_stt_class = {
    .name = "sim",
    .summary = "scripted",
    .caps = MYNA_STT_INTERIM,
    .create = stt_create,
    STT_METHODS,
};

const struct myna_stt_class sim_stt_batch_class = {
    .name = "sim-batch",
    .summary = "scripted, an utterance at a time",
    .caps = MYNA_STT_WANTS_SPEECH,
    .create = stt_batch_create,
    STT_METHODS,
};

const struct myna_stt_class sim_stt_spare_class = {
    .name = "spare",
    .summary = "scripted",
    .caps = MYNA_STT_INTERIM,
    .create = stt_spare_create,
    STT_METHODS,
};
