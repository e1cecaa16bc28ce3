/* cmd_console.c - `myna console`: one conversation, aloud, over files, or typed. */
#include <stdio.h>

#include <myna/console.h>
#include <myna/discover.h>

#include "commands.h"
#include "out.h"

struct options {
    const char *in, *out, *events;
    struct flag_maybe record;
    bool fast, text, quiet, no_probe;
};

#define AT(field_) .offset = offsetof(struct options, field_)

static const struct flag flags[] = {
    {.name = "in",
     .kind = FLAG_VALUE,
     AT(in),
     .value = "FILE",
     .takes = TAKES_FILE,
     .help = "what the person says: a sound file instead of the microphone"},
    {.name = "out",
     .kind = FLAG_VALUE,
     AT(out),
     .value = "FILE",
     .takes = TAKES_FILE,
     .help = "write what the person hears into this WAV, on the time line of --in"},
    {.name = "fast",
     .kind = FLAG_SWITCH,
     AT(fast),
     .help = "with --in: as fast as the machine goes, not in real time"},
    {.name = "events",
     .kind = FLAG_VALUE,
     AT(events),
     .value = "FILE",
     .takes = TAKES_FILE,
     .help = "write what happens as JSON, one event a line"},
    {.name = "record",
     .kind = FLAG_MAYBE,
     AT(record),
     .value = "DIR",
     .takes = TAKES_DIR,
     .help = "record the call, into DIR or where record.dir says"},
    {.name = "text", .kind = FLAG_SWITCH, AT(text), .help = "type instead of speaking"},
    {.name = "quiet",
     .kind = FLAG_SWITCH,
     AT(quiet),
     .help = "the transcript alone, without levels and latency"},
    NO_PROBE_FLAG(struct options),
    STT_FLAG,
    LLM_FLAG,
    TTS_FLAG,
    VAD_FLAG,
    {0},
};

static enum myna_err check(const struct options *opt, struct myna_why *why)
{
    if (opt->text && opt->in)
        return myna_fail(why, MYNA_ECONFIG, "--text and --in exclude each other");
    if (opt->fast && !opt->in)
        return myna_fail(why, MYNA_ECONFIG, "--fast wants a sound file: --in FILE");
    return MYNA_OK;
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_console_options console = {
        .size = sizeof console,
        .in = opt->in,
        .out = opt->out,
        .events = opt->events,
        .fast = opt->fast,
        .text = opt->text,
        .record = opt->record.given,
        .record_dir = opt->record.value,
        .quiet = opt->quiet,
        .colour = myna_cli_colour(stdout),
        .print = stdout,
        .typed_fd = 0,
    };
    enum myna_err err = check(opt, why);

    if (!err)
        err = myna_cli_discover(call->cfg, opt->no_probe, opt->quiet, why);
    return err ? err : myna_console_run(call->cfg, &console, why);
}

static const char *const examples[] = {
    "myna console",
    "myna console --in question.wav --out heard.wav --fast --record",
    "myna console --text",
    NULL,
};

const struct cmd myna_cmd_console = {
    .name = "console",
    .summary = "talk with the agent: aloud, over sound files, or typed",
    .about = "Holds one conversation. With a sound card: talk, and press Ctrl-C to hang up (twice "
             "to stop at once). Without one it holds the conversation of a recorded question. With "
             "--in the person is a sound file, with --text somebody who types.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
