/* library_test.c - a library by name: all of its calls, or which is missing. */
#include "check.h"

#include "util/library.h"

static double (*rounded)(double);
static void (*unknown)(void);

TEST(what_a_library_has_can_be_called)
{
    const struct myna_library_call calls[] = {{"floor", &rounded}};
    char missing[MYNA_LIBRARY_WHY] = "old";

    rounded = NULL;
    CHECK(myna_library_open("libm.so.6", calls, 1, missing));
    CHECK_STR(missing, "");
    CHECK(rounded && rounded(2.75) == 2);
}

TEST(a_call_that_it_has_not_is_named_and_the_others_are_there)
{
    const struct myna_library_call calls[] = {{"myna_no_such_call", &unknown}, {"floor", &rounded}};
    char missing[MYNA_LIBRARY_WHY];

    rounded = NULL;
    CHECK(myna_library_open("libm.so.6", calls, 2, missing));
    CHECK_STR(missing, "libm.so.6 has no myna_no_such_call");
    CHECK(!unknown);
    CHECK(rounded && rounded(2.75) == 2);
}

TEST(a_library_that_is_not_there_is_named)
{
    const struct myna_library_call calls[] = {{"floor", &rounded}};
    char missing[MYNA_LIBRARY_WHY];

    rounded = NULL;
    CHECK(!myna_library_open("libmyna-no-such.so.9", calls, 1, missing));
    CHECK_HAS(missing, "libmyna-no-such.so.9");
    CHECK(!rounded);
}

TEST_MAIN
