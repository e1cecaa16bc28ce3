/* db.h - the file of the call log: opened, brought up to date, written in batches, read as JSON.
 *
 * db.c alone includes sqlite3.h. Blocking; one thread at a time. Errors name the file and the
 * remedy: MYNA_EAGAIN somebody else holds it locked, MYNA_EFORMAT it is no database or damaged,
 * MYNA_ENOSPC the disk is full, MYNA_EUNAVAIL a newer Myna wrote it, MYNA_EIO the rest.
 */
#ifndef MYNA_STORE_DB_H
#define MYNA_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <myna/error.h>

enum myna_op_kind {
    MYNA_OP_CALL,
    MYNA_OP_ITEM,
    MYNA_OP_TURN,
    MYNA_OP_USAGE,
    MYNA_OP_FAULT,
    MYNA_OP_END,
    MYNA_OPS
};
enum { MYNA_OP_TEXTS = 9, MYNA_OP_NUMBERS = 8 };

/* One row to write; which text and number goes where is said beside each statement in db.c. */
struct myna_op {
    struct myna_op *next;
    enum myna_op_kind kind;
    char *texts[MYNA_OP_TEXTS];      /* owned; NULL is NULL. [0]: the call's id */
    double numbers[MYNA_OP_NUMBERS]; /* NaN is NULL */
};

struct myna_db;

/* Makes directory (0700) and file (0600) when `make`; without it a missing file is MYNA_ENOENT.
 * Calls that began more than keep_days ago are taken out (0: none). */
MYNA_MUST enum myna_err myna_db_open(const char *path, bool make, int keep_days, int busy_ms,
                                     struct myna_db **out, struct myna_why *why);
void myna_db_close(struct myna_db *db); /* NULL is fine */
/* False when the file was removed or replaced since it was opened: it is written for nobody. */
bool myna_db_is_there(const struct myna_db *db);
/* All of the list in one transaction, or nothing. */
MYNA_MUST enum myna_err myna_db_write(struct myna_db *db, const struct myna_op *ops,
                                      struct myna_why *why);
/* The rows as an array of objects, named by column. ?1 is `text` (NULL: NULL), ?2 `number`. */
MYNA_MUST enum myna_err myna_db_rows(struct myna_db *db, const char *sql, const char *text,
                                     int64_t number, json_t **out, struct myna_why *why);

#endif
