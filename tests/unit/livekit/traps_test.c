/* traps_test.c - traps of livekit-rtc 9.5 that concern a stay as a whole, by their numbers there;
 * docs/livekit-traps.md says where each of the others is tested. */
#include "room_world.h"
#include "warned.h"

#include <jansson.h>

static int listened;
static void on_listened(void *arg)
{
    (void)arg;
    listened++;
}

/* A world whose room tells listened() and whose warnings are kept. */
static void open_trap(void)
{
    struct myna_lk_room_events events = room_events;

    open_world();
    listened = 0;
    w.host.log = warned_log();
    events.listened = on_listened;
    open_room(&events);
}

static void close_trap(void)
{
    close_world();
    myna_log_destroy(w.host.log);
}

/* What was said to us has arrived when the answer to an offer behind it has. */
static void settle(void)
{
    int before = fake_rtc.now->answers;

    say_requirement(0);
    while (fake_rtc.now->answers == before)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
}

/* 4.2, 7: with one of them open what people send would be held back for ever. */
TEST(both_channels_are_there_before_the_first_offer)
{
    open_trap();
    join();
    CHECK_EQ(fake_rtc.now->n_channels, 2);
    CHECK_STR(fake_rtc.now->channels[0].label, "_reliable");
    CHECK_STR(fake_rtc.now->channels[1].label, "_lossy");
    close_trap();
}

TEST(trap_4_the_offer_names_the_track_as_it_was_announced)
{
    const Myna__Lk__SignalRequest *add = NULL;

    open_trap();
    join();
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK, &add), 1);
    CHECK_STR(add->add_track->cid, fake_rtc.now->published);
    close_trap();
}

static bool has_two_offers(void)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, NULL) == 2;
}

TEST(trap_10_a_second_offer_waits_for_the_answer_to_the_first)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_trap();
    w.no_answers = true;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    while (!got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer))
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    say_requirement(1);
    say_requirement(1);
    while (fake_rtc.now->n_audios < 4) /* both were understood */
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, NULL), 1);
    w.no_answers = false;
    say_answer(offer->offer, "answer", NULL);
    until_polled(has_two_offers); /* one for both */
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer), 2);
    CHECK_STR(offer->offer->sdp, "offer 2 audios=4");
    CHECK_EQ(offer->offer->id, 2);
    close_trap();
}

static void say_trickle(const char *init)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__TrickleRequest t = MYNA__LK__TRICKLE_REQUEST__INIT;

    t.candidate_init = (char *)init;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRICKLE;
    m.trickle = &t;
    fake_lk_say(&w.server, &m);
}

static void come_with_candidates(struct fake_livekit *lk)
{
    came(lk);
    say_trickle("{\"candidate\":\"candidate:1 1 udp 1 127.0.0.1 9 typ host ufrag x\"}");
    say_trickle("[\"no\", \"candidate\"]");
    say_trickle("nonsense");
}

TEST(trap_12_candidates_that_come_before_the_answer_are_kept_and_nonsense_is_dropped)
{
    open_trap();
    w.server.came = come_with_candidates;
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_answered);
    CHECK_EQ(fake_rtc.now->candidates, 1);
    CHECK_EQ(w.losses + w.overs, 0);
    close_trap();
}

TEST(trap_13_our_own_entry_in_an_update_is_nobody_who_comes)
{
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;

    open_trap();
    join();
    us.sid = (char *)"PA_us";
    us.identity = (char *)"myna";
    us.state = 2;
    us.version = 4;
    say_update(&w.server, &us);
    settle();
    CHECK_EQ(w.joined, 0);
    close_trap();
}

TEST(trap_14_a_message_of_a_later_server_is_skipped)
{
    open_trap();
    join();
    fake_lk_frame(&w.server, MYNA_WS_BINARY, myna_view_of("\xba\x06\x03new")); /* field 103 */
    fake_rtc.now->events.message(fake_rtc.now->arg, &fake_rtc.now->channels[0],
                                 myna_view_of("\xba\x06\x03new"), false);
    settle();
    CHECK_EQ(w.losses + w.overs, 0);
    CHECK_EQ(w.server.n_joins, 1);
    close_trap();
}

static void say_subscribed(const char *sid)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__TrackSubscribed t = MYNA__LK__TRACK_SUBSCRIBED__INIT;

    t.track_sid = (char *)sid;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRACK_SUBSCRIBED;
    m.track_subscribed = &t;
    fake_lk_say(&w.server, &m);
}

TEST(trap_16_a_published_track_is_not_yet_a_heard_one)
{
    open_trap();
    join();
    CHECK_STR(myna_lk_room_track_sid(w.room), "TR_ours");
    CHECK_EQ(listened, 0);
    say_subscribed("TR_another");
    settle();
    CHECK_EQ(listened, 0);
    say_subscribed("TR_ours");
    settle();
    CHECK_EQ(listened, 1);
    close_trap();
}

TEST(trap_21_a_camera_that_nobody_asked_for_is_not_subscribed_to)
{
    Myna__Lk__ParticipantInfo p = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__TrackInfo t = MYNA__LK__TRACK_INFO__INIT, *tracks[1] = {&t};

    open_trap();
    join();
    CHECK_EQ(w.server.join->connection_settings->auto_subscribe, 0);
    p.sid = (char *)"PA_ann";
    p.identity = (char *)"ann";
    p.state = 2;
    t.sid = (char *)"TR_camera";
    t.type = MYNA_LK_VIDEO;
    t.source = MYNA_LK_CAMERA;
    p.tracks = tracks;
    p.n_tracks = 1;
    say_update(&w.server, &p);
    settle();
    CHECK_EQ(w.joined, 1);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 0);
    close_trap();
}

TEST(trap_22_attributes_that_the_token_does_not_allow_are_warned_about)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__RequestResponse refusal = MYNA__LK__REQUEST_RESPONSE__INIT;

    open_trap();
    join();
    refusal.request_id = 1;
    refusal.reason = 2;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_REQUEST_RESPONSE;
    m.request_response = &refusal;
    fake_lk_say(&w.server, &m);
    settle();
    CHECK_HAS(warned, "not allowed");
    CHECK_HAS(warned, "grant");
    refusal.reason = 4; /* QUEUED is no refusal */
    warned[0] = '\0';
    fake_lk_say(&w.server, &m);
    settle();
    CHECK_STR(warned, "");
    close_trap();
}

/* 27: what the answer says of direction and ssrc is rtc's; whose sound it is says the map alone. */
TEST(trap_27_a_track_that_the_map_moves_to_another_slot_is_heard_there)
{
    const Myna__Lk__SignalRequest *offer = NULL;

    open_trap();
    w.ann = "TR_ann";
    join();
    until(is_resubscribed);
    frame_on(1);
    CHECK_EQ(w.frames, 1);
    say_requirement(1);
    until_polled(is_second_answer); /* the map: mid 2 again */
    w.no_answers = true;
    say_requirement(0);
    while (got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER, &offer) < 3)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    say_answer(offer->offer, "answer", "3");
    while (fake_rtc.now->answers < 3)
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    frame_on(1);
    CHECK_EQ(w.frames, 1); /* nobody's any more */
    frame_on(2);
    CHECK_EQ(w.frames, 2);
    close_trap();
}

static const char *relays[3];
static size_t n_relays;
static bool relay_forced;

static void come_with_relays(struct fake_livekit *lk)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__JoinResponse join = MYNA__LK__JOIN_RESPONSE__INIT;
    Myna__Lk__ParticipantInfo us = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__ICEServer relay = MYNA__LK__ICESERVER__INIT, *list[1] = {&relay};
    Myna__Lk__Room room = MYNA__LK__ROOM__INIT;
    Myna__Lk__ClientConfiguration how = MYNA__LK__CLIENT_CONFIGURATION__INIT;

    relay.urls = (char **)(void *)relays;
    relay.n_urls = n_relays;
    us.sid = (char *)"PA_us";
    us.identity = (char *)"myna";
    join.room = &room;
    join.participant = &us;
    join.ice_servers = list;
    join.n_ice_servers = 1;
    how.force_relay = relay_forced ? 2 : 0;
    join.client_configuration = &how;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_JOIN;
    m.join = &join;
    fake_lk_say(lk, &m);
}

static void come_late(struct fake_livekit *lk)
{
    CHECK_EQ(fake_rtc.made, 1); /* made while it was waited for */
    CHECK_EQ(fake_rtc.now->offers, 0);
    CHECK_EQ(fake_rtc.now->n_servers, 0);
    come_with_relays(lk);
}

TEST(a_connection_that_was_made_ahead_learns_of_the_servers_relays_before_it_offers)
{
    relays[0] = "turn:127.0.0.1:3478?transport=udp";
    n_relays = 1;
    for (int forced = 0; forced < 2; forced++) {
        relay_forced = forced;
        open_trap();
        w.server.came = come_late;
        join();
        CHECK_EQ(fake_rtc.made, 1);
        CHECK_EQ(fake_rtc.now->offers, 1);
        CHECK_STR(fake_rtc.now->servers[0], relays[0]);
        CHECK_EQ(fake_rtc.now->relay_only, forced);
        close_trap();
    }
    relay_forced = false;
}

TEST(where_only_a_relay_is_allowed_and_none_serves_the_stay_ends_with_the_remedy)
{
    relays[0] = "stun:127.0.0.1:3478";
    for (int ours = 0; ours < 2; ours++) {
        n_relays = ours ? 1 : 0;
        relay_forced = !ours;
        open_trap();
        w.conf.relay_only = ours;
        w.server.came = come_with_relays;
        CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
        until(is_over);
        CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
        CHECK_HAS(w.said, "turn.udp_port and turn.tls_port");
        CHECK_EQ(strstr(w.said, "transport.livekit.relay_only") != NULL, ours);
        CHECK_EQ(w.server.n_joins, 1);
        close_trap();
    }
    relay_forced = false;
}

/* 3.5: LiveKit's usual relay. */
TEST(a_relay_behind_tls_serves_also_where_only_a_relay_is_allowed)
{
    relays[0] = "turns:relay.example:443?transport=tcp";
    n_relays = 1;
    for (int forced = 0; forced < 2; forced++) {
        open_trap();
        w.conf.relay_only = forced;
        w.server.came = come_with_relays;
        join();
        CHECK_EQ(fake_rtc.now->n_servers, 1);
        CHECK_STR(fake_rtc.now->servers[0], relays[0]);
        CHECK_EQ(fake_rtc.now->relay_only, forced);
        close_trap();
    }
}

static bool has_trickled(void)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRICKLE, NULL) > 0;
}

/* 31: one that the server cannot read would end the session. */
TEST(trap_31_our_candidates_go_as_the_server_reads_them_and_their_end_does_not)
{
    const char *text = "candidate:1 1 udp 2130706431 127.0.0.1 4000 typ host";
    const Myna__Lk__SignalRequest *t = NULL;
    json_t *init;

    open_trap();
    join();
    fake_rtc.now->events.candidate(fake_rtc.now->arg, NULL, NULL, 0);
    fake_rtc.now->events.candidate(fake_rtc.now->arg, text, "1", 1);
    until_polled(has_trickled);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRICKLE, &t), 1);
    CHECK_EQ(t->trickle->target, 0); /* PUBLISHER: there is no other in this mode */
    init = json_loads(t->trickle->candidate_init, 0, NULL);
    CHECK_STR(json_string_value(json_object_get(init, "candidate")), text);
    CHECK_STR(json_string_value(json_object_get(init, "sdpMid")), "1");
    CHECK_EQ(json_integer_value(json_object_get(init, "sdpMLineIndex")), 1);
    json_decref(init);
    close_trap();
}

TEST_MAIN
