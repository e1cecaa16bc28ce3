/* room_world.h - a strict server and a connection that does what the test says, for tests of a
 * stay. */
#ifndef TESTS_ROOM_WORLD_H
#define TESTS_ROOM_WORLD_H

#include "fake_livekit.h"
#include "fake_rtc.h"

#include "livekit/media.h"
#include "livekit/room.h"
#include "util/host.h"
#include "util/http.h"

static struct {
    struct myna_host host;
    struct fake_livekit server;
    struct myna_lk_options conf;
    struct myna_lk_room *room;
    char url[64];
    int ins, losses, overs, joined, left, frames, ticks, pictures, small_pictures, refused_pictures;
    char picture[64]; /* the last one's bytes */
    struct myna_lk_end end;
    char said[600], chat[100];
    uint32_t number;
    bool speak, destroy_when_in, no_answers, deaf;
    const char
        *ann; /* sid of the track that each join and answer speaks of; NULL: she is not there */
    bool (*enough)(void);
} w;

static inline void look(void)
{
    if (w.enough && w.enough())
        myna_loop_stop(w.host.loop);
}

static inline void on_state(void *arg, enum myna_lk_room_state state, const struct myna_lk_end *end)
{
    (void)arg;
    w.ins += state == MYNA_LK_STAY_IN;
    w.losses += state == MYNA_LK_STAY_LOST;
    if (state == MYNA_LK_STAY_OVER) {
        w.overs++;
        w.end = *end;
        snprintf(w.said, sizeof w.said, "%s", end->message);
    }
    if (w.destroy_when_in && w.ins) {
        myna_lk_room_destroy(w.room);
        w.room = NULL;
        myna_loop_stop(w.host.loop);
    }
    look();
}

static inline void on_joined(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    w.joined++;
    w.number = p->number;
    look();
}

static inline void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    (void)arg;
    (void)p;
    (void)reason;
    w.left++;
}

static inline bool on_hears(void *arg, const struct myna_lk_person *p,
                            const struct myna_lk_track *t)
{
    (void)arg;
    return !w.deaf && !strcmp(p->identity, "ann") && t->source == MYNA_LK_MICROPHONE;
}

static inline void on_frame(void *arg, const struct myna_lk_person *p, const struct myna_frame *f)
{
    (void)arg;
    (void)f;
    CHECK_STR(p->identity, "ann");
    w.frames++;
}

static inline void on_picture(void *arg, const struct myna_lk_person *p,
                              const struct myna_rtc_picture *picture)
{
    (void)arg;
    CHECK_STR(p->identity, "ann");
    w.pictures += picture != NULL;
    if (picture && picture->vp8.len < sizeof w.picture)
        snprintf(w.picture, sizeof w.picture, "%.*s", (int)picture->vp8.len,
                 (const char *)picture->vp8.ptr);
    w.small_pictures += picture && myna_lk_room_is_small(w.room, p, picture);
    w.refused_pictures += !picture;
    look();
}

static inline bool on_tick(void *arg, myna_us now, int16_t pcm[MYNA_OUT_SAMPLES])
{
    (void)arg;
    (void)now;
    memset(pcm, 0, MYNA_OUT_SAMPLES * sizeof *pcm);
    w.ticks++;
    return w.speak;
}

static inline void on_stream(void *arg, const struct myna_lk_person *from, const char *identity,
                             const Myna__Lk__StreamHeader *h, struct myna_view body, bool is_text)
{
    (void)arg;
    (void)from;
    CHECK(is_text);
    snprintf(w.chat, sizeof w.chat, "%s %s %s", identity, h->topic, (const char *)body.ptr);
}

/* ---- the server */

static inline void fill_ann(Myna__Lk__ParticipantInfo *p, Myna__Lk__TrackInfo *t,
                            Myna__Lk__TrackInfo **tracks)
{
    myna__lk__participant_info__init(p);
    myna__lk__track_info__init(t);
    p->sid = (char *)(strchr(w.ann, '2') ? "PA_ann2" : "PA_ann");
    p->identity = (char *)"ann";
    p->state = 2;
    p->version = 1;
    t->sid = (char *)w.ann;
    t->source = MYNA_LK_MICROPHONE;
    tracks[0] = t;
    p->tracks = tracks;
    p->n_tracks = 1;
}

/* News of one person. */
static inline void say_update(struct fake_livekit *lk, Myna__Lk__ParticipantInfo *p)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__ParticipantUpdate u = MYNA__LK__PARTICIPANT_UPDATE__INIT;

    u.participants = &p;
    u.n_participants = 1;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_UPDATE;
    m.update = &u;
    fake_lk_say(lk, &m);
}

static inline void say_ann(struct fake_livekit *lk)
{
    Myna__Lk__ParticipantInfo p;
    Myna__Lk__TrackInfo t, *tracks[1];

    fill_ann(&p, &t, tracks);
    say_update(lk, &p);
}

static inline void say_requirement(unsigned audios)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__MediaSectionsRequirement need = MYNA__LK__MEDIA_SECTIONS_REQUIREMENT__INIT;

    need.num_audios = audios;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_MEDIA_SECTIONS_REQUIREMENT;
    m.media_sections_requirement = &need;
    fake_lk_say(&w.server, &m);
}

static inline void say_answer(const Myna__Lk__SessionDescription *offer, const char *sdp,
                              const char *mid)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__SessionDescription a = MYNA__LK__SESSION_DESCRIPTION__INIT;
    Myna__Lk__SessionDescription__MidToTrackIdEntry
        e = MYNA__LK__SESSION_DESCRIPTION__MID_TO_TRACK_ID_ENTRY__INIT,
        *map[1] = {&e};

    a.type = (char *)"answer";
    a.sdp = (char *)sdp;
    a.id = offer->id;
    if (mid && w.ann) {
        e.key = (char *)mid;
        e.value = (char *)w.ann;
        a.mid_to_track_id = map;
        a.n_mid_to_track_id = 1;
    }
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_ANSWER;
    m.answer = &a;
    fake_lk_say(&w.server, &m);
}

static inline void say_published(const Myna__Lk__AddTrackRequest *add)
{
    Myna__Lk__SignalResponse m = MYNA__LK__SIGNAL_RESPONSE__INIT;
    Myna__Lk__TrackPublishedResponse p = MYNA__LK__TRACK_PUBLISHED_RESPONSE__INIT;
    Myna__Lk__TrackInfo t = MYNA__LK__TRACK_INFO__INIT;

    t.sid = (char *)"TR_ours";
    p.cid = add->cid;
    p.track = &t;
    m.message_case = MYNA__LK__SIGNAL_RESPONSE__MESSAGE_TRACK_PUBLISHED;
    m.track_published = &p;
    fake_lk_say(&w.server, &m);
}

static inline void on_request(struct fake_livekit *lk, const Myna__Lk__SignalRequest *m)
{
    (void)lk;
    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_ADD_TRACK)
        say_published(m->add_track);
    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_OFFER && !w.no_answers)
        say_answer(m->offer, "answer", "2");
    if (m->message_case == MYNA__LK__SIGNAL_REQUEST__MESSAGE_LEAVE)
        fake_lk_say_leave(&w.server, MYNA_LK_DISCONNECT, m->leave->reason);
    look();
}

static inline void came(struct fake_livekit *lk)
{
    Myna__Lk__ParticipantInfo p, *list[1] = {&p};
    Myna__Lk__TrackInfo t, *tracks[1];

    if (lk->join->reconnect) { /* the list of people follows */
        fake_lk_say_reconnect(lk, 1);
        if (w.ann)
            say_ann(lk);
        return;
    }
    if (w.ann)
        fill_ann(&p, &t, tracks);
    lk->others = list;
    lk->n_others = w.ann != NULL;
    fake_lk_say_join(lk);
}

/* How many of this kind the server got; `last` is the newest. */
static inline int got(int kind, const Myna__Lk__SignalRequest **last)
{
    int n = 0;

    for (int i = 0; i < w.server.n_got; i++)
        if ((int)w.server.got[i]->message_case == kind) {
            n++;
            if (last)
                *last = w.server.got[i];
        }
    return n;
}

/* ---- the world */

/* What every stay here tells. */
static const struct myna_lk_room_events room_events = {
    .state = on_state,
    .people = {.joined = on_joined, .left = on_left},
    .hears = on_hears,
    .frame = on_frame,
    .picture = on_picture,
    .tick = on_tick,
    .stream = on_stream,
};

/* A stay that tells these events, by w.conf as it is now, instead of the one before. */
static inline void open_room(const struct myna_lk_room_events *events)
{
    struct myna_lk_room_options ro = {.host = &w.host, .conf = &w.conf, .track_name = "voice"};

    myna_lk_room_destroy(w.room);
    CHECK_EQ(myna_lk_room_create(&w.room, &ro, events, NULL, NULL), MYNA_OK);
}

static inline void open_world_on(bool virtual_clock)
{
    struct myna_loop_options lo = {.workers = 1, .virtual_clock = virtual_clock};

    memset(&w, 0, sizeof w);
    memset(&fake_rtc, 0, sizeof fake_rtc);
    w.host.loop = myna_loop_create(&lo, NULL);
    myna_rand_seed(&w.host.rand, 7);
    fake_lk_open(&w.server, w.host.loop);
    w.server.came = came;
    w.server.message = on_request;
    snprintf(w.url, sizeof w.url, "ws://127.0.0.1:%d", w.server.http.port);
    w.conf = (struct myna_lk_options){.url = w.url, .token = "a.token.x", .room = "demo"};
    open_room(&room_events);
}

static inline void open_world(void)
{
    open_world_on(false);
}

static inline void close_world(void)
{
    myna_lk_room_destroy(w.room);
    fake_lk_shut(&w.server);
    myna_http_destroy(w.host.http);
    myna_loop_destroy(w.host.loop);
    CHECK_EQ(fake_rtc.made, fake_rtc.destroyed);
}

static inline void until(bool (*enough)(void))
{
    w.enough = enough;
    if (!enough())
        myna_loop_run(w.host.loop);
    w.enough = NULL;
    CHECK(enough());
}

static inline bool is_answered(void)
{
    return fake_rtc.now && fake_rtc.now->answers > 0;
}

/* The connection tells nobody when it took an answer: look again a moment later. */
static inline void again(struct myna_timer *t)
{
    if (w.enough && w.enough())
        myna_loop_stop(w.host.loop);
    else
        (void)!myna_timer_set(t, myna_host_now(&w.host) + MYNA_MS);
}

static inline void until_polled(bool (*enough)(void))
{
    struct myna_timer t;

    myna_loop_timer_init(w.host.loop, &t, again, NULL);
    CHECK_EQ(myna_timer_set(&t, myna_host_now(&w.host)), MYNA_OK);
    until(enough);
    myna_timer_clear(&t);
}

static inline void join(void)
{
    CHECK_EQ(myna_lk_room_join(w.room, NULL), MYNA_OK);
    until_polled(is_answered);
    fake_rtc_state(MYNA_RTC_CONNECTED, "");
    fake_rtc_channels_open();
}

static inline bool is_resubscribed(void)
{
    return got(MYNA__LK__SIGNAL_REQUEST__MESSAGE_SUBSCRIPTION, NULL) > 0;
}

static inline void frame_on(size_t audio)
{
    struct myna_frame f = {.captured = 1};

    fake_rtc.now->events.frame(fake_rtc.now->arg, &fake_rtc.now->audios[audio], &f);
}

static inline bool is_second_answer(void)
{
    return fake_rtc.now->answers == 2;
}

static inline void send_data(const char *text)
{
    CHECK_EQ(myna_lk_room_data(w.room, "t", myna_view_of(text), NULL, true), MYNA_OK);
}

static inline bool is_made_anew(void)
{
    return w.ins == 2 && fake_rtc.made == 2 && is_answered();
}

static inline bool is_over(void)
{
    return w.overs == 1;
}

#endif
