/* json_load_test.c - JSON is read as jansson reads it, lies are refused with their place, and short
 * memory costs the value, nothing else. */
#include "util/json_load.h"

#include "check.h"
#include "fault.h"
#include "util/json_dump.h"

/* Reads, writes again, compares. */
static void reads(const char *text, size_t flags, const char *want)
{
    json_error_t why = {0};
    json_t *v = myna_json_loads(text, flags | JSON_DECODE_ANY, &why);
    char *again;

    if (!v)
        check_fail(__FILE__, __LINE__, "%s: %s", text, why.text);
    again = myna_json_dump(v, JSON_COMPACT | JSON_ENCODE_ANY);
    CHECK_STR(again, want);
    free(again);
    json_decref(v);
}

TEST(every_kind_of_value_is_read)
{
    reads(" { \"a\" : [ 1 , -2.5e1, true,false ,null, \"x\" ] , \"b\":{}, \"c\":[]}\n", 0,
          "{\"a\":[1,-25.0,true,false,null,\"x\"],\"b\":{},\"c\":[]}");
    reads("9223372036854775807", 0, "9223372036854775807");
    reads("-9223372036854775808", 0, "-9223372036854775808");
    reads("-0", 0, "0");
    reads("0.5E+2", 0, "50.0");
    reads("\"\"", 0, "\"\"");
}

TEST(strings_lose_their_escapes)
{
    reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    reads("\"\\u0041\\u00e4\\u20AC\\uD83D\\ude00\"", 0,
          "\"A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    reads("\"a\\u0000b\"", JSON_ALLOW_NUL, "\"a\\u0000b\"");
    reads("{\"\\u0061\": 1}", 0, "{\"a\":1}");
}

TEST(the_last_of_two_equal_names_counts_unless_they_are_refused)
{
    json_error_t why;

    reads("{\"a\":1,\"a\":2}", 0, "{\"a\":2}");
    CHECK(!myna_json_loads("{\"a\":1,\n \"a\":2}", JSON_REJECT_DUPLICATES, &why));
    CHECK_HAS(why.text, "\"a\" is there twice");
    CHECK_EQ(why.line, 2);
}

TEST(what_is_not_json_is_refused_with_its_place)
{
    static const struct {
        const char *text, *says;
        int line, column;
    } rows[] = {
        {"", "unexpected end", 1, 1},
        {"{\"a\":1,\n  \"b\" 2}", "unexpected '2'", 2, 7},
        {"[1,]", "unexpected ']'", 1, 4},
        {"[1 2]", "unexpected '2'", 1, 4},
        {"[1", "unexpected end", 1, 3},
        {"{\"a\"", "unexpected end", 1, 5},
        {"{\"a\":}", "unexpected '}'", 1, 6},
        {"{1:2}", "unexpected '1:2'", 1, 2},
        {"{}x", "unexpected 'x'", 1, 3},
        {"[tru]", "unexpected 'tru'", 1, 2},
        {"[01]", "unexpected '01'", 1, 2},
        {"[1.]", "unexpected '1.'", 1, 2},
        {"[.5]", "unexpected '.5'", 1, 2},
        {"[1e]", "unexpected '1e'", 1, 2},
        {"[-]", "unexpected '-'", 1, 2},
        {"[1e999]", "too large", 1, 2},
        {"[9223372036854775808]", "too large", 1, 2},
        {"[\"abc", "without an end", 1, 6},
        {"[\"a\\", "an escape that is none", 1, 5},
        {"[\"\\x\"]", "an escape that is none", 1, 4},
        {"[\"\\u12\"]", "an escape that is none", 1, 5},
        {"[\"\\uD800\"]", "an escape that is none", 1, 9},
        {"[\"\\uD800\\u0041\"]", "an escape that is none", 1, 15},
        {"[\"\\u0000\"]", "an escape that is none", 1, 9},
        {"[\"a\nb\"]", "byte 10", 1, 4},
        {"[\"\xC3\x28\"]", "byte 195", 1, 3},
        {"[\"\xED\xA0\x80\"]", "byte 237", 1, 3},
        {"7", "unexpected '7'", 1, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_error_t why = {0};

        if (myna_json_loads(rows[i].text, 0, &why) || !strstr(why.text, rows[i].says) ||
            why.line != rows[i].line || why.column != rows[i].column)
            check_fail(__FILE__, __LINE__, "%s: %s at %d:%d", rows[i].text, why.text, why.line,
                       why.column);
        CHECK(!myna_json_starved(&why));
        CHECK(!myna_json_loads(rows[i].text, 0, NULL));
    }
}

TEST(a_name_with_a_nul_is_refused)
{
    CHECK(!myna_json_loads("{\"a\\u0000b\":1}", JSON_ALLOW_NUL, NULL));
}

TEST(no_text_is_no_json)
{
    json_error_t why;

    CHECK(!myna_json_loadb(NULL, 0, 0, NULL));
    CHECK(!myna_json_loads(NULL, 0, &why));
    CHECK_STR(why.text, "unexpected end");
    CHECK(!myna_json_starved(&why));
}

TEST(nothing_is_read_behind_the_end_of_the_text)
{
    static const char text[] = "{\"key\":[1,\"two\\u20ac\",{\"t\":true}],\"x\":-1.5e3}";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *cut = malloc(n + 1); /* the sanitizer watches its end */

        memcpy(cut, text, n);
        CHECK(!myna_json_loadb(cut, n, 0, NULL));
        free(cut);
    }
}

TEST(depth_has_an_end)
{
    char text[2 * MYNA_JSON_DEPTH + 3] = "";
    json_error_t why;
    json_t *v;

    memset(text, '[', MYNA_JSON_DEPTH);
    memset(text + MYNA_JSON_DEPTH, ']', MYNA_JSON_DEPTH);
    v = myna_json_loads(text, 0, &why);
    CHECK(v != NULL);
    json_decref(v);
    memset(text, '[', MYNA_JSON_DEPTH + 1);
    memset(text + MYNA_JSON_DEPTH + 1, ']', MYNA_JSON_DEPTH + 1);
    CHECK(!myna_json_loads(text, 0, &why));
    CHECK_HAS(why.text, "levels");
}

/* Long names and texts: those are where jansson's reader breaks. */
static bool read_one(void *arg)
{
    json_error_t why = {0};
    json_t *v = myna_json_loads("{\"a name that is longer than sixteen bytes\":[1,2.5,\"and a text "
                                "that is much longer than that, as words of people are\",{}]}",
                                0, &why);
    bool whole = v != NULL;

    (void)arg;
    if (whole)
        CHECK_EQ(json_array_size(json_object_get(v, "a name that is longer than sixteen bytes")),
                 4);
    else
        CHECK(fault_hit() && myna_json_starved(&why));
    json_decref(v);
    return whole;
}

TEST(short_memory_costs_the_value_and_is_told_as_such)
{
    CHECK(fault_each_alloc(read_one, NULL) >= 10);
}

TEST_MAIN
