/* cmd_worker.c - `myna worker`: takes the jobs of LiveKit's agent dispatch. */
#include <stdio.h>

#include <myna/discover.h>
#include <myna/worker.h>

#include "commands.h"
#include "out.h"

struct options {
    bool quiet, no_probe;
};

static const struct flag flags[] = {
    KEY_FLAG("url", "transport.livekit.url", "URL",
             "the LiveKit server: ws://HOST:7880, wss://HOST"),
    KEY_FLAG("api-key", "transport.livekit.api_key", "KEY", "name of the key that signs tokens"),
    KEY_FLAG("api-secret", "transport.livekit.api_secret", "SECRET", "the key itself"),
    KEY_FLAG("agent-name", "worker.agent_name", "NAME",
             "take only jobs for this name; otherwise every new room's"),
    KEY_FLAG("max-jobs", "worker.max_jobs", "N", "jobs at a time"),
    {.name = "quiet",
     .kind = FLAG_SWITCH,
     .offset = offsetof(struct options, quiet),
     .help = "say nothing but what goes wrong"},
    NO_PROBE_FLAG(struct options),
    STT_FLAG,
    LLM_FLAG,
    TTS_FLAG,
    VAD_FLAG,
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
