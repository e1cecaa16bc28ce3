/* cmd_say.c - `myna say TEXT`: what does this voice sound like? */
#include <stdio.h>
#include <string.h>

#include <myna/stages.h>

#include "commands.h"
#include "flags.h"

enum { MAX_TEXT = 16 * 1024 };

struct options {
    const char *out;
};

static const struct flag flags[] = {
    FILE_FLAG("out", out, "write a WAV (24 kHz, mono) instead of playing it"),
    TTS_FLAG,
    {0},
};

/* The words with a blank between them, as echo does. */
static bool join(const struct call *call, char text[MAX_TEXT])
{
    size_t used = 0;

    for (size_t i = 0; i < call->n_words && used < MAX_TEXT; i++)
        used += (size_t)snprintf(text + used, MAX_TEXT - used, i ? " %s" : "%s", call->words[i]);
    return used < MAX_TEXT;
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    char text[MAX_TEXT];
    double ms = 0;
    enum myna_err err;

    if (!join(call, text))
        return myna_fail(why, MYNA_ECONFIG, "the text is longer than %d bytes", MAX_TEXT - 1);
    if (!text[strspn(text, " \t\r\n")])
        return myna_fail(why, MYNA_ECONFIG, "there is no text to say");
    err = myna_say_file(call->cfg, text, opt->out, &ms, why);
    if (!err && opt->out)
        printf("%s: %.2f s\n", opt->out, ms / 1000);
    return err;
}

static const char *const examples[] = {
    "myna say \"Good morning.\"",
    "myna say \"Good morning.\" --out hello.wav --tts flite",
    NULL,
};

const struct cmd myna_cmd_say = {
    .name = "say",
    .summary = "speak a text, aloud or into a WAV",
    .args = "TEXT",
    .about = "Runs the voice alone: speaks the text on the sound card, or into a WAV with --out.",
    .min_words = 1,
    .max_words = MAX_WORDS,
    .flags = flags,
    .examples = examples,
    .run = run,
};
