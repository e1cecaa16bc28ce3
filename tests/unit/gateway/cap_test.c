/* cap_test.c - who has been speaking for too long, with breaths in between, beside others
 * (voice-gateway 3.3). */
#include "gateway/cap.h"

#include "check.h"

static struct myna_gw_cap c;
static char who[MYNA_GW_CAP_IDENTITY];

static void begin(void)
{
    myna_gw_cap_init(&c, 120 * MYNA_S);
}

static void told(const char *identity, bool speaking, int at_ms)
{
    struct myna_event ev = {.type = MYNA_EV_PERSON_SPEAKING,
                            .u.person = {.identity = identity, .speaking = speaking}};

    myna_gw_cap_event(&c, at_ms * MYNA_MS, &ev);
}

static void turn_of(const char *identity, int at_ms)
{
    struct myna_item it = {.type = MYNA_ITEM_MESSAGE,
                           .role = MYNA_ROLE_USER,
                           .text = "so be it",
                           .identity = identity};
    struct myna_event ev = {.type = MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &it};

    myna_gw_cap_event(&c, at_ms * MYNA_MS, &ev);
}

TEST(who_speaks_for_two_minutes_is_cut_and_again_two_minutes_later)
{
    begin();
    CHECK_EQ(myna_gw_cap_deadline(&c), MYNA_NEVER);
    told("ann", true, 1000);
    CHECK_EQ(myna_gw_cap_deadline(&c), 121 * MYNA_S);
    CHECK(!myna_gw_cap_expire(&c, 121 * MYNA_S - 1, who));
    CHECK(myna_gw_cap_expire(&c, 121 * MYNA_S, who));
    CHECK_STR(who, "ann");
    CHECK(!myna_gw_cap_expire(&c, 121 * MYNA_S, who));
    CHECK_EQ(myna_gw_cap_deadline(&c), 241 * MYNA_S);
    told("ann", false, 130000);
    CHECK_EQ(myna_gw_cap_deadline(&c), MYNA_NEVER);
}

TEST(a_breath_does_not_begin_an_utterance_anew_and_a_turn_does)
{
    begin();
    told("ann", true, 1000);
    told("ann", false, 60000);
    told("ann", true, 60400);
    CHECK_EQ(myna_gw_cap_deadline(&c), 121 * MYNA_S);
    told("ann", false, 70000);
    turn_of("ann", 70500);
    told("ann", true, 71000);
    CHECK_EQ(myna_gw_cap_deadline(&c), 191 * MYNA_S);
}

TEST(a_turn_that_is_told_while_they_speak_on_is_the_one_before)
{
    begin();
    told("ann", true, 1000);
    CHECK(myna_gw_cap_expire(&c, 121 * MYNA_S, who));
    turn_of("ann", 121500);
    told("ann", false, 122000);
    told("ann", true, 122300);
    CHECK_EQ(myna_gw_cap_deadline(&c), 241 * MYNA_S);
}

TEST(a_cough_of_long_ago_counts_for_nothing)
{
    begin();
    told("ann", true, 1000);
    told("ann", false, 1300);
    told("ann", true, 110000);
    CHECK_EQ(myna_gw_cap_deadline(&c), 230 * MYNA_S);
}

TEST(each_has_their_own_time_and_whoever_reaches_it_first_is_cut)
{
    begin();
    told("ann", true, 1000);
    told("bob", true, 5000);
    turn_of("bob", 6000); /* typed, perhaps: they speak on */
    told("ann", false, 90000);
    CHECK_EQ(myna_gw_cap_deadline(&c), 125 * MYNA_S);
    CHECK(myna_gw_cap_expire(&c, 125 * MYNA_S, who));
    CHECK_STR(who, "bob");
}

TEST(who_is_silent_gives_way_to_a_seventeenth_and_who_speaks_does_not)
{
    char name[16];

    begin();
    for (int i = 0; i < MYNA_GW_SPEAKERS; i++) {
        snprintf(name, sizeof name, "p%d", i);
        told(name, true, 2000 + i);
    }
    told("late", true, 3000);
    told("late", false, 4000);
    told("p0", false, 5000);
    told("late", true, 6000);
    for (int i = 1; i < MYNA_GW_SPEAKERS; i++)
        CHECK(myna_gw_cap_expire(&c, 125 * MYNA_S, who));
    CHECK(!myna_gw_cap_expire(&c, 125 * MYNA_S, who));
    CHECK(myna_gw_cap_expire(&c, 126 * MYNA_S, who));
    CHECK_STR(who, "late");
}

TEST_MAIN
