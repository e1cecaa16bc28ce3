/* slash.h - what is typed to the gateway itself and not to the agent (voice-gateway 16.3). Pure. */
#ifndef MYNA_GATEWAY_SLASH_H
#define MYNA_GATEWAY_SLASH_H

enum myna_gw_slash {
    MYNA_GW_SLASH_NONE, /* text for the agent */
    MYNA_GW_SLASH_NEW,
    MYNA_GW_SLASH_HELP,
    MYNA_GW_SLASH_VOICE, /* asks how it is */
    MYNA_GW_SLASH_VOICE_ON,
    MYNA_GW_SLASH_VOICE_OFF,
    MYNA_GW_SLASH_VOICE_ALL,
};

/* `text` is trimmed. The command in any case; what follows /voice and is none of its words asks. */
enum myna_gw_slash myna_gw_slash_of(const char *text);
extern const char myna_gw_slash_help[];

#endif
