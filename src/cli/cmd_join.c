/* cmd_join.c - `myna join`: the agent is in a LiveKit room, until the talk is over. */
#include "commands.h"
#include "talk.h"

struct options {
    bool stay;
    struct talk talk;
};

static const struct flag flags[] = {
    SERVER_FLAGS,
    KEY_FLAG("token", "transport.livekit.token", "TOKEN",
             "a ready token instead of key and secret"),
    KEY_FLAG("room", "transport.livekit.room", "ROOM", "the room to join"),
    KEY_FLAG("identity", "transport.livekit.identity", "ID", "who the agent is in the room"),
    KEY_FLAG("participant", "transport.livekit.participant", "ID",
             "talk with this person alone; otherwise with the first who comes"),
    SWITCH_FLAG("stay", stay, "stay when the person leaves, and talk with the next"),
    TALK_FLAGS,
    {0},
};

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_console_options console = {.size = sizeof console, .transport = "livekit"};
    enum myna_err err = MYNA_OK;

    if (opt->stay)
        err = myna_config_set(call->cfg, "transport.livekit.stay", "true", "--stay", why);
    return err ? err : myna_cli_talk(call->cfg, &opt->talk, &console, why);
}

static const char *const examples[] = {
    "myna join --url ws://localhost:7880 --api-key KEY --api-secret SECRET --room R",
    "LIVEKIT_URL=wss://HOST LIVEKIT_TOKEN=TOKEN myna join --stay",
    NULL,
};

const struct cmd myna_cmd_join = {
    .name = "join",
    .summary = "join a LiveKit room and talk with the people in it",
    .about =
        "Joins the room at once and talks with the first person who is there or comes; others "
        "see its captions, its state and hear it too. The call ends when that person leaves, "
        "unless --stay is given, or with Ctrl-C. A lost connection is taken up again where the "
        "talk was. Server and key may also come from LIVEKIT_URL, LIVEKIT_API_KEY, "
        "LIVEKIT_API_SECRET, LIVEKIT_TOKEN, LIVEKIT_ROOM.",
    .flags = flags,
    .examples = examples,
    .run = run,
};
