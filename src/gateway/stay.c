/* stay.c - see stay.h. Who is there, the room, the talk in it.
 *
 * stay_requests.c has what clients ask for, stay_serves.c their tools and cameras.
 */
#include "gateway/stay_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/access.h"
#include "gateway/log.h"
#include "gateway/paired.h"
#include "livekit/attendance.h"

#define TRACK_NAME "hermes-voice"

/* ---- who is there */

static int people(const struct myna_gw_stay *st)
{
    const struct myna_lk_people *all = myna_lk_room_people(st->room);
    int n = 0;

    for (size_t i = 0; i < myna_lk_people_count(all); i++)
        n += myna_lk_kind_counts(myna_lk_people_at(all, i)->kind);
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
    myna_gw_tools_left(st->tools, p->identity);
    myna_gw_stay_no_pictures(st, p->identity);
    myna_gw_stay_rearm(st);
    if (st->in)
        st->events.people(st->arg, people(st));
}

bool myna_gw_stay_allowed(const struct myna_gw_stay *st, const char *identity)
{
    return myna_gw_paired(st->paired, identity) || myna_gw_allowed(st->opt.conf, identity);
}

static bool on_may(void *arg, const struct myna_lk_person *p)
{
    struct myna_gw_stay *st = arg;

    return myna_lk_kind_counts(p->kind) &&
           (!st->opt.conf->require_authorized_before_stt || myna_gw_stay_allowed(st, p->identity));
}

static bool on_writes(void *arg, const struct myna_lk_person *p)
{
    return myna_gw_stay_allowed(arg, p->identity);
}

static bool on_listens(void *arg, const struct myna_lk_person *p)
{
    const struct myna_gw_stay *st = arg;

    return !myna_gw_clients_muted(&st->clients, p->identity) &&
           !(st->echo_gate && (st->story.talking || st->quiet.slot));
}

static enum myna_err on_send(void *arg, const char *topic, struct myna_view body, const char *to)
{
    struct myna_gw_stay *st = arg;

    return st->in && !st->over ? myna_lk_room_data(st->room, topic, body, to, true) : MYNA_ESTATE;
}

/* ---- the room */

/* A client that came before us may register now. */
static void tools_cleared(struct myna_gw_stay *st)
{
    if (st->opt.conf->mode != MYNA_GW_COMPAT)
        myna_gw_wire_event(&st->wire, "agent:tools-cleared", NULL);
}

static void on_in(void *arg, bool anew)
{
    struct myna_gw_stay *st = arg;

    if (anew && st->opt.metadata && myna_lk_room_metadata(st->room, st->opt.metadata))
        myna_gw_log(st->host, MYNA_LOG_WARN, "the agent's picture did not reach the server");
    if (anew && st->opt.name && myna_lk_room_rename(st->room, st->opt.name))
        myna_gw_log(st->host, MYNA_LOG_WARN, "the agent's name did not reach the server");
    if (anew && st->in)
        myna_gw_tools_clear(st->tools); /* whoever comes back too registers again */
    if (st->in) {
        if (anew)
            tools_cleared(st);
        return;
    }
    st->in = true;
    tools_cleared(st);
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

#define ECHO_TAIL (300 * MYNA_MS)

static void tell_story(struct myna_gw_stay *st, const struct myna_event *ev)
{
    myna_gw_story_event(&st->story, ev);
}

/* The room may still ring: what was said is over a moment later than its last sound. */
static void quiet_fire(struct myna_timer *t)
{
    struct myna_gw_stay *st = t->arg;

    tell_story(st, &st->stopped);
}

/* Nobody is heard from here on: what they have half said counts (voice-gateway 4.5). */
static void close_gate(struct myna_gw_stay *st, const struct myna_event *ev)
{
    while (st->story.n_listening) {
        char *who = strdup(st->story.listening[0]);

        if (!who)
            return;
        myna_gw_story_quiet(&st->story, who);
        if (myna_gw_lengths_close(&st->lengths, st->opt.conf, who, ev->at))
            myna_session_commit_turn_of(st->session, who);
        else
            myna_session_clear_turn_of(st->session, who);
        free(who);
    }
}

/* True: it will be told later. */
static bool holds(struct myna_gw_stay *st, const struct myna_event *ev)
{
    if (!st->echo_gate || ev->type != MYNA_EV_AGENT_STATE_CHANGED)
        return false;
    if (ev->u.agent_state.new_state == MYNA_AGENT_SPEAKING) {
        if (!st->story.talking && !st->quiet.slot)
            close_gate(st, ev);
        myna_timer_clear(&st->quiet);
        return false;
    }
    if (!st->story.talking)
        return false;
    st->stopped = *ev; /* plain values */
    return myna_timer_set(&st->quiet, myna_host_now(st->host) + ECHO_TAIL) == MYNA_OK;
}

static void too_long(struct myna_gw_stay *st, const char *who)
{
    json_t *payload = myna_gw_wire_identity(who);

    (void)!json_object_set_new(payload, "reason", json_string("input_audio_too_long"));
    myna_gw_wire_event(&st->wire, "agent:error", payload);
}

static void rearm_cap(struct myna_gw_stay *st)
{
    (void)!myna_timer_set(&st->cap_due, myna_gw_cap_deadline(&st->cap));
}

/* Somebody speaks on and on: what they have said is a turn now, and the rest is another. */
static void cap_fire(struct myna_timer *t)
{
    struct myna_gw_stay *st = t->arg;
    char who[MYNA_GW_CAP_IDENTITY];

    while (myna_gw_cap_expire(&st->cap, myna_host_now(st->host), who)) {
        myna_gw_story_cut(&st->story, who);
        if (st->opt.conf->mode != MYNA_GW_COMPAT)
            too_long(st, who);
        myna_session_commit_turn_of(st->session, who);
    }
    rearm_cap(st);
}

static void measure(struct myna_gw_stay *st, const struct myna_event *ev)
{
    const struct myna_gw_options *c = st->opt.conf;

    if (!st->rms) {
        myna_gw_cap_event(&st->cap, myna_host_now(st->host), ev);
        rearm_cap(st);
        return;
    }
    if (ev->type != MYNA_EV_PERSON_SPEAKING)
        return;
    switch (myna_gw_lengths_told(&st->lengths, c, ev)) {
    case MYNA_GW_LENGTH_CUT:
        if (c->mode != MYNA_GW_COMPAT)
            too_long(st, ev->u.person.identity);
        break;
    case MYNA_GW_LENGTH_NOISE:
        myna_session_clear_turn_of(st->session, ev->u.person.identity);
        break;
    case MYNA_GW_LENGTH_FINE:
        break;
    }
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct myna_gw_stay *st = arg;

    myna_calls_event(st->opt.calls, s, ev);
    st->events.event(st->arg, ev);
    if (!holds(st, ev))
        tell_story(st, ev);
    measure(st, ev);
    if (ev->type == MYNA_EV_FUNCTION_TOOLS_EXECUTED)
        myna_gw_stay_cancel_calls(st, ev);
    if (ev->type == MYNA_EV_ERROR && ev->u.fault.stage == MYNA_STAGE_TOOL)
        myna_gw_tools_reserved(st->tools, ev->u.fault.provider);
    if (ev->type != MYNA_EV_CLOSE || st->over)
        return;
    st->over = true;
    if (!*st->message && ev->u.close.fault)
        snprintf(st->message, sizeof st->message, "%s", ev->u.close.fault->message);
    st->events.over(st->arg, st->how, st->message);
}

static bool on_user_turn(void *arg, struct myna_session *s, uint32_t turn, const char *text,
                         enum myna_turn_verdict *verdict)
{
    struct myna_gw_stay *st = arg;
    const char *who = myna_session_turn_identity(s, turn);

    *verdict = MYNA_TURN_REPLY;
    if (!myna_gw_stay_allowed(st, who)) {
        myna_gw_story_refused(&st->story, who ? who : "", text, false);
        *verdict = MYNA_TURN_STOP;
    }
    return true;
}

static enum myna_err begin(struct myna_gw_stay *st, struct myna_why *why)
{
    static const struct myna_lk_door_events door_events = {
        .in = on_in,
        .over = on_over,
        .joined = on_joined,
        .left = on_left,
        .picture = myna_gw_stay_on_picture,
        .may = on_may,
        .listens = on_listens,
        .writes = on_writes,
        .data = myna_gw_stay_on_data,
    };
    struct myna_lk_door door = {
        .conf = st->opt.lk, .track_name = TRACK_NAME, .events = &door_events, .arg = st};
    struct myna_session_options so = {
        .size = sizeof so, .on_event = on_event, .on_tool = myna_gw_stay_on_tool, .arg = st};
    struct myna_call_info info = {
        .size = sizeof info, .door = "gateway", .callee = st->opt.lk->room};
    enum myna_err err;

    if (!st->opt.conf->require_authorized_before_stt)
        so.on_user_turn = on_user_turn;
    err = myna_lk_door_open(&so.transport, st->host, &door, why);

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
    err = myna_session_start(st->session, why);
    if (err)
        myna_calls_forget(st->opt.calls, st->session);
    else
        (void)myna_session_voice(st->session, myna_gw_stay_speaks(st));
    return err;
}

enum myna_err myna_gw_stay_create(struct myna_gw_stay **out, const struct myna_gw_stay_options *opt,
                                  const struct myna_gw_stay_events *events, void *arg,
                                  struct myna_why *why)
{
    struct myna_gw_stay *st = calloc(1, sizeof *st);
    const char *vad;
    enum myna_err err;

    if (!st)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    st->opt = *opt;
    st->events = *events;
    st->arg = arg;
    st->host = myna_runtime_host(opt->rt);
    st->wire = (struct myna_gw_wire){.send = on_send, .arg = st, .host = st->host};
    st->paired = opt->conf->pairing ? myna_gw_paired_read() : NULL;
    st->clients.everybody = opt->conf->mode == MYNA_GW_COMPAT;
    myna_gw_story_init(&st->story, &st->wire, opt->conf->mode == MYNA_GW_COMPAT);
    myna_host_timer_init(st->host, &st->quiet, quiet_fire, st);
    myna_host_timer_init(st->host, &st->cap_due, cap_fire, st);
    myna_gw_cap_init(&st->cap, opt->conf->max_utterance_ms * MYNA_MS);
    vad = myna_config_get(myna_runtime_config(opt->rt), "vad.provider");
    st->rms = vad && !strcmp(vad, "rms");
    st->echo_gate = opt->conf->barge_in == MYNA_GW_OFF ||
                    (opt->conf->barge_in == MYNA_GW_AUTO && opt->conf->mode == MYNA_GW_COMPAT);
    err = myna_gw_stay_serve(st, why);
    if (!err)
        err = begin(st, why);
    if (err) {
        myna_gw_stay_destroy(st);
        return err;
    }
    *out = st;
    return MYNA_OK;
}

size_t myna_gw_stay_people(const struct myna_gw_stay *st)
{
    return st->in && !st->over ? (size_t)people(st) : 0;
}

bool myna_gw_stay_stood(const struct myna_gw_stay *st)
{
    return myna_lk_room_stood(st->room);
}

bool myna_gw_stay_announce(struct myna_gw_stay *st, const char *text)
{
    if (!myna_gw_stay_people(st))
        return false;
    if (!st->opt.conf->speak_home_messages ||
        myna_session_say(st->session, text, -1, true, NULL)) /* what is said is told as text, too */
        myna_gw_wire_words(&st->wire, text);
    return true;
}

void myna_gw_stay_rename(struct myna_gw_stay *st, const char *name)
{
    st->opt.name = name;
    if (st->in && !st->over && myna_lk_room_rename(st->room, name))
        myna_gw_log(st->host, MYNA_LOG_WARN, "the agent's name did not reach the server");
}

void myna_gw_stay_leave(struct myna_gw_stay *st)
{
    myna_gw_tools_clear(st->tools); /* calls fail now, not when their time is over */
    myna_session_shutdown(st->session, false, "user_initiated");
}

void myna_gw_stay_destroy(struct myna_gw_stay *st)
{
    if (!st)
        return;
    st->over = true;
    myna_timer_clear(&st->tools_due);
    myna_timer_clear(&st->quiet);
    myna_timer_clear(&st->cap_due);
    myna_session_destroy(st->session);
    myna_gw_tools_destroy(st->tools);
    myna_gw_camera_destroy(st->camera);
    myna_gw_story_fini(&st->story);
    myna_gw_clients_fini(&st->clients);
    json_decref(st->paired);
    free(st);
}
