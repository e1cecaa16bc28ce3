/* silence.c - see silence.h. */
#include "gateway/silence.h"

void myna_gw_silence_init(struct myna_gw_silence *s, uint32_t rate_hz, int floor, myna_us silence,
                          myna_us least, myna_us most)
{
    *s = (struct myna_gw_silence){.floor = floor,
                                  .silence = silence,
                                  .least = least,
                                  .most = most,
                                  .since = MYNA_NEVER,
                                  .rate_hz = rate_hz};
}

static void empty(struct myna_gw_silence *s)
{
    s->length = 0;
    s->since = MYNA_NEVER;
    s->speaking = false;
}

static enum myna_gw_silence_tells close_utterance(struct myna_gw_silence *s, myna_us duration)
{
    bool was = s->speaking;

    empty(s);
    s->duration = duration > 0 ? duration : 0;
    if (!was)
        return MYNA_GW_SAME;
    return s->duration < s->least ? MYNA_GW_NOISE : MYNA_GW_SAID;
}

static enum myna_gw_silence_tells tick(struct myna_gw_silence *s, bool loud)
{
    bool began = loud && !s->speaking;

    s->length += MYNA_GW_TICK;
    if (loud) {
        s->since = 0;
        s->speaking = true;
    } else if (s->since == MYNA_NEVER) {
        s->length = 0; /* nobody has spoken yet */
        return MYNA_GW_SAME;
    } else {
        s->since += MYNA_GW_TICK;
        if (s->since >= s->silence)
            return close_utterance(s, s->length - s->silence);
    }
    if (loud && s->length >= s->most) {
        (void)close_utterance(s, s->length);
        return MYNA_GW_TOO_LONG;
    }
    return began ? MYNA_GW_BEGAN : MYNA_GW_SAME;
}

static uint32_t samples_of_tick(const struct myna_gw_silence *s)
{
    return (uint32_t)(s->rate_hz * (uint64_t)MYNA_GW_TICK / MYNA_S);
}

/* RMS > floor, without a root. */
static bool is_loud(const struct myna_gw_silence *s, uint32_t samples)
{
    return s->squares > (uint64_t)s->floor * (uint64_t)s->floor * samples;
}

bool myna_gw_silence_surely_loud(const struct myna_gw_silence *s)
{
    return is_loud(s, samples_of_tick(s));
}

enum myna_gw_silence_tells myna_gw_silence_push(struct myna_gw_silence *s, const int16_t *pcm,
                                                size_t n)
{
    bool loud;

    for (size_t i = 0; i < n; i++)
        s->squares += (uint64_t)((int32_t)pcm[i] * (int32_t)pcm[i]);
    s->samples += (uint32_t)n;
    if (s->samples < samples_of_tick(s))
        return MYNA_GW_SAME;
    loud = is_loud(s, s->samples);
    s->squares = 0;
    s->samples = 0;
    return tick(s, loud);
}

enum myna_gw_silence_tells myna_gw_silence_flush(struct myna_gw_silence *s)
{
    myna_us rest = (myna_us)(s->samples * (uint64_t)MYNA_S / s->rate_hz);
    enum myna_gw_silence_tells tells = close_utterance(s, s->length + rest);

    s->squares = 0;
    s->samples = 0;
    return tells;
}
