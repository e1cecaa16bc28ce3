/* talk.c - flags of a conversation into what the library wants to know (talk.h). */
#include "talk.h"

#include <stdio.h>

#include "out.h"

enum myna_err myna_cli_talk(struct myna_config *cfg, const struct talk *talk,
                            struct myna_console_options *console, struct myna_why *why)
{
    enum myna_err err = myna_cli_discover(cfg, talk->no_probe, talk->quiet, why);

    console->events = talk->events;
    console->record = talk->record.given;
    console->record_dir = talk->record.value;
    console->quiet = talk->quiet;
    console->colour = myna_cli_colour(stdout);
    console->print = stdout;
    return err ? err : myna_console_run(cfg, console, why);
}
