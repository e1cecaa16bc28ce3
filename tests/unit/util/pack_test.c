/* pack_test.c - what the stages carry survives the trip through bytes; UTF-8 is told from noise;
 * what speaks is buried when it is quiet. */
#include "util/pack.h"

#include "check.h"
#include "fault.h"
#include "util/grave.h"
#include "util/host.h"
#include "util/item_json.h"
#include "util/utf8.h"

TEST(a_fault_comes_back_as_it_was_and_no_shorter_bytes_do)
{
    struct myna_fault f = {.stage = MYNA_STAGE_TOOL,
                           .err = MYNA_EDIFFER,
                           .provider = "p",
                           .message = "m",
                           .http_status = 503,
                           .recoverable = true};
    struct myna_fault got = {0};
    struct myna_buf b;
    struct myna_reader r;

    myna_buf_init(&b, 0);
    myna_pack_fault(&b, &f);
    r = (struct myna_reader){.ptr = b.ptr, .len = b.len};
    myna_read_fault(&r, &got);
    CHECK(!r.bad && r.len == 0);
    CHECK_EQ(got.stage, f.stage);
    CHECK_EQ(got.err, f.err);
    CHECK_STR(got.provider, "p");
    CHECK_STR(got.message, "m");
    CHECK_EQ(got.http_status, 503);
    CHECK(!got.retryable && got.recoverable);
    for (size_t len = 0; len < b.len; len++) {
        r = (struct myna_reader){.ptr = b.ptr, .len = len};
        myna_read_fault(&r, &got);
        CHECK(r.bad);
    }
    b.ptr[0] = MYNA_STAGE_TOOL + 1;
    r = (struct myna_reader){.ptr = b.ptr, .len = b.len};
    myna_read_fault(&r, &got);
    CHECK(r.bad);
    myna_buf_fini(&b);
}

TEST(words_beyond_the_readers_room_are_refused)
{
    struct myna_word words[2] = {{"a", 1, 2, 0.5f}, {NULL, 3, 4, -1}}, back[2];
    struct myna_buf b;
    struct myna_reader r;

    myna_buf_init(&b, 0);
    myna_pack_words(&b, words, 2);
    r = (struct myna_reader){.ptr = b.ptr, .len = b.len};
    CHECK_EQ(myna_read_words(&r, back, 2), 2);
    CHECK(!r.bad && r.len == 0);
    CHECK_STR(back[0].text, "a");
    CHECK(back[1].text == NULL && back[1].end == 4);
    r = (struct myna_reader){.ptr = b.ptr, .len = b.len};
    CHECK_EQ(myna_read_words(&r, back, 1), 0);
    CHECK(r.bad);
    myna_buf_fini(&b);
}

TEST(a_failed_open_is_unpacked_only_from_its_own_eight_bytes)
{
    uint8_t bytes[9] = {0};
    enum myna_stage stage;
    enum myna_err err;

    myna_le32(myna_le32(bytes, MYNA_STAGE_TTS), MYNA_EUNAVAIL);
    CHECK_EQ(myna_fail_unpack((struct myna_view){bytes, 8}, &stage, &err), MYNA_OK);
    CHECK_EQ(stage, MYNA_STAGE_TTS);
    CHECK_EQ(err, MYNA_EUNAVAIL);
    CHECK_EQ(myna_fail_unpack((struct myna_view){bytes, 7}, &stage, &err), MYNA_EFORMAT);
    CHECK_EQ(myna_fail_unpack((struct myna_view){bytes, 9}, &stage, &err), MYNA_EFORMAT);
    myna_le32(bytes + 4, MYNA_OK); /* a failure that is none */
    CHECK_EQ(myna_fail_unpack((struct myna_view){bytes, 8}, &stage, &err), MYNA_EFORMAT);
    myna_le32(bytes + 4, MYNA_EDIFFER + 1);
    CHECK_EQ(myna_fail_unpack((struct myna_view){bytes, 8}, &stage, &err), MYNA_EFORMAT);
}

/* Unicode 15, tables 3-7 and 3-8 */
TEST(characters_are_whole_cut_or_broken)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = {
        {"a", 1},
        {"\xC2\xA2", 2},
        {"\xE2\x82\xAC", 3},
        {"\xF0\x9F\x90\xA6", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\xC2", 0}, /* cut */
        {"\xE2\x82", 0},
        {"\xF0\x9F\x90", 0},
        {"\x80", -1},     /* begins in the middle */
        {"\xC0\xAF", -1}, /* overlong */
        {"\xE0\x80\xAF", -1},
        {"\xED\xA0\x80", -1},     /* surrogate */
        {"\xF4\x90\x80\x80", -1}, /* past U+10FFFF */
        {"\xF5", -1},
        {"\xE2\x82"
         "A",
         -2}, /* two bytes stand for one U+FFFD */
        {"\xF0\x9F\x90"
         "A",
         -3},
        {"\xC2"
         "A",
         -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int is = myna_utf8_next((const uint8_t *)rows[i].text, strlen(rows[i].text));

        if (is != rows[i].want)
            check_fail(__FILE__, __LINE__, "row %zu is %d, want %d", i, is, rows[i].want);
    }
    CHECK_EQ(myna_utf8_next((const uint8_t *)"", 1), -1); /* NUL ends our text */
    CHECK_EQ(myna_utf8_span((const uint8_t *)"ab\xC2\xA2\xE2\x82", 6), 4);
    CHECK_EQ(myna_utf8_span((const uint8_t *)"", 0), 0);
}

TEST(numbers_that_are_none_are_left_out_and_whole_ones_have_no_fraction)
{
    json_t *o = json_object();

    CHECK_EQ(myna_json_put_number(o, "nan", NAN), 0);
    CHECK_EQ(myna_json_put_number(o, "inf", INFINITY), 0);
    CHECK_EQ(json_object_size(o), 0);
    CHECK_EQ(myna_json_put_number(o, "whole", 3.0), 0);
    CHECK(json_is_integer(json_object_get(o, "whole")));
    CHECK_EQ(myna_json_put_number(o, "half", 0.5), 0);
    CHECK(json_is_real(json_object_get(o, "half")));
    CHECK_EQ(myna_json_put_text(o, "none", NULL), 0);
    CHECK(json_object_get(o, "none") == NULL);
    json_decref(o);
}

struct thing {
    struct myna_grave grave;
    int *buried;
};

static void bury(struct myna_grave *g)
{
    ++*((struct thing *)g)->buried;
    free(g);
}

static void new_thing(struct myna_host *host, int *buried)
{
    struct thing *t = calloc(1, sizeof *t);

    CHECK(t != NULL);
    t->buried = buried;
    myna_host_bury_later(host, &t->grave, bury);
}

TEST(graves_are_filled_by_the_loop_or_at_the_end_and_once)
{
    struct myna_loop_options lo = {.virtual_clock = true};
    struct myna_host host = {.loop = myna_loop_create(&lo, NULL)};
    int buried = 0;

    for (int i = 0; i < 3; i++)
        new_thing(&host, &buried);
    CHECK_EQ(buried, 0);
    myna_loop_run(host.loop);
    CHECK_EQ(buried, 3);
    CHECK(host.graves == NULL);
    for (int i = 0; i < 3; i++)
        new_thing(&host, &buried);
    myna_host_bury_all(&host);
    CHECK_EQ(buried, 6);
    myna_loop_run(host.loop);
    CHECK_EQ(buried, 6);
    myna_loop_destroy(host.loop);
}

/* The timer's memory may be short: then the runtime's end does it. */
static bool bury_one(void *arg)
{
    struct myna_loop_options lo = {.virtual_clock = true};
    struct myna_host host = {.loop = myna_loop_create(&lo, NULL)};
    struct thing *t = host.loop ? calloc(1, sizeof *t) : NULL;
    int buried = 0;

    (void)arg;
    if (t) {
        t->buried = &buried;
        myna_host_bury_later(&host, &t->grave, bury);
        myna_loop_run(host.loop);
        myna_host_bury_all(&host);
        CHECK_EQ(buried, 1);
    }
    myna_loop_destroy(host.loop);
    return t != NULL;
}

TEST(a_grave_without_a_timer_is_filled_at_the_end)
{
    CHECK(fault_each_alloc(bury_one, NULL) > 1);
}

TEST_MAIN
