/* options.c - see options.h. */
#include "gateway/options.h"

#include <limits.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "util/buf.h"

#define AT(field) .offset = offsetof(struct myna_gw_options, field)

enum { POLL_CLOUD_S = 30, POLL_LOCAL_S = 5, TOOL_S = 30 };

static const char *const modes[] = {"native", "compat", NULL};
static const char *const policies[] = {"auto", "trust", "allowlist", "deny", NULL};

static const char *const switches[] = {"auto", "on", "off", NULL};

static const struct myna_option table[] = {
    {.name = "mode",
     .type = MYNA_OPT_CHOICE,
     AT(mode),
     .def = "native",
     .choices = modes,
     .help = "compat: as the reference gateway does it, without what Myna adds"},
    {.name = "agent_name",
     .type = MYNA_OPT_STRING,
     AT(agent_name),
     .def = "Hermes",
     .env = "LIVEKIT_AGENT_NAME",
     .file_first = true,
     .help = "name of the agent in the room; its identity is hermes- and this in lower case"},
    {.name = "avatar",
     .type = MYNA_OPT_STRING,
     AT(avatar),
     .env = "LIVEKIT_AGENT_AVATAR",
     .file_first = true,
     .help = "picture of the agent: an address, a data URI or a PNG or JPEG file"},
    {.name = "allowed_users",
     .type = MYNA_OPT_LIST,
     AT(allowed_users),
     .env = "LIVEKIT_ALLOWED_USERS",
     .file_first = true,
     .help = "identities that may talk with the agent; * is everyone"},
    {.name = "allow_all_users",
     .type = MYNA_OPT_STRING,
     AT(allow_all_users),
     .env = "LIVEKIT_ALLOW_ALL_USERS",
     .file_first = true,
     .help = "true: everyone in the room may talk with the agent"},
    {.name = "global_allowed_users",
     .type = MYNA_OPT_LIST,
     AT(global_allowed_users),
     .env = "GATEWAY_ALLOWED_USERS",
     .file_first = true,
     .help = "the same list across all channels"},
    {.name = "global_allow_all_users",
     .type = MYNA_OPT_STRING,
     AT(global_allow_all_users),
     .env = "GATEWAY_ALLOW_ALL_USERS",
     .file_first = true,
     .help = "the same flag across all channels"},
    {.name = "require_authorized_before_stt",
     .type = MYNA_OPT_BOOL,
     AT(require_authorized_before_stt),
     .def = "true",
     .help = "false: as the reference, people who are not allowed are transcribed and told, but "
             "not answered"},
    {.name = "presence_poll_interval",
     .type = MYNA_OPT_STRING,
     AT(presence_poll_interval),
     .env = "LIVEKIT_PRESENCE_POLL_INTERVAL",
     .file_first = true,
     .help = "seconds between two looks into the room; unset: 30 for *.livekit.cloud, else 5"},
    {.name = "tool_timeout",
     .type = MYNA_OPT_STRING,
     AT(tool_timeout),
     .env = "HERMES_LIVEKIT_TOOL_TIMEOUT_SEC",
     .file_first = true,
     .help = "seconds to wait for one result of a tool in the room; unset: 30"},
    {.name = "silence_duration",
     .type = MYNA_OPT_DOUBLE,
     AT(silence_duration),
     .def = "1.5",
     .min = 0.2,
     .max = 5,
     .help = "seconds of silence that end an utterance; unset: 1.5 with VAD rms, else what "
             "vad.* and turn.* say"},
    {.name = "min_speech_duration",
     .type = MYNA_OPT_DOUBLE,
     AT(min_speech_duration),
     .def = "0.5",
     .max = 5,
     .help = "seconds below which a sound is noise; unset: 0.5 with VAD rms, else 0.2 of speech"},
    {.name = "rms_floor",
     .type = MYNA_OPT_INT,
     AT(rms_floor),
     .def = "50",
     .max = 32767,
     .help = "VAD rms: loudness (RMS of 16-bit samples) above which it is speech"},
    {.name = "preroll",
     .type = MYNA_OPT_MS,
     AT(preroll_ms),
     .min = -1,
     .max = 4000,
     .help = "sound kept from before speech began; unset: 500ms, in mode compat none"},
    {.name = "max_utterance",
     .type = MYNA_OPT_MS,
     AT(max_utterance_ms),
     .def = "120s",
     .min = 1000,
     .max = 3600000,
     .help = "an utterance is cut here, and what follows is another"},
    {.name = "barge_in",
     .type = MYNA_OPT_CHOICE,
     AT(barge_in),
     .def = "auto",
     .choices = switches,
     .help =
         "may people interrupt the agent by speaking? on: by their first sound; auto: as turn.* "
         "says, and not in mode compat"},
    {.name = "shared_room_session",
     .type = MYNA_OPT_BOOL,
     AT(shared_room_session),
     .def = "false",
     .help = "true: all in the room have one conversation with the agent; false: each has their "
             "own"},
    {.name = "home_channel",
     .type = MYNA_OPT_STRING,
     AT(home_channel),
     .env = "LIVEKIT_HOME_CHANNEL",
     .file_first = true,
     .help = "room that messages without a room are for; unset: ours"},
    {.name = "home_channel_name",
     .type = MYNA_OPT_STRING,
     AT(home_channel_name),
     .def = "Home",
     .env = "LIVEKIT_HOME_CHANNEL_NAME",
     .file_first = true,
     .help = "what that room is called"},
    {.name = "announce_listen",
     .type = MYNA_OPT_STRING,
     AT(announce_listen),
     .def = "127.0.0.1:8790",
     .help = "address of POST /v1/announce and GET /v1/status, once there is a token"},
    {.name = "announce_token",
     .type = MYNA_OPT_SECRET,
     AT(announce_token),
     .help = "bearer token for them; unset: there is no such address"},
    {.name = "speak_home_messages",
     .type = MYNA_OPT_BOOL,
     AT(speak_home_messages),
     .def = "false",
     .help = "announcements are spoken, too"},
    {.name = "speak_typed_replies",
     .type = MYNA_OPT_CHOICE,
     AT(speak_typed_replies),
     .def = "auto",
     .choices = switches,
     .help = "is what was typed answered aloud? auto: not in mode compat"},
    {.name = "agent_name_from_model",
     .type = MYNA_OPT_BOOL,
     AT(agent_name_from_model),
     .def = "true",
     .help = "without agent_name: the agent is asked once what it is called"},
    {.name = "pairing",
     .type = MYNA_OPT_BOOL,
     AT(pairing),
     .def = "true",
     .help = "whom `hermes pairing` has let in on this machine may talk with the agent"},
    {.name = "log_level",
     .type = MYNA_OPT_STRING,
     AT(log_level),
     .env = "HERMES_LIVEKIT_LOG_LEVEL",
     .file_first = true,
     .help = "log.level of a gateway, where that is not set: a name, or a number like 10 or 30"},
    {.name = "state_dir",
     .type = MYNA_OPT_PATH,
     AT(state_dir),
     .help = "where a room's announcements and its /voice wait for the next start; unset: "
             "$XDG_DATA_HOME/myna/gateway (~/.local/share/…)"},
    {.name = "remote_tool_policy",
     .type = MYNA_OPT_CHOICE,
     AT(remote_tool_policy),
     .def = "auto",
     .choices = policies,
     .help = "who in the room may offer tools; auto: trust in mode compat, else deny"},
    {.name = "remote_tools",
     .type = MYNA_OPT_LIST,
     AT(remote_tools),
     .help = "allowlist: who may offer what, each as IDENTITY=NAME"},
    {0},
};
const struct myna_section myna_gateway_section = {"gateway",
                                                  "the voice gateway of one LiveKit room", table};

enum myna_err myna_gw_options_read(const struct myna_config *cfg, struct myna_gw_options *out,
                                   struct myna_why *why)
{
    enum myna_err err = myna_config_read(cfg, &myna_gateway_section, out, why);

    if (!err && (!out->agent_name || !*out->agent_name))
        out->agent_name = "Hermes";
    return err;
}

bool myna_gw_yes(const char *text)
{
    return text && (!strcmp(text, "1") || !strcasecmp(text, "true") || !strcasecmp(text, "yes"));
}

bool myna_gw_is_cloud(const char *url)
{
    return url && strcasestr(url, ".livekit.cloud");
}

/* By hand: strtod() follows the locale of the host program. false: not a number. */
static bool seconds(const char *text, myna_us *out)
{
    double v = 0, unit = 1;
    bool minus = *text == '-', digits = false;

    if (*text == '-' || *text == '+')
        text++;
    for (; *text >= '0' && *text <= '9'; text++, digits = true)
        v = v * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits = true)
            v += (*text - '0') * (unit /= 10);
    if (*text || !digits)
        return false;
    if (v > 86400)
        v = 86400;
    *out = (myna_us)((minus ? -v : v) * (double)MYNA_S + 0.5);
    return true;
}

static struct myna_gw_seconds setting_or(const char *setting, int default_s, const char *why)
{
    struct myna_gw_seconds s = {.time = default_s * MYNA_S, .why = why};
    myna_us own;

    if (!setting || !*setting)
        return s;
    if (!seconds(setting, &own)) {
        s.bad = true;
    } else if (own > 0) { /* zero and less: the default, without a word */
        s.time = own;
        s.why = "override";
    }
    return s;
}

struct myna_gw_seconds myna_gw_poll_interval(const char *setting, const char *url)
{
    return myna_gw_is_cloud(url) ? setting_or(setting, POLL_CLOUD_S, "cloud default")
                                 : setting_or(setting, POLL_LOCAL_S, "local default");
}

struct myna_gw_seconds myna_gw_tool_timeout(const char *setting)
{
    return setting_or(setting, TOOL_S, "default");
}

const char *myna_gw_log_level(const char *text)
{
    static const struct {
        const char *name;
        int most; /* the number that logging in Python has for it */
        const char *ours;
    } levels[] = {{"debug", 10, "debug"}, {"info", 20, "info"},   {"warning", 30, "warn"},
                  {"warn", 30, "warn"},   {"error", 40, "error"}, {"critical", 50, "error"},
                  {"fatal", 50, "error"}};
    size_t n = text ? strlen(text) : 0;
    int number = 0;

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (n && !strcasecmp(text, levels[i].name))
            return levels[i].ours;
    if (!n || n > 4 || strspn(text, "0123456789") != n)
        return NULL;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (text[i] - '0');
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (number <= levels[i].most)
            return levels[i].ours;
    return "error";
}

/* Whole characters of at most 240 bytes. */
static size_t whole(const char *name)
{
    size_t n = strnlen(name, 241);

    if (n > 240)
        for (n = 240; n && ((unsigned char)name[n] & 0xC0) == 0x80;)
            n--;
    return n;
}

void myna_gw_identity(const char *agent_name, char out[300])
{
    size_t len = (size_t)snprintf(out, 300, "hermes-"), n = whole(agent_name), at = 0;
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), before;
    mbstate_t in = {0}, made = {0};

    before = utf8 ? uselocale(utf8) : NULL; /* of this thread, for a moment */
    while (at < n) {
        char bytes[MB_LEN_MAX];
        wchar_t c;
        size_t taken = utf8 ? mbrtowc(&c, agent_name + at, n - at, &in) : (size_t)-1;
        size_t put = taken && taken <= 4 ? wcrtomb(bytes, (wchar_t)towlower((wint_t)c), &made) : 0;

        if (!put || put > 4 || len + put >= 299) { /* no such locale, or no UTF-8: A to Z alone */
            memset(&in, 0, sizeof in);
            taken = put = 1;
            bytes[0] = agent_name[at];
            if (*bytes >= 'A' && *bytes <= 'Z')
                *bytes = (char)(*bytes - 'A' + 'a');
        }
        if (len + put >= 299)
            break;
        memcpy(out + len, bytes, put);
        len += put;
        at += taken;
    }
    out[len] = '\0';
    if (utf8) {
        (void)uselocale(before);
        freelocale(utf8);
    }
}
