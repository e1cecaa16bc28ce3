/* interrupt.c - the person speaks while the agent does: stop it, or only hold it until it is known
 * whether that was meant (agent-session 1.8, 1.9).
 *
 * With a transport that can hold back sound, speech of the person first pauses the agent. A final
 * transcript or a committed turn makes it an interruption; if neither comes within the timeout
 * after the person is quiet again, it was none, and the agent goes on where it was heard.
 */
#include "session/internal.h"
#include "session/queue.h"

#include <string.h>

#include "util/guard.h"

bool myna_s_can_pause(const struct myna_session *s)
{
    return s->turn_conf.resume_false_interruption &&
           s->turn_conf.false_interruption_timeout_ms >= 0 && s->audio_out && s->transport &&
           (s->transport->caps & MYNA_TRANSPORT_PAUSE);
}

static void hold(struct myna_session *s)
{
    myna_playout_pause(s->playout, s->now);
    if (s->playout_segment && s->playout_segment->sync)
        myna_sync_pause(s->playout_segment->sync, s->now);
}

static void let_go(struct myna_session *s)
{
    if (!s->playout || !myna_playout_paused(s->playout))
        return;
    myna_playout_resume(s->playout, s->now);
    if (s->playout_segment && s->playout_segment->sync)
        myna_sync_resume(s->playout_segment->sync, s->now);
}

/* The end of an answer that was lost on the way is not said any more. */
static void drop_tail(struct myna_session *s, bool force)
{
    if (s->playout && (force || !s->tail_spared))
        myna_playout_forget(s->playout);
}

void myna_s_pause(struct myna_session *s, struct speech *sp, myna_us timeout)
{
    if (s->paused.speech != sp) {
        s->paused.speech = sp;
        s->paused.state = s->agent_state;
        s->paused.timer_at = MYNA_NEVER;
        s->paused.pending = false;
    }
    s->paused.timeout = timeout;
    hold(s);
}

void myna_s_audio_activity(struct myna_session *s)
{
    struct speech *sp = s->current;

    if (s->turn_conf.detection == MYNA_TURN_MANUAL ||
        (s->aec_until != MYNA_NEVER && s->aec_until > s->now))
        return;
    if (s->stt && s->turn_conf.min_interruption_words > 0 &&
        myna_s_words(myna_s_transcript(s)) < s->turn_conf.min_interruption_words)
        return;
    if (!sp || sp->interrupted || !sp->allow_interruptions)
        return;
    if (myna_s_queue_spares(s, sp))
        return;
    if (!sp->authorized)
        return; /* it waits until the person is quiet */
    if (s->paused.speech == sp && s->paused.timeout > 0 && s->agent_state != MYNA_AGENT_SPEAKING) {
        myna_s_false_timer_stop(s);
        return; /* held already */
    }
    myna_guard_lift();
    myna_s_false_timer_stop(s);
    if (!s->ear->endpointing.overlapping && s->agent_state == MYNA_AGENT_SPEAKING)
        myna_endpointing_user_started(&s->ear->endpointing, s->now, true);
    if (myna_s_can_pause(s)) {
        bool spoke = s->agent_state == MYNA_AGENT_SPEAKING;

        myna_s_pause(s, sp, s->turn_conf.false_interruption_timeout_ms * MYNA_MS);
        if (spoke) {
            myna_s_agent_state(s, MYNA_AGENT_LISTENING);
            myna_s_agent_ended(s);
        }
    } else {
        myna_s_speech_interrupt(s, sp);
    }
    myna_guard_lower();
}

/* Before the first sound of a reply: keep, apply or release a pause. */
void myna_s_pause_reconcile(struct myna_session *s, struct speech *sp)
{
    bool allowed = myna_s_can_pause(s) && !sp->interrupted && sp->allow_interruptions;

    if (!s->audio_out)
        return;
    if (s->paused.speech == sp && allowed)
        return;
    if (s->paused.speech) {
        myna_s_false_timer_stop(s);
        s->paused.speech = NULL;
    }
    if (allowed && s->agent_state != MYNA_AGENT_SPEAKING && !myna_s_all_quiet(s)) {
        myna_s_pause(s, sp, 0); /* speech began before this reply was current */
        return;
    }
    let_go(s);
}

void myna_s_false_timer_stop(struct myna_session *s)
{
    s->paused.timer_at = MYNA_NEVER;
    s->paused.pending = false;
}

void myna_s_false_timer(struct myna_session *s, myna_us timeout)
{
    s->paused.pending = false;
    s->paused.timer_at = s->now + timeout;
}

static void resume(struct myna_session *s)
{
    struct myna_event ev = {.type = MYNA_EV_AGENT_FALSE_INTERRUPTION};
    struct speech *sp = s->paused.speech;

    myna_s_false_timer_stop(s);
    if (!sp)
        return;
    s->paused.speech = NULL;
    if (s->current && s->current != sp)
        return; /* another speech has taken over */
    if (myna_s_can_pause(s) && !sp->done && !sp->interrupted) {
        myna_s_agent_state(s, s->paused.state);
        if (s->paused.state == MYNA_AGENT_SPEAKING)
            myna_s_agent_started(s, s->now);
        let_go(s);
        ev.u.false_interruption.resumed = true;
    }
    myna_s_event(s, &ev);
    s->dirty = true;
}

void myna_s_false_fire(struct myna_session *s)
{
    s->paused.timer_at = MYNA_NEVER;
    if (myna_s_eou_anywhere(s) ||
        s->turns) { /* the open decision owns the paused speech ([later]) */
        s->paused.pending = true;
        return;
    }
    resume(s);
}

void myna_s_eou_settled(struct myna_session *s)
{
    if (!s->paused.pending || myna_s_eou_anywhere(s) || s->turns)
        return;
    resume(s);
}

/* A final transcript or a committed turn: it was meant. */
void myna_s_pause_cancel(struct myna_session *s, bool interrupt)
{
    struct speech *sp = s->paused.speech;

    myna_s_false_timer_stop(s);
    if (interrupt)
        drop_tail(s, false);
    if (!sp)
        return;
    if (interrupt && sp->allow_interruptions)
        myna_s_speech_interrupt(s, sp);
    s->paused.speech = NULL;
    let_go(s);
}

/* What was held is cut. */
static void drop_pause(struct myna_session *s)
{
    if (!s->paused.speech || !s->paused.speech->interrupted)
        return;
    s->paused.speech = NULL;
    myna_s_false_timer_stop(s);
    let_go(s);
}

enum myna_err myna_s_interrupt_all(struct myna_session *s, bool force)
{
    struct speech *sp = s->current;

    if (sp && !force && !sp->allow_interruptions && !sp->interrupted)
        return MYNA_ESTATE;
    myna_s_preempt_cancel(s);
    if (sp)
        myna_s_speech_interrupt(s, sp);
    /* The queued ones in the order in which they would be heard; the first that may not be
     * interrupted stays, with all behind it. */
    for (;;) {
        struct speech *next = NULL;

        for (sp = s->speeches; sp; sp = sp->next)
            if (sp->scheduled && !sp->done && !sp->interrupted && sp != s->current &&
                (!next || sp->priority > next->priority ||
                 (sp->priority == next->priority && sp->order < next->order)))
                next = sp;
        if (!next || (!force && !next->allow_interruptions))
            break;
        myna_s_speech_interrupt(s, next);
    }
    drop_pause(s);
    drop_tail(s, force);
    return MYNA_OK;
}

void myna_s_interrupt_of(struct myna_session *s, uint32_t talk)
{
    if (s->preemptive.speech && s->preemptive.speech->talk == talk)
        myna_s_preempt_cancel(s);
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if (sp->talk == talk)
            myna_s_speech_interrupt(s, sp);
    drop_pause(s);
    drop_tail(s, false);
}
