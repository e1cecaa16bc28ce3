/* options.c - the option tables of a session: names, defaults, ranges and the line for the manual.
 *
 * Defaults are those of agent-session 1.3, 1.5 and 1.8. Endpointing has the legacy 500 / 3000 ms,
 * since no streaming end-of-turn detector is built in.
 */
#include "session/options.h"

#include <stddef.h>

#define DAY_MS 86400000.0 /* no wait of ours is longer */

#define AT(type_, field_) .type = type_, .offset = offsetof(struct CONF, field_)

static const char *const owns[] = {"call", "false", "true", NULL};

/* Of each agent. */
#define OWN_TURNS                                                                                  \
    {.name = "turn_min_delay",                                                                     \
     AT(MYNA_OPT_MS, turns.min_delay_ms),                                                          \
     .min = -1,                                                                                    \
     .max = 60000,                                                                                 \
     .help = "turn.min_delay while it has the word; null: the call's"},                            \
        {.name = "turn_max_delay",                                                                 \
         AT(MYNA_OPT_MS, turns.max_delay_ms),                                                      \
         .min = -1,                                                                                \
         .max = 60000,                                                                             \
         .help = "turn.max_delay while it has the word; null: the call's"},                        \
        {.name = "turn_preemptive_generation",                                                     \
         AT(MYNA_OPT_CHOICE, turns.preemptive_generation),                                         \
         .def = "call",                                                                            \
         .choices = owns,                                                                          \
         .help = "turn.preemptive_generation while it has the word; call: as there"},              \
    {                                                                                              \
        .name = "turn_preemptive_tts", AT(MYNA_OPT_CHOICE, turns.preemptive_tts), .def = "call",   \
        .choices = owns, .help = "turn.preemptive_tts while it has the word; call: as there"       \
    }

#define CONF myna_agent_conf
static const struct myna_option agent_options[] = {
    {.name = "name", AT(MYNA_OPT_STRING, name), .help = "name of the agent in history and reports"},
    {.name = "instructions",
     AT(MYNA_OPT_STRING, instructions),
     .def = "You are a friendly voice assistant. Answer in one or two short spoken sentences.",
     .help = "what the agent is told to be (system prompt)"},
    {.name = "greeting",
     AT(MYNA_OPT_STRING, greeting),
     .help = "first words, spoken as they stand; unset: the agent makes its own"},
    {.name = "greet",
     AT(MYNA_OPT_BOOL, greet),
     .def = "true",
     .help = "speak first when the call begins"},
    {.name = "description",
     AT(MYNA_OPT_STRING, description),
     .help = "what it is for, as other agents read it who may hand over to it"},
    {.name = "tools", AT(MYNA_OPT_LIST, tools), .help = "the tools that it may use; unset: all"},
    {.name = "handoff",
     AT(MYNA_OPT_LIST, handoff),
     .help = "with several agents: those that it may hand over to; unset: all"},
    OWN_TURNS,
    {0},
};
#undef CONF

#define CONF myna_agents_conf
static const struct myna_option agents_options[] = {
    {.name = "instructions",
     AT(MYNA_OPT_STRING, instructions),
     .def = "You are a friendly voice assistant. Answer in one or two short spoken sentences.",
     .help = "what the agent is told to be (system prompt)"},
    {.name = "description",
     AT(MYNA_OPT_STRING, description),
     .help = "what it is for, as other agents read it who may hand over to it"},
    {.name = "greeting",
     AT(MYNA_OPT_STRING, greeting),
     .help = "its first words when it takes over; unset: it makes its own"},
    {.name = "model",
     AT(MYNA_OPT_STRING, model),
     .help = "the model that answers for it, of llm.provider; unset: that provider's own"},
    {.name = "voice",
     AT(MYNA_OPT_STRING, voice),
     .help = "the voice that it has, of tts.provider; unset: that provider's own"},
    {.name = "tools", AT(MYNA_OPT_LIST, tools), .help = "the tools that it may use; unset: all"},
    {.name = "handoff",
     AT(MYNA_OPT_LIST, handoff),
     .help = "the agents that it may hand over to; unset: all"},
    OWN_TURNS,
    {0},
};
#undef CONF

#define CONF myna_session_conf
static const struct myna_option session_options[] = {
    {.name = "max_tool_steps",
     AT(MYNA_OPT_INT, max_tool_steps),
     .def = "3",
     .min = 1,
     .max = 100,
     .help = "rounds of tool calls in one reply"},
    {.name = "tool_timeout",
     AT(MYNA_OPT_MS, tool_timeout_ms),
     .def = "60s",
     .min = -1,
     .max = DAY_MS,
     .help = "longest wait for the result of a tool; null: no limit"},
    {.name = "turn_hook",
     AT(MYNA_OPT_STRING, turn_hook),
     .help = "the entry of tools that is asked about each turn before the agent answers"},
    {.name = "turn_hook_timeout",
     AT(MYNA_OPT_MS, turn_hook_timeout_ms),
     .def = "5s",
     .min = -1,
     .max = DAY_MS,
     .help =
         "longest wait for the hook (or the host's) to decide, then the agent answers; null: no "
         "limit"},
    {.name = "user_away_timeout",
     AT(MYNA_OPT_MS, user_away_timeout_ms),
     .def = "15s",
     .min = -1,
     .max = DAY_MS,
     .help = "both quiet for so long: the person counts as away; null: never"},
    {.name = "aec_warmup",
     AT(MYNA_OPT_MS, aec_warmup_ms),
     .def = "3s",
     .min = -1,
     .max = DAY_MS,
     .help = "from the first answer on, no interruption by sound while echo cancelling settles"},
    {.name = "tts_read_idle_timeout",
     AT(MYNA_OPT_MS, tts_read_idle_timeout_ms),
     .def = "10s",
     .min = -1,
     .max = DAY_MS,
     .help = "longest wait for the next sound of a voice"},
    {.name = "use_tts_aligned_transcript",
     AT(MYNA_OPT_BOOL, use_tts_aligned_transcript),
     .def = "true",
     .help = "take word times from the voice where it has them"},
    {.name = "max_unrecoverable_errors",
     AT(MYNA_OPT_INT, max_unrecoverable_errors),
     .def = "3",
     .min = 0,
     .max = 1000,
     .help = "errors of one stage in a row before the call is closed"},
    {.name = "max_duration",
     AT(MYNA_OPT_MS, max_duration_ms),
     .min = -1,
     .max = 7 * DAY_MS,
     .help = "longest call; null: no limit"},
    {.name = "close_transcript_timeout",
     AT(MYNA_OPT_MS, close_transcript_timeout_ms),
     .def = "2s",
     .min = -1,
     .max = DAY_MS,
     .help = "at the end of a call, wait so long for the last transcript"},
    {.name = "retry_max",
     AT(MYNA_OPT_INT, retry_max),
     .def = "3",
     .min = 0,
     .max = 100,
     .help = "times a failed stage is tried again"},
    {.name = "retry_interval",
     AT(MYNA_OPT_MS, retry_interval_ms),
     .def = "2s",
     .max = DAY_MS,
     .help = "wait between two tries"},
    {.name = "stage_timeout",
     AT(MYNA_OPT_MS, stage_timeout_ms),
     .def = "10s",
     .min = -1,
     .max = DAY_MS,
     .help = "longest wait for a stage to answer"},
    {.name = "preroll",
     AT(MYNA_OPT_MS, preroll_ms),
     .def = "550ms",
     .min = 20,
     .max = 5000,
     .help = "sound before speech was noticed that a recogniser of whole utterances gets, too"},
    {.name = "transcription_timeout",
     AT(MYNA_OPT_MS, transcription_timeout_ms),
     .min = -1,
     .max = DAY_MS,
     .help = "longest wait for the transcript of what was said, then what is known of it counts; "
             "null: no limit"},
    {.name = "min_consecutive_speech_delay",
     AT(MYNA_OPT_MS, speech_gap_ms),
     .def = "0",
     .max = 60000,
     .help = "quiet between two speeches of the agent"},
    {.name = "long_turn_message",
     AT(MYNA_OPT_STRING, long_turn_message),
     .help = "said once in a turn of which nothing was heard for long_turn_after; null: silence"},
    {.name = "long_turn_after",
     AT(MYNA_OPT_MS, long_turn_after_ms),
     .def = "4s",
     .min = -1,
     .max = DAY_MS,
     .help = "how long a person waits without a word before that"},
    {.name = "reprompt",
     AT(MYNA_OPT_STRING, reprompt),
     .help = "said when nobody has spoken for reprompt_after (\"Are you still there?\")"},
    {.name = "reprompt_after",
     AT(MYNA_OPT_MS, reprompt_after_ms),
     .def = "10s",
     .min = -1,
     .max = DAY_MS,
     .help = "how long a silence is before that"},
    {.name = "reprompt_max",
     AT(MYNA_OPT_INT, reprompt_max),
     .def = "2",
     .min = 0,
     .max = 100,
     .help = "times it is said between two words of the person"},
    {.name = "hangup_silence",
     AT(MYNA_OPT_MS, hangup_silence_ms),
     .min = -1,
     .max = DAY_MS,
     .help = "nobody has spoken for so long, reprompts aside: the call ends; null: never"},
    {.name = "hangup_phrases",
     AT(MYNA_OPT_LIST, hangup_phrases),
     .help = "what the person says last ends in one of these, word for word: the call ends"},
    {.name = "topics",
     AT(MYNA_OPT_LIST, topics),
     .help = "messages on these topics are told as events data_received (packets and streams of a "
             "room); *: on all but those that begin with lk."},
    {.name = "farewell",
     AT(MYNA_OPT_STRING, farewell),
     .help = "last words of a call that the session ends: by phrase, silence, max_duration or "
             "end_call"},
    {.name = "error_sentence",
     AT(MYNA_OPT_STRING, error_sentence),
     .def = "I'm sorry, something went wrong on my side. Please try again.",
     .help = "said when the agent, the voice or the recogniser fails; null: silence"},
    {.name = "refused_sentence",
     AT(MYNA_OPT_STRING, refused_sentence),
     .help = "said instead, once in a call, when the agent's server refuses our key (401, 403): it "
             "will the next time, too; null: error_sentence, each time"},
    {.name = "show_unspoken",
     AT(MYNA_OPT_BOOL, show_unspoken),
     .def = "false",
     .help = "an answer whose voice fails before it was heard is shown as text instead"},
    {.name = "own_history",
     AT(MYNA_OPT_BOOL, own_history),
     .def = "false",
     .help = "of several people: each has a conversation of their own with the agent, which sees "
             "nothing of the others'; false: all have one"},
    {0},
};
#undef CONF

static const char *const detections[] = {"auto", "vad", "stt", "manual", NULL};
static const char *const endpointings[] = {"fixed", "dynamic", NULL};

#define CONF myna_turn_conf
static const struct myna_option turn_options[] = {
    {.name = "detection",
     AT(MYNA_OPT_CHOICE, detection),
     .def = "auto",
     .choices = detections,
     .help = "who decides that the person has finished; auto: VAD and transcripts together"},
    {.name = "endpointing_mode",
     AT(MYNA_OPT_CHOICE, endpointing_mode),
     .def = "fixed",
     .choices = endpointings,
     .help = "wait always min_delay, or learn it from the person's own pauses"},
    {.name = "min_delay",
     AT(MYNA_OPT_MS, min_delay_ms),
     .def = "500ms",
     .max = 60000,
     .help = "quiet after which it is the agent's turn"},
    {.name = "max_delay",
     AT(MYNA_OPT_MS, max_delay_ms),
     .def = "3s",
     .max = 60000,
     .help = "the same when the sentence seems unfinished; ceiling of what is learned"},
    {.name = "alpha",
     AT(MYNA_OPT_DOUBLE, alpha),
     .def = "0.9",
     .min = 0,
     .max = 1,
     .help = "dynamic endpointing: weight of what was learned against the newest pause"},
    {.name = "allow_interruptions",
     AT(MYNA_OPT_BOOL, allow_interruptions),
     .def = "true",
     .help = "the person may interrupt the agent"},
    {.name = "discard_audio_if_uninterruptible",
     AT(MYNA_OPT_BOOL, discard_audio_if_uninterruptible),
     .def = "true",
     .help = "the recogniser hears silence while the agent may not be interrupted"},
    {.name = "min_interruption",
     AT(MYNA_OPT_MS, min_interruption_ms),
     .def = "500ms",
     .max = 60000,
     .help = "speech of this length interrupts"},
    {.name = "min_interruption_words",
     AT(MYNA_OPT_INT, min_interruption_words),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "and it must hold so many recognised words"},
    {.name = "queue",
     AT(MYNA_OPT_INT, queue),
     .def = "0",
     .min = 0,
     .max = 64,
     .help = "of several people: turns that wait while somebody else is answered, the oldest is "
             "dropped beyond it; 0: none waits, whoever spoke last is answered"},
    {.name = "false_interruption_timeout",
     AT(MYNA_OPT_MS, false_interruption_timeout_ms),
     .def = "2s",
     .min = -1,
     .max = 60000,
     .help = "no words followed the interruption for so long: it was none; null: never pause"},
    {.name = "resume_false_interruption",
     AT(MYNA_OPT_BOOL, resume_false_interruption),
     .def = "true",
     .help = "go on speaking after a false interruption"},
    {.name = "preemptive_generation",
     AT(MYNA_OPT_BOOL, preemptive_generation),
     .def = "true",
     .help = "ask the agent before it is certain that the person has finished"},
    {.name = "preemptive_tts",
     AT(MYNA_OPT_BOOL, preemptive_tts),
     .def = "false",
     .help = "and let the voice speak ahead too"},
    {.name = "preemptive_max_speech",
     AT(MYNA_OPT_MS, preemptive_max_speech_ms),
     .def = "10s",
     .max = DAY_MS,
     .help = "not for turns longer than this"},
    {.name = "preemptive_max_retries",
     AT(MYNA_OPT_INT, preemptive_max_retries),
     .def = "3",
     .min = 0,
     .max = 100,
     .help = "times it is asked ahead in one turn"},
    {.name = "user_turn_max_words",
     AT(MYNA_OPT_INT, user_turn_max_words),
     .def = "0",
     .min = 0,
     .max = 1000000,
     .help = "a person who has said so many words without an answer gets one at once; 0: no limit"},
    {.name = "user_turn_max_duration",
     AT(MYNA_OPT_MS, user_turn_max_ms),
     .min = -1,
     .max = DAY_MS,
     .help = "the same for who has been speaking for so long; null: no limit"},
    {0},
};
#undef CONF

#define CONF myna_text_conf
static const struct myna_option text_options[] = {
    {.name = "transforms",
     AT(MYNA_OPT_LIST, transforms),
     .def = "code, tables, html, markdown, urls, emoji, numbers",
     .help = "what is done to the text before it is spoken, in this order: code tables html "
             "markdown urls emoji numbers spoken spoken_keep; none: nothing"},
    {.name = "language",
     AT(MYNA_OPT_STRING, language),
     .def = "auto",
     .help = "language of the answers, for numbers: en, en-GB, de…; auto: English once it shows"},
    {.name = "replace",
     AT(MYNA_OPT_MAP, replace),
     .help = "words as they are to be said: {LiveKit: live kit, AI: A I}"},
    {.name = "match_case",
     AT(MYNA_OPT_BOOL, match_case),
     .def = "false",
     .help = "replace only words in the same small and capital letters"},
    {0},
};
#undef CONF

#define CONF myna_background_conf
static const struct myna_option background_options[] = {
    {.name = "ambient",
     AT(MYNA_OPT_LIST, ambient),
     .help = "sound files (WAV, Ogg Opus, MP3) of which one is heard through the whole call, over "
             "and over; office.ogg=0.3: its chance, what is left is the others' or silence"},
    {.name = "ambient_volume",
     AT(MYNA_OPT_DOUBLE, ambient_volume),
     .def = "0.1",
     .max = 1,
     .help = "how loud the ambience is; 1: as in the file"},
    {.name = "thinking",
     AT(MYNA_OPT_LIST, thinking),
     .help = "sound files of which one is heard while the agent thinks; chances as for ambient"},
    {.name = "thinking_volume",
     AT(MYNA_OPT_DOUBLE, thinking_volume),
     .def = "0.3",
     .max = 1,
     .help = "how loud the thinking sound is"},
    {.name = "duck",
     AT(MYNA_OPT_DOUBLE, duck),
     .def = "0.5",
     .max = 1,
     .help = "how much of the ambience is left while the agent speaks"},
    {.name = "fade",
     AT(MYNA_OPT_MS, fade_ms),
     .def = "300ms",
     .max = 10000,
     .help = "time in which these sounds come and go"},
    {0},
};
#undef CONF

#define CONF myna_record_conf
static const struct myna_option record_options[] = {
    {.name = "enabled", AT(MYNA_OPT_BOOL, enabled), .def = "false", .help = "record every call"},
    {.name = "dir",
     AT(MYNA_OPT_PATH, dir),
     .def = "recordings",
     .help = "where recordings go, one directory a call"},
    {.name = "flight",
     AT(MYNA_OPT_BOOL, flight),
     .def = "true",
     .help = "write call.flight, for myna replay"},
    {.name = "audio",
     AT(MYNA_OPT_BOOL, audio),
     .def = "true",
     .help = "write audio.ogg, person left and agent right"},
    {0},
};
#undef CONF

static const char *const levels[] = {"error", "warn", "info", "debug", "trace", NULL};

#define CONF myna_log_conf
static const struct myna_option log_options[] = {
    {.name = "level",
     AT(MYNA_OPT_CHOICE, level),
     .def = "warn",
     .choices = levels,
     .help = "least important lines to show"},
    {.name = "json",
     AT(MYNA_OPT_BOOL, json),
     .def = "false",
     .help = "one JSON object a line instead of text"},
    {0},
};
#undef CONF

/* One `provider` row a stage; three of them may have more than one. */
#define PROVIDER(default_, help_)                                                                  \
    {                                                                                              \
        .name = "provider", .type = MYNA_OPT_STRING,                                               \
        .offset = offsetof(struct myna_stage_conf, provider), .def = default_, .help = help_       \
    }
#define STAGE(table, default_, help_)                                                              \
    static const struct myna_option table[] = {PROVIDER(default_, help_), {0}}
#define SPARED(table, default_, help_, timeout_, what_)                                            \
    static const struct myna_option table[] = {                                                    \
        PROVIDER(default_, help_),                                                                 \
        {.name = "fallback",                                                                       \
         .type = MYNA_OPT_LIST,                                                                    \
         .offset = offsetof(struct myna_stage_conf, fallback),                                     \
         .help = "providers that take over, in this order, where the one before fails"},           \
        {.name = "fallback_timeout",                                                               \
         .type = MYNA_OPT_MS,                                                                      \
         .offset = offsetof(struct myna_stage_conf, fallback_timeout_ms),                          \
         .def = timeout_,                                                                          \
         .min = 1,                                                                                 \
         .max = 600000,                                                                            \
         .help = "longest wait for " what_ ", where there is a fallback"},                         \
        {0},                                                                                       \
    }
STAGE(vad_options, "silero", "who tells speech from silence");
SPARED(stt_options, "moonshine", "who recognises speech", "10s", "a transcript");
SPARED(llm_options, "rehearsal", "who answers", "5s", "the first sign of an answer");
SPARED(tts_options, "piper", "who speaks", "5s", "the first sound");
STAGE(transport_options, "none", "how sound arrives and leaves");

const struct myna_section myna_agents_section = {
    "agents.*", "another agent, to which the conversation may be handed over", agents_options};
const struct myna_section myna_agent_section = {"agent", "who the agent is", agent_options};
const struct myna_section myna_session_section = {"session", "the conversation", session_options};
const struct myna_section myna_turn_section = {"turn", "whose turn it is", turn_options};
const struct myna_section myna_text_section = {"text", "text on its way to the voice",
                                               text_options};
const struct myna_section myna_background_section = {"background", "sounds that nobody says",
                                                     background_options};
const struct myna_section myna_record_section = {"record", "recordings of calls", record_options};
const struct myna_section myna_log_section = {"log", "what is logged", log_options};
const struct myna_section myna_vad_section = {"vad", "voice activity detection", vad_options};
const struct myna_section myna_stt_section = {"stt", "speech to text", stt_options};
const struct myna_section myna_llm_section = {"llm", "the agent's answers", llm_options};
const struct myna_section myna_tts_section = {"tts", "text to speech", tts_options};
const struct myna_section myna_transport_section = {"transport", "the door of a call",
                                                    transport_options};
