/* help.c - --help from the tables. */
#include "help.h"

#include <string.h>

#include "out.h"

enum { NAME_COLUMN = 22, TEXT_WIDTH = 78 };

void myna_cli_flag_usage(const struct flag *flag, char *text, size_t size)
{
    char letter[8] = "";

    if (flag->letter)
        snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    if (flag->kind == FLAG_SWITCH)
        snprintf(text, size, "%s--%s", letter, flag->name);
    else
        snprintf(text, size, flag->kind == FLAG_MAYBE ? "%s--%s [%s]" : "%s--%s %s", letter,
                 flag->name, flag->value);
}

/* Words of `text`, lines broken at TEXT_WIDTH and indented; the cursor is at `indent` already. */
static void wrap(FILE *out, const char *text, size_t indent)
{
    size_t column = indent;

    while (*text) {
        size_t len = strcspn(text, " ");

        if (column > indent && column + 1 + len > TEXT_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)len, text);
        column += len;
        text += len + strspn(text + len, " ");
    }
    fputc('\n', out);
}

static void row(FILE *out, const char *name, const char *text)
{
    fprintf(out, "  %-*s", NAME_COLUMN - 2, name);
    if (strlen(name) >= NAME_COLUMN - 2)
        fprintf(out, "\n%*s", NAME_COLUMN, "");
    wrap(out, text, NAME_COLUMN);
}

static void flag_row(FILE *out, const struct flag *flag)
{
    const char *choices[MAX_CHOICES];
    char usage[80], text[512];
    size_t n = myna_cli_choices(flag, choices), used;

    myna_cli_flag_usage(flag, usage, sizeof usage);
    used = (size_t)snprintf(text, sizeof text, "%s%s", flag->help, n ? ":" : "");
    for (size_t i = 0; i < n && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, i ? ", %s" : " %s", choices[i]);
    row(out, usage, text);
}

static void flag_rows(FILE *out, const struct flag *flags)
{
    for (; flags && flags->name; flags++)
        flag_row(out, flags);
}

static void heading(FILE *out, const char *text, bool colour)
{
    fprintf(out, "\n%s%s%s\n", myna_cli_bold(colour), text, myna_cli_plain(colour));
}

static void help_program(FILE *out, bool colour)
{
    fprintf(out, "%sUsage:%s myna COMMAND [FLAGS]\n\n", myna_cli_bold(colour),
            myna_cli_plain(colour));
    wrap(out, "Talk with an agent: Myna hears, asks the agent, speaks, and can be interrupted.", 0);
    heading(out, "Commands", colour);
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            row(out, (*c)->name, (*c)->summary);
    heading(out, "Common flags", colour);
    flag_rows(out, myna_cli_config_flags);
    flag_rows(out, myna_cli_flags);
    fprintf(out, "\n`myna COMMAND --help` shows the flags of a command, `man myna` everything.\n");
}

static void help_command(FILE *out, const struct cmd *cmd, bool colour)
{
    fprintf(out, "%sUsage:%s myna %s%s%s [FLAGS]\n\n", myna_cli_bold(colour),
            myna_cli_plain(colour), cmd->name, cmd->args ? " " : "", cmd->args ? cmd->args : "");
    wrap(out, cmd->about, 0);
    if (cmd->flags && cmd->flags->name) {
        heading(out, "Flags", colour);
        flag_rows(out, cmd->flags);
    }
    heading(out, "Common flags", colour);
    if (!cmd->without_config)
        flag_rows(out, myna_cli_config_flags);
    flag_rows(out, myna_cli_flags);
    if (!cmd->examples)
        return;
    heading(out, "Examples", colour);
    for (size_t i = 0; cmd->examples[i]; i++)
        fprintf(out, "  %s\n", cmd->examples[i]);
}

void myna_cli_help(FILE *out, const struct cmd *cmd, bool colour)
{
    if (cmd)
        help_command(out, cmd, colour);
    else
        help_program(out, colour);
}
