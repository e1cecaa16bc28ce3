/* people.h - who is in the room: a model kept from LiveKit's updates, which tells what changed
 * (livekit-rtc 2.7, 2.8).
 *
 * Updates are partial and repeat themselves; an entry older than what is known is dropped. Each
 * person has a number for life, also over a full reconnect, when the server gives everybody new
 * sids: between begin() and end() whoever is seen again is the same by identity, and whoever is not
 * has left.
 *
 * Bounded: people, tracks of one, bytes of attributes and metadata; what is beyond is left out.
 * No I/O. One owner; events may read the model, not change it.
 */
#ifndef MYNA_LIVEKIT_PEOPLE_H
#define MYNA_LIVEKIT_PEOPLE_H

#include <stdint.h>

#include "livekit/pb.h"

enum {
    MYNA_LK_MAX_PEOPLE = 1024,
    MYNA_LK_MAX_TRACKS = 32,      /* of one person */
    MYNA_LK_MAX_NAME = 256,       /* bytes of identity and name */
    MYNA_LK_MAX_TEXTS = 64 << 10, /* bytes of one's attributes, and as many of metadata */
    MYNA_LK_MAX_ATTRIBUTES = 256,
    MYNA_LK_SID = 64,
};

enum myna_lk_kind { /* numbers of the wire */
                    MYNA_LK_STANDARD = 0,
                    MYNA_LK_INGRESS = 1,
                    MYNA_LK_EGRESS = 2,
                    MYNA_LK_SIP = 3,
                    MYNA_LK_AGENT = 4,
                    MYNA_LK_CONNECTOR = 7,
                    MYNA_LK_BRIDGE = 8,
};
enum { MYNA_LK_AUDIO = 0, MYNA_LK_VIDEO = 1, MYNA_LK_PRECONNECT_FEATURE = 6 };
enum myna_lk_source {
    MYNA_LK_SOURCE_UNKNOWN = 0,
    MYNA_LK_CAMERA = 1,
    MYNA_LK_MICROPHONE = 2,
    MYNA_LK_SCREEN = 3,
    MYNA_LK_SCREEN_SOUND = 4,
};

struct myna_lk_track {
    char sid[MYNA_LK_SID];
    int type, source;
    uint32_t width, height; /* of a video, as its owner announced it; 0: not told */
    bool muted, encrypted;
    bool preconnect; /* what was said before we came will be sent (preconnect.h) */
    bool seen;       /* people.c's */
};

struct myna_lk_attribute {
    char *key, *value;
};

struct myna_lk_person {
    uint32_t number; /* from 1, never used twice */
    char sid[MYNA_LK_SID];
    char *identity, *name, *metadata; /* UTF-8, never NULL */
    int kind;
    int protocol;  /* of its client: what it understands (livekit-rtc 5.1) */
    bool inflates; /* … also streams that are packed */
    uint32_t version;
    struct myna_lk_attribute *attributes;
    size_t n_attributes;
    struct myna_lk_track tracks[MYNA_LK_MAX_TRACKS];
    size_t n_tracks;
    bool seen; /* people.c's */
};

enum myna_lk_track_change {
    MYNA_LK_PUBLISHED,
    MYNA_LK_UNPUBLISHED,
    MYNA_LK_MUTED,
    MYNA_LK_UNMUTED,
};

struct myna_lk_people_events { /* each may be NULL */
    void (*joined)(void *arg,
                   const struct myna_lk_person *p); /* its tracks and attributes follow */
    void (*left)(void *arg, const struct myna_lk_person *p, int reason);
    void (*renamed)(void *arg, const struct myna_lk_person *p); /* name or metadata */
    void (*attribute)(void *arg, const struct myna_lk_person *p, const char *key,
                      const char *value); /* "": it is gone */
    void (*track)(void *arg, const struct myna_lk_person *p, const struct myna_lk_track *t,
                  enum myna_lk_track_change what);
};

struct myna_lk_people;

struct myna_lk_people *myna_lk_people_create(const struct myna_lk_people_events *events, void *arg);
void myna_lk_people_destroy(struct myna_lk_people *p); /* tells nothing; NULL is fine */

/* One entry of an update. `mem` serves for its texts. */
void myna_lk_people_update(struct myna_lk_people *p, struct myna_arena *mem,
                           const Myna__Lk__ParticipantInfo *info);
/* What follows until end() is everybody. */
void myna_lk_people_begin(struct myna_lk_people *p);
void myna_lk_people_end(struct myna_lk_people *p, int reason);

size_t myna_lk_people_count(const struct myna_lk_people *p);
const struct myna_lk_person *myna_lk_people_at(const struct myna_lk_people *p, size_t i);
/* NULL: nobody of that name. Numbers: 0 is nobody. */
const struct myna_lk_person *myna_lk_people_by_identity(const struct myna_lk_people *p,
                                                        const char *identity);
const struct myna_lk_person *myna_lk_people_by_sid(const struct myna_lk_people *p, const char *sid);
const struct myna_lk_person *myna_lk_people_by_number(const struct myna_lk_people *p,
                                                      uint32_t number);
/* Whose track; *track is set when it is found. */
const struct myna_lk_person *myna_lk_people_by_track(const struct myna_lk_people *p,
                                                     const char *track_sid,
                                                     const struct myna_lk_track **track);
/* "" when there is none. */
const char *myna_lk_attribute_of(const struct myna_lk_person *p, const char *key);

#endif
