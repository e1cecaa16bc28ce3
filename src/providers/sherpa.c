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
#define SHORTEST 1600  /* samples: 100 ms */
#define TAIL     8000  /* samples of quiet behind an utterance */
#define TOKEN_US 40000 /* how long a token is said to last: a frame of most networks */

/* ---- c-api.h 2.0.1 */

struct offline_model_config { /* SherpaOnnxOfflineModelConfig */
    const char *encoder, *decoder, *joiner, *paraformer, *nemo_ctc;
    struct {
        const char *encoder, *decoder, *language, *task;
        int32_t tail_paddings, token_times, segment_times;
    } whisper;
    void *tdnn;
    const char *tokens;
    int32_t num_threads, debug;
    const char *provider, *model_type, *modeling_unit, *bpe_vocab, *telespeech;
    struct {
        const char *model, *language;
        int32_t use_itn;
    } sense_voice;
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
struct online_recognizer_config { /* SherpaOnnxOnlineRecognizerConfig */
    int32_t sample_rate, feature_dim;
    const char *encoder, *decoder, *joiner;
    void *paraformer[2], *zipformer2_ctc;
    const char *tokens;
    int32_t num_threads;
    const char *provider;
    int32_t debug;
    const char *model_type, *modeling_unit, *bpe_vocab, *tokens_buf;
    int32_t tokens_buf_size;
    void *more_models[2];
    const char *decoding_method;
    int32_t max_active_paths, enable_endpoint;
    float rules[3];
    const char *hotwords_file;
    float hotwords_score;
    void *fst_graph;
    int32_t fst_max_active;
    const char *rule_fsts, *rule_fars;
    float blank_penalty;
    const char *hotwords_buf;
    int32_t hotwords_buf_size;
    void *homophones[3];
};
struct online_result { /* SherpaOnnxOnlineRecognizerResult; its first fields */
    const char *text, *tokens;
    const char *const *tokens_arr;
    const float *timestamps; /* seconds from the stream's start; NULL: the model has none */
    int32_t count;
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
    struct {
        const char *acoustic_model, *vocoder, *lexicon, *tokens, *data_dir;
        float noise_scale, length_scale;
        const char *dict_dir;
    } matcha;
    struct {
        const char *model, *voices, *tokens, *data_dir;
        float length_scale;
        const char *dict_dir, *lexicon, *lang;
    } kokoro;
    struct {
        const char *model, *voices, *tokens, *data_dir;
        float length_scale;
        const char *lexicon;
    } kitten;
    void *more_models[23];
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
_Static_assert(offsetof(struct offline_model_config, whisper) == 40, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, tokens) == 96, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, sense_voice) == 152, "c-api.h 2.0.1");
_Static_assert(offsetof(struct online_recognizer_config, tokens) == 56, "2.0.1");
_Static_assert(offsetof(struct online_recognizer_config, decoding_method) == 144, "2.0.1");
_Static_assert(sizeof(struct online_recognizer_config) == 272, "c-api.h 2.0.1");
_Static_assert(offsetof(struct online_recognizer_config, hotwords_buf) == 232, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, provider) == 112, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_model_config, moonshine) == 176, "c-api.h 2.0.1");
_Static_assert(sizeof(struct offline_model_config) == 504, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_recognizer_config, model) == 8, "c-api.h 2.0.1");
_Static_assert(offsetof(struct offline_recognizer_config, decoding_method) == 528, "2.0.1");
_Static_assert(sizeof(struct offline_recognizer_config) == 624, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, num_threads) == 56, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, matcha) == 72, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, kokoro) == 128, "c-api.h 2.0.1");
_Static_assert(offsetof(struct tts_config, kitten) == 192, "c-api.h 2.0.1");
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
    const void *(*live_create)(const struct online_recognizer_config *);
    void (*live_destroy)(const void *live);
    const void *(*live_begin)(const void *live);
    void (*live_end)(const void *stream);
    void (*live_accept)(const void *stream, int32_t rate, const float *pcm, int32_t n);
    void (*live_finish)(const void *stream);
    int32_t (*live_ready)(const void *live, const void *stream);
    void (*live_decode)(const void *live, const void *stream);
    const struct online_result *(*live_result)(const void *live, const void *stream);
    void (*live_result_destroy)(const struct online_result *);
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
    {"SherpaOnnxCreateOnlineRecognizer", offsetof(struct calls, live_create)},
    {"SherpaOnnxDestroyOnlineRecognizer", offsetof(struct calls, live_destroy)},
    {"SherpaOnnxCreateOnlineStream", offsetof(struct calls, live_begin)},
    {"SherpaOnnxDestroyOnlineStream", offsetof(struct calls, live_end)},
    {"SherpaOnnxOnlineStreamAcceptWaveform", offsetof(struct calls, live_accept)},
    {"SherpaOnnxOnlineStreamInputFinished", offsetof(struct calls, live_finish)},
    {"SherpaOnnxIsOnlineStreamReady", offsetof(struct calls, live_ready)},
    {"SherpaOnnxDecodeOnlineStream", offsetof(struct calls, live_decode)},
    {"SherpaOnnxGetOnlineStreamResult", offsetof(struct calls, live_result)},
    {"SherpaOnnxDestroyOnlineRecognizerResult", offsetof(struct calls, live_result_destroy)},
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

struct myna_sherpa_live {
    struct calls call;
    void *lib;
    const void *live;
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

/* The struct's fields for what lies there; NULL fields are the library's "". */
static void fill(struct offline_model_config *m, const struct myna_sherpa_files *f,
                 const char *language)
{
    switch (f->kind) {
    case MYNA_SHERPA_MOONSHINE:
        m->moonshine.encoder = f->encoder;
        m->moonshine.merged_decoder = f->decoder;
        break;
    case MYNA_SHERPA_MOONSHINE_4:
        m->moonshine.preprocessor = f->fourth;
        m->moonshine.encoder = f->encoder;
        m->moonshine.uncached_decoder = f->joiner;
        m->moonshine.cached_decoder = f->decoder;
        break;
    case MYNA_SHERPA_WHISPER:
        m->whisper.encoder = f->encoder;
        m->whisper.decoder = f->decoder;
        m->whisper.language = language;
        m->whisper.task = "transcribe";
        break;
    case MYNA_SHERPA_SENSE_VOICE:
        m->sense_voice.model = f->encoder;
        m->sense_voice.language = *language ? language : "auto";
        m->sense_voice.use_itn = 1;
        break;
    case MYNA_SHERPA_PARAFORMER:
        m->paraformer = f->encoder;
        break;
    case MYNA_SHERPA_NEMO_CTC:
        m->nemo_ctc = f->encoder;
        break;
    case MYNA_SHERPA_PARAKEET:
        m->model_type = "nemo_transducer";
        m->encoder = f->encoder;
        m->decoder = f->decoder;
        m->joiner = f->joiner;
        break;
    case MYNA_SHERPA_TRANSDUCER:
    case MYNA_SHERPA_STREAMING:
        m->encoder = f->encoder;
        m->decoder = f->decoder;
        m->joiner = f->joiner;
        break;
    }
}

enum myna_err myna_sherpa_stt_open(const struct myna_sherpa_files *files, const char *language,
                                   int threads, struct myna_sherpa_stt **out, struct myna_why *why)
{
    struct offline_recognizer_config cfg = {
        .sample_rate = 16000,
        .feature_dim = 80,
        .model = {.tokens = files->tokens, .num_threads = threads, .provider = "cpu"},
        .decoding_method = "greedy_search",
    };
    struct myna_sherpa_stt *s = calloc(1, sizeof *s);
    enum myna_err err;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    fill(&cfg.model, files, language ? language : "");
    err = open_library(&s->lib, &s->call, why);
    if (err) {
        free(s);
        return err;
    }
    s->stt = s->call.stt_create(&cfg);
    if (!s->stt) {
        dlclose(s->lib);
        free(s);
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the recogniser %s",
                         files->encoder);
    }
    *out = s;
    return MYNA_OK;
}

enum myna_err myna_sherpa_stt_create(const char *folder, int threads, struct myna_sherpa_stt **out,
                                     struct myna_why *why)
{
    struct myna_sherpa_files f = {.kind = MYNA_SHERPA_MOONSHINE};

    if (snprintf(f.encoder, sizeof f.encoder, "%s/encoder_model.ort", folder) >=
            (int)sizeof f.encoder ||
        snprintf(f.decoder, sizeof f.decoder, "%s/decoder_model_merged.ort", folder) >=
            (int)sizeof f.decoder ||
        snprintf(f.tokens, sizeof f.tokens, "%s/tokens.txt", folder) >= (int)sizeof f.tokens)
        return myna_fail(why, MYNA_ECONFIG, "the name of the folder %s is too long", folder);
    return myna_sherpa_stt_open(&f, NULL, threads, out, why);
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

/* ---- recogniser that hears as it goes */

enum myna_err myna_sherpa_live_open(const struct myna_sherpa_files *files, int threads,
                                    struct myna_sherpa_live **out, struct myna_why *why)
{
    struct online_recognizer_config cfg = {
        .sample_rate = 16000,
        .feature_dim = 80,
        .encoder = files->encoder,
        .decoder = files->decoder,
        .joiner = files->joiner,
        .tokens = files->tokens,
        .num_threads = threads,
        .provider = "cpu",
        .decoding_method = "greedy_search",
    };
    struct myna_sherpa_live *v = calloc(1, sizeof *v);
    enum myna_err err;

    if (!v)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    err = open_library(&v->lib, &v->call, why);
    if (err) {
        free(v);
        return err;
    }
    v->live = v->call.live_create(&cfg);
    if (!v->live) {
        dlclose(v->lib);
        free(v);
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the recogniser %s",
                         files->encoder);
    }
    *out = v;
    return MYNA_OK;
}

void myna_sherpa_live_destroy(struct myna_sherpa_live *v)
{
    if (!v)
        return;
    v->call.live_destroy(v->live);
    dlclose(v->lib);
    free(v);
}

void *myna_sherpa_live_begin(struct myna_sherpa_live *v)
{
    return (void *)v->call.live_begin(v->live);
}

void myna_sherpa_live_end(struct myna_sherpa_live *v, void *utterance)
{
    if (utterance)
        v->call.live_end(utterance);
}

/* A token begins a word with a blank, or with U+2581 where the library left it. */
static const char *word_start(const char *token)
{
    if (*token == ' ')
        return token + 1;
    return strncmp(token, "\xE2\x96\x81", 3) ? NULL : token + 3;
}

/* Tokens joined to words; the times are those of the first and of the last token. */
static enum myna_err read_words(const struct online_result *r, struct myna_word **words,
                                size_t *n_words, char **letters)
{
    size_t size = 1, n = 0, at = 0;

    for (int32_t i = 0; i < r->count; i++)
        size += strlen(r->tokens_arr[i]) + 1;
    *letters = malloc(size);
    *words = calloc((size_t)r->count + 1, sizeof **words);
    if (!*letters || !*words)
        return MYNA_ENOMEM;
    for (int32_t i = 0; i < r->count; i++) {
        const char *token = r->tokens_arr[i], *begins = word_start(token);
        myna_us start = (myna_us)((double)r->timestamps[i] * 1e6);

        if (begins || n == 0) {
            if (n > 0)
                at++; /* behind the word's end */
            (*words)[n++] =
                (struct myna_word){.text = *letters + at, .start = start, .confidence = -1};
            token = begins ? begins : token;
        }
        strcpy(*letters + at, token);
        at += strlen(token);
        (*words)[n - 1].end = start + TOKEN_US;
    }
    *n_words = n;
    return MYNA_OK;
}

enum myna_err myna_sherpa_live_feed(struct myna_sherpa_live *v, void *utterance, const int16_t *pcm,
                                    size_t n, bool last, char **text, struct myna_word **words,
                                    size_t *n_words, char **letters)
{
    float *samples = calloc(n + TAIL, sizeof *samples);
    const struct online_result *r;
    enum myna_err err = MYNA_OK;

    if (!samples)
        return MYNA_ENOMEM;
    for (size_t i = 0; i < n; i++)
        samples[i] = (float)pcm[i] / 32768.0f;
    /* the network looks ahead: quiet behind the last word lets it come out */
    v->call.live_accept(utterance, 16000, samples, (int32_t)(last ? n + TAIL : n));
    free(samples);
    if (last)
        v->call.live_finish(utterance);
    while (v->call.live_ready(v->live, utterance))
        v->call.live_decode(v->live, utterance);
    r = v->call.live_result(v->live, utterance);
    if (!r)
        return MYNA_EPROVIDER;
    *text = trimmed(r->text ? r->text : "");
    if (!*text)
        err = MYNA_ENOMEM;
    else if (last && r->timestamps && r->tokens_arr && r->count > 0)
        err = read_words(r, words, n_words, letters);
    v->call.live_result_destroy(r);
    return err;
}

/* ---- voice */

static void fill_voice(struct tts_config *c, const struct myna_sherpa_voice *v)
{
    const char *lexicon = v->by_text ? v->lexicon : "";

    switch (v->kind) {
    case MYNA_SHERPA_VITS:
        c->vits.model = v->model;
        c->vits.tokens = v->tokens;
        c->vits.lexicon = lexicon;
        c->vits.noise_scale = 0.667f; /* as the voices' descriptions say */
        c->vits.noise_scale_w = 0.8f;
        c->vits.length_scale = 1.0f;
        break;
    case MYNA_SHERPA_MATCHA:
        c->matcha.acoustic_model = v->model;
        c->matcha.vocoder = v->second;
        c->matcha.tokens = v->tokens;
        c->matcha.lexicon = lexicon;
        c->matcha.noise_scale = 0.667f;
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

enum myna_err myna_sherpa_tts_open(const struct myna_sherpa_voice *voice, int threads,
                                   struct myna_sherpa_tts **out, struct myna_why *why)
{
    struct tts_config cfg = {.num_threads = threads, .provider = "cpu", .max_num_sentences = 1};
    struct myna_sherpa_tts *t = calloc(1, sizeof *t);
    enum myna_err err;

    if (!t)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    fill_voice(&cfg, voice);
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
        return myna_fail(why, MYNA_EFORMAT, "the speech library refused the voice %s",
                         voice->model);
    }
    *out = t;
    return MYNA_OK;
}

enum myna_err myna_sherpa_tts_create(const char *folder, int threads, struct myna_sherpa_tts **out,
                                     struct myna_why *why)
{
    struct myna_sherpa_voice v = {.kind = MYNA_SHERPA_VITS, .n_speakers = 1};

    if (snprintf(v.model, sizeof v.model, "%s/model.onnx", folder) >= (int)sizeof v.model ||
        snprintf(v.tokens, sizeof v.tokens, "%s/tokens.txt", folder) >= (int)sizeof v.tokens)
        return myna_fail(why, MYNA_ECONFIG, "the name of the folder %s is too long", folder);
    return myna_sherpa_tts_open(&v, threads, out, why);
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
    struct generation_config gen = {
        .silence_scale = 0.2f, .speed = what->speed, .sid = what->speaker};
    const struct generated_audio *audio;
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
