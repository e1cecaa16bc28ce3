/* args.h - the command line against the tables of cmd.h. */
#ifndef MYNA_CLI_ARGS_H
#define MYNA_CLI_ARGS_H

#include "cmd.h"

/* Takes argv[1 …] apart into `call`, which keeps pointers into it (a --set is cut at its '=').
 * MYNA_ECONFIG: wrong use; the sentence names what and, where one is near, what was meant. */
MYNA_MUST enum myna_err myna_cli_parse(int argc, char **argv, struct call *call,
                                       struct myna_why *why);

#endif
