/* sherpa_tts.c - voices of sherpa-onnx: a clause in phonemes or letters to samples. */
#include "providers/sherpa.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "providers/sherpa_calls.h"

struct myna_sherpa_tts {
    struct sherpa_calls call;
    void *lib;
    const void *tts;
    int rate_hz;
};

/* The noise of a phoneme's length on that of its sound, as Piper's voices come: 0.8 on 0.667. */
#define LENGTHS_VARY 1.2
/* To the library zero means its own value. */
#define NEXT_TO_NONE 1e-20

static void fill_voice(struct sherpa_tts_config *c, const struct myna_sherpa_voice *v, double noise)
{
    const char *lexicon = v->by_text ? v->lexicon : "";

    if (noise <= 0)
        noise = NEXT_TO_NONE;
    switch (v->kind) {
    case MYNA_SHERPA_VITS:
        c->vits.model = v->model;
        c->vits.tokens = v->tokens;
        c->vits.lexicon = lexicon;
        c->vits.noise_scale = (float)noise;
        c->vits.noise_scale_w = (float)(noise * LENGTHS_VARY);
        c->vits.length_scale = 1.0f;
        break;
    case MYNA_SHERPA_MATCHA:
        c->matcha.acoustic_model = v->model;
        c->matcha.vocoder = v->second;
        c->matcha.tokens = v->tokens;
        c->matcha.lexicon = lexicon;
        c->matcha.noise_scale = (float)noise;
        c->matcha.length_scale = 1.0f;
        break;
    case MYNA_SHERPA_KOKORO:
        c->kokoro.model = v->model;
        c->kokoro.voices = v->second;
        c->kokoro.tokens = v->tokens;
        c->kokoro.lexicon = lexicon;
        c->kokoro.length_scale = 1.0f;
        break;
    case MYNA_SHERPA_KITTEN:
        c->kitten.model = v->model;
        c->kitten.voices = v->second;
        c->kitten.tokens = v->tokens;
        c->kitten.lexicon = lexicon;
        c->kitten.length_scale = 1.0f;
        break;
    }
    if (v->by_text && *v->rules)
        c->rule_fsts = v->rules;
}

enum myna_err myna_sherpa_tts_open(const struct myna_sherpa_voice *voice, int threads, double noise,
                                   struct myna_sherpa_tts **out, struct myna_why *why)
{
    struct sherpa_tts_config cfg = {
        .num_threads = threads, .provider = "cpu", .max_num_sentences = 1};
    struct myna_sherpa_tts *t = calloc(1, sizeof *t);
    enum myna_err err;

    if (!t)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    fill_voice(&cfg, voice, noise);
    err = myna_sherpa_load(&t->lib, &t->call, why);
    if (err) {
        free(t);
        return err;
    }
    t->tts = t->call.tts_create(&cfg);
    t->rate_hz = t->tts ? t->call.tts_rate(t->tts) : 0;
    if (!t->tts || t->rate_hz < 8000 || t->rate_hz > 48000) {
        if (t->tts)
            t->call.tts_destroy(t->tts);
        dlclose(t->lib);
        free(t);
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the voice %s",
                         voice->model);
    }
    *out = t;
    return MYNA_OK;
}

enum myna_err myna_sherpa_tts_create(const char *folder, int threads, double noise,
                                     struct myna_sherpa_tts **out, struct myna_why *why)
{
    struct myna_sherpa_voice v = {.kind = MYNA_SHERPA_VITS, .n_speakers = 1};

    if (snprintf(v.model, sizeof v.model, "%s/model.onnx", folder) >= (int)sizeof v.model ||
        snprintf(v.tokens, sizeof v.tokens, "%s/tokens.txt", folder) >= (int)sizeof v.tokens)
        return myna_fail(why, MYNA_ECONFIG, "the name of the folder %s is too long", folder);
    return myna_sherpa_tts_open(&v, threads, noise, out, why);
}

void myna_sherpa_tts_destroy(struct myna_sherpa_tts *t)
{
    if (!t)
        return;
    t->call.tts_destroy(t->tts);
    dlclose(t->lib);
    free(t);
}

int myna_sherpa_tts_rate_hz(const struct myna_sherpa_tts *t)
{
    return t->rate_hz;
}

enum myna_err myna_sherpa_tts_speak(const struct myna_sherpa_tts *t,
                                    const struct myna_sherpa_saying *what, int16_t **pcm, size_t *n)
{
    int32_t len = (int32_t)what->n_phonemes;
    struct sherpa_generation_config gen = {
        .silence_scale = 0.2f, .speed = what->speed, .sid = what->speaker};
    const struct sherpa_generated_audio *audio;
    int16_t *out;

    if (what->n_phonemes > INT32_MAX || (!what->n_phonemes && !what->text))
        return MYNA_EINVAL;
    if (what->n_phonemes) {
        gen.phoneme_codepoints = what->phonemes;
        gen.phoneme_codepoints_lens = &len;
        gen.phoneme_codepoints_num_sentences = 1;
    }
    audio = t->call.tts_generate(t->tts, what->n_phonemes ? "" : what->text, &gen, NULL, NULL);
    if (!audio || audio->n <= 0) {
        if (audio)
            t->call.audio_destroy(audio);
        return MYNA_EPROVIDER;
    }
    out = malloc((size_t)audio->n * sizeof *out);
    for (int32_t i = 0; out && i < audio->n; i++) {
        float v = audio->samples[i] * 32767.0f;

        out[i] = (int16_t)lrintf(v > 32767.0f ? 32767.0f : v < -32768.0f ? -32768.0f : v);
    }
    *n = (size_t)audio->n;
    t->call.audio_destroy(audio);
    *pcm = out;
    return out ? MYNA_OK : MYNA_ENOMEM;
}
