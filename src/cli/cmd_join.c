/* cmd_join.c - `myna join`: the agent is in a LiveKit room, until the talk is over; or as a
 * gateway, whenever somebody is there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/gateway.h>

#include "commands.h"
#include "out.h"
#include "talk.h"

struct options {
    const char *as;
    bool stay, allow_all;
    struct talk talk;
};

static const char *const roles[] = {"gateway", "guest", NULL};

static const struct flag flags[] = {
    SERVER_FLAGS,
    KEY_FLAG("token", "transport.livekit.token", "TOKEN",
             "a ready token instead of key and secret"),
    KEY_FLAG("room", "transport.livekit.room", "ROOM", "the room to join"),
    KEY_FLAG("identity", "transport.livekit.identity", "ID", "who the agent is in the room"),
    KEY_FLAG("participant", "transport.livekit.participant", "ID",
             "talk with this person alone; otherwise with everyone in the room"),
    KEY_FLAG("e2ee-key", "transport.livekit.e2ee.key", "KEY",
             "the room's password for end-to-end encryption; better in LIVEKIT_E2EE_KEY"),
    {.name = "as",
     .kind = FLAG_VALUE,
     .offset = offsetof(struct options, as),
     .value = "ROLE",
     .words = roles,
     .help = "gateway: there while somebody is there; guest: now, for one talk"},
    SWITCH_FLAG(
        "stay", stay,
        "stay when the last one leaves, and talk with who comes next; a gateway: join now, stay"),
    SWITCH_FLAG("allow-all", allow_all, "gateway: everyone in the room may talk with the agent"),
    TALK_FLAGS,
    {0},
};

/* ---- as a gateway */

struct gateway {
    FILE *events;
    bool quiet;
};

static void on_note(void *arg, const char *text)
{
    const struct gateway *g = arg;

    if (g->quiet)
        return;
    puts(text);
    fflush(stdout);
}

static void on_event(void *arg, const struct myna_event *ev)
{
    const struct gateway *g = arg;
    const struct myna_item *it = ev->type == MYNA_EV_CONVERSATION_ITEM_ADDED ? ev->u.item : NULL;
    char *json = g->events ? myna_event_json(ev) : NULL;

    if (json) {
        fprintf(g->events, "%s\n", json);
        fflush(g->events);
    }
    free(json);
    if (!it || it->type != MYNA_ITEM_MESSAGE ||
        (it->role != MYNA_ROLE_USER && it->role != MYNA_ROLE_ASSISTANT))
        return;
    printf("%s: %s\n", it->role == MYNA_ROLE_USER ? "You" : "Agent", it->text);
    fflush(stdout);
}

static enum myna_err run_gateway(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct gateway g = {.quiet = opt->talk.quiet};
    struct myna_gateway_options go = {
        .size = sizeof go, .stay = opt->stay, .note = on_note, .event = on_event, .arg = &g};
    enum myna_err err = MYNA_OK;

    if (opt->allow_all)
        err = myna_config_set(call->cfg, "gateway.allow_all_users", "true", "--allow-all", why);
    if (!err && opt->talk.record.given)
        err = myna_config_set(call->cfg, "record.enabled", "true", "--record", why);
    if (!err && opt->talk.record.value)
        err = myna_config_set(call->cfg, "record.dir", opt->talk.record.value, "--record", why);
    if (!err && opt->talk.events) {
        g.events = fopen(opt->talk.events, "w");
        if (!g.events)
            err =
                myna_fail(why, MYNA_EIO, "cannot write %s: %s", opt->talk.events, strerror(errno));
    }
    if (!err)
        err = myna_gateway_run(call->cfg, &go, why);
    if (g.events)
        fclose(g.events);
    return err;
}

static bool some(const struct myna_config *cfg, const char *key)
{
    const char *text = myna_config_get(cfg, key);

    return text && *text;
}

/* A room that is configured, and not named for this once, is kept; that needs the key. */
static bool as_gateway(const struct call *call)
{
    const struct options *opt = (const void *)call->options;
    const char *origin = myna_config_origin(call->cfg, "transport.livekit.room");

    if (opt->as)
        return !strcmp(opt->as, "gateway");
    return some(call->cfg, "transport.livekit.room") && origin && *origin != '-' &&
           some(call->cfg, "transport.livekit.api_key") &&
           some(call->cfg, "transport.livekit.api_secret") &&
           !some(call->cfg, "transport.livekit.token") &&
           !some(call->cfg, "transport.livekit.participant");
}

/* ---- either */

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_console_options console = {.size = sizeof console, .transport = "livekit"};
    enum myna_err err = MYNA_OK;

    if (as_gateway(call)) {
        err = myna_cli_discover(call->cfg, opt->talk.no_probe, opt->talk.quiet, why);
        return err ? err : run_gateway(call, why);
    }
    if (opt->stay)
        err = myna_config_set(call->cfg, "transport.livekit.stay", "true", "--stay", why);
    return err ? err : myna_cli_talk(call->cfg, &opt->talk, &console, why);
}

static const char *const examples[] = {
    "myna join --url ws://localhost:7880 --api-key KEY --api-secret SECRET --room R",
    "LIVEKIT_URL=wss://HOST LIVEKIT_TOKEN=TOKEN myna join --stay",
    "LIVEKIT_ROOM=hermes LIVEKIT_ALLOWED_USERS=ann myna join",
    NULL,
};

const struct cmd myna_cmd_join = {
    .name = "join",
    .summary = "join a LiveKit room and talk with the people in it",
    .about =
        "As a guest it joins the room at once and talks with everyone who is there or comes, by "
        "turns (transport.livekit.hear). The call ends when the last of them "
        "leaves, unless --stay is given, or with Ctrl-C. A lost connection is taken up again where "
        "the talk was. As a gateway it keeps the room: it looks from outside, joins when somebody "
        "is there who counts, leaves with the last of them, comes back after a broken connection "
        "up to ten times, and talks with those alone who are allowed (LIVEKIT_ALLOWED_USERS, "
        "LIVEKIT_ALLOW_ALL_USERS). A room that is configured is kept as a gateway, one that is "
        "named by --room is visited as a guest, unless --as says otherwise. Server and key may "
        "also come from LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_TOKEN, "
        "LIVEKIT_ROOM.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
