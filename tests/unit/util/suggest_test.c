/* suggest_test.c - the name a person meant, and none when nobody can know. */
#include "check.h"

#include "util/suggest.h"

static const char *const names[] = {"console", "models", "replay", "say", "hear", "vad", "config"};
#define N (sizeof names / sizeof *names)

TEST(a_mistyped_name_finds_its_neighbour)
{
    CHECK_STR(myna_suggest("consle", names, N), "console");   /* missing */
    CHECK_STR(myna_suggest("conssole", names, N), "console"); /* doubled */
    CHECK_STR(myna_suggest("modesl", names, N), "models");    /* swapped */
    CHECK_STR(myna_suggest("Reply", names, N), "replay");     /* case does not count */
    CHECK_STR(myna_suggest("vda", names, N), "vad");
}

TEST(a_word_farther_than_a_third_of_its_length_finds_none)
{
    CHECK(!myna_suggest("xyz", names, N));
    CHECK(!myna_suggest("cooool", names, N));
    CHECK(!myna_suggest("", names, N));
    CHECK(!myna_suggest("x", names, 0));
    CHECK(!myna_suggest("consoleconsoleconsoleconsoleconsoleconsoleconsoleconsoleconsoleconsole",
                        names, N));
    CHECK_STR(myna_suggest("hera", (const char *const[]){"hear", NULL, "hera"}, 3), "hear");
}

TEST(distances_count_each_step_once)
{
    CHECK_EQ(myna_suggest_distance("", "abc", 9), 3);
    CHECK_EQ(myna_suggest_distance("abc", "abc", 9), 0);
    CHECK_EQ(myna_suggest_distance("ab", "ba", 9), 1);
    CHECK_EQ(myna_suggest_distance("kitten", "sitting", 9), 3);
    CHECK_EQ(myna_suggest_distance("kitten", "sitting", 1), 2); /* limit + 1 */
}

TEST_MAIN
