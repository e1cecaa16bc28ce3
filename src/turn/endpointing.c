/* endpointing.c - the delays before our turn, fixed or learned (agent-session 1.5).
 *
 * What is learned is the pause that a person makes between two utterances of one turn: seen when
 * they go on before the agent spoke, or when they cut in right after it began (then we were too
 * quick). The delay tends to it, new = alpha * old + (1 - alpha) * pause, within min and max delay.
 * How long a person waits before an agent's answer teaches nothing: max delay is a ceiling.
 */
#include "turn/endpointing.h"

/* A voice may begin with silence, so an agent "speaks" a little before it can be heard. */
#define GRACE (250 * MYNA_MS)

static const double unlearned = -1;

void myna_endpointing_init(struct myna_endpointing *ep, const struct myna_endpointing_options *opt)
{
    *ep = (struct myna_endpointing){.opt = *opt,
                                    .utterance_pause = unlearned,
                                    .turn_pause = unlearned,
                                    .user_start = MYNA_NEVER,
                                    .user_end = MYNA_NEVER,
                                    .agent_start = MYNA_NEVER,
                                    .agent_end = MYNA_NEVER};
}

void myna_endpointing_update(struct myna_endpointing *ep,
                             const struct myna_endpointing_options *opt)
{
    if (opt->min_delay != ep->opt.min_delay)
        ep->utterance_pause = unlearned;
    ep->opt = *opt;
}

static double clamp(const struct myna_endpointing *ep, double pause)
{
    double low = (double)ep->opt.min_delay, high = (double)ep->opt.max_delay;

    if (pause > high)
        pause = high;
    return pause < low ? low : pause;
}

myna_us myna_endpointing_min(const struct myna_endpointing *ep)
{
    if (ep->opt.mode == MYNA_ENDPOINTING_FIXED || ep->utterance_pause < 0)
        return ep->opt.min_delay;
    return (myna_us)(clamp(ep, ep->utterance_pause) + 0.5);
}

myna_us myna_endpointing_max(const struct myna_endpointing *ep)
{
    myna_us min = myna_endpointing_min(ep);

    return ep->opt.mode == MYNA_ENDPOINTING_DYNAMIC && min > ep->opt.max_delay ? min
                                                                               : ep->opt.max_delay;
}

static void learn(struct myna_endpointing *ep, myna_us pause)
{
    double old = ep->utterance_pause < 0 ? (double)ep->opt.min_delay : ep->utterance_pause;

    ep->utterance_pause = clamp(ep, ep->opt.alpha * old + (1 - ep->opt.alpha) * (double)pause);
}

/* From `before` to `after`; 0 when either is unknown or they are the other way round. */
static myna_us between(myna_us before, myna_us after)
{
    return before == MYNA_NEVER || after == MYNA_NEVER || after < before ? 0 : after - before;
}

void myna_endpointing_user_started(struct myna_endpointing *ep, myna_us at, bool agent_speaking)
{
    if (ep->overlapping)
        return; /* told twice: by the interruption and by the VAD */
    /* Interrupted in the middle of an utterance whose end nobody reported: it ended, for us, just
     * before the agent began. */
    if (agent_speaking && ep->agent_start != MYNA_NEVER && ep->user_start != MYNA_NEVER &&
        ep->user_end != MYNA_NEVER && ep->user_end < ep->user_start)
        ep->user_end = ep->agent_start - 1 * MYNA_MS;
    ep->user_start = at;
    ep->overlapping = agent_speaking;
}

static bool within_grace(const struct myna_endpointing *ep)
{
    myna_us d;

    if (ep->user_start == MYNA_NEVER || ep->agent_start == MYNA_NEVER)
        return false;
    d = ep->user_start - ep->agent_start;
    return d > -GRACE && d < GRACE;
}

void myna_endpointing_user_ended(struct myna_endpointing *ep, myna_us at, bool ignore)
{
    myna_us utterances = between(ep->user_end, ep->user_start);
    myna_us turns = between(ep->user_end, ep->agent_start);
    bool agent_speaks = ep->agent_start != MYNA_NEVER && ep->agent_end == MYNA_NEVER;

    if (ignore && ep->overlapping && !within_grace(ep)) {
        ep->user_start = ep->user_end = MYNA_NEVER;
        ep->overlapping = false;
        return;
    }
    if (ep->overlapping || agent_speaks) {
        myna_us apart = utterances > turns ? utterances - turns : turns - utterances;

        /* Cut in at once: the turn was not over when we took it. */
        if (utterances > 0 && turns > 0 && turns <= myna_endpointing_max(ep) && apart > 0 &&
            apart <= myna_endpointing_min(ep))
            learn(ep, utterances);
    } else if (turns == 0 && utterances > 0 && ep->agent_start == MYNA_NEVER &&
               ep->agent_end == MYNA_NEVER) {
        learn(ep, utterances);
    }
    ep->user_end = at;
    ep->agent_start = ep->agent_end = MYNA_NEVER;
    ep->overlapping = false;
}

void myna_endpointing_agent_started(struct myna_endpointing *ep, myna_us at)
{
    ep->agent_start = at;
    ep->agent_end = MYNA_NEVER;
    ep->overlapping = false;
}

void myna_endpointing_agent_ended(struct myna_endpointing *ep, myna_us at)
{
    ep->agent_end = at; /* its start is kept: the pause between turns is measured from it */
    ep->overlapping = false;
}
