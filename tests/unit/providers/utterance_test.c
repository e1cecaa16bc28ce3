/* utterance_test.c - sound is collected in its order and cut where it is quiet. */
#include "check.h"

#include "providers/utterance.h"

static struct myna_frame frame(int number, int16_t level)
{
    struct myna_frame f = {.captured = number * MYNA_FRAME_US};

    for (int i = 0; i < MYNA_IN_SAMPLES; i++)
        f.pcm[i] = i % 2 ? level : (int16_t)-level;
    return f;
}

TEST(samples_keep_their_capture_time_through_a_drop)
{
    struct myna_utterance u = {0};

    CHECK_EQ(myna_utterance_begin(&u, 10 * MYNA_IN_SAMPLES), MYNA_OK);
    for (int i = 5; i < 9; i++) {
        struct myna_frame f = frame(i, (int16_t)i);

        myna_utterance_push(&u, &f);
    }
    CHECK_EQ(u.start, 100 * MYNA_MS);
    CHECK_EQ(myna_utterance_end(&u, u.n), 180 * MYNA_MS);
    myna_utterance_drop(&u, 2 * MYNA_IN_SAMPLES);
    CHECK_EQ(u.start, 140 * MYNA_MS);
    CHECK_EQ(u.n, 2 * MYNA_IN_SAMPLES);
    CHECK_EQ(u.pcm[1], 7);
    myna_utterance_drop(&u, 99999);
    CHECK_EQ(u.n, 0);
    CHECK_EQ(myna_utterance_end(&u, 0), MYNA_NEVER);
    myna_utterance_fini(&u);
}

TEST(what_finds_no_room_is_counted)
{
    struct myna_utterance u = {0};
    struct myna_frame f = frame(0, 1);

    CHECK_EQ(myna_utterance_begin(&u, 2 * MYNA_IN_SAMPLES + 10), MYNA_OK);
    for (int i = 0; i < 5; i++)
        myna_utterance_push(&u, &f);
    CHECK_EQ(u.n, 2 * MYNA_IN_SAMPLES);
    CHECK_EQ(u.dropped, 3 * MYNA_IN_SAMPLES);
    myna_utterance_fini(&u);
}

TEST(it_is_cut_in_the_middle_of_the_breath)
{
    struct myna_utterance u = {0};

    CHECK_EQ(myna_utterance_begin(&u, 500 * MYNA_IN_SAMPLES), MYNA_OK);
    for (int i = 0; i < 500; i++) { /* quiet in frames 60-79 (too early) and 350-369 */
        struct myna_frame f = frame(i, (i >= 350 && i < 370) || (i >= 60 && i < 80) ? 10 : 3000);

        myna_utterance_push(&u, &f);
    }
    size_t at = myna_utterance_cut(&u) / MYNA_IN_SAMPLES;
    CHECK(at >= 355 && at <= 365);
    myna_utterance_fini(&u);
}

TEST(one_too_short_to_tell_is_not_cut)
{
    struct myna_utterance u = {0};
    struct myna_frame f = frame(0, 1);

    CHECK_EQ(myna_utterance_begin(&u, 100 * MYNA_IN_SAMPLES), MYNA_OK);
    for (int i = 0; i < 50; i++)
        myna_utterance_push(&u, &f);
    CHECK_EQ(myna_utterance_cut(&u), u.n);
    myna_utterance_fini(&u);
}

TEST_MAIN
