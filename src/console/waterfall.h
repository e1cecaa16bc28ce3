/* waterfall.h - where the time of a turn went, as a few lines of text.
 *
 *     turn 1: answered 843 ms after the last word
 *       transcript      118 ms  █████
 *       end of turn     550 ms       ███████████████████
 *       …
 *
 * Pure.
 */
#ifndef MYNA_CONSOLE_WATERFALL_H
#define MYNA_CONSOLE_WATERFALL_H

#include <myna/event.h>

#include "util/buf.h"

/* `turn` counts from 1. What did not happen is a dash; bars are 40 columns for the whole turn. */
void myna_waterfall_render(struct myna_buf *out, const struct myna_waterfall *w, int turn);
/* Milliseconds from the end of speech to the first sound heard; -1 when one is missing. */
double myna_waterfall_answer_ms(const struct myna_waterfall *w);

#endif
