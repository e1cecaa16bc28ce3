/* sherpa_stt.c - recognisers of sherpa-onnx: of whole utterances, and such as hear as they go. */
#include "providers/sherpa.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/sherpa_calls.h"

#define SHORTEST 1600  /* samples: 100 ms */
#define TAIL     8000  /* samples of quiet behind an utterance */
#define TOKEN_US 40000 /* how long a token is said to last: a frame of most networks */

struct myna_sherpa_stt {
    struct sherpa_calls call;
    void *lib;
    const void *stt;
};

struct myna_sherpa_live {
    struct sherpa_calls call;
    void *lib;
    const void *live;
};

/* ---- whole utterances */

/* The struct's fields for what lies there; NULL fields are the library's "". */
static void fill(struct sherpa_offline_model_config *m, const struct myna_sherpa_files *f,
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
    struct sherpa_offline_recognizer_config cfg = {
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
    err = myna_sherpa_load(&s->lib, &s->call, why);
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

enum myna_err myna_sherpa_stt_decode(const struct myna_sherpa_stt *s, const int16_t *pcm, size_t n,
                                     char **text)
{
    const struct sherpa_offline_result *result = NULL;
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
    *text = myna_sherpa_trimmed(result->text ? result->text : "");
    err = *text ? MYNA_OK : MYNA_ENOMEM;
out:
    if (result)
        s->call.result_destroy(result);
    if (stream)
        s->call.stream_destroy(stream);
    free(samples);
    return err;
}

/* ---- as it goes */

enum myna_err myna_sherpa_live_open(const struct myna_sherpa_files *files, int threads,
                                    struct myna_sherpa_live **out, struct myna_why *why)
{
    struct sherpa_online_recognizer_config cfg = {
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
    err = myna_sherpa_load(&v->lib, &v->call, why);
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
static enum myna_err read_words(const struct sherpa_online_result *r, struct myna_word **words,
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
    const struct sherpa_online_result *r;
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
    *text = myna_sherpa_trimmed(r->text ? r->text : "");
    if (!*text)
        err = MYNA_ENOMEM;
    else if (last && r->timestamps && r->tokens_arr && r->count > 0)
        err = read_words(r, words, n_words, letters);
    v->call.live_result_destroy(r);
    return err;
}
