/* usage.c - what each stage took: metrics events (agent-session 9) and the sums per provider. */
#include "session/internal.h"

#include <string.h>

static double ms(myna_us from, myna_us to)
{
    if (from == MYNA_NEVER || to == MYNA_NEVER)
        return -1;
    return (double)(to - from) / 1e3;
}

/* ---- who works, of several */

const char *myna_s_provider(const struct myna_session *s, enum myna_stage stage)
{
    if (stage < S_STAGES && s->using[stage])
        return s->using[stage];
    return stage == MYNA_STAGE_STT   ? s->stt->cls->name
           : stage == MYNA_STAGE_LLM ? s->llm->cls->name
                                     : s->tts->cls->name;
}

/* Usage is kept by name: names live as long as the session. NULL: too many, or too long. */
static const char *keep_name(struct myna_session *s, const char *name)
{
    size_t i = 0;

    while (i < S_PROVIDERS_MAX && s->provider_names[i][0] && strcmp(s->provider_names[i], name))
        i++;
    if (i == S_PROVIDERS_MAX || strlen(name) >= sizeof s->provider_names[i])
        return NULL;
    return strcpy(s->provider_names[i], name);
}

void myna_s_using(struct myna_session *s, enum myna_stage stage, const struct myna_fault *now)
{
    struct myna_event ev = {.type = MYNA_EV_PROVIDER_SWITCHED};
    const char *from = myna_s_provider(s, stage);
    const char *to = now->provider ? keep_name(s, now->provider) : NULL;

    if (!to || !strcmp(from, to))
        return;
    s->using[stage] = to;
    ev.u.switched.stage = stage;
    ev.u.switched.from = from;
    ev.u.switched.to = to;
    ev.u.switched.reason = now->message;
    myna_s_log(s, MYNA_LOG_WARN, "%s instead of %s stage=%s reason=\"%s\"", to, from,
               myna_stage_name(stage), now->message ? now->message : "it is back");
    myna_s_event(s, &ev);
}

/* ---- usage */

static struct myna_usage *usage_of(struct myna_session *s, enum myna_stage stage,
                                   const char *provider, const char *model)
{
    struct myna_usage *u;

    for (size_t i = 0; i < s->n_usage; i++)
        if (s->usage[i].stage == stage && !strcmp(s->usage[i].provider, provider) &&
            !strcmp(s->usage[i].model, model))
            return &s->usage[i];
    if (s->n_usage == S_USAGE_MAX)
        return NULL;
    u = &s->usage[s->n_usage++];
    *u = (struct myna_usage){.stage = stage, .provider = provider, .model = model};
    return u;
}

static void sum(struct myna_session *s, const struct myna_metrics *m)
{
    struct myna_event ev = {.type = MYNA_EV_SESSION_USAGE_UPDATED};
    struct myna_usage *u = NULL;

    switch (m->type) {
    case MYNA_METRICS_STT:
        u = usage_of(s, MYNA_STAGE_STT, m->label, m->model);
        if (u)
            u->audio_duration_ms += m->audio_duration_ms;
        break;
    case MYNA_METRICS_LLM:
        u = usage_of(s, MYNA_STAGE_LLM, m->label, m->model);
        if (u) {
            u->input_tokens += m->prompt_tokens;
            u->input_cached_tokens += m->prompt_cached_tokens;
            u->output_tokens += m->completion_tokens;
            u->input_cache_write_tokens += m->prompt_cache_write_tokens;
            u->cost += m->cost;
        }
        break;
    case MYNA_METRICS_TTS:
        u = usage_of(s, MYNA_STAGE_TTS, m->label, m->model);
        if (u) {
            u->characters_count += m->characters_count;
            u->audio_duration_ms += m->audio_duration_ms;
        }
        break;
    case MYNA_METRICS_VAD: /* not aggregated */
    case MYNA_METRICS_EOU:
        break;
    }
    if (!u)
        return;
    ev.u.usage.usage = s->usage;
    ev.u.usage.n = s->n_usage;
    myna_s_event(s, &ev);
}

void myna_s_metrics(struct myna_session *s, const struct myna_metrics *m)
{
    struct myna_event ev = {.type = MYNA_EV_METRICS_COLLECTED};

    ev.u.metrics = m;
    myna_s_event(s, &ev);
    sum(s, m);
}

void myna_s_llm_metrics(struct myna_session *s, struct speech *sp, bool cancelled)
{
    const char *provider = myna_s_provider(s, MYNA_STAGE_LLM);
    struct myna_metrics m = {
        .type = MYNA_METRICS_LLM,
        .label = provider,
        .model = s->llm->model && !strcmp(provider, s->llm->cls->name) ? s->llm->model : provider,
        .request_id = sp->id,
        .speech_id = sp->id,
        .streamed = true,
        .cancelled = cancelled,
        .duration_ms = ms(sp->llm_start, s->now),
        .ttft_ms = ms(sp->llm_start, sp->first_token),
        .ttfs_ms = ms(sp->llm_start, sp->first_sentence),
        .ttfb_ms = -1,
        .completion_tokens = sp->completion_tokens,
        .prompt_tokens = sp->prompt_tokens,
        .prompt_cached_tokens = sp->prompt_cached_tokens,
        .prompt_cache_write_tokens = sp->prompt_cache_write_tokens,
        .cost = sp->cost,
        .total_tokens = sp->total_tokens};

    if (m.duration_ms > 0)
        m.tokens_per_second = m.completion_tokens * 1e3 / m.duration_ms;
    myna_s_metrics(s, &m);
    myna_s_span_llm(s, sp, &m);
}

void myna_s_tts_metrics(struct myna_session *s, struct speech *sp, struct segment *seg,
                        bool cancelled)
{
    const char *provider = myna_s_provider(s, MYNA_STAGE_TTS);
    struct myna_metrics m = {.type = MYNA_METRICS_TTS,
                             .label = provider,
                             .model = provider,
                             .request_id = seg->id,
                             .speech_id = sp->id,
                             .segment_id = seg->id,
                             .streamed = (s->tts->cls->caps & MYNA_TTS_TEXT_STREAM) != 0,
                             .cancelled = cancelled,
                             .duration_ms = ms(seg->tts_opened, s->now),
                             .ttft_ms = -1,
                             .ttfs_ms = -1,
                             .ttfb_ms = ms(seg->tts_first_text, seg->tts_first_audio),
                             .audio_duration_ms = (double)seg->samples * 1e3 / MYNA_OUT_RATE_HZ,
                             .characters_count = (int)seg->characters};

    myna_s_metrics(s, &m);
    myna_s_span_tts(s, sp, seg, &m);
}
