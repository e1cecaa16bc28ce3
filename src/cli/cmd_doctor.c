/* cmd_doctor.c - `myna doctor`: every check on a line, and what to do about it. */
#include <stdio.h>
#include <string.h>

#include <myna/doctor.h>

#include "commands.h"
#include "flags.h"
#include "out.h"

struct options {
    bool json, no_network;
};

static const struct flag flags[] = {
    SWITCH_FLAG("json", json, "as JSON"),
    SWITCH_FLAG("no-network", no_network, "ask nobody, not even this machine's own ports"),
    {0},
};

struct report {
    bool colour;
    json_t *checks; /* NULL: told as they come */
    char section[32];
};

static const char *paint(enum myna_check_state state, bool colour)
{
    switch (state) {
    case MYNA_CHECK_OK:
        return myna_cli_green(colour);
    case MYNA_CHECK_WARN:
        return myna_cli_yellow(colour);
    case MYNA_CHECK_FAIL:
        return myna_cli_red(colour);
    case MYNA_CHECK_SKIP:
        break;
    }
    return "";
}

static void on_check(void *arg, const struct myna_check *c)
{
    struct report *r = arg;

    if (r->checks) {
        (void)json_array_append_new(r->checks,
                                    json_pack("{ss ss ss ss ss}", "section", c->section, "name",
                                              c->name, "state", myna_check_state_name(c->state),
                                              "text", c->text, "fix", c->fix));
        return;
    }
    if (strcmp(r->section, c->section) != 0) {
        snprintf(r->section, sizeof r->section, "%s", c->section);
        printf("%s%s%s\n", myna_cli_bold(r->colour), c->section, myna_cli_plain(r->colour));
    }
    printf("  %s%-4s%s  %-12s  ", paint(c->state, r->colour), myna_check_state_name(c->state),
           myna_cli_plain(r->colour), c->name);
    myna_cli_put_plain(stdout, c->text, false);
    if (*c->fix) {
        printf("\n%22s-> ", "");
        myna_cli_put_plain(stdout, c->fix, false);
    }
    putchar('\n');
    fflush(stdout);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct report report = {.colour = myna_cli_colour(stdout),
                            .checks = opt->json ? json_array() : NULL};
    struct myna_doctor_options doctor = {.size = sizeof doctor,
                                         .provider = call->n_words ? call->words[0] : NULL,
                                         .no_network = opt->no_network,
                                         .on_check = on_check,
                                         .arg = &report};
    struct myna_doctor_result result;
    enum myna_err err = myna_doctor(call->cfg, &doctor, &result, why);

    if (err) {
        json_decref(report.checks);
        return err;
    }
    if (opt->json)
        err = myna_cli_json(json_pack("{so si si si si}", "checks", report.checks, "ok",
                                      result.n[MYNA_CHECK_OK], "warn", result.n[MYNA_CHECK_WARN],
                                      "fail", result.n[MYNA_CHECK_FAIL], "skip",
                                      result.n[MYNA_CHECK_SKIP]),
                            why);
    else
        printf("%d ok, %d to look at, %d failed, %d skipped\n", result.n[MYNA_CHECK_OK],
               result.n[MYNA_CHECK_WARN], result.n[MYNA_CHECK_FAIL], result.n[MYNA_CHECK_SKIP]);
    if (err)
        return err;
    return result.n[MYNA_CHECK_FAIL] ? MYNA_EDIFFER : MYNA_OK;
}

static const char *const examples[] = {"myna doctor", "myna doctor hermes",
                                       "myna doctor --no-network --json", NULL};

const struct cmd myna_cmd_doctor = {
    .name = "doctor",
    .summary = "is everything in its place, and what to do where it is not",
    .args = "[AGENT]",
    .about = "Looks at the files, models, sound card, keys and servers that a call needs, asks the "
             "agent for a first word and lets the voice speak one. With the name of an agent "
             "(hermes, openclaw, ollama, …) at that one alone, with livekit at the rooms alone. "
             "Each check is ok, warn, fail or "
             "skip, with a line that says what to do. Changes nothing; exit 1 when a check fails.",
    .max_words = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};
