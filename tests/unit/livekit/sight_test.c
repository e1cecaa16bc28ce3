/* sight_test.c - a camera is subscribed to when somebody looks, paused when they look away, and the
 * newest takes the place of the one before. */
#include "room_world.h"

#include "livekit/room_inside.h"
#include "util/gcm.h"

static struct {
    const char *sids[3], *answer; /* what is published; what the answer's section carries */
    bool muted[3];
    size_t n;
    uint32_t width; /* announced */
    bool sealed;
    int unreadable;
    char why[300];
} film;

static void say_cameras(void)
{
    Myna__Lk__ParticipantInfo p = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__TrackInfo t[3], *tracks[3];

    p.sid = (char *)"PA_ann";
    p.identity = (char *)"ann";
    p.state = 2;
    p.version = 1;
    for (size_t i = 0; i < film.n; i++) {
        myna__lk__track_info__init(&t[i]);
        t[i].sid = (char *)film.sids[i];
        t[i].type = MYNA_LK_VIDEO;
        t[i].source = MYNA_LK_CAMERA;
        t[i].width = film.width;
        t[i].height = 480;
        t[i].muted = film.muted[i];
        t[i].encryption = film.sealed;
        tracks[i] = &t[i];
    }
    p.tracks = tracks;
    p.n_tracks = film.n;
    say_update(&w.server, &p);
}

static const struct myna_lk_person *ann(void)
{
    return myna_lk_people_by_identity(myna_lk_room_people(w.room), "ann");
}

static bool are_known(void)
{
    return ann() && ann()->n_tracks == film.n;
}

static void say_needed(void)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__MediaSectionsRequirement need = MYNA__LK__MEDIA_SECTIONS_REQUIREMENT__INIT;

    need.num_videos = 1;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MEDIA_SECTIONS_REQUIREMENT;
    m.media_sections_requirement = &need;
    fake_lk_say(&w.server, &m);
}

/* As the real one: a subscription makes it ask for a section, and the answer says what is on it. */
static void on_look(struct fake_livekit *lk, const Myna__Lk__SignalRequest *m)
{
    const char *kept = w.ann;

    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION &&
        m->subscription->subscribe) {
        film.answer = m->subscription->track_sids[0];
        say_needed();
    }
    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER && film.answer) {
        w.ann = film.answer;
        say_answer(m->offer, "answer", "v0");
        w.ann = kept;
        look();
        return;
    }
    on_request(lk, m);
}

static bool is_asked(void)
{
    return fake_rtc.now->n_videos > 0 && fake_rtc.now->videos[0].asks;
}

static void open_film_muted(size_t n, bool second_muted)
{
    memset(&film, 0, sizeof film);
    film.sids[0] = "TR_one";
    film.sids[1] = "TR_two";
    film.sids[2] = "TR_three";
    film.n = n;
    film.muted[1] = second_muted;
    open_world();
    w.server.message = on_look;
    join();
    say_cameras();
    until_polled(are_known);
}

static void open_film(size_t n)
{
    open_film_muted(n, false);
}

static int settings(const Myna__Lk__SignalRequest **last)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_TRACK_SETTING, last);
}

static bool is_paused(void)
{
    return settings(NULL) == 1;
}

static bool is_announced(void)
{
    return ann()->tracks[0].width == 1280;
}

static bool is_resumed(void)
{
    return settings(NULL) == 2;
}

TEST(nobodys_camera_is_subscribed_to_before_somebody_looks)
{
    open_film(1);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 0);
    CHECK_EQ(fake_rtc.now->n_videos, 0);
    close_world();
}

TEST(a_look_brings_a_section_and_pictures_until_looking_away_pauses_it_at_the_server)
{
    const Myna__Lk__SignalRequest *m = NULL;

    open_film(1);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, &m), 1);
    CHECK_STR(m->subscription->track_sids[0], "TR_one");
    fake_rtc_picture(0);
    CHECK_EQ(w.pictures, 1);
    CHECK_EQ(settings(NULL), 0);

    myna_lk_room_look_away(w.room, ann());
    until_polled(is_paused);
    (void)settings(&m);
    CHECK(m->track_setting->disabled);
    CHECK(!fake_rtc.now->videos[0].asks);
    fake_rtc_picture(0); /* was on its way */
    CHECK_EQ(w.pictures, 1);

    CHECK(myna_lk_room_look(w.room, ann())); /* again: no offer is needed */
    until_polled(is_resumed);
    (void)settings(&m);
    CHECK(!m->track_setting->disabled);
    CHECK_EQ(m->track_setting->quality, 2);
    CHECK(fake_rtc.now->videos[0].asks);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 1);
    fake_rtc_picture(0);
    CHECK_EQ(w.pictures, 2);
    CHECK_EQ(w.small_pictures, 0);
    film.width = 1280; /* it turns out that there is a larger one */
    say_cameras();
    until_polled(is_announced);
    fake_rtc_picture(0);
    CHECK_EQ(w.small_pictures, 1);
    close_world();
}

static bool is_on_three(void)
{
    return film.answer && !strcmp(film.answer, "TR_three") && is_asked();
}

TEST(the_newest_is_looked_at_but_one_that_is_muted_only_for_want_of_another)
{
    const Myna__Lk__SignalRequest *m = NULL;

    open_film_muted(2, true);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    CHECK_STR(film.answer, "TR_one");
    film.n = 3; /* and a third */
    say_cameras();
    until_polled(are_known);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_on_three);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, &m), 3); /* on, off, on */
    CHECK(m->subscription->subscribe);
    close_world();
}

TEST(who_has_no_camera_is_not_looked_at)
{
    open_film(0);
    w.ann = "TR_mic";
    say_ann(&w.server);
    film.n = 1;
    until_polled(are_known);
    CHECK(!myna_lk_room_look(w.room, ann()));
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), 0);
    close_world();
}

/* Ann's camera seals nothing, as none does: sealed pictures are not read. */
static bool looked_at_where_we_have_a_key(bool require)
{
    bool looked;

    memset(&film, 0, sizeof film);
    film.sids[0] = "TR_one";
    film.n = 1;
    open_world();
    w.conf.e2ee = (struct myna_lk_e2ee_options){.key = "password", .require = require};
    open_room(&room_events);
    w.server.message = on_look;
    join();
    say_cameras();
    until_polled(are_known);
    looked = myna_lk_room_look(w.room, ann());
    if (looked)
        until(is_resubscribed);
    CHECK_EQ(got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL), looked);
    myna_lk_room_destroy(w.room);
    w.room = NULL;
    myna_loop_drain(w.host.loop); /* a key that nobody waits for */
    close_world();
    return looked;
}

TEST(where_sealing_is_required_the_camera_of_who_seals_nothing_is_not_looked_at)
{
    CHECK(looked_at_where_we_have_a_key(false));
    CHECK(!looked_at_where_we_have_a_key(true));
}

static bool is_refused(void)
{
    return w.refused_pictures == 1;
}

TEST(a_camera_that_the_server_cannot_send_is_told)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__SubscriptionResponse no = MYNA__LK__SUBSCRIPTION_RESPONSE__INIT;

    open_film(1);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    no.track_sid = (char *)"TR_one";
    no.err = 1;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_SUBSCRIPTION_RESPONSE;
    m.subscription_response = &no;
    fake_lk_say(&w.server, &m);
    until_polled(is_refused);
    close_world();
}

static bool is_synced(void)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE, NULL) == 1;
}

TEST(a_resume_tells_the_server_what_is_seen_and_what_of_it_is_paused)
{
    const Myna__Lk__SignalRequest *m = NULL;

    open_film(1);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    myna_lk_room_look_away(w.room, ann());
    until_polled(is_paused);
    fake_lk_cut(&w.server);
    until_polled(is_synced);
    (void)got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SYNC_STATE, &m);
    CHECK_EQ(m->sync_state->subscription->n_track_sids, 1);
    CHECK_STR(m->sync_state->subscription->track_sids[0], "TR_one");
    CHECK_EQ(m->sync_state->n_track_sids_disabled, 1);
    CHECK_STR(m->sync_state->track_sids_disabled[0], "TR_one");
    close_world();
}

/* ---- sealed end to end */

static void on_unreadable(void *arg, const struct myna_lk_person *p, const char *why)
{
    (void)arg;
    CHECK_STR(p->identity, "ann");
    film.unreadable++;
    snprintf(film.why, sizeof film.why, "%s", why);
}

static void open_sealed(const char *key, bool require, bool sealed)
{
    struct myna_lk_room_events events = room_events;

    memset(&film, 0, sizeof film);
    film.sids[0] = "TR_one";
    film.n = 1;
    film.sealed = sealed;
    open_world();
    w.conf.e2ee = (struct myna_lk_e2ee_options){.key = key, .require = require};
    events.unreadable = on_unreadable;
    open_room(&events);
    w.server.message = on_look;
    join();
    say_cameras();
    until_polled(are_known);
}

static void close_sealed(void)
{
    myna_lk_room_destroy(w.room);
    w.room = NULL;
    myna_loop_drain(w.host.loop); /* keys that nobody waits for */
    close_world();
}

/* A frame whose first `clear` bytes are in the open, as LiveKit's SDKs seal it. */
static struct myna_view seal(const char *password, const char *frame, size_t clear,
                             uint8_t into[100])
{
    static const uint8_t iv[MYNA_GCM_IV] = {1, 2, 3};
    size_t len = strlen(frame);
    struct myna_gcm *g;
    uint8_t key[16];

    CHECK(myna_pbkdf2_sha256(myna_view_of(password), myna_view_of("LKFrameEncryptionKey"), 100000,
                             key, sizeof key));
    g = myna_gcm_create((struct myna_view){key, sizeof key});
    CHECK(g && len > clear && len < 60);
    memcpy(into, frame, clear);
    CHECK(myna_gcm_seal(g, iv, (struct myna_view){into, clear},
                        (struct myna_view){(const uint8_t *)frame + clear, len - clear},
                        into + clear));
    myna_gcm_destroy(g);
    len += MYNA_GCM_TAG;
    memcpy(into + len, iv, sizeof iv);
    len += sizeof iv;
    into[len++] = sizeof iv;
    into[len++] = 0; /* the key's number */
    return (struct myna_view){into, len};
}

#define KEY_FRAME "Pixels in the clear, then what is not" /* 'P' is even: a key frame's tag */

TEST(a_sealed_camera_is_seen_by_who_has_the_key)
{
    uint8_t bytes[100];

    for (int require = 0; require < 2; require++) {
        open_sealed("password", require, true);
        CHECK(myna_lk_room_look(w.room, ann()));
        until_polled(is_asked);
        fake_rtc_picture_of(0, seal("password", KEY_FRAME, 10, bytes));
        CHECK_EQ(w.pictures, 1);
        CHECK_STR(w.picture, KEY_FRAME);
        CHECK_EQ(film.unreadable, 0);
        close_sealed();
    }
}

TEST(a_camera_sealed_with_another_key_is_asked_again_and_then_told)
{
    uint8_t bytes[100];
    struct myna_view sealed;

    open_sealed("password", false, true);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    sealed = seal("another", KEY_FRAME, 10, bytes);
    for (int i = 0; i < 19; i++) { /* a key that was turned on is found meanwhile */
        fake_rtc.now->videos[0].asks = false;
        fake_rtc_picture_of(0, sealed);
        CHECK(fake_rtc.now->videos[0].asks);
        CHECK_EQ(film.unreadable, 0);
    }
    fake_rtc_picture_of(0, sealed);
    CHECK_EQ(film.unreadable, 1);
    CHECK_HAS(film.why, "another key");
    CHECK_EQ(w.refused_pictures, 1);
    CHECK_EQ(w.pictures, 0);
    close_sealed();
}

TEST(what_is_said_to_be_sealed_and_is_not_shows_nothing)
{
    uint8_t bytes[100];

    open_sealed("password", false, true);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    fake_rtc_picture_of(0, myna_view_of(KEY_FRAME "............................."));
    CHECK_EQ(film.unreadable, 1);
    CHECK_EQ(w.refused_pictures, 1);
    fake_rtc_picture_of(0, seal("password", KEY_FRAME, 1, bytes)); /* as sound is */
    fake_rtc_picture_of(0, (struct myna_view){0});
    CHECK_EQ(w.pictures, 0);
    close_sealed();
}

/* livekit-server writes one, blank, when a camera is turned off. */
TEST(a_picture_of_the_servers_own_is_nobodys_lie_and_the_look_goes_on)
{
    uint8_t bytes[100];

    open_sealed("password", false, true);
    myna_lk_e2ee_server_mark(w.room->e2ee, myna_view_of("mark"));
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    fake_rtc.now->videos[0].asks = false;
    fake_rtc_picture_of(0, myna_view_of(KEY_FRAME "............................mark"));
    CHECK_EQ(film.unreadable, 0);
    CHECK_EQ(w.refused_pictures, 0);
    CHECK_EQ(w.pictures, 0);
    CHECK(fake_rtc.now->videos[0].asks);
    fake_rtc_picture_of(0, seal("password", KEY_FRAME, 10, bytes));
    CHECK_EQ(w.pictures, 1);
    close_sealed();
}

TEST(which_cameras_are_looked_at_depends_on_the_key_and_on_what_is_required)
{
    open_sealed(NULL, false, true);
    CHECK(!myna_lk_room_look(w.room, ann())); /* we could not open it */
    close_sealed();
    open_sealed("password", true, false);
    CHECK(!myna_lk_room_look(w.room, ann()));
    close_sealed();
    open_sealed("password", false, false);
    CHECK(myna_lk_room_look(w.room, ann()));
    until_polled(is_asked);
    fake_rtc_picture_of(0, myna_view_of(KEY_FRAME));
    CHECK_STR(w.picture, KEY_FRAME);
    close_sealed();
}

TEST_MAIN
