/* cmd_hear.c - `myna hear FILE`: what is said in this recording? */
#include <stdio.h>

#include <myna/stages.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "shapes.h"

struct options {
    bool json;
};

static const struct flag flags[] = {
    STT_FLAG,
    VAD_FLAG,
    SWITCH_FLAG("json", json, "by segment, with the times of words where the recogniser has them"),
    {0},
};

static void show(const struct myna_hear_result *r, const char *path)
{
    for (size_t i = 0; i < r->n_segments; i++)
        puts(r->segments[i].text);
    if (!r->n_segments)
        fprintf(stderr, "myna: nothing was heard in %s\n", path);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_hear_result result = {0};
    enum myna_err err = myna_hear_file(call->cfg, call->words[0], &result, why);

    if (err)
        return err;
    if (opt->json)
        err = myna_cli_json(myna_cli_hear_shape(&result), why);
    else
        show(&result, call->words[0]);
    myna_hear_result_fini(&result);
    return err;
}

static const char *const examples[] = {
    "myna hear question.wav",
    "myna hear question.wav --json",
    NULL,
};

const struct cmd myna_cmd_hear = {
    .name = "hear",
    .summary = "write down what is said in a sound file",
    .args = "FILE",
    .about = "Runs speech recognition alone over a sound file and prints the transcript, one line "
             "a segment of speech.",
    .min_words = 1,
    .max_words = 1,
    .takes = TAKES_FILE,
    .flags = flags,
    .examples = examples,
    .run = run,
};
