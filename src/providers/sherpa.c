/* sherpa.c - the few calls and structs of sherpa-onnx's C interface that we use, declared here.
 *
 * The structs are those of version 2.0.1 (c-api.h of the package in models/table.c), told apart by
 * offsets at compile time and by the library's own version at run time: another version is refused,
 * since a struct that grew would be read past its end. Fields that we leave zero (the library then
 * takes its defaults) are not spelled out but kept as room.
 */
#include "providers/sherpa.h"

#include <ctype.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

#define VERSION  "2.0.1"
#define SHORTEST 1600 /* samples: 100 ms */

/* ---- c-api.h 2.0.1 */

struct offline_model_config { /* SherpaOnnxOfflineModelConfig */
    void *other_models[11];   /* transducer, paraformer, nemo_ctc, whisper */
    void *tdnn;
    const char *tokens;
    int32_t num_threads, debug;
    const char *provider, *model_type, *modeling_unit, *bpe_vocab, *telespeech;
    void *sense_voice[3];
    struct {
        const char *preprocessor, *encoder, *uncached_decoder, *cached_decoder, *merged_decoder;
    } moonshine;
    void *more_models[36];
};
struct offline_recognizer_config { /* SherpaOnnxOfflineRecognizerConfig */
    int32_t sample_rate, feature_dim;
    struct offline_model_config model;
    void *lm[2];
    const char *decoding_method;
    void *rest[11];
};
struct offline_result { /* SherpaOnnxOfflineRecognizerResult; only its first field is read */
    const char *text;
};
struct tts_config { /* SherpaOnnxOfflineTtsConfig */
    struct {
        const char *model, *lexicon, *tokens, *data_dir;
        float noise_scale, noise_scale_w, length_scale;
        const char *dict_dir;
    } vits;
    int32_t num_threads, debug;
    const char *provider;
    void *more_models[44];
    const char *rule_fsts;
    int32_t max_num_sentences;
    const char *rule_fars;
    float silence_scale;
};
struct generation_config { /* SherpaOnnxGenerationConfig */
    float silence_scale, speed;
    int32_t sid;
    const float *reference_audio;
    int32_t reference_audio_len, reference_sample_rate;
    const char *reference_text;
    int32_t num_steps;
    const char *extra;
    const int32_t *phoneme_codepoints, *phoneme_codepoints_lens;
    int32_t phoneme_codepoints_num_sentences;
    const char *const *tokens;
    const int32_t *tokens_lens;
    int32_t tokens_num_sentences;
};
struct generated_audio { /* SherpaOnnxGeneratedAudio */
    const float *samples;
    int32_t n, sample_rate;
};

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(offsetof(struct offline_model_config, tokens) == 96, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, provider) == 112, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, moonshine) == 176, "c-api.h 2.0.1");
_Static_assert(sizeof(struct offline_model_config) == 504, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_recognizer_config, model) == 8, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_recognizer_config, decoding_method) == 528, "2.0.1");
_Static_assert(sizeof(struct offline_recognizer_config) == 624, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, num_threads) == 56, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, rule_fsts) == 424, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, silence_scale) == 448, "c-api.h 2.0.1");
_Static_assert(sizeof(struct tts_config) == 456, "c-api.h 2.0.1");
_Static_assert(offsetof(struct generation_config, phoneme_codepoints) == 56, "c-api.h 2.0.1");
_Static_assert(offsetof(struct generation_config, tokens_num_sentences) == 96, "c-api.h 2.0.1");
_Static_assert(sizeof(struct generation_config) == 104, "c-api.h 2.0.1");
#endif

struct calls {
    const char *(*version)(void);
    const void *(*stt_create)(const struct offline_recognizer_config *);
    void (*stt_destroy)(const void *stt);
    const void *(*stream_create)(const void *stt);
    void (*stream_destroy)(const void *stream);
    void (*stream_accept)(const void *stream, int32_t rate, const float *pcm, int32_t n);
    void (*stream_decode)(const void *stt, const void *stream);
    const struct offline_result *(*result)(const void *stream);
    void (*result_destroy)(const struct offline_result *);
    const void *(*tts_create)(const struct tts_config *);
    void (*tts_destroy)(const void *tts);
    int32_t (*tts_rate)(const void *tts);
    const struct generated_audio *(*tts_generate)(
        const void *tts, const char *text, const struct generation_config *,
        int32_t (*progress)(const float *, int32_t, float, void *), void *arg);
    void (*audio_destroy)(const struct generated_audio *);
};

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"SherpaOnnxGetVersionStr", offsetof(struct calls, version)},
    {"SherpaOnnxCreateOfflineRecognizer", offsetof(struct calls, stt_create)},
    {"SherpaOnnxDestroyOfflineRecognizer", offsetof(struct calls, stt_destroy)},
    {"SherpaOnnxCreateOfflineStream", offsetof(struct calls, stream_create)},
    {"SherpaOnnxDestroyOfflineStream", offsetof(struct calls, stream_destroy)},
    {"SherpaOnnxAcceptWaveformOffline", offsetof(struct calls, stream_accept)},
    {"SherpaOnnxDecodeOfflineStream", offsetof(struct calls, stream_decode)},
    {"SherpaOnnxGetOfflineStreamResult", offsetof(struct calls, result)},
    {"SherpaOnnxDestroyOfflineRecognizerResult", offsetof(struct calls, result_destroy)},
    {"SherpaOnnxCreateOfflineTts", offsetof(struct calls, tts_create)},
    {"SherpaOnnxDestroyOfflineTts", offsetof(struct calls, tts_destroy)},
    {"SherpaOnnxOfflineTtsSampleRate", offsetof(struct calls, tts_rate)},
    {"SherpaOnnxOfflineTtsGenerateWithConfig", offsetof(struct calls, tts_generate)},
    {"SherpaOnnxDestroyOfflineTtsGeneratedAudio", offsetof(struct calls, audio_destroy)},
};

struct myna_sherpa_stt {
    struct calls call;
    void *lib;
    const void *stt;
};

struct myna_sherpa_tts {
    struct calls call;
    void *lib;
    const void *tts;
    int rate_hz;
};

/* ---- the library */

static enum myna_err open_library(void **lib, struct calls *call, struct myna_why *why)
{
    const struct myna_model_part *part = myna_model_part("sherpa-onnx");
    char folder[MYNA_MODEL_PATH_MAX], path[MYNA_MODEL_PATH_MAX + 64];
    enum myna_err err = myna_model_folder(part, folder, why);

    if (!err)
        err = myna_model_check(part, NULL, why);
    if (err)
        return err;
    snprintf(path, sizeof path, "%s/lib/libsherpa-onnx-c-api.so", folder);
    /* It finds libonnxruntime.so beside itself. NODELETE: see sherpa.h. */
    *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*lib)
        return myna_fail(why, MYNA_EUNAVAIL, "cannot open the speech library: %s", dlerror());
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *at = dlsym(*lib, symbols[i].name);

        if (!at) {
            dlclose(*lib);
            return myna_fail(why, MYNA_EUNAVAIL,
                             "%s has no %s: it is not version " VERSION
                             "; fetch it with: myna models fetch sherpa-onnx",
                             path, symbols[i].name);
        }
        memcpy((char *)call + symbols[i].offset, &at, sizeof at);
    }
    if (strcmp(call->version(), VERSION) != 0) {
        err = myna_fail(why, MYNA_EUNAVAIL,
                        "%s is version %s, want " VERSION
                        "; fetch it with: myna models fetch sherpa-onnx",
                        path, call->version());
        dlclose(*lib);
    }
    return err;
}

/* ---- recogniser */

enum myna_err myna_sherpa_stt_create(const char *folder, int threads, struct myna_sherpa_stt **out,
                                     struct myna_why *why)
{
    char encoder[MYNA_MODEL_PATH_MAX + 64], decoder[MYNA_MODEL_PATH_MAX + 64],
        tokens[MYNA_MODEL_PATH_MAX + 64];
    struct offline_recognizer_config cfg = {
        .sample_rate = 16000,
        .feature_dim = 80,
        .model = {.tokens = tokens,
                  .num_threads = threads,
                  .provider = "cpu",
                  .moonshine = {.encoder = encoder, .merged_decoder = decoder}},
        .decoding_method = "greedy_search",
    };
    struct myna_sherpa_stt *s = calloc(1, sizeof *s);
    enum myna_err err;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    snprintf(encoder, sizeof encoder, "%s/encoder_model.ort", folder);
    snprintf(decoder, sizeof decoder, "%s/decoder_model_merged.ort", folder);
    snprintf(tokens, sizeof tokens, "%s/tokens.txt", folder);
    err = open_library(&s->lib, &s->call, why);
    if (err) {
        free(s);
        return err;
    }
    s->stt = s->call.stt_create(&cfg);
    if (!s->stt) {
        dlclose(s->lib);
        free(s);
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the recogniser in %s",
                         folder);
    }
    *out = s;
    return MYNA_OK;
}

void myna_sherpa_stt_destroy(struct myna_sherpa_stt *s)
{
    if (!s)
        return;
    s->call.stt_destroy(s->stt);
    dlclose(s->lib);
    free(s);
}

static char *trimmed(const char *text)
{
    size_t n;

    while (isspace((unsigned char)*text))
        text++;
    n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    return strndup(text, n);
}

enum myna_err myna_sherpa_stt_decode(const struct myna_sherpa_stt *s, const int16_t *pcm, size_t n,
                                     char **text)
{
    const struct offline_result *result = NULL;
    const void *stream = NULL;
    float *samples = malloc(n ? n * sizeof *samples : 1);
    enum myna_err err = MYNA_ENOMEM;

    if (n < SHORTEST || n > INT32_MAX) { /* the network's first layers need more to look at */
        *text = strdup("");
        err = *text ? MYNA_OK : MYNA_ENOMEM;
        goto out;
    }
    if (!samples)
        goto out;
    for (size_t i = 0; i < n; i++)
        samples[i] = (float)pcm[i] / 32768.0f;
    err = MYNA_EPROVIDER;
    stream = s->call.stream_create(s->stt);
    if (!stream)
        goto out;
    s->call.stream_accept(stream, 16000, samples, (int32_t)n);
    s->call.stream_decode(s->stt, stream);
    result = s->call.result(stream);
    if (!result)
        goto out;
    *text = trimmed(result->text ? result->text : "");
    err = *text ? MYNA_OK : MYNA_ENOMEM;
out:
    if (result)
        s->call.result_destroy(result);
    if (stream)
        s->call.stream_destroy(stream);
    free(samples);
    return err;
}

/* ---- voice */

enum myna_err myna_sherpa_tts_create(const char *folder, int threads, struct myna_sherpa_tts **out,
                                     struct myna_why *why)
{
    char model[MYNA_MODEL_PATH_MAX + 64], tokens[MYNA_MODEL_PATH_MAX + 64];
    struct tts_config cfg = {
        .vits = {.model = model,
                 .tokens = tokens,
                 .lexicon = "",
                 .data_dir = "",
                 .noise_scale = 0.667f, /* as the voice's description says */
                 .noise_scale_w = 0.8f,
                 .length_scale = 1.0f},
        .num_threads = threads,
        .provider = "cpu",
        .max_num_sentences = 1,
    };
    struct myna_sherpa_tts *t = calloc(1, sizeof *t);
    enum myna_err err;

    if (!t)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    snprintf(model, sizeof model, "%s/model.onnx", folder);
    snprintf(tokens, sizeof tokens, "%s/tokens.txt", folder);
    err = open_library(&t->lib, &t->call, why);
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
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the voice in %s", folder);
    }
    *out = t;
    return MYNA_OK;
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

enum myna_err myna_sherpa_tts_speak(const struct myna_sherpa_tts *t, const int32_t *phonemes,
                                    size_t n_phonemes, float speed, int16_t **pcm, size_t *n)
{
    int32_t len = (int32_t)n_phonemes;
    struct generation_config gen = {.silence_scale = 0.2f,
                                    .speed = speed,
                                    .phoneme_codepoints = phonemes,
                                    .phoneme_codepoints_lens = &len,
                                    .phoneme_codepoints_num_sentences = 1};
    const struct generated_audio *audio;
    int16_t *out;

    if (n_phonemes == 0 || n_phonemes > INT32_MAX)
        return MYNA_EINVAL;
    audio = t->call.tts_generate(t->tts, "", &gen, NULL, NULL);
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
