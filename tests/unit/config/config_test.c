/* config_test.c - each value is valid and knows where it came from; each mistake gets its place and
 * the right name. */
#include <myna/config.h>

#include "check.h"

#include <jansson.h>
#include <stddef.h>

struct opt {
    const char *voice, *dir, *key;
    bool loud;
    int threads, wait, level, pause;
    double speed;
};

static const char *const levels[] = {"low", "middle", "high", NULL};

#define AT(field) .offset = offsetof(struct opt, field)
static const struct myna_option options[] = {
    {.name = "voice", .type = MYNA_OPT_STRING, AT(voice), .def = "joe"},
    {.name = "dir", .type = MYNA_OPT_PATH, AT(dir), .def = "~/sounds"},
    {.name = "api_key", .type = MYNA_OPT_SECRET, AT(key), .env = "TONE_API_KEY"},
    {.name = "loud", .type = MYNA_OPT_BOOL, AT(loud), .def = "false"},
    {.name = "threads", .type = MYNA_OPT_INT, AT(threads), .def = "2", .min = 1, .max = 64},
    {.name = "wait", .type = MYNA_OPT_MS, AT(wait), .def = "1s", .min = -1, .max = 60000},
    {.name = "pause", .type = MYNA_OPT_MS, AT(pause), .def = "20", .min = 10, .max = 500},
    {.name = "level", .type = MYNA_OPT_CHOICE, AT(level), .def = "middle", .choices = levels},
    {.name = "speed", .type = MYNA_OPT_DOUBLE, AT(speed), .def = "1", .min = 0.5, .max = 2},
    {0},
};
static const struct myna_section section = {"tts.tone", "a tone", options};

static struct myna_why why;

static struct myna_config *make(void)
{
    struct myna_config *cfg = myna_config_create();

    CHECK(cfg);
    CHECK_EQ(myna_config_add_section(cfg, &section), MYNA_OK);
    why = (struct myna_why){0};
    return cfg;
}

static enum myna_err parse(struct myna_config *cfg, const char *text)
{
    return myna_config_parse(cfg, "m.yaml", text, strlen(text), &why);
}

/* The sentence that this file gets; "" when it is fine. */
static const char *complaint(const char *text)
{
    struct myna_config *cfg = make();
    enum myna_err err = parse(cfg, text);

    myna_config_destroy(cfg);
    CHECK_EQ(err, err ? MYNA_ECONFIG : MYNA_OK);
    return err ? why.text : "";
}

static struct opt read_back(const struct myna_config *cfg)
{
    struct opt opt = {0};

    CHECK_EQ(myna_config_read(cfg, &section, &opt, NULL), MYNA_OK);
    return opt;
}

/* The struct after one key was set to this text. */
static struct opt with(const char *key, const char *value)
{
    static struct myna_config *cfg; /* strings of the result live as long as it */

    myna_config_destroy(cfg);
    cfg = make();
    CHECK_EQ(myna_config_set(cfg, key, value, "--x", &why), MYNA_OK);
    return read_back(cfg);
}

static const char *refused(const char *key, const char *value)
{
    struct myna_config *cfg = make();
    enum myna_err err = myna_config_set(cfg, key, value, "--x", &why);

    myna_config_destroy(cfg);
    CHECK_EQ(err, MYNA_ECONFIG);
    return why.text;
}

/* ------------------------------------------------------------------ values */

TEST(defaults_fill_the_struct)
{
    struct myna_config *cfg;
    struct opt opt;

    setenv("HOME", "/home/ada", 1);
    cfg = make();
    opt = read_back(cfg);
    CHECK_STR(opt.voice, "joe");
    CHECK_STR(opt.dir, "/home/ada/sounds");
    CHECK(!opt.key && !opt.loud);
    CHECK_EQ(opt.threads, 2);
    CHECK_EQ(opt.wait, 1000);
    CHECK_EQ(opt.pause, 20);
    CHECK_EQ(opt.level, 1);
    CHECK_NEAR(opt.speed, 1, 0);
    myna_config_destroy(cfg);
}

TEST(without_a_configuration_the_table_alone_is_read)
{
    struct opt opt = {0};

    CHECK_EQ(myna_config_read(NULL, &section, &opt, NULL), MYNA_OK);
    CHECK_STR(opt.voice, "joe");
    CHECK_EQ(opt.wait, 1000);
}

TEST(every_built_in_default_is_valid_for_its_option)
{
    struct myna_config *cfg = make();

    for (const struct myna_section *s = myna_config_sections(); s->path; s++)
        for (const struct myna_option *o = s->options; o->name; o++) {
            size_t len = strlen(s->path);
            char key[128];

            if (len > 2 && !strcmp(s->path + len - 2, ".*")) /* of an entry, whatever its name */
                snprintf(key, sizeof key, "%.*sx.%s", (int)len - 1, s->path, o->name);
            else
                snprintf(key, sizeof key, "%s.%s", s->path, o->name);
            if (o->def && myna_config_set(cfg, key, o->def, "its table", &why))
                check_fail(__FILE__, __LINE__, "%s", why.text);
            if (!o->help || !*o->help)
                check_fail(__FILE__, __LINE__, "%s has no help", key);
        }
    myna_config_destroy(cfg);
}

TEST(times_are_read_with_and_without_a_unit)
{
    CHECK_EQ(with("tts.tone.wait", "500").wait, 500);
    CHECK_EQ(with("tts.tone.wait", "500ms").wait, 500);
    CHECK_EQ(with("tts.tone.wait", "2.5s").wait, 2500);
    CHECK_EQ(with("tts.tone.wait", "0.5 m").wait, 30000);
    CHECK_EQ(with("tts.tone.wait", "0").wait, 0);
    CHECK_EQ(with("tts.tone.wait", "null").wait, -1);
    CHECK_EQ(with("tts.tone.wait", "off").wait, -1);
    CHECK_EQ(with("tts.tone.wait", NULL).wait, -1);
}

TEST(a_wrong_time_is_told_with_its_range)
{
    CHECK_STR(refused("tts.tone.wait", "soon"),
              "--x: tts.tone.wait wants a time like 500ms, 2.5s or 3m from 0 to 1m or null, not "
              "\"soon\"");
    CHECK_STR(refused("tts.tone.wait", "61s"),
              "--x: tts.tone.wait wants a time like 500ms, 2.5s or 3m from 0 to 1m or null, not "
              "\"61s\"");
    CHECK_STR(refused("tts.tone.pause", "null"),
              "--x: tts.tone.pause wants a time like 500ms, 2.5s or 3m from 10ms to 500ms, not "
              "\"null\"");
    CHECK_HAS(refused("tts.tone.wait", "-5"), "not -5");
    CHECK_HAS(refused("tts.tone.wait", "5 h"), "not \"5 h\"");
    CHECK_HAS(refused("tts.tone.wait", "ms"), "not \"ms\"");
    CHECK_HAS(refused("tts.tone.wait", ""), "not \"\"");
}

TEST(booleans_have_six_words)
{
    CHECK(with("tts.tone.loud", "true").loud);
    CHECK(with("tts.tone.loud", "Yes").loud);
    CHECK(with("tts.tone.loud", "on").loud);
    CHECK(!with("tts.tone.loud", "false").loud);
    CHECK(!with("tts.tone.loud", "no").loud);
    CHECK(!with("tts.tone.loud", "OFF").loud);
    CHECK_STR(refused("tts.tone.loud", "maybe"),
              "--x: tts.tone.loud wants true or false, not \"maybe\"");
}

TEST(whole_numbers_keep_their_range)
{
    CHECK_EQ(with("tts.tone.threads", "64").threads, 64);
    CHECK_STR(refused("tts.tone.threads", "65"),
              "--x: tts.tone.threads wants a whole number from 1 to 64, not 65");
    CHECK_STR(refused("tts.tone.threads", "many"),
              "--x: tts.tone.threads wants a whole number from 1 to 64, not \"many\"");
    CHECK_HAS(refused("tts.tone.threads", "2.5"), "not 2.5");
    CHECK_HAS(refused("tts.tone.threads", "2x"), "not \"2x\"");
    CHECK_HAS(refused("tts.tone.threads", "99999999999999999999"), "not 99999999999999999999");
    CHECK_HAS(refused("tts.tone.threads", "-1"), "not -1");
    CHECK_STR(refused("tts.tone.threads", NULL),
              "--x: tts.tone.threads wants a whole number from 1 to 64, not null");
}

TEST(numbers_are_read_the_same_in_every_locale)
{
    CHECK_NEAR(with("tts.tone.speed", "0.9").speed, 0.9, 0);
    CHECK_NEAR(with("tts.tone.speed", "1.5e0").speed, 1.5, 0);
    CHECK_NEAR(with("tts.tone.speed", "12e-1").speed, 1.2, 0);
    CHECK_STR(refused("tts.tone.speed", "3"),
              "--x: tts.tone.speed wants a number from 0.5 to 2, not 3");
    CHECK_HAS(refused("tts.tone.speed", "1,5"), "not \"1,5\"");
    CHECK_HAS(refused("tts.tone.speed", "nan"), "not \"nan\"");
    CHECK_HAS(refused("tts.tone.speed", "1e999"), "not \"1e999\"");
    CHECK_HAS(refused("tts.tone.speed", "1e"), "not \"1e\"");
    CHECK_HAS(refused("tts.tone.speed", "."), "not \".\"");
}

TEST(a_choice_lists_its_names_and_the_nearest)
{
    CHECK_EQ(with("tts.tone.level", "high").level, 2);
    CHECK_STR(refused("tts.tone.level", "hihg"),
              "--x: tts.tone.level wants one of low, middle, high, not \"hihg\"; did you mean "
              "\"high\"?");
    CHECK_STR(refused("tts.tone.level", "loudest"),
              "--x: tts.tone.level wants one of low, middle, high, not \"loudest\"");
}

TEST(a_long_wrong_value_is_shortened_between_characters)
{
    CHECK_STR(refused("tts.tone.loud", "0123456789012345678901234567890123456789abc"),
              "--x: tts.tone.loud wants true or false, not "
              "\"0123456789012345678901234567890123456789...\"");
    CHECK_STR(refused("tts.tone.loud", "012345678901234567890123456789012345678\xc3\xa4zz"),
              "--x: tts.tone.loud wants true or false, not "
              "\"012345678901234567890123456789012345678...\"");
}

TEST(a_path_knows_the_home_directory)
{
    setenv("HOME", "/home/ada", 1);
    CHECK_STR(with("tts.tone.dir", "~/x").dir, "/home/ada/x");
    CHECK_STR(with("tts.tone.dir", "~").dir, "/home/ada");
    CHECK_STR(with("tts.tone.dir", "~bob/x").dir, "~bob/x");
    CHECK_STR(with("tts.tone.dir", "a/~").dir, "a/~");
    CHECK_STR(with("tts.tone.voice", "~/x").voice, "~/x");
}

/* ------------------------------------------------------------------ the file */

TEST(a_file_sets_keys_at_every_level)
{
    struct myna_config *cfg = make();
    struct opt opt;

    CHECK_EQ(parse(cfg, "# my phone\n"
                        "turn:\n"
                        "  min_delay: 300ms\n"
                        "tts:\n"
                        "  provider: tone\n"
                        "  tone: {threads: 3, loud: yes, wait: ~}\n"
                        "stt:\n"),
             MYNA_OK);
    opt = read_back(cfg);
    CHECK_EQ(opt.threads, 3);
    CHECK(opt.loud);
    CHECK_EQ(opt.wait, -1);
    CHECK_STR(myna_config_get(cfg, "turn.min_delay"), "300ms");
    CHECK_STR(myna_config_get(cfg, "tts.provider"), "tone");
    CHECK_STR(myna_config_get(cfg, "stt.provider"), "moonshine");
    CHECK(!myna_config_get(cfg, "stt.providr"));
    myna_config_destroy(cfg);
}

TEST(an_empty_file_is_fine)
{
    CHECK_STR(complaint(""), "");
    CHECK_STR(complaint("# nothing\n"), "");
    CHECK_STR(complaint("---\n...\n"), "");
}

TEST(quotes_make_text_of_null)
{
    struct myna_config *cfg = make();

    CHECK_EQ(parse(cfg, "tts: {tone: {voice: \"null\"}}"), MYNA_OK);
    CHECK_STR(read_back(cfg).voice, "null");
    CHECK_EQ(parse(cfg, "tts: {tone: {voice: null}}"), MYNA_OK);
    CHECK(!read_back(cfg).voice);
    myna_config_destroy(cfg);
}

TEST(an_unknown_key_gets_line_column_and_the_nearest_name)
{
    CHECK_STR(complaint("session:\n  max_tool_step: 3\n"),
              "m.yaml:2:3: unknown key \"session.max_tool_step\"; did you mean "
              "\"session.max_tool_steps\"?");
    CHECK_STR(complaint("turn:\n    min_dealy: 3\n"),
              "m.yaml:2:5: unknown key \"turn.min_dealy\"; did you mean \"turn.min_delay\"?");
    CHECK_STR(complaint("sesion:\n  greet: no\n"),
              "m.yaml:1:1: unknown section \"sesion\"; did you mean \"session\"?");
    CHECK_STR(complaint("tts:\n  tome:\n    loud: no\n"),
              "m.yaml:2:3: unknown section \"tts.tome\"; did you mean \"tts.tone\"?");
    CHECK_STR(complaint("zzzzzzzz: 1\n"),
              "m.yaml:1:1: unknown key \"zzzzzzzz\"; `myna config` shows all keys");
}

TEST(a_key_in_the_wrong_section_is_found_in_the_right_one)
{
    CHECK_STR(complaint("session:\n  min_delay: 3\n"),
              "m.yaml:2:3: unknown key \"session.min_delay\"; did you mean \"turn.min_delay\"?");
    CHECK_STR(complaint("min_delay: 3\n"),
              "m.yaml:1:1: unknown key \"min_delay\"; did you mean \"turn.min_delay\"?");
}

TEST(a_wrong_value_is_told_where_it_stands)
{
    CHECK_STR(complaint("tts:\n  tone:\n    threads: many\n"),
              "m.yaml:3:14: tts.tone.threads wants a whole number from 1 to 64, not \"many\"");
    CHECK_STR(complaint("tts:\n  tone:\n    threads: [1, 2]\n"),
              "m.yaml:3:14: tts.tone.threads wants a single value, not a list");
    CHECK_STR(complaint("tts:\n  tone:\n    threads: {a: 2}\n"),
              "m.yaml:3:14: tts.tone.threads wants a single value, not a section");
    CHECK_STR(complaint("tts: piper\n"),
              "m.yaml:1:6: tts is a section; its keys go below it, indented");
    CHECK_STR(complaint("- tts\n"),
              "m.yaml:1:1: the file must hold sections, such as \"stt:\", with "
              "their keys below");
    CHECK_STR(complaint("tts:\n  tone:\n    loud:\n"),
              "m.yaml:3:10: tts.tone.loud wants true or false, not null");
}

TEST(what_is_given_twice_is_told)
{
    CHECK_STR(complaint("turn:\n  alpha: 0.5\n  alpha: 0.6\n"),
              "m.yaml:3:3: \"turn.alpha\" is given twice, first in line 2");
    CHECK_STR(complaint("turn:\n  alpha: 0.5\ntts:\n  provider: x\nturn:\n  min_delay: 3\n"),
              "m.yaml:5:1: \"turn\" is given twice, first in line 1");
}

TEST(two_files_may_give_the_same_key)
{
    struct myna_config *cfg = make();

    CHECK_EQ(parse(cfg, "tts: {tone: {threads: 3}}"), MYNA_OK);
    CHECK_EQ(parse(cfg, "tts: {tone: {threads: 4}}"), MYNA_OK);
    CHECK_EQ(read_back(cfg).threads, 4);
    myna_config_destroy(cfg);
}

TEST(what_yaml_could_do_beyond_our_need_is_refused_where_it_appears)
{
    CHECK_STR(complaint("tts: &a\n  provider: x\n"),
              "m.yaml:1:6: anchors (&a) are not used here; take it out");
    CHECK_STR(complaint("tts:\n  provider: *a\n"),
              "m.yaml:2:13: aliases (*a) are not used here; write the value out");
    CHECK_STR(complaint("tts:\n  provider: !!str x\n"),
              "m.yaml:2:13: tags (tag:yaml.org,2002:str) are not used here; take it out");
    CHECK_STR(complaint("tts:\n  provider: x\n---\ntts:\n"),
              "m.yaml:3:1: a second document begins here");
    CHECK_STR(complaint("? [a]\n: b\n"), "m.yaml:1:3: a key must be a plain name");
    CHECK_STR(complaint("tts: {tone: {voice: \"a\\0b\"}}\n"),
              "m.yaml:1:21: this text holds a NUL character");
}

TEST(text_that_is_no_yaml_is_told_with_its_place)
{
    CHECK_HAS(complaint("tts:\n\tprovider: x\n"), "m.yaml:2:1: this is not YAML: ");
    CHECK_HAS(complaint("tts: {provider: x\n"), "m.yaml:2:1: this is not YAML: ");
    CHECK_HAS(complaint("tts:\n  provider: \xff\xfe\n"), "m.yaml:2:13: this is not UTF-8 text");
}

TEST(a_file_that_is_too_large_is_refused_unread)
{
    size_t len = 1024 * 1024 + 1;
    char *text = malloc(len);
    struct myna_config *cfg = make();

    CHECK(text);
    memset(text, '\n', len);
    CHECK_EQ(myna_config_parse(cfg, "m.yaml", text, len, &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "m.yaml: larger than 1048576 bytes; this is no configuration");
    CHECK_EQ(myna_config_parse(cfg, "m.yaml", text, len - 1, &why), MYNA_OK);
    myna_config_destroy(cfg);
    free(text);
}

TEST(a_named_file_must_be_there)
{
    struct myna_config *cfg = make();

    CHECK_EQ(myna_config_load(cfg, "nowhere/m.yaml", &why), MYNA_ENOENT);
    CHECK_STR(why.text, "nowhere/m.yaml: there is no such configuration file");
    CHECK_EQ(myna_config_load(cfg, "/", &why), MYNA_EIO);
    CHECK_STR(why.text, "/: cannot read it: Is a directory");
    myna_config_destroy(cfg);
}

/* ------------------------------------------------------------------ the environment, precedence */

TEST(the_environment_reaches_every_key)
{
    struct myna_config *cfg = make();

    setenv("MYNA_TTS_TONE_THREADS", "7", 1);
    setenv("MYNA_TURN_MIN_DELAY", "0.4s", 1);
    setenv("TONE_API_KEY", "sesame", 1);
    setenv("MYNA_TEST_ANYTHING", "x", 1);
    setenv("MYNA_MODELS", "x", 1);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    CHECK_EQ(read_back(cfg).threads, 7);
    CHECK_STR(read_back(cfg).key, "sesame");
    CHECK_STR(myna_config_get(cfg, "turn.min_delay"), "0.4s");
    setenv("MYNA_TTS_TONE_API_KEY", "open", 1);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    CHECK_STR(read_back(cfg).key, "open");
    myna_config_destroy(cfg);
    unsetenv("MYNA_TTS_TONE_THREADS");
    unsetenv("MYNA_TURN_MIN_DELAY");
    unsetenv("MYNA_TTS_TONE_API_KEY");
    unsetenv("TONE_API_KEY");
}

static const char *environment_complaint(const char *name, const char *value)
{
    struct myna_config *cfg = make();
    enum myna_err err;

    setenv(name, value, 1);
    err = myna_config_environment(cfg, &why);
    unsetenv(name);
    myna_config_destroy(cfg);
    CHECK_EQ(err, MYNA_ECONFIG);
    return why.text;
}

TEST(a_wrong_variable_is_named)
{
    CHECK_STR(environment_complaint("MYNA_TTS_TONE_TREADS", "1"),
              "MYNA_TTS_TONE_TREADS: unknown variable; did you mean MYNA_TTS_TONE_THREADS?");
    CHECK_STR(environment_complaint("MYNA_QQQQQQQQQQQQQQ", "1"),
              "MYNA_QQQQQQQQQQQQQQ: unknown variable; unset it, or see `myna config` for the keys");
    CHECK_STR(environment_complaint("MYNA_TTS_TONE_LOUD", "maybe"),
              "MYNA_TTS_TONE_LOUD: tts.tone.loud wants true or false, not \"maybe\"");
}

TEST(later_sources_win_in_whatever_order_they_are_read)
{
    struct myna_config *cfg = make();

    setenv("MYNA_TTS_TONE_VOICE", "environment", 1);
    CHECK_EQ(parse(cfg, "tts: {tone: {voice: file}}"), MYNA_OK);
    CHECK_STR(read_back(cfg).voice, "file");
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    CHECK_STR(read_back(cfg).voice, "environment");
    CHECK_EQ(parse(cfg, "tts: {tone: {voice: file}}"), MYNA_OK);
    CHECK_STR(read_back(cfg).voice, "environment");
    CHECK_EQ(myna_config_set(cfg, "tts.tone.voice", "flag", "--voice", &why), MYNA_OK);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    CHECK_STR(read_back(cfg).voice, "flag");
    unsetenv("MYNA_TTS_TONE_VOICE");
    myna_config_destroy(cfg);
}

TEST(a_wrong_value_leaves_the_old_one)
{
    struct myna_config *cfg = make();

    CHECK_EQ(myna_config_set(cfg, "tts.tone.threads", "3", "--t", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.tone.threads", "300", "--t", &why), MYNA_ECONFIG);
    CHECK_EQ(read_back(cfg).threads, 3);
    CHECK_EQ(myna_config_set(cfg, "tts.tone.thread", "3", NULL, &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "set: unknown key \"tts.tone.thread\"; did you mean \"tts.tone.threads\"?");
    myna_config_destroy(cfg);
}

TEST(a_host_may_replace_a_section)
{
    static const struct myna_option other[] = {
        {.name = "colour", .type = MYNA_OPT_STRING, .offset = 0, .def = "red"}, {0}};
    static const struct myna_section replaced = {"tts.tone", "another", other};
    struct myna_config *cfg = make();
    const char *colour = NULL;

    CHECK_EQ(myna_config_add_section(cfg, &replaced), MYNA_OK);
    CHECK_EQ(myna_config_read(cfg, &replaced, &colour, NULL), MYNA_OK);
    CHECK_STR(colour, "red");
    CHECK_HAS(complaint("tts: {tone: {colour: red}}"), "unknown key");
    CHECK_EQ(parse(cfg, "tts: {tone: {colour: blue}}"), MYNA_OK);
    CHECK_STR(myna_config_get(cfg, "tts.tone.colour"), "blue");
    myna_config_destroy(cfg);
}

/* ------------------------------------------------------------------ shown */

static char *printed(const struct myna_config *cfg)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    CHECK(out);
    CHECK_EQ(myna_config_print(cfg, out), MYNA_OK);
    fclose(out);
    return text;
}

TEST(print_shows_values_with_their_origins_and_masks_secrets)
{
    struct myna_config *cfg = make();
    char *text;

    setenv("TONE_API_KEY", "sesame", 1);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    unsetenv("TONE_API_KEY");
    CHECK_EQ(parse(cfg, "tts:\n  tone:\n    voice: \"a \\\"b\\\"\\n\\u00e4\"\n"), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.provider", "tone", "--tts", &why), MYNA_OK);
    text = printed(cfg);
    CHECK_HAS(text, "\ntts:\n  provider: tone                            # --tts\n");
    CHECK_HAS(text, "\n  tone:\n");
    CHECK_HAS(text, "\n    voice: \"a \\\"b\\\"\\n\xc3\xa4\"                     # m.yaml:3:5\n");
    CHECK_HAS(text, "\n    api_key: \"************\"                 # environment TONE_API_KEY\n");
    CHECK_HAS(text, "\n    threads: 2                              # default\n");
    CHECK(!strstr(text, "sesame"));
    free(text);
    myna_config_destroy(cfg);
}

TEST(what_is_printed_can_be_read_again)
{
    struct myna_config *cfg = make(), *again = make();
    char *text;

    CHECK_EQ(myna_config_set(cfg, "tts.tone.voice", "yes: \x01 # \\ ~", "--v", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "agent.name", "12", "--v", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "agent.greeting", "", "--v", &why), MYNA_OK);
    text = printed(cfg);
    if (parse(again, text))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    CHECK_STR(read_back(again).voice, "yes: \x01 # \\ ~");
    CHECK_STR(myna_config_get(again, "agent.greeting"), "");
    CHECK(!myna_config_get(again, "tts.tone.api_key"));
    free(text);
    myna_config_destroy(cfg);
    myna_config_destroy(again);
}

TEST(json_holds_every_key_typed_and_no_secret)
{
    struct myna_config *cfg = make();
    json_t *all, *entry;
    char *text;

    CHECK_EQ(parse(cfg, "tts:\n  tone: {api_key: sesame, wait: 2s, speed: 0.9, level: low}\n"),
             MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "tts.tone.voice", "\xff", "--v", &why), MYNA_OK);
    text = myna_config_json(cfg);
    CHECK(text && !strstr(text, "sesame"));
    CHECK_HAS(text, "\"tts.tone.speed\":{\"value\":0.9,\"origin\":\"m.yaml:2:37\"}");
    all = json_loads(text, 0, NULL);
    CHECK(all);
    entry = json_object_get(all, "tts.tone.wait");
    CHECK_EQ(json_integer_value(json_object_get(entry, "value")), 2000);
    CHECK_STR(json_string_value(json_object_get(entry, "origin")), "m.yaml:2:27");
    entry = json_object_get(all, "tts.tone.api_key");
    CHECK(json_is_null(json_object_get(entry, "value")));
    CHECK(json_is_true(json_object_get(entry, "secret")));
    entry = json_object_get(all, "session.max_duration");
    CHECK(json_is_null(json_object_get(entry, "value")));
    CHECK_STR(json_string_value(json_object_get(entry, "origin")), "default");
    CHECK_STR(json_string_value(json_object_get(json_object_get(all, "tts.tone.level"), "value")),
              "low");
    CHECK_STR(json_string_value(json_object_get(json_object_get(all, "tts.tone.voice"), "value")),
              "?");
    json_decref(all);
    free(text);
    myna_config_destroy(cfg);
}

TEST_MAIN
