/* fallback.h - several agents as one: the first answers; where it fails before a word, the next is
 * asked the same (agent-session 8.3).
 *
 * An answer that has begun is not begun again by another: its failure is told. One that failed is
 * passed over until it has answered: it is asked the same in the background, after 5 s, then ever
 * more rarely. An agent that keeps the history of a call itself (MYNA_LLM_OWN_HISTORY) is not asked
 * behind the caller's back, but given the next chance after half a minute.
 *
 * Who answers instead is told as MYNA_LLM_USING. Only when all have failed a fault is told, which
 * is not to be retried: each was asked just now.
 */
#ifndef MYNA_LLM_FALLBACK_H
#define MYNA_LLM_FALLBACK_H

#include <myna/provider.h>

/* Takes the children (1 to MYNA_SPARES_MAX), also when it fails. attempt_ms: longest wait for the
 * first sign of life of one. MYNA_ENOMEM. */
enum myna_err myna_llm_fallback(struct myna_host *host, struct myna_llm *const *children, size_t n,
                                int attempt_ms, struct myna_llm **out);

#endif
