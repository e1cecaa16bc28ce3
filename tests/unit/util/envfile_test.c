/* envfile_test.c - NAME=value as people write it. */
#include "check.h"

#include "util/envfile.h"

static char value[64];

static const char *find(const char *text, const char *name)
{
    return myna_envfile_find(text, name, value, sizeof value) ? value : NULL;
}

TEST(plain_quoted_exported_and_commented_values_are_read)
{
    const char *text = "# a comment\n\nA=1\r\nexport B = no\nB=\"two # words\"\n export C='x y' \n"
                       "D=a#b # c\nE=\nF= spaced  \n";

    CHECK_STR(find(text, "A"), "1");
    CHECK_STR(find(text, "B"), "two # words");
    CHECK_STR(find(text, "C"), "x y");
    CHECK_STR(find(text, "D"), "a#b");
    CHECK_STR(find(text, "E"), "");
    CHECK_STR(find(text, "F"), "spaced");
    CHECK(!find(text, "G"));
}

TEST(the_last_of_a_name_wins_and_a_value_that_does_not_fit_is_none)
{
    char text[300];

    CHECK_STR(find("A=1\nA=2", "A"), "2");
    memset(text, 'x', sizeof text);
    memcpy(text, "A=", 2);
    text[sizeof text - 1] = '\0';
    CHECK(!find(text, "A"));
}

TEST(a_line_that_is_none_is_named_by_its_number)
{
    struct myna_envfile f = {.at = "A=1\n\nnonsense\nB=2"};

    CHECK(myna_envfile_next(&f));
    CHECK(!myna_envfile_next(&f));
    CHECK(f.bad);
    CHECK_EQ(f.line, 3);
    CHECK(myna_envfile_next(&f));
    CHECK_STR(f.name, "B");
    CHECK(!myna_envfile_next(&f));
    CHECK(!f.bad);
}

TEST(an_open_quote_and_a_name_with_a_blank_are_bad)
{
    CHECK(!find("A=\"x", "A"));
    CHECK(!find("1A=x", "1A"));
    CHECK(!find("A B=x", "B"));
}

TEST_MAIN
