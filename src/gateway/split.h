/* split.h - a text too long for one packet, in parts (voice-gateway 6.1). Pure. */
#ifndef MYNA_GATEWAY_SPLIT_H
#define MYNA_GATEWAY_SPLIT_H

#include <myna/frame.h>

enum { MYNA_GW_PART_MAX = 14000 }; /* bytes, also when written as JSON */

/* Length of the first part: all of it when it is short enough, else up to the end of a paragraph, a
 * sentence, a word or, failing these, a character. Nothing is left out or added between parts. */
size_t myna_gw_split(struct myna_view text);

#endif
