/* decision.c - is the turn over? (agent-session 1.6, "EOU bounce")
 *
 * One deadline: the last speech plus the endpointing delay. New speech cancels it, a new trigger
 * replaces it. When it fires, the words so far become a turn (turns.c), or stay when it is refused.
 * Manual turns are decided by the host: commit, clear.
 */
#include "session/internal.h"

#include <stdlib.h>
#include <string.h>

#include "util/guard.h"

/* For the last words of a turn that the host ends (agent-session 1.6). */
#define COMMIT_WAIT (500 * MYNA_MS)

const char *myna_s_transcript(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;

    if (!r->interim.len)
        return myna_buf_str(&r->final);
    if (!r->final.len)
        return myna_buf_str(&r->interim);
    myna_buf_clear(&s->scratch);
    myna_buf_printf(&s->scratch, "%s %s", myna_buf_str(&r->final), myna_buf_str(&r->interim));
    return myna_buf_str(&s->scratch);
}

/* ---- the decision */

static bool has_text(const struct myna_session *s)
{
    return s->ear->rec.final.len > 0;
}

void myna_s_eou_start(struct myna_session *s, bool manual)
{
    struct recognition *r = &s->ear->rec;
    myna_us delay = myna_endpointing_min(&s->ear->endpointing);

    if (s->stt && !has_text(s) && !manual)
        return;
    r->eou_open = true;
    r->eou_manual = manual;
    r->eou_at = s->now;
    if (!manual)
        r->eou_at = (r->last_speaking != MYNA_NEVER ? r->last_speaking : s->now) + delay;
    if (r->eou_at <= s->now)
        myna_s_eou_fire(s);
}

void myna_s_eou_cancel(struct myna_session *s)
{
    s->ear->rec.eou_open = false;
    s->ear->rec.eou_at = MYNA_NEVER;
}

void myna_s_eou_fire(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;
    struct end_of_turn info = {.confidence =
                                   r->confidences ? r->confidence_sum / r->confidences : -1,
                               .started = r->speech_start,
                               .stopped = r->last_speaking,
                               .final_at = r->last_final,
                               .decided = s->now,
                               .transcription_delay = MYNA_NEVER,
                               .end_delay = MYNA_NEVER};

    myna_s_eou_cancel(s);
    myna_guard_lift();
    info.text = strdup(myna_buf_str(&r->final));
    if (r->last_final != MYNA_NEVER && r->last_speaking != MYNA_NEVER &&
        r->speech_start != MYNA_NEVER) {
        myna_us late = r->last_final - r->last_speaking;

        info.transcription_delay = late > 0 ? late : 0;
        info.end_delay = s->now - r->last_speaking;
    }
    if (!info.text) {
        myna_s_log(s, MYNA_LOG_ERROR, "turn lost, out of memory");
    } else if (myna_s_end_of_turn(s, &info)) {
        myna_s_span_user_turn(s, &info, r->eou_manual);
        myna_buf_clear(&r->final);
        myna_buf_clear(&r->interim);
        myna_buf_clear(&r->preflight);
        r->confidence_sum = 0;
        r->confidences = 0;
        r->last_final = r->commit_at = MYNA_NEVER;
        r->committed = false;
        if (!r->vad_speaking)
            r->speech_start = MYNA_NEVER;
    } else {
        free(info.text);
    }
    myna_s_eou_settled(s);
    s->dirty = true;
    myna_guard_lower();
}

void myna_s_turn_clear(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;

    myna_buf_clear(&r->final);
    myna_buf_clear(&r->interim);
    myna_buf_clear(&r->preflight);
    r->confidence_sum = 0;
    r->confidences = 0;
    r->last_speaking = r->speech_start = r->last_final = r->commit_at = r->words_by = MYNA_NEVER;
    r->committed = false;
    myna_s_limit_reset(s);
    myna_s_eou_cancel(s);
    myna_s_preempt_drop(s);
    myna_s_eou_settled(s);
}

bool myna_s_words_expected(const struct myna_session *s)
{
    return myna_s_words_expected_of(s->ear);
}

bool myna_s_words_expected_of(const struct ear *e)
{
    const struct recognition *r = &e->rec;

    if (!e->stt_port)
        return false;
    if (r->vad_speaking || r->interim.len)
        return true;
    return r->speech_start != MYNA_NEVER && r->last_speaking != MYNA_NEVER &&
           (r->last_final == MYNA_NEVER || r->last_speaking > r->last_final);
}

/* What is known of the last words stands for them. */
static void take_interim(struct recognition *r)
{
    if (!r->interim.len)
        return;
    if (r->final.len)
        myna_buf_putc(&r->final, ' ');
    myna_buf_put(&r->final, r->interim.ptr, r->interim.len);
    myna_buf_clear(&r->interim);
}

void myna_s_turn_take(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;

    r->commit_at = MYNA_NEVER;
    take_interim(r);
    if (r->final.len)
        myna_s_eou_start(s, true);
}

void myna_s_words_late(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;
    struct myna_fault f = {.stage = MYNA_STAGE_STT,
                           .err = MYNA_ETIMEOUT,
                           .provider = s->stt->cls->name,
                           .message = "the transcript of what was said did not come in time",
                           .recoverable = true};

    r->words_by = MYNA_NEVER;
    myna_s_fault(s, &f);
    myna_s_stt_restart(s); /* what it still had would be another turn */
    take_interim(r);
    myna_s_eou_start(s, false);
    s->dirty = true;
}

/* Manual turns: the recogniser gives what it still has; the next final, or what is known when the
 * wait is over, is the turn. */
void myna_s_turn_commit(struct myna_session *s)
{
    struct recognition *r = &s->ear->rec;

    r->committed = true;
    if (s->ear->stt_port)
        myna_stt_port_mark(s->ear->stt_port, MYNA_STT_MARK_FLUSH, s->now);
    if (myna_s_words_expected(s))
        r->commit_at = s->now + COMMIT_WAIT;
    else
        myna_s_turn_take(s);
}
