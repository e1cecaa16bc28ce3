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
#include "gateway/remote_tools.h"
#include "gateway/silence.h"
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
    struct myna_gw_tools *tools;
    struct myna_timer tools_due;
    bool rms;                  /* who is heard is told by plain loudness */
    bool echo_gate;            /* nobody is heard while the agent speaks */
    struct myna_timer quiet;   /* runs from its last sound until the gate opens */
    struct myna_event stopped; /* what is told then */
    myna_us began;             /* the utterance, on the session's clock */
    char beginner[257];        /* whose it is */
    bool in, over;
    enum myna_gw_lost how;
    char message[600];
};

/* ---- tools of the room */

static void rearm(struct myna_gw_stay *st)
{
    (void)!myna_timer_set(&st->tools_due, myna_gw_tools_deadline(st->tools));
}

static void tools_due_fire(struct myna_timer *t)
{
    struct myna_gw_stay *st = t->arg;

    myna_gw_tools_expire(st->tools, myna_host_now(st->host));
    rearm(st);
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

static bool on_tool(void *arg, struct myna_session *s, const struct myna_tool_call *call)
{
    struct myna_gw_stay *st = arg;
    uint64_t chance = (uint64_t)myna_host_random(st->host) << 32 | myna_host_random(st->host);
    bool taken = myna_gw_tools_call(st->tools, myna_host_now(st->host), chance, call->call_id,
                                    call->name, call->arguments);

    (void)s;
    rearm(st);
    return taken;
}

/* Calls that the session ended by itself. */
static void cancel_calls(struct myna_gw_stay *st, const struct myna_event *ev)
{
    for (size_t i = 0; i < ev->u.tools.n; i++)
        myna_gw_tools_cancelled(st->tools, ev->u.tools.calls[i].call_id);
    rearm(st);
}

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
    myna_gw_tools_left(st->tools, p->identity);
    rearm(st);
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

    return !myna_gw_clients_muted(&st->clients, p->identity) &&
           !(st->echo_gate && (st->story.talking || st->quiet.slot));
}

/* ---- what clients ask for (voice-gateway 7) */

static void mute(struct myna_gw_stay *st, const char *identity, bool on)
{
    myna_gw_clients_mute(&st->clients, identity, on);
    if (on && myna_gw_story_hears(&st->story, st->clients.all_muted ? NULL : identity) &&
        myna_session_user_state(st->session) == MYNA_USER_SPEAKING)
        myna_session_commit_user_turn(st->session); /* what was said until here counts */
}

/* A new conversation; tools stay registered. */
static void begin_anew(struct myna_gw_stay *st)
{
    myna_gw_tools_reset(st->tools);
    rearm(st);
    if (myna_session_forget(st->session))
        myna_host_log(st->host, MYNA_LOG_WARN, "no new conversation: the talk is ending");
}

static void typed(struct myna_gw_stay *st, const char *identity, const char *text)
{
    if (!strcmp(text, "/new") || !strcmp(text, "/reset")) {
        begin_anew(st);
        return;
    }
    if (!strcmp(text, "/help")) { /* all other commands are text for the agent */
        myna_gw_wire_words(&st->wire, "/new or /reset begins a new conversation; /help says this.");
        return;
    }
    myna_gw_story_typed(&st->story, identity, text);
    if (myna_session_text(st->session, text))
        myna_host_log(st->host, MYNA_LOG_WARN, "a typed message was not taken: the talk is ending");
}

/* We subscribe to nobody's camera. */
static void no_camera(struct myna_gw_stay *st, const char *identity)
{
    json_t *payload = myna_gw_wire_identity(identity);

    (void)!json_object_set_new(payload, "reason", json_string("no-video-track"));
    myna_gw_wire_event(&st->wire, "agent:frame-capture-failed", payload);
}

/* `sender` is "" for what the server sent; tools need an owner. */
static void obey(struct myna_gw_stay *st, const struct myna_gw_control *c, const char *sender)
{
    const char *identity = *sender ? sender : "client";

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
        myna_session_commit_user_turn(st->session);
        break;
    case MYNA_GW_INTERRUPT:
        if (myna_session_interrupt(st->session, true))
            myna_host_log(st->host, MYNA_LOG_DEBUG, "nothing to interrupt");
        break;
    case MYNA_GW_BROKEN:
        myna_host_log(st->host, MYNA_LOG_WARN, "a control message is no JSON and is passed over");
        break;
    case MYNA_GW_TOOL_REGISTER:
        myna_gw_tools_register(st->tools, sender, c->body);
        break;
    case MYNA_GW_TOOL_UNREGISTER:
        myna_gw_tools_unregister(st->tools, sender, c->body);
        break;
    case MYNA_GW_TOOL_RESULT:
        myna_gw_tools_result(st->tools, sender, c->body);
        rearm(st);
        break;
    case MYNA_GW_CAPTURE:
        no_camera(st, identity);
        break;
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
    if (!myna_gw_allowed(st->opt.conf, *identity ? identity : "client")) {
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
        myna_host_log(st->host, MYNA_LOG_WARN, "the agent's picture did not reach the server");
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

/* True: it will be told later. */
static bool holds(struct myna_gw_stay *st, const struct myna_event *ev)
{
    if (!st->echo_gate || ev->type != MYNA_EV_AGENT_STATE_CHANGED)
        return false;
    if (ev->u.agent_state.new_state == MYNA_AGENT_SPEAKING) {
        myna_timer_clear(&st->quiet);
        return false;
    }
    if (!st->story.talking)
        return false;
    st->stopped = *ev; /* plain values */
    return myna_timer_set(&st->quiet, myna_host_now(st->host) + ECHO_TAIL) == MYNA_OK;
}

static void too_long(struct myna_gw_stay *st)
{
    const char *who = st->story.last ? st->story.last : myna_lk_door_linked(st->door);
    json_t *payload = myna_gw_wire_identity(who);

    (void)!json_object_set_new(payload, "reason", json_string("input_audio_too_long"));
    myna_gw_wire_event(&st->wire, "agent:error", payload);
}

/* With VAD rms a sound that fits into one tick is noise, whatever a recogniser would make of it,
 * and one that lasts too long was cut. Its length is counted in ticks between start and stop
 * (silence.h).
 */
static void measure(struct myna_gw_stay *st, const struct myna_event *ev)
{
    const struct myna_gw_options *c = st->opt.conf;
    myna_us ticks, length;

    if (!st->rms || ev->type != MYNA_EV_PERSON_SPEAKING)
        return;
    if (ev->u.person.speaking) {
        st->began = ev->at;
        snprintf(st->beginner, sizeof st->beginner, "%s", ev->u.person.identity);
        return;
    }
    if (strcmp(st->beginner, ev->u.person.identity) != 0)
        return; /* they speak at once: whose tick it was is not known */
    ticks = (ev->at - st->began + MYNA_GW_TICK / 2) / MYNA_GW_TICK;
    length = (ticks + 1) * MYNA_GW_TICK;
    if (length / MYNA_GW_TICK == c->max_utterance_ms * MYNA_MS / MYNA_GW_TICK) {
        if (c->mode != MYNA_GW_COMPAT)
            too_long(st);
    } else if (length - (myna_us)(c->silence_duration * (double)MYNA_S) <
               (myna_us)(c->min_speech_duration * (double)MYNA_S)) {
        myna_session_clear_user_turn(st->session);
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
        cancel_calls(st, ev);
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
    struct myna_session_options so = {
        .size = sizeof so, .on_event = on_event, .on_tool = on_tool, .arg = st};
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
    static const struct myna_gw_tools_host tools_host = {on_offer, on_result};
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
    st->clients.everybody = opt->conf->mode == MYNA_GW_COMPAT;
    myna_gw_story_init(&st->story, &st->wire, opt->conf->mode == MYNA_GW_COMPAT);
    myna_host_timer_init(st->host, &st->tools_due, tools_due_fire, st);
    myna_host_timer_init(st->host, &st->quiet, quiet_fire, st);
    vad = myna_config_get(myna_runtime_config(opt->rt), "vad.provider");
    st->rms = vad && !strcmp(vad, "rms");
    st->echo_gate = opt->conf->barge_in == MYNA_GW_OFF ||
                    (opt->conf->barge_in == MYNA_GW_AUTO && opt->conf->mode == MYNA_GW_COMPAT);
    st->tools = myna_gw_tools_create(opt->conf, myna_gw_tool_timeout(opt->conf->tool_timeout).time,
                                     &st->wire, &tools_host, st);
    err = st->tools ? begin(st, why) : myna_fail(why, MYNA_ENOMEM, "memory is short");
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

bool myna_gw_stay_announce(struct myna_gw_stay *st, const char *text)
{
    if (!myna_gw_stay_people(st))
        return false;
    if (!st->opt.conf->speak_home_messages ||
        myna_session_say(st->session, text, -1, true, NULL)) /* what is said is told as text, too */
        myna_gw_wire_words(&st->wire, text);
    return true;
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
    myna_session_destroy(st->session);
    myna_gw_tools_destroy(st->tools);
    myna_gw_story_fini(&st->story);
    myna_gw_clients_fini(&st->clients);
    free(st);
}
