/* report.c - keeps the events as JSON texts and puts them into one document at the end. */
#include "recorder/report.h"

#include <myna/runtime.h>

#include <stdlib.h>
#include <string.h>

#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define EVENTS_MAX 100000

struct myna_report {
    char **events; /* JSON texts */
    size_t n, cap;
    size_t left_out; /* did not fit */
};

struct myna_report *myna_report_create(void)
{
    return calloc(1, sizeof(struct myna_report));
}

void myna_report_destroy(struct myna_report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        free(r->events[i]);
    free(r->events);
    free(r);
}

static bool room_for_one(struct myna_report *r)
{
    size_t cap = r->cap ? 2 * r->cap : 64;
    char **events;

    if (r->n < r->cap)
        return true;
    if (r->n >= EVENTS_MAX)
        return false;
    events = realloc(r->events, cap * sizeof *events);
    if (!events)
        return false;
    r->events = events;
    r->cap = cap;
    return true;
}

/* Metrics and usage have their own place; the paced words of the agent are in the history. What
 * people send beside their words has no bound but theirs. */
static bool left_out_by_rule(enum myna_event_type type)
{
    return type == MYNA_EV_METRICS_COLLECTED || type == MYNA_EV_SESSION_USAGE_UPDATED ||
           type == MYNA_EV_DEBUG_MESSAGE || type == MYNA_EV_DATA_RECEIVED ||
           type == MYNA_EV_ATTRIBUTE_CHANGED;
}

void myna_report_event(struct myna_report *r, const struct myna_event *ev)
{
    char *json;

    if (left_out_by_rule(ev->type))
        return;
    if (ev->type == MYNA_EV_AGENT_TRANSCRIPT && !ev->u.agent_transcript.is_final)
        return;
    json = room_for_one(r) ? myna_event_json(ev) : NULL;
    if (json)
        r->events[r->n++] = json;
    else
        r->left_out++;
}

/* NULL (memory) makes the set that takes it fail. */
static json_t *events_json(const struct myna_report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++) {
        if (json_array_append_new(list, myna_json_loads(r->events[i], 0, NULL))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *history_json(const struct myna_report_info *info)
{
    json_t *o = json_object(), *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < info->n_items; i++)
        bad |=
            json_array_append_new(list, myna_item_json(&info->items[i], (double)info->started_ms));
    bad |= json_object_set_new(o, "items", list);
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *usage_json(const struct myna_report_info *info)
{
    json_t *list;
    int bad = 0;

    if (info->n_usage == 0)
        return json_null();
    list = json_array();
    for (size_t i = 0; i < info->n_usage; i++)
        bad |= json_array_append_new(list, myna_usage_json(&info->usage[i]));
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

/* NULL (memory) makes the set that takes it fail. */
static json_t *options_json(const struct myna_report_info *info)
{
    return info->options_json ? myna_json_loads(info->options_json, 0, NULL) : json_object();
}

static json_t *text_or_null(const char *text)
{
    return text ? myna_json_text(text) : json_null();
}

char *myna_report_json(struct myna_report *r, const struct myna_report_info *info)
{
    json_t *o = json_object();
    char *text = NULL;
    int bad = 0;

    bad |= json_object_set_new(o, "job_id", text_or_null(info->job_id));
    bad |= json_object_set_new(o, "room_id", text_or_null(info->room));
    bad |= json_object_set_new(o, "room", text_or_null(info->room));
    bad |= json_object_set_new(o, "events", events_json(r));
    if (r->left_out)
        bad |= json_object_set_new(o, "events_left_out", json_integer((json_int_t)r->left_out));
    bad |= json_object_set_new(o, "options", options_json(info));
    bad |= json_object_set_new(o, "chat_history", history_json(info));
    bad |= json_object_set_new(o, "timestamp",
                               json_integer(info->started_ms + (json_int_t)info->duration_ms));
    bad |= json_object_set_new(o, "started_at", json_integer(info->started_ms));
    bad |= myna_json_put_number(o, "duration_ms", info->duration_ms);
    bad |= json_object_set_new(o, "usage", usage_json(info));
    bad |= json_object_set_new(o, "audio_recording_path", text_or_null(info->audio_path));
    bad |= json_object_set_new(o, "audio_recording_started_at",
                               info->audio_path ? json_integer(info->started_ms) : json_null());
    bad |= json_object_set_new(o, "sdk_version", text_or_null(myna_version()));
    if (!bad)
        text = myna_json_dump(o, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(o);
    return text;
}
