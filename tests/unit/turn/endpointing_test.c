/* endpointing_test.c - the delays of agent-session 1.5 and the cases of 11.2, in milliseconds. */
#include "check.h"

#include "turn/endpointing.h"

static struct myna_endpointing ep;

static void start_with(enum myna_endpointing_mode mode, int min, int max, double alpha)
{
    struct myna_endpointing_options opt = {mode, min * MYNA_MS, max * MYNA_MS, alpha};

    myna_endpointing_init(&ep, &opt);
}

static void user_start(int ms, bool overlap)
{
    myna_endpointing_user_started(&ep, ms * MYNA_MS, overlap);
}

static void user_end(int ms)
{
    myna_endpointing_user_ended(&ep, ms * MYNA_MS, false);
}

static void agent_start(int ms)
{
    myna_endpointing_agent_started(&ep, ms * MYNA_MS);
}

#define CHECK_DELAYS(min, max)                                                                     \
    do {                                                                                           \
        CHECK_EQ(myna_endpointing_min(&ep), (min)*MYNA_MS);                                        \
        CHECK_EQ(myna_endpointing_max(&ep), (max)*MYNA_MS);                                        \
    } while (0)

TEST(a_pause_between_utterances_is_learned)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    CHECK_DELAYS(300, 1000);
    user_end(100000);
    user_start(100400, false);
    user_end(100500);
    CHECK_DELAYS(350, 1000);
    user_start(101400, false); /* 900 ms: 350 -> 625 */
    user_end(101500);
    CHECK_DELAYS(625, 1000);
}

TEST(an_immediate_interruption_is_a_pause_too_within_the_floor)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100200);
    user_start(100250, true);
    user_end(100500);
    CHECK_DELAYS(300, 1000); /* 0.5 * 300 + 0.5 * 250 is below the floor */
}

TEST(an_immediate_interruption_after_a_long_pause_raises_the_delay)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600);
    user_start(100700, true);
    user_end(101000);
    CHECK_DELAYS(500, 1000); /* 0.5 * 300 + 0.5 * 700 */
}

TEST(a_late_interruption_teaches_nothing)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600);
    user_start(102000, true); /* 1400 ms into the answer */
    user_end(102500);
    CHECK_DELAYS(300, 1000);
}

TEST(an_ignored_overlap_changes_nothing_and_the_next_turn_learns_nothing)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100200);
    user_start(101200, true); /* a second into the answer: "mhm" */
    myna_endpointing_user_ended(&ep, 101500 * MYNA_MS, true);
    CHECK_DELAYS(300, 1000);
    CHECK(!ep.overlapping);
    myna_endpointing_agent_ended(&ep, 103000 * MYNA_MS);
    user_start(103500, false);
    user_end(104000);
    CHECK_DELAYS(300, 1000);
}

TEST(ignoring_is_overruled_within_the_grace_of_the_agents_first_sound)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600);
    user_start(100849, true); /* 249 ms after: they had not heard it yet */
    myna_endpointing_user_ended(&ep, 101500 * MYNA_MS, true);
    CHECK_EQ(myna_endpointing_min(&ep), 574500); /* 0.5 * 300 + 0.5 * 849 ms */
    CHECK_EQ(ep.user_end, 101500 * MYNA_MS);

    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600);
    user_start(100850, true); /* 250 ms: it was a backchannel */
    myna_endpointing_user_ended(&ep, 101500 * MYNA_MS, true);
    CHECK_DELAYS(300, 1000);
    CHECK_EQ(ep.user_end, MYNA_NEVER);
}

TEST(a_pause_between_turns_leaves_the_ceiling_alone)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600); /* 1.4.7 would learn 800 */
    myna_endpointing_agent_ended(&ep, 101000 * MYNA_MS);
    user_start(102000, false);
    user_end(103000);
    CHECK_DELAYS(300, 1000);
}

TEST(a_start_told_twice_counts_once)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    agent_start(100600);
    user_start(100700, true);
    user_start(100900, true); /* the VAD's word on the same speech */
    CHECK_EQ(ep.user_start, 100700 * MYNA_MS);
}

TEST(an_utterance_without_an_end_ended_before_the_agent_began)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0.5);
    user_end(100000);
    user_start(100400, false); /* its end is never told */
    agent_start(100900);
    user_start(101000, true);
    CHECK_EQ(ep.user_end, 100899 * MYNA_MS);
    user_end(101200); /* the pause was 101 ms: 0.5 * 300 + 0.5 * 101 is below the floor */
    CHECK_DELAYS(300, 1000);
}

TEST(what_is_learned_stays_below_the_ceiling)
{
    start_with(MYNA_ENDPOINTING_DYNAMIC, 300, 1000, 0);
    user_end(100000);
    user_start(105000, false);
    user_end(106000);
    CHECK_DELAYS(1000, 1000);
}

TEST(fixed_learns_nothing)
{
    start_with(MYNA_ENDPOINTING_FIXED, 500, 3000, 0.9);
    user_end(100000);
    user_start(100900, false);
    user_end(101000);
    CHECK_DELAYS(500, 3000);
}

TEST(a_new_floor_forgets_a_new_ceiling_or_alpha_does_not)
{
    struct myna_endpointing_options opt = {MYNA_ENDPOINTING_DYNAMIC, 300 * MYNA_MS, 1000 * MYNA_MS,
                                           0.5};

    myna_endpointing_init(&ep, &opt);
    user_end(100000);
    user_start(100800, false);
    user_end(101000);
    CHECK_DELAYS(550, 1000);
    opt.max_delay = 2000 * MYNA_MS;
    opt.alpha = 0.75;
    myna_endpointing_update(&ep, &opt);
    CHECK_DELAYS(550, 2000);
    user_start(101950, false); /* 0.75 * 550 + 0.25 * 950 */
    user_end(102000);
    CHECK_DELAYS(650, 2000);
    opt.max_delay = 600 * MYNA_MS;
    myna_endpointing_update(&ep, &opt);
    CHECK_DELAYS(600, 600);
    opt.min_delay = 400 * MYNA_MS;
    myna_endpointing_update(&ep, &opt);
    CHECK_DELAYS(400, 600);
}

TEST_MAIN
