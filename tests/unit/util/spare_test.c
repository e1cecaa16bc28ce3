/* spare_test.c - which of several is next, and what is said of those that were left. */
#include "check.h"

#include "util/host.h"
#include "util/spare.h"

static struct myna_host host;
static struct myna_spares s;
static struct myna_spare_work w;

static void three(void)
{
    host = (struct myna_host){0};
    w = (struct myna_spare_work){0};
    s = (struct myna_spares){
        .host = &host, .n = 3, .all = {{.name = "one"}, {.name = "two"}, {.name = "three"}}};
}

TEST(the_first_that_works_is_next_and_when_none_works_the_first_that_was_not_tried)
{
    three();
    CHECK_EQ(myna_spare_next(&s, 0), 0);
    CHECK_EQ(myna_spare_next(&s, 1), 1);
    s.all[1].down = true;
    CHECK_EQ(myna_spare_next(&s, 1), 2);
    CHECK_EQ(myna_spare_next(&s, 1 | 4), 1); /* it may be well again */
    CHECK_EQ(myna_spare_next(&s, 1 | 2 | 4), 3);
}

TEST(what_can_pass_is_tried_again_and_then_left_with_its_reason)
{
    struct myna_fault f = {.stage = MYNA_STAGE_TTS,
                           .err = MYNA_EPROVIDER,
                           .message = "it broke",
                           .http_status = 503,
                           .retryable = true};
    struct myna_fault told;
    char text[480];

    three();
    w.tries = 1;
    CHECK(myna_spare_failed(&s, &w, &f, 2));
    CHECK_EQ(w.tried, 0);
    w.tries = 2;
    CHECK(!myna_spare_failed(&s, &w, &f, 2));
    CHECK_EQ(w.tried, 1);
    CHECK_EQ(w.tries, 0); /* of the next one */
    w.active = 1;
    told = myna_spare_using(&s, &w, MYNA_STAGE_TTS);
    CHECK_STR(told.provider, "two");
    CHECK_STR(told.message, "it broke");
    w.tries = 1;
    f = (struct myna_fault){.stage = MYNA_STAGE_TTS, .err = MYNA_ETIMEOUT}; /* final, wordless */
    CHECK(!myna_spare_failed(&s, &w, &f, 2));
    told = myna_spare_none(&s, &w, "voices", text);
    CHECK_STR(told.provider, "two");
    CHECK_EQ(told.err, MYNA_ETIMEOUT);
    CHECK_HAS(told.message, "all 3 voices failed; the last: ");
    CHECK_HAS(told.message, myna_strerror(MYNA_ETIMEOUT));
}

TEST(the_first_one_needs_no_reason)
{
    three();
    CHECK(!myna_spare_using(&s, &w, MYNA_STAGE_LLM).message);
    CHECK_EQ(myna_spare_using(&s, &w, MYNA_STAGE_LLM).stage, MYNA_STAGE_LLM);
}

TEST(one_that_is_down_is_asked_ever_more_rarely_a_minute_at_most)
{
    three();
    CHECK(!s.switched);
    CHECK(myna_spare_down(&s, 1));
    CHECK(s.switched && s.all[1].down);
    CHECK(!myna_spare_down(&s, 1)); /* it was already */
    s.all[1].wait = 5 * MYNA_S;
    CHECK_EQ(myna_spare_longer(&s, 1), 10 * MYNA_S);
    s.all[1].wait = 40 * MYNA_S;
    CHECK_EQ(myna_spare_longer(&s, 1), 60 * MYNA_S);
    CHECK_EQ(s.all[1].wait, 60 * MYNA_S);
}

TEST_MAIN
