/* options.c - the table of transport.livekit. */
#include "livekit/options.h"

#include <stddef.h>

#define AT(field) .offset = offsetof(struct myna_lk_options, field)

const struct myna_option myna_lk_option_table[] = {
    {.name = "url",
     .type = MYNA_OPT_STRING,
     AT(url),
     .env = "LIVEKIT_URL",
     .help = "the server: ws://HOST:7880 or wss://HOST"},
    {.name = "api_key",
     .type = MYNA_OPT_STRING,
     AT(api_key),
     .env = "LIVEKIT_API_KEY",
     .help = "name of the key that signs tokens"},
    {.name = "api_secret",
     .type = MYNA_OPT_SECRET,
     AT(api_secret),
     .env = "LIVEKIT_API_SECRET",
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
     .help = "identity of the person to talk with; unset: the first who comes"},
    {.name = "stay",
     .type = MYNA_OPT_BOOL,
     AT(stay),
     .def = "false",
     .help = "stay in the room when that person leaves, and talk with the next"},
    {0},
};

enum myna_err myna_lk_options_read(const struct myna_config *cfg, struct myna_lk_options *out,
                                   struct myna_why *why)
{
    static const struct myna_section section = {"transport.livekit", "LiveKit",
                                                myna_lk_option_table};

    return myna_config_read(cfg, &section, out, why);
}
