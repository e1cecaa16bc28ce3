/* provider.h - the contract of a stage: VAD, STT, LLM, TTS, speech-to-speech.
 *
 * A provider is one `const` class: a name, a table of options, a few functions. The runtime makes
 * one *object* per class and configuration; each session opens *streams* on it. Objects and streams
 * are structs of the provider whose first member is the base struct below; the host knows only that
 * part.
 *
 * Rules for all stages
 * - Every function is called on the loop's thread and returns at once: no file, no lock that
 * another thread holds for long, no waiting. Heavy work goes to myna_host_work(), network to the
 * loop.
 * - Results are handed back with the myna_*_emit() / myna_tts_audio() calls, on the loop's thread,
 *   only from a callback of the loop (timer, finished work, socket), never from inside a function
 * of the class. Sole exception: pump() of a voice calls myna_tts_audio(). "At once" is a timer set
 * to myna_host_now().
 * - After close() of a stream nothing may be emitted on it. A stream is closed by the session
 * alone, also after its DONE or ERROR; unfinished work is cancelled, its late result dropped.
 * - Values in events are borrowed by the session for the call. Everything that crosses here is
 * plain data: it is written to the flight recorder and read back by a replay.
 * - A failure is an event carrying a `struct myna_fault`, never silence. Intentional close emits
 * none.
 * - push() of audio is part of the media tick: it must not allocate.
 */
#ifndef MYNA_PROVIDER_H
#define MYNA_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/error.h>
#include <myna/event.h>
#include <myna/frame.h>
#include <myna/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ VAD (agent-session 2) */

struct myna_vad_stream;

enum myna_vad_event_type { MYNA_VAD_START, MYNA_VAD_INFERENCE, MYNA_VAD_END, MYNA_VAD_FAULT };

struct myna_vad_event {
    enum myna_vad_event_type type;
    myna_us at; /* capture time of the end of the window that told it */
    float probability;
    bool speaking;
    myna_us speech, silence;         /* durations as 2.3 says */
    myna_us raw_speech, raw_silence; /* INFERENCE: accumulated, before this window */
    myna_us inference;               /* time the network took; 0 on the virtual clock */
    struct myna_fault fault;         /* FAULT */
};

struct myna_vad {
    const struct myna_vad_class *cls;
    struct myna_host *host;
    bool exact; /* set by who owns it: judge every window, whatever that costs (`myna vad`) */
};
struct myna_vad_stream { /* first member of the provider's stream */
    struct myna_vad *vad;
    void *sink; /* the session's; kept as given */
};

struct myna_vad_class {
    const char *name, *summary;
    const struct myna_option *options;
    enum myna_err (*create)(struct myna_vad **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    void (*destroy)(struct myna_vad *vad);
    enum myna_err (*open)(struct myna_vad *vad, struct myna_vad_stream **out);
    /* 20 ms at 16 kHz; media tick. A VAD is the one stage that may emit from inside push(): it
     * computes at once. */
    void (*push)(struct myna_vad_stream *st, const struct myna_frame *f);
    void (*flush)(struct myna_vad_stream *st); /* forget everything heard */
    void (*close)(struct myna_vad_stream *st);
    /* Shortest silence that ends a segment, for checks against endpointing; -1 unknown. */
    myna_us (*min_silence)(const struct myna_vad *vad);
};
MYNA_API void myna_vad_emit(struct myna_vad_stream *st, const struct myna_vad_event *ev);

/* ------------------------------------------------------------------ STT (agent-session 8.2) */

enum myna_stt_cap {
    MYNA_STT_INTERIM = 1,      /* emits INTERIM */
    MYNA_STT_PREFLIGHT = 2,    /* emits PREFLIGHT: likely final, more may come */
    MYNA_STT_WORD_TIMES = 4,   /* fills words */
    MYNA_STT_DIARIZE = 8,      /* fills speaker */
    MYNA_STT_ENDPOINTS = 16,   /* emits START / END of its own */
    MYNA_STT_WANTS_SPEECH = 32 /* batch recogniser: push() gets only what the VAD marked (with
                                  pre-roll), between mark(SPEECH) and mark(PAUSE_ENDED|END) */
};

enum myna_stt_event_type {
    MYNA_STT_START,   /* its own endpointing heard speech begin */
    MYNA_STT_PARTIAL, /* interim transcript: the utterance so far, replaces the one before */
    MYNA_STT_PREFLIGHT_TEXT,
    MYNA_STT_FINAL, /* final transcript of a stretch; later finals are appended */
    MYNA_STT_END,   /* its own endpointing heard speech end */
    MYNA_STT_USAGE,
    MYNA_STT_FAULT, /* the stream is over; the session may open another */
    MYNA_STT_USING, /* of several recognisers another one works now: fault.provider; fault.message
                       says why it is not the one before, NULL: that one is back */
};

struct myna_word {
    const char *text;
    myna_us start,
        end; /* STT: capture time on the session's clock. TTS: from the segment's first sample */
    float confidence; /* < 0 unknown */
};

struct myna_stt_event {
    enum myna_stt_event_type type;
    const char *text;     /* '\0'-terminated UTF-8; never NULL for transcripts */
    const char *language; /* BCP 47; NULL unknown */
    const char *speaker;  /* diarization; NULL */
    float confidence;     /* 0..1; < 0 unknown */
    myna_us start, end;   /* of the stretch, capture time; MYNA_NEVER unknown */
    const struct myna_word *words;
    size_t n_words;
    double audio_ms; /* USAGE: seconds billed, in ms; duration of computing in took_ms */
    double took_ms;
    struct myna_fault fault;
};

enum myna_stt_mark {
    MYNA_STT_MARK_SPEECH, /* VAD: speech began (pre-roll frames follow at once) */
    MYNA_STT_MARK_PAUSE,  /* VAD: quiet for about 100 ms; perhaps the end: a good time to compute */
    MYNA_STT_MARK_RESUMED, /* …it was a breath */
    MYNA_STT_MARK_END,     /* VAD: speech ended; give the final now */
    MYNA_STT_MARK_FLUSH,   /* turn committed by other means; give the final of what you have */
};

struct myna_stt {
    const struct myna_stt_class *cls;
    struct myna_host *host;
};
struct myna_stt_stream { /* first member of the provider's stream */
    struct myna_stt *stt;
    void *sink; /* the session's; kept as given */
};
struct myna_stt_open {
    const char *language; /* NULL: the provider's default */
    uint32_t who;         /* participant, for logs */
};

struct myna_stt_class {
    const char *name, *summary;
    const struct myna_option *options;
    uint32_t caps; /* enum myna_stt_cap */
    enum myna_err (*create)(struct myna_stt **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    void (*destroy)(struct myna_stt *stt);
    enum myna_err (*open)(struct myna_stt *stt, const struct myna_stt_open *how,
                          struct myna_stt_stream **out);
    void (*push)(struct myna_stt_stream *st, const struct myna_frame *f); /* media tick */
    void (*mark)(struct myna_stt_stream *st, enum myna_stt_mark mark, myna_us at);
    void (*close)(struct myna_stt_stream *st);
};
MYNA_API void myna_stt_emit(struct myna_stt_stream *st, const struct myna_stt_event *ev);

/* ------------------------------------------------------------------ LLM (agent-session 8.3) */

struct myna_tool_def { /* what the model is told of a tool */
    const char *name, *description;
    const char *parameters; /* JSON schema text */
};
enum myna_tool_choice { MYNA_TOOLS_AUTO, MYNA_TOOLS_NONE, MYNA_TOOLS_REQUIRED };

struct myna_llm_request {
    size_t size; /* of this struct as the session knows it: what lies behind is not there */
    const struct myna_item *items; /* history in order, the new user message last */
    size_t n_items;
    const char *instructions;       /* system text; may be "" */
    const char *extra_instructions; /* for this answer alone (greeting); NULL none */
    const struct myna_tool_def *tools;
    size_t n_tools;
    enum myna_tool_choice tool_choice;
    const char *session_id; /* stable through the call: providers that keep state use it */
    const char *caller;     /* who calls, the number or name the door knows; NULL unknown */
    const char *model;      /* of the agent that has the word; NULL: the provider's own */
};

enum myna_llm_cap {
    /* It keeps the history of a call itself: what was asked cannot be taken back, so the session
     * never asks ahead of the turn's end. */
    MYNA_LLM_OWN_HISTORY = 1,
};

enum myna_llm_event_type {
    MYNA_LLM_TEXT,      /* increment of the spoken answer */
    MYNA_LLM_REASONING, /* increment that must never be spoken */
    MYNA_LLM_FLUSH,     /* cut: what came so far is one segment with its own playout */
    MYNA_LLM_TOOL_CALL, /* one complete call */
    MYNA_LLM_USAGE,
    MYNA_LLM_DONE,     /* the answer is complete */
    MYNA_LLM_FAULT,    /* the answer will not go on */
    MYNA_LLM_PROGRESS, /* the agent is at work. With a name: at a tool of its own; arguments: what
                          it says of it, text: "running", "completed" */
    MYNA_LLM_USING,    /* as MYNA_STT_USING */
};

struct myna_llm_event {
    enum myna_llm_event_type type;
    struct myna_view text; /* TEXT, REASONING: UTF-8, may cut anywhere between bytes */
    const char *call_id, *name, *arguments; /* TOOL_CALL; arguments: JSON text; PROGRESS */
    const char *extra; /* TOOL_CALL: JSON text that comes back with the call's item; NULL none */
    int prompt_tokens; /* USAGE: all of them, with what was read from and written to a cache */
    int prompt_cached_tokens, prompt_cache_write_tokens, completion_tokens, total_tokens;
    double cost; /* USAGE: in USD; 0 unknown */
    struct myna_fault fault;
};

struct myna_llm {
    const struct myna_llm_class *cls;
    struct myna_host *host;
    const char *model; /* its own, for metrics; NULL: the class's name stands for it */
    uint32_t caps;     /* enum myna_llm_cap */
};
struct myna_llm_stream { /* first member of the provider's stream */
    struct myna_llm *llm;
    void *sink; /* the session's; kept as given */
};

struct myna_llm_class {
    const char *name, *summary;
    const struct myna_option *options;
    enum myna_err (*create)(struct myna_llm **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    void (*destroy)(struct myna_llm *llm);
    /* The request is borrowed: copy what is needed later. */
    enum myna_err (*start)(struct myna_llm *llm, const struct myna_llm_request *req,
                           struct myna_llm_stream **out);
    void (*close)(struct myna_llm_stream *st); /* also cancels, upstream too */
    void (*warm)(struct myna_llm *llm);        /* optional: open connections */
};
MYNA_API void myna_llm_emit(struct myna_llm_stream *st, const struct myna_llm_event *ev);

/* ------------------------------------------------------------------ TTS (agent-session 8.4) */

enum myna_tts_cap {
    MYNA_TTS_TEXT_STREAM = 1, /* text() takes increments as they come; else whole sentences */
    MYNA_TTS_WORDS = 2,       /* emits WORDS: alignment of text and sound */
};

enum myna_tts_event_type {
    MYNA_TTS_WORDS_AT, /* alignment of words already or soon emitted as sound */
    MYNA_TTS_DONE,     /* all text was spoken: no more audio comes */
    MYNA_TTS_FAULT,
    MYNA_TTS_USING, /* as MYNA_STT_USING */
    /* The voice is still being loaded, nothing is wrong with it: told every few seconds, and
     * patience with the stream begins anew each time. */
    MYNA_TTS_LOADING,
};

struct myna_tts_event {
    enum myna_tts_event_type type;
    const struct myna_word *words; /* times from the stream's first sample */
    size_t n_words;
    struct myna_fault fault;
};

struct myna_tts {
    const struct myna_tts_class *cls;
    struct myna_host *host;
};
struct myna_tts_stream { /* first member of the provider's stream */
    struct myna_tts *tts;
    void *sink; /* the session's; kept as given */
};
struct myna_tts_open {
    const char *language; /* NULL: the provider's default */
    const char *voice;    /* NULL: the provider's default */
};

struct myna_tts_class {
    const char *name, *summary;
    const struct myna_option *options;
    uint32_t caps;
    int rate_hz; /* of the audio it emits; the stage resamples to 24 kHz */
    enum myna_err (*create)(struct myna_tts **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    void (*destroy)(struct myna_tts *tts);
    /* One stream is one segment: one stretch of speech with one playout. */
    enum myna_err (*open)(struct myna_tts *tts, const struct myna_tts_open *how,
                          struct myna_tts_stream **out);
    /* More text (borrowed): increments with TEXT_STREAM, else one clause or sentence a call. */
    enum myna_err (*text)(struct myna_tts_stream *st, struct myna_view text);
    void (*end)(struct myna_tts_stream *st); /* no more text */
    /* Playout has room for `room` samples at rate_hz: hand over what is ready by
     * myna_tts_audio(), which says how much was taken. Called again when room grew, and after
     * myna_tts_ready(). Called only while the segment may be heard next: computing ahead happens
     * without it. */
    void (*pump)(struct myna_tts_stream *st, size_t room);
    void (*close)(struct myna_tts_stream *st); /* also cancels */
    void (*warm)(struct myna_tts *tts);        /* optional */
};
/* Sound is waiting: call pump() soon. */
MYNA_API void myna_tts_ready(struct myna_tts_stream *st);
/* From pump() only: n samples at rate_hz, borrowed. Returns how many were taken. */
MYNA_API size_t myna_tts_audio(struct myna_tts_stream *st, const int16_t *pcm, size_t n);
MYNA_API void myna_tts_emit(struct myna_tts_stream *st, const struct myna_tts_event *ev);

/* ------------------------------------------------------------------ speech-to-speech
 *
 * Replaces stt+llm+tts (agent-session 7.1; no class of it exists yet). One stream per session and
 * agent. Sound in by append(), out by pump() as with a voice; item ids are the model's. */

enum myna_rt_cap {
    MYNA_RT_TRUNCATION = 1,
    MYNA_RT_TURN_DETECTION = 2, /* the server decides turns */
    MYNA_RT_USER_TRANSCRIPT = 4,
    MYNA_RT_AUTO_TOOL_REPLY = 8,
    MYNA_RT_AUDIO_OUT = 16,
    MYNA_RT_MID_CONTEXT = 32,
    MYNA_RT_MID_INSTRUCTIONS = 64,
    MYNA_RT_MID_TOOLS = 128,
    MYNA_RT_NATIVE_SYNC = 256,
};

enum myna_rt_event_type {
    MYNA_RT_RESPONSE,     /* a response began: response_id, user_initiated */
    MYNA_RT_MESSAGE,      /* a message of it began: item_id, has_audio */
    MYNA_RT_TEXT,         /* transcript increment of item_id */
    MYNA_RT_MESSAGE_DONE, /* no more text or audio of item_id */
    MYNA_RT_TOOL_CALL,
    MYNA_RT_RESPONSE_DONE,
    MYNA_RT_SPEECH_STARTED, /* server VAD */
    MYNA_RT_SPEECH_STOPPED,
    MYNA_RT_INPUT_TRANSCRIPT, /* what the person said: item_id, text, is_final */
    MYNA_RT_RECONNECTED,
    MYNA_RT_USAGE,
    MYNA_RT_FAULT,
};

struct myna_rt_event {
    enum myna_rt_event_type type;
    const char *response_id, *item_id;
    bool user_initiated, has_audio, is_final;
    struct myna_view text;
    const char *call_id, *name, *arguments;
    int input_tokens, output_tokens, total_tokens;
    struct myna_fault fault;
};

struct myna_rt {
    const struct myna_rt_class *cls;
    struct myna_host *host;
};
struct myna_rt_stream {
    struct myna_rt *rt;
    void *sink;
};

struct myna_rt_class {
    const char *name, *summary;
    const struct myna_option *options;
    uint32_t caps;
    int in_rate_hz, out_rate_hz;
    enum myna_err (*create)(struct myna_rt **out, struct myna_host *host,
                            const struct myna_config *cfg, struct myna_why *why);
    void (*destroy)(struct myna_rt *rt);
    enum myna_err (*open)(struct myna_rt *rt, const struct myna_llm_request *context,
                          struct myna_rt_stream **out);
    void (*append)(struct myna_rt_stream *st, const int16_t *pcm, size_t n); /* media tick */
    void (*commit)(struct myna_rt_stream *st); /* the person's turn is over */
    void (*clear)(struct myna_rt_stream *st);  /* forget appended audio */
    void (*respond)(struct myna_rt_stream *st, const char *instructions); /* generate_reply */
    void (*interrupt)(struct myna_rt_stream *st); /* cancel the response in flight */
    /* The person heard `heard_ms` of the message; `heard_text` is its synchronized transcript. */
    void (*truncate)(struct myna_rt_stream *st, const char *item_id, int64_t heard_ms,
                     const char *heard_text);
    void (*function_result)(struct myna_rt_stream *st, const char *call_id, const char *output,
                            bool is_error);
    void (*update)(struct myna_rt_stream *st, const struct myna_llm_request *context);
    void (*pump)(struct myna_rt_stream *st, size_t room);
    void (*close)(struct myna_rt_stream *st);
};
MYNA_API void myna_rt_emit(struct myna_rt_stream *st, const struct myna_rt_event *ev);
MYNA_API void myna_rt_ready(struct myna_rt_stream *st);
MYNA_API size_t myna_rt_audio(struct myna_rt_stream *st, const char *item_id, const int16_t *pcm,
                              size_t n);

#ifdef __cplusplus
}
#endif
#endif
