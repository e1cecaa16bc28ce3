/* cmd_join.c - `myna join`: the agent is in a LiveKit room, until the talk is over. */
#include <stdio.h>

#include <myna/console.h>
#include <myna/discover.h>

#include "commands.h"
#include "out.h"

struct options {
    const char *events;
    struct flag_maybe record;
    bool stay, quiet, no_probe;
};

#define AT(field_) .offset = offsetof(struct options, field_)

static const struct flag flags[] = {
    KEY_FLAG("url", "transport.livekit.url", "URL",
             "the LiveKit server: ws://HOST:7880, wss://HOST"),
    KEY_FLAG("api-key", "transport.livekit.api_key", "KEY", "name of the key that signs tokens"),
    KEY_FLAG("api-secret", "transport.livekit.api_secret", "SECRET", "the key itself"),
    KEY_FLAG("token", "transport.livekit.token", "TOKEN",
             "a ready token instead of key and secret"),
    KEY_FLAG("room", "transport.livekit.room", "ROOM", "the room to join"),
    KEY_FLAG("identity", "transport.livekit.identity", "ID", "who the agent is in the room"),
    KEY_FLAG("participant", "transport.livekit.participant", "ID",
             "talk with this person alone; otherwise with the first who comes"),
    {.name = "stay",
     .kind = FLAG_SWITCH,
     AT(stay),
     .help = "stay when the person leaves, and talk with the next"},
    {.name = "events",
     .kind = FLAG_VALUE,
     AT(events),
     .value = "FILE",
     .takes = TAKES_FILE,
     .help = "write what happens as JSON, one event a line"},
    {.name = "record",
     .kind = FLAG_MAYBE,
     AT(record),
     .value = "DIR",
     .takes = TAKES_DIR,
     .help = "record the call, into DIR or where record.dir says"},
    {.name = "quiet",
     .kind = FLAG_SWITCH,
     AT(quiet),
     .help = "the transcript alone, without levels and latency"},
    NO_PROBE_FLAG(struct options),
    STT_FLAG,
    LLM_FLAG,
    TTS_FLAG,
    VAD_FLAG,
    {0},
};

static enum myna_err run(const struct call *call, struct myna_why *why)
{
    const struct options *opt = (const void *)call->options;
    struct myna_console_options console = {
        .size = sizeof console,
        .events = opt->events,
        .record = opt->record.given,
        .record_dir = opt->record.value,
        .quiet = opt->quiet,
        .colour = myna_cli_colour(stdout),
        .print = stdout,
        .transport = "livekit",
    };
    enum myna_err err = MYNA_OK;

    if (opt->stay)
        err = myna_config_set(call->cfg, "transport.livekit.stay", "true", "--stay", why);
    if (!err)
        err = myna_cli_discover(call->cfg, opt->no_probe, opt->quiet, why);
    return err ? err : myna_console_run(call->cfg, &console, why);
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
