/* unheard_test.c - what of an answer is said again, and when nothing is said: a line that broke, a
 * new session to which nobody listens yet. */
#include "door_world.h"

TEST(after_joining_anew_nothing_is_drawn_before_somebody_listens_to_the_new_track)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    pass(20000);
    tick();
    CHECK_EQ(w.pulls, 1);
    w.room.events.state(w.room.arg, MYNA_LK_STAY_LOST, NULL);
    w.room.events.state(w.room.arg, MYNA_LK_STAY_IN, NULL); /* resumed: the track is the same */
    tick();
    CHECK_EQ(w.pulls, 2);
    w.room.events.state(w.room.arg, MYNA_LK_STAY_LOST, NULL);
    w.session++;
    w.room.events.state(w.room.arg, MYNA_LK_STAY_IN, NULL);
    CHECK(!tick());
    CHECK_EQ(w.pulls, 2);
    w.room.events.listened(w.room.arg);
    CHECK(tick());
    CHECK_EQ(w.pulls, 3);
    close_world();
}

/* The agent speaks, and each tick's sound has a number. Packets of the server come until `cut`, and
 * from `back` on again (ms). What a listener got then, in ranges. */
static const char *heard_over(int cut, int back, int until)
{
    static char all[200];
    int last = -1;

    all[0] = '\0';
    w.speaks = true;
    for (int ms = 0; ms < until; ms += 20, pass(20)) {
        int16_t pcm[MYNA_OUT_SAMPLES];
        bool alive = ms < cut || ms >= back, sound;

        if (alive)
            w.arrived = myna_host_now(&w.host);
        sound = w.room.events.tick(w.room.arg, myna_host_now(&w.host), pcm);
        if (!alive || !sound)
            continue;
        if (last < 0)
            snprintf(all, sizeof all, "%d", pcm[0]);
        else if (pcm[0] != last + 1)
            snprintf(all + strlen(all), sizeof all - strlen(all), "-%d %d", last, pcm[0]);
        last = pcm[0];
    }
    snprintf(all + strlen(all), sizeof all - strlen(all), "-%d", last);
    return all;
}

TEST(an_answer_goes_on_where_it_was_heard_after_an_outage)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    CHECK_STR(heard_over(1000, 6000, 10000), "1-250"); /* 10 s without 5: no frame is missing */
    CHECK_EQ(w.pulls, 250);
    close_world();
}

TEST(a_line_that_is_quiet_for_a_moment_takes_nothing_back)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    CHECK_STR(heard_over(1000, 4100, 5000), "1-50 206-250"); /* as with any lost packets */
    CHECK_EQ(w.pulls, 250);
    close_world();
}

/* The number of the sound that goes out now. */
static int says(void)
{
    int16_t pcm[MYNA_OUT_SAMPLES] = {0};

    w.arrived = myna_host_now(&w.host);
    CHECK(w.room.events.tick(w.room.arg, myna_host_now(&w.host), pcm));
    return pcm[0];
}

TEST(a_line_whose_report_was_lost_once_is_not_dead)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    CHECK_STR(heard_over(20, 2060, 2060), "1-1"); /* a report each 1.02 s */
    CHECK_EQ(says(), 104);
    close_world();
}

TEST(a_line_that_breaks_again_while_it_is_said_again_loses_nothing)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    CHECK_STR(heard_over(1000, 6000, 6400), "1-70");
    CHECK_STR(heard_over(0, 5000, 10000), "71-320");
    close_world();
}

TEST(what_went_into_a_connection_that_was_given_up_is_taken_back_too)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    CHECK_STR(heard_over(1000, 2000, 2000), "1-50"); /* the server is gone for a second */
    CHECK_EQ(w.rewinds, 0);
    w.session++;
    w.room.events.state(w.room.arg, MYNA_LK_STAY_IN, NULL);
    w.room.events.listened(w.room.arg);
    CHECK_EQ(says(), 51);
    CHECK_EQ(w.rewinds, 1);
    w.room.events.state(w.room.arg, MYNA_LK_STAY_IN, NULL); /* resumed: the sound went on */
    CHECK_EQ(w.rewinds, 1);
    close_world();
}

TEST_MAIN
