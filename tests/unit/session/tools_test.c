/* tools_test.c - which arguments a tool may be called with (agent-session 1.11). */
#include <stdlib.h>

#include "check.h"
#include "session/tools.h"

static const struct myna_tool_def weather = {
    .name = "get_weather",
    .parameters = "{\"type\":\"object\",\"properties\":{\"location\":{\"type\":\"string\"}},"
                  "\"required\":[\"location\"]}"};
static const struct myna_tool_def plain = {.name = "now"};

static void taken(const struct myna_tool_def *def, const char *arguments, const char *want)
{
    struct myna_why why = {0};
    char *out = NULL;

    CHECK_EQ(myna_tool_arguments(def, def->name, arguments, &out, &why), MYNA_OK);
    CHECK_STR(out, want);
    free(out);
}

static void refused(const char *arguments, const char *has)
{
    struct myna_why why = {0};
    char *out = NULL;

    CHECK_EQ(myna_tool_arguments(&weather, weather.name, arguments, &out, &why), MYNA_EFORMAT);
    CHECK(out == NULL);
    CHECK_HAS(why.text, "get_weather");
    CHECK_HAS(why.text, has);
}

TEST(arguments_are_written_anew_without_blanks)
{
    taken(&weather, " { \"location\" : \"Tokyo\", \"unit\": 1 } ",
          "{\"location\":\"Tokyo\",\"unit\":1}");
}

TEST(no_arguments_are_an_empty_object)
{
    taken(&plain, NULL, "{}");
    taken(&plain, "", "{}");
    taken(&plain, " \n", "{}");
}

TEST(what_is_required_and_missing_is_named)
{
    refused("{}", "\"location\"");
    refused("", "\"location\"");
    refused("{\"Location\":\"Tokyo\"}", "\"location\"");
}

TEST(what_is_no_object_is_refused)
{
    refused("[\"location\"]", "object");
    refused("\"location\"", "object");
    refused("null", "object");
    refused("{\"location\":", "not JSON");
    refused("{\"location\":1} x", "not JSON");
    refused("{\"location\":\"\xff\"}", "not JSON");
}

TEST_MAIN
