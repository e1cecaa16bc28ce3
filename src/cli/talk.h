/* talk.h - what the commands that hold one conversation share: console and join. */
#ifndef MYNA_CLI_TALK_H
#define MYNA_CLI_TALK_H

#include <myna/console.h>

#include "flags.h"

struct talk {
    const char *events;
    struct flag_maybe record;
    bool quiet, no_probe;
};

/* They fill the field `talk` of the command's own `struct options`. */
#define TALK_FLAGS                                                                                 \
    FILE_FLAG("events", talk.events, "write what happens as JSON, one event a line"),              \
        {.name = "record",                                                                         \
         .kind = FLAG_MAYBE,                                                                       \
         .offset = offsetof(struct options, talk.record),                                          \
         .value = "DIR",                                                                           \
         .takes = TAKES_DIR,                                                                       \
         .help = "record the call, into DIR or where record.dir says"},                            \
        SWITCH_FLAG("quiet", talk.quiet, "the transcript alone, without levels and latency"),      \
        SWITCH_FLAG("no-probe", talk.no_probe, "do not look for agents on this machine"),          \
        STAGE_FLAGS

/* Looks for agents, and holds the conversation that `console` tells of, with the flags of `talk`.
 */
enum myna_err myna_cli_talk(struct myna_config *cfg, const struct talk *talk,
                            struct myna_console_options *console, struct myna_why *why);

#endif
