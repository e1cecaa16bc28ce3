/* options.h - section gateway: how a room is kept by the rules of voice-gateway 1.
 *
 * What the section does not say comes from the environment of the field (LIVEKIT_AGENT_NAME, …);
 * what the environment says badly is the default, with a warning where the document asks for one.
 * Server, key and room are those of transport.livekit.
 */
#ifndef MYNA_GATEWAY_OPTIONS_H
#define MYNA_GATEWAY_OPTIONS_H

#include <stdbool.h>

#include <myna/config.h>
#include <myna/frame.h>

struct myna_host;

enum myna_gw_mode { MYNA_GW_NATIVE, MYNA_GW_COMPAT };
enum myna_gw_switch { MYNA_GW_AUTO, MYNA_GW_ON, MYNA_GW_OFF };
enum myna_gw_policy { MYNA_GW_POLICY_AUTO, MYNA_GW_TRUST, MYNA_GW_ALLOWLIST, MYNA_GW_DENY };

struct myna_gw_options {
    int mode; /* enum myna_gw_mode */
    const char *agent_name, *avatar;
    const char *const *allowed_users, *const *global_allowed_users;
    const char *allow_all_users, *global_allow_all_users; /* "1", "true", "yes" */
    const char *presence_poll_interval, *tool_timeout;    /* seconds, as written */
    double silence_duration, min_speech_duration;         /* seconds; defaults: VAD "rms" */
    int rms_floor, max_utterance_ms, preroll_ms;          /* preroll -1: by the mode */
    bool shared_room_session;                             /* all have one conversation */
    int barge_in;                                         /* enum myna_gw_switch */
    const char *home_channel, *home_channel_name;
    const char *announce_listen, *announce_token;
    bool speak_home_messages;
    int speak_typed_replies; /* enum myna_gw_switch */
    bool agent_name_from_model, pairing, require_authorized_before_stt;
    const char *state_dir, *log_level;
    int remote_tool_policy;          /* enum myna_gw_policy */
    const char *const *remote_tools; /* "identity=name" */
};
extern const struct myna_section myna_gateway_section;

MYNA_MUST enum myna_err myna_gw_options_read(const struct myna_config *cfg,
                                             struct myna_gw_options *out, struct myna_why *why);

/* "1", "true", "yes" in any case. */
bool myna_gw_yes(const char *text);
/* Is it a LiveKit cloud's address? */
bool myna_gw_is_cloud(const char *url);

/* Time between two polls and why: "override", "cloud default", "local default". `bad`: the setting
 * is no number at all and was passed over; worth a warning. */
struct myna_gw_seconds {
    myna_us time;
    const char *why;
    bool bad;
};
struct myna_gw_seconds myna_gw_poll_interval(const char *setting, const char *url);
struct myna_gw_seconds myna_gw_tool_timeout(const char *setting);
/* "debug", "info", "warn", "error" for a level by name or number; NULL: it is none. */
const char *myna_gw_log_level(const char *text);
/* "hermes-" and the name in lower case (of any script), spaces kept. `out` holds 300 bytes. */
void myna_gw_identity(const char *agent_name, char out[300]);

#endif
