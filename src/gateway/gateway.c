/* gateway.c - the process around presence.h: its clock, its signals, one stay after the other.
 *
 * A stay that is over is buried a turn later, from a timer: its session is still telling its last
 * event when it says so.
 */
#include <myna/gateway.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/runtime.h>
#include <myna/session.h>

#include "gateway/adapt.h"
#include "gateway/avatar.h"
#include "gateway/count.h"
#include "gateway/desk.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/name.h"
#include "gateway/options.h"
#include "gateway/presence.h"
#include "gateway/rms.h"
#include "gateway/stay.h"
#include "gateway/story.h"
#include "livekit/room.h"
#include "util/host.h"

struct gateway {
    const struct myna_gateway_options *opt;
    struct myna_config *cfg;
    struct myna_gw_options conf;
    struct myna_lk_options lk;
    char identity[300];
    struct myna_gw_seconds poll;
    char *metadata; /* NULL: no picture */

    struct myna_runtime *rt;
    struct myna_host *host;
    struct myna_presence presence;
    struct myna_gw_count *count;
    struct myna_gw_stay *stay; /* NULL: outside */
    struct myna_calls *calls;
    struct myna_gw_desk *desk; /* NULL: nobody may announce anything */
    struct myna_gw_memory memory;
    struct myna_gw_name *asking; /* the agent, what it is called */
    bool unnamed;                /* nobody has said it, and it was not asked yet */
    char name[128];              /* what it said; "": not yet */
    struct myna_timer due, bury;
    bool begun, held, buried, signals_on;
    enum myna_gw_lost how; /* of the stay that is to be buried */
    bool stood;            /* sound had a path in it */
    char message[600];     /* of the last one */
    const char *backend;   /* "ok", what its last fault was, "unknown" */
    int signals;
    enum myna_err err;
    struct myna_why *why;
};

static void tell(struct gateway *g, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);
static void tell(struct gateway *g, enum myna_log_level level, const char *fmt, ...)
{
    char text[800];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    myna_gw_log(g->host, level, "%s", text);
    if (g->opt->note && level == MYNA_LOG_INFO) /* worse is on the terminal already */
        g->opt->note(g->opt->arg, text);
}

/* The presence may have another deadline after each call into it. */
static void rearm(struct gateway *g)
{
    (void)!myna_timer_set(&g->due, myna_presence_deadline(&g->presence));
    if (g->presence.state == MYNA_GW_STOPPED && !g->presence.starting && !g->presence.counting)
        myna_runtime_stop(g->rt);
}

static void due_fire(struct myna_timer *t)
{
    struct gateway *g = t->arg;

    myna_presence_expire(&g->presence, myna_host_now(g->host));
    rearm(g);
}

/* ---- the stay */

static void bury_fire(struct myna_timer *t)
{
    struct gateway *g = t->arg;

    myna_gw_stay_destroy(g->stay);
    g->stay = NULL;
    myna_gw_name_destroy(g->asking);
    g->asking = NULL;
    g->buried = false;
    myna_presence_lost(&g->presence, myna_host_now(g->host), g->how, g->stood);
    rearm(g);
}

static void bury(struct gateway *g, enum myna_gw_lost how, const char *message)
{
    if (g->buried)
        return;
    g->buried = true;
    g->how = how;
    g->stood = g->stay && myna_gw_stay_stood(g->stay);
    snprintf(g->message, sizeof g->message, "%s", message);
    if (*message && !g->presence.leaving && !g->presence.stopping)
        tell(g, MYNA_LOG_WARN, "out of the room: %s", message);
    (void)!myna_timer_set(&g->bury, myna_host_now(g->host));
}

/* What came while nobody was here. */
static void deliver(struct gateway *g)
{
    size_t before = g->memory.home.n;
    char *text;

    while (g->stay && myna_gw_stay_people(g->stay) &&
           (text = myna_gw_home_take(&g->memory.home, myna_host_wall_ms(g->host)))) {
        (void)myna_gw_stay_announce(g->stay, text);
        free(text);
    }
    if (g->memory.home.n != before)
        myna_gw_memory_save(&g->memory);
}

static void on_name(void *arg, const char *name)
{
    struct gateway *g = arg;

    snprintf(g->name, sizeof g->name, "%s", name);
    tell(g, MYNA_LOG_INFO, "the agent calls itself %s", g->name);
    if (g->stay && !g->buried)
        myna_gw_stay_rename(g->stay, g->name);
}

/* Once, and behind the joining, which it never holds up. */
static void ask_name(struct gateway *g)
{
    if (g->unnamed)
        g->asking = myna_gw_name_ask(g->rt, on_name, g);
    g->unnamed = false;
}

static void on_in(void *arg, int people)
{
    struct gateway *g = arg;

    myna_presence_joined(&g->presence, myna_host_now(g->host), people);
    deliver(g);
    ask_name(g);
    rearm(g);
}

static void on_people(void *arg, int people)
{
    struct gateway *g = arg;

    myna_presence_people(&g->presence, people);
    deliver(g);
    rearm(g);
}

static void on_over(void *arg, enum myna_gw_lost how, const char *message)
{
    bury(arg, how, message);
}

static void on_event(void *arg, const struct myna_event *ev)
{
    struct gateway *g = arg;

    if (ev->type == MYNA_EV_ERROR && ev->u.fault.stage == MYNA_STAGE_LLM &&
        !ev->u.fault.recoverable)
        g->backend = myna_gw_fault_reason(&ev->u.fault);
    else if (ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED && ev->u.item->role == MYNA_ROLE_ASSISTANT)
        g->backend = "ok";
    if (g->opt->event)
        g->opt->event(g->opt->arg, ev);
}

/* ---- what the presence wants */

static void do_count(void *arg)
{
    struct gateway *g = arg;

    myna_gw_count_ask(g->count);
}

static void on_counted(void *arg, int people)
{
    struct gateway *g = arg;

    myna_presence_counted(&g->presence, myna_host_now(g->host), people);
    rearm(g);
}

static void do_join(void *arg)
{
    static const struct myna_gw_stay_events events = {on_in, on_people, on_over, on_event};
    struct gateway *g = arg;
    struct myna_gw_stay_options so = {.rt = g->rt,
                                      .conf = &g->conf,
                                      .lk = &g->lk,
                                      .metadata = g->metadata,
                                      .calls = g->calls,
                                      .memory = &g->memory,
                                      .name = *g->name ? g->name : NULL};
    struct myna_why why = {0};

    if (myna_gw_stay_create(&g->stay, &so, &events, g, &why))
        bury(g, MYNA_GW_LOST_LINE, why.text);
}

static void do_leave(void *arg)
{
    struct gateway *g = arg;

    if (g->stay && !g->buried)
        myna_gw_stay_leave(g->stay);
    else if (!g->buried)
        bury(g, MYNA_GW_LOST_LINE, "");
}

static void do_state(void *arg, enum myna_gw_state now, bool connected)
{
    struct gateway *g = arg;

    tell(g, MYNA_LOG_INFO, "room %.100s: %s%s", g->lk.room, myna_gw_state_name(now),
         connected ? " (connected)" : "");
}

static void do_say(void *arg, enum myna_log_level level, const char *text)
{
    tell(arg, level, "%s", text);
}

/* ---- announcements */

static enum myna_err on_announce(void *arg, const char *room, const char *text, size_t *waiting)
{
    struct gateway *g = arg;

    if (!room)
        room = g->conf.home_channel && *g->conf.home_channel ? g->conf.home_channel : g->lk.room;
    if (strcmp(room, g->lk.room) != 0)
        return MYNA_ENOENT;
    *waiting = 0;
    if (g->stay && myna_gw_stay_announce(g->stay, text))
        return MYNA_OK;
    if (!myna_gw_home_keep(&g->memory.home, text, myna_host_wall_ms(g->host)))
        return MYNA_ENOMEM;
    *waiting = myna_gw_home_count(&g->memory.home, myna_host_wall_ms(g->host));
    myna_gw_memory_save(&g->memory);
    return MYNA_OK;
}

static bool on_reconnect(void *arg, const char **state)
{
    struct gateway *g = arg;
    bool begins = myna_presence_reconnect(&g->presence, myna_host_now(g->host));

    *state = myna_gw_state_name(g->presence.state);
    if (begins)
        rearm(g);
    return begins;
}

static json_t *on_status(void *arg)
{
    struct gateway *g = arg;

    return json_pack(
        "{s:b,s:b,s:s,s:s,s:s,s:s,s:I,s:f,s:{s:s,s:s},s:I,s:s}", "configured", 1, "connected",
        g->presence.connected, "state", myna_gw_state_name(g->presence.state), "room", g->lk.room,
        "identity", g->identity, "backend", g->backend, "participants",
        (json_int_t)(g->stay ? myna_gw_stay_people(g->stay) : 0), "poll_interval",
        (double)g->poll.time / (double)MYNA_S, "home_channel", "room",
        g->conf.home_channel && *g->conf.home_channel ? g->conf.home_channel : g->lk.room, "name",
        g->conf.home_channel_name ? g->conf.home_channel_name : "Home", "waiting",
        (json_int_t)myna_gw_home_count(&g->memory.home, myna_host_wall_ms(g->host)), "voice",
        myna_gw_voice_name(g->memory.voice));
}

static enum myna_err open_desk(struct gateway *g, struct myna_why *why)
{
    static const struct myna_gw_desk_calls calls = {on_announce, on_status, on_reconnect};
    enum myna_err err;

    if (!g->conf.announce_token || !*g->conf.announce_token)
        return MYNA_OK;
    err = myna_gw_desk_open(&g->desk, g->host, g->conf.announce_listen, g->conf.announce_token,
                            &calls, g, why);
    if (!err)
        tell(g, MYNA_LOG_INFO, "announcements are taken on port %d", myna_gw_desk_port(g->desk));
    return err;
}

/* ---- signals */

static void on_signal(void *arg, int signum)
{
    struct gateway *g = arg;

    if (signum == SIGHUP) {
        (void)myna_presence_reconnect(&g->presence, myna_host_now(g->host));
    } else if (g->signals++) {
        g->err = myna_fail(g->why, MYNA_ECANCELED, "ended at once on request");
        myna_runtime_stop(g->rt);
        return;
    } else {
        myna_presence_stop(&g->presence, myna_host_now(g->host));
        myna_gw_count_cancel(g->count);
        g->presence.counting = false;
    }
    rearm(g);
}

static enum myna_err watch_signals(struct gateway *g, struct myna_why *why)
{
    static const int list[] = {SIGINT, SIGTERM, SIGHUP};
    enum myna_err err = MYNA_OK;

    for (size_t i = 0; i < sizeof list / sizeof *list && !err; i++)
        err = myna_loop_signal(g->host->loop, list[i], on_signal, g);
    g->signals_on = true;
    return err ? myna_fail(why, err, "cannot watch for signals") : MYNA_OK;
}

static void forget_signals(struct gateway *g)
{
    (void)!myna_loop_signal(g->host->loop, SIGINT, NULL, NULL);
    (void)!myna_loop_signal(g->host->loop, SIGTERM, NULL, NULL);
    (void)!myna_loop_signal(g->host->loop, SIGHUP, NULL, NULL);
}

/* ---- the configuration */

static enum myna_err read_conf(struct gateway *g, struct myna_why *why)
{
    enum myna_err err = myna_gw_options_read(g->cfg, &g->conf, why);

    if (!err)
        err = myna_gw_adapt(g->cfg, &g->conf, why);
    if (!err)
        err = myna_lk_options_read(g->cfg, &g->lk, why);
    if (!err && myna_config_is_default(g->cfg, "session.show_unspoken")) /* a client can read */
        err = myna_config_set(g->cfg, "session.show_unspoken", "true", "the gateway", why);
    if (err)
        return err;
    if (!g->lk.url || !*g->lk.url || !g->lk.api_key || !*g->lk.api_key || !g->lk.api_secret ||
        !*g->lk.api_secret)
        return myna_fail(why, MYNA_ECONFIG,
                         "the gateway needs a LiveKit server and its key: set LIVEKIT_URL, "
                         "LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or run `myna setup`");
    g->unnamed =
        g->conf.agent_name_from_model && myna_config_is_default(g->cfg, "gateway.agent_name");
    myna_gw_identity(g->conf.agent_name, g->identity);
    g->lk.identity = g->identity;
    g->lk.name = g->conf.agent_name;
    g->lk.token = NULL; /* ours are made from the key, for this identity */
    g->lk.stay = true;
    myna_lk_switches_usual(&g->lk);
    g->poll = myna_gw_poll_interval(g->conf.presence_poll_interval, g->lk.url);
    return MYNA_OK;
}

/* One file may serve `myna join` as well. */
static void say_unheeded(struct gateway *g)
{
    char key[80];

    for (const char *const *name = myna_lk_switches; *name; name++) {
        snprintf(key, sizeof key, "transport.livekit.%s", *name);
        if (!myna_config_is_default(g->cfg, key))
            tell(g, MYNA_LOG_WARN,
                 "%s is not heeded: the gateway hears, reads and speaks by its own rules", key);
    }
}

static void say_settings(struct gateway *g)
{
    say_unheeded(g);
    if (g->poll.bad)
        tell(
            g, MYNA_LOG_WARN,
            "LIVEKIT_PRESENCE_POLL_INTERVAL: '%.60s' is no number of seconds; the default is taken",
            g->conf.presence_poll_interval);
    if (myna_gw_tool_timeout(g->conf.tool_timeout).bad)
        tell(g, MYNA_LOG_WARN,
             "HERMES_LIVEKIT_TOOL_TIMEOUT_SEC: '%.60s' is no number of seconds; the default is "
             "taken",
             g->conf.tool_timeout);
    tell(g, MYNA_LOG_INFO, "presence is looked at every %.3g s (%s)",
         (double)g->poll.time / (double)MYNA_S, g->poll.why);
    if (!g->conf.allowed_users[0] && !g->conf.global_allowed_users[0] &&
        !myna_gw_yes(g->conf.allow_all_users) && !myna_gw_yes(g->conf.global_allow_all_users))
        tell(g, MYNA_LOG_WARN,
             "nobody may talk with the agent: set LIVEKIT_ALLOWED_USERS to their identities, or "
             "LIVEKIT_ALLOW_ALL_USERS=true for everyone");
}

/* ---- run */

static void calls_said(void *arg, const char *sentence)
{
    tell(arg, MYNA_LOG_WARN, "%s", sentence);
}

/* Whatever is wrong with providers is said now and not to the first who comes; models are loaded.
 */
static enum myna_err try_session(struct gateway *g, struct myna_why *why)
{
    struct myna_session_options so = {
        .size = sizeof so, .transport_name = "none", .record_dir = ""};
    struct myna_session *s;
    enum myna_err err = myna_session_create(g->rt, &so, &s, why);

    if (!err)
        myna_session_destroy(s);
    return err;
}

static enum myna_err begin(struct gateway *g, struct myna_why *why)
{
    static const struct myna_presence_does does = {do_count, do_join, do_leave, do_state, do_say};
    static const struct myna_vad_class *const vads[] = {&myna_gw_rms, NULL};
    struct myna_runtime_options ro = {.size = sizeof ro, .config = g->cfg, .vads = vads};
    struct myna_presence_options po = {.stay = g->opt->stay, .identity = g->identity};
    struct myna_why no_log = {0};
    enum myna_err err = read_conf(g, why);

    if (!err)
        err = myna_runtime_create(&ro, &g->rt, why);
    if (err)
        return err;
    g->host = myna_runtime_host(g->rt);
    myna_host_timer_init(g->host, &g->due, due_fire, g);
    myna_host_timer_init(g->host, &g->bury, bury_fire, g);
    myna_gw_memory_open(&g->memory, g->host, g->conf.state_dir, g->lk.room);
    g->begun = true;
    err = myna_rtc_available(why); /* else it watched the room and could not come in */
    if (!err)
        err = try_session(g, why);
    if (!err)
        err = watch_signals(g, why);
    if (!err)
        err = open_desk(g, why);
    if (err)
        return err;
    g->count = myna_gw_count_create(g->host, &g->lk, on_counted, g);
    if (!g->count)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    if (myna_calls_open(g->rt, calls_said, g, &g->calls, &no_log))
        calls_said(g, no_log.text);
    g->metadata = myna_gw_avatar(g->host, g->conf.avatar);
    say_settings(g);
    po.interval = g->poll.time;
    po.cloud = myna_gw_is_cloud(g->lk.url);
    myna_presence_init(&g->presence, &po, &does, g);
    myna_loop_hold(g->host->loop); /* until it is stopped, also when nothing is due */
    g->held = true;
    myna_presence_start(&g->presence, myna_host_now(g->host), myna_host_random(g->host));
    rearm(g);
    return MYNA_OK;
}

static void end(struct gateway *g)
{
    if (g->begun) {
        if (g->signals_on)
            forget_signals(g);
        myna_timer_clear(&g->due);
        myna_timer_clear(&g->bury);
        myna_gw_stay_destroy(g->stay);
        myna_gw_count_destroy(g->count);
        myna_gw_desk_close(g->desk);
        myna_gw_name_destroy(g->asking);
        myna_gw_memory_close(&g->memory);
        myna_calls_close(g->calls);
        if (g->held)
            myna_loop_release(g->host->loop);
    }
    myna_runtime_destroy(g->rt);
    free(g->metadata);
    free(g);
}

enum myna_err myna_gateway_run(struct myna_config *cfg, const struct myna_gateway_options *opt,
                               struct myna_why *why)
{
    struct myna_why own = {0};
    struct gateway *g = calloc(1, sizeof *g);
    enum myna_err err;

    if (!why)
        why = &own;
    if (!g)
        return myna_fail(why, MYNA_ENOMEM, "memory is short");
    g->opt = opt;
    g->cfg = cfg;
    g->backend = "unknown";
    g->why = why;
    err = begin(g, why);
    if (!err) {
        myna_runtime_run(g->rt);
        err = g->err;
    }
    if (!err && myna_presence_failed(&g->presence))
        err = myna_fail(why, MYNA_EIO, "the room could not be joined: %s", g->message);
    end(g);
    return err;
}
