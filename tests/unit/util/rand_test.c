/* rand_test.c - the sequence is the published one, and the same for everyone. */
#include "check.h"

#include "util/crc.h"
#include "util/rand.h"

TEST(the_sequence_is_that_of_the_reference_code)
{
    /* From Blackman and Vigna's xoshiro256starstar.c with the state 1, 2, 3, 4 … */
    struct myna_rand r = {{1, 2, 3, 4}};
    const uint64_t want[] = {11520, 0, 1509978240, 1215971899390074240};

    for (int i = 0; i < 4; i++)
        CHECK(myna_rand_next(&r) == want[i]);
    /* … and Vigna's splitmix64.c from 0. */
    myna_rand_seed(&r, 0);
    CHECK(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(r.s[1] == UINT64_C(0x6e789e6aa1b965f4));
}

TEST(the_same_seed_gives_the_same_and_another_seed_another)
{
    struct myna_rand a, b, c;
    int same = 0;

    myna_rand_seed(&a, 42);
    myna_rand_seed(&b, 42);
    myna_rand_seed(&c, 43);
    for (int i = 0; i < 100; i++) {
        uint64_t x = myna_rand_next(&a);

        CHECK(x == myna_rand_next(&b));
        same += x == myna_rand_next(&c);
    }
    CHECK_EQ(same, 0);
}

TEST(numbers_below_n_are_even_and_never_n)
{
    struct myna_rand r;
    int count[6] = {0};

    myna_rand_seed(&r, 7);
    for (int i = 0; i < 60000; i++) {
        uint32_t x = myna_rand_below(&r, 6);

        CHECK(x < 6);
        count[x]++;
    }
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(count[i], 10000, 400); /* 4 sigma */
    CHECK_EQ(myna_rand_below(&r, 1), 0);
}

TEST(an_id_is_the_prefix_and_twelve_characters)
{
    struct myna_rand r;
    char a[5 + 13], b[5 + 13];

    myna_rand_seed(&r, 1);
    myna_rand_id(&r, "item_", a);
    myna_rand_id(&r, "item_", b);
    CHECK_EQ(strlen(a), 17);
    CHECK(!strncmp(a, "item_", 5));
    CHECK_EQ(strspn(a + 5, "0123456789abcdefghijklmnopqrstuvwxyz"), 12);
    CHECK(strcmp(a, b));
    CHECK(myna_rand_system_seed() != myna_rand_system_seed());
}

TEST(the_crc_is_the_one_of_zlib_and_can_go_on)
{
    CHECK_EQ(myna_crc32(0, "123456789", 9), 0xcbf43926u); /* the check value of CRC-32 */
    CHECK_EQ(myna_crc32(myna_crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
    CHECK_EQ(myna_crc32(77, NULL, 0), 77);
}

TEST_MAIN
