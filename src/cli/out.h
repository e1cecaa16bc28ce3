/* out.h - how the program writes: colours only on a terminal, JSON on one line. */
#ifndef MYNA_CLI_OUT_H
#define MYNA_CLI_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>
#include <myna/config.h>
#include <myna/error.h>

/* A terminal, and neither NO_COLOR is set nor TERM=dumb. */
bool myna_cli_colour(FILE *out);
/* Escape codes, or "" where colour is false. */
const char *myna_cli_bold(bool colour);
const char *myna_cli_green(bool colour);
const char *myna_cli_yellow(bool colour);
const char *myna_cli_red(bool colour);
const char *myna_cli_plain(bool colour);

/* Words of others, made harmless for a terminal: control characters become blanks, line ends too
 * unless `lines`. */
void myna_cli_put_plain(FILE *out, const char *text, bool lines);

/* Looks for agents on this machine where nobody has chosen one, and says what it found in one line
 * on standard error. Not finding anybody, or not being able to look, is no failure. */
enum myna_err myna_cli_discover(struct myna_config *cfg, bool no_probe, bool quiet,
                                struct myna_why *why);

/* Milliseconds as JSON: a whole number where it is one. */
json_t *myna_cli_ms(double ms);
/* Takes `value` (NULL: memory is short) and prints it with a newline on standard output. */
enum myna_err myna_cli_json(json_t *value, struct myna_why *why);

#endif
