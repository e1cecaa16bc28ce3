/* fair_test.c - who gives way where all share one place. */
#include "check.h"

#include "util/fair.h"

struct thing {
    int number;
    const char *who;
};

static size_t victim(const char *owners)
{
    static const char *const names[] = {"ann", "bob", "cleo"};
    struct thing things[16];
    size_t n = strlen(owners);

    for (size_t i = 0; i < n; i++)
        things[i] = (struct thing){(int)i, names[owners[i] - 'a']};
    return myna_fair_victim(MYNA_FAIR(things, n, who));
}

TEST(the_oldest_of_whoever_has_most_gives_way)
{
    CHECK_EQ(victim("a"), 0);
    CHECK_EQ(victim("abb"), 1);
    CHECK_EQ(victim("abcbc"), 1);
    CHECK_EQ(victim("abccc"), 2);
    CHECK_EQ(victim("bccca"), 1);
    CHECK_EQ(victim("ab"), 0); /* of equals the oldest of all */
}

TEST(what_is_somebodys_is_counted_by_name)
{
    struct thing things[3] = {{1, "ann"}, {2, "bob"}, {3, "ann"}};

    CHECK_EQ(myna_fair_count(MYNA_FAIR(things, 3, who), "ann"), 2);
    CHECK_EQ(myna_fair_count(MYNA_FAIR(things, 1, who), "ann"), 1);
    CHECK_EQ(myna_fair_count(MYNA_FAIR(things, 3, who), "an"), 0);
    CHECK_EQ(myna_fair_count(MYNA_FAIR(things, 0, who), "ann"), 0);
}

TEST_MAIN
