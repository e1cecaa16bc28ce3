/* read.c - the call log as JSON: the list, and one call whole. */
#include <myna/calls.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/db.h"
#include "store/options.h"
#include "store/prices.h"
#include "util/json_dump.h"

enum { READ_BUSY_MS = 2000, DEFAULT_LIMIT = 50 };

/* What the list tells of a call. `answer_ms`: the middle of the times from the last word to the
 * first sound. */
#define COLUMNS                                                                                    \
    "c.id, c.door, c.caller, c.callee, c.agent, c.stt, c.llm, c.tts, c.recording, c.started_ms,"   \
    " c.duration_ms, c.reason, c.error,"                                                           \
    " (SELECT count(*) FROM items WHERE call = c.id AND role = 'user') AS turns,"                  \
    " (SELECT count(*) FROM items WHERE call = c.id AND kind = 'tool_call') AS tools,"             \
    " (SELECT count(*) FROM faults WHERE call = c.id) AS errors,"                                  \
    " (SELECT avg(x) FROM (SELECT heard_ms - speech_end_ms AS x, count(*) OVER () AS n,"           \
    "  row_number() OVER (ORDER BY heard_ms - speech_end_ms) AS r FROM turns WHERE call = c.id"    \
    "  AND heard_ms IS NOT NULL AND speech_end_ms IS NOT NULL)"                                    \
    "  WHERE r IN ((n + 1) / 2, (n + 2) / 2)) AS answer_ms"

static int set_started(json_t *call)
{
    time_t t = (time_t)(json_integer_value(json_object_get(call, "started_ms")) / 1000);
    struct tm tm;
    char text[40];

    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_object_set_new(call, "started", json_string(text));
}

/* Adds `cost_usd` to each row (null: not known) and to the call; with a row that is not known the
 * sum is what is known, and `unpriced` is true. */
static int set_cost(json_t *call, json_t *usage)
{
    double sum = 0;
    bool unpriced = false;
    json_t *row;
    size_t i;
    int bad = 0;

    json_array_foreach(usage, i, row)
    {
        double cost = myna_price(row);

        unpriced = unpriced || isnan(cost);
        sum += isnan(cost) ? 0 : cost;
        bad |= json_object_set_new(row, "cost_usd", isnan(cost) ? json_null() : json_real(cost));
    }
    bad |= json_object_set_new(call, "cost_usd", json_real(sum));
    return bad | json_object_set_new(call, "unpriced", json_boolean(unpriced));
}

/* The rows of one table of one call, without the column that names the call. */
static enum myna_err part(struct myna_db *db, const char *sql, const char *id, json_t **out,
                          struct myna_why *why)
{
    json_t *row;
    size_t i;
    enum myna_err err = myna_db_rows(db, sql, id, 0, out, why);

    if (err)
        return err;
    json_array_foreach(*out, i, row) json_object_del(row, "call");
    return MYNA_OK;
}

static enum myna_err dress(struct myna_db *db, json_t *call, bool whole, struct myna_why *why)
{
    static const struct {
        const char *name, *sql;
    } parts[] = {{"usage", "SELECT * FROM usage WHERE call = ?1"},
                 {"items", "SELECT * FROM items WHERE call = ?1 ORDER BY n"},
                 {"turns_ms", "SELECT * FROM turns WHERE call = ?1 ORDER BY n"},
                 {"faults", "SELECT * FROM faults WHERE call = ?1 ORDER BY rowid"}};
    const char *id = json_string_value(json_object_get(call, "id"));
    int bad = set_started(call);

    for (size_t i = 0; i < (whole ? sizeof parts / sizeof *parts : 1); i++) {
        json_t *rows;
        enum myna_err err = part(db, parts[i].sql, id, &rows, why);

        if (err)
            return err;
        if (i == 0)
            bad |= set_cost(call, rows);
        if (whole)
            bad |= json_object_set_new(call, parts[i].name, rows);
        else
            json_decref(rows);
    }
    return bad ? myna_fail(why, MYNA_ENOMEM, "memory is short") : MYNA_OK;
}

static enum myna_err list(struct myna_db *db, size_t limit, json_t **out, struct myna_why *why)
{
    json_t *call;
    size_t i;
    enum myna_err err = myna_db_rows(
        db, "SELECT " COLUMNS " FROM calls c WHERE ?1 IS NULL ORDER BY started_ms DESC LIMIT ?2",
        NULL, (int64_t)(limit ? limit : DEFAULT_LIMIT), out, why);

    if (err)
        return err;
    json_array_foreach(*out, i, call)
    {
        err = dress(db, call, false, why);
        if (err) {
            json_decref(*out);
            return err;
        }
    }
    return MYNA_OK;
}

static enum myna_err one(struct myna_db *db, const char *id, json_t **out, struct myna_why *why)
{
    json_t *rows;
    enum myna_err err = myna_db_rows(db,
                                     "SELECT " COLUMNS " FROM calls c WHERE c.id = ?1 OR"
                                     " substr(c.id, 1, length(?1)) = ?1 OR"
                                     " substr(c.id, 9, length(?1)) = ?1" /* behind "session_" */
                                     " ORDER BY c.id = ?1 DESC LIMIT 2",
                                     id, 0, &rows, why);
    json_t *first;

    if (err)
        return err;
    first = json_incref(json_array_get(rows, 0));
    if (!first)
        err = myna_fail(why, MYNA_ENOENT, "there is no call '%.60s'; `myna calls` lists them", id);
    else if (json_array_size(rows) > 1 &&
             strcmp(json_string_value(json_object_get(first, "id")), id) != 0)
        err = myna_fail(why, MYNA_ENOENT, "more than one call begins with '%.60s'; give more of it",
                        id);
    else
        err = dress(db, first, true, why);
    json_decref(rows);
    if (err)
        json_decref(first);
    else
        *out = first;
    return err;
}

enum myna_err myna_calls_file(const struct myna_config *cfg, char **out, struct myna_why *why)
{
    struct myna_calls_conf conf;
    enum myna_err err = myna_config_read(cfg, &myna_calls_section, &conf, why);

    *out = NULL;
    return err || !conf.enabled ? err : myna_calls_path(&conf, out, why);
}

enum myna_err myna_calls_json(const struct myna_config *cfg, const char *id, size_t limit,
                              char **out, struct myna_why *why)
{
    struct myna_calls_conf conf;
    struct myna_db *db = NULL;
    struct myna_why reason = {0};
    char *path = NULL;
    json_t *value = NULL;
    enum myna_err err = myna_config_read(cfg, &myna_calls_section, &conf, why);

    if (!err)
        err = myna_calls_path(&conf, &path, why);
    if (err)
        return err;
    err = myna_db_open(path, false, 0, READ_BUSY_MS, &db, &reason);
    if (err == MYNA_ENOENT && id) {
        err = myna_fail(why, err, "there is no call '%.60s': no log has been kept yet (%s)", id,
                        path);
    } else if (err == MYNA_ENOENT) {
        value = json_array(); /* nobody has called yet */
        err = MYNA_OK;
    } else if (err) {
        err = myna_fail(why, err, "%s", reason.text);
    } else {
        err = id ? one(db, id, &value, why) : list(db, limit, &value, why);
    }
    if (!err) {
        *out = myna_json_dump(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
        if (!*out)
            err = myna_fail(why, MYNA_ENOMEM, "memory is short");
    }
    json_decref(value);
    myna_db_close(db);
    free(path);
    return err;
}
