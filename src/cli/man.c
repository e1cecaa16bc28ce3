/* man.c - `myna __man`: the manual page myna(1), from the same tables as --help. */
#include <stdio.h>
#include <string.h>

#include <myna/runtime.h>

#include "commands.h"
#include "help.h"

/* ------------------------------------------------------------------ roff */

/* Text with what roff would take for itself made plain. */
static void text(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else if ((unsigned char)*s == 0xe2 && !strncmp(s, "…", 3))
            fputs("...", stdout), s += 2;
        else
            fputc(*s, stdout);
    }
}

static void line(const char *s)
{
    text(s);
    fputc('\n', stdout);
}

static void heading(const char *macro, const char *s)
{
    printf("%s \"", macro);
    text(s);
    puts("\"");
}

/* A tagged paragraph: `tag` in bold, the words behind it follow from the caller. */
static void item(const char *tag)
{
    fputs(".TP\n\\fB", stdout);
    text(tag);
    puts("\\fR");
}

/* ------------------------------------------------------------------ commands and flags */

static void flag_item(const struct flag *flag)
{
    const char *choices[MAX_CHOICES];
    char usage[80];
    size_t n = myna_cli_choices(flag, choices);

    myna_cli_flag_usage(flag, usage, sizeof usage);
    item(usage);
    text(flag->help);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : ": ", stdout);
        text(choices[i]);
    }
    fputc('\n', stdout);
}

static void flag_items(const struct flag *flags)
{
    for (; flags && flags->name; flags++)
        flag_item(flags);
}

static void command(const struct cmd *cmd)
{
    char title[128];

    snprintf(title, sizeof title, "myna %s%s%s", cmd->name, cmd->args ? " " : "",
             cmd->args ? cmd->args : "");
    heading(".SS", title);
    line(cmd->about);
    flag_items(cmd->flags);
    if (!cmd->examples)
        return;
    puts(".PP\n.nf");
    for (size_t i = 0; cmd->examples[i]; i++) {
        fputs("    ", stdout);
        line(cmd->examples[i]);
    }
    puts(".fi");
}

/* ------------------------------------------------------------------ keys */

static const char *type_name(const struct myna_option *o)
{
    switch (o->type) {
    case MYNA_OPT_STRING:
        return "text";
    case MYNA_OPT_BOOL:
        return "true or false";
    case MYNA_OPT_INT:
        return "whole number";
    case MYNA_OPT_DOUBLE:
        return "number";
    case MYNA_OPT_MS:
        return "time";
    case MYNA_OPT_CHOICE:
        return "one of";
    case MYNA_OPT_PATH:
        return "path";
    case MYNA_OPT_LIST:
        return "list of texts";
    case MYNA_OPT_MAP:
        return "names with texts";
    case MYNA_OPT_JSON:
        return "YAML or JSON";
    case MYNA_OPT_SECRET:
        break;
    }
    return "secret";
}

static void key(const struct myna_section *section, const struct myna_option *o)
{
    char name[160];

    snprintf(name, sizeof name, "%s.%s", section->path, o->name);
    item(name);
    line(o->help);
    fputs(".br\n", stdout);
    fputs(type_name(o), stdout);
    for (size_t i = 0; o->type == MYNA_OPT_CHOICE && o->choices[i]; i++) {
        fputs(i ? ", " : " ", stdout);
        text(o->choices[i]);
    }
    if (o->min != 0 || o->max != 0) {
        char range[96];

        snprintf(range, sizeof range, " from %.10g to %.10g%s", o->min < 0 ? 0 : o->min, o->max,
                 o->type == MYNA_OPT_MS ? " ms" : "");
        text(range);
    }
    fputs("; default ", stdout);
    text(o->def ? o->def : "unset");
    if (o->env) {
        fputs("; also \\fB", stdout);
        text(o->env);
        fputs("\\fR", stdout);
    }
    fputc('\n', stdout);
}

static void keys(void)
{
    for (const struct myna_section *s = myna_config_sections(); s->path; s++) {
        char title[200];

        snprintf(title, sizeof title, "%s: %s", s->path, s->help);
        heading(".SS", title);
        for (const struct myna_option *o = s->options; o->name; o++)
            key(s, o);
    }
}

/* ------------------------------------------------------------------ the page */

static void files_and_variables(void)
{
    heading(".SH", "FILES");
    item("./myna.yaml");
    line("the configuration, when --config names no other");
    item("~/.config/myna/myna.yaml");
    line("the configuration, when there is none in the working directory "
         "($XDG_CONFIG_HOME/myna/myna.yaml where that is set)");
    item("~/.cache/myna");
    line("the models ($XDG_CACHE_HOME/myna where that is set)");
    heading(".SH", "ENVIRONMENT");
    item("MYNA_SECTION_KEY");
    line("sets a key: MYNA_TURN_MIN_DELAY=300ms is turn.min_delay. It counts more than the file "
         "and less than a flag. An unknown name of this kind is an error.");
    item("MYNA_MODELS");
    line("directory of the models");
    item("NO_COLOR");
    line("no colours on a terminal");
}

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const char *version = myna_version();

    (void)call;
    (void)why;
    printf(".TH MYNA 1 \"\" \"myna %.*s\" \"User Commands\"\n", (int)strcspn(version, " "),
           version);
    heading(".SH", "NAME");
    line("myna - talk with an agent");
    heading(".SH", "SYNOPSIS");
    puts("\\fBmyna\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR]");
    heading(".SH", "DESCRIPTION");
    line("Myna is a real-time voice agent: it hears (voice activity, turns, speech to text), asks "
         "the agent, speaks, and can be interrupted like a person. Without any configuration all "
         "of it runs on this machine.");
    heading(".SH", "COMMANDS");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            command(*c);
    heading(".SH", "COMMON FLAGS");
    flag_items(myna_cli_config_flags);
    flag_items(myna_cli_flags);
    heading(".SH", "CONFIGURATION");
    line("One file of YAML: sections, keys below them, plain values. Times are written 500, 500ms, "
         "2.5s or 3m; null switches a time off where that makes sense. In a section NAME.* each "
         "entry has a name of your own and all the keys. A later source wins: "
         "default, file, environment, flag. `myna config` shows every value and its origin.");
    keys();
    files_and_variables();
    heading(".SH", "EXIT STATUS");
    line("0: fine. 1: the thing failed. 2: wrong use: a flag, a key or a value. 130: stopped by "
         "Ctrl-C.");
    return MYNA_OK;
}

const struct cmd myna_cmd_man = {
    .name = "__man",
    .summary = "the manual page",
    .about = "Prints myna.1.",
    .without_config = true,
    .hidden = true,
    .run = run,
};
