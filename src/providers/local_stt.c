/* local_stt.c - loading, references, and what every stream tells (local_stt.h). */
#include "providers/local_stt.h"

void myna_local_stt_unref(struct myna_local_stt *m)
{
    if (--m->refs == 0)
        m->free(m);
}

void myna_local_stt_destroy(struct myna_stt *stt)
{
    if (stt)
        myna_local_stt_unref((struct myna_local_stt *)stt);
}

enum myna_err myna_local_stt_work(struct myna_local_stt *m, struct myna_work *work)
{
    enum myna_err err = myna_host_work(m->base.host, work);

    m->refs += !err;
    return err;
}

static void load_run(struct myna_work *w)
{
    struct myna_local_stt *m = w->arg;

    m->err = m->load(m, &m->why);
}

static void warm_run(struct myna_work *w)
{
    struct myna_local_stt *m = w->arg;

    m->warm(m);
}

static void warm_done(struct myna_work *w)
{
    myna_local_stt_unref(w->arg);
}

static void tell_loaded(const struct myna_local_stt *m)
{
    if (m->err)
        myna_host_log(m->base.host, MYNA_LOG_ERROR,
                      "recogniser not loaded provider=%s reason=\"%s\"", m->base.cls->name,
                      m->why.text);
    else
        myna_host_log(m->base.host, MYNA_LOG_INFO, "recogniser loaded provider=%s",
                      m->base.cls->name);
}

static void load_done(struct myna_work *w)
{
    struct myna_local_stt *m = w->arg;
    bool wanted = m->refs > 1;

    m->state = m->err ? MYNA_NOT_LOADED : MYNA_LOADED;
    if (wanted)
        tell_loaded(m);
    for (struct myna_local_stream *st = m->streams; st; st = st->next)
        m->loaded(st);
    if (wanted && !m->err && m->warm) {
        m->work = (struct myna_work){
            .run = warm_run, .done = warm_done, .arg = m, .fair = (uintptr_t)m, .urgent = -1};
        (void)!myna_local_stt_work(m, &m->work); /* cold, the first decode is slower: no more */
    }
    myna_local_stt_unref(m);
}

enum myna_err myna_local_stt_start(struct myna_local_stt *m, struct myna_why *why)
{
    enum myna_err err;

    m->refs = 1;
    m->work = (struct myna_work){
        .run = load_run, .done = load_done, .arg = m, .fair = (uintptr_t)m, .urgent = 1};
    err = myna_local_stt_work(m, &m->work);
    if (!err)
        return MYNA_OK;
    myna_local_stt_unref(m);
    return myna_fail(why, err, "the recogniser cannot be loaded: the work queue is full");
}

/* ---- streams */

void myna_local_stream_init(struct myna_local_stream *st, struct myna_stt *stt)
{
    st->base.stt = stt;
    st->m = (struct myna_local_stt *)stt;
    st->next = st->m->streams;
    st->m->streams = st;
}

void myna_local_stream_fini(struct myna_local_stream *st)
{
    struct myna_local_stream **at = &st->m->streams;

    while (*at != st)
        at = &(*at)->next;
    *at = st->next;
}

bool myna_local_stream_closed(const struct myna_local_stream *st)
{
    return !st->base.sink;
}

void myna_local_stream_fault(struct myna_local_stream *st, enum myna_err err, const char *message)
{
    st->over = true;
    myna_stt_emit(&st->base,
                  &(struct myna_stt_event){.type = MYNA_STT_FAULT,
                                           .start = MYNA_NEVER,
                                           .end = MYNA_NEVER,
                                           .confidence = -1,
                                           .fault = {.stage = MYNA_STAGE_STT,
                                                     .err = err,
                                                     .provider = st->base.stt->cls->name,
                                                     .message = message,
                                                     .retryable = err == MYNA_EPROVIDER}});
}

void myna_local_stream_usage(struct myna_local_stream *st, myna_us start, myna_us end, size_t n,
                             myna_us took)
{
    myna_stt_emit(&st->base,
                  &(struct myna_stt_event){.type = MYNA_STT_USAGE,
                                           .confidence = -1,
                                           .start = start,
                                           .end = end,
                                           .audio_ms = (double)n * 1000 / MYNA_IN_RATE_HZ,
                                           .took_ms = (double)took / MYNA_MS});
}
