/* help.h - what --help shows. */
#ifndef MYNA_CLI_HELP_H
#define MYNA_CLI_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd.h"

/* One command, or the program when `cmd` is NULL. */
void myna_cli_help(FILE *out, const struct cmd *cmd, bool colour);

/* "--out FILE", "--record [DIR]"; into `text`. */
void myna_cli_flag_usage(const struct flag *flag, char *text, size_t size);

#endif
