/* door_world.h - a room and a session that do what the test says, for tests of the door between
 * them. The people in the room are real. */
#ifndef TESTS_DOOR_WORLD_H
#define TESTS_DOOR_WORLD_H

#include "check.h"

#include "livekit/guests.h"
#include "livekit/preconnect.h"
#include "util/host.h"

/* ---- a room that does what the test says */

struct myna_lk_room {
    struct myna_lk_room_events events;
    void *arg;
    struct myna_lk_people *people;
    struct myna_lk_packets *packets;
    struct myna_lk_rpc *rpc;
};

static struct {
    struct myna_host host;
    struct myna_lk_room room;
    struct myna_lk_options conf;
    struct myna_transport *t;
    struct myna_arena *mem;
    char log[2000]; /* what the session was told */
    int frames, pulls;
    uint32_t frame_who;
    unsigned versions;
    bool speaks, idle; /* the agent speaks; nobody does, nor will in a moment */
    int rests, wakes, silent, rewinds;
    int bytes;        /* of all data that the session was told */
    myna_us captured; /* of the last frame */
    myna_us arrived;  /* the room's last packet */
    myna_us pulled_at[1000];
    unsigned session; /* behind the first one */
} w;

static inline void note(const char *what, uint32_t who, const char *more)
{
    size_t n = strlen(w.log);

    snprintf(w.log + n, sizeof w.log - n, "%s%s %u%s%s", n ? " | " : "", what, (unsigned)who,
             *more ? " " : "", more);
}

/* What the room was asked for, and what it showed. */
static struct {
    bool publishes;     /* a track */
    char shown[400];    /* pieces of captions */
    const char *reads;  /* a topic of the program's; NULL: "notes" */
    bool no_methods;    /* the program answers no calls */
    void (*told)(void); /* what the host does when it is told of data or an attribute */
    void (*left)(void); /* and of somebody who left, once */
    char refused[200];  /* calls of methods: id and code */
} door;

/* Pieces of text streams are seen, and refused calls. */
static inline enum myna_err on_send(void *arg, struct myna_view packet, bool reliable)
{
    struct myna_arena *mem = myna_arena_create(0, 0);
    const Myna__Lk__DataPacket *m = myna_lk_unpack(mem, &myna__lk__data_packet__descriptor, packet);
    size_t n = strlen(door.shown);

    (void)arg;
    (void)reliable;
    if (m && m->value_case == MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK)
        snprintf(door.shown + n, sizeof door.shown - n, "%.*s|", (int)m->stream_chunk->content.len,
                 (const char *)m->stream_chunk->content.data);
    n = strlen(door.refused);
    if (m && m->value_case == MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE &&
        m->rpc_response->value_case == MYNA__LK__RPC_RESPONSE__VALUE_ERROR)
        snprintf(door.refused + n, sizeof door.refused - n, "%s %u|", m->rpc_response->request_id,
                 (unsigned)m->rpc_response->error->code);
    myna_arena_destroy(mem);
    return MYNA_OK;
}

static inline void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    (void)arg;
    (void)m;
}

static inline bool on_called(void *arg, const struct myna_lk_rpc_call *call)
{
    (void)arg;
    return w.room.events.rpc.called(w.room.arg, call);
}

enum myna_err myna_lk_room_create(struct myna_lk_room **out, const struct myna_lk_room_options *opt,
                                  const struct myna_lk_room_events *events, void *arg,
                                  struct myna_why *why)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet};
    static const struct myna_lk_rpc_events re = {.called = on_called};

    (void)why;
    door.publishes = opt->track_name != NULL;
    w.room.events = *events;
    w.room.arg = arg;
    w.room.people = myna_lk_people_create(&w.room.events.people, arg);
    w.room.packets = myna_lk_packets_create(&pe, NULL);
    w.room.rpc = myna_lk_rpc_create(opt->host, w.room.packets, &re, NULL);
    *out = &w.room;
    return MYNA_OK;
}

enum myna_err myna_lk_room_join(struct myna_lk_room *r, struct myna_why *why)
{
    (void)why;
    r->events.state(r->arg, MYNA_LK_STAY_IN, NULL);
    return MYNA_OK;
}

void myna_lk_room_leave(struct myna_lk_room *r)
{
    struct myna_lk_end end = {.kind = MYNA_LK_END_LEAVE, .message = "we left"};

    r->events.state(r->arg, MYNA_LK_STAY_OVER, &end);
}

void myna_lk_room_destroy(struct myna_lk_room *r)
{
    if (!r)
        return;
    myna_lk_people_destroy(r->people);
    myna_lk_rpc_destroy(r->rpc);
    myna_lk_packets_destroy(r->packets);
}

const struct myna_lk_people *myna_lk_room_people(const struct myna_lk_room *r)
{
    return r->people;
}

const char *myna_lk_room_identity(const struct myna_lk_room *r)
{
    (void)r;
    return "myna";
}

const char *myna_lk_room_name(const struct myna_lk_room *r)
{
    (void)r;
    return "demo";
}

unsigned myna_lk_room_session(const struct myna_lk_room *r)
{
    (void)r;
    return 1 + w.session;
}

const char *myna_lk_room_track_sid(const struct myna_lk_room *r)
{
    (void)r;
    return "TR_ours";
}

void myna_lk_room_rest(struct myna_lk_room *r)
{
    (void)r;
    w.rests++;
}

void myna_lk_room_wake(struct myna_lk_room *r)
{
    (void)r;
    w.wakes++;
}

myna_us myna_lk_room_arrived(const struct myna_lk_room *r)
{
    (void)r;
    return w.arrived;
}

void myna_lk_room_review(struct myna_lk_room *r)
{
    (void)r;
}

enum myna_err myna_lk_room_attribute(struct myna_lk_room *r, const char *key, const char *value)
{
    (void)r;
    (void)key;
    (void)value;
    return MYNA_OK;
}

enum myna_err myna_lk_room_data(struct myna_lk_room *r, const char *topic, struct myna_view body,
                                const char *to, bool reliable)
{
    (void)r;
    (void)topic;
    (void)body;
    (void)to;
    (void)reliable;
    return MYNA_OK;
}

struct myna_lk_packets *myna_lk_room_packets(struct myna_lk_room *r)
{
    return r->packets;
}

struct myna_lk_rpc *myna_lk_room_rpc(struct myna_lk_room *r)
{
    return r->rpc;
}

bool myna_lk_room_is_unsettled(const struct myna_lk_room *r)
{
    (void)r;
    return false;
}

/* The configuration knows all sections, and with them the whole program. */
const struct myna_option myna_lk_option_table[] = {{0}};

enum myna_err myna_lk_options_read(const struct myna_config *cfg, struct myna_lk_options *out,
                                   struct myna_why *why)
{
    (void)cfg;
    (void)out;
    return myna_fail(why, MYNA_ECONFIG, "no configuration here");
}

/* ---- a session that only writes down */

void myna_transport_joined(struct myna_transport *t, uint32_t who, const char *identity,
                           const char *name)
{
    char both[100];

    (void)t;
    snprintf(both, sizeof both, "%s=%s", identity, name);
    note("joined", who, both);
}

void myna_transport_left(struct myna_transport *t, uint32_t who, const char *reason)
{
    void (*left)(void) = door.left;

    (void)t;
    note("left", who, reason);
    door.left = NULL;
    if (left)
        left();
}

void myna_transport_frame(struct myna_transport *t, const struct myna_frame *f)
{
    (void)t;
    w.frames += !(f->flags & MYNA_FRAME_SILENT);
    w.silent += (f->flags & MYNA_FRAME_SILENT) != 0;
    w.captured = f->captured;
    w.frame_who = f->who;
}

bool myna_transport_pull(struct myna_transport *t, int16_t out[MYNA_OUT_SAMPLES])
{
    (void)t;
    memset(out, 0, MYNA_OUT_SAMPLES * sizeof *out);
    out[0] = (int16_t)++w.pulls;
    if (w.pulls < 1000)
        w.pulled_at[w.pulls] = myna_host_now(&w.host);
    return w.speaks;
}

void myna_transport_rewind(struct myna_transport *t, myna_us since)
{
    (void)t;
    w.rewinds++;
    while (w.pulls > 0 && w.pulled_at[w.pulls] > since)
        w.pulls--;
}

bool myna_transport_idle(const struct myna_transport *t)
{
    (void)t;
    return w.idle;
}

void myna_transport_text_in(struct myna_transport *t, uint32_t who, const char *text)
{
    (void)t;
    note("text", who, text);
}

void myna_transport_data_in(struct myna_transport *t, uint32_t who, const char *topic,
                            struct myna_view body)
{
    (void)t;
    w.bytes += (int)body.len;
    note("data", who, topic);
    if (door.told)
        door.told();
}

bool myna_transport_wants(const struct myna_transport *t, const char *topic)
{
    (void)t;
    return !strcmp(topic, door.reads ? door.reads : "notes");
}

bool myna_transport_has_methods(const struct myna_transport *t)
{
    (void)t;
    return !door.no_methods;
}

bool myna_transport_called(struct myna_transport *t, const struct myna_method_call *call)
{
    (void)t;
    note("called", call->timeout_ms, call->identity);
    return !strcmp(call->name, "upper");
}

void myna_transport_answered(struct myna_transport *t, uint32_t number, int code, const char *text)
{
    (void)t;
    (void)code;
    note("answered", number, text);
}

void myna_transport_attribute_in(struct myna_transport *t, uint32_t who, const char *key,
                                 const char *value)
{
    (void)t;
    (void)value;
    note("attribute", who, key);
    if (door.told)
        door.told();
}

void myna_transport_dtmf_in(struct myna_transport *t, uint32_t who, char digit)
{
    (void)t;
    note("dtmf", who, (char[]){digit, '\0'});
}

void myna_transport_fault(struct myna_transport *t, uint32_t who, const struct myna_fault *fault)
{
    (void)t;
    note("fault", who, fault->message);
}

void myna_transport_closed(struct myna_transport *t, const char *reason,
                           const struct myna_fault *fault)
{
    (void)t;
    note("closed", fault != NULL, reason);
}

/* ---- the world */

/* Mallory may not talk with the agent. */
static inline bool may(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    return strcmp(p->identity, "mallory") != 0;
}

/* Eve may listen, not write. */
static inline bool writes(void *arg, const struct myna_lk_person *p)
{
    (void)arg;
    return strcmp(p->identity, "eve") != 0;
}

/* As nobody changes it. */
static inline void usual(struct myna_lk_options *conf)
{
    conf->audio_input = conf->text_input = conf->audio_output = true;
    conf->transcription = conf->sync_transcription = conf->close_on_disconnect = true;
}

/* `owner` NULL: none. */
static inline void open_world_as(struct myna_lk_options conf,
                                 const struct myna_lk_door_events *owner)
{
    static const struct myna_lk_door_events nobody;
    struct myna_loop_options lo = {.workers = 1, .virtual_clock = true};
    struct myna_lk_door opens = {
        .conf = &w.conf, .track_name = "voice", .events = owner ? owner : &nobody};

    memset(&w, 0, sizeof w);
    memset(&door, 0, sizeof door);
    w.conf = conf;
    w.host.loop = myna_loop_create(&lo, NULL);
    myna_rand_seed(&w.host.rand, 7);
    w.mem = myna_arena_create(0, 16 << 20);
    CHECK_EQ(myna_lk_door_open(&w.t, &w.host, &opens, NULL), MYNA_OK);
    CHECK_EQ(w.t->cls->start(w.t, NULL), MYNA_OK);
}

static inline void open_world_of(struct myna_lk_options conf,
                                 const struct myna_lk_door_events *owner)
{
    usual(&conf);
    open_world_as(conf, owner);
}

static inline void open_world(struct myna_lk_options conf)
{
    static const struct myna_lk_door_events owner = {.may = may, .writes = writes};

    open_world_of(conf, &owner);
}

static inline void close_world(void)
{
    w.t->cls->destroy(w.t);
    myna_arena_destroy(w.mem);
    myna_loop_destroy(w.host.loop);
}

static inline void pass(int ms)
{
    myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + ms * MYNA_MS);
}

/* Ann has these audio tracks, the name's first letter being the source: 'm'icrophone, 'u'nknown or
 * 's'creen. */
static inline void ann_has(const char *const *names, size_t n)
{
    Myna__Lk__ParticipantInfo info = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__TrackInfo t[4], *tracks[4];

    info.sid = (char *)"PA_ann";
    info.identity = (char *)"ann";
    info.version = ++w.versions;
    info.state = 2;
    for (size_t i = 0; i < n; i++) {
        myna__lk__track_info__init(&t[i]);
        t[i].sid = (char *)names[i];
        t[i].source = *names[i] == 'm'   ? MYNA_LK_MICROPHONE
                      : *names[i] == 's' ? MYNA_LK_SCREEN_SOUND
                                         : MYNA_LK_SOURCE_UNKNOWN;
        tracks[i] = &t[i];
    }
    info.tracks = tracks;
    info.n_tracks = n;
    myna_lk_people_update(w.room.people, w.mem, &info);
    myna_arena_reset(w.mem);
    pass(1);
}

/* Somebody is in the room with a microphone, or has left for that reason. */
static inline void person_of(const char *identity, int kind, int source, bool preconnect, int left)
{
    Myna__Lk__ParticipantInfo info = MYNA__LK__PARTICIPANT_INFO__INIT;
    Myna__Lk__TrackInfo t = MYNA__LK__TRACK_INFO__INIT, *tracks[1] = {&t};
    int32_t feature = MYNA_LK_PRECONNECT_FEATURE;
    char sid[40], track[40];

    snprintf(sid, sizeof sid, "PA_%s", identity);
    snprintf(track, sizeof track, "TR_%s", identity);
    info.sid = sid;
    info.identity = (char *)identity;
    info.version = ++w.versions;
    info.state = left ? 3 : 2;
    info.kind = kind;
    info.disconnect_reason = left;
    t.sid = track;
    t.source = source;
    t.audio_features = &feature;
    t.n_audio_features = preconnect;
    info.tracks = tracks;
    info.n_tracks = 1;
    myna_lk_people_update(w.room.people, w.mem, &info);
    myna_arena_reset(w.mem);
    pass(1);
}

static inline void person(const char *identity, bool preconnect, int left)
{
    person_of(identity, MYNA_LK_STANDARD, MYNA_LK_MICROPHONE, preconnect, left);
}

static const struct myna_lk_person *who(const char *identity)
{
    return myna_lk_people_by_identity(w.room.people, identity);
}

static inline bool wants(const char *identity, const char *topic, bool is_text)
{
    return w.room.events.wants(w.room.arg, who(identity), identity, topic, is_text);
}

static inline void types(const char *identity, const char *text)
{
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;

    h.topic = (char *)"lk.chat";
    w.room.events.stream(w.room.arg, who(identity), identity, &h, myna_view_of(text), true);
}

static inline void sends(const char *identity, const char *topic)
{
    w.room.events.data(w.room.arg, who(identity), identity, topic, myna_view_of("x"));
}

static inline void sounds(const char *identity, int n)
{
    struct myna_frame f = {.captured = 0};

    for (int i = 0; i < n; i++) {
        f.captured = myna_host_now(&w.host);
        w.room.events.frame(w.room.arg, who(identity), &f);
        pass(20);
    }
}

/* Whether something was to be sent. */
static inline bool tick(void)
{
    int16_t pcm[MYNA_OUT_SAMPLES];

    return w.room.events.tick(w.room.arg, myna_host_now(&w.host), pcm);
}

#endif
