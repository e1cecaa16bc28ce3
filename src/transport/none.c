/* none.c - the transport of a session that is only typed: no sound either way. Words come in by
 * myna_session_text() and go out as events, so there is nothing for it to carry; it is there so
 * that a session always has a transport. Served: `myna console --text`, hosts with a chat window.
 */
#include "transport/builtin.h"

#include <stdlib.h>
#include <string.h>

struct none {
    struct myna_transport base;
    struct myna_timer later;
    bool joined, closed;
    char reason[64]; /* of the hang-up; "" until then */
};

static void later_fire(struct myna_timer *timer)
{
    struct none *n = timer->arg;

    if (!n->joined) {
        n->joined = true;
        myna_transport_joined(&n->base, 0, "typist", NULL);
    }
    if (n->reason[0] && !n->closed) {
        n->closed = true;
        myna_transport_closed(&n->base, n->reason, NULL);
    }
}

static enum myna_err none_start(struct myna_transport *t, struct myna_why *why)
{
    struct none *n = (struct none *)t;
    enum myna_err err = myna_timer_set(&n->later, myna_host_now(t->host));

    return err ? myna_fail(why, err, "no timer for the call") : MYNA_OK;
}

static void none_hangup(struct myna_transport *t, const char *reason)
{
    struct none *n = (struct none *)t;

    if (n->reason[0])
        return;
    strncpy(n->reason, reason && *reason ? reason : "hangup", sizeof n->reason - 1);
    (void)!myna_timer_set(&n->later, myna_host_now(t->host));
}

static void none_destroy(struct myna_transport *t)
{
    struct none *n = (struct none *)t;

    if (!n)
        return;
    myna_timer_clear(&n->later);
    free(n);
}

static enum myna_err none_text(struct myna_transport *t, uint32_t who, const char *stream_id,
                               const char *text, bool from_user, bool is_final)
{
    (void)t, (void)who, (void)stream_id, (void)text, (void)from_user, (void)is_final;
    return MYNA_OK; /* the host has the same words as an event */
}

static enum myna_err none_create(struct myna_transport **out, struct myna_host *host,
                                 const struct myna_config *cfg, struct myna_why *why)
{
    struct none *n = calloc(1, sizeof *n);

    (void)cfg;
    if (!n)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    n->base = (struct myna_transport){
        .cls = &myna_transport_none,
        .host = host,
        .caps = MYNA_TRANSPORT_TEXT,
        .heard = MYNA_HEARD_AT_PULL,
    };
    myna_host_timer_init(host, &n->later, later_fire, n);
    *out = &n->base;
    return MYNA_OK;
}

const struct myna_transport_class myna_transport_none = {
    .name = "none",
    .summary = "no sound: a typed conversation",
    .create = none_create,
    .start = none_start,
    .hangup = none_hangup,
    .destroy = none_destroy,
    .text = none_text,
};
