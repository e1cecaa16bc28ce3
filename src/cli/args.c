/* args.c - takes the command line apart.
 *
 * Flags may stand before and behind the command; behind it also the command's own. "--" ends them.
 * A flag given twice counts once, the last, except --set and the flags that set keys.
 */
#include "args.h"

#include <stdio.h>
#include <string.h>

struct line {
    int argc, at; /* at: the next to look at */
    char **argv;
    bool flags_over; /* behind "--" */
};

/* ------------------------------------------------------------------ flags by name */

static const struct flag *in_table(const struct flag *flags, const char *name, size_t len)
{
    for (; flags && flags->name; flags++)
        if (!strncmp(flags->name, name, len) && !flags->name[len])
            return flags;
    return NULL;
}

/* The tables that count here, most special first. Commands without a configuration have no flags
 * for it; before the command is known, all are allowed. */
static size_t tables(const struct call *call, const struct flag *out[3])
{
    size_t n = 0;

    if (call->cmd && call->cmd->flags)
        out[n++] = call->cmd->flags;
    if (!call->cmd || !call->cmd->without_config)
        out[n++] = myna_cli_config_flags;
    out[n++] = myna_cli_flags;
    return n;
}

static const struct flag *find(const struct call *call, const char *name, size_t len)
{
    const struct flag *list[3], *found = NULL;
    size_t n = tables(call, list);

    for (size_t i = 0; i < n && !found; i++)
        found = in_table(list[i], name, len);
    return found;
}

static const struct flag *find_letter(const struct call *call, char letter)
{
    const struct flag *list[3];
    size_t n = tables(call, list);

    for (size_t i = 0; i < n; i++)
        for (const struct flag *f = list[i]; f->name; f++)
            if (f->letter == letter)
                return f;
    return NULL;
}

static enum myna_err unknown_flag(const struct call *call, const char *text, size_t len,
                                  struct myna_why *why)
{
    const struct flag *list[3];
    const char *names[MAX_CHOICES], *near;
    char typed[64];
    size_t n = tables(call, list), n_names = 0;

    for (size_t i = 0; i < n; i++)
        for (const struct flag *f = list[i]; f->name && n_names < MAX_CHOICES; f++)
            names[n_names++] = f->name;
    snprintf(typed, sizeof typed, "%.*s", (int)len, text + strspn(text, "-"));
    typed[strcspn(typed, "=")] = '\0';
    near = myna_suggest(typed, names, n_names);
    if (near)
        return myna_fail(why, MYNA_ECONFIG, "unknown flag \"%.*s\"; did you mean \"--%s\"?",
                         (int)len, text, near);
    return myna_fail(why, MYNA_ECONFIG, "unknown flag \"%.*s\"; see myna %s%s--help", (int)len,
                     text, call->cmd ? call->cmd->name : "", call->cmd ? " " : "");
}

/* ------------------------------------------------------------------ values */

static enum myna_err check_word(const struct flag *flag, const char *value, struct myna_why *why)
{
    char list[128] = "";
    size_t used = 0;

    for (size_t i = 0; flag->words[i]; i++) {
        if (!strcmp(flag->words[i], value))
            return MYNA_OK;
        used +=
            (size_t)snprintf(list + used, sizeof list - used, i ? ", %s" : "%s", flag->words[i]);
        if (used >= sizeof list)
            used = sizeof list - 1;
    }
    return myna_fail(why, MYNA_ECONFIG, "--%s wants one of %s, not \"%.60s\"", flag->name, list,
                     value);
}

static enum myna_err add_setting(struct call *call, const char *key, const char *value,
                                 const char *origin, struct myna_why *why)
{
    if (call->n_settings == MAX_SETTINGS)
        return myna_fail(why, MYNA_ECONFIG, "more than %d settings; put them into a file",
                         MAX_SETTINGS);
    call->settings[call->n_settings++] = (struct setting){key, value, origin};
    return MYNA_OK;
}

static enum myna_err add_set(struct call *call, char *text, struct myna_why *why)
{
    char *equals = strchr(text, '=');

    if (!equals || equals == text)
        return myna_fail(why, MYNA_ECONFIG, "--set wants KEY=VALUE, not \"%.100s\"", text);
    *equals = '\0';
    return add_setting(call, text, equals + 1, "--set", why);
}

/* Flags of the program itself have their fields in the call, those of a command in its options. */
static void *field(struct call *call, const struct flag *flag)
{
    bool own = call->cmd && call->cmd->flags &&
               in_table(call->cmd->flags, flag->name, strlen(flag->name)) == flag;

    return own ? call->options + flag->offset : (unsigned char *)call + flag->offset;
}

static enum myna_err store(struct call *call, const struct flag *flag, char *value,
                           struct myna_why *why)
{
    switch (flag->kind) {
    case FLAG_SWITCH:
        *(bool *)field(call, flag) = true;
        return MYNA_OK;
    case FLAG_VALUE:
        if (flag->words && check_word(flag, value, why))
            return MYNA_ECONFIG;
        *(const char **)field(call, flag) = value;
        return MYNA_OK;
    case FLAG_MAYBE:
        *(struct flag_maybe *)field(call, flag) = (struct flag_maybe){true, value};
        return MYNA_OK;
    case FLAG_KEY:
        return add_setting(call, flag->key, value, flag->origin, why);
    case FLAG_SET:
        return add_set(call, value, why);
    }
    return MYNA_OK;
}

/* The value of a flag: behind its '=', or the next word. */
static enum myna_err take(struct line *line, struct call *call, const struct flag *flag,
                          char *inline_value, struct myna_why *why)
{
    bool more = line->at < line->argc;
    char *value = inline_value;

    if (flag->kind == FLAG_SWITCH && value)
        return myna_fail(why, MYNA_ECONFIG, "--%s takes no value", flag->name);
    if (flag->kind == FLAG_MAYBE && !value && more && line->argv[line->at][0] != '-')
        value = line->argv[line->at++];
    if (flag->kind != FLAG_SWITCH && flag->kind != FLAG_MAYBE && !value) {
        if (!more)
            return myna_fail(why, MYNA_ECONFIG, "--%s wants %s", flag->name, flag->value);
        value = line->argv[line->at++];
    }
    return store(call, flag, value, why);
}

/* ------------------------------------------------------------------ words */

static enum myna_err unknown_command(const char *word, struct myna_why *why)
{
    const char *names[MAX_CHOICES], *near;
    size_t n = 0;

    for (const struct cmd *const *c = myna_cli_commands; *c && n < MAX_CHOICES; c++)
        if (!(*c)->hidden)
            names[n++] = (*c)->name;
    near = myna_suggest(word, names, n);
    if (near)
        return myna_fail(why, MYNA_ECONFIG, "unknown command \"%.60s\"; did you mean \"%s\"?", word,
                         near);
    return myna_fail(why, MYNA_ECONFIG, "unknown command \"%.60s\"; myna --help lists them", word);
}

static enum myna_err take_word(struct call *call, const char *word, struct myna_why *why)
{
    if (!call->cmd && !strcmp(word, "help")) { /* myna help vad */
        call->help = true;
        return MYNA_OK;
    }
    if (!call->cmd) {
        call->cmd = myna_cli_find(word, strlen(word));
        return call->cmd ? MYNA_OK : unknown_command(word, why);
    }
    if (call->n_words == MAX_WORDS || call->n_words == call->cmd->max_words)
        return myna_fail(why, MYNA_ECONFIG, "\"%.60s\" is one word too many; see myna %s --help",
                         word, call->cmd->name);
    call->words[call->n_words++] = word;
    return MYNA_OK;
}

static enum myna_err take_flag(struct line *line, struct call *call, char *text,
                               struct myna_why *why)
{
    size_t len = strcspn(text, "=");
    const struct flag *flag;

    if (text[1] == '-')
        flag = find(call, text + 2, len - 2);
    else
        flag = len == 2 ? find_letter(call, text[1]) : NULL;
    if (!flag)
        return unknown_flag(call, text, len, why);
    return take(line, call, flag, text[len] ? text + len + 1 : NULL, why);
}

static enum myna_err check_words(const struct call *call, struct myna_why *why)
{
    if (!call->cmd || call->help || call->version || call->n_words >= call->cmd->min_words)
        return MYNA_OK;
    return myna_fail(why, MYNA_ECONFIG, "myna %s wants %s; see myna %s --help", call->cmd->name,
                     call->cmd->args, call->cmd->name);
}

enum myna_err myna_cli_parse(int argc, char **argv, struct call *call, struct myna_why *why)
{
    struct line line = {.argc = argc, .at = 1, .argv = argv};

    *call = (struct call){0};
    while (line.at < argc) {
        char *text = argv[line.at++];
        enum myna_err err;

        if (!line.flags_over && !strcmp(text, "--")) {
            line.flags_over = true;
            continue;
        }
        if (!line.flags_over && text[0] == '-' && text[1])
            err = take_flag(&line, call, text, why);
        else
            err = take_word(call, text, why);
        if (err)
            return err;
    }
    return check_words(call, why);
}
