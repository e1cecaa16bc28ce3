/* json_dump_test.c - a value becomes its whole text, or none where memory is short. */
#include "util/json_dump.h"

#include "check.h"
#include "fault.h"

static const char whole[] = "{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null}";

TEST(a_value_is_dumped_as_jansson_does)
{
    json_t *v = json_loads(whole, 0, NULL);
    char *text = myna_json_dump(v, JSON_COMPACT);

    CHECK_STR(text, whole);
    free(text);
    json_decref(v);
    CHECK(!myna_json_dump(NULL, 0));
}

/* json_dumps() loses the key for which memory was short. */
TEST(what_did_not_fit_leaves_no_text_at_all)
{
    json_t *big = json_object();
    char key[32];
    int tried = 0;
    bool hit = true;

    for (int i = 0; i < 400; i++) {
        snprintf(key, sizeof key, "key number %d", i);
        json_object_set_new(big, key, json_integer(i));
    }
    for (unsigned long n = 1; hit; n++) {
        char *text;
        json_t *back;

        fault_fail_alloc(n);
        text = myna_json_dump(big, JSON_COMPACT);
        hit = fault_hit();
        fault_off();
        tried += hit;
        back = text ? json_loads(text, 0, NULL) : NULL;
        CHECK(text ? json_equal(big, back) : hit);
        json_decref(back);
        free(text);
    }
    CHECK(tried > 3);
    json_decref(big);
}

TEST_MAIN
