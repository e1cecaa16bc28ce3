/* calls_test.c - the call log: events go in, JSON comes out, and a bad file costs no call. */
#include "check.h"

#include <myna/calls.h>

#include <jansson.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"

#define DAY_US (86400 * (myna_us)1000000)

struct rig {
    char dir[32], path[64];
    struct myna_config *cfg;
    struct myna_runtime *rt;
    struct myna_calls *calls;
    int said;
    char sentence[700];
};

static void said(void *arg, const char *sentence)
{
    struct rig *r = arg;

    r->said++;
    snprintf(r->sentence, sizeof r->sentence, "%s", sentence);
}

static void open_log(struct rig *r)
{
    struct myna_runtime_options opt = {
        .size = sizeof opt, .config = r->cfg, .virtual_clock = true, .workers = 1};
    struct myna_why why = {0};

    CHECK(!myna_runtime_create(&opt, &r->rt, &why));
    CHECK(!myna_calls_open(r->rt, said, r, &r->calls, &why));
    CHECK(r->calls != NULL);
}

/* `below` the rig's own directory. */
static void rig_init(struct rig *r, const char *below)
{
    struct myna_why why = {0};

    *r = (struct rig){.dir = "calls_test-XXXXXX"};
    CHECK(mkdtemp(r->dir) != NULL);
    snprintf(r->path, sizeof r->path, "%s/%s", r->dir, below);
    r->cfg = myna_config_create();
    CHECK(r->cfg && !myna_config_set(r->cfg, "calls.file", r->path, "test", &why));
    /* none that loads a model */
    CHECK(!myna_config_set(r->cfg, "vad.provider", "energy", "test", &why));
    CHECK(!myna_config_set(r->cfg, "stt.provider", "instant", "test", &why));
    CHECK(!myna_config_set(r->cfg, "tts.provider", "instant", "test", &why));
    open_log(r);
}

static void close_log(struct rig *r)
{
    myna_calls_close(r->calls);
    r->calls = NULL;
    myna_runtime_destroy(r->rt);
    r->rt = NULL;
}

static void rig_fini(struct rig *r)
{
    char side[80];

    close_log(r);
    myna_config_destroy(r->cfg);
    snprintf(side, sizeof side, "%s-wal", r->path);
    (void)unlink(side);
    snprintf(side, sizeof side, "%s-shm", r->path);
    (void)unlink(side);
    (void)unlink(r->path);
    CHECK(!rmdir(r->dir));
}

static struct myna_session *session(struct rig *r, const char *id)
{
    struct myna_session_options opt = {
        .size = sizeof opt, .transport_name = "none", .session_id = id};
    struct myna_call_info info = {
        .size = sizeof info, .door = "phone", .caller = "+1555", .callee = "+1666"};
    struct myna_session *s = NULL;
    struct myna_why why = {0};

    if (myna_session_create(r->rt, &opt, &s, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    myna_calls_begin(r->calls, s, &info);
    return s;
}

static void settle(struct rig *r)
{
    myna_runtime_run_until(r->rt, myna_runtime_now(r->rt) + 1000000);
}

static void speak(struct rig *r, struct myna_session *s, const char *id, enum myna_role role,
                  const char *text, myna_us at)
{
    struct myna_item item = {
        .type = MYNA_ITEM_MESSAGE, .id = id, .at = at, .role = role, .text = text};
    struct myna_event ev = {.type = MYNA_EV_CONVERSATION_ITEM_ADDED, .at = at, .u.item = &item};

    myna_calls_event(r->calls, s, &ev);
}

static void use_tool(struct rig *r, struct myna_session *s)
{
    struct myna_item ask = {.type = MYNA_ITEM_FUNCTION_CALL,
                            .id = "item_3",
                            .at = 2000000,
                            .call_id = "call_1",
                            .name = "weather",
                            .arguments = "{\"city\":\"Bern\"}"};
    struct myna_item answer = {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT,
                               .id = "item_4",
                               .at = 2500000,
                               .call_id = "call_1",
                               .name = "weather",
                               .output = "no such town",
                               .is_error = true};
    struct myna_event ev = {.type = MYNA_EV_FUNCTION_TOOLS_EXECUTED,
                            .at = 2500000,
                            .u.tools = {.calls = &ask, .outputs = &answer, .n = 1}};

    myna_calls_event(r->calls, s, &ev);
}

static void measure(struct rig *r, struct myna_session *s)
{
    struct myna_usage usage = {.stage = MYNA_STAGE_LLM,
                               .provider = "openai",
                               .model = "gpt-4o-mini",
                               .input_tokens = 1000000,
                               .input_cached_tokens = 0,
                               .output_tokens = 100000};
    struct myna_event turn = {.type = MYNA_EV_TURN_LATENCY,
                              .at = 3000000,
                              .u.latency = {.speech_id = "speech_1",
                                            .w = {.speech_end = 1000000,
                                                  .transcript = 1100000,
                                                  .end_of_turn = 1200000,
                                                  .first_token = MYNA_NEVER,
                                                  .first_text = 1400000,
                                                  .first_audio = 1500000,
                                                  .heard = 1750000}}};
    struct myna_event used = {
        .type = MYNA_EV_SESSION_USAGE_UPDATED, .at = 3000000, .u.usage = {.usage = &usage, .n = 1}};

    myna_calls_event(r->calls, s, &turn);
    myna_calls_event(r->calls, s, &used);
    usage.input_tokens = 2000000; /* sums: the last word counts */
    myna_calls_event(r->calls, s, &used);
}

static void end(struct rig *r, struct myna_session *s, bool broken, myna_us at)
{
    struct myna_fault fault = {.stage = MYNA_STAGE_TTS,
                               .provider = "elevenlabs",
                               .message = "the voice is gone",
                               .http_status = 503};
    struct myna_event trouble = {.type = MYNA_EV_ERROR, .at = at, .u.fault = fault};
    struct myna_event ev = {.type = MYNA_EV_CLOSE,
                            .at = at,
                            .u.close = {.reason = broken ? "error" : "user_initiated",
                                        .fault = broken ? &fault : NULL}};

    if (broken)
        myna_calls_event(r->calls, s, &trouble);
    myna_calls_event(r->calls, s, &ev);
}

static json_t *read_log(struct rig *r, const char *id, size_t limit)
{
    struct myna_why why = {0};
    char *text = NULL;
    json_t *value;

    if (myna_calls_json(r->cfg, id, limit, &text, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    value = json_loads(text, 0, NULL);
    free(text);
    CHECK(value != NULL);
    return value;
}

static const char *text_in(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static double number_in(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const json_t *row_in(const json_t *call, const char *table, size_t i)
{
    return json_array_get(json_object_get(call, table), i);
}

/* ------------------------------------------------------------------ whole calls */

static void check_items(const json_t *call)
{
    CHECK_EQ(json_array_size(json_object_get(call, "items")), 4);
    CHECK_STR(text_in(row_in(call, "items", 0), "role"), "user");
    CHECK_STR(text_in(row_in(call, "items", 0), "text"), "Grüezi");
    CHECK_NEAR(number_in(row_in(call, "items", 0), "at_ms"), 1000, 0);
    CHECK_STR(text_in(row_in(call, "items", 1), "kind"), "tool_call");
    CHECK_STR(text_in(row_in(call, "items", 1), "name"), "weather");
    CHECK_STR(text_in(row_in(call, "items", 1), "arguments"), "{\"city\":\"Bern\"}");
    CHECK_STR(text_in(row_in(call, "items", 2), "kind"), "tool_result");
    CHECK_STR(text_in(row_in(call, "items", 2), "text"), "no such town");
    CHECK_EQ(number_in(row_in(call, "items", 2), "is_error"), 1);
    CHECK_STR(text_in(row_in(call, "items", 3), "role"), "assistant");
}

static void check_measures(const json_t *call)
{
    const json_t *turn = row_in(call, "turns_ms", 0), *usage = row_in(call, "usage", 0);
    const json_t *fault = row_in(call, "faults", 0);

    CHECK_EQ(json_array_size(json_object_get(call, "turns_ms")), 1);
    CHECK_NEAR(number_in(turn, "speech_end_ms"), 1000, 0);
    CHECK_NEAR(number_in(turn, "heard_ms"), 1750, 0);
    CHECK(json_is_null(json_object_get(turn, "first_token_ms")));
    CHECK_NEAR(number_in(call, "answer_ms"), 750, 0);
    CHECK_EQ(json_array_size(json_object_get(call, "usage")), 1);
    CHECK_NEAR(number_in(usage, "input_tokens"), 2000000, 0);
    CHECK_NEAR(number_in(call, "cost_usd"), 2 * 0.15 + 0.06, 1e-9);
    CHECK(json_is_false(json_object_get(call, "unpriced")));
    CHECK_EQ(json_array_size(json_object_get(call, "faults")), 1);
    CHECK_STR(text_in(fault, "stage"), "tts");
    CHECK_STR(text_in(fault, "provider"), "elevenlabs");
    CHECK_EQ(number_in(fault, "http_status"), 503);
}

TEST(a_call_with_turns_tools_usage_and_an_error_is_read_back_whole)
{
    struct rig r;
    struct myna_session *s;
    json_t *call;

    rig_init(&r, "calls.db");
    s = session(&r, "session_a1");
    speak(&r, s, "item_1", MYNA_ROLE_USER, "Grüezi", 1000000);
    use_tool(&r, s);
    speak(&r, s, "item_5", MYNA_ROLE_ASSISTANT, "There is no such town.", 2800000);
    measure(&r, s);
    end(&r, s, true, 4000000);
    settle(&r);
    call = read_log(&r, "a1", 0); /* without "session_" */
    CHECK_STR(text_in(call, "id"), "session_a1");
    CHECK_STR(text_in(call, "door"), "phone");
    CHECK_STR(text_in(call, "caller"), "+1555");
    CHECK_STR(text_in(call, "callee"), "+1666");
    CHECK_STR(text_in(call, "reason"), "error");
    CHECK_STR(text_in(call, "error"), "the voice is gone");
    CHECK_NEAR(number_in(call, "duration_ms"), 4000, 0);
    CHECK_EQ(number_in(call, "turns"), 1);
    CHECK_EQ(number_in(call, "tools"), 1);
    CHECK_EQ(number_in(call, "errors"), 1);
    check_items(call);
    check_measures(call);
    CHECK_EQ(r.said, 0);
    json_decref(call);
    rig_fini(&r);
}

TEST(what_was_not_yet_written_is_written_when_the_log_is_closed)
{
    struct rig r;
    json_t *call;

    rig_init(&r, "calls.db");
    end(&r, session(&r, "session_a1"), false, 5000000); /* the loop never turns again */
    close_log(&r);
    call = read_log(&r, "session_a1", 0);
    CHECK_STR(text_in(call, "reason"), "user_initiated");
    CHECK_EQ(r.said, 0);
    json_decref(call);
    rig_fini(&r);
}

/* A model that loads, say. */
static void hold_run(struct myna_work *w)
{
    sem_wait(w->arg);
}

static void hold_done(struct myna_work *w)
{
    w->arg = NULL;
}

TEST(what_waits_behind_other_work_of_the_only_worker_is_written_when_the_log_is_closed)
{
    struct rig r;
    sem_t go;
    struct myna_work hold = {.run = hold_run, .done = hold_done, .arg = &go};
    json_t *call;

    rig_init(&r, "calls.db");
    CHECK(!sem_init(&go, 0, 0));
    CHECK(!myna_host_work(myna_runtime_host(r.rt), &hold));
    end(&r, session(&r, "session_a1"), false, 5000000);
    myna_calls_close(r.calls);
    r.calls = NULL;
    call = read_log(&r, "session_a1", 0); /* the worker is still held */
    CHECK_STR(text_in(call, "reason"), "user_initiated");
    CHECK_EQ(r.said, 0);
    json_decref(call);
    sem_post(&go);
    rig_fini(&r);
    CHECK(hold.arg == NULL);
    sem_destroy(&go);
}

/* ------------------------------------------------------------------ the list */

TEST(the_list_begins_with_the_newest_call_and_keeps_its_limit)
{
    struct rig r;
    json_t *calls;

    rig_init(&r, "calls.db");
    end(&r, session(&r, "session_b"), false, 200000000); /* so long ago each began */
    end(&r, session(&r, "session_c"), false, 100000000);
    end(&r, session(&r, "session_a"), false, 300000000);
    settle(&r);
    calls = read_log(&r, NULL, 0);
    CHECK_EQ(json_array_size(calls), 3);
    CHECK_STR(text_in(json_array_get(calls, 0), "id"), "session_c");
    CHECK_STR(text_in(json_array_get(calls, 1), "id"), "session_b");
    CHECK_STR(text_in(json_array_get(calls, 2), "id"), "session_a");
    CHECK(!json_object_get(json_array_get(calls, 0), "items"));
    json_decref(calls);
    calls = read_log(&r, NULL, 2);
    CHECK_EQ(json_array_size(calls), 2);
    CHECK_STR(text_in(json_array_get(calls, 1), "id"), "session_b");
    json_decref(calls);
    rig_fini(&r);
}

TEST(a_call_that_is_not_there_or_not_told_apart_is_an_error_with_a_remedy)
{
    struct rig r;
    struct myna_why why = {0};
    char *text = NULL;

    rig_init(&r, "calls.db");
    end(&r, session(&r, "session_ab1"), false, 1000000);
    end(&r, session(&r, "session_ab2"), false, 1000000);
    settle(&r);
    CHECK_EQ(myna_calls_json(r.cfg, "zz", 0, &text, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "there is no call 'zz'; `myna calls` lists them");
    CHECK_EQ(myna_calls_json(r.cfg, "ab", 0, &text, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "give more of it");
    CHECK(text == NULL);
    rig_fini(&r);
}

TEST(a_log_that_was_never_written_has_no_calls)
{
    struct rig r;
    json_t *calls;

    rig_init(&r, "calls.db");
    calls = read_log(&r, NULL, 0);
    CHECK_EQ(json_array_size(calls), 0);
    CHECK(access(r.path, F_OK) != 0); /* reading makes no file */
    json_decref(calls);
    rig_fini(&r);
}

TEST(calls_older_than_keep_days_are_taken_out_when_the_log_is_opened)
{
    struct rig r;
    json_t *calls;

    rig_init(&r, "calls.db");
    end(&r, session(&r, "session_old"), false, 40 * DAY_US);
    close_log(&r);
    open_log(&r);
    end(&r, session(&r, "session_new"), false, 20 * DAY_US);
    settle(&r);
    calls = read_log(&r, NULL, 0);
    CHECK_EQ(json_array_size(calls), 1);
    CHECK_STR(text_in(json_array_get(calls, 0), "id"), "session_new");
    json_decref(calls);
    rig_fini(&r);
}

/* ------------------------------------------------------------------ a bad file */

static void tell(struct myna_db *db, const char *sql)
{
    struct myna_why why = {0};
    json_t *rows = NULL;

    if (myna_db_rows(db, sql, NULL, 0, &rows, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    json_decref(rows);
}

TEST(a_locked_log_waits_and_is_written_when_it_is_free_again)
{
    struct rig r;
    struct myna_session *s;
    struct myna_db *other = NULL;
    json_t *call;

    rig_init(&r, "calls.db");
    CHECK(!myna_db_open(r.path, true, 0, 0, &other, NULL));
    tell(other, "BEGIN EXCLUSIVE");
    s = session(&r, "session_a1");
    speak(&r, s, "item_1", MYNA_ROLE_USER, "one", 1000000);
    settle(&r);
    CHECK_EQ(r.said, 1);
    CHECK_HAS(r.sentence, "is locked by another program; the call goes on, its log waits");
    speak(&r, s, "item_2", MYNA_ROLE_USER, "two", 2000000);
    settle(&r);
    CHECK_EQ(r.said, 1);
    tell(other, "COMMIT");
    myna_db_close(other);
    end(&r, s, false, 3000000);
    settle(&r);
    call = read_log(&r, "session_a1", 0);
    CHECK_EQ(json_array_size(json_object_get(call, "items")), 2);
    CHECK_STR(text_in(row_in(call, "items", 0), "text"), "one");
    CHECK_STR(text_in(row_in(call, "items", 1), "text"), "two");
    CHECK_NEAR(number_in(call, "duration_ms"), 3000, 0);
    CHECK_EQ(r.said, 1);
    json_decref(call);
    rig_fini(&r);
}

TEST(a_log_that_stays_locked_to_the_end_is_said_to_be_lost)
{
    struct rig r;
    struct myna_db *other = NULL;

    rig_init(&r, "calls.db");
    CHECK(!myna_db_open(r.path, true, 0, 0, &other, NULL));
    tell(other, "BEGIN EXCLUSIVE");
    end(&r, session(&r, "session_a1"), false, 1000000);
    close_log(&r);
    CHECK_HAS(r.sentence, "the end of this call is not kept");
    myna_db_close(other);
    rig_fini(&r);
}

TEST(a_corrupt_log_is_said_once_and_left_as_it_is_until_it_is_moved_away)
{
    struct rig r;
    struct myna_session *s;
    struct stat st;
    json_t *call;
    FILE *f;

    rig_init(&r, "calls.db");
    f = fopen(r.path, "w");
    CHECK(f != NULL);
    for (int i = 0; i < 1000; i++)
        fputs("no database ", f);
    fclose(f);
    s = session(&r, "session_a1");
    for (int i = 0; i < 3; i++) {
        speak(&r, s, "item_1", MYNA_ROLE_USER, "lost", 1000000);
        settle(&r);
    }
    CHECK_EQ(r.said, 1);
    CHECK_HAS(r.sentence, "is damaged");
    CHECK_HAS(r.sentence, "move it away and a new one is begun; the call goes on");
    CHECK(!stat(r.path, &st));
    CHECK_EQ(st.st_size, 12000);
    CHECK(!unlink(r.path));
    speak(&r, s, "item_2", MYNA_ROLE_USER, "kept", 2000000);
    settle(&r);
    call = read_log(&r, "session_a1", 0);
    CHECK_STR(text_in(row_in(call, "items", 0), "text"), "kept");
    CHECK_EQ(r.said, 1);
    json_decref(call);
    rig_fini(&r);
}

/* A file where a directory should be: that stops root too. */
TEST(a_directory_that_cannot_be_written_is_said_once)
{
    struct rig r;
    struct myna_session *s;
    char blocker[64];
    FILE *f;

    rig_init(&r, "blocked/calls.db");
    snprintf(blocker, sizeof blocker, "%s/blocked", r.dir);
    f = fopen(blocker, "w");
    CHECK(f != NULL);
    fclose(f);
    s = session(&r, "session_a1");
    for (int i = 0; i < 3; i++) {
        speak(&r, s, "item_1", MYNA_ROLE_USER, "lost", 1000000);
        settle(&r);
    }
    CHECK_EQ(r.said, 1);
    CHECK_HAS(r.sentence, "blocked");
    CHECK_HAS(r.sentence, "; the call goes on, its log does not");
    end(&r, s, false, 2000000);
    settle(&r);
    CHECK_EQ(r.said, 1);
    CHECK(!unlink(blocker));
    rig_fini(&r);
}

TEST(a_log_that_is_taken_away_in_use_is_begun_anew_and_said)
{
    struct rig r;
    struct myna_session *s;
    json_t *call;

    rig_init(&r, "calls.db");
    s = session(&r, "session_a1");
    speak(&r, s, "item_1", MYNA_ROLE_USER, "one", 1000000);
    settle(&r);
    CHECK(!unlink(r.path));
    speak(&r, s, "item_2", MYNA_ROLE_USER, "two", 2000000);
    settle(&r);
    CHECK_EQ(r.said, 1);
    CHECK_HAS(r.sentence, "taken away");
    call = read_log(&r, "session_a1", 0);
    CHECK_STR(text_in(row_in(call, "items", 0), "text"), "two");
    json_decref(call);
    rig_fini(&r);
}

/* ------------------------------------------------------------------ forms of the file */

TEST(an_empty_file_becomes_a_log_of_the_newest_form_and_is_ones_own)
{
    struct rig r;
    struct myna_db *db = NULL;
    struct stat st;
    json_t *rows = NULL;

    rig_init(&r, "calls.db");
    fclose(fopen(r.path, "w"));
    CHECK(!myna_db_open(r.path, false, 0, 0, &db, NULL));
    CHECK(!myna_db_rows(db, "PRAGMA user_version", NULL, 0, &rows, NULL));
    CHECK_EQ(number_in(json_array_get(rows, 0), "user_version"), 2);
    json_decref(rows);
    tell(db, "SELECT * FROM calls, items, turns, usage, faults");
    myna_db_close(db);
    CHECK(!unlink(r.path));
    end(&r, session(&r, "session_a1"), false, 1000000); /* made by the log itself */
    settle(&r);
    CHECK(!stat(r.path, &st));
    CHECK_EQ(st.st_mode & 0777, 0600);
    rig_fini(&r);
}

TEST(a_log_of_an_older_form_keeps_its_calls_and_takes_new_ones)
{
    struct rig r;
    struct myna_db *db = NULL;
    json_t *calls;

    rig_init(&r, "calls.db");
    CHECK(!myna_db_open(r.path, true, 0, 0, &db, NULL));
    tell(db, "ALTER TABLE usage DROP COLUMN cost");
    tell(db, "ALTER TABLE usage DROP COLUMN cache_write_tokens");
    tell(db, "PRAGMA user_version = 1");
    tell(db, "INSERT INTO calls (id, started_ms) VALUES ('session_old', 4000000000000)");
    tell(db, "INSERT INTO usage (call, stage, provider, model, input_tokens) VALUES"
             " ('session_old', 'llm', 'openai', 'gpt-4o', 1000000)");
    myna_db_close(db);
    end(&r, session(&r, "session_new"), false, 1000000);
    settle(&r);
    calls = read_log(&r, NULL, 0);
    CHECK_EQ(json_array_size(calls), 2);
    CHECK_STR(text_in(json_array_get(calls, 0), "id"), "session_old");
    CHECK_NEAR(number_in(json_array_get(calls, 0), "cost_usd"), 2.5, 1e-9);
    CHECK_EQ(r.said, 0);
    json_decref(calls);
    rig_fini(&r);
}

TEST(a_log_of_a_newer_myna_is_not_touched)
{
    struct rig r;
    struct myna_db *db = NULL;
    struct myna_why why = {0};
    char *text = NULL;

    rig_init(&r, "calls.db");
    CHECK(!myna_db_open(r.path, true, 0, 0, &db, NULL));
    tell(db, "PRAGMA user_version = 99");
    myna_db_close(db);
    CHECK_EQ(myna_calls_json(r.cfg, NULL, 0, &text, &why), MYNA_EUNAVAIL);
    CHECK_HAS(why.text, "newer Myna (form 99, this one knows 2); set calls.file to another");
    rig_fini(&r);
}

TEST_MAIN
