/* process_look.c - could a program be started? Asked before anybody waits for it. */
#include "util/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ~/ is the home directory; from the root or from `dir`. false: longer than a path may be. */
static bool whole_path(const char *program, const char *dir, char *out, size_t size)
{
    const char *home = getenv("HOME");
    int n;

    if (!strncmp(program, "~/", 2) && home)
        n = snprintf(out, size, "%s%s", home, program + 1);
    else if (program[0] != '/' && dir)
        n = snprintf(out, size, "%s/%s", dir, program);
    else
        n = snprintf(out, size, "%s", program);
    return n > 0 && (size_t)n < size;
}

static bool can_be_run(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* As posix_spawnp() does, which looks from inside `dir`. */
static bool is_on_path(const char *program, const char *dir)
{
    const char *at = getenv("PATH");
    char path[4096], whole[4096];
    size_t len;

    if (!at)
        at = "/bin:/usr/bin";
    for (;; at += len + 1) {
        len = strcspn(at, ":");
        if (snprintf(path, sizeof path, "%.*s%s%s", (int)len, at, len ? "/" : "./", program) <
                (int)sizeof path &&
            whole_path(path, dir, whole, sizeof whole) && can_be_run(whole))
            return true;
        if (!at[len])
            return false;
    }
}

enum myna_err myna_process_look(const char *program, const char *dir, struct myna_why *why)
{
    char path[4096];
    struct stat st;

    if (!strchr(program, '/'))
        return is_on_path(program, dir)
                   ? MYNA_OK
                   : myna_fail(why, MYNA_ENOENT,
                               "is not a program of this machine (it is in no directory of PATH): "
                               "install it, or write its whole path");
    if (!whole_path(program, dir, path, sizeof path) || stat(path, &st))
        return myna_fail(why, MYNA_ENOENT, "is not there: %.300s", path);
    if (!S_ISREG(st.st_mode))
        return myna_fail(why, MYNA_ENOENT, "is no program: %.300s", path);
    if (access(path, X_OK))
        return myna_fail(why, MYNA_ENOENT, "may not be run: chmod +x %.300s", path);
    return MYNA_OK;
}
