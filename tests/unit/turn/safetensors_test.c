/* safetensors_test.c - a good file gives its tensors; every lie in a header is found. */
#include "check.h"
#include "fault.h"

#include "turn/safetensors.h"

static uint8_t file[512];

static size_t with(const char *header, size_t n_data)
{
    size_t len = strlen(header);

    memset(file, 0, sizeof file);
    file[0] = (uint8_t)len;
    file[1] = (uint8_t)(len >> 8);
    memcpy(file + 8, header, len);
    for (size_t i = 0; i < n_data; i++)
        file[8 + len + i] = (uint8_t)i;
    return 8 + len + n_data;
}

#define GOOD                                                                                       \
    "{\"__metadata__\":{\"by\":\"us\"},"                                                           \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[24,28]},"                             \
    "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}"

TEST(tensors_come_out_with_name_type_shape_and_bytes)
{
    struct myna_safetensors *st;
    const struct myna_tensor *t;
    size_t len = with(GOOD, 28);

    CHECK_EQ(myna_safetensors_parse("f", file, len, &st, NULL), MYNA_OK);
    CHECK_EQ(myna_safetensors_count(st), 2);
    t = myna_safetensors_find(st, "b");
    CHECK(t != NULL);
    CHECK_STR(t->dtype, "U8");
    CHECK_EQ(t->n_dims, 1);
    CHECK_EQ(t->dims[0], 4);
    CHECK_EQ(t->bytes, 4);
    CHECK_EQ(t->data[0], 24);
    CHECK_STR(myna_safetensors_at(st, 0)->name, "a"); /* by place */
    CHECK(!myna_safetensors_find(st, "c"));
    CHECK(!myna_safetensors_at(st, 2));
    myna_safetensors_destroy(st);
}

TEST(every_lie_is_found)
{
    static const struct {
        const char *header;
        size_t n_data;
        const char *says;
    } lies[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}", 12, "do not agree"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", 11, "outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,0]}}", 12, "outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[-12,0]}}", 12, "outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", 13,
         "behind the last"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[1,13]}}", 13, "hole"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
         6, "overlaps"},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[3],\"data_offsets\":[0,12]}}", 12, "unknown type"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4],\"data_offsets\":[0,4]}}", 4,
         "larger than the file"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
         "too many dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":3,\"data_offsets\":[0,12]}}", 12, "lacks"},
        {"{\"a\":7}", 0, "lacks"},
        {"[]", 0, "lists no tensors"},
        {"{\"a\":", 0, "not JSON"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
         0, "not JSON"},
    };

    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct myna_safetensors *st = NULL;
        struct myna_why why = {0};
        size_t len = with(lies[i].header, lies[i].n_data);

        CHECK_EQ(myna_safetensors_parse("w.safetensors", file, len, &st, &why), MYNA_EFORMAT);
        CHECK_HAS(why.text, "w.safetensors");
        CHECK_HAS(why.text, lies[i].says);
        CHECK(!st);
    }
}

TEST(cut_anywhere_it_is_refused)
{
    size_t len = with(GOOD, 28);

    for (size_t n = 0; n < len; n++) {
        struct myna_safetensors *st = NULL;
        uint8_t *copy = malloc(n + 1); /* the sanitizer watches its end */

        memcpy(copy, file, n);
        CHECK_EQ(myna_safetensors_parse("f", copy, n, &st, NULL), MYNA_EFORMAT);
        free(copy);
    }
}

TEST(a_header_length_beyond_all_bounds_is_refused)
{
    struct myna_safetensors *st;

    with(GOOD, 28);
    memset(file, 0xff, 8);
    CHECK_EQ(myna_safetensors_parse("f", file, sizeof file, &st, NULL), MYNA_EFORMAT);
}

static bool parse(void *arg)
{
    struct myna_safetensors *st;

    if (myna_safetensors_parse("f", file, *(size_t *)arg, &st, NULL))
        return false;
    myna_safetensors_destroy(st);
    return true;
}

TEST(short_memory_leaves_nothing_behind)
{
    size_t len = with(GOOD, 28);

    CHECK(fault_each_alloc(parse, &len) > 0);
}

TEST_MAIN
