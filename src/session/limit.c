/* limit.c - a person who speaks without end is answered before they have finished (agent-session
 * 1.6, "user turn limit").
 *
 * Words and time add up over turns until the agent is heard or the turn is cleared. At the limit,
 * and once nothing else of the agent waits to be heard, it answers what was said so far: shortly,
 * without tools, and not to be interrupted, since the person still speaks.
 */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

static const char break_in[] = "The caller has been speaking for a long time and has not finished. "
                               "Answer what was said so far in one short sentence.";

void myna_s_limit_reset(struct myna_session *s)
{
    s->ear->limit.words = s->ear->limit.partial = 0;
    s->ear->limit.since = MYNA_NEVER;
    s->ear->limit.reached = false;
}

void myna_s_limit_speech(struct myna_session *s, myna_us start)
{
    if (s->ear->limit.since == MYNA_NEVER)
        s->ear->limit.since = start;
}

void myna_s_limit_words(struct myna_session *s, const char *text, bool final)
{
    int n = myna_s_words(text);

    s->ear->limit.partial = final ? 0 : n;
    s->ear->limit.words += final ? n : 0;
    myna_s_limit_check(s);
}

void myna_s_limit_check(struct myna_session *s)
{
    int max_words = s->turn_conf.user_turn_max_words;
    int max_ms = s->turn_conf.user_turn_max_ms;

    if (s->ear->limit.reached || s->turn_conf.detection == MYNA_TURN_MANUAL)
        return;
    s->ear->limit.reached =
        (max_words > 0 && s->ear->limit.words + s->ear->limit.partial >= max_words) ||
        (max_ms >= 0 && s->ear->limit.since != MYNA_NEVER &&
         s->now - s->ear->limit.since >= max_ms * MYNA_MS);
    s->dirty |= s->ear->limit.reached;
}

static bool idle(const struct myna_session *s)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->scheduled && !sp->done)
            return false;
    return !s->turns && !s->waiting;
}

static void advance(struct myna_session *s)
{
    const char *said = myna_s_transcript(s);
    struct speech *sp;

    if (!s->ear->limit.reached || s->closing.asked || !s->llm || !said[0] || !idle(s))
        return;
    sp = myna_s_speech_new(s, SPEECH_REPLY, 0);
    if (!sp)
        return;
    sp->tool_choice = MYNA_TOOLS_NONE;
    sp->user_item = myna_s_item_message(s, MYNA_ROLE_USER, said);
    myna_s_item_by(sp->user_item, s->ear);
    myna_s_speech_by(s, sp, myna_s_person_of(s, s->ear));
    sp->instructions = strdup(break_in);
    if (!sp->user_item || !sp->instructions) {
        myna_s_speech_interrupt(s, sp); /* the turn's own end answers it */
        return;
    }
    myna_s_log(s, MYNA_LOG_INFO, "the person's turn is cut short words=%d", s->ear->limit.words);
    myna_s_turn_clear(s);
    if (s->ear->rec.vad_speaking)
        myna_s_stt_restart(s); /* its final would say the same words again */
    myna_s_speech_created(s, sp, false, "generate_reply");
    (void)myna_s_speech_schedule(s, sp, 5);
}

void myna_s_limit_advance(struct myna_session *s)
{
    struct ear *at_hand = s->ear;

    for (size_t i = 0; i < s->n_ears; i++) {
        s->ear = s->ears[i];
        advance(s);
    }
    s->ear = at_hand;
}
