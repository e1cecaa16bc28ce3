/* rehearsal_rules.h - what the rehearsal agent says: rules over the request, nothing else.
 *
 * Pure: what it remembers it reads from the history that the request carries.
 */
#ifndef MYNA_PROVIDERS_REHEARSAL_RULES_H
#define MYNA_PROVIDERS_REHEARSAL_RULES_H

#include <stdbool.h>

#include <myna/provider.h>

struct myna_buf;

/* The whole answer, appended. wall_ms: milliseconds since the epoch, for "what time is it". */
enum myna_err myna_rehearsal_answer(const struct myna_llm_request *req, int64_t wall_ms,
                                    struct myna_buf *into);

/* "seven times eight", "what is 23 plus 19", as a sentence ("7 times 8 is 56."); false: no sum in
 * it. `text`: small letters, single spaces, one before and behind. */
bool myna_rehearsal_sum(const char *text, char *answer, size_t size);

#endif
