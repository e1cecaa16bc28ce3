/* fallback.h - several voices as one: the first speaks; where it fails before a sound, the next
 * gets all of the text again (agent-session 8.4).
 *
 * Once a sample was heard a failure is told, so that nothing is said twice. A voice that ends
 * without a sound has failed too. What can succeed at once is tried twice more with the same voice;
 * one that was left speaks a word to nobody, after a second, then ever more rarely, until it can be
 * heard, and is the first again for the next stretch of speech.
 *
 * Who speaks instead is told as MYNA_TTS_USING. Only when all have failed a fault is told, which is
 * not to be retried.
 */
#ifndef MYNA_TTS_FALLBACK_H
#define MYNA_TTS_FALLBACK_H

#include <myna/provider.h>

/* Takes the children (1 to MYNA_SPARES_MAX), also when it fails. attempt_ms: longest wait for the
 * first sound of one. MYNA_ENOMEM. */
enum myna_err myna_tts_fallback(struct myna_host *host, struct myna_tts *const *children, size_t n,
                                int attempt_ms, struct myna_tts **out);

#endif
