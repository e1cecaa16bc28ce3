/* commands.h - the rows of the table, one file each. */
#ifndef MYNA_CLI_COMMANDS_H
#define MYNA_CLI_COMMANDS_H

#include "cmd.h"

extern const struct cmd myna_cmd_config, myna_cmd_models, myna_cmd_say, myna_cmd_hear, myna_cmd_vad,
    myna_cmd_replay, myna_cmd_console, myna_cmd_man, myna_cmd_complete, myna_cmd_token,
    myna_cmd_rooms, myna_cmd_calls, myna_cmd_ask, myna_cmd_doctor, myna_cmd_status, myna_cmd_setup,
    myna_cmd_join, myna_cmd_worker;

/* A flag that sets a key of the configuration. */
#define KEY_FLAG(name_, key_, value_, help_)                                                       \
    {                                                                                              \
        .name = name_, .kind = FLAG_KEY, .key = key_, .origin = "--" name_, .value = value_,       \
        .help = help_                                                                              \
    }
/* A switch in the field no_probe. */
#define NO_PROBE_FLAG(options_)                                                                    \
    {                                                                                              \
        .name = "no-probe", .kind = FLAG_SWITCH, .offset = offsetof(options_, no_probe),           \
        .help = "do not look for agents on this machine"                                           \
    }
#define VAD_FLAG KEY_FLAG("vad", "vad.provider", "NAME", "who tells speech from silence")
#define STT_FLAG KEY_FLAG("stt", "stt.provider", "NAME", "who recognises speech")
#define LLM_FLAG KEY_FLAG("llm", "llm.provider", "NAME", "who answers")
#define TTS_FLAG KEY_FLAG("tts", "tts.provider", "NAME", "who speaks")

#endif
