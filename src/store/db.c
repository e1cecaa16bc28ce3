/* db.c - SQLite: schema and its history, statements, rows to JSON.
 *
 * WAL, so that readers and several writing processes do not keep each other waiting; synchronous
 * NORMAL, so that a commit waits for no disk: after a power cut the last moments may be missing,
 * the file is whole. Forms of the schema are counted in user_version; each step below takes a file
 * from the one before, in one transaction.
 */
#include "store/db.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/item_json.h"

struct myna_db {
    sqlite3 *sql;
    sqlite3_stmt *statements[MYNA_OPS];
    char *path;
    dev_t dev;
    ino_t ino;
};

/* Times are milliseconds; _ms columns of `turns` count from the start of the call. */
static const char *const steps[] = {
    "CREATE TABLE calls (id TEXT PRIMARY KEY, door TEXT, caller TEXT, callee TEXT, agent TEXT,"
    " stt TEXT, llm TEXT, tts TEXT, recording TEXT, started_ms INTEGER NOT NULL,"
    " duration_ms REAL, reason TEXT, error TEXT) WITHOUT ROWID;"
    "CREATE INDEX calls_started ON calls (started_ms);"
    "CREATE TABLE items (call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
    " id TEXT NOT NULL, n INTEGER, at_ms REAL, kind TEXT, role TEXT, text TEXT, name TEXT,"
    " tool_call TEXT, arguments TEXT, speaker TEXT, interrupted INTEGER, is_error INTEGER,"
    " PRIMARY KEY (call, id)) WITHOUT ROWID;"
    "CREATE TABLE turns (call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
    " speech TEXT NOT NULL, n INTEGER, speech_end_ms REAL, transcript_ms REAL,"
    " end_of_turn_ms REAL, first_token_ms REAL, first_text_ms REAL, first_audio_ms REAL,"
    " heard_ms REAL, PRIMARY KEY (call, speech)) WITHOUT ROWID;"
    "CREATE TABLE usage (call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
    " stage TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, input_tokens INTEGER,"
    " cached_tokens INTEGER, output_tokens INTEGER, characters INTEGER, audio_ms REAL,"
    " PRIMARY KEY (call, stage, provider, model)) WITHOUT ROWID;"
    "CREATE TABLE faults (call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
    " at_ms REAL, stage TEXT, provider TEXT, message TEXT, http_status INTEGER,"
    " recoverable INTEGER);"
    "CREATE INDEX faults_call ON faults (call);",
    "ALTER TABLE usage ADD COLUMN cache_write_tokens INTEGER;"
    "ALTER TABLE usage ADD COLUMN cost REAL;",
};
enum { NEWEST = sizeof steps / sizeof *steps };

/* ?1 … ?9 are the texts of an op, ?11 … ?18 its numbers. */
static const char *const writes[MYNA_OPS] = {
    [MYNA_OP_CALL] = "INSERT OR IGNORE INTO calls (id, door, caller, callee, agent, stt, llm, tts,"
                     " recording, started_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11)",
    [MYNA_OP_ITEM] = "INSERT OR IGNORE INTO items (call, id, kind, role, text, name, tool_call,"
                     " arguments, speaker, n, at_ms, interrupted, is_error)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11, ?12, ?13, ?14)",
    [MYNA_OP_TURN] = "INSERT OR IGNORE INTO turns (call, speech, n, speech_end_ms, transcript_ms,"
                     " end_of_turn_ms, first_token_ms, first_text_ms, first_audio_ms, heard_ms)"
                     " VALUES (?1, ?2, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [MYNA_OP_USAGE] = "INSERT OR REPLACE INTO usage (call, stage, provider, model, input_tokens,"
                      " cached_tokens, output_tokens, characters, audio_ms,"
                      " cache_write_tokens, cost)"
                      " VALUES (?1, ?2, ?3, ?4, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    [MYNA_OP_FAULT] = "INSERT INTO faults (call, stage, provider, message, at_ms, http_status,"
                      " recoverable) VALUES (?1, ?2, ?3, ?4, ?11, ?12, ?13)",
    [MYNA_OP_END] = "UPDATE calls SET reason = ?2, error = ?3, duration_ms = ?11 WHERE id = ?1",
};

static enum myna_err fail(const struct myna_db *db, int rc, struct myna_why *why)
{
    const char *words = db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return myna_fail(why, MYNA_EAGAIN, "the call log %s is locked by another program",
                         db->path);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return myna_fail(why, MYNA_EFORMAT,
                         "the call log %s is damaged (%s); move it away and a new one is begun",
                         db->path, words);
    case SQLITE_FULL:
        return myna_fail(why, MYNA_ENOSPC, "the disk of the call log %s is full", db->path);
    case SQLITE_NOMEM:
        return myna_fail(why, MYNA_ENOMEM, "no memory for the call log");
    case SQLITE_READONLY:
        return myna_fail(why, MYNA_EIO, "the call log %s may not be written (%s)", db->path, words);
    default:
        return myna_fail(why, MYNA_EIO, "the call log %s cannot be used: %s", db->path, words);
    }
}

static enum myna_err run(struct myna_db *db, const char *sql, struct myna_why *why)
{
    int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? MYNA_OK : fail(db, rc, why);
}

static enum myna_err version_of(struct myna_db *db, int *out, struct myna_why *why)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db->sql, "PRAGMA user_version", -1, &st, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? MYNA_OK : fail(db, rc, why);
}

/* Two processes may want to at once: who waited finds the work done. */
static enum myna_err migrate(struct myna_db *db, struct myna_why *why)
{
    int version = 0;
    enum myna_err err = version_of(db, &version, why);

    if (err || version == NEWEST)
        return err;
    err = run(db, "BEGIN IMMEDIATE", why);
    if (!err)
        err = version_of(db, &version, why);
    if (!err && version > NEWEST)
        err = myna_fail(why, MYNA_EUNAVAIL,
                        "the call log %s was written by a newer Myna (form %d, this one knows %d); "
                        "set calls.file to another",
                        db->path, version, NEWEST);
    for (; !err && version < NEWEST; version++) {
        char set[40];

        snprintf(set, sizeof set, "PRAGMA user_version = %d", version + 1);
        err = run(db, steps[version], why);
        if (!err)
            err = run(db, set, why);
    }
    if (!err)
        err = run(db, "COMMIT", why);
    if (err)
        (void)!run(db, "ROLLBACK", NULL);
    return err;
}

/* The file before SQLite makes it: nobody else may read what was said. */
static enum myna_err make_file(const char *path, struct myna_why *why)
{
    const char *slash = strrchr(path, '/');
    enum myna_err err = MYNA_OK;
    int fd;

    if (slash && slash != path) {
        char *dir = strndup(path, (size_t)(slash - path));
        bool there = dir && myna_fs_exists(dir);

        err = dir ? myna_fs_mkdirs(dir, why) : myna_fail(why, MYNA_ENOMEM, "memory is short");
        if (!err && !there)
            (void)chmod(dir, 0700);
        free(dir);
    }
    if (err)
        return err;
    fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return myna_fs_fail(why, "write the call log", path);
    close(fd);
    return MYNA_OK;
}

static enum myna_err sweep(struct myna_db *db, int keep_days, struct myna_why *why)
{
    char sql[96];

    if (keep_days <= 0)
        return MYNA_OK;
    snprintf(sql, sizeof sql, "DELETE FROM calls WHERE started_ms < %lld",
             ((long long)time(NULL) - keep_days * 86400LL) * 1000);
    return run(db, sql, why);
}

enum myna_err myna_db_open(const char *path, bool make, int keep_days, int busy_ms,
                           struct myna_db **out, struct myna_why *why)
{
    struct myna_db *db;
    struct stat st;
    enum myna_err err = make ? make_file(path, why) : MYNA_OK;
    int rc;

    if (err)
        return err;
    if (stat(path, &st))
        return myna_fail(why, MYNA_ENOENT, "there is no call log yet (%s)", path);
    db = calloc(1, sizeof *db);
    if (!db)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the call log");
    db->dev = st.st_dev;
    db->ino = st.st_ino;
    db->path = strdup(path);
    if (!db->path) {
        err = myna_fail(why, MYNA_ENOMEM, "no memory for the call log");
        goto fail;
    }
    rc = sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE, NULL);
    if (rc != SQLITE_OK) {
        err = fail(db, rc, why);
        goto fail;
    }
    sqlite3_busy_timeout(db->sql, busy_ms);
    err =
        run(db, "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
            why);
    if (!err)
        err = migrate(db, why);
    if (!err)
        err = sweep(db, keep_days, why);
    if (err)
        goto fail;
    *out = db;
    return MYNA_OK;
fail:
    myna_db_close(db);
    return err;
}

void myna_db_close(struct myna_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < MYNA_OPS; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->sql);
    free(db->path);
    free(db);
}

bool myna_db_is_there(const struct myna_db *db)
{
    struct stat st;

    return !stat(db->path, &st) && st.st_dev == db->dev && st.st_ino == db->ino;
}

/* ------------------------------------------------------------------ writing */

static int bind(sqlite3_stmt *st, const struct myna_op *op)
{
    int n = sqlite3_bind_parameter_count(st), rc = SQLITE_OK;

    for (int i = 0; i < MYNA_OP_TEXTS && i < n && rc == SQLITE_OK; i++)
        rc = sqlite3_bind_text(st, i + 1, op->texts[i], -1, SQLITE_STATIC);
    for (int i = 0; i < MYNA_OP_NUMBERS && i + 11 <= n && rc == SQLITE_OK; i++) {
        double v = op->numbers[i];

        if (isnan(v))
            rc = sqlite3_bind_null(st, i + 11);
        else if (v == floor(v) && fabs(v) < 9e15)
            rc = sqlite3_bind_int64(st, i + 11, (sqlite3_int64)v);
        else
            rc = sqlite3_bind_double(st, i + 11, v);
    }
    return rc;
}

static int write_one(struct myna_db *db, const struct myna_op *op)
{
    sqlite3_stmt **st = &db->statements[op->kind];
    int rc = SQLITE_OK;

    if (!*st)
        rc = sqlite3_prepare_v2(db->sql, writes[op->kind], -1, st, NULL);
    if (rc == SQLITE_OK)
        rc = bind(*st, op);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*st);
    if (*st)
        sqlite3_reset(*st);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum myna_err myna_db_write(struct myna_db *db, const struct myna_op *ops, struct myna_why *why)
{
    enum myna_err err = run(db, "BEGIN IMMEDIATE", why);

    for (; !err && ops; ops = ops->next) {
        int rc = write_one(db, ops);

        if (rc != SQLITE_OK)
            err = fail(db, rc, why);
    }
    if (!err)
        err = run(db, "COMMIT", why);
    if (err)
        (void)!run(db, "ROLLBACK", NULL);
    return err;
}

/* ------------------------------------------------------------------ reading */

static json_t *value_of(sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(st, i));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(st, i));
    case SQLITE_TEXT:
        return myna_json_text((const char *)sqlite3_column_text(st, i));
    default:
        return json_null();
    }
}

static int add_row(json_t *rows, sqlite3_stmt *st)
{
    json_t *row = json_object();
    int bad = 0;

    for (int i = 0; i < sqlite3_column_count(st); i++)
        bad |= json_object_set_new(row, sqlite3_column_name(st, i), value_of(st, i));
    return json_array_append_new(rows, row) | bad;
}

enum myna_err myna_db_rows(struct myna_db *db, const char *sql, const char *text, int64_t number,
                           json_t **out, struct myna_why *why)
{
    json_t *rows = json_array();
    sqlite3_stmt *st = NULL;
    enum myna_err err = MYNA_OK;
    int rc = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL);

    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(st) > 0)
        rc = sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(st) > 1)
        rc = sqlite3_bind_int64(st, 2, number);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
        rc = add_row(rows, st) ? SQLITE_NOMEM : SQLITE_OK;
    if (rc != SQLITE_DONE)
        err = fail(db, rc, why);
    sqlite3_finalize(st);
    if (err)
        json_decref(rows);
    else
        *out = rows;
    return err;
}
