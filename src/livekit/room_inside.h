/* room_inside.h - the inside of a stay, shared by room*.c and by nobody else.
 *
 *   room.c          made, joined, left, tried again (the table of livekit-rtc 9.1)
 *   room_server.c   what the server says
 *   room_sound.c    tracks: what we publish, whom we hear
 *   room_words.c    packets, streams, attributes
 *
 * Everything that comes from outside runs between enter() and leave(); the last leave() frees a
 * room that was destroyed inside one of its events.
 */
#ifndef MYNA_LIVEKIT_ROOM_INSIDE_H
#define MYNA_LIVEKIT_ROOM_INSIDE_H

#include "livekit/media.h"
#include "livekit/room.h"

enum room_way { WAY_JOIN, WAY_RESUME, WAY_FULL };

enum { ROOM_ATTRIBUTES = 32, ROOM_HEARD = 32 };

struct room_attribute {
    char *key, *value;
    bool dirty;
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
    struct myna_lk_people *people;
    struct myna_lk_packets *packets;
    struct myna_lk_streams *streams;
    struct myna_lk_rpc *rpc;
    struct myna_arena *mem; /* texts of the message at hand */

    enum room_way way; /* of the attempt that runs or comes */
    int attempt, reason;
    myna_us lost_at; /* when the first of these attempts was due */
    bool restart_ice, resuming;
    bool relay_only, never_resume; /* as the server says */
    char last_error[300];
    struct myna_timer retry, answer, path, settle, tell_attributes, reopen;
    uint32_t offers, requests;

    char sid[MYNA_LK_SID], *identity, *name;
    char cid[24], track_sid[MYNA_LK_SID];
    uint8_t *track_info; /* as the server told it, for its resume */
    size_t track_info_len;
    bool muted;                          /* by the server */
    char heard[ROOM_HEARD][MYNA_LK_SID]; /* tracks subscribed to */
    size_t n_heard;
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

/* ---- room_server.c */
void myna_lk_r_message(struct myna_lk_room *r, const Myna__Lk__SignalResponse *m);

/* ---- room_sound.c */
enum myna_err myna_lk_r_media_open(struct myna_lk_room *r, Myna__Lk__ICEServer *const *servers,
                                   size_t n, struct myna_why *why);
void myna_lk_r_publish(struct myna_lk_room *r);
void myna_lk_r_track(struct myna_lk_room *r, const struct myna_lk_person *p,
                     const struct myna_lk_track *t, enum myna_lk_track_change what);
void myna_lk_r_sync(struct myna_lk_room *r); /* tells the server what we have, on a resume */
void myna_lk_r_reopen(struct myna_timer *t);
void myna_lk_r_answer(struct myna_lk_room *r, const Myna__Lk__SessionDescription *answer);
void myna_lk_r_trickle(struct myna_lk_room *r, const Myna__Lk__TrickleRequest *t);

/* ---- room_words.c */
bool myna_lk_r_words_open(struct myna_lk_room *r);
void myna_lk_r_attributes_again(struct myna_lk_room *r); /* all, to a new session */
void myna_lk_r_tell_attributes(struct myna_timer *t);

#endif
