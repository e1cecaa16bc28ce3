/* line.c - the person's sound on its way to the VAD and the recogniser.
 *
 * A line that stalls while the person speaks would leave them speaking for ever: nobody hears them
 * stop. From STALLED on its missing frames are heard as silence, at their times, until the VAD has
 * ended the speech or the line is back. The timer that does it is an input like any other, so a
 * replay hears the same silence.
 */
#include "session/internal.h"

#include "audio/level.h"
#include "util/guard.h"

#define STALLED (300 * MYNA_MS) /* more than the jitter that a door lets through */

/* The recogniser hears silence where the agent may hear itself, or must not be interrupted. */
static bool deaf(const struct myna_session *s)
{
    if (s->agent_state != MYNA_AGENT_SPEAKING)
        return false;
    if (s->aec_until != MYNA_NEVER && s->aec_until > s->now)
        return true;
    return s->current && !s->current->allow_interruptions &&
           s->turn_conf.discard_audio_if_uninterruptible;
}

static const struct myna_frame *silence(struct myna_session *s, myna_us captured, uint32_t who)
{
    s->silence.captured = captured;
    s->silence.who = who;
    return &s->silence;
}

static void hear(struct myna_session *s, const struct myna_frame *f)
{
    if (s->ear->vad_port)
        myna_vad_port_push(s->ear->vad_port, f);
    if (s->ear->stt_port)
        myna_stt_port_push(s->ear->stt_port, deaf(s) ? silence(s, f->captured, f->who) : f);
}

void myna_s_hear(struct myna_session *s, const struct myna_frame *f)
{
    s->ear->line.heard_at = s->now;
    s->ear->line.next = f->captured + MYNA_FRAME_US;
    s->ear->line.stalled = false;
    s->in_dbfs = f->flags & MYNA_FRAME_SILENT ? -96 : myna_level_rms(f->pcm, MYNA_IN_SAMPLES);
    hear(s, f);
}

myna_us myna_s_line_deadline(const struct ear *e)
{
    if (!e->rec.vad_speaking || !e->vad_port || e->line.heard_at == MYNA_NEVER)
        return MYNA_NEVER;
    return e->line.heard_at + (e->line.stalled ? MYNA_FRAME_US : STALLED);
}

void myna_s_line_expire(struct myna_session *s)
{
    if (!s->ear->line.stalled)
        myna_s_log(s, MYNA_LOG_WARN, "no sound of the person arrives, heard as silence");
    s->ear->line.stalled = true;
    s->in_dbfs = -96;
    myna_guard_enter();
    while (s->ear->rec.vad_speaking && s->ear->vad_port &&
           s->ear->line.heard_at + MYNA_FRAME_US <= s->now) {
        s->ear->line.heard_at += MYNA_FRAME_US;
        hear(s, silence(s, s->ear->line.next, s->ear->who));
        s->ear->line.next += MYNA_FRAME_US;
    }
    myna_guard_leave();
}
