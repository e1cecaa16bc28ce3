/* own.c - what an agent decides for itself about turns (agent-session 1.5, 11.1
 * preemptive_on_agent): from its first moment with the word to its last. Both the call's settings
 * and the agents' are in the recording's configuration, so a replay comes to the same.
 */
#include "session/internal.h"

static void choose(bool *setting, int own)
{
    if (own != MYNA_OWN_NONE)
        *setting = own == MYNA_OWN_TRUE;
}

struct myna_endpointing_options myna_s_endpointing_options(const struct myna_session *s)
{
    return (struct myna_endpointing_options){
        .mode = (enum myna_endpointing_mode)s->turn_conf.endpointing_mode,
        .min_delay = s->turn_conf.min_delay_ms * MYNA_MS,
        .max_delay = s->turn_conf.max_delay_ms * MYNA_MS,
        .alpha = s->turn_conf.alpha};
}

void myna_s_own_turns(struct myna_session *s, const struct myna_agent_turns *own)
{
    struct myna_turn_conf *conf = &s->turn_conf;
    struct myna_endpointing_options ep;

    *conf = s->call_turns;
    if (own->min_delay_ms >= 0)
        conf->min_delay_ms = own->min_delay_ms;
    if (own->max_delay_ms >= 0)
        conf->max_delay_ms = own->max_delay_ms;
    choose(&conf->preemptive_generation, own->preemptive_generation);
    choose(&conf->preemptive_tts, own->preemptive_tts);
    if (s->llm && s->llm->caps & MYNA_LLM_OWN_HISTORY) /* its history would keep a wrong guess */
        conf->preemptive_generation = false;
    ep = myna_s_endpointing_options(s);
    for (size_t i = 0; i < s->n_ears; i++)
        myna_endpointing_update(&s->ears[i]->endpointing, &ep);
}
