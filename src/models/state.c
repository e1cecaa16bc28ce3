/* state.c - what is in the models' directory and whether it is whole.
 *
 * A hash of 60 MB costs a third of a second, too much for each start. So a good hash is written
 * down beside the files (".checked": size, time and inode of each), and only a file that differs
 * from what is written there is read again. Losing that note costs time, nothing else.
 */
#include "models/models.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/stages.h>

#include "util/sha256.h"

const char *myna_models_dir(void)
{
    static _Thread_local char dir[MYNA_MODEL_PATH_MAX];
    const char *models = getenv("MYNA_MODELS"), *cache = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");

    if (models && *models)
        snprintf(dir, sizeof dir, "%s", models);
    else if (cache && *cache == '/') /* the XDG rule: a relative one is ignored */
        snprintf(dir, sizeof dir, "%s/myna", cache);
    else
        snprintf(dir, sizeof dir, "%s/.cache/myna", home && *home ? home : ".");
    return dir;
}

enum myna_err myna_model_folder(const struct myna_model_part *part, char into[MYNA_MODEL_PATH_MAX],
                                struct myna_why *why)
{
    const char *dir = myna_models_dir();
    int n =
        snprintf(into, MYNA_MODEL_PATH_MAX, "%s%s%s", dir, *part->folder ? "/" : "", part->folder);

    /* Room for the longest file name below it. */
    if (n < 0 || n >= MYNA_MODEL_PATH_MAX - 64)
        return myna_fail(why, MYNA_ELIMIT,
                         "the path of the models' directory is too long; set MYNA_MODELS to a "
                         "shorter one");
    return MYNA_OK;
}

/* ---- the note of good hashes */

static void note_line(char *line, size_t size, const struct myna_model_file *file,
                      const struct stat *st)
{
    snprintf(line, size, "%s %s %" PRIdMAX " %" PRIdMAX ".%09ld %" PRIuMAX "\n", file->name,
             file->sha256, (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
             (uintmax_t)st->st_ino);
}

static void note_path(char *path, size_t size, const struct myna_model_part *part,
                      const char *folder)
{
    snprintf(path, size, "%s/.checked-%s", folder, part->name);
}

static bool noted(const struct myna_model_part *part, const char *folder, const char *want)
{
    char path[MYNA_MODEL_PATH_MAX + 64], line[512];
    bool found = false;
    FILE *f;

    note_path(path, sizeof path, part, folder);
    f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f))
        found = !strcmp(line, want);
    if (f)
        fclose(f);
    return found;
}

/* Best effort: a directory that cannot be written is only slower. */
static void write_note(const struct myna_model_part *part, const char *folder)
{
    char path[MYNA_MODEL_PATH_MAX + 64], temp[MYNA_MODEL_PATH_MAX + 96], name[768], line[512];
    struct stat st;
    FILE *f;

    note_path(path, sizeof path, part, folder);
    snprintf(temp, sizeof temp, "%s.%ld", path, (long)getpid());
    f = fopen(temp, "w");
    if (!f)
        return;
    for (size_t i = 0; i < MYNA_MODEL_FILES && part->files[i].name; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, part->files[i].name);
        if (stat(name, &st))
            continue;
        note_line(line, sizeof line, &part->files[i], &st);
        fputs(line, f);
    }
    if (fclose(f) || rename(temp, path))
        unlink(temp);
}

/* ---- checks */

static enum myna_err check_file(const struct myna_model_part *part, const char *folder,
                                const struct myna_model_file *file, bool every_byte, bool *hashed,
                                struct myna_why *why)
{
    char path[768], line[512], hex[MYNA_SHA256_HEX];
    struct stat st;
    enum myna_err err;

    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    if (stat(path, &st))
        return errno == ENOENT || errno == ENOTDIR
                   ? myna_fail(why, MYNA_EUNAVAIL,
                               "%s is not on this machine (%s is missing); fetch it with: myna "
                               "models fetch %s",
                               part->name, path, part->name)
                   : myna_fail(why, MYNA_EIO, "cannot read %s: %s", path, strerror(errno));
    if (st.st_size != file->bytes)
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: it has %" PRIdMAX " bytes, want %" PRId64
                         "; fetch it again with: myna models fetch %s",
                         path, (intmax_t)st.st_size, file->bytes, part->name);
    note_line(line, sizeof line, file, &st);
    if (!every_byte && noted(part, folder, line))
        return MYNA_OK;
    err = myna_sha256_file(path, hex, why);
    if (err)
        return err;
    *hashed = true;
    if (strcmp(hex, file->sha256))
        return myna_fail(why, MYNA_EFORMAT,
                         "%s is damaged: its SHA-256 is %s, want %s; fetch it again with: myna "
                         "models fetch %s",
                         path, hex, file->sha256, part->name);
    return MYNA_OK;
}

static enum myna_err check(const struct myna_model_part *part, const char *folder, bool every_byte,
                           struct myna_why *why)
{
    char own[MYNA_MODEL_PATH_MAX];
    bool hashed = false;
    enum myna_err err = MYNA_OK;

    if (!folder) {
        err = myna_model_folder(part, own, why);
        folder = own;
    }
    for (size_t i = 0; !err && i < MYNA_MODEL_FILES && part->files[i].name; i++)
        err = check_file(part, folder, &part->files[i], every_byte, &hashed, why);
    if (!err && hashed)
        write_note(part, folder);
    return err;
}

enum myna_err myna_model_check(const struct myna_model_part *part, const char *folder,
                               struct myna_why *why)
{
    return check(part, folder, false, why);
}

enum myna_err myna_model_verify(const struct myna_model_part *part, const char *folder,
                                struct myna_why *why)
{
    return check(part, folder, true, why);
}

enum myna_err myna_model_find(const struct myna_model_part *part, const struct myna_model_own *own,
                              char into[MYNA_MODEL_PATH_MAX], struct myna_why *why)
{
    enum myna_err err;

    if (!*own->dir) {
        err = myna_model_folder(part, into, why);
        return err ? err : myna_model_check(part, NULL, why);
    }
    snprintf(into, MYNA_MODEL_PATH_MAX, "%s", own->dir);
    for (const char *const *name = own->files; *name; name++) {
        char path[MYNA_MODEL_PATH_MAX + 64];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", into, *name);
        if (stat(path, &st) || st.st_size == 0)
            return myna_fail(
                why, MYNA_EUNAVAIL,
                "%s is missing or empty; %s must name a folder with %s, or be left out", path,
                own->key, own->what);
    }
    return MYNA_OK;
}

/* Sizes alone. */
static enum myna_model_state look(const struct myna_model_part *part, const char *folder)
{
    enum myna_model_state state = MYNA_MODEL_HERE;
    size_t missing = 0, n = 0;

    for (; n < MYNA_MODEL_FILES && part->files[n].name; n++) {
        char path[768];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", folder, part->files[n].name);
        if (stat(path, &st))
            missing++;
        else if (st.st_size != part->files[n].bytes)
            state = MYNA_MODEL_CORRUPT;
    }
    return missing == n ? MYNA_MODEL_MISSING : missing ? MYNA_MODEL_CORRUPT : state;
}

size_t myna_models_list(struct myna_model *rows, size_t max, bool verify)
{
    size_t n = 0;

    for (; myna_model_parts[n]; n++) {
        const struct myna_model_part *part = myna_model_parts[n];
        char folder[MYNA_MODEL_PATH_MAX] = "";

        if (n >= max)
            continue;
        rows[n] = (struct myna_model){.name = part->name,
                                      .summary = part->summary,
                                      .licence = part->licence,
                                      .bytes = part->wheel_bytes};
        if (myna_model_folder(part, folder, NULL))
            continue;
        snprintf(rows[n].path, sizeof rows[n].path, "%s", folder);
        if (!*part->folder)
            snprintf(rows[n].path + strlen(folder), sizeof rows[n].path - strlen(folder), "/%s",
                     part->files[0].name);
        rows[n].state = look(part, folder);
        /* The right size and the wrong bytes: seen too, at the price of one hash ever. */
        if (rows[n].state == MYNA_MODEL_HERE && check(part, folder, verify, NULL))
            rows[n].state = MYNA_MODEL_CORRUPT;
    }
    return n;
}
