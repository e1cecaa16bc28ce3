/* sherpa_calls.h - the few calls and structs of sherpa-onnx's C interface that we use, declared
 * here.
 *
 * The structs are those of version 2.0.1 (c-api.h of the package in models/table.c), told apart by
 * offsets at compile time and by the library's own version at run time: another version is refused,
 * since a struct that grew would be read past its end. Fields that we leave zero (the library then
 * takes its defaults) are not spelled out but kept as room.
 *
 * Serves sherpa.c, sherpa_stt.c and sherpa_tts.c.
 */
#ifndef MYNA_PROVIDERS_SHERPA_CALLS_H
#define MYNA_PROVIDERS_SHERPA_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct sherpa_offline_model_config { /* SherpaOnnxOfflineModelConfig */
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
struct sherpa_offline_recognizer_config { /* SherpaOnnxOfflineRecognizerConfig */
    int32_t sample_rate, feature_dim;
    struct sherpa_offline_model_config model;
    void *lm[2];
    const char *decoding_method;
    void *rest[11];
};
struct sherpa_online_recognizer_config { /* SherpaOnnxOnlineRecognizerConfig */
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
struct sherpa_online_result { /* SherpaOnnxOnlineRecognizerResult; its first fields */
    const char *text, *tokens;
    const char *const *tokens_arr;
    const float *timestamps; /* seconds from the stream's start; NULL: the model has none */
    int32_t count;
};
struct sherpa_offline_result { /* SherpaOnnxOfflineRecognizerResult; only its first field is read */
    const char *text;
};
struct sherpa_tts_config { /* SherpaOnnxOfflineTtsConfig */
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
struct sherpa_generation_config { /* SherpaOnnxGenerationConfig */
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
struct sherpa_generated_audio { /* SherpaOnnxGeneratedAudio */
    const float *samples;
    int32_t n, sample_rate;
};

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(offsetof(struct sherpa_offline_model_config, whisper) == 40, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_model_config, tokens) == 96, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_model_config, sense_voice) == 152, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_online_recognizer_config, tokens) == 56, "2.0.1");
_Static_assert(offsetof(struct sherpa_online_recognizer_config, decoding_method) == 144, "2.0.1");
_Static_assert(sizeof(struct sherpa_online_recognizer_config) == 272, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_online_recognizer_config, hotwords_buf) == 232,
               "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_model_config, provider) == 112, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_model_config, moonshine) == 176, "c-api.h 2.0.1");
_Static_assert(sizeof(struct sherpa_offline_model_config) == 504, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_recognizer_config, model) == 8, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_offline_recognizer_config, decoding_method) == 528, "2.0.1");
_Static_assert(sizeof(struct sherpa_offline_recognizer_config) == 624, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, num_threads) == 56, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, matcha) == 72, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, kokoro) == 128, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, kitten) == 192, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, rule_fsts) == 424, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_tts_config, silence_scale) == 448, "c-api.h 2.0.1");
_Static_assert(sizeof(struct sherpa_tts_config) == 456, "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_generation_config, phoneme_codepoints) == 56,
               "c-api.h 2.0.1");
_Static_assert(offsetof(struct sherpa_generation_config, tokens_num_sentences) == 96,
               "c-api.h 2.0.1");
_Static_assert(sizeof(struct sherpa_generation_config) == 104, "c-api.h 2.0.1");
#endif

struct sherpa_calls {
    const char *(*version)(void);
    const void *(*stt_create)(const struct sherpa_offline_recognizer_config *);
    void (*stt_destroy)(const void *stt);
    const void *(*stream_create)(const void *stt);
    void (*stream_destroy)(const void *stream);
    void (*stream_accept)(const void *stream, int32_t rate, const float *pcm, int32_t n);
    void (*stream_decode)(const void *stt, const void *stream);
    const struct sherpa_offline_result *(*result)(const void *stream);
    void (*result_destroy)(const struct sherpa_offline_result *);
    const void *(*live_create)(const struct sherpa_online_recognizer_config *);
    void (*live_destroy)(const void *live);
    const void *(*live_begin)(const void *live);
    void (*live_end)(const void *stream);
    void (*live_accept)(const void *stream, int32_t rate, const float *pcm, int32_t n);
    void (*live_finish)(const void *stream);
    int32_t (*live_ready)(const void *live, const void *stream);
    void (*live_decode)(const void *live, const void *stream);
    const struct sherpa_online_result *(*live_result)(const void *live, const void *stream);
    void (*live_result_destroy)(const struct sherpa_online_result *);
    const void *(*tts_create)(const struct sherpa_tts_config *);
    void (*tts_destroy)(const void *tts);
    int32_t (*tts_rate)(const void *tts);
    const struct sherpa_generated_audio *(*tts_generate)(
        const void *tts, const char *text, const struct sherpa_generation_config *,
        int32_t (*progress)(const float *, int32_t, float, void *), void *arg);
    void (*audio_destroy)(const struct sherpa_generated_audio *);
};

/* Opens the library into *lib (dlclose() when done) and fills the table. Blocks. MYNA_EUNAVAIL: it
 * is not on this machine, or of another version; says how to fetch it. */
enum myna_err myna_sherpa_load(void **lib, struct sherpa_calls *call, struct myna_why *why);
/* Without the white space around it; caller frees. NULL: memory is short. */
char *myna_sherpa_trimmed(const char *text);

#endif
