/* commands.h - the rows of the table, one file each. */
#ifndef MYNA_CLI_COMMANDS_H
#define MYNA_CLI_COMMANDS_H

#include "cmd.h"

extern const struct cmd myna_cmd_config, myna_cmd_models, myna_cmd_say, myna_cmd_hear, myna_cmd_vad,
    myna_cmd_replay, myna_cmd_console, myna_cmd_man, myna_cmd_complete, myna_cmd_token,
    myna_cmd_rooms, myna_cmd_calls, myna_cmd_ask, myna_cmd_doctor, myna_cmd_status, myna_cmd_setup,
    myna_cmd_join, myna_cmd_worker;

#endif
