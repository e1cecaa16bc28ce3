/* jitter_test.c - packets in any order come out in order, once, and the row is never too long. */
#include "check.h"

#include "rtc/jitter.h"
#include "util/rand.h"

static enum myna_jitter_put put(struct myna_jitter *j, int64_t ticks, bool redundant)
{
    const struct myna_jitter_packet head = {
        .ticks = ticks, .length = 960, .seq = (uint16_t)ticks, .redundant = redundant};
    const uint8_t byte = (uint8_t)ticks;

    return myna_jitter_insert(j, &head, (struct myna_view){&byte, 1});
}

TEST(any_order_in_one_order_out)
{
    struct myna_jitter *j = myna_jitter_create();
    struct myna_rand r;

    CHECK(j);
    myna_rand_seed(&r, 1);
    for (int round = 0; round < 200; round++) {
        int64_t order[MYNA_JITTER_PACKETS];

        for (int i = 0; i < MYNA_JITTER_PACKETS; i++) {
            int k = (int)myna_rand_below(&r, (uint32_t)i + 1);

            order[i] = order[k];
            order[k] = i;
        }
        for (int i = 0; i < MYNA_JITTER_PACKETS; i++)
            CHECK_EQ(put(j, order[i], false), MYNA_JITTER_NEW);
        CHECK_EQ(myna_jitter_count(j), MYNA_JITTER_PACKETS);
        CHECK_EQ(myna_jitter_last(j)->ticks, MYNA_JITTER_PACKETS - 1);
        for (int i = 0; i < MYNA_JITTER_PACKETS; i++) {
            CHECK_EQ(myna_jitter_first(j)->ticks, i);
            CHECK_EQ(myna_jitter_first(j)->data[0], i);
            myna_jitter_drop_first(j);
        }
        CHECK(!myna_jitter_first(j) && !myna_jitter_last(j));
        myna_jitter_drop_first(j);
    }
    myna_jitter_destroy(j);
}

TEST(one_of_each_time)
{
    struct myna_jitter *j = myna_jitter_create();

    CHECK(j);
    CHECK_EQ(put(j, 5, true), MYNA_JITTER_NEW);
    CHECK_EQ(put(j, 5, true), MYNA_JITTER_DUPLICATE);
    CHECK_EQ(put(j, 5, false), MYNA_JITTER_NEW); /* the packet itself, after its copy */
    CHECK(!myna_jitter_first(j)->redundant);
    CHECK_EQ(put(j, 5, false), MYNA_JITTER_DUPLICATE);
    CHECK_EQ(put(j, 5, true), MYNA_JITTER_DUPLICATE);
    CHECK_EQ(myna_jitter_count(j), 1);
    myna_jitter_destroy(j);
}

TEST(a_full_row_lets_the_oldest_go)
{
    struct myna_jitter *j = myna_jitter_create();
    static const uint8_t big[MYNA_JITTER_BYTES + 1];
    const struct myna_jitter_packet head = {.ticks = 1};

    CHECK(j);
    CHECK_EQ(myna_jitter_insert(j, &head, (struct myna_view){big, sizeof big}),
             MYNA_JITTER_TOO_LONG);
    for (int i = 0; i < MYNA_JITTER_PACKETS; i++)
        CHECK_EQ(put(j, 10 + i, false), MYNA_JITTER_NEW);
    CHECK_EQ(put(j, 5, false), MYNA_JITTER_TOO_OLD);
    CHECK_EQ(put(j, 500, false), MYNA_JITTER_PUSHED);
    CHECK_EQ(myna_jitter_count(j), MYNA_JITTER_PACKETS);
    CHECK_EQ(myna_jitter_first(j)->ticks, 11);
    CHECK_EQ(myna_jitter_last(j)->ticks, 500);
    myna_jitter_clear(j);
    CHECK_EQ(myna_jitter_count(j), 0);
    myna_jitter_destroy(j);
    myna_jitter_destroy(NULL);
}

TEST_MAIN
