/* args_test.c - what is written on the command line arrives where it belongs, and each slip is told
 * with what was meant. */
#include "args.h"

#include "check.h"
#include "help.h"

enum { MAX_ARGS = 16 };

static struct call call;
static struct myna_why why;

/* Takes "models --json" apart; blanks separate. */
static enum myna_err parse(const char *text)
{
    static char copy[2048];
    char *argv[MAX_ARGS] = {"myna"}, *save = NULL;
    int argc = 1;

    CHECK(strlen(text) < sizeof copy);
    strcpy(copy, text);
    for (char *p = strtok_r(copy, " ", &save); p && argc < MAX_ARGS; p = strtok_r(NULL, " ", &save))
        argv[argc++] = p;
    why = (struct myna_why){0};
    return myna_cli_parse(argc, argv, &call, &why);
}

static const char *refused(const char *text)
{
    CHECK_EQ(parse(text), MYNA_ECONFIG);
    return why.text;
}

TEST(a_command_and_its_words_are_found)
{
    CHECK_EQ(parse("models fetch piper-joe"), MYNA_OK);
    CHECK_STR(call.cmd->name, "models");
    CHECK_EQ(call.n_words, 2);
    CHECK_STR(call.words[0], "fetch");
    CHECK_STR(call.words[1], "piper-joe");
}

TEST(nothing_is_no_command)
{
    CHECK_EQ(parse(""), MYNA_OK);
    CHECK(!call.cmd && !call.help && !call.version);
}

TEST(a_switch_of_a_command_reaches_its_struct)
{
    bool json;

    CHECK_EQ(parse("config"), MYNA_OK);
    memcpy(&json, call.options, sizeof json);
    CHECK(!json);
    CHECK_EQ(parse("config --json"), MYNA_OK);
    memcpy(&json, call.options, sizeof json);
    CHECK(json);
}

TEST(flags_before_and_behind_the_command_are_the_same)
{
    CHECK_EQ(parse("--config a.yaml config --log=json"), MYNA_OK);
    CHECK_STR(call.config, "a.yaml");
    CHECK_STR(call.log, "json");
    CHECK_EQ(parse("config --config=b.yaml"), MYNA_OK);
    CHECK_STR(call.config, "b.yaml");
}

TEST(settings_keep_their_order_and_their_origin)
{
    CHECK_EQ(parse("config --set a.b=c=d --log-level debug --set e.f="), MYNA_OK);
    CHECK_EQ(call.n_settings, 3);
    CHECK_STR(call.settings[0].key, "a.b");
    CHECK_STR(call.settings[0].value, "c=d");
    CHECK_STR(call.settings[0].origin, "--set");
    CHECK_STR(call.settings[1].key, "log.level");
    CHECK_STR(call.settings[1].value, "debug");
    CHECK_STR(call.settings[1].origin, "--log-level");
    CHECK_STR(call.settings[2].value, "");
}

TEST(help_has_three_forms)
{
    CHECK_EQ(parse("--help"), MYNA_OK);
    CHECK(call.help && !call.cmd);
    CHECK_EQ(parse("models -h"), MYNA_OK);
    CHECK(call.help);
    CHECK_STR(call.cmd->name, "models");
    CHECK_EQ(parse("help models"), MYNA_OK);
    CHECK(call.help);
    CHECK_STR(call.cmd->name, "models");
}

TEST(a_mistyped_command_gets_a_suggestion)
{
    CHECK_STR(refused("modles"), "unknown command \"modles\"; did you mean \"models\"?");
    CHECK_STR(refused("xyz"), "unknown command \"xyz\"; myna --help lists them");
    /* hidden ones are not suggested */
    CHECK_STR(refused("__men"), "unknown command \"__men\"; myna --help lists them");
}

TEST(a_mistyped_flag_gets_a_suggestion)
{
    CHECK_STR(refused("config --jsno"), "unknown flag \"--jsno\"; did you mean \"--json\"?");
    CHECK_STR(refused("config --cofnig=x"),
              "unknown flag \"--cofnig\"; did you mean \"--config\"?");
    CHECK_STR(refused("config -json"), "unknown flag \"-json\"; did you mean \"--json\"?");
    CHECK_STR(refused("config --zzzzz"), "unknown flag \"--zzzzz\"; see myna config --help");
    CHECK_STR(refused("--zzzzz"), "unknown flag \"--zzzzz\"; see myna --help");
    CHECK_STR(refused("config -x"), "unknown flag \"-x\"; see myna config --help");
}

TEST(a_command_without_configuration_refuses_its_flags)
{
    CHECK_HAS(refused("models --set a.b=c"), "unknown flag \"--set\"");
}

TEST(values_are_checked)
{
    CHECK_STR(refused("config --log"), "--log wants FORM");
    CHECK_STR(refused("config --log xml"), "--log wants one of text, json, not \"xml\"");
    CHECK_STR(refused("config --json=yes"), "--json takes no value");
    CHECK_STR(refused("config --set a"), "--set wants KEY=VALUE, not \"a\"");
    CHECK_STR(refused("config --set =a"), "--set wants KEY=VALUE, not \"=a\"");
}

TEST(words_are_counted)
{
    CHECK_STR(refused("config x"), "\"x\" is one word too many; see myna config --help");
    CHECK_STR(refused("__complete"),
              "myna __complete wants bash|zsh|fish; see myna __complete --help");
    CHECK_EQ(parse("__complete --help"), MYNA_OK);
}

TEST(two_dashes_end_the_flags)
{
    CHECK_EQ(parse("models -- --json"), MYNA_OK);
    CHECK_EQ(call.n_words, 1);
    CHECK_STR(call.words[0], "--json");
    CHECK_EQ(parse("models -"), MYNA_OK);
    CHECK_STR(call.words[0], "-");
}

TEST(too_many_settings_are_refused)
{
    static char *argv[2 + 2 * (MAX_SETTINGS + 1)] = {"myna", "config"};
    static char texts[MAX_SETTINGS + 1][8];
    int argc = 2;

    for (int i = 0; i <= MAX_SETTINGS; i++) {
        argv[argc++] = "--set";
        argv[argc++] = strcpy(texts[i], "a=b");
    }
    CHECK_EQ(myna_cli_parse(argc - 2, argv, &call, &why), MYNA_OK);
    CHECK_EQ(call.n_settings, MAX_SETTINGS);
    for (int i = 0; i <= MAX_SETTINGS; i++)
        strcpy(texts[i], "a=b");
    CHECK_EQ(myna_cli_parse(argc, argv, &call, &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "more than 64 settings; put them into a file");
}

/* ------------------------------------------------------------------ help */

static char *help_of(const struct cmd *cmd, bool colour)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    CHECK(out);
    myna_cli_help(out, cmd, colour);
    fclose(out);
    return text;
}

TEST(help_names_every_command_and_flag_and_fits_a_terminal)
{
    char *all = help_of(NULL, false);

    for (const struct cmd *const *c = myna_cli_commands; *c; c++) {
        char *text = help_of(*c, false), usage[80], *save = NULL;

        CHECK_EQ(strstr(all, (*c)->summary) != NULL || strlen((*c)->summary) > 54, !(*c)->hidden);
        for (const struct flag *f = (*c)->flags; f && f->name; f++) {
            myna_cli_flag_usage(f, usage, sizeof usage);
            CHECK_HAS(text, usage);
        }
        for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
            if (strlen(l) > 80)
                check_fail(__FILE__, __LINE__, "too wide: %s", l);
        free(text);
    }
    CHECK(!strstr(all, "\033["));
    free(all);
}

TEST(colours_come_only_when_asked)
{
    char *text = help_of(NULL, true);

    CHECK_HAS(text, "\033[1mUsage:\033[0m");
    free(text);
}

/* The options struct of each command must fit, and fields must not overlap the end. */
TEST(every_field_lies_inside_the_options)
{
    for (const struct cmd *const *c = myna_cli_commands; *c; c++)
        for (const struct flag *f = (*c)->flags; f && f->name; f++)
            CHECK(f->offset + sizeof(struct flag_maybe) <= MAX_OPTIONS_SIZE);
}

TEST_MAIN
