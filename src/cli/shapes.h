/* shapes.h - results of the stages as JSON: the shapes that scripts rely on. */
#ifndef MYNA_CLI_SHAPES_H
#define MYNA_CLI_SHAPES_H

#include <jansson.h>

#include <myna/stages.h>

/* Each returns a new value, NULL when memory is short. */

/* {"rate_hz":16000,"window":512,"probs":[…],"segments":[{"start_ms":…,"end_ms":…}]} */
json_t *myna_cli_vad_shape(const struct myna_vad_result *r);
/* {"text":"…","segments":[{"text":"…","start_ms":…,"end_ms":…,"words":[…]}]}; a word is
 * {"text":"…","start_ms":…,"end_ms":…} and "confidence" where it is known. */
json_t *myna_cli_hear_shape(const struct myna_hear_result *r);
/* {"outputs":N,"differ":0,"first_difference":null,"call_ms":…,"wall_ms":…} */
json_t *myna_cli_replay_shape(const struct myna_replay_result *r);

#endif
