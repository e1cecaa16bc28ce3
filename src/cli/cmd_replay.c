/* cmd_replay.c - `myna replay FILE.flight`: does the recorded call still go the same way? */
#include <inttypes.h>
#include <stdio.h>

#include <myna/stages.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "shapes.h"

struct options {
    const char *wav;
    bool json;
};

static const struct flag flags[] = {
    {.name = "wav",
     .kind = FLAG_VALUE,
     .offset = offsetof(struct options, wav),
     .value = "OUT",
     .takes = TAKES_FILE,
     .help = "write what was heard into this WAV"},
    SWITCH_FLAG("json", json, "the result as JSON"),
    {0},
};

static void show(const struct myna_replay_result *r)
{
    printf("%" PRIu64 " outputs compared, %" PRIu64 " differ\n", r->outputs, r->differ);
    if (r->first_difference)
        printf("first difference: %s\n", r->first_difference);
    printf("%.1f s of call in %.2f s\n", r->call_ms / 1000, r->wall_ms / 1000);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_replay_result result = {0};
    enum myna_err err = myna_replay_file(call->words[0], opt->wav, &result, why);

    if (err)
        return err;
    if (opt->json)
        err = myna_cli_json(myna_cli_replay_shape(&result), why);
    else
        show(&result);
    if (result.truncated)
        fprintf(stderr, "myna: %s ends in the middle of a record; replayed to its last whole one\n",
                call->words[0]);
    if (!err && result.differ)
        err = MYNA_EDIFFER;
    myna_replay_result_fini(&result);
    return err;
}

static const char *const examples[] = {
    "myna replay recordings/session-20260102-030405/call.flight",
    "myna replay call.flight --wav heard.wav --json",
    NULL,
};

const struct cmd myna_cmd_replay = {
    .name = "replay",
    .summary = "run a recorded call again and compare",
    .args = "FILE.flight",
    .about = "Runs the recorded call again on the virtual clock, with what came in then, and "
             "compares everything that goes out. Exits with 1 when something differs and says "
             "where it first does.",
    .min_words = 1,
    .max_words = 1,
    .takes = TAKES_FILE,
    .flags = flags,
    .examples = examples,
    .without_config = true,
    .run = run,
};
