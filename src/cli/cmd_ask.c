/* cmd_ask.c - `myna ask TEXT`: one question to the agent, its answer on standard output. */
#include <stdio.h>
#include <string.h>

#include <myna/ask.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "util/json_load.h"

enum { MAX_TEXT = 64 * 1024 };

struct options {
    bool json, no_probe, quiet;
};

static const struct flag flags[] = {
    SWITCH_FLAG("json", json, "the answer with its times, usage and cost as JSON, when it is over"),
    SWITCH_FLAG("quiet", quiet, "no notes on standard error"),
    NO_PROBE_FLAG,
    LLM_FLAG,
    {0},
};

struct asking {
    const struct options *opt;
    bool new_line;  /* the last byte printed was one */
    char last[512]; /* trouble that was told */
};

static void on_text(void *arg, const char *text)
{
    struct asking *a = arg;

    if (a->opt->json)
        return;
    myna_cli_put_plain(stdout, text, true);
    a->new_line = text[strlen(text) - 1] == '\n';
    fflush(stdout);
}

static void on_note(void *arg, const char *sentence)
{
    struct asking *a = arg;

    if (!a->opt->quiet)
        fprintf(stderr, "Note: %s.\n", sentence);
}

static void on_event(void *arg, const struct myna_event *ev)
{
    struct asking *a = arg;

    if (a->opt->quiet)
        return;
    if (ev->type == MYNA_EV_ERROR && ev->u.fault.recoverable && ev->u.fault.message) {
        bool same = !strcmp(a->last, ev->u.fault.message);

        fputs(same ? "Trying again" : "Trying again: ", stderr);
        myna_cli_put_plain(stderr, same ? "" : ev->u.fault.message, false);
        fputc('\n', stderr);
        snprintf(a->last, sizeof a->last, "%s", ev->u.fault.message);
    } else if (ev->type == MYNA_EV_AGENT_TOOL_PROGRESS && ev->u.progress.tool &&
               ev->u.progress.status && !strcmp(ev->u.progress.status, "running")) {
        fputs("(the agent uses ", stderr);
        myna_cli_put_plain(stderr, ev->u.progress.tool, false);
        fputs(")\n", stderr);
    }
}

static bool join(const struct call *call, char text[MAX_TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < call->n_words && used < MAX_TEXT; i++)
        used += (size_t)snprintf(text + used, MAX_TEXT - used, i ? " %s" : "%s", call->words[i]);
    return used < MAX_TEXT;
}

/* "-": the question is on standard input. */
static enum myna_err question_of(const struct call *call, char text[MAX_TEXT], struct myna_why *why)
{
    bool whole = join(call, text);

    if (!strcmp(text, "-")) {
        size_t n = fread(text, 1, MAX_TEXT - 1, stdin);

        text[n] = '\0';
        whole = feof(stdin) || fgetc(stdin) == EOF;
        if (memchr(text, 0, n))
            return myna_fail(why, MYNA_ECONFIG, "the question on standard input is no text");
    }
    if (!whole)
        return myna_fail(why, MYNA_ECONFIG, "the question is longer than %d bytes", MAX_TEXT - 1);
    if (!text[strspn(text, " \t\r\n")])
        return myna_fail(why, MYNA_ECONFIG, "there is no question");
    return MYNA_OK;
}

static json_t *result(const struct call *call, const char *question, const struct myna_answer *a,
                      enum myna_err err, const struct myna_why *why)
{
    json_t *usage = myna_json_loads(a->usage_json ? a->usage_json : "[]", 0, NULL);
    double cost = 0;
    bool unpriced = false;
    const json_t *row;
    size_t i;

    json_array_foreach(usage, i, row)
    {
        const json_t *c = json_object_get(row, "costUsd");

        unpriced = unpriced || !json_is_number(c);
        cost += json_number_value(c);
    }
    return json_pack("{ss ss ss* sf sf so sf sb so*}", "question", question, "answer",
                     a->text ? a->text : "", "provider", myna_config_get(call->cfg, "llm.provider"),
                     "first_ms", a->first_ms, "whole_ms", a->whole_ms, "usage", usage, "cost_usd",
                     cost, "unpriced", unpriced, "error", err ? json_string(why->text) : NULL);
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct asking asking = {.opt = opt, .new_line = true};
    struct myna_ask_options ask = {.size = sizeof ask,
                                   .on_text = on_text,
                                   .on_event = on_event,
                                   .on_note = on_note,
                                   .arg = &asking};
    struct myna_answer answer = {0};
    char text[MAX_TEXT];
    enum myna_err err = question_of(call, text, why);

    if (!err)
        err = myna_cli_discover(call->cfg, opt->no_probe, opt->quiet, why);
    if (err)
        return err;
    err = myna_ask(call->cfg, text, &ask, &answer, why);
    if (!asking.new_line)
        putchar('\n');
    if (opt->json && err != MYNA_ECONFIG) {
        struct myna_why own;
        enum myna_err bad = myna_cli_json(result(call, text, &answer, err, why), &own);

        err = err ? err : bad;
    }
    myna_answer_fini(&answer);
    return err;
}

static const char *const examples[] = {
    "myna ask \"What is on my calendar today?\"",
    "git diff | myna ask - --llm ollama",
    "myna ask hello --json",
    NULL,
};

const struct cmd myna_cmd_ask = {
    .name = "ask",
    .summary = "one question to the agent, its answer on standard output",
    .args = "TEXT",
    .about = "Asks the agent, with its tools, and prints the answer as it comes. Without sound: no "
             "voice and no recogniser is needed. With - the question is read from standard input. "
             "Exit 0 when it answered, 1 when it could not. The call is in the call log.",
    .min_words = 1,
    .max_words = MAX_WORDS,
    .flags = flags,
    .examples = examples,
    .run = run,
};
