/* options.c - the section `calls`, and where the log lies by default. */
#include "store/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(type_, field_) .type = type_, .offset = offsetof(struct myna_calls_conf, field_)

static const struct myna_option options[] = {
    {.name = "enabled",
     AT(MYNA_OPT_BOOL, enabled),
     .def = "true",
     .help = "keep a log of all calls, for `myna calls`"},
    {.name = "file",
     AT(MYNA_OPT_PATH, file),
     .help = "where it is; unset: $XDG_DATA_HOME/myna/calls.db (~/.local/share/myna/calls.db)"},
    {.name = "keep_days",
     AT(MYNA_OPT_INT, keep_days),
     .def = "30",
     .min = 0,
     .max = 36500,
     .help = "older calls are taken out of it; 0: none are"},
    {0},
};

const struct myna_section myna_calls_section = {"calls", "the call log", options};

enum myna_err myna_calls_path(const struct myna_calls_conf *conf, char **out, struct myna_why *why)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int n;

    if (conf->file && *conf->file)
        n = asprintf(&path, "%s", conf->file);
    else if (data && *data)
        n = asprintf(&path, "%s/myna/calls.db", data);
    else if (home && *home)
        n = asprintf(&path, "%s/.local/share/myna/calls.db", home);
    else
        return myna_fail(why, MYNA_ECONFIG,
                         "there is no HOME to keep the call log in; set calls.file, or "
                         "calls.enabled: false");
    if (n < 0)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the call log's path");
    *out = path;
    return MYNA_OK;
}
