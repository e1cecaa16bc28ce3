/* complete.c - `myna __complete bash|zsh|fish`: completion scripts, from the same tables as --help.
 *
 * The scripts are whole: they do not call myna while somebody types.
 */
#include <stdio.h>
#include <string.h>

#include <myna/config.h>

#include "commands.h"

/* The tables of flags that count for a command, most special first. */
static size_t tables(const struct cmd *cmd, const struct flag *out[3])
{
    size_t n = 0;

    if (cmd->flags)
        out[n++] = cmd->flags;
    if (!cmd->without_config)
        out[n++] = myna_cli_config_flags;
    out[n++] = myna_cli_flags;
    return n;
}

static void each_flag(const struct cmd *cmd,
                      void (*show)(const struct cmd *cmd, const struct flag *flag))
{
    const struct flag *list[3];
    size_t n = tables(cmd, list);

    for (size_t i = 0; i < n; i++)
        for (const struct flag *f = list[i]; f->name; f++)
            show(cmd, f);
}

/* Once over everything that can be completed behind --set. */
static void each_key(void (*show)(const char *path, const struct myna_option *o))
{
    for (const struct myna_section *s = myna_config_sections(); s->path; s++)
        for (const struct myna_option *o = s->options; !strchr(s->path, '*') && o->name; o++)
            show(s->path, o);
}

static void commands_named(void)
{
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            printf(" %s", (*c)->name);
}

/* Between single quotes of a shell. */
static void quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            fputc(*text, stdout);
    }
}

/* ------------------------------------------------------------------ bash */

static void bash_flag(const struct cmd *cmd, const struct flag *flag)
{
    (void)cmd;
    printf(" --%s", flag->name);
}

static void bash_key(const char *path, const struct myna_option *o)
{
    printf(" %s.%s=", path, o->name);
}

/* What stands behind a flag: a `case` arm, or nothing. */
static void bash_value(const struct cmd *cmd, const struct flag *flag)
{
    const char *choices[MAX_CHOICES];
    size_t n = myna_cli_choices(flag, choices);

    if (flag->kind == FLAG_SWITCH)
        return;
    printf("    %s,--%s) ", cmd->name, flag->name);
    if (flag->kind == FLAG_SET) {
        fputs("compopt -o nospace; words=\"$keys\"", stdout);
    } else if (n) {
        fputs("words=\"", stdout);
        for (size_t i = 0; i < n; i++)
            printf(i ? " %s" : "%s", choices[i]);
        fputc('"', stdout);
    } else if (flag->takes == TAKES_DIR) {
        fputs("mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return", stdout);
    } else if (flag->takes == TAKES_FILE) {
        fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return", stdout);
    } else {
        fputs("return", stdout);
    }
    puts(" ;;");
}

static void bash_command(const struct cmd *cmd)
{
    printf("    %s) words=\"", cmd->name);
    for (size_t i = 0; cmd->words && cmd->words[i]; i++)
        printf(" %s", cmd->words[i]);
    each_flag(cmd, bash_flag);
    printf("\"; files=%d ;;\n", cmd->takes == TAKES_FILE);
}

static void bash(void)
{
    puts("# bash completion of myna; made by `myna __complete bash`");
    puts("_myna() {");
    puts("  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"");
    puts("  local cmd=\"\" words=\"\" files=0 i");
    fputs("  local keys=\"", stdout);
    each_key(bash_key);
    puts("\"");
    puts("  COMPREPLY=()");
    puts("  for ((i = 1; i < COMP_CWORD; i++)); do");
    puts("    [[ ${COMP_WORDS[i]} != -* ]] && { cmd=\"${COMP_WORDS[i]}\"; break; }");
    puts("  done");
    puts("  case \"$cmd,$prev\" in");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            each_flag(*c, bash_value);
    puts("  esac");
    puts("  [[ -z $words ]] && case \"$cmd\" in");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            bash_command(*c);
    fputs("    '') words=\"", stdout);
    commands_named();
    puts(" --help --version\" ;;");
    puts("  esac");
    puts("  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))");
    /* a name with a space in it is one name */
    puts("  ((files)) && [[ $cur != -* ]] && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < "
         "<(compgen -f -- \"$cur\")");
    puts("  return 0");
    puts("}");
    puts("complete -o filenames -F _myna myna");
}

/* ------------------------------------------------------------------ zsh */

/* Inside an _arguments spec, brackets and colons are its own. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            fputc(*text, stdout);
    }
}

static void zsh_value(const struct flag *flag)
{
    const char *choices[MAX_CHOICES];
    size_t n = myna_cli_choices(flag, choices);

    fputs(flag->kind == FLAG_MAYBE ? "::" : ":", stdout);
    zsh_text(flag->value);
    fputc(':', stdout);
    if (flag->kind == FLAG_SET)
        fputs("_myna_keys", stdout);
    else if (flag->takes == TAKES_DIR)
        fputs("_files -/", stdout);
    else if (flag->takes == TAKES_FILE)
        fputs("_files", stdout);
    else if (n)
        fputc('(', stdout);
    for (size_t i = 0; i < n; i++)
        printf(i ? " %s" : "%s", choices[i]);
    if (n)
        fputc(')', stdout);
}

static void zsh_flag(const struct cmd *cmd, const struct flag *flag)
{
    (void)cmd;
    printf("        '%s--%s%s[", flag->kind == FLAG_SET ? "*" : "", flag->name,
           flag->kind == FLAG_SWITCH ? "" : "=");
    zsh_text(flag->help);
    fputc(']', stdout);
    if (flag->kind != FLAG_SWITCH)
        zsh_value(flag);
    puts("' \\");
}

static void zsh_command(const struct cmd *cmd)
{
    printf("    %s)\n      _arguments \\\n", cmd->name);
    each_flag(cmd, zsh_flag);
    if (cmd->words) {
        fputs("        '1:action:(", stdout);
        for (size_t i = 0; cmd->words[i]; i++)
            printf(i ? " %s" : "%s", cmd->words[i]);
        puts(")' \\");
    }
    puts(cmd->takes == TAKES_FILE ? "        '*:file:_files' ;;" : "        '*:word:' ;;");
}

static void zsh_key(const char *path, const struct myna_option *o)
{
    printf("    '%s.%s=:", path, o->name);
    quoted(o->help);
    puts("'");
}

static void zsh(void)
{
    puts("#compdef myna");
    puts("# zsh completion of myna; made by `myna __complete zsh`");
    puts("_myna_keys() {\n  local -a keys\n  keys=(");
    each_key(zsh_key);
    puts("  )\n  _describe -t keys key keys -S ''\n}");
    puts("_myna() {\n  local -a commands\n  commands=(");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden) {
            printf("    '%s:", (*c)->name);
            quoted((*c)->summary);
            puts("'");
        }
    puts("  )");
    puts("  if ((CURRENT == 2)); then");
    puts("    _describe -t commands command commands");
    puts("    return");
    puts("  fi");
    puts("  local cmd=$words[2]");
    puts("  shift words\n  ((CURRENT--))");
    puts("  case $cmd in");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            zsh_command(*c);
    puts("  esac\n}");
    puts("_myna \"$@\"");
}

/* ------------------------------------------------------------------ fish */

static void fish_words(const struct flag *flag)
{
    const char *choices[MAX_CHOICES];
    size_t n = myna_cli_choices(flag, choices);

    if (flag->kind == FLAG_SWITCH)
        return;
    if (flag->kind == FLAG_SET) {
        fputs(" -x -a '$__myna_keys'", stdout);
    } else if (n) {
        fputs(" -x -a '", stdout);
        for (size_t i = 0; i < n; i++)
            printf(i ? " %s" : "%s", choices[i]);
        fputc('\'', stdout);
    } else if (flag->takes == TAKES_DIR) {
        fputs(flag->kind == FLAG_MAYBE ? " -a '(__fish_complete_directories)'"
                                       : " -x -a '(__fish_complete_directories)'",
              stdout);
    } else {
        fputs(flag->takes == TAKES_FILE ? " -r -F" : " -x", stdout);
    }
}

static void fish_flag(const struct cmd *cmd, const struct flag *flag)
{
    printf("complete -c myna -n '__fish_seen_subcommand_from %s' -l %s", cmd->name, flag->name);
    if (flag->letter)
        printf(" -s %c", flag->letter);
    fish_words(flag);
    fputs(" -d '", stdout);
    quoted(flag->help);
    puts("'");
}

static void fish_key(const char *path, const struct myna_option *o)
{
    printf(" %s.%s=", path, o->name);
}

static void fish_command(const struct cmd *cmd)
{
    printf("complete -c myna -n __fish_use_subcommand -a %s -d '", cmd->name);
    quoted(cmd->summary);
    puts("'");
    for (size_t i = 0; cmd->words && cmd->words[i]; i++)
        printf("complete -c myna -n '__fish_seen_subcommand_from %s' -a %s\n", cmd->name,
               cmd->words[i]);
    if (cmd->takes == TAKES_FILE)
        printf("complete -c myna -n '__fish_seen_subcommand_from %s' -F\n", cmd->name);
    each_flag(cmd, fish_flag);
}

static void fish(void)
{
    puts("# fish completion of myna; made by `myna __complete fish`");
    fputs("set -g __myna_keys", stdout);
    each_key(fish_key);
    puts("\ncomplete -c myna -f");
    puts("complete -c myna -n __fish_use_subcommand -l help -d 'show help'");
    puts("complete -c myna -n __fish_use_subcommand -l version -d 'show the version'");
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        if (!(*c)->hidden)
            fish_command(*c);
}

/* ------------------------------------------------------------------ the command */

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    static void (*const writers[])(void) = {bash, zsh, fish};

    for (size_t i = 0; shells[i]; i++)
        if (!strcmp(call->words[0], shells[i])) {
            writers[i]();
            return MYNA_OK;
        }
    return myna_fail(why, MYNA_ECONFIG, "unknown shell \"%.60s\"; there are bash, zsh and fish",
                     call->words[0]);
}

const struct cmd myna_cmd_complete = {
    .name = "__complete",
    .summary = "a completion script",
    .args = "bash|zsh|fish",
    .about = "Prints a completion script.",
    .min_words = 1,
    .max_words = 1,
    .words = shells,
    .without_config = true,
    .hidden = true,
    .run = run,
};
