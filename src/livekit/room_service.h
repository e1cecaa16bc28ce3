/* room_service.h - one question about one room, asked of LiveKit's RoomService from inside the
 * loop (livekit-rtc 6). api.c is the same for a program that has no loop.
 *
 * Loop thread; the answer never comes from inside the call. myna_http_cancel() takes the question
 * back.
 */
#ifndef MYNA_LIVEKIT_ROOM_SERVICE_H
#define MYNA_LIVEKIT_ROOM_SERVICE_H

#include <myna/host.h>

#include "livekit/options.h"
#include "util/http.h"

struct myna_lk_room_question {          /* borrowed for the call, but for `arg` */
    const struct myna_lk_options *conf; /* address, key and secret */
    const char *method;                 /* "DeleteRoom" */
    const char *room;
    unsigned grants;   /* that it wants, enum myna_livekit_grant */
    int limit_ms;      /* of it all */
    size_t max_answer; /* bytes */
    void (*data)(void *arg, struct myna_http_request *rq, struct myna_view bytes); /* or NULL */
    void (*done)(void *arg, struct myna_http_request *rq, const struct myna_http_error *error);
    void *arg;
};

/* ECONFIG: address, key or secret are missing or wrong; ENOMEM. */
MYNA_MUST enum myna_err myna_lk_room_ask(struct myna_host *host,
                                         const struct myna_lk_room_question *q,
                                         struct myna_http_request **out, struct myna_why *why);

#endif
