/* options.h - what can be configured of the search for agents on this machine. */
#ifndef MYNA_DISCOVER_OPTIONS_H
#define MYNA_DISCOVER_OPTIONS_H

#include <stdbool.h>

#include <myna/config.h>

struct myna_probe_conf {
    bool enabled;
    int timeout_ms;
    int ports[7]; /* by enum myna_place_kind */
};
extern const struct myna_section myna_probe_section;

#endif
