/* story.h - the session's events as the room's clients know them (voice-gateway 6.2, 6.3).
 *
 * One talk, one story, told in one order: listening-start, listening-stop, user-transcript,
 * thinking-start, speaking-start, then the words and speaking-stop (in mode compat the other way
 * round). Loop thread, no I/O but through
 * the wire.
 */
#ifndef MYNA_GATEWAY_STORY_H
#define MYNA_GATEWAY_STORY_H

#include <stdbool.h>

#include <myna/event.h>

#include "gateway/wire.h"

enum { MYNA_GW_TYPED = 16, MYNA_GW_SPEAKERS = 16 };

struct myna_gw_story {
    const struct myna_gw_wire *wire;
    bool compat;                       /* without agent:error, words behind speaking-stop */
    bool talking;                      /* speaking-start was told */
    char *listening[MYNA_GW_SPEAKERS]; /* to whom: listening-start was told */
    bool goes_on[MYNA_GW_SPEAKERS];    /* their next turn is of what was cut off before that */
    size_t n_listening;
    char *last;  /* who spoke last */
    char *words; /* compat: they wait for speaking-stop */
    struct {
        char *identity, *text;
    } typed[MYNA_GW_TYPED]; /* handed to the session, not yet in its history */
    size_t n_typed;
};

void myna_gw_story_init(struct myna_gw_story *s, const struct myna_gw_wire *wire, bool compat);
void myna_gw_story_fini(struct myna_gw_story *s);
/* This text of that person goes to the session now. */
void myna_gw_story_typed(struct myna_gw_story *s, const char *identity, const char *text);
void myna_gw_story_event(struct myna_gw_story *s, const struct myna_event *ev);
/* Words of somebody who gets no answer: told as a turn, and that is all. */
void myna_gw_story_refused(struct myna_gw_story *s, const char *identity, const char *text,
                           bool typed);
/* What clients are told of a fault: "backend-auth-failed", …; NULL: nothing. */
const char *myna_gw_fault_reason(const struct myna_fault *f);
/* Is that person speaking now; NULL: is anybody? */
bool myna_gw_story_hears(const struct myna_gw_story *s, const char *identity);
/* Their utterance is closed here, and they go on: a stop, and the start of the next. */
void myna_gw_story_cut(struct myna_gw_story *s, const char *identity);
/* The person's sound stops here (left, muted): a start that was told gets its stop. */
void myna_gw_story_quiet(struct myna_gw_story *s, const char *identity);

#endif
