/* options.h - what can be configured of the call log. */
#ifndef MYNA_STORE_OPTIONS_H
#define MYNA_STORE_OPTIONS_H

#include <stdbool.h>

#include <myna/config.h>

struct myna_calls_conf {
    bool enabled;
    const char *file; /* NULL: $XDG_DATA_HOME/myna/calls.db */
    int keep_days;    /* 0: for ever */
};
extern const struct myna_section myna_calls_section;

/* Where the log is; the caller's to free. */
MYNA_MUST enum myna_err myna_calls_path(const struct myna_calls_conf *conf, char **out,
                                        struct myna_why *why);

#endif
