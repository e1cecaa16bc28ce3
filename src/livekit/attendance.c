/* attendance.c - see attendance.h. */
#include "livekit/attendance.h"

#include <string.h>

#include <jansson.h>

#include "livekit/people.h"
#include "util/json_load.h"

bool myna_lk_kind_counts(int kind)
{
    return kind != MYNA_LK_AGENT && kind != MYNA_LK_EGRESS;
}

/* protojson writes names and leaves out what is zero; others write numbers. */
static bool is(const json_t *v, const char *name, int number)
{
    return json_is_integer(v) ? json_integer_value(v) == number
                              : json_is_string(v) && !strcmp(json_string_value(v), name);
}

int myna_lk_attendance(const char *json, size_t len, const char *self)
{
    json_t *root = myna_json_loadb(json, len, 0, NULL), *one;
    json_t *list = json_object_get(root, "participants");
    int n = 0;
    size_t i;

    if (!json_is_object(root)) {
        json_decref(root);
        return -1;
    }
    json_array_foreach(list, i, one)
    {
        const json_t *kind = json_object_get(one, "kind");
        const char *identity = json_string_value(json_object_get(one, "identity"));

        n += !is(kind, "AGENT", MYNA_LK_AGENT) && !is(kind, "EGRESS", MYNA_LK_EGRESS) &&
             !is(json_object_get(one, "state"), "DISCONNECTED", 3) && json_is_object(one) &&
             (!identity || strcmp(identity, self) != 0);
    }
    json_decref(root);
    return n;
}
