/* cmd_config.c - `myna config`: what is configured, and who said so. */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "flags.h"

struct options {
    bool json;
};

static const struct flag flags[] = {
    SWITCH_FLAG("json", json, "as JSON: {\"key\":{\"value\":…,\"origin\":\"…\"}}"),
    {0},
};

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    char *text;

    if (!opt->json) {
        if (myna_config_print(call->cfg, stdout))
            return myna_fail(why, MYNA_EIO, "cannot write to standard output");
        return MYNA_OK;
    }
    text = myna_config_json(call->cfg);
    if (!text)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    puts(text);
    free(text);
    return MYNA_OK;
}

static const char *const examples[] = {
    "myna config",
    "myna config --set turn.min_delay=300ms --json",
    NULL,
};

const struct cmd myna_cmd_config = {
    .name = "config",
    .summary = "show the configuration and where each value came from",
    .about = "Prints every key with its value and its origin: default, a line of the file, a "
             "variable of the environment, or a flag. Secrets are masked. What is printed can be "
             "used as myna.yaml.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
