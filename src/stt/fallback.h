/* fallback.h - several recognisers as one: the first hears; where it fails, the next gets what was
 * said since the last transcript again (agent-session 8.2).
 *
 * The last 30 s are kept for that, from the beginning of what is not transcribed yet, so a sentence
 * is neither lost nor told twice. One that was left is tried again beside the one that works: it
 * gets the next utterance too, after 5 s, then ever more rarely, and is the first again for the
 * utterance behind the one that it understood.
 *
 * Who hears instead is told as MYNA_STT_USING. Only when all have failed a fault is told: then the
 * words are lost.
 */
#ifndef MYNA_STT_FALLBACK_H
#define MYNA_STT_FALLBACK_H

#include <myna/provider.h>

/* Takes the children (1 to MYNA_SPARES_MAX), also when it fails. attempt_ms: longest wait of a
 * batch recogniser for its transcript. MYNA_ENOMEM. */
enum myna_err myna_stt_fallback(struct myna_host *host, struct myna_stt *const *children, size_t n,
                                int attempt_ms, struct myna_stt **out);

#endif
