/* flags.h - rows of flag tables that are always alike, and those that commands share. */
#ifndef MYNA_CLI_FLAGS_H
#define MYNA_CLI_FLAGS_H

#include "cmd.h"

/* A flag that sets a key of the configuration. */
#define KEY_FLAG(name_, key_, value_, help_)                                                       \
    {                                                                                              \
        .name = name_, .kind = FLAG_KEY, .key = key_, .origin = "--" name_, .value = value_,       \
        .help = help_                                                                              \
    }
/* These fill a field of the command's own `struct options`. */
#define SWITCH_FLAG(name_, field_, help_)                                                          \
    {                                                                                              \
        .name = name_, .kind = FLAG_SWITCH, .offset = offsetof(struct options, field_),            \
        .help = help_                                                                              \
    }
#define VALUE_FLAG(name_, field_, value_, help_)                                                   \
    {                                                                                              \
        .name = name_, .kind = FLAG_VALUE, .offset = offsetof(struct options, field_),             \
        .value = value_, .help = help_                                                             \
    }
#define FILE_FLAG(name_, field_, help_)                                                            \
    {                                                                                              \
        .name = name_, .kind = FLAG_VALUE, .offset = offsetof(struct options, field_),             \
        .value = "FILE", .takes = TAKES_FILE, .help = help_                                        \
    }
#define NO_PROBE_FLAG SWITCH_FLAG("no-probe", no_probe, "do not look for agents on this machine")
#define VAD_FLAG      KEY_FLAG("vad", "vad.provider", "NAME", "who tells speech from silence")
#define STT_FLAG      KEY_FLAG("stt", "stt.provider", "NAME", "who recognises speech")
#define LLM_FLAG      KEY_FLAG("llm", "llm.provider", "NAME", "who answers")
#define TTS_FLAG      KEY_FLAG("tts", "tts.provider", "NAME", "who speaks")
/* Who takes part in a conversation. */
#define STAGE_FLAGS STT_FLAG, LLM_FLAG, TTS_FLAG, VAD_FLAG
/* Which LiveKit server, and who may ask it. */
#define SERVER_FLAGS                                                                               \
    KEY_FLAG("url", "transport.livekit.url", "URL",                                                \
             "the LiveKit server: ws://HOST:7880, wss://HOST"),                                    \
        KEY_FLAG("api-key", "transport.livekit.api_key", "KEY",                                    \
                 "name of the key that signs tokens"),                                             \
        KEY_FLAG("api-secret", "transport.livekit.api_secret", "SECRET", "the key itself")

#endif
