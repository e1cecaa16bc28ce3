/* echo.c - speexdsp's canceller for the echo's linear part, its preprocessor for the rest. */
#include "audio/echo.h"

#include <stdlib.h>
#include <string.h>

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>

enum { WAITING = 10, TAIL_MIN_MS = 20, TAIL_MAX_MS = 1000 };

struct myna_echo {
    SpeexEchoState *canceller;
    SpeexPreprocessState *residue;
    int16_t played[WAITING][MYNA_IN_SAMPLES];
    unsigned first, waiting;
};

struct myna_echo *myna_echo_create(int tail_ms)
{
    struct myna_echo *e = calloc(1, sizeof *e);
    spx_int32_t rate = MYNA_IN_RATE_HZ;

    if (!e)
        return NULL;
    if (tail_ms < TAIL_MIN_MS)
        tail_ms = TAIL_MIN_MS;
    if (tail_ms > TAIL_MAX_MS)
        tail_ms = TAIL_MAX_MS;
    e->canceller = speex_echo_state_init(MYNA_IN_SAMPLES, tail_ms * MYNA_IN_RATE_HZ / 1000);
    e->residue = speex_preprocess_state_init(MYNA_IN_SAMPLES, MYNA_IN_RATE_HZ);
    if (!e->canceller || !e->residue) {
        myna_echo_destroy(e);
        return NULL;
    }
    speex_echo_ctl(e->canceller, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    speex_preprocess_ctl(e->residue, SPEEX_PREPROCESS_SET_ECHO_STATE, e->canceller);
    return e;
}

void myna_echo_destroy(struct myna_echo *e)
{
    if (!e)
        return;
    if (e->residue)
        speex_preprocess_state_destroy(e->residue);
    if (e->canceller)
        speex_echo_state_destroy(e->canceller);
    free(e);
}

void myna_echo_played(struct myna_echo *e, const int16_t frame[MYNA_IN_SAMPLES])
{
    if (e->waiting == WAITING) {
        e->first = (e->first + 1) % WAITING;
        e->waiting--;
    }
    memcpy(e->played[(e->first + e->waiting++) % WAITING], frame, sizeof e->played[0]);
}

void myna_echo_clean(struct myna_echo *e, const int16_t in[MYNA_IN_SAMPLES],
                     int16_t out[MYNA_IN_SAMPLES])
{
    static const int16_t silence[MYNA_IN_SAMPLES];
    const int16_t *far = silence;
    int16_t near[MYNA_IN_SAMPLES];

    if (e->waiting > 0) {
        far = e->played[e->first];
        e->first = (e->first + 1) % WAITING;
        e->waiting--;
    }
    memcpy(near, in, sizeof near);
    speex_echo_cancellation(e->canceller, near, far, out);
    speex_preprocess_run(e->residue, out);
}

void myna_echo_reset(struct myna_echo *e)
{
    e->first = e->waiting = 0;
    speex_echo_state_reset(e->canceller);
}
