/* item_json.c - field names are LiveKit's JavaScript ones. */
#include "util/item_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "util/json_load.h"
#include "util/utf8.h"

static json_t *repaired(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n = strlen(text);
    struct myna_buf b;
    json_t *string = NULL;

    myna_buf_init(&b, 3 * n + 1);
    while (n > 0) {
        size_t good = myna_utf8_span(p, n);

        myna_buf_put(&b, p, good);
        p += good;
        n -= good;
        if (n > 0) {
            int bad = myna_utf8_next(p, n);
            size_t skip = bad ? (size_t)-bad : n; /* cut at the end: all that is left */

            myna_buf_puts(&b, MYNA_UTF8_BROKEN);
            p += skip;
            n -= skip;
        }
    }
    if (!b.err)
        string = json_stringn((const char *)b.ptr, b.len);
    myna_buf_fini(&b);
    return string;
}

json_t *myna_json_text(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;

    return string || !text ? string : repaired(text);
}

int myna_json_put_text(json_t *object, const char *key, const char *text)
{
    return text ? json_object_set_new(object, key, myna_json_text(text)) : 0;
}

int myna_json_put_number(json_t *object, const char *key, double number)
{
    if (!isfinite(number))
        return 0;
    if (number == trunc(number) && fabs(number) < 9e15)
        return json_object_set_new(object, key, json_integer((json_int_t)number));
    return json_object_set_new(object, key, json_real(number));
}

static const char *type_name(enum myna_item_type type)
{
    switch (type) {
    case MYNA_ITEM_MESSAGE:
        return "message";
    case MYNA_ITEM_FUNCTION_CALL:
        return "function_call";
    case MYNA_ITEM_FUNCTION_CALL_OUTPUT:
        return "function_call_output";
    case MYNA_ITEM_AGENT_HANDOFF:
        return "agent_handoff";
    case MYNA_ITEM_AGENT_CONFIG_UPDATE:
        return "agent_config_update";
    }
    return "unknown";
}

/* 0 for nothing to say, else the object is set. */
static int put_metrics(json_t *o, const struct myna_item_metrics *m)
{
    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"startedSpeakingAt", m->started_speaking_at},
        {"stoppedSpeakingAt", m->stopped_speaking_at},
        {"transcriptionDelay", m->transcription_delay},
        {"endOfTurnDelay", m->end_of_turn_delay},
        {"onUserTurnCompletedDelay", m->on_user_turn_completed_delay},
        {"llmNodeTtft", m->llm_node_ttft},
        {"ttsNodeTtfb", m->tts_node_ttfb},
        {"playbackLatency", m->playback_latency},
        {"e2eLatency", m->e2e_latency},
    };
    json_t *metrics = json_object();
    int bad = metrics ? 0 : -1;

    for (size_t i = 0; i < sizeof rows / sizeof *rows && !bad; i++)
        bad = myna_json_put_number(metrics, rows[i].key, rows[i].value);
    if (!bad && json_object_size(metrics) > 0)
        return json_object_set_new(o, "metrics", metrics);
    json_decref(metrics);
    return bad;
}

/* What was shown, not the picture itself: that would fill every log. */
static json_t *image_json(const struct myna_image *image)
{
    char crc[16];
    json_t *o = json_object();
    int bad = json_object_set_new(o, "type", json_string("image_content"));

    snprintf(crc, sizeof crc, "%08x", (unsigned)image->crc);
    bad |= myna_json_put_text(o, "mimeType", image->type);
    bad |= json_object_set_new(o, "width", json_integer(image->width));
    bad |= json_object_set_new(o, "height", json_integer(image->height));
    bad |= json_object_set_new(o, "bytes", json_integer((json_int_t)image->len));
    bad |= json_object_set_new(o, "crc32", json_string(crc));
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

static int put_message(json_t *o, const struct myna_item *it)
{
    json_t *content = json_array();
    int bad = json_object_set_new(o, "role", json_string(myna_role_name(it->role)));

    bad |= json_array_append_new(content, myna_json_text(it->text ? it->text : ""));
    for (size_t i = 0; i < it->n_images; i++)
        bad |= json_array_append_new(content, image_json(&it->images[i]));
    bad |= json_object_set_new(o, "content", content);
    bad |= json_object_set_new(o, "interrupted", json_boolean(it->interrupted));
    bad |= myna_json_put_number(o, "transcriptConfidence", it->transcript_confidence);
    bad |= put_metrics(o, &it->metrics);
    if (it->speaker) {
        json_t *extra = json_object();

        bad |= myna_json_put_text(extra, "speaker", it->speaker);
        if (it->identity)
            bad |= myna_json_put_text(extra, "identity", it->identity);
        bad |= json_object_set_new(o, "extra", extra);
    }
    return bad;
}

/* "a, b" as ["a","b"]. */
static int put_names(json_t *o, const char *key, const char *names)
{
    json_t *list;
    int bad = 0;

    if (!names)
        return 0;
    list = json_array();
    while (*names) {
        size_t skip = strspn(names, ", "), len = strcspn(names + skip, ",");

        if (len > 0)
            bad |= json_array_append_new(list, json_stringn(names + skip, len));
        names += skip + len;
    }
    return bad | json_object_set_new(o, key, list);
}

/* As JSON where it is, so that it reads like the rest. */
static int put_extra(json_t *o, const char *extra)
{
    json_t *value = extra ? myna_json_loads(extra, JSON_DECODE_ANY, NULL) : NULL;

    return value ? json_object_set_new(o, "extra", value) : myna_json_put_text(o, "extra", extra);
}

json_t *myna_item_json(const struct myna_item *it, double wall_ms_at_zero)
{
    json_t *o = json_object();
    int bad = 0;

    bad |= json_object_set_new(o, "id", myna_json_text(it->id ? it->id : ""));
    bad |= json_object_set_new(o, "type", json_string(type_name(it->type)));
    switch (it->type) {
    case MYNA_ITEM_MESSAGE:
        bad |= put_message(o, it);
        break;
    case MYNA_ITEM_FUNCTION_CALL:
        bad |= myna_json_put_text(o, "callId", it->call_id);
        bad |= myna_json_put_text(o, "name", it->name);
        bad |= myna_json_put_text(o, "args", it->arguments);
        bad |= put_extra(o, it->extra);
        break;
    case MYNA_ITEM_FUNCTION_CALL_OUTPUT:
        bad |= myna_json_put_text(o, "name", it->name);
        bad |= myna_json_put_text(o, "callId", it->call_id);
        bad |= myna_json_put_text(o, "output", it->output);
        bad |= json_object_set_new(o, "isError", json_boolean(it->is_error));
        break;
    case MYNA_ITEM_AGENT_HANDOFF:
        bad |= myna_json_put_text(o, "newAgentId", it->new_agent);
        bad |= myna_json_put_text(o, "oldAgentId", it->old_agent);
        break;
    case MYNA_ITEM_AGENT_CONFIG_UPDATE:
        bad |= myna_json_put_text(o, "instructions", it->instructions);
        bad |= put_names(o, "toolsAdded", it->tools_added);
        bad |= put_names(o, "toolsRemoved", it->tools_removed);
        break;
    }
    if (it->conversation)
        bad |= json_object_set_new(o, "conversation", json_integer(it->conversation));
    bad |= myna_json_put_number(o, "createdAt", wall_ms_at_zero + (double)it->at / 1000.0);
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

json_t *myna_usage_json(const struct myna_usage *u)
{
    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"inputTokens", (double)u->input_tokens},
        {"inputCachedTokens", (double)u->input_cached_tokens},
        {"outputTokens", (double)u->output_tokens},
        {"charactersCount", (double)u->characters_count},
        {"audioDurationMs", u->audio_duration_ms},
        {"inputCacheWriteTokens", (double)u->input_cache_write_tokens},
        {"costUsd", u->cost},
    };
    const char *type = u->stage == MYNA_STAGE_STT   ? "stt_usage"
                       : u->stage == MYNA_STAGE_TTS ? "tts_usage"
                                                    : "llm_usage";
    json_t *o = json_object();
    int bad = myna_json_put_text(o, "type", type);

    bad |= myna_json_put_text(o, "provider", u->provider);
    bad |= myna_json_put_text(o, "model", u->model);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value != 0)
            bad |= myna_json_put_number(o, rows[i].key, rows[i].value);
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}
