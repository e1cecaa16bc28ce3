/* prices.c - list prices of hosted models. A model is found by its whole name, else by the longest
 * beginning ("gpt-4o-mini-2024-07-18" is "gpt-4o-mini"). What is not in the table is unpriced,
 * never free. The figures are the reference values of telephony 2.14; a bill has the last word. */
#include "store/prices.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <myna/calls.h>

struct price {
    const char *stage, *model;
    double input, output, cached; /* a million tokens; input also: a million characters */
    double minute;                /* of sound */
};

static const struct price prices[] = {
    {"llm", "gpt-4o", 2.50, 10.00, 1.25, 0}, {"llm", "gpt-4o-mini", 0.15, 0.60, 0.075, 0},
    {"stt", "whisper-1", 0, 0, 0, 0.006},    {"tts", "tts-1", 15.00, 0, 0, 0},
    {"tts", "tts-1-hd", 30.00, 0, 0, 0},
};

/* Providers whose work is done on this machine, or by one's own gateway. */
static const char *const own[] = {"rehearsal", "instant", "moonshine", "piper",  "flite",
                                  "sherpa",    "ollama",  "lmstudio",  "hermes", "openclaw",
                                  "energy",    "silero",  NULL};

static double number(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);

    return json_is_number(v) ? json_number_value(v) : 0;
}

static const struct price *find(const char *stage, const char *model)
{
    const struct price *best = NULL;

    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        size_t n = strlen(prices[i].model);

        if (!strcmp(prices[i].stage, stage) && !strncmp(model, prices[i].model, n) &&
            (!model[n] || model[n] == '-' || model[n] == '@') && (!best || n > strlen(best->model)))
            best = &prices[i];
    }
    return best;
}

double myna_usage_cost(const struct myna_usage *u)
{
    const char *stage = myna_stage_name(u->stage);
    double input = (double)u->input_tokens, cached = (double)u->input_cached_tokens;
    const struct price *p;

    if (u->cost > 0)
        return u->cost;
    for (size_t i = 0; u->provider && own[i]; i++)
        if (!strcmp(own[i], u->provider))
            return 0;
    p = u->model && *u->model ? find(stage, u->model) : NULL;
    if (!p)
        return NAN;
    if (u->stage == MYNA_STAGE_STT)
        return u->audio_duration_ms / 60000 * p->minute;
    if (u->stage == MYNA_STAGE_TTS)
        return (double)u->characters_count * p->input / 1e6;
    cached = cached < input ? cached : input;
    return ((input - cached) * p->input + cached * p->cached +
            (double)u->output_tokens * p->output) /
           1e6;
}

double myna_price(const json_t *row)
{
    const char *stage = json_string_value(json_object_get(row, "stage"));
    const struct myna_usage u = {
        .stage = stage && !strcmp(stage, "stt")   ? MYNA_STAGE_STT
                 : stage && !strcmp(stage, "tts") ? MYNA_STAGE_TTS
                                                  : MYNA_STAGE_LLM,
        .provider = json_string_value(json_object_get(row, "provider")),
        .model = json_string_value(json_object_get(row, "model")),
        .input_tokens = (int64_t)number(row, "input_tokens"),
        .input_cached_tokens = (int64_t)number(row, "cached_tokens"),
        .output_tokens = (int64_t)number(row, "output_tokens"),
        .characters_count = (int64_t)number(row, "characters"),
        .audio_duration_ms = number(row, "audio_ms"),
        .cost = number(row, "cost"),
    };

    return myna_usage_cost(&u);
}
