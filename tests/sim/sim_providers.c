/* sim_providers.c - the scripted VAD, recogniser, agent and voice of the scenarios.
 *
 * Everything is told from timers of the host, as provider.h demands of a real one.
 */
#include "internal.h"

_Thread_local struct sim *sim_making;

/* One emission a timer: most fakes need only "at that time, do this". */
static void at(struct myna_timer *t, myna_us when)
{
    /* once more: one failing allocation is the session's matter, not ours */
    if (myna_timer_set(t, when) && myna_timer_set(t, when))
        abort();
}

static myna_us now(struct sim *s)
{
    return myna_runtime_now(s->rt) - s->t0;
}

/* ------------------------------------------------------------------ VAD */

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
    while (st->next < st->s->n_speeches && st->s->speeches[st->next].interim)
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
    myna_us t = now(st->s), next;
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
    at(timer, next + st->s->t0);
}

static enum myna_err vad_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct vad_stream *st = calloc(1, sizeof *st);
    struct sim *s = ((struct vad *)vad)->s;

    if (!st)
        return MYNA_ENOMEM;
    st->base.vad = vad;
    st->s = s;
    myna_host_timer_init(vad->host, &st->timer, vad_step, st);
    while (vad_speech(st) && vad_speech(st)->from + MIN_SPEECH < now(s))
        st->next++;
    if (vad_speech(st))
        at(&st->timer, vad_speech(st)->from + MIN_SPEECH + s->t0);
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

/* ------------------------------------------------------------------ STT */

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
};

static enum myna_err stt_make(struct myna_stt **out, struct myna_host *host,
                              const struct myna_stt_class *cls)
{
    struct stt *v = calloc(1, sizeof *v);

    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_stt){cls, host};
    v->s = sim_making;
    *out = &v->base;
    return MYNA_OK;
}

static enum myna_err stt_create(struct myna_stt **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    return stt_make(out, host, &sim_stt_class);
}

static enum myna_err stt_create_batch(struct myna_stt **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    return stt_make(out, host, &sim_stt_batch_class);
}

static enum myna_err stt_spare_create(struct myna_stt **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    enum myna_err err = stt_create(out, host, cfg, why);

    if (!err) {
        (*out)->cls = &sim_stt_spare_class;
        ((struct stt *)*out)->spare = true;
    }
    return err;
}

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

        if (*sp->text && sp->final_at > after && (!best || sp->final_at < best->final_at))
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
        at(&st->timer, next + st->s->t0);
}

static void stt_step(struct myna_timer *timer)
{
    struct stt_stream *st = timer->arg;
    myna_us t = now(st->s);
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

    (void)how;
    if (!st)
        return MYNA_ENOMEM;
    st->base.stt = stt;
    st->s = ((struct stt *)stt)->s;
    myna_host_timer_init(stt->host, &st->timer, stt_step, st);
    stt_arm(st, now(st->s));
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

const struct myna_stt_class sim_stt_class = {
    .name = "sim",
    .summary = "scripted",
    .caps = MYNA_STT_INTERIM,
    .create = stt_create,
    .destroy = stt_destroy,
    .open = stt_open,
    .push = stt_push,
    .mark = stt_mark,
    .close = stt_close,
};

const struct myna_stt_class sim_stt_batch_class = {
    .name = "sim-batch",
    .summary = "scripted, an utterance at a time",
    .caps = MYNA_STT_WANTS_SPEECH,
    .create = stt_create_batch,
    .destroy = stt_destroy,
    .open = stt_open,
    .push = stt_push,
    .mark = stt_mark,
    .close = stt_close,
};

const struct myna_stt_class sim_stt_spare_class = {
    .name = "spare",
    .summary = "scripted",
    .caps = MYNA_STT_INTERIM,
    .create = stt_spare_create,
    .destroy = stt_destroy,
    .open = stt_open,
    .push = stt_push,
    .mark = stt_mark,
    .close = stt_close,
};

/* ------------------------------------------------------------------ LLM */

struct llm {
    struct myna_llm base;
    struct sim *s;
    bool spare; /* its rows begin with "spare:" */
};
struct llm_stream {
    struct myna_llm_stream base;
    struct sim *s;
    struct myna_timer timer;
    struct sim_answer row;
    myna_us began;
    bool spoke;
    bool *gone; /* of the callback that runs: close() was called inside it */
};

static enum myna_err llm_create(struct myna_llm **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct llm *v = calloc(1, sizeof *v);

    (void)cfg;
    (void)why;
    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_llm){.cls = &sim_llm_class,
                                .host = host,
                                .model = sim_making->setup.llm_model,
                                .caps = sim_making->setup.llm_caps};
    v->s = sim_making;
    *out = &v->base;
    return MYNA_OK;
}

static enum myna_err llm_spare_create(struct myna_llm **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    enum myna_err err = llm_create(out, host, cfg, why);

    if (!err) {
        (*out)->cls = &sim_llm_spare_class;
        ((struct llm *)*out)->spare = true;
    }
    return err;
}

static void llm_destroy(struct myna_llm *llm)
{
    free(llm);
}

static void llm_text(struct llm_stream *st, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !*st->gone; i += 3)
        myna_llm_emit(&st->base, &(struct myna_llm_event){
                                     .type = MYNA_LLM_TEXT,
                                     .text = {(const uint8_t *)text + i, len - i < 3 ? len - i : 3},
                                 });
}

static void llm_speak(struct llm_stream *st)
{
    const char *text = st->row.text;
    size_t len = strlen(text);

    if (st->row.failure == SIM_BREAKS)
        len /= 2;
    while (len && !*st->gone) {
        const char *cut = strstr(text, "<flush>");
        size_t part = cut && (size_t)(cut - text) < len ? (size_t)(cut - text) : len;

        llm_text(st, text, part);
        text += part;
        len -= part;
        if (len && !*st->gone) {
            myna_llm_emit(&st->base, &(struct myna_llm_event){.type = MYNA_LLM_FLUSH});
            text += 7;
            len -= 7;
        }
    }
}

static void llm_step(struct myna_timer *timer)
{
    struct llm_stream *st = timer->arg;
    bool gone = false;
    struct myna_llm_event end = {
        .type = MYNA_LLM_DONE,
        .fault = {.stage = MYNA_STAGE_LLM,
                  .err = MYNA_EPROVIDER,
                  .provider = "sim",
                  .message = "the scripted agent broke",
                  .retryable = st->row.retryable},
    };

    st->gone = &gone;
    if (!st->spoke && st->row.failure != SIM_FAULT) {
        st->spoke = true;
        for (size_t i = 0; i < 4 && !gone; i++)
            if (st->row.before[i].type || st->row.before[i].text.len)
                myna_llm_emit(&st->base, &st->row.before[i]);
        if (!gone)
            llm_speak(st);
        for (size_t i = 0; i < 20 && st->row.calls[i].name && !gone; i++)
            myna_llm_emit(&st->base,
                          &(struct myna_llm_event){.type = MYNA_LLM_TOOL_CALL,
                                                   .call_id = st->row.calls[i].id,
                                                   .name = st->row.calls[i].name,
                                                   .extra = st->row.calls[i].extra,
                                                   .arguments = st->row.calls[i].arguments});
        if (!gone)
            at(timer, st->began + st->row.duration_ms * MYNA_MS);
    } else {
        if (st->row.failure != SIM_WELL)
            end.type = MYNA_LLM_FAULT;
        if (st->row.usage.type)
            myna_llm_emit(&st->base, &st->row.usage);
        if (!gone)
            myna_llm_emit(&st->base, &end);
    }
    if (!gone)
        st->gone = NULL;
}

static struct sim_answer *llm_find(struct sim *s, const struct myna_llm_request *req, bool spare)
{
    char key[300] = "";

    if (req->extra_instructions && *req->extra_instructions)
        snprintf(key, sizeof key, "instructions:%s", req->extra_instructions);
    else
        for (size_t i = 0; i < req->n_items; i++)
            if (req->items[i].type == MYNA_ITEM_MESSAGE && req->items[i].role == MYNA_ROLE_USER)
                snprintf(key, sizeof key, "%s", req->items[i].text);
            else if (req->items[i].type == MYNA_ITEM_FUNCTION_CALL_OUTPUT)
                snprintf(key, sizeof key, "output:%s", req->items[i].output);
    if (spare) {
        memmove(key + 6, key, sizeof key - 7);
        memcpy(key, "spare:", 6);
        key[sizeof key - 1] = '\0';
    }
    for (size_t i = 0; i < s->n_answers; i++)
        if (!strcmp(s->answers[i].input, key))
            return &s->answers[i];
    /* a greeting's wording is the session's: any row of instructions serves */
    for (size_t i = 0; i < s->n_answers && !strncmp(key, "instructions:", 13); i++)
        if (!strcmp(s->answers[i].input, "instructions:*"))
            return &s->answers[i];
    return NULL;
}

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct sim *s = ((struct llm *)llm)->s;
    struct sim_answer *row = llm_find(s, req, ((struct llm *)llm)->spare);
    struct llm_stream *st;

    s->llm_requests++;
    if (row && row->failure == SIM_REFUSES)
        return MYNA_EPROVIDER;
    st = calloc(1, sizeof *st);
    if (!st)
        return MYNA_ENOMEM;
    st->base.llm = llm;
    st->s = s;
    st->row = row ? *row : (struct sim_answer){.text = ""}; /* nothing, at once */
    if (row && row->failure != SIM_WELL && row->times && --row->times == 0)
        row->failure = SIM_WELL;
    st->began = myna_host_now(llm->host);
    myna_host_timer_init(llm->host, &st->timer, llm_step, st);
    if (st->row.failure != SIM_SILENT)
        at(&st->timer, st->began + st->row.ttft_ms * MYNA_MS);
    *out = &st->base;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *stream)
{
    struct llm_stream *st = (struct llm_stream *)stream;

    if (st->gone)
        *st->gone = true;
    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_llm_class sim_llm_class = {
    .name = "sim",
    .summary = "scripted",
    .create = llm_create,
    .destroy = llm_destroy,
    .start = llm_start,
    .close = llm_close,
};

const struct myna_llm_class sim_llm_spare_class = {
    .name = "spare",
    .summary = "scripted",
    .create = llm_spare_create,
    .destroy = llm_destroy,
    .start = llm_start,
    .close = llm_close,
};

/* ------------------------------------------------------------------ TTS */

enum { TTS_RATE_HZ = 24000 };

struct tts {
    struct myna_tts base;
    struct sim *s;
    bool spare; /* its rows begin with "spare:" */
};
struct tts_stream {
    struct myna_tts_stream base;
    struct sim *s;
    struct myna_timer timer;
    struct sim_voice row;
    char text[2000];
    size_t total, given; /* samples */
    bool speaking, told, early, ended;
};

static enum myna_err tts_make(struct myna_tts **out, struct myna_host *host,
                              const struct myna_tts_class *cls)
{
    struct tts *v = calloc(1, sizeof *v);

    if (!v)
        return MYNA_ENOMEM;
    v->base = (struct myna_tts){cls, host};
    v->spare = cls == &sim_tts_spare_class;
    v->s = sim_making;
    *out = &v->base;
    return MYNA_OK;
}

static enum myna_err tts_create(struct myna_tts **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    return tts_make(out, host, &sim_tts_class);
}

static enum myna_err tts_stream_create(struct myna_tts **out, struct myna_host *host,
                                       const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    return tts_make(out, host, &sim_tts_stream_class);
}

static enum myna_err tts_spare_create(struct myna_tts **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    (void)cfg;
    (void)why;
    return tts_make(out, host, &sim_tts_spare_class);
}

static void tts_destroy(struct myna_tts *tts)
{
    free(tts);
}

/* Same words? Blanks do not count: they are what sentence cutting may change. */
static bool same_words(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == ' ' || *a == '\n')
            a++;
        while (*b == ' ' || *b == '\n')
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

static struct sim_voice *tts_find(struct sim *s, const char *text)
{
    for (size_t i = 0; i < s->n_voices; i++)
        if (same_words(s->voices[i].text, text))
            return &s->voices[i];
    printf("# no length is scripted for \"%s\"\n", text);
    return NULL;
}

static void tts_step(struct myna_timer *timer)
{
    struct tts_stream *st = timer->arg;
    struct myna_tts_event end = {
        .type = MYNA_TTS_DONE,
        .fault = {.stage = MYNA_STAGE_TTS,
                  .err = MYNA_EPROVIDER,
                  .provider = "sim",
                  .message = "the scripted voice broke",
                  .retryable = st->row.retryable},
    };

    if (!st->speaking && st->row.failure != SIM_FAULT) {
        st->speaking = true;
        st->total = (size_t)st->row.audio_ms * TTS_RATE_HZ / 1000;
        if (st->row.failure == SIM_BREAKS)
            st->total /= 2;
        if (st->total) {
            if (st->row.failure == SIM_FADES) {
                st->given = st->total;
                at(timer, myna_host_now(st->base.tts->host) + 100 * MYNA_MS);
            }
            myna_tts_ready(&st->base);
            return;
        }
    }
    if (st->row.failure != SIM_WELL)
        end.type = MYNA_TTS_FAULT;
    st->told = true;
    myna_tts_emit(&st->base, &end);
}

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct tts_stream *st = calloc(1, sizeof *st);

    (void)how;
    if (!st)
        return MYNA_ENOMEM;
    st->base.tts = tts;
    st->s = ((struct tts *)tts)->s;
    st->s->tts_requests++;
    if (((struct tts *)tts)->spare)
        strcpy(st->text, "spare:");
    myna_host_timer_init(tts->host, &st->timer, tts_step, st);
    *out = &st->base;
    return MYNA_OK;
}

static void tts_begin(struct tts_stream *st, struct sim_voice *row)
{
    st->row = row ? *row : (struct sim_voice){.audio_ms = 1000, .ttfb_ms = 200};
    if (row && row->failure != SIM_WELL && row->times && --row->times == 0)
        row->failure = SIM_WELL;
    if (st->row.failure != SIM_SILENT)
        at(&st->timer, myna_host_now(st->base.tts->host) + st->row.ttfb_ms * MYNA_MS);
}

static void tts_over(struct tts_stream *st)
{
    st->told = true;
    at(&st->timer, myna_host_now(st->base.tts->host)); /* DONE or the fault in the middle */
}

static enum myna_err tts_text(struct myna_tts_stream *stream, struct myna_view text)
{
    struct tts_stream *st = (struct tts_stream *)stream;
    size_t len = strlen(st->text);

    snprintf(st->text + len, sizeof st->text - len, "%.*s", (int)text.len, (const char *)text.ptr);
    for (size_t i = 0; i < st->s->n_voices && !st->early; i++)
        if (st->s->voices[i].early && same_words(st->s->voices[i].text, st->text)) {
            st->early = true;
            tts_begin(st, &st->s->voices[i]);
        }
    return MYNA_OK;
}

static void tts_end(struct myna_tts_stream *stream)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    st->ended = true;
    if (!st->early)
        tts_begin(st, tts_find(st->s, st->text));
    else if (st->speaking && st->given == st->total && !st->told)
        tts_over(st);
}

static void tts_pump(struct myna_tts_stream *stream, size_t room)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    while (st->speaking && room && st->given < st->total) {
        int16_t pcm[MYNA_OUT_SAMPLES];
        size_t n = MYNA_OUT_SAMPLES, took;

        n = n < room ? n : room;
        n = n < st->total - st->given ? n : st->total - st->given;
        for (size_t i = 0; i < n; i++) /* square wave of 400 Hz, -12 dBFS */
            pcm[i] = (st->given + i) / 30 % 2 ? 8192 : -8192;
        took = myna_tts_audio(stream, pcm, n);
        st->given += took;
        room -= took;
        if (took < n)
            break;
    }
    if (st->speaking && st->given == st->total && !st->told && (st->ended || !st->early))
        tts_over(st);
}

static void tts_close(struct myna_tts_stream *stream)
{
    struct tts_stream *st = (struct tts_stream *)stream;

    myna_timer_clear(&st->timer);
    free(st);
}

const struct myna_tts_class sim_tts_class = {
    .name = "sim",
    .summary = "scripted, fed sentence by sentence",
    .rate_hz = TTS_RATE_HZ,
    .create = tts_create,
    .destroy = tts_destroy,
    .open = tts_open,
    .text = tts_text,
    .end = tts_end,
    .pump = tts_pump,
    .close = tts_close,
};

const struct myna_tts_class sim_tts_spare_class = {
    .name = "spare",
    .summary = "scripted, fed sentence by sentence",
    .rate_hz = TTS_RATE_HZ,
    .create = tts_spare_create,
    .destroy = tts_destroy,
    .open = tts_open,
    .text = tts_text,
    .end = tts_end,
    .pump = tts_pump,
    .close = tts_close,
};

const struct myna_tts_class sim_tts_stream_class = {
    .name = "sim-stream",
    .summary = "scripted, fed as the text comes",
    .caps = MYNA_TTS_TEXT_STREAM,
    .rate_hz = TTS_RATE_HZ,
    .create = tts_stream_create,
    .destroy = tts_destroy,
    .open = tts_open,
    .text = tts_text,
    .end = tts_end,
    .pump = tts_pump,
    .close = tts_close,
};
