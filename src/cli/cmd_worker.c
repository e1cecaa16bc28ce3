/* cmd_worker.c - `myna worker`: takes the jobs of LiveKit's agent dispatch. */
#include <stdio.h>
#include <stdlib.h>

#include <myna/discover.h>
#include <myna/worker.h>

#include "commands.h"
#include "flags.h"
#include "lost.h"
#include "out.h"
#include "supervise.h"

struct options {
    const char *workers;
    bool quiet, no_probe;
};

static const struct flag flags[] = {
    SERVER_FLAGS,
    KEY_FLAG("agent-name", "worker.agent_name", "NAME",
             "take only jobs for this name; otherwise every new room's"),
    KEY_FLAG("max-jobs", "worker.max_jobs", "N", "jobs at a time, of each process"),
    VALUE_FLAG("workers", workers, "N",
               "so many processes, each a worker; one that dies is replaced"),
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

/* ---- several processes */

enum { ARGS = 2 * MAX_SETTINGS + 10 };

struct beside {
    struct supervise how;
    struct lost *lost;
    const char *args[ARGS];
    char *texts[MAX_SETTINGS];
    size_t n, n_texts;
    char number[32]; /* of the one that starts: "worker.process=3" */
};

static void more(void *arg, int i, const char *into[SUPERVISE_MORE])
{
    struct beside *b = arg;

    snprintf(b->number, sizeof b->number, "worker.process=%d", i);
    into[0] = "--set";
    into[1] = b->number;
    into[2] = NULL;
}

static void told(void *arg, int i, const char *bytes, size_t len)
{
    myna_cli_lost_told(((struct beside *)arg)->lost, i, bytes, len);
}

static void gone(void *arg, int i, bool killed)
{
    myna_cli_lost_gone(((struct beside *)arg)->lost, i, killed);
}

static void add(struct beside *b, const char *flag, const char *value)
{
    b->args[b->n++] = flag;
    if (value)
        b->args[b->n++] = value;
}

/* The command line of one of them: ours as it was understood, without --workers. */
static bool fill(struct beside *b, const struct call *call, const struct options *opt)
{
    add(b, "myna", "worker");
    if (call->config)
        add(b, "--config", call->config);
    if (call->log)
        add(b, "--log", call->log);
    if (opt->quiet)
        add(b, "--quiet", NULL);
    if (opt->no_probe)
        add(b, "--no-probe", NULL);
    for (size_t i = 0; i < call->n_settings; i++) {
        const struct setting *s = &call->settings[i];

        if (asprintf(&b->texts[b->n_texts], "%s=%s", s->key, s->value ? s->value : "") < 0)
            return false;
        add(b, "--set", b->texts[b->n_texts++]);
    }
    return true;
}

static enum myna_err run_several(int n, const struct call *call, const struct options *opt,
                                 struct myna_why *why)
{
    struct beside *b = calloc(1, sizeof *b);
    enum myna_err err = MYNA_ENOMEM;

    if (b)
        b->lost = myna_cli_lost_create(call->cfg, n, opt->quiet);
    if (b && b->lost && fill(b, call, opt)) {
        b->how = (struct supervise){.n = n,
                                    .args = b->args,
                                    .more = more,
                                    .arg = b,
                                    .note = opt->quiet ? NULL : note,
                                    .told = told,
                                    .gone = gone};
        err = myna_cli_supervise(&b->how, why);
    } else {
        (void)myna_fail(why, err, "memory is short");
    }
    for (size_t i = 0; b && i < b->n_texts; i++)
        free(b->texts[i]);
    if (b)
        myna_cli_lost_destroy(b->lost);
    free(b);
    return err;
}

/* In one of them. */
static void tell_job(void *arg, const struct myna_worker_job *job, bool begins)
{
    int line = myna_cli_supervised();

    (void)arg;
    if (line >= 0)
        myna_cli_lost_tell(line, job, begins);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_worker_options worker = {
        .size = sizeof worker, .note = opt->quiet ? NULL : note, .job = tell_job};
    enum myna_err err;
    char *end = NULL;
    long n = opt->workers ? strtol(opt->workers, &end, 10) : 1;

    if (opt->workers && (!*opt->workers || *end || n < 1 || n > SUPERVISE_MAX))
        return myna_fail(why, MYNA_ECONFIG, "--workers is a number from 1 to %d, not '%s'",
                         SUPERVISE_MAX, opt->workers);
    if (opt->workers)
        return run_several((int)n, call, opt, why);
    err = myna_cli_discover(call->cfg, opt->no_probe, opt->quiet, why);

    return err ? err : myna_worker_run(call->cfg, &worker, why);
}

static const char *const examples[] = {
    "myna worker --url ws://localhost:7880 --api-key KEY --api-secret SECRET",
    "myna worker --agent-name receptionist --max-jobs 20",
    "myna worker --workers 4",
    NULL,
};

const struct cmd myna_cmd_worker = {
    .name = "worker",
    .summary = "take the jobs of a LiveKit server's agent dispatch",
    .about =
        "Registers with the server and talks in each room that it is sent to, all in one "
        "process, or with --workers N in N that know nothing of each other; one that crashes "
        "is replaced, its talks are begun anew by another, and the rest never notice. Without "
        "--agent-name every new room is one; with it those that ask for that "
        "name. The line to the server is taken up again for ever, once it stood: at the "
        "start half a minute of answers of somebody else (a proxy's 404, a certificate that is "
        "not trusted) ends it. The first Ctrl-C or SIGTERM "
        "lets the running talks end and takes no new one, the second ends at once.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
