/* multipart_test.c - a form is read back by a parser of the test's own, part by part. */
#include "check.h"

#include <stdlib.h>

#include "util/multipart.h"

static char type[MYNA_MULTIPART_TYPE];

/* The value behind `name` of part i; `*len` its length. Walks by the boundary alone. */
static const uint8_t *part(const struct myna_buf *b, int i, char *head, size_t size, size_t *len)
{
    char mark[64];
    const uint8_t *at = b->ptr, *end = b->ptr + b->len, *from, *to;

    snprintf(mark, sizeof mark, "--%s", strstr(type, "boundary=") + 9);
    CHECK(!memcmp(at, mark, strlen(mark)));
    for (;;) {
        at += strlen(mark);
        CHECK(!memcmp(at, "\r\n", 2));
        from = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        CHECK(from != NULL);
        snprintf(head, size, "%.*s", (int)(from - at - 2), at + 2);
        from += 4;
        to = memmem(from, (size_t)(end - from), mark, strlen(mark));
        CHECK(to != NULL && !memcmp(to - 2, "\r\n", 2));
        if (i-- == 0) {
            *len = (size_t)(to - 2 - from);
            return from;
        }
        at = to;
    }
}

TEST(fields_and_a_file_with_any_bytes_come_back_whole)
{
    static const uint8_t wild[] = "\0\r\n--\r\n--myna-form\r\n\r\n\xff";
    struct myna_part parts[] = {
        {.name = "model", .data = myna_view_of("whisper-1")},
        {.name = "empty", .data = {NULL, 0}},
        {.name = "file", .filename = "a.wav", .type = "audio/wav", .data = {wild, sizeof wild}},
    };
    struct myna_buf b;
    char head[256];
    size_t len;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_multipart(&b, type, parts, 3, 7), MYNA_OK);
    CHECK(!memcmp(part(&b, 0, head, sizeof head, &len), "whisper-1", 9) && len == 9);
    CHECK_STR(head, "Content-Disposition: form-data; name=\"model\"");
    part(&b, 1, head, sizeof head, &len);
    CHECK_EQ(len, 0);
    CHECK(!memcmp(part(&b, 2, head, sizeof head, &len), wild, sizeof wild) && len == sizeof wild);
    CHECK_STR(head, "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                    "Content-Type: audio/wav");
    myna_buf_fini(&b);
}

TEST(a_name_cannot_begin_a_part_of_its_own)
{
    struct myna_part p = {.name = "a\"\r\nX: 1\r\n\r\nb", .data = myna_view_of("v")};
    struct myna_buf b;
    char head[256];
    size_t len;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_multipart(&b, type, &p, 1, 1), MYNA_OK);
    CHECK(part(&b, 0, head, sizeof head, &len)[0] == 'v' && len == 1);
    CHECK_STR(head, "Content-Disposition: form-data; name=\"a%22%0D%0AX: 1%0D%0A%0D%0Ab\"");
    myna_buf_fini(&b);
}

TEST(a_boundary_that_the_content_holds_is_not_taken)
{
    struct myna_part p = {.name = "a", .data = myna_view_of("x")};
    struct myna_buf b;
    char before[MYNA_MULTIPART_TYPE], head[256];
    size_t len;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_multipart(&b, before, &p, 1, 5), MYNA_OK);
    myna_buf_clear(&b);
    p.data = myna_view_of(strstr(before, "boundary=") + 9);
    CHECK_EQ(myna_multipart(&b, type, &p, 1, 5), MYNA_OK);
    CHECK(strcmp(type, before) != 0);
    part(&b, 0, head, sizeof head, &len);
    CHECK_EQ(len, p.data.len);
    myna_buf_fini(&b);
}

TEST(a_body_past_the_ceiling_is_an_error)
{
    struct myna_part p = {.name = "a", .data = myna_view_of("0123456789")};
    struct myna_buf b;

    myna_buf_init(&b, 64);
    CHECK_EQ(myna_multipart(&b, type, &p, 1, 5), MYNA_ELIMIT);
    myna_buf_fini(&b);
}

TEST_MAIN
