/* replay_stages.c - providers and a transport that have only a recording to go by.
 *
 * Streams are found by the number that they have in the recording: the session opens them in the
 * same order. They compute nothing: what a live provider told from the loop is told by the
 * replayer; what it answered within a call is taken from the cursor here.
 */
#include "session/replay.h"

#include <stdlib.h>
#include <string.h>

#include "util/pack.h"

struct replay_stream {
    union {
        struct myna_vad_stream vad;
        struct myna_stt_stream stt;
        struct myna_llm_stream llm;
        struct myna_tts_stream tts;
    } base; /* first: what the port sees */
    struct replay *rp;
    enum myna_stage stage;
    uint32_t id;
    struct replay_stream *next;
    const uint8_t *left; /* tts: sound that was not taken at once */
    size_t n_left;
};

static struct replay_stream *find(struct replay *rp, enum myna_stage stage, uint32_t id)
{
    struct replay_stream *st = rp->streams;

    while (st && (st->stage != stage || st->id != id))
        st = st->next;
    return st;
}

/* The recorded call failed if the record says so. */
static enum myna_err recorded_failure(struct replay *rp, enum myna_stage stage, uint32_t id)
{
    const struct myna_flight_record *r = myna_replay_next(rp, MYNA_IN_FAIL, id);
    enum myna_stage its;
    enum myna_err err;

    if (!r || myna_fail_unpack(r->payload, &its, &err) || its != stage)
        return MYNA_OK;
    rp->at++;
    return err;
}

static enum myna_err open_stream(struct replay *rp, enum myna_stage stage,
                                 struct replay_stream **out)
{
    uint32_t id = ++rp->opened[stage - MYNA_STAGE_VAD];
    enum myna_err err = recorded_failure(rp, stage, id);
    struct replay_stream *st;

    if (err)
        return err;
    st = calloc(1, sizeof *st);
    if (!st) {
        rp->starved = true;
        return MYNA_ENOMEM;
    }
    st->rp = rp;
    st->stage = stage;
    st->id = id;
    st->next = rp->streams;
    rp->streams = st;
    *out = st;
    return MYNA_OK;
}

static void close_stream(void *stream)
{
    struct replay_stream *st = stream, **p = &st->rp->streams;

    while (*p != st)
        p = &(*p)->next;
    *p = st->next;
    free(st);
}

/* ---- vad */

static enum myna_err vad_open(struct myna_vad *vad, struct myna_vad_stream **out)
{
    struct replay_stream *st;
    enum myna_err err = open_stream(((struct replay_vad *)vad)->rp, MYNA_STAGE_VAD, &st);

    if (err)
        return err;
    st->base.vad.vad = vad;
    *out = &st->base.vad;
    return MYNA_OK;
}

static void vad_push(struct myna_vad_stream *stream, const struct myna_frame *f)
{
    struct replay_stream *st = (struct replay_stream *)stream;
    const struct myna_flight_record *r;
    struct myna_vad_event ev;

    (void)f;
    while (stream->sink && (r = myna_replay_next(st->rp, MYNA_IN_VAD, st->id)) &&
           myna_vad_event_unpack(r->payload, &ev) == MYNA_OK) {
        st->rp->at++;
        myna_vad_emit(stream, &ev);
    }
}

static void vad_flush(struct myna_vad_stream *stream)
{
    (void)stream;
}

static void vad_close(struct myna_vad_stream *stream)
{
    close_stream(stream);
}

static myna_us vad_min_silence(const struct myna_vad *vad)
{
    return ((const struct replay_vad *)vad)->min_silence;
}

/* ---- stt */

static enum myna_err stt_open(struct myna_stt *stt, const struct myna_stt_open *how,
                              struct myna_stt_stream **out)
{
    struct replay_stream *st;
    enum myna_err err = open_stream(((struct replay_stt *)stt)->rp, MYNA_STAGE_STT, &st);

    (void)how;
    if (err)
        return err;
    st->base.stt.stt = stt;
    *out = &st->base.stt;
    return MYNA_OK;
}

static void stt_push(struct myna_stt_stream *stream, const struct myna_frame *f)
{
    (void)stream;
    (void)f;
}

static void stt_mark(struct myna_stt_stream *stream, enum myna_stt_mark mark, myna_us at)
{
    (void)stream;
    (void)mark;
    (void)at;
}

static void stt_close(struct myna_stt_stream *stream)
{
    close_stream(stream);
}

/* ---- llm */

static enum myna_err llm_start(struct myna_llm *llm, const struct myna_llm_request *req,
                               struct myna_llm_stream **out)
{
    struct replay_stream *st;
    enum myna_err err = open_stream(((struct replay_llm *)llm)->rp, MYNA_STAGE_LLM, &st);

    (void)req;
    if (err)
        return err;
    st->base.llm.llm = llm;
    *out = &st->base.llm;
    return MYNA_OK;
}

static void llm_close(struct myna_llm_stream *stream)
{
    close_stream(stream);
}

/* ---- tts */

static enum myna_err tts_open(struct myna_tts *tts, const struct myna_tts_open *how,
                              struct myna_tts_stream **out)
{
    struct replay_stream *st;
    enum myna_err err = open_stream(((struct replay_tts *)tts)->rp, MYNA_STAGE_TTS, &st);

    (void)how;
    if (err)
        return err;
    st->base.tts.tts = tts;
    *out = &st->base.tts;
    return MYNA_OK;
}

static enum myna_err tts_text(struct myna_tts_stream *stream, struct myna_view text)
{
    struct replay_stream *st = (struct replay_stream *)stream;

    (void)text;
    return recorded_failure(st->rp, MYNA_STAGE_TTS, st->id);
}

static void tts_end(struct myna_tts_stream *stream)
{
    (void)stream;
}

/* true: all of it was taken */
static bool hand_over(struct replay_stream *st)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    while (st->n_left > 0) {
        size_t n = st->n_left < MYNA_OUT_SAMPLES ? st->n_left : MYNA_OUT_SAMPLES;

        memcpy(pcm, st->left, n * sizeof *pcm);
        n = myna_tts_audio(&st->base.tts, pcm, n);
        if (n == 0)
            return false;
        st->left += n * sizeof *pcm;
        st->n_left -= n;
    }
    return true;
}

static void tts_pump(struct myna_tts_stream *stream, size_t room)
{
    struct replay_stream *st = (struct replay_stream *)stream;
    const struct myna_flight_record *r;

    (void)room;
    while (stream->sink && hand_over(st) &&
           (r = myna_replay_next(st->rp, MYNA_IN_TTS_AUDIO, st->id))) {
        st->rp->at++;
        st->left = r->payload.ptr;
        st->n_left = r->payload.len / sizeof(int16_t);
    }
}

static void tts_close(struct myna_tts_stream *stream)
{
    close_stream(stream);
}

/* ---- transport */

static enum myna_err transport_start(struct myna_transport *t, struct myna_why *why)
{
    (void)t;
    (void)why;
    return MYNA_OK;
}

static void transport_hangup(struct myna_transport *t, const char *reason)
{
    (void)reason; /* that it closed is in the recording */
    ((struct replay_transport *)t)->hung_up = true;
}

static void transport_destroy(struct myna_transport *t)
{
    (void)t; /* part of struct replay */
}

/* ---- made from the recording */

static const struct myna_flight_record *first(const struct replay *rp, unsigned kind)
{
    for (size_t i = 0; i < rp->n; i++)
        if (rp->records[i].kind == kind)
            return &rp->records[i];
    return NULL;
}

static char *name_of(const char *name)
{
    return strdup(name ? name : "replay");
}

/* The classes differ from the recorded ones in what they do, not in what the session asks of
 * them: name, abilities, times. */
static enum myna_err read_opens(struct replay *rp)
{
    const struct myna_flight_record *vad = first(rp, MYNA_OUT_VAD_OPEN),
                                    *stt = first(rp, MYNA_OUT_STT_OPEN),
                                    *llm = first(rp, MYNA_OUT_LLM_START),
                                    *tts = first(rp, MYNA_OUT_TTS_OPEN);
    struct myna_reader r = {0};

    rp->vad.min_silence = -1;
    if (vad) {
        r = (struct myna_reader){.ptr = vad->payload.ptr, .len = vad->payload.len};
        rp->names[0] = name_of(myna_read_str_opt(&r));
        rp->vad.min_silence = myna_read_i64(&r);
    }
    if (stt && !r.bad) {
        r = (struct myna_reader){.ptr = stt->payload.ptr, .len = stt->payload.len};
        rp->stt_cls.caps = myna_read_u32(&r);
        rp->names[1] = name_of(myna_read_str_opt(&r));
    }
    if (llm && !r.bad) {
        r = (struct myna_reader){.ptr = llm->payload.ptr, .len = llm->payload.len};
        rp->names[2] = name_of(myna_read_str_opt(&r));
    }
    if (tts && !r.bad) {
        r = (struct myna_reader){.ptr = tts->payload.ptr, .len = tts->payload.len};
        rp->tts_cls.caps = myna_read_u32(&r);
        rp->names[3] = name_of(myna_read_str_opt(&r));
    }
    for (size_t i = 0; i < 4; i++)
        if (!rp->names[i] && !(rp->names[i] = name_of(NULL)))
            return MYNA_ENOMEM;
    return r.bad ? MYNA_EFORMAT : MYNA_OK;
}

enum myna_err myna_replay_stages_init(struct replay *rp, const char *transport_name,
                                      struct myna_why *why)
{
    struct myna_host *host = myna_runtime_host(rp->rt);
    enum myna_err err = read_opens(rp);

    if (err)
        return myna_fail(why, err, "the recording does not say which providers it had");
    rp->vad_cls = (struct myna_vad_class){.name = rp->names[0],
                                          .open = vad_open,
                                          .push = vad_push,
                                          .flush = vad_flush,
                                          .close = vad_close,
                                          .min_silence = vad_min_silence};
    rp->stt_cls = (struct myna_stt_class){.name = rp->names[1],
                                          .caps = rp->stt_cls.caps,
                                          .open = stt_open,
                                          .push = stt_push,
                                          .mark = stt_mark,
                                          .close = stt_close};
    rp->llm_cls =
        (struct myna_llm_class){.name = rp->names[2], .start = llm_start, .close = llm_close};
    rp->tts_cls = (struct myna_tts_class){.name = rp->names[3],
                                          .caps = rp->tts_cls.caps,
                                          .rate_hz = MYNA_OUT_RATE_HZ,
                                          .open = tts_open,
                                          .text = tts_text,
                                          .end = tts_end,
                                          .pump = tts_pump,
                                          .close = tts_close};
    rp->transport_cls = (struct myna_transport_class){.name = transport_name,
                                                      .start = transport_start,
                                                      .hangup = transport_hangup,
                                                      .destroy = transport_destroy};
    rp->vad.base = (struct myna_vad){&rp->vad_cls, host};
    rp->stt.base = (struct myna_stt){&rp->stt_cls, host};
    rp->llm.base = (struct myna_llm){.cls = &rp->llm_cls, .host = host};
    rp->tts.base = (struct myna_tts){&rp->tts_cls, host};
    rp->vad.rp = rp->stt.rp = rp->llm.rp = rp->tts.rp = rp->transport.rp = rp;
    rp->transport.base.cls = &rp->transport_cls;
    rp->transport.base.host = host;
    return MYNA_OK;
}

void myna_replay_stages_fini(struct replay *rp)
{
    for (size_t i = 0; i < 4; i++)
        free(rp->names[i]);
    free(rp->model);
}

bool myna_replay_stage_event(struct replay *rp, const struct myna_flight_record *r)
{
    static const size_t max_words = sizeof rp->words / sizeof *rp->words;
    struct replay_stream *st;
    union {
        struct myna_vad_event vad;
        struct myna_stt_event stt;
        struct myna_llm_event llm;
        struct myna_tts_event tts;
    } ev;

    switch (r->kind) {
    case MYNA_IN_VAD:
        st = find(rp, MYNA_STAGE_VAD, r->id);
        if (!st || myna_vad_event_unpack(r->payload, &ev.vad))
            return false;
        myna_vad_emit(&st->base.vad, &ev.vad);
        return true;
    case MYNA_IN_STT:
        st = find(rp, MYNA_STAGE_STT, r->id);
        if (!st || myna_stt_event_unpack(r->payload, &ev.stt, rp->words, max_words))
            return false;
        myna_stt_emit(&st->base.stt, &ev.stt);
        return true;
    case MYNA_IN_LLM:
        st = find(rp, MYNA_STAGE_LLM, r->id);
        if (!st || myna_llm_event_unpack(r->payload, &ev.llm))
            return false;
        myna_llm_emit(&st->base.llm, &ev.llm);
        return true;
    case MYNA_IN_TTS:
        st = find(rp, MYNA_STAGE_TTS, r->id);
        if (!st || myna_tts_event_unpack(r->payload, &ev.tts, rp->words, max_words))
            return false;
        myna_tts_emit(&st->base.tts, &ev.tts);
        return true;
    case MYNA_IN_TTS_READY:
        st = find(rp, MYNA_STAGE_TTS, r->id);
        if (!st)
            return false;
        myna_tts_ready(&st->base.tts);
        return true;
    default:
        return false;
    }
}
