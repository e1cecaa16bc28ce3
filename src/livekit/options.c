/* options.c - the tables of transport.livekit and worker. */
#include "livekit/options.h"

#include <stddef.h>
#include <string.h>

#include "livekit/people.h"

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
    {.name = "kinds",
     .type = MYNA_OPT_LIST,
     AT(kinds),
     .def = "standard, sip, connector",
     .help = "what those are in the room whom we talk with: standard (apps and browsers), sip "
             "(phones), connector, ingress (streams), bridge"},
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
     .help =
         "stay in the room when the last person leaves, and talk with the next; a room that the "
         "server closes meanwhile is opened again"},
    {.name = "close_on_disconnect",
     .type = MYNA_OPT_BOOL,
     AT(close_on_disconnect),
     .def = "true",
     .help = "the call ends when the last of those it talks with leaves; false: it goes on with "
             "whoever comes next, until the room ends"},
    {.name = "delete_room_on_close",
     .type = MYNA_OPT_BOOL,
     AT(delete_room_on_close),
     .def = "false",
     .help = "the room is deleted at the end of the call, whoever else is in it; wants api_key and "
             "api_secret"},
    {.name = "audio_input",
     .type = MYNA_OPT_BOOL,
     AT(audio_input),
     .def = "true",
     .help = "people are heard; false: nobody's sound is subscribed to"},
    {.name = "text_input",
     .type = MYNA_OPT_BOOL,
     AT(text_input),
     .def = "true",
     .help = "what people type in the room's chat (lk.chat) is a question; false: it is not, and a "
             "program may read it (session.topics)"},
    {.name = "audio_output",
     .type = MYNA_OPT_BOOL,
     AT(audio_output),
     .def = "true",
     .help = "the agent speaks; false: it publishes no track, and its answers are captions alone"},
    {.name = "transcription",
     .type = MYNA_OPT_BOOL,
     AT(transcription),
     .def = "true",
     .help = "what the agent and people say is shown in the room (lk.transcription)"},
    {.name = "sync_transcription",
     .type = MYNA_OPT_BOOL,
     AT(sync_transcription),
     .def = "true",
     .help = "the agent's captions come as its words are heard; false: as it writes them, ahead of "
             "the sound"},
    {.name = "json_transcription",
     .type = MYNA_OPT_BOOL,
     AT(json_transcription),
     .def = "false",
     .help = "each piece of a caption is a line of JSON, {\"text\":…}, instead of plain text"},
    {.name = "relay_only",
     .type = MYNA_OPT_BOOL,
     AT(relay_only),
     .def = "false",
     .help = "sound only through the server's TURN relay, where a network lets nothing else pass"},
    {0},
};

#define E2EE_AT(field) .offset = offsetof(struct myna_lk_e2ee_options, field)

static const struct myna_option e2ee_table[] = {
    {.name = "key",
     .type = MYNA_OPT_SECRET,
     E2EE_AT(key),
     .env = "LIVEKIT_E2EE_KEY",
     .help = "password that all in the room share: sound and words are sealed with it, and the "
             "server understands nothing"},
    {.name = "key_index",
     .type = MYNA_OPT_INT,
     E2EE_AT(key_index),
     .def = "0",
     .min = 0,
     .max = 15,
     .help = "its number among the room's keys"},
    {.name = "more_keys",
     .type = MYNA_OPT_MAP,
     E2EE_AT(more_keys),
     .secret = true,
     .help = "others that somebody may seal with, by their numbers: {1: ANOTHER}"},
    {.name = "require",
     .type = MYNA_OPT_BOOL,
     E2EE_AT(require),
     .def = "false",
     .help =
         "who seals nothing is neither heard nor read, and that is told; else they are, as with "
         "LiveKit's SDKs"},
    {0},
};
const struct myna_section myna_lk_e2ee_section = {
    "transport.livekit.e2ee", "end-to-end encryption of a LiveKit room", e2ee_table};

/* Agents and recorders are nobody to talk with. */
static enum myna_err read_kinds(struct myna_lk_options *out, struct myna_why *why)
{
    static const struct {
        const char *name;
        enum myna_lk_kind kind;
    } kinds[] = {{"standard", MYNA_LK_STANDARD},
                 {"sip", MYNA_LK_SIP},
                 {"connector", MYNA_LK_CONNECTOR},
                 {"ingress", MYNA_LK_INGRESS},
                 {"bridge", MYNA_LK_BRIDGE}};
    enum { N = sizeof kinds / sizeof *kinds };

    out->kind_bits = 0;
    for (const char *const *name = out->kinds; *name; name++) {
        size_t i = 0;

        while (i < N && strcmp(*name, kinds[i].name) != 0)
            i++;
        if (i == N)
            return myna_fail(why, MYNA_ECONFIG,
                             "transport.livekit.kinds knows no '%.40s': standard, sip, connector, "
                             "ingress, bridge",
                             *name);
        out->kind_bits |= 1u << kinds[i].kind;
    }
    return MYNA_OK;
}

const char *const myna_lk_switches[] = {
    "close_on_disconnect", "delete_room_on_close", "audio_input",
    "text_input",          "audio_output",         "transcription",
    "sync_transcription",  "json_transcription",   NULL};

void myna_lk_switches_usual(struct myna_lk_options *o)
{
    o->close_on_disconnect = o->audio_input = o->text_input = true;
    o->audio_output = o->transcription = o->sync_transcription = true;
    o->delete_room_on_close = o->json_transcription = false;
}

/* What can have no sense together is not passed over: who wrote it waits for something. */
static enum myna_err check_together(const struct myna_config *cfg, const struct myna_lk_options *o,
                                    struct myna_why *why)
{
    const char *about = o->json_transcription    ? "json_transcription"
                        : !o->sync_transcription ? "sync_transcription"
                                                 : NULL;

    if (!o->audio_output && !o->transcription)
        return myna_fail(why, MYNA_ECONFIG,
                         "transport.livekit.audio_output and transport.livekit.transcription are "
                         "both false: nobody would hear or read what the agent answers");
    if (!o->transcription && about)
        return myna_fail(why, MYNA_ECONFIG,
                         "transport.livekit.%s is set and there are no captions, since "
                         "transport.livekit.transcription is false",
                         about);
    if (o->stay && o->close_on_disconnect &&
        !myna_config_is_default(cfg, "transport.livekit.close_on_disconnect"))
        return myna_fail(
            why, MYNA_ECONFIG,
            "transport.livekit.stay and transport.livekit.close_on_disconnect are both "
            "true: does the call end when the last person leaves, or not?");
    if (o->delete_room_on_close &&
        (!o->api_key || !*o->api_key || !o->api_secret || !*o->api_secret))
        return myna_fail(why, MYNA_ECONFIG,
                         "transport.livekit.delete_room_on_close wants the server's "
                         "transport.livekit.api_key and api_secret: a token cannot delete a room");
    return MYNA_OK;
}

enum myna_err myna_lk_options_read(const struct myna_config *cfg, struct myna_lk_options *out,
                                   struct myna_why *why)
{
    static const struct myna_section section = {"transport.livekit", "LiveKit",
                                                myna_lk_option_table};

    enum myna_err err = myna_config_read(cfg, &section, out, why);

    if (!err)
        err = read_kinds(out, why);
    if (!err)
        err = check_together(cfg, out, why);
    return err ? err : myna_config_read(cfg, &myna_lk_e2ee_section, &out->e2ee, why);
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
     .help = "share of the processors in use (the container's, where it has a limit; else the "
             "machine's) from which no job is taken; 1: never mind"},
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
