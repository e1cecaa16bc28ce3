/* transport_test.c - the door between a room and a session: who is talked with, what of theirs
 * arrives, and who is the same when they come back. */
#include "door_world.h"

TEST(only_those_who_may_are_told_heard_and_read)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann");
    CHECK(w.room.events.hears(w.room.arg, who("ann"), &who("ann")->tracks[0]));
    CHECK(!w.room.events.hears(w.room.arg, who("mallory"), &who("mallory")->tracks[0]));
    w.log[0] = '\0';
    sounds("mallory", 1);
    CHECK_EQ(w.frames, 0);
    types("mallory", "let me in");
    w.room.events.dtmf(w.room.arg, who("mallory"), "1");
    CHECK_STR(w.log, "");
    sounds("ann", 1);
    types("ann", "hello");
    w.room.events.dtmf(w.room.arg, who("ann"), "1x");
    CHECK_EQ(w.frames, 1);
    CHECK_STR(w.log, "text 1 hello | dtmf 1 1");
    close_world();
}

static bool heard(const char *identity)
{
    return w.room.events.hears(w.room.arg, who(identity), &who(identity)->tracks[0]);
}

TEST(whom_an_owner_lets_in_is_heard_whatever_they_are)
{
    open_world((struct myna_lk_options){0});
    person_of("camera-stream", MYNA_LK_INGRESS, MYNA_LK_SCREEN_SOUND, false, 0);
    person_of("bridge", MYNA_LK_BRIDGE, MYNA_LK_MICROPHONE, false, 0);
    person_of("phone", MYNA_LK_SIP, MYNA_LK_SOURCE_UNKNOWN, false, 0);
    CHECK(heard("camera-stream") && heard("bridge") && heard("phone"));
    person_of("ann", MYNA_LK_STANDARD, MYNA_LK_SCREEN_SOUND, false, 0);
    CHECK(!heard("ann")); /* a film that she shows */
    close_world();
}

TEST(without_an_owner_those_kinds_are_talked_with_that_are_set)
{
    struct myna_lk_options conf = {.kind_bits = 1u << MYNA_LK_STANDARD | 1u << MYNA_LK_SIP};

    open_world_of(conf, NULL);
    person_of("stream", MYNA_LK_INGRESS, MYNA_LK_MICROPHONE, false, 0);
    person_of("agent", MYNA_LK_AGENT, MYNA_LK_MICROPHONE, false, 0);
    person_of("later", 1000, MYNA_LK_MICROPHONE, false, 0); /* a kind that we do not know */
    person_of("phone", MYNA_LK_SIP, MYNA_LK_MICROPHONE, false, 0);
    CHECK_STR(w.log, "joined 1 phone=phone");
    close_world();
    conf.kind_bits = 1u << MYNA_LK_INGRESS;
    open_world_of(conf, NULL);
    person_of("phone", MYNA_LK_SIP, MYNA_LK_MICROPHONE, false, 0);
    person_of("stream", MYNA_LK_INGRESS, MYNA_LK_MICROPHONE, false, 0);
    CHECK_STR(w.log, "joined 1 stream=stream");
    close_world();
}

/* The sids of Ann's tracks that are heard. */
static const char *heard_of_ann(void)
{
    static char all[100];
    const struct myna_lk_person *ann = who("ann");

    all[0] = '\0';
    for (size_t i = 0; i < ann->n_tracks; i++)
        if (w.room.events.hears(w.room.arg, ann, &ann->tracks[i]))
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s ", ann->tracks[i].sid);
    return all;
}

TEST(of_two_microphones_of_one_person_the_newest_is_heard_and_the_older_once_it_is_gone)
{
    open_world((struct myna_lk_options){0});
    ann_has((const char *[]){"u1"}, 1);
    CHECK_STR(heard_of_ann(), "u1 ");
    ann_has((const char *[]){"u1", "m1"}, 2);
    CHECK_STR(heard_of_ann(), "m1 ");
    ann_has((const char *[]){"m2", "u1", "m1", "s1"}, 4); /* a server's list has no order */
    CHECK_STR(heard_of_ann(), "m2 ");
    ann_has((const char *[]){"m1", "u1", "u2"}, 3);
    CHECK_STR(heard_of_ann(), "m1 ");
    ann_has((const char *[]){"u2", "u1"}, 2);
    CHECK_STR(heard_of_ann(), "u2 ");
    close_world();
}

TEST(who_speaks_in_ciphers_is_told_though_not_their_whole_name_and_a_stranger_who_does_is_not)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    w.log[0] = '\0';
    w.room.events.unreadable(w.room.arg, who("mallory"), "no key");
    CHECK_STR(w.log, "");
    w.room.events.unreadable(w.room.arg, who("ann"), "no key");
    CHECK_STR(w.log, "fault 1 a… (PA_ann): no key");
    person("Jörgen", false, 0);
    w.log[0] = '\0';
    w.room.events.unreadable(w.room.arg, who("Jörgen"), "no key");
    CHECK_STR(w.log, "fault 2 Jö… (PA_Jörgen): no key");
    close_world();
}

TEST(a_strangers_stream_is_refused_at_its_header)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    CHECK(wants("ann", "lk.chat", true));
    CHECK(wants("ann", MYNA_LK_PRECONNECT_TOPIC, false));
    CHECK(!wants("ann", "lk.chat", false));
    CHECK(!wants("ann", "files", false));
    CHECK(!wants("mallory", "lk.chat", true));
    CHECK(!wants("mallory", MYNA_LK_PRECONNECT_TOPIC, false));
    CHECK(wants("carl", "lk.chat", true)); /* the server's news of him are on their way */
    close_world();
}

TEST(data_of_strangers_does_not_reach_the_session)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    w.log[0] = '\0';
    sends("mallory", "flood");
    sends("carl", "nobody knows him");
    sends("ann", "topic");
    sends("", "by the server's API");
    CHECK_STR(w.log, "data 1 topic | data 0 by the server's API");
    close_world();
}

/* A stream on a topic of the program's. */
static void streams(const char *identity, const char *topic, bool is_text)
{
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;

    h.topic = (char *)topic;
    w.room.events.stream(w.room.arg, who(identity), identity, &h, myna_view_of("x"), is_text);
}

TEST(streams_on_the_programs_topics_are_taken_from_guests_alone)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    w.log[0] = '\0';
    CHECK(wants("ann", "notes", true));
    CHECK(wants("ann", "notes", false));
    CHECK(!wants("ann", "gossip", true));
    CHECK(!wants("mallory", "notes", true));
    CHECK(wants("carl", "notes", true)); /* nobody knows yet who that is */
    CHECK(!wants("carl", "gossip", true));
    CHECK(!wants("", "notes", true));
    streams("ann", "notes", true);
    streams("ann", "notes", false);
    streams("mallory", "notes", true);
    CHECK_STR(w.log, "data 1 notes | data 1 notes");
    close_world();
}

TEST(streams_of_somebody_who_is_not_known_yet_wait_among_their_packets)
{
    open_world((struct myna_lk_options){0});
    streams("ann", "notes", true);
    sends("ann", "notes");
    streams("ann", "notes", false);
    streams("mallory", "notes", true);
    streams("", "notes", true);
    CHECK_STR(w.log, "");
    person("mallory", false, 0);
    CHECK_STR(w.log, "");
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | data 1 notes | data 1 notes | data 1 notes");
    close_world();
}

static void calls_as(const char *identity, const char *id, const char *method)
{
    Myna__Lk__RpcRequest q = MYNA__LK__RPC_REQUEST__INIT;
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    q.id = (char *)id;
    q.method = (char *)method;
    q.payload = (char *)"x";
    q.version = 1;
    q.response_timeout_ms = 20000;
    m.participant_identity = (char *)identity;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST;
    m.rpc_request = &q;
    myna_lk_rpc_packet(w.room.rpc, &m);
}

TEST(only_guests_call_the_programs_methods)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("mallory", false, 0);
    w.log[0] = '\0';
    calls_as("ann", "1", "upper");
    calls_as("ann", "2", "dance");
    calls_as("mallory", "3", "upper");
    calls_as("4", "4", "upper"); /* the server's API: under the call's own id */
    CHECK_STR(door.refused, "2 1400|3 1400|4 1400|");
    w.room.events.rpc.done(w.room.arg, 3, 0, "X");
    CHECK_STR(w.log, "called 20000 ann | called 20000 ann | answered 3 X");
    close_world();
}

TEST(calls_of_somebody_who_is_not_known_yet_wait_for_the_news_of_them)
{
    open_world((struct myna_lk_options){0});
    calls_as("ann", "1", "upper");
    calls_as("ann", "2", "dance");
    calls_as("mallory", "3", "upper");
    pass(2000);
    CHECK_STR(w.log, "");
    CHECK_STR(door.refused, "");
    person("mallory", false, 0);
    CHECK_STR(door.refused, "3 1400|");
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | called 17999 ann | called 17999 ann");
    CHECK_STR(door.refused, "3 1400|2 1400|");
    CHECK_EQ(w.t->cls->answer(w.t, "1", 0, "X"), MYNA_OK);
    close_world();
}

TEST(where_nobody_answers_calls_they_do_not_wait)
{
    open_world((struct myna_lk_options){0});
    door.no_methods = true;
    calls_as("ann", "1", "upper");
    CHECK_STR(door.refused, "1 1400|");
    close_world();
}

TEST(calls_of_somebody_who_never_comes_are_refused_and_a_flood_of_them_has_an_end)
{
    char id[8];

    open_world((struct myna_lk_options){0});
    calls_as("ann", "ann1", "upper");
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "c%d", i);
        calls_as("carl", id, "upper");
    }
    CHECK_HAS(door.refused, "c0 1400|c1 1400|");
    CHECK(!strstr(door.refused, "ann1 1400|"));
    door.refused[0] = '\0';
    pass(9900);
    CHECK_STR(door.refused, "");
    pass(200);
    CHECK_HAS(door.refused, "ann1 1400|");
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann");
    close_world();
}

TEST(words_of_somebody_who_is_not_known_yet_wait_for_the_news_of_them)
{
    open_world((struct myna_lk_options){0});
    types("ann", "hello");
    types("mallory", "let me in");
    CHECK_STR(w.log, "");
    person("ann", false, 0);
    person("mallory", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | text 1 hello");
    close_world();
}

TEST(packets_of_somebody_who_is_not_known_yet_wait_among_their_words)
{
    open_world((struct myna_lk_options){0});
    types("ann", "hello");
    sends("ann", "notes");
    sends("ann", "gossip"); /* nobody reads that */
    sends("mallory", "notes");
    types("ann", "there");
    sends("ann", "notes");
    CHECK_STR(w.log, "");
    person("mallory", false, 0);
    CHECK_STR(w.log, "");
    person("ann", false, 0);
    CHECK_STR(w.log,
              "joined 1 ann=ann | text 1 hello | data 1 notes | text 1 there | data 1 notes");
    CHECK_EQ(w.bytes, 2 * (int)strlen("x"));
    close_world();
}

TEST(packets_wait_ten_seconds_for_the_news_of_their_sender)
{
    open_world((struct myna_lk_options){0});
    sends("ann", "notes");
    pass(9000);
    sends("ann", "notes");
    pass(2000);
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | data 1 notes");
    close_world();
}

/* A packet of so many bytes. */
static void sends_much(const char *identity, size_t len)
{
    char *bytes = calloc(1, len);

    w.room.events.data(w.room.arg, who(identity), identity, "notes",
                       (struct myna_view){(const uint8_t *)bytes, len});
    free(bytes);
}

TEST(an_unknown_flood_of_packets_has_an_end_and_washes_nobody_else_away)
{
    open_world((struct myna_lk_options){0});
    sends("ann", "notes");
    for (int i = 0; i < 40; i++)
        sends_much("carl", 60000);
    for (int i = 0; i < 100; i++)
        sends("bob", "notes");
    sends_much("dora", MYNA_LK_EARLY_BYTES);
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | data 1 notes");
    w.bytes = 0;
    person("carl", false, 0);
    CHECK(w.bytes > 0);
    CHECK(w.bytes <= MYNA_LK_EARLY_BYTES);
    person("dora", false, 0);
    CHECK_HAS(w.log, "joined 3 dora=dora");
    CHECK(!strstr(w.log, "data 3"));
    close_world();
}

TEST(who_may_not_write_may_not_by_being_quicker_than_the_news_of_them)
{
    open_world((struct myna_lk_options){0});
    types("eve", "let me in");
    person("eve", false, 0);
    types("eve", "let me in");
    CHECK_STR(w.log, "joined 1 eve=eve");
    close_world();
}

TEST(an_unknown_flood_does_not_wash_away_what_another_one_typed)
{
    open_world((struct myna_lk_options){0});
    types("ann", "hello");
    for (int i = 0; i < 100; i++)
        types("carl", "me!");
    types("ann", "it is me");
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | text 1 hello | text 1 it is me");
    close_world();
}

/* Ann and Bob both announce a recording; only Bob's comes, and late. */
TEST(a_recording_that_begins_holds_back_its_senders_sound_alone)
{
    open_world((struct myna_lk_options){0});
    person("ann", true, 0);
    person("bob", true, 0);
    sounds("ann", 1);
    sounds("bob", 1);
    CHECK_EQ(w.frames, 0);
    CHECK(wants("bob", MYNA_LK_PRECONNECT_TOPIC, false));
    pass(3500);
    sounds("ann", 1);
    CHECK_EQ(w.frames, 2); /* hers waited 3 s for a beginning that never came */
    sounds("bob", 1);
    CHECK_EQ(w.frames, 2);
    pass(7000);
    sounds("bob", 1);
    CHECK_EQ(w.frames, 5); /* his 10 s for the end */
    close_world();
}

TEST(whose_connection_broke_is_the_same_for_a_minute)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("ann", false, MYNA_LK_CONNECTION_TIMEOUT);
    pass(50000);
    CHECK_STR(w.log, "joined 1 ann=ann");
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | joined 1 ann=ann");
    w.log[0] = '\0';
    person("ann", false, MYNA_LK_CONNECTION_TIMEOUT);
    pass(61000);
    CHECK_STR(w.log, "left 1 connection_timeout");
    close_world();
}

TEST(who_leaves_by_will_has_left_at_once)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    person("ann", false, MYNA_LK_CLIENT_INITIATED);
    CHECK_STR(w.log, "joined 1 ann=ann | left 1 client_initiated");
    close_world();
}

TEST(a_call_that_stays_lets_go_of_who_is_cut_off_and_knows_them_by_name_again)
{
    open_world((struct myna_lk_options){.stay = true});
    CHECK(w.t->caps & MYNA_TRANSPORT_STAYS);
    person("ann", false, 0);
    person("ann", false, MYNA_LK_CONNECTION_TIMEOUT);
    person("ann", false, 0);
    CHECK_STR(w.log, "joined 1 ann=ann | left 1 connection_timeout | joined 2 ann=ann");
    close_world();
}

TEST(the_linked_one_keeps_their_place_for_a_minute_also_in_a_call_that_stays)
{
    open_world((struct myna_lk_options){.stay = true, .hear = MYNA_LK_HEAR_LINKED});
    person("ann", false, 0);
    person("bob", false, 0);
    person("ann", false, MYNA_LK_CONNECTION_TIMEOUT);
    pass(50000);
    CHECK_STR(w.log, "joined 1 ann=ann");
    CHECK(!wants("bob", "lk.chat", true));
    pass(11000);
    CHECK_STR(w.log, "joined 1 ann=ann | left 1 connection_timeout | joined 2 bob=bob");
    close_world();
}

TEST(nothing_is_drawn_before_somebody_listens_or_ten_seconds_have_passed)
{
    open_world((struct myna_lk_options){0});
    tick();
    CHECK_EQ(w.pulls, 0); /* nobody is there */
    person("ann", false, 0);
    tick();
    CHECK_EQ(w.pulls, 0);
    pass(10000);
    tick();
    CHECK_EQ(w.pulls, 1);
    close_world();
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    tick();
    CHECK_EQ(w.pulls, 1);
    close_world();
}

TEST(a_room_in_which_nobody_speaks_may_rest)
{
    open_world((struct myna_lk_options){0});
    person("ann", true, 0);
    w.room.events.listened(w.room.arg);
    w.idle = true;
    CHECK(tick());        /* background sounds are to be heard all the same */
    CHECK_EQ(w.rests, 0); /* her recording is waited for */
    close_world();
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.idle = true;
    CHECK(!tick());
    CHECK_EQ(w.rests, 0); /* nobody listens yet: what we say waits */
    w.room.events.listened(w.room.arg);
    CHECK(tick());
    CHECK_EQ(w.rests, 1);
    w.speaks = true;
    CHECK(tick());
    w.speaks = w.idle = false;
    CHECK(tick());
    CHECK_EQ(w.rests, 1);
    CHECK_EQ(w.wakes, 0);
    w.t->cls->ready(w.t);
    CHECK_EQ(w.wakes, 1);
    close_world();
}

TEST(who_makes_no_sound_is_as_silent_as_the_time_is_long_however_rare_the_ticks)
{
    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.room.events.listened(w.room.arg);
    sounds("ann", 5);
    pass(100);
    tick();
    CHECK_EQ(w.silent, 1);
    for (int i = 1; i <= 10; i++) {
        pass(400);
        tick();
        CHECK_EQ(w.silent, 1 + 20 * i);
    }
    for (int i = 1; i <= 10; i++) { /* one tick ahead of its time */
        pass(i % 2 ? 7 : 33);
        tick();
    }
    CHECK_EQ(w.silent, 201 + 10);
    CHECK(myna_host_now(&w.host) - w.captured < 200 * MYNA_MS);
    close_world();
}

TEST(the_call_ends_with_its_reason_once)
{
    struct myna_lk_end end = {
        .kind = MYNA_LK_END_LEAVE, .reason = MYNA_LK_ROOM_DELETED, .message = "gone"};

    open_world((struct myna_lk_options){0});
    person("ann", false, 0);
    w.log[0] = '\0';
    w.room.events.state(w.room.arg, MYNA_LK_STAY_OVER, &end);
    w.room.events.state(w.room.arg, MYNA_LK_STAY_OVER, &end);
    types("ann", "too late");
    CHECK_STR(w.log, "closed 0 room_deleted");
    close_world();
    open_world((struct myna_lk_options){0});
    w.t->cls->hangup(w.t, "user_initiated");
    CHECK_STR(w.log, ""); /* what was drawn leaves before we do */
    pass(300);
    CHECK_STR(w.log, "closed 0 user_initiated");
    close_world();
}

TEST_MAIN
