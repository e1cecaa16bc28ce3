/* stay.c - see stay.h. */
#include "gateway/stay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/session.h>

#include "gateway/access.h"
#include "gateway/clients.h"
#include "gateway/control.h"
#include "gateway/count.h"
#include "gateway/story.h"
#include "livekit/door.h"

#define TRACK_NAME "hermes-voice"

struct myna_gw_stay {
    struct myna_gw_stay_options opt;
    struct myna_gw_stay_events events;
    void *arg;
    struct myna_host *host;
    struct myna_session *session;
    struct myna_transport *door; /* the session's */
    struct myna_lk_room *room;   /* the door's */
    struct myna_gw_wire wire;
    struct myna_gw_story story;
    struct myna_gw_clients clients;
    bool in, over;
    enum myna_gw_lost how;
    char message[600];
};

/* ---- who is there */

static int people(const struct myna_gw_stay *st)
{
    const struct myna_lk_people *all = myna_lk_room_people(st->room);
    int n = 0;

    for (size_t i = 0; i < myna_lk_people_count(all); i++)
        n += myna_gw_kind_counts(myna_lk_people_at(all, i)->kind);
    return n;
}

static void on_joined(void *arg, const struct myna_lk_person *p)
{
    struct myna_gw_stay *st = arg;

    (void)p;
    if (st->in)
        st->events.people(st->arg, people(st));
}

static void on_left(void *arg, const struct myna_lk_person *p, int reason)
{
    struct myna_gw_stay *st = arg;

    (void)reason;
    myna_gw_clients_left(&st->clients, p->identity);
    if (st->in)
        st->events.people(st->arg, people(st));
}

static bool on_may(void *arg, const struct myna_lk_person *p)
{
    struct myna_gw_stay *st = arg;

    return myna_gw_kind_counts(p->kind) && myna_gw_allowed(st->opt.conf, p->identity);
}

static bool on_listens(void *arg, const struct myna_lk_person *p)
{
    const struct myna_gw_stay *st = arg;

    return !myna_gw_clients_muted(&st->clients, p->identity);
}

/* ---- what clients ask for (voice-gateway 7) */

static bool is_heard(const struct myna_gw_stay *st, const char *identity)
{
    return !strcmp(myna_lk_door_linked(st->door), identity);
}

static void mute(struct myna_gw_stay *st, const char *identity, bool on)
{
    myna_gw_clients_mute(&st->clients, identity, on);
    if (on && (is_heard(st, identity) || st->clients.all_muted) &&
        myna_session_user_state(st->session) == MYNA_USER_SPEAKING)
        myna_session_commit_user_turn(st->session); /* what was said until here counts */
}

static void typed(struct myna_gw_stay *st, const char *identity, const char *text)
{
    myna_gw_story_typed(&st->story, identity, text);
    if (myna_session_text(st->session, text))
        myna_host_log(st->host, MYNA_LOG_WARN, "a typed message was not taken: the talk is ending");
}

static void obey(struct myna_gw_stay *st, const struct myna_gw_control *c, const char *identity)
{
    switch (c->order) {
    case MYNA_GW_MESSAGE:
        typed(st, identity, c->text);
        break;
    case MYNA_GW_PAUSE:
        mute(st, identity, true);
        break;
    case MYNA_GW_RESUME:
        mute(st, identity, false);
        break;
    case MYNA_GW_END_OF_TURN:
        if (is_heard(st, identity))
            myna_session_commit_user_turn(st->session);
        break;
    case MYNA_GW_INTERRUPT:
        if (myna_session_interrupt(st->session, true))
            myna_host_log(st->host, MYNA_LOG_DEBUG, "nothing to interrupt");
        break;
    case MYNA_GW_BROKEN:
        myna_host_log(st->host, MYNA_LOG_WARN, "a control message is no JSON and is passed over");
        break;
    case MYNA_GW_CAPTURE:
    case MYNA_GW_TOOL_REGISTER:
    case MYNA_GW_TOOL_UNREGISTER:
    case MYNA_GW_TOOL_RESULT:
    case MYNA_GW_NOTHING:
        myna_host_log(st->host, MYNA_LOG_DEBUG, "a control message is passed over");
        break;
    }
}

static bool on_data(void *arg, const struct myna_lk_person *from, const char *identity,
                    const char *topic, struct myna_view body)
{
    struct myna_gw_stay *st = arg;
    struct myna_gw_control c;

    (void)from;
    if (strcmp(topic, MYNA_GW_CONTROL) != 0 || st->over || !st->session)
        return false;
    if (!*identity)
        identity = "client"; /* sent by the server */
    if (!myna_gw_allowed(st->opt.conf, identity)) {
        if (myna_gw_clients_stranger(&st->clients, identity, myna_host_now(st->host)))
            myna_host_log(st->host, MYNA_LOG_INFO,
                          "messages of somebody who is not allowed are passed over");
        return true;
    }
    myna_gw_control_read(&c, body, st->opt.conf->mode == MYNA_GW_COMPAT);
    obey(st, &c, identity);
    myna_gw_control_fini(&c);
    return true;
}

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    struct myna_gw_stay *st = arg;

    return st->in && !st->over ? myna_lk_room_data(st->room, topic, body, to, true) : MYNA_ESTATE;
}

/* ---- the room */

static void on_in(void *arg, bool anew)
{
    struct myna_gw_stay *st = arg;

    if (anew && st->opt.metadata && myna_lk_room_metadata(st->room, st->opt.metadata))
        myna_host_log(st->host, MYNA_LOG_WARN, "the agent's picture did not reach the server");
    if (st->in)
        return;
    st->in = true;
    st->events.in(st->arg, people(st));
}

static void on_over(void *arg, const struct myna_lk_end *end)
{
    struct myna_gw_stay *st = arg;

    if (!end)
        return;
    if (end->kind == MYNA_LK_END_LEAVE && end->reason == MYNA_LK_DUPLICATE_IDENTITY)
        st->how = MYNA_GW_LOST_IDENTITY;
    snprintf(st->message, sizeof st->message, "%s", end->message ? end->message : "");
}

/* ---- the talk */

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct myna_gw_stay *st = arg;

    myna_calls_event(st->opt.calls, s, ev);
    st->events.event(st->arg, ev);
    myna_gw_story_event(&st->story, ev, myna_lk_door_linked(st->door));
    if (ev->type != MYNA_EV_CLOSE || st->over)
        return;
    st->over = true;
    if (!*st->message && ev->u.close.fault)
        snprintf(st->message, sizeof st->message, "%s", ev->u.close.fault->message);
    st->events.over(st->arg, st->how, st->message);
}

static enum myna_err begin(struct myna_gw_stay *st, struct myna_why *why)
{
    static const struct myna_lk_door_events door_events = {
        .in = on_in,
        .over = on_over,
        .joined = on_joined,
        .left = on_left,
        .may = on_may,
        .listens = on_listens,
        .data = on_data,
    };
    struct myna_lk_door door = {
        .conf = st->opt.lk, .track_name = TRACK_NAME, .events = &door_events, .arg = st};
    struct myna_session_options so = {.size = sizeof so, .on_event = on_event, .arg = st};
    struct myna_call_info info = {
        .size = sizeof info, .door = "gateway", .callee = st->opt.lk->room};
    enum myna_err err = myna_lk_door_open(&so.transport, st->host, &door, why);

    if (err)
        return err;
    st->door = so.transport;
    st->room = myna_lk_door_room(so.transport);
    err = myna_session_create(st->opt.rt, &so, &st->session, why);
    if (err) {
        so.transport->cls->destroy(so.transport);
        return err;
    }
    myna_calls_begin(st->opt.calls, st->session, &info);
    return myna_session_start(st->session, why);
}

enum myna_err myna_gw_stay_create(struct myna_gw_stay **out, const struct myna_gw_stay_options *opt,
                                  const struct myna_gw_stay_events *events, void *arg,
                                  struct myna_why *why)
{
    struct myna_gw_stay *st = calloc(1, sizeof *st);
    enum myna_err err;

    if (!st)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    st->opt = *opt;
    st->events = *events;
    st->arg = arg;
    st->host = myna_runtime_host(opt->rt);
    st->wire = (struct myna_gw_wire){.send = on_send, .arg = st, .host = st->host};
    st->clients.everybody = opt->conf->mode == MYNA_GW_COMPAT;
    myna_gw_story_init(&st->story, &st->wire, opt->conf->mode == MYNA_GW_COMPAT);
    err = begin(st, why);
    if (err) {
        myna_gw_stay_destroy(st);
        return err;
    }
    *out = st;
    return MYNA_OK;
}

void myna_gw_stay_leave(struct myna_gw_stay *st)
{
    myna_session_shutdown(st->session, false, "user_initiated");
}

void myna_gw_stay_destroy(struct myna_gw_stay *st)
{
    if (!st)
        return;
    st->over = true;
    myna_session_destroy(st->session);
    myna_gw_story_fini(&st->story);
    myna_gw_clients_fini(&st->clients);
    free(st);
}
