/* event.h - what a session tells its host, and the items of its history.
 *
 * Names and fields follow agent-session 1.3 and 9 (LiveKit Agents), so that reports and tools of
 * that field read ours; what is ours alone is marked (Myna). Text fields are '\0'-terminated UTF-8,
 * borrowed for the callback; NULL where a field is absent.
 *
 * Thread: events are delivered on the thread of the session's loop, in order, never from inside a
 * call that the host makes on that session (they follow it at the latest in the same loop turn).
 */
#ifndef MYNA_EVENT_H
#define MYNA_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_agent_state {
    MYNA_AGENT_INITIALIZING,
    MYNA_AGENT_IDLE,
    MYNA_AGENT_LISTENING,
    MYNA_AGENT_THINKING,
    MYNA_AGENT_SPEAKING,
};
enum myna_user_state { MYNA_USER_LISTENING, MYNA_USER_SPEAKING, MYNA_USER_AWAY };

enum myna_stage { /* where a fault or a metric comes from */
                  MYNA_STAGE_SESSION,
                  MYNA_STAGE_TRANSPORT,
                  MYNA_STAGE_VAD,
                  MYNA_STAGE_STT,
                  MYNA_STAGE_LLM,
                  MYNA_STAGE_TTS,
                  MYNA_STAGE_REALTIME,
                  MYNA_STAGE_RECORDER,
                  MYNA_STAGE_TOOL,
};

/* What went wrong in a stage, for people and for the fallback rules (agent-session 8.1). */
struct myna_fault {
    enum myna_stage stage;
    enum myna_err err;
    const char *provider; /* name of the provider's class */
    const char *message;  /* one sentence, no secrets */
    int http_status;      /* 0 when none */
    bool retryable;       /* may be tried again */
    bool recoverable;     /* it is being tried again; false: this piece of work is lost */
    const char
        *identity; /* of the one person whom it concerns; NULL all, or nobody in particular */
};

enum myna_role { MYNA_ROLE_SYSTEM, MYNA_ROLE_DEVELOPER, MYNA_ROLE_USER, MYNA_ROLE_ASSISTANT };

enum myna_item_type {
    MYNA_ITEM_MESSAGE,
    MYNA_ITEM_FUNCTION_CALL,
    MYNA_ITEM_FUNCTION_CALL_OUTPUT,
    MYNA_ITEM_AGENT_HANDOFF,
    MYNA_ITEM_AGENT_CONFIG_UPDATE,
};

/* Delays in seconds as agent-session 4.3 MetricsReport has them; NaN = not known. */
struct myna_item_metrics {
    double started_speaking_at; /* seconds since the Unix epoch */
    double stopped_speaking_at;
    double transcription_delay;
    double end_of_turn_delay;
    double on_user_turn_completed_delay;
    double llm_node_ttft;
    double tts_node_ttfb;
    double playback_latency;
    double e2e_latency;
};

/* A picture that goes with a person's words. */
struct myna_image {
    const char *type;     /* "image/jpeg" */
    const uint8_t *bytes; /* NULL once the agent has answered, and in a replay */
    size_t len;
    uint32_t width, height;
    uint32_t crc; /* CRC-32 of the bytes; the session's */
};

/* One entry of the history. Fields that its type does not use are NULL / zero. */
struct myna_item {
    enum myna_item_type type;
    const char *id; /* item_… */
    myna_us at;     /* created, on the session's clock */

    enum myna_role role; /* MESSAGE */
    const char *text;    /* MESSAGE: what was said; for a cut answer only what was heard */
    bool interrupted;
    double transcript_confidence; /* NaN = not known */
    const char *speaker;          /* name of the person in a room of several; NULL otherwise */
    struct myna_item_metrics metrics;

    const char *call_id;   /* FUNCTION_CALL, …_OUTPUT */
    const char *name;      /* … */
    const char *arguments; /* FUNCTION_CALL: JSON text */
    const char
        *extra; /* FUNCTION_CALL: JSON text that its provider wants to see again; NULL none */
    const char *output; /* FUNCTION_CALL_OUTPUT */
    bool is_error;

    const char *old_agent; /* AGENT_HANDOFF; NULL at the first */
    const char *new_agent;
    const char *instructions; /* AGENT_CONFIG_UPDATE; NULL = unchanged */
    const char *tools_added;  /* names, comma separated; NULL = none */
    const char *tools_removed;

    const char *identity; /* MESSAGE: of the speaker in the room; NULL where `speaker` is */

    const struct myna_image *images; /* MESSAGE of a person: what they showed, oldest first */
    size_t n_images;

    uint32_t conversation; /* 0: everybody's; else that of one person (session.own_history) */
};

enum myna_metrics_type {
    MYNA_METRICS_STT,
    MYNA_METRICS_LLM,
    MYNA_METRICS_TTS,
    MYNA_METRICS_VAD,
    MYNA_METRICS_EOU,
};

/* agent-session 9; durations in ms, -1 = none. `label` is the provider's class name. */
struct myna_metrics {
    enum myna_metrics_type type;
    const char *label;
    const char *model;
    const char *request_id;
    const char *speech_id;
    const char *segment_id;
    double duration_ms;
    double audio_duration_ms; /* stt, tts */
    bool streamed;
    bool cancelled;
    double ttft_ms; /* llm: request to first token */
    double
        ttfs_ms; /* llm: request to the end of the first sentence (Myna; LiveKit llm_node_ttfs) */
    double ttfb_ms; /* tts: first text handed over to first audio */
    double tokens_per_second;
    int completion_tokens, prompt_tokens, prompt_cached_tokens, total_tokens;
    int prompt_cache_write_tokens; /* llm: part of prompt_tokens too */
    double cost;               /* llm: in USD, by the provider or its price options; 0 unknown */
    int characters_count;      /* tts */
    double idle_time_ms;       /* vad */
    double inference_total_ms; /* vad */
    int inference_count;       /* vad */
    double end_of_utterance_delay_ms, transcription_delay_ms; /* eou */
    double on_user_turn_completed_delay_ms, last_speaking_time_ms;
};

/* One turn from the person's last sound to the first sound of the answer (Myna: the waterfall).
 * All are times on the session's clock; MYNA_NEVER = did not happen. */
struct myna_waterfall {
    myna_us speech_end;  /* the person's last speech */
    myna_us transcript;  /* final transcript */
    myna_us end_of_turn; /* decided that it is our turn */
    myna_us first_token;
    myna_us first_text;  /* first clause handed to the voice */
    myna_us first_audio; /* first sample from the voice */
    myna_us heard;       /* first sample heard */
};

enum myna_event_type {
    MYNA_EV_USER_INPUT_TRANSCRIBED,
    MYNA_EV_AGENT_STATE_CHANGED,
    MYNA_EV_USER_STATE_CHANGED,
    MYNA_EV_CONVERSATION_ITEM_ADDED,
    MYNA_EV_FUNCTION_TOOLS_EXECUTED,
    MYNA_EV_METRICS_COLLECTED,
    MYNA_EV_SESSION_USAGE_UPDATED,
    MYNA_EV_SPEECH_CREATED,
    MYNA_EV_AGENT_FALSE_INTERRUPTION,
    MYNA_EV_OVERLAPPING_SPEECH,
    MYNA_EV_EOT_PREDICTION,
    MYNA_EV_DEBUG_MESSAGE,
    MYNA_EV_ERROR,
    MYNA_EV_CLOSE,
    MYNA_EV_AGENT_TRANSCRIPT,    /* (Myna) the agent's words, paced to what is heard */
    MYNA_EV_PLAYOUT,             /* (Myna) a segment started or finished being heard */
    MYNA_EV_TURN_LATENCY,        /* (Myna) the waterfall of a turn, once its answer is heard */
    MYNA_EV_AGENT_TOOL_PROGRESS, /* (Myna) the agent works with a tool of its own */
    MYNA_EV_PROVIDER_SWITCHED,   /* (Myna) a stage goes on with another of its providers */
    MYNA_EV_PERSON_SPEAKING,     /* (Myna) one person of a room begins, stops to speak */
    MYNA_EV_DATA_RECEIVED,       /* (Myna) a message on one of `session.topics` (message.h) */
    MYNA_EV_ATTRIBUTE_CHANGED,   /* (Myna) an attribute of a person of the room */
};

/* Usage summed per provider and model (agent-session 9). Zero fields are left out of JSON. */
struct myna_usage {
    enum myna_stage stage; /* STT, LLM, TTS */
    const char *provider, *model;
    int64_t input_tokens, input_cached_tokens, output_tokens, characters_count;
    double audio_duration_ms;
    int64_t input_cache_write_tokens;
    double cost; /* USD; 0 unknown */
};

struct myna_event {
    enum myna_event_type type;
    myna_us at;         /* on the session's clock, 0 = session start */
    int64_t created_ms; /* milliseconds since the Unix epoch (virtual clock: from the seed) */
    union {
        struct {
            const char *transcript;
            bool is_final;
            const char *speaker; /* NULL when unknown, or when there is only one */
            const char *language;
            const char *identity; /* of the speaker in the room; NULL as above */
        } transcribed;
        struct {
            enum myna_agent_state old_state, new_state;
        } agent_state;
        struct {
            enum myna_user_state old_state, new_state;
        } user_state;
        const struct myna_item *item;
        struct {
            const struct myna_item *calls, *outputs; /* parallel arrays of n */
            size_t n;
        } tools;
        const struct myna_metrics *metrics;
        struct {
            const struct myna_usage *usage;
            size_t n;
        } usage;
        struct {
            bool user_initiated;
            const char *source; /* say | generate_reply | tool_response */
            const char *speech_id;
        } speech;
        struct {
            bool resumed;
        } false_interruption;
        struct {
            const char *text; /* what became audible since the last such event of the segment */
            const char *speech_id, *segment_id;
            bool is_final; /* segment over; `text` is then its whole heard text */
            bool interrupted;
        } agent_transcript;
        struct {
            const char *speech_id, *segment_id;
            bool started;     /* else finished */
            myna_us position; /* finished: how much of it was heard */
            bool interrupted;
        } playout;
        struct {
            const char *speech_id;
            struct myna_waterfall w;
        } latency;
        struct {
            const char *speech_id;
            const char *tool, *call_id, *label; /* label: what it does, for people; NULL unknown */
            const char *status;                 /* "running", "completed"; as the agent says */
        } progress;
        struct {
            enum myna_stage stage;
            const char *from, *to; /* names of classes */
            const char *reason;    /* why it left `from`; NULL: `to` is back */
        } switched;
        struct {
            const char *identity; /* as the door told it */
            const char *name;     /* NULL unknown */
            bool speaking;
        } person;
        struct {
            const char *topic;
            const char *identity; /* NULL: the room's server */
            const uint8_t *bytes; /* a '\0' behind them; NULL in a replay of more than 4 KiB */
            size_t len;
            uint32_t crc; /* CRC-32 of the bytes */
        } data;
        struct {
            const char *identity, *key;
            const char *value; /* "": it is gone; NULL in a replay of more than 4 KiB */
            size_t len;        /* of the value */
        } attribute;
        struct {
            double probability, threshold, inference_ms, delay_ms;
        } eot;
        struct {
            bool is_interruption;
            double probability;
        } overlap;
        const char *debug;
        struct myna_fault fault;
        struct {
            const char
                *reason; /* error | job_shutdown | participant_disconnected | user_initiated | … */
            const struct myna_fault *fault; /* NULL unless reason is error */
        } close;
    } u;
};

/* Wire names: "agent_state_changed", "listening", … */
MYNA_API const char *myna_event_name(enum myna_event_type type);
MYNA_API const char *myna_agent_state_name(enum myna_agent_state s);
MYNA_API const char *myna_user_state_name(enum myna_user_state s);
MYNA_API const char *myna_stage_name(enum myna_stage s);
MYNA_API const char *myna_role_name(enum myna_role r);

/* The event as one line of JSON (no newline): {"time_ms":…,"type":"…",…camelCase
 * fields…,"createdAt":…}. Returned text is the caller's to free(); NULL when memory is short. */
MYNA_API char *myna_event_json(const struct myna_event *ev);

#ifdef __cplusplus
}
#endif
#endif
