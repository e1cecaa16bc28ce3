/* door.h - the transport "livekit" for an owner who has a say in it, as the voice gateway has.
 *
 * Loop thread. The owner outlives the transport or its over(); it may make any call of the room
 * inside an event, but must not destroy the session there.
 */
#ifndef MYNA_LIVEKIT_DOOR_H
#define MYNA_LIVEKIT_DOOR_H

#include <myna/transport.h>

#include "livekit/room.h"

struct myna_lk_door_events { /* each may be NULL */
    /* In the room; `anew`: as a participant nobody knows yet, at first and after a full reconnect.
     */
    void (*in)(void *arg, bool anew);
    void (*over)(void *arg, const struct myna_lk_end *end); /* before the session is told */
    void (*joined)(void *arg, const struct myna_lk_person *p);
    void (*left)(void *arg, const struct myna_lk_person *p, int reason);
    /* May this person talk with the agent? Sound of others is not even subscribed to. */
    bool (*may)(void *arg, const struct myna_lk_person *p);
    /* Is this person's sound taken now? What is not taken is silence. Media tick. */
    bool (*listens)(void *arg, const struct myna_lk_person *p);
    /* Of somebody whom the owner looks at (myna_lk_room_look); NULL: none can be had. */
    void (*picture)(void *arg, const struct myna_lk_person *p,
                    const struct myna_rtc_picture *picture);
    /* Does what this person writes in the room's chat reach the session? NULL: it does. */
    bool (*writes)(void *arg, const struct myna_lk_person *p);
    /* True: it was for the owner, and nobody else sees it. */
    bool (*data)(void *arg, const struct myna_lk_person *from, const char *identity,
                 const char *topic, struct myna_view body);
};

struct myna_lk_door {
    const struct myna_lk_options *conf; /* kept, with what it points to */
    const char *track_name;
    const struct myna_lk_door_events *events; /* kept */
    void *arg;
};

MYNA_MUST enum myna_err myna_lk_door_open(struct myna_transport **out, struct myna_host *host,
                                          const struct myna_lk_door *door, struct myna_why *why);
struct myna_lk_room *myna_lk_door_room(struct myna_transport *t);
/* Who somebody in the room is to the session; 0: the session does not know them. */
uint32_t myna_lk_door_who(const struct myna_transport *t, const char *identity);

#endif
