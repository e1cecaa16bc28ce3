/* silero.c - one window through the network: transform, four convolutions, an LSTM cell, a sigmoid.
 *
 * All shapes are constants of the network; silero_layout.h tells how the weights lie, and
 * silero_weights.c puts them there.
 */
#include "turn/silero.h"

#include <string.h>

#include "turn/silero_layout.h"
#include "turn/vec4.h"

static void relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        vec4 v = vec4_load(x + i);

        vec4_store(x + i, vec4_pick(v > vec4_of(0), v, vec4_of(0)));
    }
}

/* Context and window, and 64 samples mirrored behind the end (the edge sample is not repeated). */
static void fill(struct myna_silero_state *state, const int16_t *window, float samples[640])
{
    const size_t len = MYNA_SILERO_CONTEXT + MYNA_SILERO_WINDOW;

    memcpy(samples, state->context, sizeof state->context);
    for (size_t i = 0; i < MYNA_SILERO_WINDOW; i++)
        samples[MYNA_SILERO_CONTEXT + i] = (float)window[i] * (1.0f / 32768.0f);
    for (size_t i = 0; i < 64; i++)
        samples[len + i] = samples[len - 2 - i];
    memcpy(state->context, samples + len - MYNA_SILERO_CONTEXT, sizeof state->context);
}

/* conv1: kernel 3, stride 1, a zero on both sides: column t of tap k is frame t + k - 1. */
static void encode1(const struct myna_silero_weights *w, float (*magnitude)[SILERO_FRAMES],
                    float y[4 * 128])
{
    float rows[SILERO_ROWS1][4];

    for (size_t c = 0; c < SILERO_BINS; c++) {
        float padded[6] = {0, magnitude[c][0], magnitude[c][1], magnitude[c][2], magnitude[c][3]};

        for (size_t k = 0; k < 3; k++)
            memcpy(rows[c * 3 + k], padded + k, sizeof rows[0]);
    }
    w->ops->mul4(y, w->b1, w->w1, rows[0], SILERO_ROWS1, 128);
    relu(y, 4 * 128);
}

/* conv2: stride 2: its two places see frames -1, 0, 1 and 1, 2, 3. */
static void encode2(const struct myna_silero_weights *w, const float in[4 * 128], float y[2 * 64])
{
    float rows[SILERO_ROWS2][2];

    for (size_t c = 0; c < 128; c++) {
        rows[c * 3][0] = 0;
        rows[c * 3 + 1][0] = in[c];
        rows[c * 3 + 2][0] = rows[c * 3][1] = in[128 + c];
        rows[c * 3 + 1][1] = in[256 + c];
        rows[c * 3 + 2][1] = in[384 + c];
    }
    w->ops->mul2(y, w->b2, w->w2, rows[0], SILERO_ROWS2, 64);
    relu(y, 2 * 64);
}

/* conv3 sees both frames, conv4 the one that is left. */
static void encode34(const struct myna_silero_weights *w, const float in[2 * 64], float y[128])
{
    float rows[SILERO_ROWS3], mid[64];

    for (size_t c = 0; c < 64; c++) {
        rows[2 * c] = in[c];
        rows[2 * c + 1] = in[64 + c];
    }
    w->ops->mul1(mid, w->b3, w->w3, rows, SILERO_ROWS3, 64);
    relu(mid, 64);
    w->ops->mul1(y, w->b4, w->w4, mid, SILERO_ROWS4, 128);
    relu(y, 128);
}

/* Gates in PyTorch's order: input, forget, cell, output. Returns the sum that the sigmoid takes. */
static float remember(const struct myna_silero_weights *w, struct myna_silero_state *state,
                      const float gates[SILERO_GATES])
{
    enum { H = MYNA_SILERO_HIDDEN };
    vec4 sum = vec4_of(0);

    for (size_t i = 0; i < H; i += 4) {
        vec4 in = vec4_sigmoid(vec4_load(gates + i));
        vec4 keep = vec4_sigmoid(vec4_load(gates + H + i));
        vec4 cell = vec4_tanh(vec4_load(gates + 2 * H + i));
        vec4 out = vec4_sigmoid(vec4_load(gates + 3 * H + i));
        vec4 c = keep * vec4_load(state->c + i) + in * cell;
        vec4 h = out * vec4_tanh(c);

        vec4_store(state->c + i, c);
        vec4_store(state->h + i, h);
        sum += vec4_pick(h > vec4_of(0), h, vec4_of(0)) * vec4_load(w->w6 + i);
    }
    return sum[0] + sum[1] + sum[2] + sum[3] + w->b6;
}

void myna_silero_reset(struct myna_silero_state *state)
{
    memset(state, 0, sizeof *state);
}

float myna_silero_run(const struct myna_silero_weights *w, struct myna_silero_state *state,
                      const int16_t window[MYNA_SILERO_WINDOW])
{
    float samples[640], magnitude[SILERO_BINS][SILERO_FRAMES];
    float one[4 * 128], two[2 * 64], three[SILERO_ROWS5], gates[SILERO_GATES];

    fill(state, window, samples);
    myna_silero_fft_run(&w->fft, samples, magnitude);
    encode1(w, magnitude, one);
    encode2(w, one, two);
    encode34(w, two, three);
    memcpy(three + 128, state->h, sizeof state->h);
    w->ops->mul1(gates, w->b5, w->w5, three, SILERO_ROWS5, SILERO_GATES);
    return vec4_sigmoid(vec4_of(remember(w, state, gates)))[0];
}
