/* buf_test.c - growth up to the ceiling, errors that stick, and packing that reads back. */
#include "check.h"

#include "fault.h"
#include "util/buf.h"

TEST(text_grows_and_is_always_terminated)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_STR(myna_buf_str(&b), ""); /* before anything was put */
    for (int i = 0; i < 500; i++)
        CHECK_EQ(myna_buf_printf(&b, "%03d ", i), MYNA_OK);
    CHECK_EQ(b.len, 2000);
    CHECK_EQ(strlen(myna_buf_str(&b)), 2000);
    CHECK(!memcmp(myna_buf_str(&b) + 4 * 321, "321 ", 4));
    myna_buf_drop(&b, 1996);
    CHECK_STR(myna_buf_str(&b), "499 ");
    myna_buf_drop(&b, 100); /* more than there is */
    CHECK_EQ(b.len, 0);
    CHECK_EQ(myna_buf_putc(&b, 'x'), MYNA_OK);
    CHECK_STR(myna_buf_str(&b), "x");
    myna_buf_clear(&b);
    CHECK_STR(myna_buf_str(&b), "");
    myna_buf_fini(&b);
}

TEST(the_ceiling_is_exact_and_its_error_sticks_until_cleared)
{
    struct myna_buf b;

    myna_buf_init(&b, 10);
    CHECK_EQ(myna_buf_puts(&b, "0123456789"), MYNA_OK);
    CHECK_EQ(myna_buf_putc(&b, 'x'), MYNA_ELIMIT);
    CHECK_EQ(myna_buf_put(&b, "", 0), MYNA_ELIMIT); /* also what would fit is ignored */
    CHECK_STR(myna_buf_str(&b), "0123456789");
    CHECK(!myna_buf_take(&b));
    myna_buf_drop(&b, 10);
    CHECK_EQ(myna_buf_puts(&b, "a"), MYNA_ELIMIT);
    myna_buf_clear(&b);
    CHECK_EQ(myna_buf_printf(&b, "%s", "01234567890"), MYNA_ELIMIT);
    CHECK_EQ(b.len, 0);
    myna_buf_clear(&b);
    CHECK_EQ(myna_buf_put(&b, "x", SIZE_MAX), MYNA_ELIMIT);
    myna_buf_fini(&b);
}

TEST(short_memory_sticks_too_and_keeps_what_was_there)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_buf_puts(&b, "kept"), MYNA_OK);
    fault_fail_alloc(1);
    for (int i = 0; i < 100; i++)
        myna_buf_puts(&b, "more");
    CHECK_EQ(b.err, MYNA_ENOMEM);
    CHECK(b.len < 64);
    CHECK(!memcmp(myna_buf_str(&b), "keptmore", 8));
    myna_buf_fini(&b);
}

TEST(take_hands_over_the_text_and_leaves_an_empty_buffer)
{
    struct myna_buf b;
    char *text;

    myna_buf_init(&b, 100);
    text = myna_buf_take(&b); /* nothing was put: "", not NULL */
    CHECK_STR(text, "");
    free(text);
    myna_buf_puts(&b, "answer");
    text = myna_buf_take(&b);
    CHECK_STR(text, "answer");
    free(text);
    CHECK_EQ(b.len, 0);
    CHECK_EQ(b.max, 100);
    CHECK(!b.ptr);
}

TEST(packed_values_are_little_endian_and_read_back)
{
    struct myna_buf b;
    struct myna_reader r;
    struct myna_view v;

    myna_buf_init(&b, 0);
    myna_buf_u8(&b, 0xfe);
    myna_buf_u32(&b, 0x01020304);
    CHECK(!memcmp(b.ptr, "\xfe\x04\x03\x02\x01", 5));
    myna_buf_i64(&b, INT64_MIN + 7);
    myna_buf_f64(&b, -0.1);
    myna_buf_f64(&b, (double)NAN);
    myna_buf_str_opt(&b, "héllo");
    myna_buf_str_opt(&b, NULL);
    myna_buf_str_opt(&b, "");
    myna_buf_bytes(&b, (struct myna_view){(const uint8_t *)"\0x", 2});
    CHECK_EQ(b.err, MYNA_OK);

    r = (struct myna_reader){.ptr = b.ptr, .len = b.len};
    CHECK_EQ(myna_read_u8(&r), 0xfe);
    CHECK_EQ(myna_read_u32(&r), 0x01020304);
    CHECK_EQ(myna_read_i64(&r), INT64_MIN + 7);
    CHECK(myna_read_f64(&r) == -0.1);
    CHECK(isnan(myna_read_f64(&r)));
    CHECK_STR(myna_read_str_opt(&r), "héllo");
    CHECK(!myna_read_str_opt(&r));
    CHECK(!r.bad);
    CHECK_STR(myna_read_str_opt(&r), "");
    v = myna_read_bytes(&r);
    CHECK(v.len == 2 && !memcmp(v.ptr, "\0x", 2));
    CHECK(!r.bad && r.len == 0);
    CHECK_EQ(myna_read_u8(&r), 0);
    CHECK(r.bad);
    myna_buf_fini(&b);
}

/* Each prefix of a packed row must be refused, without a read behind its end (ASan watches). */
TEST(every_truncation_is_noticed_and_stays_noticed)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_buf_u32(&b, 5);
    myna_buf_str_opt(&b, "word");
    myna_buf_i64(&b, 1);
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *exact = malloc(len + !len);
        struct myna_reader r = {.ptr = exact, .len = len};

        memcpy(exact, b.ptr, len);
        myna_read_u32(&r);
        if (r.bad)
            CHECK(!myna_read_str_opt(&r));
        else
            myna_read_str_opt(&r);
        CHECK_EQ(myna_read_i64(&r), 0);
        CHECK(r.bad);
        CHECK_EQ(myna_read_bytes(&r).len, 0);
        free(exact);
    }
    myna_buf_fini(&b);
}

TEST(a_string_that_is_not_terminated_or_has_a_hole_is_refused)
{
    const char open[] = "\x02\0\0\0abc", hole[] = "\x03\0\0\0a\0c";
    struct myna_reader r = {.ptr = (const uint8_t *)open, .len = 7};

    CHECK(!myna_read_str_opt(&r));
    CHECK(r.bad);
    r = (struct myna_reader){.ptr = (const uint8_t *)hole, .len = 8};
    CHECK(!myna_read_str_opt(&r));
    CHECK(r.bad);
    /* A length near the end of the address space must not wrap round. */
    r = (struct myna_reader){.ptr = (const uint8_t *)"\xfe\xff\xff\xff", .len = 4};
    CHECK(!myna_read_str_opt(&r));
    CHECK(r.bad);
}

TEST_MAIN
