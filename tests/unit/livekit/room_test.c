/* room_test.c - a stay in a room: a strict server, a connection that does what the test says. */
#include "room_world.h"

/* ---- tests */

TEST(our_track_is_announced_before_the_offer_and_sound_flows_once_connected)
{
    const Myna__Lk__SignalRequest *add = NULL, *offer = NULL;

    open_world();
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_answered);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK, &add), 1);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 1);
    CHECK_EQ(w.server.got[0]->message_case, MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK);
    CHECK_STR(add->add_track->name, "voice");
    CHECK_EQ(add->add_track->source, MYNA_LK_MICROPHONE);
    CHECK_EQ(offer->offer->id, 1);
    CHECK_STR(offer->offer->sdp, "offer 1 audios=2"); /* our microphone and one slot */
    CHECK_STR(myna_lk_room_track_sid(w.room), "TR_ours");
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(w.ticks, 0); /* no path yet: nothing is drawn */
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    w.speak = true;
    fake_rtc.now->events.tick(fake_rtc.now->arg, 0);
    CHECK_EQ(fake_rtc.now->audios[0].silent, 1);
    CHECK_EQ(fake_rtc.now->audios[0].spoken, 1);
    close_world();
}

TEST(who_we_want_to_hear_is_subscribed_to_and_heard_on_the_slot_of_the_map)
{
    const Myna__Lk__SignalRequest *sub = NULL;

    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, &sub), 1);
    CHECK_STR(sub->subscription->track_sids[0], "TR_ann");
    CHECK(sub->subscription->subscribe);
    frame_on(1);
    CHECK_EQ(w.frames, 1);
    close_world();
}

TEST(whose_sound_is_no_longer_wanted_is_not_heard_while_it_still_comes)
{
    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    w.deaf = true;
    myna_lk_room_review(w.room);
    frame_on(1);
    CHECK_EQ(w.frames, 0);
    w.deaf = false;
    myna_lk_room_review(w.room);
    frame_on(1);
    CHECK_EQ(w.frames, 1);
    close_world();
}

TEST(a_requirement_is_obeyed_also_when_it_asks_for_nothing_more)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_world();
    join();
    say_requirement(0);
    until_polled(is_second_answer);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 2);
    CHECK_STR(offer->offer->sdp, "offer 2 audios=2");
    close_world();
}

static bool is_third_answer(void)
{
    return fake_rtc.now->answers == 3;
}

TEST(more_slots_are_offered_but_never_past_the_limit)
{
    open_world();
    join();
    say_requirement(2);
    until_polled(is_second_answer);
    CHECK_EQ(fake_rtc.now->n_audios, 4);
    say_requirement(1u << 30);
    until_polled(is_third_answer);
    CHECK_EQ(fake_rtc.now->n_audios, 1 + MYNA_LK_MAX_SLOTS);
    close_world();
}

static bool is_in_twice(void)
{
    return w.ins == 2;
}

TEST(a_lost_line_is_resumed_the_state_is_told_first_and_sound_never_stops)
{
    const Myna__Lk__SignalRequest *sync = NULL;

    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    send_data("one");
    send_data("two");
    w.server.n_got = 0;
    fake_lk_cut(&w.server);
    until(is_in_twice);
    until_polled(is_second_answer);
    CHECK_EQ(w.losses, 1);
    CHECK(w.server.join->reconnect);
    CHECK_STR(w.server.join->participant_sid, "PA_us");
    CHECK_EQ(w.server.join->reconnect_reason, 1);
    CHECK_EQ(w.server.got[0]->message_case, MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE, &sync), 1);
    CHECK_EQ(sync->sync_state->n_publish_tracks, 1);
    CHECK_STR(sync->sync_state->publish_tracks[0]->track->sid, "TR_ours");
    CHECK_EQ(sync->sync_state->subscription->n_track_sids, 1);
    CHECK_STR(sync->sync_state->subscription->track_sids[0], "TR_ann");
    CHECK_EQ(sync->sync_state->n_data_channels, 2);
    CHECK_EQ(fake_rtc.made, 1);
    CHECK_EQ(w.left, 0);
    CHECK_EQ(fake_rtc.n_sent, 3); /* the server has seen the first alone */
    CHECK_EQ(fake_rtc.sent_len[1], fake_rtc.sent_len[2]);
    CHECK(!memcmp(fake_rtc.sent[1], fake_rtc.sent[2], fake_rtc.sent_len[1]));
    close_world();
}

static void come_mismatched(struct fake_livekit *lk)
{
    if (lk->join->reconnect)
        fake_lk_say_leave(lk, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
    else
        came(lk);
}

TEST(a_session_that_is_gone_is_joined_anew_with_the_same_people_and_attributes)
{
    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    CHECK_EQ(myna_lk_room_attribute(w.room, "lk.agent.state", "listening"), MYNA_OK);
    w.ann = "TR_ann2";
    w.server.came = come_mismatched;
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    w.server.n_got = 0;
    CHECK(!w.server.join->reconnect);
    CHECK_EQ(w.joined, 1);
    CHECK_EQ(w.left, 0);
    CHECK_EQ(w.number, 1);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    frame_on(1);
    CHECK_EQ(w.frames, 1);
    close_world();
}

TEST(a_track_that_outlived_our_session_is_subscribed_to_again)
{
    const Myna__Lk__SignalRequest *sub = NULL;

    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    w.server.came = come_mismatched;
    w.server.n_got = 0;
    fake_lk_cut(&w.server);
    until_polled(is_made_anew);
    until_polled(is_resubscribed);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, &sub), 1);
    CHECK_STR(sub->subscription->track_sids[0], "TR_ann");
    CHECK(sub->subscription->subscribe);
    close_world();
}

static bool is_told(void)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_UPDATE_METADATA, NULL) > 0;
}

TEST(attributes_set_in_a_row_go_together_and_again_to_a_new_session)
{
    const Myna__Lk__SignalRequest *up = NULL;

    open_world();
    join();
    CHECK_EQ(myna_lk_room_attribute(w.room, "lk.agent.state", "thinking"), MYNA_OK);
    CHECK_EQ(myna_lk_room_attribute(w.room, "lk.agent.state", "speaking"), MYNA_OK);
    CHECK_EQ(myna_lk_room_attribute(w.room, "b", "2"), MYNA_OK);
    until(is_told);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_UPDATE_METADATA, &up), 1);
    CHECK_EQ(up->update_metadata->n_attributes, 2);
    CHECK_STR(up->update_metadata->attributes[0]->value, "speaking");
    w.server.n_got = 0;
    fake_lk_say_leave(&w.server, MYNA_LK_RECONNECT, MYNA_LK_STATE_MISMATCH);
    until_polled(is_made_anew);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_UPDATE_METADATA, &up), 1);
    CHECK_EQ(up->update_metadata->n_attributes, 2);
    close_world();
}

TEST(a_broken_path_is_resumed_with_ice_anew)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_world();
    join();
    w.server.n_got = 0;
    fake_rtc_state(MYNA_RTC_FAILED, "no path");
    until_polled(is_second_answer);
    CHECK_EQ(w.server.join->reconnect_reason, 2);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 1);
    CHECK_STR(offer->offer->sdp, "offer 2 restart audios=2");
    CHECK_EQ(w.ins, 1); /* not before the path stands */
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    CHECK_EQ(w.ins, 2);
    CHECK_EQ(fake_rtc.made, 1);
    close_world();
}

TEST(a_goodbye_for_good_ends_the_stay_with_its_reason)
{
    open_world();
    join();
    fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, MYNA_LK_DUPLICATE_IDENTITY);
    until(is_over);
    CHECK_EQ(w.end.reason, MYNA_LK_DUPLICATE_IDENTITY);
    CHECK_HAS(w.said, "identity");
    CHECK_EQ(w.server.n_joins, 1);
    close_world();
}

TEST(who_stays_opens_an_empty_room_again_when_the_server_closes_it)
{
    for (int stay = 0; stay < 2; stay++) {
        open_world();
        w.conf.stay = stay;
        join();
        fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, MYNA_LK_ROOM_CLOSED);
        until_polled(stay ? is_made_anew : is_over);
        CHECK_EQ(w.overs, !stay);
        close_world();
    }
}

TEST(a_first_join_that_is_refused_is_not_tried_again)
{
    open_world();
    w.server.status = w.server.validate_status = 401;
    w.server.validate_body = "invalid API key: nobody";
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until(is_over);
    CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
    CHECK_HAS(w.said, "API key");
    close_world();
}

TEST(an_answer_that_is_none_makes_a_new_session)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_world();
    w.no_answers = true;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    while (!got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer))
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    w.no_answers = false;
    say_answer(offer->offer, "nonsense", NULL);
    until_polled(is_made_anew);
    CHECK_EQ(w.overs, 0);
    close_world();
}

TEST(our_leaving_is_said_and_told)
{
    const Myna__Lk__SignalRequest *bye = NULL;

    open_world();
    join();
    myna_lk_room_leave(w.room);
    until(is_over);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE, &bye), 1);
    CHECK_EQ(bye->leave->reason, MYNA_LK_CLIENT_INITIATED);
    CHECK_EQ(w.losses, 0);
    close_world();
}

TEST(it_may_be_destroyed_inside_its_own_event)
{
    open_world();
    w.destroy_when_in = true;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    myna_loop_run(w.host.loop);
    CHECK(w.room == NULL);
    close_world();
}

static void receive(Myna__Lk__DataPacket *m)
{
    struct myna_buf b;

    myna_buf_init(&b, 0);
    myna_lk_pack(&b, &m->base);
    fake_rtc.now->events.message(fake_rtc.now->arg, &fake_rtc.now->channels[0], myna_buf_view(&b),
                                 false);
    myna_buf_fini(&b);
}

TEST(an_old_clients_chat_message_is_told_as_a_stream)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__ChatMessage chat = MYNA__LK__CHAT_MESSAGE__INIT;

    open_world();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    chat.message = (char *)"hello";
    m.participant_identity = (char *)"ann";
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_CHAT_MESSAGE;
    m.chat_message = &chat;
    receive(&m);
    CHECK_STR(w.chat, "ann lk.chat hello");
    close_world();
}

TEST_MAIN
