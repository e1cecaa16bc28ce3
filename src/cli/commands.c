/* commands.c - the table of all commands, the flags they share, and what a flag can be given. */
#include "cmd.h"

#include <string.h>

#include <myna/runtime.h>

#include "commands.h"
#include "flags.h"

const struct cmd *const myna_cli_commands[] = {
    &myna_cmd_console,
    &myna_cmd_ask,
    &myna_cmd_calls,
    &myna_cmd_doctor,
    &myna_cmd_setup,
    &myna_cmd_status,
    &myna_cmd_models,
    &myna_cmd_say,
    &myna_cmd_hear,
    &myna_cmd_vad,
    &myna_cmd_replay,
    &myna_cmd_join,
    &myna_cmd_worker,
    &myna_cmd_token,
    &myna_cmd_rooms,
    &myna_cmd_config,
    &myna_cmd_man,
    &myna_cmd_complete,
    NULL,
};

static const char *const log_forms[] = {"text", "json", NULL};

const struct flag myna_cli_flags[] = {
    {.name = "help",
     .letter = 'h',
     .kind = FLAG_SWITCH,
     .offset = offsetof(struct call, help),
     .help = "show this and stop"},
    {.name = "version",
     .kind = FLAG_SWITCH,
     .offset = offsetof(struct call, version),
     .help = "show the version and stop"},
    {0},
};

const struct flag myna_cli_config_flags[] = {
    {.name = "config",
     .kind = FLAG_VALUE,
     .offset = offsetof(struct call, config),
     .value = "FILE",
     .takes = TAKES_FILE,
     .help = "read this instead of ./myna.yaml or ~/.config/myna/myna.yaml"},
    {.name = "set",
     .kind = FLAG_SET,
     .value = "KEY=VALUE",
     .help = "set a key of the configuration; may be given many times"},
    KEY_FLAG("log-level", "log.level", "LEVEL", "least important log lines to show"),
    {.name = "log",
     .kind = FLAG_VALUE,
     .offset = offsetof(struct call, log),
     .value = "FORM",
     .words = log_forms,
     .help = "how log lines look"},
    {0},
};

const struct cmd *myna_cli_find(const char *name, size_t len)
{
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!strncmp((*c)->name, name, len) && !(*c)->name[len])
            return *c;
    return NULL;
}

/* ------------------------------------------------------------------ what a flag can be given */

/* The names of one stage's classes; the five class types share no base, hence the macro. */
#define NAMES(list)                                                                                \
    do {                                                                                           \
        for (size_t i = 0; (list)[i] && n < MAX_CHOICES - 1; i++)                                  \
            choices[n++] = (list)[i]->name;                                                        \
    } while (0)

static size_t providers(const char *key, const char *choices[MAX_CHOICES])
{
    size_t n = 0;

    if (!strcmp(key, "vad.provider"))
        NAMES(myna_builtin_vads());
    else if (!strcmp(key, "stt.provider"))
        NAMES(myna_builtin_stts());
    else if (!strcmp(key, "llm.provider"))
        NAMES(myna_builtin_llms());
    else if (!strcmp(key, "tts.provider"))
        NAMES(myna_builtin_ttss());
    return n;
}

static size_t copy(const char *const *words, const char *choices[MAX_CHOICES])
{
    size_t n = 0;

    for (; words && words[n] && n < MAX_CHOICES - 1; n++)
        choices[n] = words[n];
    return n;
}

static size_t of_option(const char *key, const char *choices[MAX_CHOICES])
{
    const char *dot = strrchr(key, '.');
    size_t len = (size_t)(dot - key);

    for (const struct myna_section *s = myna_config_sections(); s->path; s++)
        if (!strncmp(s->path, key, len) && !s->path[len])
            for (const struct myna_option *o = s->options; o->name; o++)
                if (!strcmp(o->name, dot + 1) && o->type == MYNA_OPT_CHOICE)
                    return copy(o->choices, choices);
    return 0;
}

size_t myna_cli_choices(const struct flag *flag, const char *choices[MAX_CHOICES])
{
    size_t n;

    if (flag->kind != FLAG_KEY) {
        n = copy(flag->words, choices);
    } else {
        n = providers(flag->key, choices);
        if (!n)
            n = of_option(flag->key, choices);
    }
    choices[n] = NULL;
    return n;
}
