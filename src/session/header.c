/* header.c - the session as JSON: enough to make it again in a replay, without secrets. */
#include "session/header.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "session/internal.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

static json_t *stage(const char *name, uint32_t caps)
{
    return name ? json_pack("{s:s,s:i}", "name", name, "caps", (int)caps) : json_null();
}

static json_t *llm_stage(const struct myna_llm *llm)
{
    json_t *o = stage(llm ? llm->cls->name : NULL, llm ? llm->caps : 0);

    if (llm && o && myna_json_put_text(o, "model", llm->model)) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

/* NULL: memory is short. A recording without its configuration would be another call's. */
static json_t *config_of(const struct myna_session *s)
{
    char *text = myna_config_json(myna_runtime_config(s->rt));
    json_t *cfg = text ? myna_json_loads(text, 0, NULL) : NULL;

    free(text);
    return cfg;
}

static json_t *tools_of(const struct myna_session *s)
{
    char *text = myna_s_tools_json(s->tools, s->n_tools);
    json_t *list = text ? myna_json_loads(text, 0, NULL) : NULL;

    free(text);
    return list;
}

/* Background sounds by path: how many samples. */
static json_t *sounds_of(const struct myna_session *s)
{
    const struct s_sounds *lists[] = {&s->background.ambient, &s->background.thinking};
    json_t *o = json_object();

    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            if (json_object_set_new(o, lists[k]->of[i].path,
                                    json_integer((json_int_t)lists[k]->of[i].clip->n))) {
                json_decref(o);
                return NULL;
            }
    return o;
}

char *myna_s_header_json(const struct myna_session *s)
{
    const struct myna_transport *t = s->transport;
    char seed[24];
    json_t *root;
    char *text;

    snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
    root = json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:I,s:{s:s,s:s,s:s?,s:b},s:{s:s,s:i,s:i,s:I,s:I},s:{s:o,s:o,"
        "s:o,s:o},s:b,s:o}",
        "myna", myna_version(), "build", myna_build(), "session", s->id, "seed", seed, "start_us",
        (json_int_t)s->now, "wall_ms",
        (json_int_t)(myna_loop_wall_ms(s->loop) - myna_loop_now(s->loop) / 1000), "agent", "name",
        s->agent_name, "instructions", s->agent_instructions, "greeting", s->agent_greeting,
        "greet", s->agent.greet, "transport", "name", t->cls->name, "caps", (int)t->caps, "heard",
        (int)t->heard, "latency_us", (json_int_t)t->latency, "rewinds_us", (json_int_t)t->rewinds,
        "stages", "vad", stage(s->vad ? s->vad->cls->name : NULL, 0), "stt",
        stage(s->stt ? s->stt->cls->name : NULL, s->stt ? s->stt->cls->caps : 0), "llm",
        llm_stage(s->llm), "tts",
        stage(s->tts ? s->tts->cls->name : NULL, s->tts ? s->tts->cls->caps : 0), "on_user_turn",
        s->on_user_turn != NULL || myna_s_has_hook(s), "config", config_of(s));
    if (root && s->n_tools && json_object_set_new(root, "tools", tools_of(s))) {
        json_decref(root);
        root = NULL;
    }
    if (root && (s->background.ambient.n || s->background.thinking.n) &&
        json_object_set_new(root, "sounds", sounds_of(s))) {
        json_decref(root);
        root = NULL;
    }
    if (root && myna_s_runs_tools(s) && json_object_set_new(root, "on_tool", json_true())) {
        json_decref(root);
        root = NULL;
    }
    text = root ? myna_json_dump(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

char *myna_s_options_json(const struct myna_session *s)
{
    const struct myna_turn_conf *t = &s->turn_conf;
    json_t *root = json_pack(
        "{s:b,s:b,s:i,s:i,s:i,s:i,s:i,s:{s:b,s:b},s:i,s:i,s:{s:b,s:b}}", "allow_interruptions",
        t->allow_interruptions, "discard_audio_if_uninterruptible",
        t->discard_audio_if_uninterruptible, "min_interruption_duration", t->min_interruption_ms,
        "min_interruption_words", t->min_interruption_words, "min_endpointing_delay",
        t->min_delay_ms, "max_endpointing_delay", t->max_delay_ms, "max_tool_steps",
        s->conf.max_tool_steps, "preemptive_generation", "enabled", t->preemptive_generation,
        "preemptive_tts", t->preemptive_tts, "user_away_timeout", s->conf.user_away_timeout_ms,
        "min_consecutive_speech_delay", s->conf.speech_gap_ms, "recording_options", "audio",
        s->record_audio, "flight", s->record_flight);
    char *text = root ? myna_json_dump(root, JSON_COMPACT) : NULL;

    json_decref(root);
    return text;
}
