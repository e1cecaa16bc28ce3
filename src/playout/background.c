/* background.c - volumes are 16.16 numbers; fades are finer (8.24) and walk towards where they
 * shall be, a step a sample.
 *
 * Sums are held in 32 bits and bent softly into 16 (telephony 2.12): up to nine tenths of full
 * scale nothing changes, above that the curve flattens and never reaches the end, so loud speech
 * over a loud background does not crackle.
 */
#include "playout/background.h"

#define UNITY    65536u
#define WHOLE    (UNITY << 8) /* of a fade */
#define KNEE     29491        /* 0.9 of full scale */
#define HEADROOM (32767 - KNEE)

static uint32_t gain(double v)
{
    return v <= 0 ? 0 : v >= 1 ? UNITY : (uint32_t)(v * UNITY + 0.5);
}

void myna_background_init(struct myna_background *bg, const struct myna_background_options *opt)
{
    uint64_t samples = opt->fade > 0 ? (uint64_t)opt->fade * MYNA_OUT_RATE_HZ / 1000000 : 0;

    *bg = (struct myna_background){.ducked = gain(opt->duck) << 8};
    bg->step = samples ? (uint32_t)(WHOLE / samples) : WHOLE;
    if (bg->step == 0)
        bg->step = 1;
    bg->ambient.volume = gain(opt->ambient_volume);
    bg->thinking.volume = gain(opt->thinking_volume);
    bg->ambient.duck = bg->ambient.duck_to = bg->thinking.duck = bg->thinking.duck_to = WHOLE;
}

static void begin(struct myna_background_loop *lo, const struct myna_clip *clip)
{
    lo->to = clip ? WHOLE : 0;
    if (!clip || clip == lo->clip) /* one that was about to go goes on */
        return;
    lo->clip = clip;
    lo->at = 0;
}

void myna_background_ambient(struct myna_background *bg, const struct myna_clip *clip)
{
    begin(&bg->ambient, clip);
}

void myna_background_thinking(struct myna_background *bg, const struct myna_clip *clip)
{
    begin(&bg->thinking, clip);
}

static uint32_t walk(uint32_t from, uint32_t to, uint32_t step)
{
    if (from < to)
        return to - from > step ? from + step : to;
    return from - to > step ? from - step : to;
}

static uint32_t times(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 16);
}

static void add(struct myna_background_loop *lo, uint32_t step, int32_t *sum)
{
    if (!lo->clip)
        return;
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++) {
        lo->fade = walk(lo->fade, lo->to, step);
        lo->duck = walk(lo->duck, lo->duck_to, step);
        if (lo->clip->pcm) {
            int64_t g = times(times(lo->volume, lo->fade >> 8), lo->duck >> 8);

            sum[i] += (int32_t)(lo->clip->pcm[lo->at] * g / (int64_t)UNITY);
        }
        if (++lo->at == lo->clip->n)
            lo->at = 0;
    }
    if (lo->fade == 0 && lo->to == 0)
        lo->clip = NULL;
}

static int16_t bend(int32_t x)
{
    int32_t sign = x < 0 ? -1 : 1, over = x * sign - KNEE;

    if (over <= 0)
        return (int16_t)x;
    return (int16_t)(sign * (KNEE + (int32_t)((int64_t)over * HEADROOM / (over + HEADROOM))));
}

bool myna_background_mix(struct myna_background *bg, bool speech, int16_t out[MYNA_OUT_SAMPLES],
                         struct myna_background_mark *mark)
{
    int32_t sum[MYNA_OUT_SAMPLES];

    if (!bg->ambient.clip && !bg->thinking.clip)
        return false;
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
        sum[i] = out[i];
    bg->ambient.duck_to = speech ? bg->ducked : WHOLE;
    add(&bg->ambient, bg->step, sum);
    add(&bg->thinking, bg->step, sum);
    for (int i = 0; i < MYNA_OUT_SAMPLES; i++)
        out[i] = bend(sum[i]);
    *mark = (struct myna_background_mark){(uint32_t)bg->ambient.at,
                                          times(bg->ambient.fade >> 8, bg->ambient.duck >> 8),
                                          (uint32_t)bg->thinking.at, bg->thinking.fade >> 8};
    return true;
}
