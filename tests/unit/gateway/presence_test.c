/* presence_test.c - every row of voice-gateway 2 and the cases R4 to R6, R11 of 15: the test is the
 * server, the room and the clock. */
#include "gateway/presence.h"

#include "check.h"

#define POLL (5 * MYNA_S)

struct world {
    struct myna_presence p;
    myna_us now;
    int counts, joins, leaves, errors, reports;
    char last[700];
    bool connected;
};

static void on_count(void *arg)
{
    ((struct world *)arg)->counts++;
}

static void on_join(void *arg)
{
    ((struct world *)arg)->joins++;
}

static void on_leave(void *arg)
{
    ((struct world *)arg)->leaves++;
}

static void on_state(void *arg, enum myna_gw_state now, bool connected)
{
    struct world *w = arg;

    (void)now;
    w->reports++;
    w->connected = connected;
}

static void on_say(void *arg, enum myna_log_level level, const char *text)
{
    struct world *w = arg;

    w->errors += level == MYNA_LOG_ERROR;
    snprintf(w->last, sizeof w->last, "%s", text);
}

static const struct myna_presence_does does = {on_count, on_join, on_leave, on_state, on_say};

static void begin_as(struct world *w, bool stay, bool cloud)
{
    struct myna_presence_options opt = {
        .interval = POLL, .stay = stay, .cloud = cloud, .identity = "hermes-hermes"};

    memset(w, 0, sizeof *w);
    w->now = 1000 * MYNA_S;
    myna_presence_init(&w->p, &opt, &does, w);
    myna_presence_start(&w->p, w->now, 7);
}

/* Time goes to the next deadline; how long that took. */
static myna_us wait(struct world *w)
{
    myna_us at = myna_presence_deadline(&w->p), took;

    CHECK(at != MYNA_NEVER);
    took = at - w->now;
    w->now = at;
    myna_presence_expire(&w->p, at);
    return took;
}

static void counted(struct world *w, int n)
{
    myna_presence_counted(&w->p, w->now, n);
}

static void in_room(struct world *w)
{
    begin_as(w, false, false);
    counted(w, 1);
    myna_presence_joined(&w->p, w->now, 1);
    CHECK_EQ(w->p.state, MYNA_GW_IN_ROOM);
}

static void lost(struct world *w)
{
    myna_presence_lost(&w->p, w->now, MYNA_GW_LOST_LINE, true);
}

TEST(an_empty_room_is_watched_from_outside_and_that_counts_as_connected)
{
    struct world w;

    begin_as(&w, false, false);
    CHECK_EQ(w.counts, 1);
    CHECK(!w.connected);
    counted(&w, 0);
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    CHECK(w.connected);
    CHECK_EQ(w.joins, 0);
    for (int i = 2; i < 40; i++) { /* for ever, at the same pace */
        CHECK_EQ(wait(&w), POLL);
        CHECK_EQ(w.counts, i);
        counted(&w, i % 3 ? 0 : -1); /* not reached is nobody */
    }
    CHECK_EQ(w.joins, 0);
    CHECK_EQ(w.errors, 0);
}

TEST(somebody_is_there_already_so_it_joins_at_once)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 2);
    CHECK_EQ(w.joins, 1);
    CHECK_EQ(w.p.state, MYNA_GW_JOINING);
    CHECK(!w.connected); /* the start is what comes of the join */
    myna_presence_joined(&w.p, w.now, 2);
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    CHECK(w.connected);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
}

TEST(a_start_whose_join_fails_is_a_start_that_failed)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 1);
    lost(&w);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
    CHECK(myna_presence_failed(&w.p));
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
}

TEST(whoever_comes_later_is_joined_and_a_join_that_fails_is_tried_at_the_next_poll_without_end)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 0);
    for (int i = 1; i < 30; i++) {
        CHECK_EQ(wait(&w), POLL);
        counted(&w, 1);
        CHECK_EQ(w.joins, i);
        CHECK(w.connected);
        lost(&w);
        CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    }
    wait(&w);
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 1);
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    CHECK_EQ(w.errors, 0);
}

TEST(two_counts_are_never_out_at_once)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 0);
    wait(&w);
    CHECK_EQ(w.counts, 2);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER); /* the next comes behind its answer */
    myna_presence_expire(&w.p, w.now + 60 * MYNA_S);
    CHECK_EQ(w.counts, 2);
}

TEST(the_last_who_leaves_ends_the_stay_without_a_reconnect)
{
    struct world w;

    in_room(&w);
    myna_presence_people(&w.p, 2);
    myna_presence_people(&w.p, 1);
    CHECK_EQ(w.leaves, 0);
    myna_presence_people(&w.p, 0);
    CHECK_EQ(w.leaves, 1);
    myna_presence_people(&w.p, 0);
    CHECK_EQ(w.leaves, 1);
    lost(&w); /* the disconnect that we asked for */
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    CHECK(w.connected);
    CHECK_EQ(w.joins, 1);
    CHECK_EQ(wait(&w), POLL);
    counted(&w, 1);
    CHECK_EQ(w.joins, 2);
}

TEST(somebody_who_comes_while_it_leaves_is_met_by_the_next_poll)
{
    struct world w;

    in_room(&w);
    myna_presence_people(&w.p, 0);
    myna_presence_people(&w.p, 1);
    myna_presence_left(&w.p, w.now);
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    CHECK_EQ(wait(&w), POLL);
    CHECK_EQ(w.counts, 2);
}

TEST(who_made_it_come_in_may_be_told_late_but_not_later_than_one_poll)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 0);
    CHECK_EQ(w.leaves, 0);
    myna_presence_people(&w.p, 1);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
    begin_as(&w, false, false);
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 0);
    CHECK_EQ(wait(&w), POLL);
    CHECK_EQ(w.leaves, 1);
    myna_presence_left(&w.p, w.now);
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
}

TEST(a_broken_line_is_tried_ten_times_and_then_it_gives_up_with_one_error)
{
    static const int delays[] = {2, 5, 10, 30, 60, 60, 60, 60, 60, 60};
    struct world w;

    in_room(&w);
    lost(&w);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(w.p.state, MYNA_GW_RECONNECTING);
        CHECK(w.connected);
        CHECK_EQ(wait(&w), delays[i] * MYNA_S);
        CHECK_EQ(w.joins, 1 + i);
        CHECK_EQ(w.counts, 2 + i);
        counted(&w, -1); /* the server is gone: that is not "nobody is there" */
        CHECK_EQ(w.joins, 2 + i);
        CHECK_EQ(w.errors, 0);
        lost(&w);
    }
    CHECK_EQ(w.p.state, MYNA_GW_GIVEN_UP);
    CHECK(!w.connected);
    CHECK_EQ(w.errors, 1);
    CHECK_EQ(w.joins, 11);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
}

TEST(a_success_gives_all_ten_attempts_back_and_starts_no_polling)
{
    struct world w;

    in_room(&w);
    lost(&w);
    for (int i = 0; i < 9; i++) {
        wait(&w);
        counted(&w, 1);
        if (i < 8)
            lost(&w);
    }
    myna_presence_joined(&w.p, w.now, 1);
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
    lost(&w);
    CHECK_EQ(wait(&w), 2 * MYNA_S);
}

/* Let in each time, and no packet of sound comes through: the room ends by itself. */
static void lost_without_a_path(struct world *w)
{
    myna_presence_joined(&w->p, w->now, 1);
    CHECK_EQ(w->p.state, MYNA_GW_IN_ROOM);
    myna_presence_lost(&w->p, w->now, MYNA_GW_LOST_LINE, false);
}

TEST(let_in_without_a_path_for_sound_is_no_success_so_it_gives_up_in_the_end)
{
    static const int delays[] = {2, 5, 10, 30, 60, 60, 60, 60, 60, 60};
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 1);
    lost_without_a_path(&w);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(w.p.state, MYNA_GW_RECONNECTING);
        CHECK_EQ(wait(&w), delays[i] * MYNA_S);
        counted(&w, 1);
        CHECK_EQ(w.joins, 2 + i);
        lost_without_a_path(&w);
    }
    CHECK_EQ(w.p.state, MYNA_GW_GIVEN_UP);
    CHECK_EQ(w.errors, 1);
}

TEST(one_stay_with_sound_among_those_without_gives_all_ten_attempts_back)
{
    struct world w;

    in_room(&w);
    lost(&w);
    for (int i = 0; i < 3; i++) {
        wait(&w);
        counted(&w, 1);
        lost_without_a_path(&w);
    }
    CHECK_EQ(wait(&w), 30 * MYNA_S); /* 2, 5, 10, 30 */
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 1);
    lost(&w);
    CHECK_EQ(wait(&w), 2 * MYNA_S);
}

TEST(nobody_there_any_more_spends_no_attempt_but_goes_back_to_watching)
{
    struct world w;

    in_room(&w);
    lost(&w);
    wait(&w);
    counted(&w, 0);
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    CHECK_EQ(w.joins, 1);
    CHECK_EQ(wait(&w), POLL);
}

TEST(on_a_cloud_the_attempts_are_spread_by_a_tenth)
{
    static const int delays[] = {2, 5, 10, 30, 60, 60, 60, 60, 60, 60};
    struct world w;
    bool moved = false;

    begin_as(&w, false, true);
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 1);
    lost(&w);
    for (int i = 0; i < 10; i++) {
        myna_us took = wait(&w), d = delays[i] * MYNA_S;

        CHECK(took >= d - d / 10 && took <= d + d / 10);
        moved |= took != d;
        counted(&w, 1);
        lost(&w);
    }
    CHECK(moved);
}

TEST(put_out_by_its_own_name_it_waits_ten_polls_and_says_which_name)
{
    struct world w;

    in_room(&w);
    myna_presence_lost(&w.p, w.now, MYNA_GW_LOST_IDENTITY, true);
    CHECK_EQ(w.p.state, MYNA_GW_WATCHING);
    CHECK_EQ(w.errors, 1);
    CHECK_HAS(w.last, "'hermes-hermes'");
    CHECK_EQ(wait(&w), 10 * POLL);
    counted(&w, 0);
    CHECK_EQ(wait(&w), POLL);
}

TEST(given_up_it_comes_back_when_it_is_told_to)
{
    struct world w;

    in_room(&w);
    CHECK(!myna_presence_reconnect(&w.p, w.now)); /* means nothing here */
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    lost(&w);
    for (int i = 0; i < 10; i++) {
        wait(&w);
        counted(&w, 1);
        lost(&w);
    }
    CHECK_EQ(w.p.state, MYNA_GW_GIVEN_UP);
    CHECK(myna_presence_reconnect(&w.p, w.now));
    CHECK_EQ(wait(&w), 0);
    counted(&w, 1);
    myna_presence_joined(&w.p, w.now, 1);
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    CHECK(w.connected);
}

TEST(stopped_in_the_room_it_says_so_first_then_leaves_once)
{
    struct world w;

    in_room(&w);
    myna_presence_stop(&w.p, w.now);
    CHECK(!w.connected);
    CHECK_EQ(w.leaves, 1);
    CHECK_EQ(w.p.state, MYNA_GW_IN_ROOM);
    myna_presence_stop(&w.p, w.now);
    CHECK_EQ(w.leaves, 1);
    myna_presence_left(&w.p, w.now);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
    CHECK(!myna_presence_failed(&w.p));
}

TEST(a_room_that_does_not_let_go_is_left_after_five_seconds)
{
    struct world w;

    in_room(&w);
    myna_presence_stop(&w.p, w.now);
    CHECK_EQ(wait(&w), 5 * MYNA_S);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
}

TEST(stopped_outside_it_is_stopped_at_once_and_a_late_count_changes_nothing)
{
    struct world w;

    begin_as(&w, false, false);
    myna_presence_stop(&w.p, w.now);
    counted(&w, 3);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
    CHECK_EQ(w.joins, 0);
    begin_as(&w, false, false);
    counted(&w, 0);
    wait(&w);
    myna_presence_stop(&w.p, w.now);
    counted(&w, 3);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
    CHECK_EQ(w.joins, 0);
}

TEST(stopped_while_it_joins_or_leaves_it_ends_with_that)
{
    struct world w;

    begin_as(&w, false, false);
    counted(&w, 1);
    myna_presence_stop(&w.p, w.now);
    CHECK_EQ(w.leaves, 1);
    lost(&w);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
    in_room(&w);
    myna_presence_people(&w.p, 0);
    myna_presence_stop(&w.p, w.now);
    CHECK_EQ(w.leaves, 1);
    myna_presence_left(&w.p, w.now);
    CHECK_EQ(w.p.state, MYNA_GW_STOPPED);
}

TEST(told_to_stay_it_joins_at_once_asks_nobody_and_stays_alone)
{
    struct world w;

    begin_as(&w, true, false);
    CHECK_EQ(w.counts, 0);
    CHECK_EQ(w.joins, 1);
    myna_presence_joined(&w.p, w.now, 0);
    CHECK_EQ(myna_presence_deadline(&w.p), MYNA_NEVER);
    myna_presence_people(&w.p, 1);
    myna_presence_people(&w.p, 0);
    CHECK_EQ(w.leaves, 0);
    lost(&w);
    CHECK_EQ(wait(&w), 2 * MYNA_S);
    CHECK_EQ(w.counts, 0);
    CHECK_EQ(w.joins, 2);
    myna_presence_joined(&w.p, w.now, 0);
    myna_presence_lost(&w.p, w.now, MYNA_GW_LOST_IDENTITY, true);
    CHECK_EQ(wait(&w), 10 * POLL);
    CHECK_EQ(w.joins, 3);
}

TEST_MAIN
