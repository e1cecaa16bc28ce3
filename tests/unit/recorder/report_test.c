/* report_test.c - session_report.json, field by field as agent-session 4.7 has it. */
#include "recorder/report.h"

#include <myna/runtime.h>

#include <jansson.h>

#include "check.h"
#include "fault.h"

static void add(struct myna_report *r, enum myna_event_type type, int at_ms)
{
    struct myna_metrics m = {.type = MYNA_METRICS_VAD};
    struct myna_event ev = {
        .type = type, .at = at_ms * MYNA_MS, .created_ms = 1700000000000 + at_ms};

    if (type == MYNA_EV_METRICS_COLLECTED)
        ev.u.metrics = &m;
    myna_report_event(r, &ev);
}

static void add_words(struct myna_report *r, const char *text, bool is_final)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_TRANSCRIPT,
                            .u.agent_transcript = {text, "s", "g", is_final, false}};

    myna_report_event(r, &ev);
}

static const struct myna_item items[] = {
    {.id = "item_1",
     .at = 1500 * MYNA_MS,
     .role = MYNA_ROLE_USER,
     .text = "Hello",
     .transcript_confidence = 0.5},
    {.id = "item_2", .at = 2500 * MYNA_MS, .role = MYNA_ROLE_ASSISTANT, .text = "Good day"},
};
static const struct myna_usage usage[] = {
    {.stage = MYNA_STAGE_TTS, .provider = "voice", .characters_count = 8}};
static const struct myna_report_info full = {
    .job_id = "job",
    .room = "kitchen",
    .started_ms = 1700000000000,
    .duration_ms = 3250,
    .options_json = "{\"min_endpointing_delay\":500,\"preemptive_generation\":{\"enabled\":true}}",
    .audio_path = "rec/audio.ogg",
    .items = items,
    .n_items = 2,
    .usage = usage,
    .n_usage = 1,
};

static json_t *write_report(struct myna_report *r, const struct myna_report_info *info)
{
    char *text = myna_report_json(r, info);
    json_t *o = text ? json_loads(text, 0, NULL) : NULL;

    CHECK(o != NULL);
    CHECK_HAS(text, "\n  \"job_id\""); /* indent 2 */
    free(text);
    return o;
}

static const char *str(json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static long long num(json_t *o, const char *key)
{
    CHECK(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

TEST(each_field_of_the_report_has_its_name_and_value)
{
    static const char *const keys[] = {"job_id",
                                       "room_id",
                                       "room",
                                       "events",
                                       "options",
                                       "chat_history",
                                       "timestamp",
                                       "started_at",
                                       "duration_ms",
                                       "usage",
                                       "audio_recording_path",
                                       "audio_recording_started_at",
                                       "sdk_version"};
    struct myna_report *r = myna_report_create();
    json_t *o, *list, *one;

    add(r, MYNA_EV_AGENT_STATE_CHANGED, 10);
    o = write_report(r, &full);
    CHECK_EQ(json_object_size(o), sizeof keys / sizeof *keys);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_object_get(o, keys[i]))
            check_fail(__FILE__, __LINE__, "no %s", keys[i]);
    CHECK_STR(str(o, "job_id"), "job");
    CHECK_STR(str(o, "room_id"), "kitchen");
    CHECK_STR(str(o, "room"), "kitchen");
    CHECK_EQ(num(o, "timestamp"), 1700000003250);
    CHECK_EQ(num(o, "started_at"), 1700000000000);
    CHECK_EQ(num(o, "duration_ms"), 3250);
    CHECK_STR(str(o, "audio_recording_path"), "rec/audio.ogg");
    CHECK_EQ(num(o, "audio_recording_started_at"), 1700000000000);
    CHECK_STR(str(o, "sdk_version"), myna_version());
    one = json_object_get(o, "options");
    CHECK_EQ(num(one, "min_endpointing_delay"), 500);
    CHECK(json_is_true(json_object_get(json_object_get(one, "preemptive_generation"), "enabled")));
    list = json_object_get(json_object_get(o, "chat_history"), "items");
    CHECK_EQ(json_array_size(list), 2);
    one = json_array_get(list, 0);
    CHECK_STR(str(one, "id"), "item_1");
    CHECK_STR(str(one, "type"), "message");
    CHECK_STR(str(one, "role"), "user");
    CHECK_STR(json_string_value(json_array_get(json_object_get(one, "content"), 0)), "Hello");
    CHECK_EQ(num(one, "createdAt"), 1700000001500);
    CHECK_NEAR(json_real_value(json_object_get(one, "transcriptConfidence")), 0.5, 0);
    CHECK_STR(str(json_array_get(list, 1), "role"), "assistant");
    list = json_object_get(o, "usage");
    CHECK_EQ(json_array_size(list), 1);
    CHECK_STR(str(json_array_get(list, 0), "type"), "tts_usage");
    CHECK_EQ(num(json_array_get(list, 0), "charactersCount"), 8);
    json_decref(o);
    myna_report_destroy(r);
}

TEST(what_is_not_known_is_null_not_absent)
{
    struct myna_report *r = myna_report_create();
    struct myna_report_info bare = {0};
    json_t *o = write_report(r, &bare);

    CHECK(json_is_null(json_object_get(o, "job_id")));
    CHECK(json_is_null(json_object_get(o, "room")));
    CHECK(json_is_null(json_object_get(o, "usage")));
    CHECK(json_is_null(json_object_get(o, "audio_recording_path")));
    CHECK(json_is_null(json_object_get(o, "audio_recording_started_at")));
    CHECK(json_is_object(json_object_get(o, "options")));
    CHECK_EQ(json_array_size(json_object_get(json_object_get(o, "chat_history"), "items")), 0);
    CHECK(json_object_get(o, "events_left_out") == NULL);
    json_decref(o);
    myna_report_destroy(r);
}

TEST(events_stand_in_order_without_metrics_usage_debug_and_growing_words)
{
    static const char *const want[] = {"agent_state_changed", "agent_transcript",
                                       "agent_false_interruption", "close"};
    struct myna_report *r = myna_report_create();
    json_t *o, *list;

    add(r, MYNA_EV_AGENT_STATE_CHANGED, 10);
    add(r, MYNA_EV_METRICS_COLLECTED, 11);
    add(r, MYNA_EV_SESSION_USAGE_UPDATED, 12);
    add(r, MYNA_EV_DEBUG_MESSAGE, 13);
    add_words(r, "Good", false);
    add_words(r, "Good day", true);
    add(r, MYNA_EV_AGENT_FALSE_INTERRUPTION, 14);
    add(r, MYNA_EV_CLOSE, 15);
    o = write_report(r, &full);
    list = json_object_get(o, "events");
    CHECK_EQ(json_array_size(list), 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_STR(str(json_array_get(list, i), "type"), want[i]);
    CHECK_STR(str(json_array_get(list, 1), "transcript"), "Good day");
    CHECK_EQ(num(json_array_get(list, 0), "createdAt"), 1700000000010);
    CHECK_STR(str(json_array_get(list, 0), "oldState"), "initializing");
    json_decref(o);
    myna_report_destroy(r);
}

TEST(an_event_that_memory_had_no_room_for_is_counted)
{
    struct myna_report *r = myna_report_create();
    json_t *o;

    fault_fail_alloc(1); /* the list */
    add(r, MYNA_EV_CLOSE, 1);
    fault_fail_alloc(2); /* the text */
    add(r, MYNA_EV_CLOSE, 2);
    fault_off();
    add(r, MYNA_EV_CLOSE, 3);
    o = write_report(r, &full);
    CHECK_EQ(json_array_size(json_object_get(o, "events")), 1);
    CHECK_EQ(num(o, "events_left_out"), 2);
    json_decref(o);
    myna_report_destroy(r);
}

/* A report that comes out is whole: nothing may be missing from it for want of memory. */
static bool whole_or_none(void *arg)
{
    struct myna_report *r = myna_report_create();
    char *text = NULL;

    (void)arg;
    if (r) {
        add(r, MYNA_EV_CLOSE, 1);
        text = myna_report_json(r, &full);
    }
    if (text) {
        /* Not the name inside: jansson's parser drops a letter whose buffer could not grow. */
        CHECK(!strstr(text, "\"options\": {}"));
        CHECK_HAS(text, "Good day");
        CHECK_HAS(text, "charactersCount");
        CHECK(strstr(text, "user_initiated") || strstr(text, "\"close\"") ||
              strstr(text, "events_left_out"));
    }
    free(text);
    myna_report_destroy(r);
    return text != NULL;
}

TEST(memory_that_fails_gives_no_report_rather_than_half_of_one)
{
    CHECK(fault_each_alloc(whole_or_none, NULL) > 30);
}

TEST_MAIN
