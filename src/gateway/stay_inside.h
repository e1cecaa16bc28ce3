/* stay_inside.h - a stay from inside: shared by stay.c, stay_requests.c and stay_serves.c, and by
 * nobody else.
 */
#ifndef MYNA_GATEWAY_STAY_INSIDE_H
#define MYNA_GATEWAY_STAY_INSIDE_H

#include "gateway/stay.h"

#include <myna/session.h>

#include "gateway/camera.h"
#include "gateway/cap.h"
#include "gateway/clients.h"
#include "gateway/lengths.h"
#include "gateway/memory.h"
#include "gateway/remote_tools.h"
#include "gateway/story.h"
#include "livekit/door.h"

struct myna_gw_stay {
    struct myna_gw_stay_options opt;
    struct myna_gw_stay_events events;
    void *arg;
    struct myna_host *host;
    struct myna_session *session;
    struct myna_transport *door; /* the session's */
    struct myna_lk_room *room;   /* the door's */
    struct myna_gw_camera *camera;
    struct myna_gw_wire wire;
    struct myna_gw_story story;
    struct myna_gw_clients clients;
    struct myna_gw_tools *tools;
    json_t *paired; /* whom Hermes has let in */
    struct myna_timer tools_due;
    bool rms;                  /* who is heard is told by plain loudness */
    bool echo_gate;            /* nobody is heard while the agent speaks */
    struct myna_timer quiet;   /* runs from its last sound until the gate opens */
    struct myna_event stopped; /* what is told then */
    struct myna_gw_lengths lengths;
    struct myna_gw_cap cap; /* any other VAD's utterances */
    struct myna_timer cap_due;
    bool in, over;
    enum myna_gw_lost how;
    char message[600];
};

/* ---- stay.c */
/* May they talk with the agent? */
bool myna_gw_stay_allowed(const struct myna_gw_stay *st, const char *identity);

/* ---- stay_requests.c: what clients ask for */
bool myna_gw_stay_on_data(void *arg, const struct myna_lk_person *from, const char *identity,
                          const char *topic, struct myna_view body);
bool myna_gw_stay_speaks(const struct myna_gw_stay *st); /* /voice is not off */

/* ---- stay_serves.c: tools and cameras of the room */
MYNA_MUST enum myna_err myna_gw_stay_serve(struct myna_gw_stay *st, struct myna_why *why);
void myna_gw_stay_rearm(struct myna_gw_stay *st); /* a call began, or ended */
bool myna_gw_stay_on_tool(void *arg, struct myna_session *s, const struct myna_tool_call *call);
/* Calls that the session ended by itself. */
void myna_gw_stay_cancel_calls(struct myna_gw_stay *st, const struct myna_event *ev);
void myna_gw_stay_on_picture(void *arg, const struct myna_lk_person *p,
                             const struct myna_rtc_picture *picture);
void myna_gw_stay_no_pictures(struct myna_gw_stay *st, const char *identity); /* they are gone */

#endif
