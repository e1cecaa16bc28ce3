/* file.c - finds and reads the configuration file. */
#include "config/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1024 * 1024, PATH_SIZE = 4096 };

/* Reads at most one byte more than is allowed, so that myna_config_parse() sees that it is more. */
static enum myna_err parse_stream(struct myna_config *cfg, const char *path, FILE *f,
                                  struct myna_why *why)
{
    char *text = malloc(MAX_TEXT + 1);
    enum myna_err err;
    size_t len;

    if (!text)
        return myna_fail(why, MYNA_ENOMEM, "%s: memory is short", path);
    len = fread(text, 1, MAX_TEXT + 1, f);
    if (ferror(f))
        err = myna_fail(why, MYNA_EIO, "%s: cannot read it: %s", path, strerror(errno));
    else
        err = myna_config_parse(cfg, path, text, len, why);
    free(text);
    return err;
}

/* `found` false: it is not there, which only a caller that named the file minds. */
static enum myna_err parse_file(struct myna_config *cfg, const char *path, bool *found,
                                struct myna_why *why)
{
    FILE *f = fopen(path, "re");
    enum myna_err err;

    *found = f || (errno != ENOENT && errno != ENOTDIR);
    if (!f)
        return *found ? myna_fail(why, MYNA_EIO, "%s: cannot open it: %s", path, strerror(errno))
                      : MYNA_OK;
    err = parse_stream(cfg, path, f, why);
    fclose(f);
    return err;
}

static bool in_home(char path[PATH_SIZE])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = -1;

    if (xdg && *xdg)
        n = snprintf(path, PATH_SIZE, "%s/myna/myna.yaml", xdg);
    else if (home && *home)
        n = snprintf(path, PATH_SIZE, "%s/.config/myna/myna.yaml", home);
    return n > 0 && n < PATH_SIZE;
}

enum myna_err myna_config_load(struct myna_config *cfg, const char *path, struct myna_why *why)
{
    char home[PATH_SIZE];
    bool found;
    enum myna_err err;

    if (path) {
        err = parse_file(cfg, path, &found, why);
        if (!err && !found)
            return myna_fail(why, MYNA_ENOENT, "%s: there is no such configuration file", path);
        return err;
    }
    err = parse_file(cfg, "myna.yaml", &found, why);
    if (!err && !found && in_home(home))
        err = parse_file(cfg, home, &found, why);
    return err;
}
