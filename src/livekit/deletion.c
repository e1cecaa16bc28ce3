/* deletion.c - the room is deleted at the end of a call (agent-session 6.1, delete_room_on_close).
 *
 * Asked of the server API while we are still in: others are put out, we too. The end of the call
 * waits for the answer, so long and no longer, also where our own line is over before it comes:
 * what went wrong is told as a fault. Only who ends the call by force does not wait; that the room
 * may still be there is in the log then.
 */
#include <stdio.h>

#include <myna/livekit.h>

#include "livekit/guests.h"
#include "livekit/room_service.h"

enum { LIMIT_MS = 3000, MAX_ANSWER = 64 << 10 };

static void over(struct lk *lk, const char *trouble)
{
    char text[400];
    struct myna_fault fault = {.stage = MYNA_STAGE_TRANSPORT,
                               .err = MYNA_EPROVIDER,
                               .provider = "livekit",
                               .message = text,
                               .recoverable = true};

    lk->deletion = NULL;
    if (trouble && !lk->closed) {
        snprintf(text, sizeof text, "the room %.60s was not deleted: %.300s",
                 myna_lk_room_name(lk->room), trouble);
        myna_transport_fault(&lk->base, 0, &fault);
    }
    if (!lk->closed)
        myna_lk_deletion_over(lk);
}

/* That it is gone already is as good. */
static void on_done(void *arg, struct myna_http_request *rq, const struct myna_http_error *error)
{
    (void)rq;
    over(arg, error && error->status != 404 ? error->message : NULL);
}

void myna_lk_delete_and_leave(struct lk *lk)
{
    struct myna_lk_room_question q = {.conf = &lk->opt,
                                      .method = "DeleteRoom",
                                      .room = myna_lk_room_name(lk->room),
                                      .grants = MYNA_LIVEKIT_CREATE,
                                      .limit_ms = LIMIT_MS,
                                      .max_answer = MAX_ANSWER,
                                      .done = on_done,
                                      .arg = lk};
    struct myna_why why = {0};

    myna_timer_clear(&lk->bye);
    lk->deletes = true;
    if (myna_lk_room_ask(lk->base.host, &q, &lk->deletion, &why))
        over(lk, why.text);
}

void myna_lk_deletion_cancel(struct lk *lk)
{
    myna_http_cancel(lk->deletion);
    lk->deletion = NULL;
}
