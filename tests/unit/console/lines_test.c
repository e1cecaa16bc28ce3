/* lines_test.c - lines come out as they were typed, whatever pieces they came in. */
#include "check.h"

#include "console/lines.h"

static struct myna_lines l;
static char line[MYNA_LINE_MAX + 1];

static void give(const char *text)
{
    size_t n = strlen(text);

    CHECK(n <= myna_lines_room(&l));
    memcpy(l.buf + l.len, text, n);
    l.len += n;
}

static void begin(void)
{
    memset(&l, 0, sizeof l);
}

TEST(a_line_waits_for_its_end)
{
    begin();
    give("hel");
    CHECK(!myna_lines_next(&l, line));
    give("lo\nnext");
    CHECK(myna_lines_next(&l, line));
    CHECK_STR(line, "hello");
    CHECK(!myna_lines_next(&l, line));
    l.ended = true;
    CHECK(myna_lines_next(&l, line));
    CHECK_STR(line, "next");
    CHECK(!myna_lines_next(&l, line));
    CHECK_EQ(l.len, 0);
}

TEST(blank_lines_are_dropped_and_control_characters_are_spaces)
{
    begin();
    give("\n  \n\t\r\na\tb\r\n");
    CHECK(myna_lines_next(&l, line));
    CHECK_STR(line, "a b");
    CHECK(!myna_lines_next(&l, line));
}

TEST(a_line_without_end_is_cut_and_not_in_the_middle_of_a_character)
{
    begin();
    for (size_t i = 0; i < sizeof l.buf / 2; i++)
        give("é");
    CHECK_EQ(myna_lines_room(&l), 0);
    CHECK(myna_lines_next(&l, line));
    CHECK(strlen(line) <= MYNA_LINE_MAX && strlen(line) >= MYNA_LINE_MAX - 2);
    CHECK_EQ(strlen(line) % 2, 0);
    CHECK_EQ(myna_lines_room(&l), sizeof l.buf);
}

TEST_MAIN
