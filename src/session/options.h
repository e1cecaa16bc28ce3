/* options.h - the options of a session, its turn taking and its recording
 * (agent-session 1.3, 1.5, 2.2): one struct and one table per section of the configuration. */
#ifndef MYNA_SESSION_OPTIONS_H
#define MYNA_SESSION_OPTIONS_H

#include <stdbool.h>

#include <myna/config.h>

enum myna_turn_detection { MYNA_TURN_VAD_STT, MYNA_TURN_VAD, MYNA_TURN_STT, MYNA_TURN_MANUAL };

/* What an agent decides for itself about turns; all else is as the section "turn" says. */
enum myna_own { MYNA_OWN_NONE, MYNA_OWN_FALSE, MYNA_OWN_TRUE };
struct myna_agent_turns {
    int min_delay_ms, max_delay_ms;            /* -1: none of its own */
    int preemptive_generation, preemptive_tts; /* enum myna_own */
};

struct myna_agent_conf { /* section "agent" */
    const char *name, *instructions, *greeting;
    bool greet;
    const char *description;
    const char *const *tools, *const *handoff;
    struct myna_agent_turns turns;
};

struct myna_agents_conf { /* entries "agents.NAME" */
    const char *instructions, *description, *greeting;
    const char *model, *voice;
    const char *const *tools, *const *handoff;
    struct myna_agent_turns turns;
};

struct myna_session_conf { /* section "session"; times in ms, -1 = off */
    int max_tool_steps;
    int tool_timeout_ms;
    const char *turn_hook;
    int turn_hook_timeout_ms;
    int user_away_timeout_ms;
    int aec_warmup_ms;
    int tts_read_idle_timeout_ms;
    bool use_tts_aligned_transcript;
    int max_unrecoverable_errors;
    int max_duration_ms;
    int close_transcript_timeout_ms;
    int retry_max, retry_interval_ms, stage_timeout_ms; /* connOptions */
    int transcription_timeout_ms;
    int preroll_ms;
    int speech_gap_ms; /* min_consecutive_speech_delay */
    const char *long_turn_message;
    int long_turn_after_ms;
    const char *reprompt;
    int reprompt_after_ms, reprompt_max;
    int hangup_silence_ms;
    const char *const *hangup_phrases;
    const char *const *topics;
    const char *farewell;
    const char *error_sentence;   /* NULL or "": silence */
    const char *refused_sentence; /* NULL or "": that one */
    bool show_unspoken;
    bool own_history;
};

struct myna_turn_conf {   /* section "turn" */
    int detection;        /* enum myna_turn_detection */
    int endpointing_mode; /* enum myna_endpointing_mode */
    int min_delay_ms, max_delay_ms;
    double alpha;
    bool allow_interruptions;
    bool discard_audio_if_uninterruptible;
    int min_interruption_ms;
    int min_interruption_words;
    int queue;                         /* turns that may wait; 0: none do */
    int false_interruption_timeout_ms; /* -1: never pause */
    bool resume_false_interruption;
    bool preemptive_generation, preemptive_tts;
    int preemptive_max_speech_ms, preemptive_max_retries;
    int user_turn_max_words, user_turn_max_ms; /* 0, -1: no limit */
};

struct myna_text_conf {            /* section "text" */
    const char *const *transforms; /* tts/filters.h */
    const char *language;
    const char *const *replace; /* "from=to" */
    bool match_case;
};

struct myna_background_conf {                     /* section "background" */
    const char *const *ambient, *const *thinking; /* files */
    double ambient_volume, thinking_volume, duck;
    int fade_ms;
};

struct myna_record_conf { /* section "record" */
    bool enabled;
    const char *dir;
    bool flight, audio;
};

struct myna_stage_conf { /* sections "vad", "stt", "llm", "tts", "transport": which provider */
    const char *provider;
    /* stt, llm, tts */
    const char *const *fallback; /* names of providers, in order */
    int fallback_timeout_ms;
};

struct myna_log_conf { /* section "log" */
    int level;         /* enum myna_log_level */
    bool json;
};

extern const struct myna_section myna_agent_section, myna_agents_section, myna_session_section,
    myna_turn_section, myna_text_section, myna_background_section, myna_record_section,
    myna_log_section, myna_vad_section, myna_stt_section, myna_llm_section, myna_tts_section,
    myna_transport_section;

#endif
