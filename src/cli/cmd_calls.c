/* cmd_calls.c - `myna calls`: the call log as a list, or one call whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <myna/calls.h>
#include <myna/console.h>

#include "commands.h"
#include "flags.h"
#include "out.h"
#include "util/json_load.h"

struct options {
    const char *limit;
    bool json;
};

static const struct flag flags[] = {
    VALUE_FLAG("limit", limit, "N", "so many of the newest calls (20)"),
    SWITCH_FLAG("json", json, "as JSON"),
    {0},
};

/* ------------------------------------------------------------------ values */

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static double number_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key)); /* 0 for null */
}

static bool known(const json_t *o, const char *key)
{
    return json_is_number(json_object_get(o, key));
}

static void put_plain(const char *text)
{
    myna_cli_put_plain(stdout, text, false);
}

static void show_when(const json_t *call, char *out, size_t size)
{
    time_t t = (time_t)(number_of(call, "started_ms") / 1000);
    struct tm tm;

    localtime_r(&t, &tm);
    strftime(out, size, "%Y-%m-%d %H:%M", &tm);
}

static void show_length(const json_t *call, char *out, size_t size)
{
    int s = (int)(number_of(call, "duration_ms") / 1000 + 0.5);

    if (!known(call, "duration_ms"))
        snprintf(out, size, "no end");
    else
        snprintf(out, size, "%d:%02d", s / 60, s % 60);
}

static void show_cost(const json_t *o, bool unpriced, char *out, size_t size)
{
    double cost = number_of(o, "cost_usd");

    if (cost > 0)
        snprintf(out, size, cost < 0.01 ? "$%.5f%s" : "$%.2f%s", cost, unpriced ? "+?" : "");
    else
        snprintf(out, size, "%s", unpriced ? "?" : "0");
}

/* "session_4f2a…" is said without its first half: what tells calls apart is behind it. */
static const char *short_id(const json_t *call)
{
    const char *id = text_of(call, "id");

    return strncmp(id, "session_", 8) ? id : id + 8;
}

/* ------------------------------------------------------------------ the list */

static void list(const json_t *calls)
{
    const json_t *c;
    size_t i;

    if (!json_array_size(calls)) {
        puts("No calls yet.");
        return;
    }
    printf("%-16s  %7s  %-8s  %-18s %5s  %9s  %8s  %s\n", "when", "length", "door", "agent",
           "turns", "answer", "cost", "id");
    json_array_foreach(calls, i, c)
    {
        char when[32], length[16], cost[32], answer[24] = "-";

        show_when(c, when, sizeof when);
        show_length(c, length, sizeof length);
        show_cost(c, json_is_true(json_object_get(c, "unpriced")), cost, sizeof cost);
        if (known(c, "answer_ms"))
            snprintf(answer, sizeof answer, "%.0f ms", number_of(c, "answer_ms"));
        printf("%-16s  %7s  %-8.8s  %-18.18s %5.0f  %9s  %8s  %s", when, length, text_of(c, "door"),
               text_of(c, "llm"), number_of(c, "turns"), answer, cost, short_id(c));
        if (number_of(c, "errors") > 0)
            printf("  (%.0f error%s)", number_of(c, "errors"),
                   number_of(c, "errors") == 1 ? "" : "s");
        putchar('\n');
    }
}

/* ------------------------------------------------------------------ one call */

static void show_item(const json_t *item, bool colour)
{
    const char *kind = text_of(item, "kind"), *who = text_of(item, "role");
    double s = number_of(item, "at_ms") / 1000;

    if (!strcmp(kind, "handoff") && number_of(item, "n") == 0)
        return; /* the first agent, which the head names */
    printf("%4d:%04.1f  ", (int)s / 60, s - (int)s / 60 * 60);
    if (!strcmp(kind, "tool_call")) {
        printf("%-6s ", "tool");
        put_plain(text_of(item, "name"));
        put_plain(text_of(item, "arguments"));
    } else if (!strcmp(kind, "tool_result")) {
        printf("%-6s %s", "",
               json_integer_value(json_object_get(item, "is_error")) ? "failed: " : "→ ");
        put_plain(text_of(item, "text"));
    } else if (!strcmp(kind, "handoff")) {
        printf("%-6s ", "now");
        put_plain(text_of(item, "text"));
    } else {
        printf("%s%-6s%s ", myna_cli_bold(colour),
               !strcmp(who, "user")        ? "You:"
               : !strcmp(who, "assistant") ? "Agent:"
                                           : who,
               myna_cli_plain(colour));
        put_plain(text_of(item, "text"));
        if (json_integer_value(json_object_get(item, "interrupted")))
            printf(" [interrupted]");
    }
    putchar('\n');
}

static myna_us at(const json_t *turn, const char *key)
{
    return known(turn, key) ? (myna_us)(number_of(turn, key) * 1e3) : MYNA_NEVER;
}

static void show_turn(const json_t *turn, int n)
{
    struct myna_waterfall w = {.speech_end = at(turn, "speech_end_ms"),
                               .transcript = at(turn, "transcript_ms"),
                               .end_of_turn = at(turn, "end_of_turn_ms"),
                               .first_token = at(turn, "first_token_ms"),
                               .first_text = at(turn, "first_text_ms"),
                               .first_audio = at(turn, "first_audio_ms"),
                               .heard = at(turn, "heard_ms")};
    char *text = w.speech_end == MYNA_NEVER ? NULL : myna_waterfall_text(&w, n);

    if (text)
        fputs(text, stdout);
    free(text);
}

static void show_usage(const json_t *u)
{
    char cost[32];

    show_cost(u, json_is_null(json_object_get(u, "cost_usd")), cost, sizeof cost);
    printf("  %-4s ", text_of(u, "stage"));
    put_plain(text_of(u, "provider"));
    if (*text_of(u, "model")) {
        putchar(' ');
        put_plain(text_of(u, "model"));
    }
    if (number_of(u, "input_tokens") > 0 || number_of(u, "output_tokens") > 0)
        printf(", %.0f tokens in (%.0f cached), %.0f out", number_of(u, "input_tokens"),
               number_of(u, "cached_tokens"), number_of(u, "output_tokens"));
    if (number_of(u, "characters") > 0)
        printf(", %.0f characters", number_of(u, "characters"));
    if (number_of(u, "audio_ms") > 0)
        printf(", %.1f s of sound", number_of(u, "audio_ms") / 1000);
    printf(", cost %s\n", cost);
}

static void show_head(const json_t *c, bool colour)
{
    static const char *const stages[] = {"stt", "llm", "tts"};
    char when[32], length[16], cost[32];
    const bool unpriced = json_is_true(json_object_get(c, "unpriced"));

    show_when(c, when, sizeof when);
    show_length(c, length, sizeof length);
    show_cost(c, unpriced, cost, sizeof cost);
    printf("%s%s%s\n", myna_cli_bold(colour), text_of(c, "id"), myna_cli_plain(colour));
    printf("%s, %s, by %s", when, length, *text_of(c, "door") ? text_of(c, "door") : "?");
    if (*text_of(c, "caller"))
        printf(", from %s", text_of(c, "caller"));
    if (*text_of(c, "callee"))
        printf(" to %s", text_of(c, "callee"));
    putchar(';');
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (*text_of(c, stages[i]))
            printf(" %s %s,", stages[i], text_of(c, stages[i]));
    printf(" cost %s\n", cost);
    if (unpriced)
        puts("(+?: there is no price for some of it)");
    if (known(c, "duration_ms")) {
        printf("ended: %s", text_of(c, "reason"));
        if (*text_of(c, "error"))
            printf(", ");
        put_plain(text_of(c, "error"));
        putchar('\n');
    } else {
        puts("It has no end: it is still on, or the program was killed.");
    }
    if (*text_of(c, "recording"))
        printf("recorded in %s\n", text_of(c, "recording"));
}

static void show(const json_t *c)
{
    const json_t *part;
    const json_t *faults = json_object_get(c, "faults");
    bool colour = myna_cli_colour(stdout);
    size_t i;

    show_head(c, colour);
    putchar('\n');
    json_array_foreach(json_object_get(c, "items"), i, part) show_item(part, colour);
    putchar('\n');
    json_array_foreach(json_object_get(c, "turns_ms"), i, part) show_turn(part, (int)i + 1);
    puts("usage:");
    json_array_foreach(json_object_get(c, "usage"), i, part) show_usage(part);
    if (json_array_size(faults))
        puts("errors:");
    json_array_foreach(faults, i, part)
    {
        printf("  at %.1f s, %s %s: ", number_of(part, "at_ms") / 1000, text_of(part, "stage"),
               text_of(part, "provider"));
        put_plain(text_of(part, "message"));
        puts(json_integer_value(json_object_get(part, "recoverable")) ? " (tried again)" : "");
    }
}

/* ------------------------------------------------------------------ */

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    const char *id = call->n_words ? call->words[0] : NULL;
    char *text = NULL, *end;
    long limit = opt->limit ? strtol(opt->limit, &end, 10) : 20;
    json_t *value;
    enum myna_err err;

    if (opt->limit && (*end || limit < 1 || limit > 100000))
        return myna_fail(why, MYNA_ECONFIG,
                         "--limit wants a number from 1 to 100000, not \"%.20s\"", opt->limit);
    err = myna_calls_json(call->cfg, id, (size_t)limit, &text, why);
    if (err)
        return err;
    value = myna_json_loads(text, 0, NULL);
    free(text);
    if (!value)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (opt->json)
        return myna_cli_json(value, why);
    if (id)
        show(value);
    else
        list(value);
    json_decref(value);
    return MYNA_OK;
}

static const char *const examples[] = {"myna calls", "myna calls 4f2a", "myna calls --json", NULL};

const struct cmd myna_cmd_calls = {
    .name = "calls",
    .summary = "the log of past calls, or one of them whole",
    .args = "[ID]",
    .about =
        "Lists the newest calls: when, how long, who answered, how soon, what it cost. With the "
        "beginning of an ID: what was said, the tools, where the time of each turn went, usage, "
        "errors. The log is a file on this machine, see calls.file.",
    .max_words = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};
