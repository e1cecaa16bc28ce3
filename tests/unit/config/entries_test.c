/* entries_test.c - lists, maps, trees, and sections whose entries the person names. */
#include <myna/config.h>

#include "check.h"

#include <jansson.h>
#include <stddef.h>

struct opt {
    const char *const *command, *const *headers;
    const char *schema, *url, *key;
    int wait;
};

#define AT(field) .offset = offsetof(struct opt, field)
static const struct myna_option options[] = {
    {.name = "command", .type = MYNA_OPT_LIST, AT(command)},
    {.name = "headers", .type = MYNA_OPT_MAP, AT(headers), .secret = true},
    {.name = "parameters", .type = MYNA_OPT_JSON, AT(schema)},
    {.name = "url", .type = MYNA_OPT_STRING, AT(url)},
    {.name = "api_key", .type = MYNA_OPT_SECRET, AT(key)},
    {.name = "wait", .type = MYNA_OPT_MS, AT(wait), .def = "1s", .min = 1, .max = 60000},
    {0},
};
static const struct myna_section section = {"gadgets.*", "gadgets", options};

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

static const char *complaint(const char *text)
{
    struct myna_config *cfg = make();
    enum myna_err err = parse(cfg, text);

    myna_config_destroy(cfg);
    CHECK_EQ(err, err ? MYNA_ECONFIG : MYNA_OK);
    return err ? why.text : "";
}

static struct opt read_entry(const struct myna_config *cfg, const char *name)
{
    struct opt opt = {0};

    CHECK_EQ(myna_config_read_entry(cfg, &section, name, &opt, NULL), MYNA_OK);
    return opt;
}

/* The texts with '|' between them. */
static const char *joined(const char *const *list)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; list[i]; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "", list[i]);
    return text;
}

/* What one key of the entry g reads after this text was set; the error's sentence if it fails. */
static const char *list_of(const char *key, const char *value)
{
    static char text[512];
    struct myna_config *cfg = make();
    enum myna_err err = myna_config_set(cfg, key, value, "--x", &why);
    struct opt opt = read_entry(cfg, "g");

    snprintf(text, sizeof text, "%s",
             err                         ? why.text
             : strstr(key, "command")    ? joined(opt.command)
             : strstr(key, "parameters") ? opt.schema
                                         : joined(opt.headers));
    myna_config_destroy(cfg);
    return text;
}

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

/* ------------------------------------------------------------------ lists and maps */

TEST(a_list_is_texts_between_commas)
{
    CHECK_STR(list_of("gadgets.g.command", "a"), "a");
    CHECK_STR(list_of("gadgets.g.command", " a ,b c,  d"), "a|b c|d");
    CHECK_STR(list_of("gadgets.g.command", "\"a, b\",\" c \",\"\""), "a, b| c |");
    CHECK_STR(list_of("gadgets.g.command", "\"say \\\"hi\\\" \\\\ \\n\""), "say \"hi\" \\ \\n");
    CHECK_STR(list_of("gadgets.g.command", ""), "");
    CHECK_STR(list_of("gadgets.g.command", NULL), "");
    CHECK_STR(list_of("gadgets.g.command", " [\"a, b\", \"c\"]"), "a, b|c");
}

TEST(a_wrong_list_is_told)
{
    CHECK_STR(list_of("gadgets.g.command", "a,,b"),
              "--x: gadgets.g.command has an item with nothing in it; an empty text is written "
              "\"\"");
    CHECK_HAS(list_of("gadgets.g.command", "a,"), "nothing in it");
    CHECK_STR(list_of("gadgets.g.command", "\"a"),
              "--x: gadgets.g.command has a \" that is not closed");
    CHECK_STR(list_of("gadgets.g.command", "[\"a\", 3]"),
              "--x: gadgets.g.command wants a list of texts");
    CHECK_HAS(list_of("gadgets.g.command", "[\"a\""), "--x: gadgets.g.command is not JSON: ");
}

TEST(a_map_is_names_with_texts)
{
    CHECK_STR(list_of("gadgets.g.headers", "a=b, c=\"d, e\",f="), "a=b|c=d, e|f=");
    CHECK_STR(list_of("gadgets.g.headers", "a=b=c"), "a=b=c");
    CHECK_STR(list_of("gadgets.g.headers", "{\"a\": \"b\"}"), "a=b");
    CHECK_STR(list_of("gadgets.g.headers", "a"),
              "--x: gadgets.g.headers wants name=value, separated by commas");
    CHECK_HAS(list_of("gadgets.g.headers", "=a"), "wants name=value");
    CHECK_STR(list_of("gadgets.g.headers", "a=1,a=2"), "--x: gadgets.g.headers has \"a\" twice");
    CHECK_HAS(list_of("gadgets.g.headers", "{\"a\": 1}"), "wants names without = and texts");
}

TEST(the_file_writes_lists_and_maps_as_yaml)
{
    struct myna_config *cfg = make();
    struct opt opt;

    CHECK_EQ(parse(cfg, "gadgets:\n"
                        "  g:\n"
                        "    command:\n"
                        "      - /bin/echo\n"
                        "      - 3\n"
                        "      - \"a, \\\"b\\\"\"\n"
                        "      - \"\"\n"
                        "    headers: {Accept: text/plain, X-N: 7}\n"),
             MYNA_OK);
    opt = read_entry(cfg, "g");
    CHECK_STR(joined(opt.command), "/bin/echo|3|a, \"b\"|");
    CHECK_STR(joined(opt.headers), "Accept=text/plain|X-N=7");
    CHECK_STR(myna_config_get(cfg, "gadgets.g.command"),
              "[\"/bin/echo\",\"3\",\"a, \\\"b\\\"\",\"\"]");
    CHECK_STR(myna_config_origin(cfg, "gadgets.g.command"), "m.yaml:3:5");
    CHECK(!myna_config_origin(cfg, "gadgets.g.comand"));
    CHECK_EQ(parse(cfg, "gadgets: {g: {command: [], headers: a=1}}"), MYNA_OK);
    opt = read_entry(cfg, "g");
    CHECK(!opt.command[0]);
    CHECK_STR(joined(opt.headers), "a=1");
    myna_config_destroy(cfg);
}

TEST(what_is_no_list_in_the_file_is_told_where_it_stands)
{
    CHECK_STR(complaint("gadgets:\n  g:\n    command: {a: b}\n"),
              "m.yaml:3:14: gadgets.g.command wants a list, not names with values");
    CHECK_STR(complaint("gadgets:\n  g:\n    headers: [a]\n"),
              "m.yaml:3:14: gadgets.g.headers wants names with texts behind them, not a list");
    CHECK_STR(complaint("gadgets:\n  g:\n    command: [a, [b]]\n"),
              "m.yaml:3:18: gadgets.g.command wants text here");
    CHECK_STR(complaint("gadgets:\n  g:\n    command: [a, ~]\n"),
              "m.yaml:3:18: gadgets.g.command wants text here");
    CHECK_STR(complaint("gadgets:\n  g:\n    headers:\n      a: 1\n      a: 2\n"),
              "m.yaml:5:7: \"a\" is given twice in gadgets.g.headers");
    CHECK_STR(complaint("gadgets:\n  g:\n    command: [&x a]\n"),
              "m.yaml:3:15: anchors (&x) are not used here; take it out");
    CHECK_STR(complaint("gadgets:\n  g:\n    command: !!seq [a]\n"),
              "m.yaml:3:14: tags (tag:yaml.org,2002:seq) are not used here; take it out");
}

/* ------------------------------------------------------------------ trees */

TEST(a_tree_is_kept_as_json_with_its_types)
{
    struct myna_config *cfg = make();

    CHECK_EQ(parse(cfg, "gadgets:\n"
                        "  g:\n"
                        "    parameters:\n"
                        "      type: object\n"
                        "      properties:\n"
                        "        city: {type: string, enum: [yes, \"true\", Rome]}\n"
                        "      n: [1, -2.5, 1e3, true, False, null, ~, 0x10, 01, 1.2.3, \"7\"]\n"
                        "      required: []\n"),
             MYNA_OK);
    CHECK_STR(read_entry(cfg, "g").schema,
              "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\", \"enum\": "
              "[\"yes\", \"true\", \"Rome\"]}}, \"n\": [1, -2.5, 1000.0, true, false, null, null, "
              "\"0x10\", \"01\", \"1.2.3\", \"7\"], \"required\": []}");
    CHECK_EQ(parse(cfg, "gadgets: {g: {parameters: '{\"a\":[1]}'}}"), MYNA_OK);
    CHECK_STR(read_entry(cfg, "g").schema, "{\"a\": [1]}");
    CHECK_EQ(parse(cfg, "gadgets: {g: {parameters: null}}"), MYNA_OK);
    CHECK(!read_entry(cfg, "g").schema);
    myna_config_destroy(cfg);
}

TEST(a_wrong_tree_is_told_where_it_stands)
{
    char deep[512] = "gadgets: {g: {parameters: ";

    CHECK_STR(complaint("gadgets:\n  g:\n    parameters:\n      a: 1\n      a: 2\n"),
              "m.yaml:5:7: \"a\" is given twice in gadgets.g.parameters");
    CHECK_HAS(complaint("gadgets:\n  g:\n    parameters: object\n"),
              "m.yaml:3:17: gadgets.g.parameters is not JSON: ");
    CHECK_HAS(list_of("gadgets.g.parameters", "{"), "--x: gadgets.g.parameters is not JSON: ");
    for (int i = 0; i < 40; i++)
        strcat(deep, "[");
    CHECK_STR(complaint(deep), "m.yaml:1:59: gadgets.g.parameters is deeper than 32 levels");
}

/* ------------------------------------------------------------------ entries */

TEST(entries_come_in_the_order_of_the_file_with_their_places)
{
    struct myna_config *cfg = make();
    struct myna_config_entry e;

    CHECK(!myna_config_entry(cfg, &section, 0, &e));
    CHECK_EQ(parse(cfg, "gadgets:\n"
                        "  zoo: {url: z}\n"
                        "  get-weather_2:\n"
                        "    url: w\n"
                        "    wait: 2s\n"
                        "  empty:\n"),
             MYNA_OK);
    CHECK(myna_config_entry(cfg, &section, 0, &e));
    CHECK_STR(e.name, "zoo");
    CHECK_STR(e.origin, "m.yaml:2:3");
    CHECK(myna_config_entry(cfg, &section, 1, &e));
    CHECK_STR(e.name, "get-weather_2");
    CHECK_STR(e.origin, "m.yaml:3:3");
    CHECK_STR(read_entry(cfg, e.name).url, "w");
    CHECK_EQ(read_entry(cfg, e.name).wait, 2000);
    CHECK(myna_config_entry(cfg, &section, 2, &e));
    CHECK_STR(e.name, "empty");
    CHECK_EQ(read_entry(cfg, e.name).wait, 1000);
    CHECK(!myna_config_entry(cfg, &section, 3, &e));
    CHECK(!myna_config_entry(NULL, &section, 0, &e));
    myna_config_destroy(cfg);
}

TEST(a_second_file_adds_to_the_entries_of_the_first)
{
    struct myna_config *cfg = make();
    struct myna_config_entry e;

    CHECK_EQ(parse(cfg, "gadgets: {a: {url: 1, wait: 3s}}"), MYNA_OK);
    CHECK_EQ(parse(cfg, "gadgets: {a: {url: 2}, b: {url: 3}}"), MYNA_OK);
    CHECK_STR(read_entry(cfg, "a").url, "2");
    CHECK_EQ(read_entry(cfg, "a").wait, 3000);
    CHECK(myna_config_entry(cfg, &section, 1, &e) && !myna_config_entry(cfg, &section, 2, &e));
    myna_config_destroy(cfg);
}

TEST(a_wrong_entry_is_told_where_it_stands)
{
    CHECK_STR(complaint("gadgets:\n  g:\n    ulr: x\n"),
              "m.yaml:3:5: unknown key \"gadgets.g.ulr\"; did you mean \"gadgets.g.url\"?");
    CHECK_STR(complaint("gadgets:\n  g: {url: 1}\n  g: {url: 2}\n"),
              "m.yaml:3:3: \"gadgets.g\" is given twice, first in line 2");
    CHECK_STR(complaint("gadgets:\n  get-it: {url: 1}\n  Get_It: {url: 2}\n"),
              "m.yaml:3:3: \"Get_It\" is too like \"get-it\" (m.yaml:2:3); names in gadgets.* must "
              "differ in more than case, - and _");
    CHECK_STR(complaint("gadgets:\n  g h: {url: 1}\n"),
              "m.yaml:2:3: \"g h\" cannot be a name in gadgets.*; a name has 1 to 64 letters, "
              "digits, _ or -");
    CHECK_HAS(complaint("gadgets:\n  \"*\": {url: 1}\n"), "m.yaml:2:3: \"*\" cannot be a name");
    CHECK_HAS(complaint("gadgets:\n  \"\": {url: 1}\n"), "m.yaml:2:3: \"\" cannot be a name");
    CHECK_STR(complaint("gadgets:\n  g: 5\n"),
              "m.yaml:2:6: gadgets.g is a section; its keys go below it, indented");
    CHECK_STR(complaint("gadgets: 5\n"),
              "m.yaml:1:10: gadgets is a section; its keys go below it, indented");
    CHECK_STR(complaint("gadgets:\n  g:\n    h: {url: 1}\n"),
              "m.yaml:3:5: unknown section \"gadgets.g.h\"; did you mean \"gadgets.g\"?");
    CHECK_STR(complaint("gagdets:\n  g: {url: 1}\n"),
              "m.yaml:1:1: unknown section \"gagdets\"; did you mean \"gadgets\"?");
}

TEST(a_name_may_be_64_bytes_long_and_no_longer)
{
    char text[200], key[200];
    struct myna_config *cfg = make();

    snprintf(text, sizeof text, "gadgets: {%064d: {parameters: {}}}", 7);
    CHECK_EQ(parse(cfg, text), MYNA_OK);
    snprintf(key, sizeof key, "gadgets.%064d.parameters", 7);
    CHECK_STR(myna_config_get(cfg, key), "{}");
    snprintf(text, sizeof text, "gadgets: {%065d: {url: x}}", 7);
    CHECK_HAS(complaint(text), "cannot be a name in gadgets.*");
    myna_config_destroy(cfg);
}

TEST(there_is_an_end_to_the_entries)
{
    struct myna_config *cfg = make();
    char key[64];

    for (int i = 0; i < 256; i++) {
        snprintf(key, sizeof key, "gadgets.g%d.url", i);
        CHECK_EQ(myna_config_set(cfg, key, "x", "--set", &why), MYNA_OK);
    }
    CHECK_EQ(myna_config_set(cfg, "gadgets.more.url", "x", "--set", &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "--set: gadgets.* has more than 256 entries");
    myna_config_destroy(cfg);
}

TEST(flags_set_keys_of_entries_and_make_them)
{
    struct myna_config *cfg = make();
    struct myna_config_entry e;

    CHECK_EQ(parse(cfg, "gadgets: {a: {url: 1}}"), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "gadgets.a.url", "2", "--set", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "gadgets.b.url", "3", "--set", &why), MYNA_OK);
    CHECK_STR(read_entry(cfg, "a").url, "2");
    CHECK(myna_config_entry(cfg, &section, 1, &e));
    CHECK_STR(e.name, "b");
    CHECK_STR(e.origin, "--set");
    CHECK_EQ(myna_config_set(cfg, "gadgets.c.ulr", "3", "--set", &why), MYNA_ECONFIG);
    CHECK(!myna_config_entry(cfg, &section, 2, &e)); /* a mistake makes none */
    CHECK_EQ(myna_config_set(cfg, "gadgets.b.ulr", "3", "--set", &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "--set: unknown key \"gadgets.b.ulr\"; did you mean \"gadgets.b.url\"?");
    CHECK_EQ(myna_config_set(cfg, "gadgets.*.url", "3", "--set", &why), MYNA_ECONFIG);
    CHECK_STR(read_entry(cfg, "nobody").url ? "set" : "unset", "unset");
    myna_config_destroy(cfg);
}

TEST(the_environment_sets_keys_of_entries_and_makes_them)
{
    struct myna_config *cfg = make();
    struct myna_config_entry e;

    setenv("MYNA_GADGETS_GET_IT_URL", "2", 1);
    setenv("MYNA_GADGETS_OTHER_API_KEY", "sesame", 1);
    CHECK_EQ(parse(cfg, "gadgets: {Get-it: {url: 1}}"), MYNA_OK);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_OK);
    CHECK_STR(read_entry(cfg, "Get-it").url, "2");
    CHECK(myna_config_entry(cfg, &section, 1, &e) && !myna_config_entry(cfg, &section, 2, &e));
    CHECK_STR(e.name, "other");
    CHECK_STR(e.origin, "environment MYNA_GADGETS_OTHER_API_KEY");
    CHECK_STR(read_entry(cfg, "other").key, "sesame");
    unsetenv("MYNA_GADGETS_OTHER_API_KEY");
    unsetenv("MYNA_GADGETS_GET_IT_URL");
    setenv("MYNA_GADGETS_GET_IT_ULR", "2", 1);
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_ECONFIG);
    CHECK_STR(why.text, "MYNA_GADGETS_GET_IT_ULR: unknown variable; did you mean "
                        "MYNA_GADGETS_GET_IT_URL?");
    unsetenv("MYNA_GADGETS_GET_IT_ULR");
    setenv("MYNA_GADGETS_URL", "2", 1); /* no name between */
    CHECK_EQ(myna_config_environment(cfg, &why), MYNA_ECONFIG);
    unsetenv("MYNA_GADGETS_URL");
    myna_config_destroy(cfg);
}

/* ------------------------------------------------------------------ shown */

static const char rich[] =
    "gadgets:\n"
    "  a:\n"
    "    command: [\"x, \\\"y\\\"\", \"\", \"1\", \"a\\x01\\u20ac\"]\n"
    "    headers: {Authorization: \"Bearer sesame\", \"a b\": \"c\"}\n"
    "    parameters: {\"a b\": [1, 2.5, \"\\x7f\\ufeff\", \"\\u20ac\"], c: {}}\n"
    "  b:\n";

TEST(entries_are_printed_and_read_again)
{
    struct myna_config *cfg = make(), *again = make();
    struct myna_config_entry e;
    char *text;

    CHECK_EQ(parse(cfg, rich), MYNA_OK);
    text = printed(cfg);
    CHECK_HAS(text, "\ngadgets:\n  a:\n    command: [\"x, \\\"y\\\"\", \"\", \"1\", "
                    "\"a\\x01\xe2\x82\xac\"]");
    CHECK_HAS(text, "    headers: {Authorization: \"************\", \"a b\": \"************\"}");
    CHECK_HAS(text, "    parameters: {\"a b\": [1, 2.5, \"\\u007f\\ufeff\", \"\xe2\x82\xac\"], "
                    "\"c\": {}}");
    CHECK_HAS(text, "\n  b:\n    command: null                           # default\n");
    CHECK(!strstr(text, "sesame") && !strstr(text, "*:"));
    if (parse(again, text))
        check_fail(__FILE__, __LINE__, "%s\n%s", why.text, text);
    CHECK_STR(joined(read_entry(again, "a").command), "x, \"y\"||1|a\x01\xe2\x82\xac");
    CHECK_STR(read_entry(again, "a").schema, read_entry(cfg, "a").schema);
    CHECK(myna_config_entry(again, &section, 1, &e));
    CHECK_STR(e.name, "b");
    free(text);
    myna_config_destroy(cfg);
    myna_config_destroy(again);
}

TEST(a_section_without_entries_is_not_shown)
{
    struct myna_config *cfg = make();
    char *text = printed(cfg), *json = myna_config_json(cfg);

    CHECK(!strstr(text, "gadgets") && json && !strstr(json, "gadgets"));
    free(text);
    free(json);
    myna_config_destroy(cfg);
}

TEST(json_holds_lists_maps_and_trees_as_what_they_are)
{
    struct myna_config *cfg = make();
    json_t *all, *value;
    char *text;

    CHECK_EQ(parse(cfg, rich), MYNA_OK);
    text = myna_config_json(cfg);
    CHECK(text && !strstr(text, "sesame"));
    all = json_loads(text, 0, NULL);
    CHECK(all);
    value = json_object_get(json_object_get(all, "gadgets.a.command"), "value");
    CHECK_EQ(json_array_size(value), 4);
    CHECK_STR(json_string_value(json_array_get(value, 0)), "x, \"y\"");
    value = json_object_get(json_object_get(all, "gadgets.a.headers"), "value");
    CHECK(json_is_null(json_object_get(value, "Authorization")));
    CHECK(json_is_true(json_object_get(json_object_get(all, "gadgets.a.headers"), "secret")));
    value = json_object_get(json_object_get(all, "gadgets.a.parameters"), "value");
    CHECK_NEAR(json_real_value(json_array_get(json_object_get(value, "a b"), 1)), 2.5, 0);
    value = json_object_get(json_object_get(all, "gadgets.b.parameters"), "value");
    CHECK(json_is_null(value));
    json_decref(all);
    free(text);
    myna_config_destroy(cfg);
}

TEST_MAIN
