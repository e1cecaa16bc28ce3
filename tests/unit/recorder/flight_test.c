/* flight_test.c - what was written is read back; what was damaged is named; what was cut is used.
 */
#include "recorder/flight.h"

#include "check.h"
#include "util/buf.h"

static const char *const texts[] = {"{\"a\":1}", "", "eleven more", "x"};
#define RECORDS (sizeof texts / sizeof *texts)

static void append(struct myna_buf *b, uint16_t kind, uint32_t id, myna_us now, const char *text)
{
    uint8_t head[MYNA_FLIGHT_HEAD];
    struct myna_view v = myna_view_of(text),
                     parts[2] = {{v.ptr, v.len / 2}, {v.ptr + v.len / 2, v.len - v.len / 2}};

    myna_flight_head(head, kind, id, now, parts, 2);
    myna_buf_put(b, head, sizeof head);
    myna_buf_put(b, v.ptr, v.len);
}

static void write_file(struct myna_buf *b)
{
    myna_buf_init(b, 0);
    myna_buf_puts(b, MYNA_FLIGHT_MAGIC);
    for (size_t i = 0; i < RECORDS; i++)
        append(b, (uint16_t)(60 + i), (uint32_t)(7 * i), (myna_us)i * -1000000007, texts[i]);
}

/* Number of whole records; the last answer in *err. */
static size_t read_all(struct myna_view v, enum myna_err *err, bool *truncated,
                       struct myna_why *why)
{
    struct myna_flight_reader r = {0};
    struct myna_flight_record rec;
    size_t n = 0;

    *truncated = false;
    *err = myna_flight_begin(&r, v, why);
    if (*err)
        return 0;
    while ((*err = myna_flight_next(&r, &rec, why)) == MYNA_OK)
        n++;
    *truncated = r.truncated;
    return n;
}

TEST(what_was_written_is_read_back)
{
    struct myna_buf b;
    struct myna_flight_reader r;
    struct myna_flight_record rec;

    write_file(&b);
    CHECK_EQ(myna_flight_begin(&r, myna_buf_view(&b), NULL), MYNA_OK);
    for (size_t i = 0; i < RECORDS; i++) {
        CHECK_EQ(myna_flight_next(&r, &rec, NULL), MYNA_OK);
        CHECK_EQ(rec.number, i);
        CHECK_EQ(rec.kind, 60 + i);
        CHECK_EQ(rec.flags, 0);
        CHECK_EQ(rec.id, 7 * i);
        CHECK_EQ(rec.now, (myna_us)i * -1000000007);
        CHECK_EQ(rec.payload.len, strlen(texts[i]));
        CHECK(!memcmp(rec.payload.ptr, texts[i], rec.payload.len));
    }
    CHECK_EQ(myna_flight_next(&r, &rec, NULL), MYNA_EAGAIN);
    CHECK(!r.truncated);
    myna_buf_fini(&b);
}

TEST(a_flipped_byte_anywhere_names_its_record)
{
    struct myna_buf b;
    size_t begin[RECORDS + 1], at = MYNA_FLIGHT_MAGIC_LEN;

    write_file(&b);
    for (size_t i = 0; i < RECORDS; i++) {
        begin[i] = at;
        at += MYNA_FLIGHT_HEAD + strlen(texts[i]);
    }
    begin[RECORDS] = at;
    CHECK_EQ(at, b.len);
    for (size_t i = 0; i < b.len; i++) {
        struct myna_why why;
        enum myna_err err;
        bool truncated;
        size_t n;
        char want[32];

        for (int bit = 0; bit < 8; bit++) {
            b.ptr[i] ^= (uint8_t)(1 << bit);
            n = read_all(myna_buf_view(&b), &err, &truncated, &why);
            b.ptr[i] ^= (uint8_t)(1 << bit);
            CHECK_EQ(err, MYNA_EFORMAT);
            if (i < MYNA_FLIGHT_MAGIC_LEN)
                continue;
            CHECK(i >= begin[n] && i < begin[n + 1]);
            snprintf(want, sizeof want, "record %zu is damaged", n);
            CHECK_HAS(why.text, want);
        }
    }
    myna_buf_fini(&b);
}

TEST(a_file_cut_at_any_byte_gives_its_whole_records)
{
    struct myna_buf b;
    size_t whole = 0, end = MYNA_FLIGHT_MAGIC_LEN;

    write_file(&b);
    for (size_t len = MYNA_FLIGHT_MAGIC_LEN; len <= b.len; len++) {
        uint8_t *copy = malloc(len); /* its own block: the sanitizer sees a byte too far */
        struct myna_why why;
        enum myna_err err;
        bool truncated;

        memcpy(copy, b.ptr, len);
        if (whole < RECORDS && len == end + MYNA_FLIGHT_HEAD + strlen(texts[whole])) {
            end = len;
            whole++;
        }
        CHECK_EQ(read_all((struct myna_view){copy, len}, &err, &truncated, &why), whole);
        CHECK_EQ(err, MYNA_EAGAIN);
        CHECK_EQ(truncated, len != end);
        free(copy);
    }
    CHECK_EQ(whole, RECORDS);
    myna_buf_fini(&b);
}

TEST(a_tail_of_zeros_is_a_cut)
{
    struct myna_buf b;
    enum myna_err err;
    bool truncated;
    uint8_t zeros[4096] = {0};

    write_file(&b);
    myna_buf_put(&b, zeros, sizeof zeros);
    CHECK_EQ(read_all(myna_buf_view(&b), &err, &truncated, NULL), RECORDS);
    CHECK_EQ(err, MYNA_EAGAIN);
    CHECK(truncated);
    myna_buf_fini(&b);
}

TEST(a_length_that_cannot_be_is_refused_whatever_its_check_says)
{
    static const uint32_t lengths[] = {0, 1, 15, 16 + (4u << 20) + 1, 0x7FFFFFFF, 0xFFFFFFFF};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct myna_buf b;
        struct myna_why why;
        enum myna_err err;
        bool truncated;

        write_file(&b);
        myna_buf_u32(&b, lengths[i]);
        myna_buf_u32(&b, ~lengths[i]);
        myna_buf_put(&b, "0123456789012345678901234567", 28);
        CHECK_EQ(read_all(myna_buf_view(&b), &err, &truncated, &why), RECORDS);
        CHECK_EQ(err, MYNA_EFORMAT);
        CHECK_HAS(why.text, "record 4 is damaged");
        myna_buf_fini(&b);
    }
}

TEST(another_file_is_refused)
{
    struct myna_flight_reader r;
    struct myna_why why;

    CHECK_EQ(myna_flight_begin(&r, myna_view_of("RIFF....WAVE"), &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "no flight recording");
    CHECK_EQ(myna_flight_begin(&r, (struct myna_view){NULL, 0}, &why), MYNA_EFORMAT);
}

TEST_MAIN
