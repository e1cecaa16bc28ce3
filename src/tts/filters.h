/* filters.h - what is written but must not be spoken so: markup, code, addresses, emoji, figures;
 * and replacements (agent-session 8.7, voice-gateway 10).
 *
 * A chain of streaming transforms in the order of a list; what comes out does not depend on the
 * pieces in which the text arrived. Each holds only what it cannot decide yet. With the text comes,
 * for every byte of it, how much of what was written it accounts for: so the words that were heard
 * lead back to the words of the agent.
 *
 * One owner, no I/O, no allocation after create.
 */
#ifndef MYNA_TTS_FILTERS_H
#define MYNA_TTS_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

struct myna_filters;

struct myna_replacement {
    const char *from, *to; /* kept by the caller */
    size_t n_from;         /* bytes of `from`; 0: all of it */
};
struct myna_filters_options {
    /* Names, ended by NULL: code tables html markdown urls emoji numbers spoken spoken_keep; also
     * filter_markdown, filter_emoji. NULL or "none": nothing. Unknown ones are passed over.
     * Borrowed for create. */
    const char *const *transforms;
    const char *language; /* of the text, for numbers: NULL, "auto", "en", "en-GB", "de"… */
    const struct myna_replacement *replace; /* last; borrowed for create */
    size_t n_replace;
    bool match_case;
    /* Borrowed. With byte i of the text the first src[i] bytes of what was pushed are accounted
     * for; src never falls, also over a flush. */
    void (*out)(void *arg, struct myna_view text, const uint32_t *src);
    void *arg;
};

struct myna_filters *myna_filters_create(const struct myna_filters_options *opt);
void myna_filters_destroy(struct myna_filters *fi); /* NULL is fine */
enum myna_err myna_filters_push(struct myna_filters *fi, struct myna_view text);
void myna_filters_flush(struct myna_filters *fi);

/* MYNA_ECONFIG: a name is unknown; `why` names it, the nearest and the key. */
MYNA_MUST enum myna_err myna_filters_check(const char *const *transforms, struct myna_why *why);

/* "LiveKit=live kit", ended by NULL, into `out`, which borrows from them. MYNA_ECONFIG: there are
 * more than `max`. */
MYNA_MUST enum myna_err myna_filters_replacements(const char *const *pairs,
                                                  struct myna_replacement *out, size_t max,
                                                  size_t *n, struct myna_why *why);

#endif
