/* stay_serves.c - what people in the room offer the agent: functions of their clients, and their
 * cameras. Between the room, the session and the two modules that know the rules.
 */
#include "gateway/stay_inside.h"

/* ---- tools of the room */

void myna_gw_stay_rearm(struct myna_gw_stay *st)
{
    (void)!myna_timer_set(&st->tools_due, myna_gw_tools_deadline(st->tools));
}

static void tools_due_fire(struct myna_timer *t)
{
    struct myna_gw_stay *st = t->arg;

    myna_gw_tools_expire(st->tools, myna_host_now(st->host));
    myna_gw_stay_rearm(st);
}

static enum myna_err on_offer(void *arg, const struct myna_tool_def *tools, size_t n,
                              struct myna_why *why)
{
    struct myna_gw_stay *st = arg;

    return st->session ? myna_session_tools(st->session, tools, n, why) : MYNA_ESTATE;
}

static void on_result(void *arg, const char *session_call, const char *output, bool is_error)
{
    struct myna_gw_stay *st = arg;
    struct myna_tool_result r = {.size = sizeof r, .output = output, .is_error = is_error};

    if (st->session)
        (void)myna_session_tool_result(st->session, session_call, &r);
}

bool myna_gw_stay_on_tool(void *arg, struct myna_session *s, const struct myna_tool_call *call)
{
    struct myna_gw_stay *st = arg;
    uint64_t chance = (uint64_t)myna_host_random(st->host) << 32 | myna_host_random(st->host);
    bool taken = myna_gw_tools_call(st->tools, myna_host_now(st->host), chance, call->call_id,
                                    call->name, call->arguments, call->by);

    (void)s;
    myna_gw_stay_rearm(st);
    return taken;
}

void myna_gw_stay_cancel_calls(struct myna_gw_stay *st, const struct myna_event *ev)
{
    for (size_t i = 0; i < ev->u.tools.n; i++)
        myna_gw_tools_cancelled(st->tools, ev->u.tools.calls[i].call_id);
    myna_gw_stay_rearm(st);
}

/* ---- cameras */

static const struct myna_lk_person *person(const struct myna_gw_stay *st, const char *identity)
{
    return myna_lk_people_by_identity(myna_lk_room_people(st->room), identity);
}

static bool on_look(void *arg, const char *identity)
{
    const struct myna_gw_stay *st = arg;
    const struct myna_lk_person *p = person(st, identity);

    return p && myna_lk_room_look(st->room, p);
}

static void on_look_away(void *arg, const char *identity)
{
    const struct myna_gw_stay *st = arg;
    const struct myna_lk_person *p = person(st, identity);

    if (p)
        myna_lk_room_look_away(st->room, p);
}

static bool on_show(void *arg, const char *identity, const struct myna_image *image)
{
    const struct myna_gw_stay *st = arg;

    return !st->over && myna_session_show(st->session, identity, image) == MYNA_OK;
}

void myna_gw_stay_on_picture(void *arg, const struct myna_lk_person *p,
                             const struct myna_rtc_picture *picture)
{
    struct myna_gw_stay *st = arg;

    if (picture)
        myna_gw_camera_picture(st->camera, p->identity, picture->vp8, picture->began,
                               myna_lk_room_is_small(st->room, p, picture));
    else
        myna_gw_camera_refused(st->camera, p->identity);
}

void myna_gw_stay_no_pictures(struct myna_gw_stay *st, const char *identity)
{
    myna_gw_camera_left(st->camera, identity);
    if (st->session)
        (void)!myna_session_show(st->session, identity, NULL);
}

/* ---- both */

enum myna_err myna_gw_stay_serve(struct myna_gw_stay *st, struct myna_why *why)
{
    static const struct myna_gw_tools_host tools_host = {on_offer, on_result};
    static const struct myna_gw_camera_host camera_host = {on_look, on_look_away, on_show};

    myna_host_timer_init(st->host, &st->tools_due, tools_due_fire, st);
    st->tools =
        myna_gw_tools_create(st->opt.conf, myna_gw_tool_timeout(st->opt.conf->tool_timeout).time,
                             &st->wire, &tools_host, st);
    st->camera = myna_gw_camera_create(st->host, &st->wire, &camera_host, st);
    return st->tools && st->camera ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "memory is short");
}
