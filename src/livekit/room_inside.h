/* room_inside.h - the inside of a stay, shared by room*.c and by nobody else.
 *
 *   room.c          made, joined, left, tried again (the table of livekit-rtc 9.1)
 *   room_server.c   what the server says
 *   room_regions.c  where else it can be joined
 *   room_sound.c    tracks: what we publish, whom we hear
 *   room_sight.c    cameras, when somebody looks
 *   room_words.c    packets, streams, attributes
 *   room_sealed.c   end-to-end encryption
 *
 * Everything that comes from outside runs between enter() and leave(); the last leave() frees a
 * room that was destroyed inside one of its events.
 */
#ifndef MYNA_LIVEKIT_ROOM_INSIDE_H
#define MYNA_LIVEKIT_ROOM_INSIDE_H

#include "livekit/e2ee.h"
#include "livekit/media.h"
#include "livekit/regions.h"
#include "livekit/room.h"

enum room_way { WAY_JOIN, WAY_RESUME, WAY_FULL };

enum { ROOM_ATTRIBUTES = 32, ROOM_HEARD = 32, ROOM_SEEN = MYNA_LK_MAX_VIEWS };

struct room_attribute {
    char *key, *value;
    bool dirty;
};

struct room_seen { /* a camera that is subscribed to */
    char sid[MYNA_LK_SID];
    bool wanted;  /* by somebody who looks; else it is paused */
    int unopened; /* pictures in a row */
};

struct room_unread { /* somebody whose words do not open */
    uint32_t number; /* of the person; 0: nobody */
    int failed;      /* packets of sound in a row */
    myna_us since;   /* the first of these */
    bool told;
};

struct myna_lk_room {
    struct myna_host *host;
    const struct myna_lk_options *conf;
    struct myna_lk_room_events events;
    void *arg;
    char *track_name;
    int depth;
    bool dead, in, closed, leaving;

    struct myna_lk_signal *signal;
    struct myna_lk_media *media;
    bool ahead; /* media was made for an answer that has not come yet */
    struct myna_lk_people *people;
    struct myna_lk_packets *packets;
    struct myna_lk_streams *streams;
    struct myna_lk_rpc *rpc;
    struct myna_lk_e2ee *e2ee; /* NULL: nothing is sealed */
    bool join_due;             /* once the keys are made */
    struct room_unread unread[ROOM_HEARD];
    struct myna_arena *mem; /* texts of the message at hand */

    enum room_way way;   /* of the attempt that runs or comes */
    bool trying;         /* an attempt is due, or under way */
    int attempt, reason; /* counted until sound flows again */
    int attempts_before; /* that led to the path of now */
    myna_us whole_at;    /* since when there is one; 0: there never was */
    myna_us shaky_at;    /* since when nothing comes through it; 0: it does */
    bool stood;          /* one has been a success */
    bool had_path;       /* media ever stood */
    bool joined_anew;    /* one of these attempts was a new session */
    myna_us anew_at;     /* when we were in again as another participant; 0: never */
    myna_us lost_at;     /* when the first of these attempts was due */
    bool restart_ice, resuming;
    bool relay_only, never_resume; /* as the server says */
    char last_error[300];
    char *server, *elsewhere; /* URL of the session, and of the next; NULL: as the options say */
    struct myna_lk_regions *regions;
    int hops;     /* regions that were tried without a pause, of this outage or first join */
    bool hop_due; /* the first join failed; the cloud is still being asked where else */
    struct myna_timer retry, answer, path, settle, tell_attributes, reopen;
    uint32_t offers, requests;
    unsigned session; /* how many the server made */

    char sid[MYNA_LK_SID], *identity, *name;
    char cid[24], track_sid[MYNA_LK_SID];
    uint8_t *track_info; /* as the server told it, for its resume */
    size_t track_info_len;
    bool muted;                          /* by the server */
    char heard[ROOM_HEARD][MYNA_LK_SID]; /* tracks subscribed to */
    size_t n_heard;
    struct room_seen seen[ROOM_SEEN];
    size_t n_seen;
    struct room_attribute attributes[ROOM_ATTRIBUTES];
    size_t n_attributes;
};

void myna_lk_r_enter(struct myna_lk_room *r);
void myna_lk_r_leave(struct myna_lk_room *r);
bool myna_lk_r_quiet(const struct myna_lk_room *r); /* nothing may be told any more */

/* ---- room.c */
/* The path of sound is gone: the connection is resumed with ICE anew. */
void myna_lk_r_path_lost(struct myna_lk_room *r, const char *why);
/* The connection is whole again. */
void myna_lk_r_resumed(struct myna_lk_room *r);
void myna_lk_r_try(struct myna_lk_room *r, enum room_way way, const char *why, bool at_once);
void myna_lk_r_close(struct myna_lk_room *r, const struct myna_lk_end *end);
void myna_lk_r_is_in(struct myna_lk_room *r);
void myna_lk_r_is_whole(struct myna_lk_room *r); /* the path of sound stands */
void myna_lk_r_is_shaky(struct myna_lk_room *r); /* nothing comes through it */

/* ---- room_server.c */
void myna_lk_r_message(struct myna_lk_room *r, const Myna__Lk__SignalResponse *m);

/* ---- room_regions.c */
bool myna_lk_r_regions_open(struct myna_lk_room *r);
/* The next session is joined at that server, once. */
void myna_lk_r_sent_elsewhere(struct myna_lk_room *r, const char *url);
/* At one of these, the others where that fails. */
void myna_lk_r_sent_to(struct myna_lk_room *r, const char *const *urls, size_t n);
/* A session is about to be joined: at the server of the options the cloud is asked for others. */
void myna_lk_r_ask_regions(struct myna_lk_room *r);
/* The first join came to nothing: is it tried, or will it be, in another region? */
bool myna_lk_r_hops(struct myna_lk_room *r, const struct myna_lk_end *end);
/* A session could not be made: true, the next is tried elsewhere and at once. */
bool myna_lk_r_moves_on(struct myna_lk_room *r);

/* ---- room_sound.c */
enum myna_err myna_lk_r_media_open(struct myna_lk_room *r, struct myna_why *why);
/* A sentence when sound may only go through a relay and the server has none for us; else NULL. */
const char *myna_lk_r_no_relay(const struct myna_lk_room *r, Myna__Lk__ICEServer *const *servers,
                               size_t n);
/* With what the server says of the way to it; before the first offer. */
void myna_lk_r_media_route(struct myna_lk_room *r, Myna__Lk__ICEServer *const *servers, size_t n);
void myna_lk_r_publish(struct myna_lk_room *r);
void myna_lk_r_track(struct myna_lk_room *r, const struct myna_lk_person *p,
                     const struct myna_lk_track *t, enum myna_lk_track_change what);
void myna_lk_r_subscribe(struct myna_lk_room *r, const char *sid, bool on);
void myna_lk_r_sync(struct myna_lk_room *r); /* tells the server what we have, on a resume */
void myna_lk_r_reopen(struct myna_timer *t);
void myna_lk_r_answer(struct myna_lk_room *r, const Myna__Lk__SessionDescription *answer);
void myna_lk_r_trickle(struct myna_lk_room *r, const Myna__Lk__TrickleRequest *t);

/* ---- room_sight.c */
void myna_lk_r_unseen(struct myna_lk_room *r, const char *sid);  /* the track is gone */
void myna_lk_r_refused(struct myna_lk_room *r, const char *sid); /* the server cannot send it */
void myna_lk_r_look_again(struct myna_lk_room *r);               /* sections may be other ones */
void myna_lk_r_picture(void *arg, const char *track_sid, const struct myna_rtc_picture *p);

/* ---- room_sealed.c */
size_t myna_lk_r_seal(void *arg, uint32_t ssrc, uint32_t ts, struct myna_view frame, uint8_t *into,
                      size_t cap);
size_t myna_lk_r_open(void *arg, const char *track_sid, struct myna_view frame, uint8_t *into,
                      size_t cap);
/* Something of theirs could not be opened. sound: a packet of it, of which one does not count. */
void myna_lk_r_unreadable(struct myna_lk_room *r, const struct myna_lk_person *p,
                          enum myna_lk_opened why, bool sound);

/* ---- room_words.c */
bool myna_lk_r_words_open(struct myna_lk_room *r);
void myna_lk_r_attributes_again(struct myna_lk_room *r); /* all, to a new session */
void myna_lk_r_tell_attributes(struct myna_timer *t);

#endif
