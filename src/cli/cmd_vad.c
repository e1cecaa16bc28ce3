/* cmd_vad.c - `myna vad FILE`: when does somebody speak in this recording? */
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
    VAD_FLAG,
    SWITCH_FLAG("json", json, "one probability a window of 32 ms, and the segments"),
    {0},
};

static void show(const struct myna_vad_result *r)
{
    double speech_ms = 0;

    for (size_t i = 0; i < r->n_segments; i++) {
        const struct myna_span *s = &r->segments[i];

        printf("%8.2f s to %8.2f s\n", s->start_ms / 1000, s->end_ms / 1000);
        speech_ms += s->end_ms - s->start_ms;
    }
    printf("%zu segment%s, %.2f s of speech in %.2f s (%s)\n", r->n_segments,
           r->n_segments == 1 ? "" : "s", speech_ms / 1000, (double)r->n_probs * 0.032,
           r->provider ? r->provider : "?");
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_vad_result result = {0};
    enum myna_err err = myna_vad_file(call->cfg, call->words[0], &result, why);

    if (err)
        return err;
    if (opt->json)
        err = myna_cli_json(myna_cli_vad_shape(&result), why);
    else
        show(&result);
    myna_vad_result_fini(&result);
    return err;
}

static const char *const examples[] = {
    "myna vad question.wav",
    "myna vad question.wav --json --vad energy",
    NULL,
};

const struct cmd myna_cmd_vad = {
    .name = "vad",
    .summary = "show when somebody speaks in a sound file",
    .args = "FILE",
    .about = "Runs voice activity detection alone over a sound file of any rate and shows the "
             "segments of speech; with --json also the probability of every window (512 samples at "
             "16 kHz).",
    .min_words = 1,
    .max_words = 1,
    .takes = TAKES_FILE,
    .flags = flags,
    .examples = examples,
    .run = run,
};
