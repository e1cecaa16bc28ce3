/* cmd_worker.c - `myna worker`: takes the jobs of LiveKit's agent dispatch. */
#include <stdio.h>

#include <myna/discover.h>
#include <myna/worker.h>

#include "commands.h"
#include "flags.h"
#include "out.h"

struct options {
    bool quiet, no_probe;
};

static const struct flag flags[] = {
    SERVER_FLAGS,
    KEY_FLAG("agent-name", "worker.agent_name", "NAME",
             "take only jobs for this name; otherwise every new room's"),
    KEY_FLAG("max-jobs", "worker.max_jobs", "N", "jobs at a time"),
    SWITCH_FLAG("quiet", quiet, "say nothing but what goes wrong"),
    NO_PROBE_FLAG,
    STAGE_FLAGS,
    {0},
};

static void note(void *arg, const char *text)
{
    (void)arg;
    puts(text);
    fflush(stdout);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_worker_options worker = {.size = sizeof worker, .note = opt->quiet ? NULL : note};
    enum myna_err err = myna_cli_discover(call->cfg, opt->no_probe, opt->quiet, why);

    return err ? err : myna_worker_run(call->cfg, &worker, why);
}

static const char *const examples[] = {
    "myna worker --url ws://localhost:7880 --api-key KEY --api-secret SECRET",
    "myna worker --agent-name receptionist --max-jobs 20",
    NULL,
};

const struct cmd myna_cmd_worker = {
    .name = "worker",
    .summary = "take the jobs of a LiveKit server's agent dispatch",
    .about = "Registers with the server and talks in each room that it is sent to, all in this one "
             "process. Without --agent-name every new room is one; with it those that ask for that "
             "name. The line to the server is taken up again for ever. The first Ctrl-C or SIGTERM "
             "lets the running talks end and takes no new one, the second ends at once.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
