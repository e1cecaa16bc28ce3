/* openai_audio.h - what the clients of OpenAI's two speech endpoints share (spec: telephony 4.2,
 * 4.11): options, address, key, the request, and what its failure means.
 *
 *   openai_audio.c       this
 *   openai_transcript.c  the answer of /audio/transcriptions to text   pure
 *   openai_speech.c      the answer of /audio/speech to sound          pure
 *   stt_openai.c         the recognisers
 *   tts_openai.c         the voices
 */
#ifndef MYNA_PROVIDERS_OPENAI_AUDIO_H
#define MYNA_PROVIDERS_OPENAI_AUDIO_H

#include <myna/provider.h>

#include "audio/decode.h"
#include "providers/openai.h"

struct myna_openai_audio_conf { /* first in the options of a class; the rows are AUDIO_OPTIONS */
    const char *base_url, *model, *api_key, *api_key_env, *headers;
    int connect_timeout_ms, timeout_ms;
};

#define MYNA_OPENAI_AUDIO_ROW(type_, name_, field_)                                                \
    .name = name_, .type = type_, .offset = offsetof(struct myna_openai_audio_conf, field_)

#define MYNA_OPENAI_AUDIO_OPTIONS(url_, key_env_, model_, timeout_)                                \
    {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_STRING, "base_url", base_url), .def = url_,                    \
     .help = "address before /audio, such as http://127.0.0.1:8000/v1"},                           \
        {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_STRING, "model", model), .def = model_,                    \
         .help = "name of the model"},                                                             \
        {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_SECRET, "api_key", api_key),                               \
         .help = "key; EMPTY: send none"},                                                         \
        {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_STRING, "api_key_env", api_key_env), .def = key_env_,      \
         .help = "environment variable that holds the key when api_key is not set"},               \
        {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_SECRET, "headers", headers),                               \
         .help = "more headers: one 'Name: value' a line, or a JSON object"},                      \
        {MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_MS, "connect_timeout", connect_timeout_ms), .def = "5s",   \
         .min = 1, .max = 600000, .help = "longest wait for a connection"},                        \
    {                                                                                              \
        MYNA_OPENAI_AUDIO_ROW(MYNA_OPT_MS, "timeout", timeout_ms),                                 \
            .def = timeout_, .min = 1, .max = 3600000,                                             \
            .help = "longest silence of the server, before and within an answer"                   \
    }

struct myna_openai_audio {
    struct myna_host *host;
    const struct myna_openai_audio_conf *conf;
    const char *product; /* as people call it: "OpenAI" */
    char section[48];    /* "stt.openai" */
    char *url, *models_url;
    const char *key; /* NULL: keyless */
    struct myna_openai_headers extra;
    myna_us not_before; /* real time: Retry-After */
    myna_us used;       /* real time of the last answer; -1 none: is the connection still warm? */
    struct myna_openai_warm warm;
    struct {
        int max, interval_ms;
    } retry; /* the session's own rule */
};

/* Reads the session's rule of retries from cfg; conf is kept. MYNA_ECONFIG names the key.
 * Needs fini() also after a failure. */
enum myna_err myna_openai_audio_init(struct myna_openai_audio *a, struct myna_host *host,
                                     const char *section, const char *endpoint, bool hosted,
                                     const struct myna_openai_audio_conf *conf,
                                     const struct myna_config *cfg, struct myna_why *why);
void myna_openai_audio_fini(struct myna_openai_audio *a);

/* Posts how->body to the endpoint; address, headers and limits are filled in here. */
enum myna_err myna_openai_audio_post(struct myna_openai_audio *a, const char *content_type,
                                     const char *accept, struct myna_http_start *how,
                                     struct myna_http_request **out);
/* Opens a connection unless one was used within the last seconds. */
void myna_openai_audio_warm(struct myna_openai_audio *a);

struct myna_openai_trouble {
    enum myna_err err;
    int status;
    bool again; /* the same request may succeed later */
    char text[512];
};
/* In words, without the key; takes note of Retry-After. */
void myna_openai_audio_trouble(struct myna_openai_audio *a, const struct myna_http_error *e,
                               struct myna_openai_trouble *out);
/* Milliseconds until the server wants to be asked again (0: now); -1: longer than a caller waits,
 * and `out` says so. */
int myna_openai_audio_held(struct myna_openai_audio *a, struct myna_openai_trouble *out);
/* Wait before try number `tries` + 1, as agent-session 8.1 has it. */
int myna_openai_audio_backoff(const struct myna_openai_audio *a, int tries);
/* An answer came and was good. */
void myna_openai_audio_good(struct myna_openai_audio *a);

/* ---- openai_transcript.c */

#define MYNA_TRANSCRIPT_MAX ((size_t)1 << 20) /* bytes of an answer */

struct myna_transcript { /* one answer */
    /* What is understood so far, as the server streams it; '\0'-terminated. NULL is fine. */
    void (*partial)(void *arg, const char *text);
    void *arg;
    enum { TRANSCRIPT_SNIFF, TRANSCRIPT_SSE, TRANSCRIPT_WHOLE } mode;
    char type[64]; /* the answer's Content-Type, bare */
    struct myna_sse sse;
    struct myna_buf whole, text;
    bool done, ended; /* done: the server said that the text is whole */
    /* the outcome, after end() */
    float confidence; /* < 0 unknown */
    char language[16];
    enum myna_err err;
    char problem[512];
};

/* content_type: the header, NULL none. */
void myna_transcript_init(struct myna_transcript *t, const char *content_type,
                          void (*partial)(void *arg, const char *text), void *arg);
void myna_transcript_fini(struct myna_transcript *t);
void myna_transcript_feed(struct myna_transcript *t, struct myna_view bytes);
/* Nothing more comes: err or text, confidence and language are told. Text is trimmed; "" when
 * nothing was said, or nothing that the model believes in. */
void myna_transcript_end(struct myna_transcript *t);

/* ---- openai_speech.c */

struct myna_speech_answer { /* one answer; by its type, its first bytes and what was asked for */
    void (*out)(void *arg, const int16_t *pcm, size_t n); /* 24 kHz, from inside feed() and end() */
    void *arg;
    const char *key; /* not repeated in words; NULL none */
    enum { SPEECH_SNIFF, SPEECH_SOUND, SPEECH_WORDS } mode;
    enum myna_sound asked, typed;
    uint32_t rate_hz; /* of PCM */
    char type[64];    /* the answer's Content-Type, bare */
    uint8_t head[16];
    size_t n_head;
    struct myna_decode *decode;
    struct myna_buf words; /* what came instead of sound */
    enum myna_err err;     /* after the first error nothing is taken any more */
    char problem[512];
};

/* pcm_rate_hz: of raw samples whose type says none. content_type: the header, NULL none. */
void myna_speech_answer_init(struct myna_speech_answer *a, const char *content_type,
                             enum myna_sound asked, uint32_t pcm_rate_hz, const char *key,
                             void (*out)(void *arg, const int16_t *pcm, size_t n), void *arg);
void myna_speech_answer_fini(struct myna_speech_answer *a);
void myna_speech_answer_feed(struct myna_speech_answer *a, struct myna_view bytes);
/* Nothing more comes: err is told unless there was sound to its end. */
void myna_speech_answer_end(struct myna_speech_answer *a);

#endif
