/* event_json.c - events as the world reads them: names and camelCase fields of agent-session 1.3
 * and 9. Metrics that are not known are left out; ttftMs and ttfbMs keep LiveKit's -1.
 */
#include <myna/event.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/header.h"
#include "session/internal.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/utf8.h"

const char *myna_event_name(enum myna_event_type type)
{
    switch (type) {
    case MYNA_EV_USER_INPUT_TRANSCRIBED:
        return "user_input_transcribed";
    case MYNA_EV_AGENT_STATE_CHANGED:
        return "agent_state_changed";
    case MYNA_EV_USER_STATE_CHANGED:
        return "user_state_changed";
    case MYNA_EV_CONVERSATION_ITEM_ADDED:
        return "conversation_item_added";
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
        return "function_tools_executed";
    case MYNA_EV_METRICS_COLLECTED:
        return "metrics_collected";
    case MYNA_EV_SESSION_USAGE_UPDATED:
        return "session_usage_updated";
    case MYNA_EV_SPEECH_CREATED:
        return "speech_created";
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
        return "agent_false_interruption";
    case MYNA_EV_OVERLAPPING_SPEECH:
        return "overlapping_speech";
    case MYNA_EV_EOT_PREDICTION:
        return "eot_prediction";
    case MYNA_EV_DEBUG_MESSAGE:
        return "debug_message";
    case MYNA_EV_ERROR:
        return "error";
    case MYNA_EV_CLOSE:
        return "close";
    case MYNA_EV_AGENT_TRANSCRIPT:
        return "agent_transcript";
    case MYNA_EV_PLAYOUT:
        return "playout";
    case MYNA_EV_TURN_LATENCY:
        return "turn_latency";
    case MYNA_EV_AGENT_TOOL_PROGRESS:
        return "agent_tool_progress";
    case MYNA_EV_PROVIDER_SWITCHED:
        return "provider_switched";
    case MYNA_EV_PERSON_SPEAKING:
        return "person_speaking";
    case MYNA_EV_DATA_RECEIVED:
        return "data_received";
    case MYNA_EV_ATTRIBUTE_CHANGED:
        return "attribute_changed";
    }
    return "unknown";
}

const char *myna_agent_state_name(enum myna_agent_state s)
{
    static const char *const names[] = {"initializing", "idle", "listening", "thinking",
                                        "speaking"};

    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

const char *myna_user_state_name(enum myna_user_state s)
{
    static const char *const names[] = {"listening", "speaking", "away"};

    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

const char *myna_stage_name(enum myna_stage s)
{
    static const char *const names[] = {"session", "transport", "vad",      "stt", "llm",
                                        "tts",     "realtime",  "recorder", "tool"};

    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

const char *myna_role_name(enum myna_role r)
{
    static const char *const names[] = {"system", "developer", "user", "assistant"};

    return (unsigned)r < sizeof names / sizeof *names ? names[r] : "unknown";
}

/* ---- fields; each returns 0, or non-zero when memory is short */

static int put_bool(json_t *o, const char *key, bool value)
{
    return json_object_set_new(o, key, json_boolean(value));
}

static json_t *fault_json(const struct myna_fault *f)
{
    json_t *o = json_object();
    int bad = myna_json_put_text(o, "message", f->message ? f->message : myna_strerror(f->err));

    bad |= myna_json_put_text(o, "code", myna_strerror(f->err));
    bad |= myna_json_put_text(o, "provider", f->provider);
    if (f->http_status)
        bad |= json_object_set_new(o, "statusCode", json_integer(f->http_status));
    bad |= put_bool(o, "retryable", f->retryable);
    bad |= put_bool(o, "recoverable", f->recoverable);
    if (f->identity)
        bad |= myna_json_put_text(o, "identity", f->identity);
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

static int put_states(json_t *o, const char *from, const char *to)
{
    return myna_json_put_text(o, "oldState", from) | myna_json_put_text(o, "newState", to);
}

static json_t *items_json(const struct myna_item *items, size_t n, double wall)
{
    json_t *list = json_array();
    int bad = list ? 0 : -1;

    for (size_t i = 0; i < n && !bad; i++)
        bad = json_array_append_new(list, myna_item_json(&items[i], wall));
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

static const char *metrics_name(enum myna_metrics_type type)
{
    static const char *const names[] = {"stt_metrics", "llm_metrics", "tts_metrics", "vad_metrics",
                                        "eou_metrics"};

    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

/* Fields that belong to one type of metrics only. */
static int put_special(json_t *o, const struct myna_metrics *m)
{
    int bad = 0;

    switch (m->type) {
    case MYNA_METRICS_STT:
        bad |= myna_json_put_number(o, "durationMs", m->duration_ms);
        bad |= myna_json_put_number(o, "audioDurationMs", m->audio_duration_ms);
        bad |= put_bool(o, "streamed", m->streamed);
        break;
    case MYNA_METRICS_LLM:
        bad |= myna_json_put_number(o, "durationMs", m->duration_ms);
        bad |= myna_json_put_number(o, "ttftMs", m->ttft_ms);
        if (m->ttfs_ms > 0)
            bad |= myna_json_put_number(o, "ttfsMs", m->ttfs_ms);
        bad |= put_bool(o, "cancelled", m->cancelled);
        bad |= myna_json_put_number(o, "completionTokens", m->completion_tokens);
        bad |= myna_json_put_number(o, "promptTokens", m->prompt_tokens);
        bad |= myna_json_put_number(o, "promptCachedTokens", m->prompt_cached_tokens);
        bad |= myna_json_put_number(o, "totalTokens", m->total_tokens);
        bad |= myna_json_put_number(o, "tokensPerSecond", m->tokens_per_second);
        if (m->prompt_cache_write_tokens)
            bad |= myna_json_put_number(o, "promptCacheWriteTokens", m->prompt_cache_write_tokens);
        if (m->cost > 0)
            bad |= myna_json_put_number(o, "costUsd", m->cost);
        break;
    case MYNA_METRICS_TTS:
        bad |= myna_json_put_number(o, "ttfbMs", m->ttfb_ms);
        bad |= myna_json_put_number(o, "durationMs", m->duration_ms);
        bad |= myna_json_put_number(o, "audioDurationMs", m->audio_duration_ms);
        bad |= put_bool(o, "cancelled", m->cancelled);
        bad |= myna_json_put_number(o, "charactersCount", m->characters_count);
        bad |= put_bool(o, "streamed", m->streamed);
        break;
    case MYNA_METRICS_VAD:
        bad |= myna_json_put_number(o, "idleTimeMs", m->idle_time_ms);
        bad |= myna_json_put_number(o, "inferenceDurationTotalMs", m->inference_total_ms);
        bad |= myna_json_put_number(o, "inferenceCount", m->inference_count);
        break;
    case MYNA_METRICS_EOU:
        bad |= myna_json_put_number(o, "endOfUtteranceDelayMs", m->end_of_utterance_delay_ms);
        bad |= myna_json_put_number(o, "transcriptionDelayMs", m->transcription_delay_ms);
        bad |= myna_json_put_number(o, "onUserTurnCompletedDelayMs",
                                    m->on_user_turn_completed_delay_ms);
        bad |= myna_json_put_number(o, "lastSpeakingTimeMs", m->last_speaking_time_ms);
        break;
    }
    return bad;
}

static json_t *metrics_json(const struct myna_metrics *m, int64_t created_ms)
{
    json_t *o = json_object(), *about = json_object();
    int bad = myna_json_put_text(o, "type", metrics_name(m->type));

    bad |= myna_json_put_text(o, "label", m->label);
    bad |= myna_json_put_text(o, "requestId", m->request_id);
    bad |= myna_json_put_text(o, "speechId", m->speech_id);
    bad |= myna_json_put_text(o, "segmentId", m->segment_id);
    bad |= json_object_set_new(o, "timestamp", json_integer(created_ms));
    bad |= put_special(o, m);
    bad |= myna_json_put_text(about, "modelProvider", m->label);
    bad |= myna_json_put_text(about, "modelName", m->model);
    bad |= json_object_set_new(o, "metadata", about);
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

char *myna_s_metrics_json(const struct myna_metrics *m, int64_t created_ms)
{
    json_t *o = metrics_json(m, created_ms);
    char *text = myna_json_dump(o, JSON_COMPACT);

    json_decref(o);
    return text;
}

static json_t *usage_list(const struct myna_usage *usage, size_t n)
{
    json_t *list = json_array();
    int bad = list ? 0 : -1;

    for (size_t i = 0; i < n && !bad; i++)
        bad = json_array_append_new(list, myna_usage_json(&usage[i]));
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

static int put_latency(json_t *o, const struct myna_event *ev)
{
    const struct myna_waterfall *w = &ev->u.latency.w;
    const struct {
        const char *key;
        myna_us at;
    } rows[] = {
        {"transcriptMs", w->transcript},  {"endOfTurnMs", w->end_of_turn},
        {"firstTokenMs", w->first_token}, {"firstTextMs", w->first_text},
        {"firstAudioMs", w->first_audio}, {"heardMs", w->heard},
    };
    int bad = myna_json_put_text(o, "speechId", ev->u.latency.speech_id);

    if (w->speech_end == MYNA_NEVER)
        return bad;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].at != MYNA_NEVER)
            bad |= myna_json_put_number(o, rows[i].key, (double)(rows[i].at - w->speech_end) / 1e3);
    return bad;
}

static int put_speech(json_t *o, const struct myna_event *ev)
{
    json_t *handle = json_object();
    int bad = put_bool(o, "userInitiated", ev->u.speech.user_initiated);

    bad |= myna_json_put_text(o, "source", ev->u.speech.source);
    bad |= myna_json_put_text(handle, "id", ev->u.speech.speech_id);
    return bad | json_object_set_new(o, "speechHandle", handle);
}

static int put_progress(json_t *o, const struct myna_event *ev)
{
    int bad = myna_json_put_text(o, "speechId", ev->u.progress.speech_id);

    bad |= myna_json_put_text(o, "tool", ev->u.progress.tool);
    bad |= myna_json_put_text(o, "callId", ev->u.progress.call_id);
    bad |= myna_json_put_text(o, "label", ev->u.progress.label);
    return bad | myna_json_put_text(o, "status", ev->u.progress.status);
}

static int put_playout(json_t *o, const struct myna_event *ev)
{
    int bad = myna_json_put_text(o, "speechId", ev->u.playout.speech_id);

    bad |= myna_json_put_text(o, "segmentId", ev->u.playout.segment_id);
    bad |= myna_json_put_text(o, "what", ev->u.playout.started ? "started" : "finished");
    if (ev->u.playout.started)
        return bad;
    bad |= myna_json_put_number(o, "positionMs", (double)ev->u.playout.position / 1e3);
    return bad | put_bool(o, "interrupted", ev->u.playout.interrupted);
}

static int put_agent_transcript(json_t *o, const struct myna_event *ev)
{
    int bad = myna_json_put_text(o, "transcript", ev->u.agent_transcript.text);

    bad |= myna_json_put_text(o, "speechId", ev->u.agent_transcript.speech_id);
    bad |= myna_json_put_text(o, "segmentId", ev->u.agent_transcript.segment_id);
    bad |= put_bool(o, "isFinal", ev->u.agent_transcript.is_final);
    if (ev->u.agent_transcript.is_final)
        bad |= put_bool(o, "interrupted", ev->u.agent_transcript.interrupted);
    return bad;
}

static int put_transcribed(json_t *o, const struct myna_event *ev)
{
    int bad = myna_json_put_text(o, "transcript", ev->u.transcribed.transcript);

    bad |= put_bool(o, "isFinal", ev->u.transcribed.is_final);
    bad |= myna_json_put_text(o, "speakerId", ev->u.transcribed.speaker);
    if (ev->u.transcribed.identity)
        bad |= myna_json_put_text(o, "participantIdentity", ev->u.transcribed.identity);
    return bad | myna_json_put_text(o, "language", ev->u.transcribed.language);
}

static int put_eot(json_t *o, const struct myna_event *ev)
{
    return myna_json_put_number(o, "probability", ev->u.eot.probability) |
           myna_json_put_number(o, "threshold", ev->u.eot.threshold) |
           myna_json_put_number(o, "inferenceMs", ev->u.eot.inference_ms) |
           myna_json_put_number(o, "delayMs", ev->u.eot.delay_ms);
}

static int put_close(json_t *o, const struct myna_event *ev)
{
    const struct myna_fault *f = ev->u.close.fault;

    return myna_json_put_text(o, "reason", ev->u.close.reason) |
           json_object_set_new(o, "error", f ? fault_json(f) : json_null());
}

/* The words of a short text; of all else length and CRC. So a replay, which has no more, tells the
 * same. */
static int put_data(json_t *o, const struct myna_event *ev)
{
    size_t len = ev->u.data.len;
    bool is_text = ev->u.data.bytes && len <= MYNA_S_DATA_KEPT &&
                   myna_utf8_span(ev->u.data.bytes, len) == len &&
                   !memchr(ev->u.data.bytes, '\0', len);
    char crc[9];
    int bad = myna_json_put_text(o, "topic", ev->u.data.topic);

    bad |= myna_json_put_text(o, "participantIdentity", ev->u.data.identity);
    bad |= json_object_set_new(o, "size", json_integer((json_int_t)len));
    if (is_text)
        return bad |
               json_object_set_new(o, "text", json_stringn((const char *)ev->u.data.bytes, len));
    snprintf(crc, sizeof crc, "%08" PRIx32, ev->u.data.crc);
    return bad | myna_json_put_text(o, "crc32", crc);
}

static int put_fields(json_t *o, const struct myna_event *ev)
{
    /* Items carry the session's clock, JSON the wall's. */
    double wall = (double)ev->created_ms - trunc((double)ev->at / 1e3);

    switch (ev->type) {
    case MYNA_EV_USER_INPUT_TRANSCRIBED:
        return put_transcribed(o, ev);
    case MYNA_EV_AGENT_STATE_CHANGED:
        return put_states(o, myna_agent_state_name(ev->u.agent_state.old_state),
                          myna_agent_state_name(ev->u.agent_state.new_state));
    case MYNA_EV_USER_STATE_CHANGED:
        return put_states(o, myna_user_state_name(ev->u.user_state.old_state),
                          myna_user_state_name(ev->u.user_state.new_state));
    case MYNA_EV_CONVERSATION_ITEM_ADDED:
        return json_object_set_new(o, "item", myna_item_json(ev->u.item, wall));
    case MYNA_EV_FUNCTION_TOOLS_EXECUTED:
        return json_object_set_new(o, "functionCalls",
                                   items_json(ev->u.tools.calls, ev->u.tools.n, wall)) |
               json_object_set_new(o, "functionCallOutputs",
                                   items_json(ev->u.tools.outputs, ev->u.tools.n, wall));
    case MYNA_EV_METRICS_COLLECTED:
        return json_object_set_new(o, "metrics", metrics_json(ev->u.metrics, ev->created_ms));
    case MYNA_EV_SESSION_USAGE_UPDATED:
        return json_object_set_new(o, "usage", usage_list(ev->u.usage.usage, ev->u.usage.n));
    case MYNA_EV_SPEECH_CREATED:
        return put_speech(o, ev);
    case MYNA_EV_AGENT_FALSE_INTERRUPTION:
        return put_bool(o, "resumed", ev->u.false_interruption.resumed);
    case MYNA_EV_OVERLAPPING_SPEECH:
        return put_bool(o, "isInterruption", ev->u.overlap.is_interruption) |
               myna_json_put_number(o, "probability", ev->u.overlap.probability);
    case MYNA_EV_EOT_PREDICTION:
        return put_eot(o, ev);
    case MYNA_EV_DEBUG_MESSAGE:
        return myna_json_put_text(o, "message", ev->u.debug);
    case MYNA_EV_ERROR:
        return json_object_set_new(o, "error", fault_json(&ev->u.fault)) |
               myna_json_put_text(o, "source", myna_stage_name(ev->u.fault.stage));
    case MYNA_EV_CLOSE:
        return put_close(o, ev);
    case MYNA_EV_AGENT_TRANSCRIPT:
        return put_agent_transcript(o, ev);
    case MYNA_EV_PLAYOUT:
        return put_playout(o, ev);
    case MYNA_EV_TURN_LATENCY:
        return put_latency(o, ev);
    case MYNA_EV_AGENT_TOOL_PROGRESS:
        return put_progress(o, ev);
    case MYNA_EV_PROVIDER_SWITCHED:
        return myna_json_put_text(o, "stage", myna_stage_name(ev->u.switched.stage)) |
               myna_json_put_text(o, "from", ev->u.switched.from) |
               myna_json_put_text(o, "to", ev->u.switched.to) |
               myna_json_put_text(o, "reason", ev->u.switched.reason);
    case MYNA_EV_PERSON_SPEAKING:
        return myna_json_put_text(o, "identity", ev->u.person.identity) |
               myna_json_put_text(o, "name", ev->u.person.name) |
               json_object_set_new(o, "speaking", json_boolean(ev->u.person.speaking));
    case MYNA_EV_DATA_RECEIVED:
        return put_data(o, ev);
    case MYNA_EV_ATTRIBUTE_CHANGED:
        return myna_json_put_text(o, "participantIdentity", ev->u.attribute.identity) |
               myna_json_put_text(o, "key", ev->u.attribute.key) |
               (ev->u.attribute.len > MYNA_S_DATA_KEPT
                    ? json_object_set_new(o, "size", json_integer((json_int_t)ev->u.attribute.len))
                    : myna_json_put_text(o, "value", ev->u.attribute.value));
    }
    return 0;
}

char *myna_event_json(const struct myna_event *ev)
{
    json_t *o = json_object();
    char *text = NULL;
    int bad = myna_json_put_number(o, "time_ms", (double)ev->at / 1e3);

    bad |= myna_json_put_text(o, "type", myna_event_name(ev->type));
    bad |= put_fields(o, ev);
    bad |= json_object_set_new(o, "createdAt", json_integer(ev->created_ms));
    if (!bad)
        text = myna_json_dump(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(o);
    return text;
}
