/* options.c - the tables of transport.livekit and worker. */
#include "livekit/options.h"

#include <stddef.h>

#define AT(field) .offset = offsetof(struct myna_lk_options, field)

static const char *const hearings[] = {"auto", "all", "linked", NULL};

const struct myna_option myna_lk_option_table[] = {
    {.name = "url",
     .type = MYNA_OPT_STRING,
     AT(url),
     .env = "LIVEKIT_URL",
     .file_first = true,
     .help = "the server: ws://HOST:7880 or wss://HOST"},
    {.name = "api_key",
     .type = MYNA_OPT_STRING,
     AT(api_key),
     .env = "LIVEKIT_API_KEY",
     .file_first = true,
     .help = "name of the key that signs tokens"},
    {.name = "api_secret",
     .type = MYNA_OPT_SECRET,
     AT(api_secret),
     .env = "LIVEKIT_API_SECRET",
     .file_first = true,
     .help = "the key itself"},
    {.name = "token",
     .type = MYNA_OPT_SECRET,
     AT(token),
     .env = "LIVEKIT_TOKEN",
     .help = "a ready token instead of key and secret"},
    {.name = "room",
     .type = MYNA_OPT_STRING,
     AT(room),
     .env = "LIVEKIT_ROOM",
     .file_first = true,
     .help = "room to join"},
    {.name = "identity",
     .type = MYNA_OPT_STRING,
     AT(identity),
     .def = "myna",
     .help = "who the agent is in the room; two of one identity throw each other out"},
    {.name = "name",
     .type = MYNA_OPT_STRING,
     AT(name),
     .def = "Myna",
     .help = "the agent's name as people see it"},
    {.name = "metadata",
     .type = MYNA_OPT_STRING,
     AT(metadata),
     .help = "metadata of the agent in the room, any text"},
    {.name = "participant",
     .type = MYNA_OPT_STRING,
     AT(participant),
     .help = "identity of the one person to talk with; unset: see hear"},
    {.name = "hear",
     .type = MYNA_OPT_CHOICE,
     AT(hear),
     .choices = hearings,
     .def = "auto",
     .help = "all: everyone in the room, by name; linked: the first who comes, alone; auto: all, "
             "but in jobs of a worker the linked one"},
    {.name = "stay",
     .type = MYNA_OPT_BOOL,
     AT(stay),
     .def = "false",
     .help = "stay in the room when the last person leaves, and talk with the next"},
    {.name = "relay_only",
     .type = MYNA_OPT_BOOL,
     AT(relay_only),
     .def = "false",
     .help = "sound only through the server's TURN relay, where a network lets nothing else pass"},
    {0},
};

enum myna_err myna_lk_options_read(const struct myna_config *cfg, struct myna_lk_options *out,
                                   struct myna_why *why)
{
    static const struct myna_section section = {"transport.livekit", "LiveKit",
                                                myna_lk_option_table};

    return myna_config_read(cfg, &section, out, why);
}

#define WORKER_AT(field) .offset = offsetof(struct myna_worker_conf, field)

enum { MOST_JOBS = 1000 };

static const struct myna_option worker_table[] = {
    {.name = "agent_name",
     .type = MYNA_OPT_STRING,
     WORKER_AT(agent_name),
     .env = "LIVEKIT_AGENT_NAME",
     .help = "takes only jobs for this name; unset: every new room's"},
    {.name = "max_jobs",
     .type = MYNA_OPT_INT,
     WORKER_AT(max_jobs),
     .def = "100",
     .min = 1,
     .max = MOST_JOBS,
     .help = "jobs at a time; beyond it the server asks others"},
    {.name = "load_threshold",
     .type = MYNA_OPT_DOUBLE,
     WORKER_AT(load_threshold),
     .def = "0.7",
     .min = 0.05,
     .max = 1,
     .help = "share of the machine's processors in use from which no job is taken; 1: never mind"},
    {.name = "health",
     .type = MYNA_OPT_STRING,
     WORKER_AT(health),
     .def = "127.0.0.1:8081",
     .help = "address of its pages / (200 while it has a line to the server) and /worker; :8081: "
             "on all addresses of the machine; off: none"},
    {.name = "process",
     .type = MYNA_OPT_INT,
     WORKER_AT(process),
     .def = "0",
     .min = 0,
     .max = 63,
     .help = "number of this process beside others (--workers sets it); its pages are so many "
             "ports further"},
    {0},
};
const struct myna_section myna_worker_section = {"worker", "jobs of LiveKit's agent dispatch",
                                                 worker_table};
