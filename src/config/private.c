/* private.c - the private environment file: the keys that `myna setup` keeps, apart from myna.yaml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <myna/config.h>

#include "util/envfile.h"
#include "util/fs.h"

enum { MAX_TEXT = 1 << 20 };

char *myna_config_env_path(void)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int n = -1;

    if (xdg && *xdg)
        n = asprintf(&path, "%s/myna/env", xdg);
    else if (home && *home)
        n = asprintf(&path, "%s/.config/myna/env", home);
    return n < 0 ? NULL : path;
}

enum myna_err myna_config_env_file(struct myna_why *why)
{
    char *path = myna_config_env_path(), *text = NULL;
    struct myna_envfile f = {0};
    enum myna_err err;
    size_t len;

    if (!path || !myna_fs_exists(path)) {
        free(path);
        return MYNA_OK;
    }
    err = myna_fs_read(path, MAX_TEXT, &text, &len, why);
    f.at = text;
    while (!err && myna_envfile_next(&f))
        if (setenv(f.name, f.value, 0))
            err = myna_fail(why, MYNA_ENOMEM, "no memory for the environment");
    if (!err && f.bad)
        err = myna_fail(why, MYNA_ECONFIG, "%s:%u: this is no NAME=value", path, f.line);
    free(text);
    free(path);
    return err;
}
