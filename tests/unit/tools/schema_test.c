/* schema_test.c - what is a schema, and which arguments fit it: each rule by a pair. */
#include "check.h"

#include "tools/schema.h"

static struct myna_why why;

static enum myna_err check(const char *text)
{
    json_t *schema = json_loads(text, JSON_DECODE_ANY, NULL);
    enum myna_err err;

    CHECK(schema);
    memset(&why, 0, sizeof why);
    err = myna_schema_check(schema, &why);
    json_decref(schema);
    return err;
}

static enum myna_err fits(const char *text, const char *value)
{
    json_t *schema = json_loads(text, 0, NULL), *v = json_loads(value, 0, NULL);
    enum myna_err err;

    CHECK(schema && v);
    memset(&why, 0, sizeof why);
    err = myna_schema_fits(schema, v, &why);
    json_decref(schema);
    json_decref(v);
    return err;
}

TEST(schemas_that_tools_have)
{
    CHECK_EQ(check("{}"), MYNA_OK);
    CHECK_EQ(check("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\",\"null\"]},"
                   "\"b\":true,\"c\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d\"}}},"
                   "\"required\":[\"a\"],\"$defs\":{\"d\":{\"enum\":[1,2]}}}"),
             MYNA_OK);
    /* a tree refers to itself and is well */
    CHECK_EQ(check("{\"type\":\"object\",\"properties\":{\"child\":{\"$ref\":\"#\"}}}"), MYNA_OK);
}

TEST(what_is_no_schema_is_named_with_its_place)
{
    static const struct {
        const char *schema, *says;
    } bad[] = {
        {"[]", "it must be an object"},
        {"{\"type\":\"string\"}", "type must be \"object\""},
        {"{\"type\":\"objekt\"}", "type must be \"object\""},
        {"{\"properties\":[]}", "properties must be an object of schemas"},
        {"{\"properties\":{\"city\":\"string\"}}", "properties.city must be a schema"},
        {"{\"properties\":{\"city\":{\"type\":\"text\"}}}", "properties.city.type must be"},
        {"{\"properties\":{\"city\":{\"type\":[\"text\"]}}}", "properties.city.type names"},
        {"{\"properties\":{},\"required\":[\"x\"]}", "required names \"x\""},
        {"{\"required\":\"x\"}", "required must be a list"},
        {"{\"properties\":{\"c\":{\"enum\":[]}}}", "properties.c.enum must be a list"},
        {"{\"properties\":{\"c\":{\"items\":3}}}", "properties.c.items must be a schema"},
        {"{\"anyOf\":{}}", "anyOf must be a list"},
        {"{\"properties\":{\"c\":{\"$ref\":\"#/$defs/no\"}}}", "properties.c has a $ref"},
        {"{\"properties\":{\"c\":{\"$ref\":\"#/properties/c\"}}}", "in a circle"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(check(bad[i].schema), MYNA_ECONFIG);
        CHECK_HAS(why.text, bad[i].says);
    }
}

TEST(a_deep_schema_is_refused_and_ends)
{
    char text[4000] = "";

    for (int i = 0; i < 60; i++)
        strcat(text, "{\"properties\":{\"a\":");
    strcat(text, "{}");
    for (int i = 0; i < 60; i++)
        strcat(text, "}}");
    CHECK_EQ(check(text), MYNA_ECONFIG);
    CHECK_HAS(why.text, "too deep");
}

#define P(x) "{\"properties\":{\"v\":" x "}}"

TEST(arguments_that_fit_and_that_do_not)
{
    static const struct {
        const char *schema, *good, *bad, *says;
    } rows[] = {
        {P("{\"type\":\"string\"}"), "{\"v\":\"a\"}", "{\"v\":1}", "\"v\" must be a string"},
        {P("{\"type\":\"integer\"}"), "{\"v\":3.0}", "{\"v\":3.5}", "\"v\" must be an integer"},
        {P("{\"type\":\"number\"}"), "{\"v\":3}", "{\"v\":\"3\"}", "must be a number"},
        {P("{\"type\":\"boolean\"}"), "{\"v\":true}", "{\"v\":0}", "must be a boolean"},
        {P("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"), "{\"v\":[\"a\"]}",
         "{\"v\":[\"a\",1]}", "must be a string"},
        {P("{\"type\":[\"string\",\"null\"]}"), "{\"v\":null}", "{\"v\":1}", "must be a string"},
        {P("{\"enum\":[\"a\",\"b\"]}"), "{\"v\":\"b\"}", "{\"v\":\"c\"}", "one of [\"a\",\"b\"]"},
        {P("{\"const\":1}"), "{\"v\":1}", "{\"v\":2}", "not allowed"},
        {P("{\"minimum\":1}"), "{\"v\":1}", "{\"v\":0}", "at least 1"},
        {P("{\"maximum\":5}"), "{\"v\":5}", "{\"v\":6}", "at most 5"},
        {P("{\"exclusiveMinimum\":1}"), "{\"v\":2}", "{\"v\":1}", "more than 1"},
        {P("{\"exclusiveMaximum\":5}"), "{\"v\":4}", "{\"v\":5}", "less than 5"},
        {P("{\"minLength\":2}"), "{\"v\":\"\xc3\xa4\xc3\xa4\"}", "{\"v\":\"\xc3\xa4\"}",
         "at least 2 characters"},
        {P("{\"maxItems\":1}"), "{\"v\":[1]}", "{\"v\":[1,2]}", "at most 1 items"},
        {P("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}"), "{\"v\":null}", "{\"v\":1}",
         "must be a string"},
        {P("{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}"), "{\"v\":2}", "{\"v\":3}", "at most 2"},
        {P("{\"type\":\"object\",\"required\":[\"x\"]}"), "{\"v\":{\"x\":1}}", "{\"v\":{}}",
         "the required field \"x\" is missing in v"},
        {"{\"additionalProperties\":false,\"properties\":{\"v\":{}}}", "{\"v\":1}", "{\"w\":1}",
         "\"w\" is a field that it does not have"},
        {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"w\":\"\"}", "{\"w\":1}",
         "must be a string"},
        {"{\"required\":[\"v\"]}", "{\"v\":null}", "{}", "the required field \"v\" is missing"},
        {P("false"), "{}", "{\"v\":1}", "not allowed"},
        {"{\"properties\":{\"v\":{\"$ref\":\"#/$defs/n\"}},\"$defs\":{\"n\":{\"maximum\":1}}}",
         "{\"v\":1}", "{\"v\":2}", "at most 1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(fits(rows[i].schema, rows[i].good), MYNA_OK);
        CHECK_EQ(fits(rows[i].schema, rows[i].bad), MYNA_EFORMAT);
        CHECK_HAS(why.text, rows[i].says);
    }
}

TEST_MAIN
