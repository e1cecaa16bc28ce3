/* cmd_models.c - `myna models`: what is on this machine, what is missing, fetch it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <myna/stages.h>

#include "commands.h"
#include "flags.h"
#include "out.h"

enum { MAX_MODELS = 32, BAR = 30 };

struct options {
    bool verify, json;
};

static const struct flag flags[] = {
    SWITCH_FLAG("verify", verify,
                "read every file and compare its SHA-256, also where that was done before"),
    SWITCH_FLAG("json", json, "list as JSON"),
    {0},
};

static const char *state_name(enum myna_model_state state)
{
    switch (state) {
    case MYNA_MODEL_MISSING:
        return "missing";
    case MYNA_MODEL_HERE:
        return "here";
    case MYNA_MODEL_CORRUPT:
        break;
    }
    return "corrupt";
}

static const char *state_colour(enum myna_model_state state, bool colour)
{
    if (state == MYNA_MODEL_HERE)
        return myna_cli_green(colour);
    return state == MYNA_MODEL_MISSING ? myna_cli_yellow(colour) : myna_cli_red(colour);
}

/* ------------------------------------------------------------------ list */

static enum myna_err list_json(const struct myna_model *rows, size_t n, struct myna_why *why)
{
    json_t *models = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(models,
                              json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "name", rows[i].name,
                                        "summary", rows[i].summary, "licence", rows[i].licence,
                                        "bytes", (json_int_t)rows[i].bytes, "state",
                                        state_name(rows[i].state), "path", rows[i].path));
    return myna_cli_json(json_pack("{s:s, s:o}", "dir", myna_models_dir(), "models", models), why);
}

static void list_text(const struct myna_model *rows, size_t n)
{
    bool colour = myna_cli_colour(stdout);
    size_t missing = 0;

    for (size_t i = 0; i < n; i++) {
        missing += rows[i].state != MYNA_MODEL_HERE;
        printf("%-18s %s%-8s%s %7.1f MB  %s (%s)\n", rows[i].name,
               state_colour(rows[i].state, colour), state_name(rows[i].state),
               myna_cli_plain(colour), (double)rows[i].bytes / 1e6, rows[i].summary,
               rows[i].licence);
    }
    printf("in %s\n", myna_models_dir());
    if (missing)
        printf("`myna models fetch` fetches what is missing.\n");
}

static enum myna_err list(const struct options *opt, struct myna_why *why)
{
    static struct myna_model rows[MAX_MODELS];
    size_t n = myna_models_list(rows, MAX_MODELS, opt->verify);

    if (n > MAX_MODELS)
        n = MAX_MODELS;
    if (opt->json) {
        if (list_json(rows, n, why))
            return MYNA_ENOMEM;
    } else {
        list_text(rows, n);
    }
    for (size_t i = 0; i < n; i++)
        if (rows[i].state == MYNA_MODEL_CORRUPT)
            return myna_fail(why, MYNA_EFORMAT,
                             "%s is not whole; `myna models fetch %s` fetches it again",
                             rows[i].name, rows[i].name);
    return MYNA_OK;
}

/* ------------------------------------------------------------------ fetch */

struct progress {
    bool terminal;
    char name[64]; /* of the model at hand */
    int percent;   /* last shown */
};

/* A bar that redraws itself on a terminal, a line at each beginning elsewhere. */
static void show(void *arg, const char *name, int64_t done, int64_t total)
{
    struct progress *p = arg;
    int percent = total > 0 ? (int)(done * 100 / total) : 0, filled;

    if (strcmp(p->name, name)) {
        if (p->terminal && *p->name)
            fputc('\n', stderr);
        snprintf(p->name, sizeof p->name, "%s", name);
        p->percent = -1;
        if (!p->terminal)
            fprintf(stderr, "fetching %s (%.1f MB)\n", name, (double)total / 1e6);
    }
    if (!p->terminal || percent == p->percent)
        return;
    p->percent = percent;
    filled = percent > 100 ? BAR : percent * BAR / 100;
    fprintf(stderr, "\r%-18s [%.*s%*s] %3d %% of %.1f MB", name, filled,
            "##############################", BAR - filled, "", percent, (double)total / 1e6);
    fflush(stderr);
}

static enum myna_err fetch(const char *name, struct myna_why *why)
{
    struct progress p = {.terminal = isatty(STDERR_FILENO)};
    enum myna_err err = myna_models_fetch(name, show, &p, why);

    if (p.terminal && *p.name)
        fputc('\n', stderr);
    return err;
}

/* ------------------------------------------------------------------ the command */

static const char *const actions[] = {"fetch", NULL};

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    const char *near;

    if (!call->n_words)
        return list(opt, why);
    if (!strcmp(call->words[0], "fetch"))
        return fetch(call->n_words > 1 ? call->words[1] : NULL, why);
    near = myna_suggest(call->words[0], actions, 1);
    return myna_fail(why, MYNA_ECONFIG, "unknown action \"%.60s\"; %s", call->words[0],
                     near ? "did you mean \"fetch\"?" : "see myna models --help");
}

static const char *const examples[] = {
    "myna models",
    "myna models fetch",
    "myna models --verify",
    NULL,
};

const struct cmd myna_cmd_models = {
    .name = "models",
    .summary = "what models are here and what is missing; fetch them",
    .args = "[fetch [NAME]]",
    .about =
        "Lists the local models that Myna uses, with their size, licence and whether they are "
        "here. `fetch` downloads one by name, or all that are missing, and checks each against "
        "its SHA-256.",
    .max_words = 2,
    .words = actions,
    .flags = flags,
    .examples = examples,
    .without_config = true,
    .run = run,
};
