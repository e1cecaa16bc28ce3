/* room_table_test.c - what is done when a stay breaks (the table of livekit-rtc 9.1, row by row,
 * where room_test.c does not have it), and the traps of 4.2 and 9.5 that concern the room as a
 * whole. */
#include "room_world.h"

TEST(told_to_resume_it_does_so_at_once_with_ice_anew)
{
    const Myna__Lk__SignalRequest *offer = NULL;
    myna_us began;

    open_world();
    join();
    w.server.n_got = 0;
    began = myna_host_now(&w.host);
    fake_lk_say_leave(&w.server, MYNA_LK_RESUME, MYNA_LK_CONNECTION_TIMEOUT);
    until_polled(is_second_answer);
    CHECK(myna_host_now(&w.host) - began < 250 * MYNA_MS); /* no waiting by chance */
    CHECK(w.server.join->reconnect);
    CHECK_EQ(w.server.join->reconnect_reason, 2);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 1);
    CHECK_STR(offer->offer->sdp, "offer 2 restart audios=2");
    CHECK_EQ(fake_rtc.made, 1);
    close_world();
}

TEST(told_to_reconnect_it_joins_anew_at_once)
{
    myna_us began;

    open_world();
    join();
    began = myna_host_now(&w.host);
    fake_lk_say_leave(&w.server, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
    until_polled(is_made_anew);
    CHECK(myna_host_now(&w.host) - began < 250 * MYNA_MS);
    CHECK(!w.server.join->reconnect);
    CHECK_EQ(w.server.n_joins, 2);
    close_world();
}

static void come_and_break(struct fake_livekit *lk)
{
    if (lk->join->reconnect)
        fake_lk_cut(lk);
    else
        came(lk);
}

TEST(a_resume_that_fails_once_is_followed_by_a_new_session)
{
    open_world();
    join();
    w.server.came = come_and_break;
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    CHECK(!w.server.join->reconnect);
    CHECK_EQ(w.server.n_joins, 3); /* the first, the resume, the new one */
    CHECK_EQ(w.losses, 1);         /* one outage, told once */
    close_world();
}

TEST(a_path_that_fails_again_during_a_resume_makes_a_new_session)
{
    open_world();
    join();
    fake_rtc_state(MYNA_RTC_FAILED, "no path");
    until_polled(is_second_answer);
    fake_rtc_state(MYNA_RTC_FAILED, "still no path");
    until_polled(is_made_anew);
    CHECK(!w.server.join->reconnect);
    close_world();
}

TEST(a_token_that_is_refused_in_a_resume_ends_the_stay)
{
    open_world();
    join();
    w.server.status = w.server.validate_status = 401;
    w.server.validate_body = "invalid token: x, error: token has invalid claims: token is expired";
    fake_lk_cut(&w.server);
    until(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
    CHECK_HAS(w.said, "expired");
    close_world();
}

/* 2.7: the server may forbid resuming. */
static void come_configured(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__JoinResponse join = MYNA__LK__JOIN_RESPONSE__INIT;
    Myna__Lk__ClientConfiguration conf = MYNA__LK__CLIENT_CONFIGURATION__INIT;
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;

    CHECK(!lk->join->reconnect);
    us.sid = (char *)"PA_us";
    us.identity = (char *)"myna";
    conf.resume_connection = 1;
    join.room = &room;
    join.participant = &us;
    join.client_configuration = &conf;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN;
    m.join = &join;
    fake_lk_say(lk, &m);
}

TEST(where_the_server_wants_no_resume_a_new_session_is_made)
{
    open_world();
    w.server.came = come_configured;
    join();
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    CHECK_EQ(w.server.n_joins, 2);
    close_world();
}

/* Trap 15: the action decides, whatever the reason. */
TEST(a_goodbye_without_a_reason_is_one_all_the_same)
{
    open_world();
    join();
    fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, MYNA_LK_UNKNOWN_REASON);
    until(is_over);
    CHECK_EQ(w.server.n_joins, 1);
    close_world();
}

TEST(a_server_that_never_comes_back_is_tried_ten_times_and_then_named)
{
    open_world_on(true); /* the waiting is some 20 s */
    join();
    w.server.status = 503;
    w.server.validate_status = 503;
    fake_lk_cut(&w.server);
    until(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_DROPPED);
    CHECK_HAS(w.said, "the LiveKit server");
    CHECK_EQ(w.losses, 1);
    close_world();
}

/* ---- traps of livekit-rtc 4.2 and 9.5 that concern the room as a whole */

/* 32: a message too long kills _reliable without a word of the server. */
TEST(a_channel_that_broke_alone_is_opened_again)
{
    size_t before;

    open_world();
    join();
    before = fake_rtc.now->n_channels;
    fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[0],
                                 MYNA_RTC_CHANNEL_CLOSED);
    send_data("waits");
    CHECK_EQ(fake_rtc.n_sent, 0);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 1200 * MYNA_MS);
    CHECK_EQ(fake_rtc.now->n_channels, before + 1);
    CHECK_STR(fake_rtc.now->channels[before].label, "_reliable");
    fake_rtc.now->events.channel(fake_rtc.now->arg, &fake_rtc.now->channels[before],
                                 MYNA_RTC_CHANNEL_OPEN);
    CHECK_EQ(fake_rtc.n_sent, 1);
    CHECK_EQ(w.losses, 0);
    close_world();
}

/* 3.6: a mute of the server is obeyed, and sound comes again after it. */
TEST(muted_by_the_server_we_send_nothing)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__MuteTrackRequest mute = MYNA__LK__MUTE_TRACK_REQUEST__INIT;
    struct myna_rtc_audio *a;

    open_world();
    join();
    w.speak = true;
    a = &fake_rtc.now->audios[0];
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken, 1);
    mute.sid = (char *)"TR_ours";
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MUTE;
    m.mute = &mute;
    mute.muted = true;
    fake_lk_say(&w.server, &m);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 50 * MYNA_MS);
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken + a->silent, 1);
    mute.muted = false;
    fake_lk_say(&w.server, &m);
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 50 * MYNA_MS);
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(a->spoken, 2);
    close_world();
}

/* 34: a slot that lost its track is offered as it was, never as inactive. */
TEST(a_slot_whose_track_went_stays_open_for_the_next)
{
    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    w.ann = NULL;
    say_requirement(0); /* the server asks for an offer, and maps nothing to the slot */
    until_polled(is_second_answer);
    CHECK_EQ(fake_rtc.now->audios[1].dir, MYNA_RTC_RECVONLY);
    frame_on(1);
    CHECK_EQ(w.frames, 0); /* nobody's now */
    close_world();
}

TEST_MAIN
