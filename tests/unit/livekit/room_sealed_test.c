/* room_sealed_test.c - a stay in a room with end-to-end encryption: what is announced, who is
 * understood, and who cannot be is told once. */
#include <openssl/evp.h>

#include "livekit/room_inside.h"

#include "room_world.h"

static int unreadable;
static struct myna_lk_e2ee *anns[2]; /* another key than ours, and ours */
static char why_not[300];

static void on_unreadable(void *arg, const struct myna_lk_person *p, const char *why)
{
    (void)arg;
    CHECK_STR(p->identity, "ann");
    unreadable++;
    snprintf(why_not, sizeof why_not, "%s", why);
}

static void no_news(void *arg)
{
    (void)arg;
}

static void make_keys(void)
{
    for (int i = 0; i < 2; i++) {
        struct myna_lk_e2ee_options opt = {.key = i ? "password" : "another"};

        CHECK_EQ(myna_lk_e2ee_create(&anns[i], &w.host, &opt, no_news, NULL, NULL), MYNA_OK);
        while (!myna_lk_e2ee_is_ready(anns[i]))
            myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    }
}

static void close_sealed(void)
{
    myna_lk_e2ee_destroy(anns[0]);
    myna_lk_e2ee_destroy(anns[1]);
    myna_lk_room_destroy(w.room);
    w.room = NULL;
    myna_loop_drain(w.host.loop); /* keys that nobody waits for */
    close_world();
}

static void open_with(struct myna_lk_e2ee_options opt)
{
    struct myna_lk_room_events events = room_events;

    open_world();
    make_keys();
    unreadable = 0;
    w.conf.e2ee = opt;
    w.ann = "TR_ann";
    events.unreadable = on_unreadable;
    open_room(&events);
}

static void open_sealed(const char *key)
{
    open_with((struct myna_lk_e2ee_options){.key = key});
}

static void open_required(void)
{
    open_with((struct myna_lk_e2ee_options){.key = "password", .require = true});
}

/* Ann's track is sealed. */
static void came_sealed(struct fake_livekit *lk)
{
    Myna__Lk__ParticipantInfo p, *list[1] = {&p};
    Myna__Lk__TrackInfo t, *tracks[1];

    fill_ann(&p, &t, tracks);
    t.encryption = 1;
    lk->others = list;
    lk->n_others = 1;
    fake_lk_say_join(lk);
}

/* A frame of ann's, sealed with this key; how much of it comes out. */
static size_t ann_says(bool right)
{
    static const uint8_t frame[] = {0x78, 1, 2, 3, 4, 5};
    uint8_t sealed[100], opened[100];
    size_t n = myna_lk_e2ee_seal_frame(anns[right], 1, 2, (struct myna_view){frame, sizeof frame},
                                       sealed, 100);

    n = fake_rtc.now->seal->open(fake_rtc.now->seal_arg, &fake_rtc.now->audios[1],
                                 (struct myna_view){sealed, n}, opened, 100);
    CHECK(!n || (n == sizeof frame && !memcmp(opened, frame, n)));
    return n;
}

TEST(our_track_is_announced_as_sealed_and_nothing_leaves_before_the_key_is_made)
{
    const Myna__Lk__SignalRequest *add = NULL;
    uint8_t sealed[100];

    open_sealed("password");
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    CHECK_EQ(w.server.http.n_accepted, 0);
    until_polled(is_answered);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK, &add), 1);
    CHECK_EQ(add->add_track->encryption, 1);
    CHECK(add->add_track->disable_red);
    CHECK_EQ(fake_rtc.now->seal->seal(fake_rtc.now->seal_arg, 1, 2, myna_view_of("xyz"), sealed,
                                      sizeof sealed),
             33);
    close_sealed();
}

TEST(who_seals_with_our_key_is_heard_and_who_seals_nothing_as_well)
{
    uint8_t opened[100];

    open_sealed("password");
    w.server.came = came_sealed;
    join();
    until(is_resubscribed);
    CHECK_EQ(ann_says(true), 6);
    close_sealed();

    open_sealed("password");
    join();
    until(is_resubscribed);
    CHECK_EQ(fake_rtc.now->seal->open(fake_rtc.now->seal_arg, &fake_rtc.now->audios[1],
                                      myna_view_of("opus"), opened, sizeof opened),
             4);
    CHECK_EQ(unreadable, 0);
    close_sealed();
}

static void pass_two_seconds(void)
{
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + 2 * MYNA_S + MYNA_MS);
}

static bool no_key_is_made(void)
{
    return !myna_lk_e2ee_is_working(w.room->e2ee);
}

static void a_key_is_made(void)
{
    until_polled(no_key_is_made);
}

TEST(a_wrong_key_is_told_once_and_again_only_after_a_right_one)
{
    open_sealed("password");
    w.server.came = came_sealed;
    join();
    until(is_resubscribed);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(ann_says(false), 0);
    CHECK_EQ(unreadable, 0); /* it may be one that was turned on */
    a_key_is_made();
    pass_two_seconds();
    for (int i = 0; i < 15; i++) { /* the other turns, one for each frame that does not open */
        CHECK_EQ(ann_says(false), 0);
        CHECK_EQ(unreadable, 0);
        a_key_is_made();
    }
    CHECK_EQ(ann_says(false), 0);
    CHECK_EQ(unreadable, 1);
    CHECK_HAS(why_not, "another key");
    CHECK_HAS(why_not, "transport.livekit.e2ee.key");
    CHECK(!strstr(why_not, "password"));
    CHECK_EQ(ann_says(true), 6);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(ann_says(false), 0);
    pass_two_seconds();
    CHECK_EQ(ann_says(false), 0);
    CHECK_EQ(unreadable, 2);
    close_sealed();
}

TEST(without_a_key_a_sealed_track_is_not_even_subscribed_to_and_that_is_told)
{
    open_sealed(NULL);
    w.server.came = came_sealed;
    join();
    CHECK_EQ(unreadable, 1);
    CHECK_HAS(why_not, "LIVEKIT_E2EE_KEY");
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 0);
    CHECK(!fake_rtc.now->seal);
    close_sealed();
}

TEST(where_sealing_is_required_an_open_track_is_not_subscribed_to_and_that_is_told)
{
    open_required();
    join();
    CHECK_EQ(unreadable, 1);
    CHECK_HAS(why_not, "transport.livekit.e2ee.require");
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 0);
    close_sealed();
}

TEST(where_sealing_is_required_who_seals_is_heard)
{
    open_required();
    w.server.came = came_sealed;
    join();
    until(is_resubscribed);
    CHECK_EQ(ann_says(true), 6);
    CHECK_EQ(unreadable, 0);
    close_sealed();
}

TEST(a_sealed_packet_of_another_key_is_told_too)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__EncryptedPacket e = MYNA__LK__ENCRYPTED_PACKET__INIT;
    uint8_t bytes[40] = {0};
    struct myna_buf b;

    open_sealed("password");
    join();
    until(is_resubscribed);
    e.encryption_type = 1;
    e.iv = (ProtobufCBinaryData){.data = bytes, .len = 12};
    e.encrypted_value = (ProtobufCBinaryData){.data = bytes, .len = sizeof bytes};
    m.participant_identity = (char *)"ann";
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_ENCRYPTED_PACKET;
    m.encrypted_packet = &e;
    myna_buf_init(&b, 0);
    myna_lk_pack(&b, &m.base);
    for (int i = 0; i < 3; i++)
        fake_rtc.now->events.message(fake_rtc.now->arg, &fake_rtc.now->channels[0],
                                     myna_buf_view(&b), false);
    myna_buf_fini(&b);
    CHECK_EQ(unreadable, 1);
    CHECK_STR(w.chat, "");
    close_sealed();
}

TEST(a_room_is_not_joined_with_a_key_that_cannot_be_made_and_the_remedy_is_told)
{
    open_sealed(NULL);
    CHECK_EQ(EVP_set_default_properties(NULL, "fips=yes"), 1);
    w.conf.e2ee.key = "password";
    open_room(&room_events);
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_over);
    CHECK_EQ(EVP_set_default_properties(NULL, ""), 1);
    CHECK_EQ(w.end.kind, MYNA_LK_END_REFUSED);
    CHECK_HAS(w.said, "FIPS");
    CHECK_EQ(w.server.n_joins, 0);
    close_sealed();
}

TEST_MAIN
