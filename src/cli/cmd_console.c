/* cmd_console.c - `myna console`: one conversation, aloud, over files, or typed. */
#include "commands.h"
#include "talk.h"

struct options {
    const char *in, *out;
    bool fast, text;
    struct talk talk;
};

static const struct flag flags[] = {
    FILE_FLAG("in", in, "what the person says: a sound file instead of the microphone"),
    FILE_FLAG("out", out, "write what the person hears into this WAV, on the time line of --in"),
    SWITCH_FLAG("fast", fast, "with --in: as fast as the machine goes, not in real time"),
    SWITCH_FLAG("text", text, "type instead of speaking"),
    TALK_FLAGS,
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
    struct myna_console_options console = {.size = sizeof console,
                                           .in = opt->in,
                                           .out = opt->out,
                                           .fast = opt->fast,
                                           .text = opt->text,
                                           .typed_fd = 0};
    enum myna_err err = check(opt, why);

    return err ? err : myna_cli_talk(call->cfg, &opt->talk, &console, why);
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
