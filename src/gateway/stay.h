/* stay.h - one stay in the room: the connection, the talk in it, and what the people there and the
 * gateway tell each other.
 *
 * Made when the gateway joins, gone when it leaves; the next stay knows nothing of the last. Loop
 * thread. destroy() not from inside an event of it.
 */
#ifndef MYNA_GATEWAY_STAY_H
#define MYNA_GATEWAY_STAY_H

#include <myna/calls.h>
#include <myna/runtime.h>

#include "gateway/options.h"
#include "gateway/presence.h"
#include "livekit/options.h"

struct myna_gw_stay;
struct myna_gw_memory;

struct myna_gw_stay_events {
    void (*in)(void *arg, int people);     /* once */
    void (*people)(void *arg, int people); /* so many who count are here now */
    void (*over)(void *arg, enum myna_gw_lost how, const char *message); /* once, the last */
    void (*event)(void *arg, const struct myna_event *ev);               /* of its session */
};

struct myna_gw_stay_options {
    struct myna_runtime *rt;
    const struct myna_gw_options *conf; /* kept */
    const struct myna_lk_options *lk;   /* kept; name and identity are ours */
    const char *metadata;               /* of ours in the room; NULL: none. Kept */
    struct myna_calls *calls;           /* NULL: no log is kept */
    struct myna_gw_memory *memory;      /* kept; /voice is there */
    const char *name;                   /* shown, other than in `lk`; NULL: that one. Kept */
};

/* Begins to join. What goes wrong later is told by over(). */
MYNA_MUST enum myna_err myna_gw_stay_create(struct myna_gw_stay **out,
                                            const struct myna_gw_stay_options *opt,
                                            const struct myna_gw_stay_events *events, void *arg,
                                            struct myna_why *why);
/* A message to whoever is here, as text, or spoken too. False: nobody is. */
bool myna_gw_stay_announce(struct myna_gw_stay *st, const char *text);
void myna_gw_stay_rename(struct myna_gw_stay *st, const char *name); /* kept */
size_t myna_gw_stay_people(const struct myna_gw_stay *st); /* so many who count are here */
bool myna_gw_stay_stood(const struct myna_gw_stay *st);    /* sound had a path, not for a moment */
void myna_gw_stay_leave(struct myna_gw_stay *st);          /* over() follows, soon */
void myna_gw_stay_destroy(struct myna_gw_stay *st);        /* NULL is fine */

#endif
