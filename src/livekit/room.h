/* room.h - a stay in a LiveKit room: in, with sound, words and people, until it ends for good.
 *
 * Owns the signalling (signal.h), sound and channels (media.h), the model of people (people.h),
 * packets and streams. A lost connection is resumed, or joined anew, by the table of livekit-rtc
 * 9.1; people keep their numbers, what is being said goes on. Only what cannot be mended, or was
 * tried too often, is told as closed.
 *
 * Loop thread. Any call may be made inside an event, also destroy.
 */
#ifndef MYNA_LIVEKIT_ROOM_H
#define MYNA_LIVEKIT_ROOM_H

#include "livekit/options.h"
#include "livekit/people.h"
#include "livekit/rpc.h"
#include "livekit/signal.h"
#include "livekit/streams.h"
#include "rtc/rtc.h"

struct myna_lk_room;

enum myna_lk_room_state {
    MYNA_LK_STAY_JOINING,
    MYNA_LK_STAY_IN,   /* people are known; sound follows in a moment */
    MYNA_LK_STAY_LOST, /* sound may go on meanwhile */
    MYNA_LK_STAY_OVER, /* for good; nothing is told afterwards */
};

struct myna_lk_room_events { /* each may be NULL */
    void (*state)(void *arg, enum myna_lk_room_state state, const struct myna_lk_end *end);
    struct myna_lk_people_events people;
    /* Whose sound do we want? NULL: nobody's. Asked when a track comes and by review(). */
    bool (*hears)(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t);
    void (*frame)(void *arg, const struct myna_lk_person *p, const struct myna_frame *f);
    /* Of somebody who is looked at. NULL: the server cannot give us their pictures. */
    void (*picture)(void *arg, const struct myna_lk_person *p,
                    const struct myna_rtc_picture *picture);
    /* Every 20 ms while sound flows, see rest(): true with a frame, false for silence. */
    bool (*tick)(void *arg, myna_us now, int16_t pcm[MYNA_OUT_SAMPLES]);
    /* Somebody listens to our track now: what is said from here on is heard. */
    void (*listened)(void *arg);
    /* `from` NULL: the server's API, or somebody of whom nothing is known yet (`identity` then). */
    void (*data)(void *arg, const struct myna_lk_person *from, const char *identity,
                 const char *topic, struct myna_view body);
    /* Is a stream of theirs taken? NULL: everybody's. `from` as above. */
    bool (*wants)(void *arg, const struct myna_lk_person *from, const char *identity,
                  const char *topic, bool is_text);
    /* A text is UTF-8 and ends with '\0'. */
    void (*stream)(void *arg, const struct myna_lk_person *from, const char *identity,
                   const Myna__Lk__StreamHeader *header, struct myna_view body, bool is_text);
    struct myna_lk_rpc_events rpc; /* calls of methods, theirs and ours */
    void (*dtmf)(void *arg, const struct myna_lk_person *from, const char *digits);
    /* What they say is sealed end to end and cannot be understood: a sentence, without their name.
     * Once for each of them, until something of theirs is understood. */
    void (*unreadable)(void *arg, const struct myna_lk_person *p, const char *why);
    void (*speakers)(void *arg, const struct myna_lk_person *p, float level, bool active);
};

struct myna_lk_room_options {
    struct myna_host *host;
    const struct myna_lk_options *conf; /* kept */
    const char *track_name;             /* of what we publish; NULL: nothing */
};

MYNA_MUST enum myna_err myna_lk_room_create(struct myna_lk_room **out,
                                            const struct myna_lk_room_options *opt,
                                            const struct myna_lk_room_events *events, void *arg,
                                            struct myna_why *why);
/* Begins to join. ECONFIG: address, key, room are missing or wrong. The rest is told by state(). */
MYNA_MUST enum myna_err myna_lk_room_join(struct myna_lk_room *r, struct myna_why *why);
/* Says goodbye; state(CLOSED) follows, soon. */
void myna_lk_room_leave(struct myna_lk_room *r);
void myna_lk_room_destroy(struct myna_lk_room *r); /* NULL is fine */

const struct myna_lk_people *myna_lk_room_people(const struct myna_lk_room *r);
const char *myna_lk_room_identity(const struct myna_lk_room *r); /* ours; "" before we are in */
const char *myna_lk_room_sid(const struct myna_lk_room *r);      /* ours, of now */
/* Which session of this stay, from 1; the same after a resume. (Our sid is not: who is moved to
 * another room goes on in the same session under another one.) */
unsigned myna_lk_room_session(const struct myna_lk_room *r);
const char *myna_lk_room_name(const struct myna_lk_room *r);      /* as the server says */
const char *myna_lk_room_track_sid(const struct myna_lk_room *r); /* ours; "" none */
/* Our connection is being mended, or we joined anew a moment ago: to the server the one we were has
 * left. */
bool myna_lk_room_is_unsettled(const struct myna_lk_room *r);
/* Sound had a path in this stay, for as long as counts as a success. Also of one that is over. */
bool myna_lk_room_stood(const struct myna_lk_room *r);
/* The person's newest camera or screen: its key frames are told by picture(), those that begin from
 * now on, until look_away(). Nobody's video is subscribed to before the first look, and between two
 * looks it is paused at the server. false: they have none that we could see. */
MYNA_MUST bool myna_lk_room_look(struct myna_lk_room *r, const struct myna_lk_person *p);
void myna_lk_room_look_away(struct myna_lk_room *r, const struct myna_lk_person *p);
/* Its owner announced a larger one, which may follow: of the sizes that a camera is sent in, the
 * smallest may come first. */
bool myna_lk_room_is_small(const struct myna_lk_room *r, const struct myna_lk_person *p,
                           const struct myna_rtc_picture *picture);
void myna_lk_room_review(struct myna_lk_room *r); /* ask hears() again about everybody */
void myna_lk_room_rest(struct myna_lk_room *r);   /* within tick(): as myna_rtc_rest() */
void myna_lk_room_wake(struct myna_lk_room *r);   /* as myna_rtc_wake() */

/* An attribute of ours; several set in a row go in one message. "" takes it away. */
MYNA_MUST enum myna_err myna_lk_room_attribute(struct myna_lk_room *r, const char *key,
                                               const char *value);
/* Our metadata, for all to read; the server takes 512 KiB unless it is told otherwise. */
MYNA_MUST enum myna_err myna_lk_room_metadata(struct myna_lk_room *r, const char *metadata);
MYNA_MUST enum myna_err myna_lk_room_rename(struct myna_lk_room *r, const char *name);
MYNA_MUST enum myna_err myna_lk_room_data(struct myna_lk_room *r, const char *topic,
                                          struct myna_view body, const char *to, bool reliable);
struct myna_lk_packets *myna_lk_room_packets(struct myna_lk_room *r); /* for streams */
struct myna_lk_rpc *myna_lk_room_rpc(struct myna_lk_room *r);
/* When the server's last packet came on this connection; 0: none yet. */
myna_us myna_lk_room_arrived(const struct myna_lk_room *r);

#endif
