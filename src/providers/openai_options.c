/* openai_options.c - what can be set of an agent behind a chat endpoint; one table a preset.
 */
#include "providers/openai.h"

#include <stddef.h>

#define FIELD(type_, name_, field_)                                                                \
    .name = name_, .type = type_, .offset = offsetof(struct myna_openai_conf, field_)

static const char *const key_sources[] = {"fixed", "caller_hash", "person", NULL};
static const char *const token_fields[] = {"max_completion_tokens", "max_tokens", NULL};
static const char *const unset_yes_no[] = {"unset", "yes", "no", NULL};

/* base_url and model differ in default and help, the session rows in default. */
#define WHERE(url_, key_env_, timeout_)                                                            \
    {FIELD(MYNA_OPT_STRING, "base_url", base_url), .def = url_,                                    \
     .help = "address before /chat/completions"},                                                  \
        {FIELD(MYNA_OPT_SECRET, "api_key", api_key), .help = "key; EMPTY: send none"},             \
        {FIELD(MYNA_OPT_STRING, "api_key_env", api_key_env), .def = key_env_,                      \
         .help = "environment variable that holds the key when api_key is not set"},               \
        {FIELD(MYNA_OPT_SECRET, "headers", headers),                                               \
         .help = "more headers: one 'Name: value' a line, or a JSON object"},                      \
        {FIELD(MYNA_OPT_MS, "connect_timeout", connect_timeout_ms), .def = "5s", .min = 1,         \
         .max = 600000, .help = "longest wait for a connection"},                                  \
        {FIELD(MYNA_OPT_MS, "timeout", timeout_ms), .def = timeout_, .min = 1, .max = 3600000,     \
         .help = "longest silence of the server, before and within an answer"},                    \
    {                                                                                              \
        FIELD(MYNA_OPT_MS, "total_timeout", total_timeout_ms),                                     \
            .min = -1, .max = 86400000, .help = "longest answer; null: no limit"                   \
    }

#define MODEL(help_)                                                                               \
    {                                                                                              \
        FIELD(MYNA_OPT_STRING, "model", model), .help = help_                                      \
    }

#define SESSION(user_, id_header_, id_prefix_, key_header_, note_)                                 \
    {FIELD(MYNA_OPT_STRING, "session_user_prefix", session_user_prefix), .def = user_,             \
     .help = "set: the field user is sent, this and the call's id"},                               \
        {FIELD(MYNA_OPT_STRING, "session_id_header", session_id_header), .def = id_header_,        \
         .help = "header that carries the call's id"},                                             \
        {FIELD(MYNA_OPT_STRING, "session_id_prefix", session_id_prefix), .def = id_prefix_,        \
         .help = "stands before the id in that header"},                                           \
        {FIELD(MYNA_OPT_STRING, "session_key_header", session_key_header), .def = key_header_,     \
         .help = "header that carries session_key"},                                               \
        {FIELD(MYNA_OPT_SECRET, "session_key", session_key),                                       \
         .help = "names a memory that outlives the call"},                                         \
        {FIELD(MYNA_OPT_CHOICE, "session_key_from", session_key_from), .def = "fixed",             \
         .choices = key_sources,                                                                   \
         .help =                                                                                   \
             "caller_hash: a key for each caller instead; person: session_key and, where each "    \
             "person has a conversation of their own, their identity"},                            \
        {FIELD(MYNA_OPT_STRING, "session_key_prefix", session_key_prefix),                         \
         .def = "patter-caller-", .help = "stands before the caller's hash"},                      \
    {                                                                                              \
        FIELD(MYNA_OPT_BOOL, "interrupted_note", interrupted_note),                                \
            .def = note_,                                                                          \
            .help = "tell an agent that keeps its own history where its last answer was cut"       \
    }

#define SAMPLING                                                                                   \
    {FIELD(MYNA_OPT_DOUBLE, "temperature", temperature), .min = 0, .max = 2,                       \
     .help = "unset: the server's own"},                                                           \
        {FIELD(MYNA_OPT_DOUBLE, "top_p", top_p), .min = 0, .max = 1,                               \
         .help = "unset: the server's own"},                                                       \
        {FIELD(MYNA_OPT_DOUBLE, "frequency_penalty", frequency_penalty), .min = -2, .max = 2,      \
         .help = "unset: the server's own"},                                                       \
        {FIELD(MYNA_OPT_DOUBLE, "presence_penalty", presence_penalty), .min = -2, .max = 2,        \
         .help = "unset: the server's own"},                                                       \
        {FIELD(MYNA_OPT_INT, "seed", seed), .help = "unset: none is sent"},                        \
        {FIELD(MYNA_OPT_INT, "max_tokens", max_tokens), .min = 1, .max = 10000000,                 \
         .help = "longest answer in tokens"},                                                      \
        {FIELD(MYNA_OPT_CHOICE, "max_tokens_field", max_tokens_field),                             \
         .def = "max_completion_tokens", .choices = token_fields,                                  \
         .help = "its name on the wire; old servers want max_tokens"},                             \
        {FIELD(MYNA_OPT_STRING, "stop", stop), .help = "a text, or a JSON list of texts"},         \
        {FIELD(MYNA_OPT_STRING, "response_format", response_format), .help = "a JSON object"},     \
        {FIELD(MYNA_OPT_STRING, "tool_choice", tool_choice),                                       \
         .help = "a word or a JSON object; only where tools are offered"},                         \
        {FIELD(MYNA_OPT_CHOICE, "parallel_tool_calls", parallel_tool_calls), .def = "unset",       \
         .choices = unset_yes_no, .help = "whether several tools may be called at once"},          \
        {FIELD(MYNA_OPT_STRING, "extra_body", extra_body),                                         \
         .help = "JSON object whose fields are added to the request"},                             \
        {FIELD(MYNA_OPT_INT, "max_history", max_history), .def = "0", .min = 0, .max = 100000,     \
         .help = "newest items of the history that are sent; 0: all"},                             \
        {FIELD(MYNA_OPT_BOOL, "include_usage", include_usage), .def = "true",                      \
         .help = "ask for token counts"},                                                          \
        {FIELD(MYNA_OPT_BOOL, "hide_think", hide_think), .def = "true",                            \
         .help = "an answer's leading <think> part is not spoken"},                                \
    {                                                                                              \
        FIELD(MYNA_OPT_BOOL, "drop_unsupported", drop_unsupported),                                \
            .def = "true", .help = "leave out what the model's family is known to refuse"          \
    }

/* The end of each table. */
#define PRICES                                                                                     \
    {FIELD(MYNA_OPT_DOUBLE, "price_input", prices.input), .min = 0, .max = 100000,                 \
     .help = "USD for a million tokens; set: the metrics have the cost"},                          \
        {FIELD(MYNA_OPT_DOUBLE, "price_cached", prices.cached), .min = 0, .max = 100000,           \
         .help = "the same for tokens read from the server's cache; unset: price_input"},          \
        {FIELD(MYNA_OPT_DOUBLE, "price_cache_write", prices.cache_write), .min = 0, .max = 100000, \
         .help = "the same for tokens written to that cache; unset: price_input"},                 \
        {FIELD(MYNA_OPT_DOUBLE, "price_output", prices.output), .min = 0, .max = 100000,           \
         .help = "the same for tokens of the answer"},                                             \
    {                                                                                              \
        0                                                                                          \
    }

const struct myna_option myna_openai_generic_options[] = {
    WHERE(NULL, NULL, "60s"), MODEL("name of the model; must be set"),
    SESSION(NULL, NULL, "", NULL, "false"), SAMPLING, PRICES};
const struct myna_option myna_openai_openai_options[] = {
    WHERE("https://api.openai.com/v1", "OPENAI_API_KEY", "60s"), MODEL("unset: gpt-4o-mini"),
    SESSION(NULL, NULL, "", NULL, "false"), SAMPLING, PRICES};
const struct myna_option myna_openai_ollama_options[] = {
    WHERE("http://127.0.0.1:11434/v1", NULL, "120s"), MODEL("one that `ollama list` shows"),
    SESSION(NULL, NULL, "", NULL, "false"), SAMPLING, PRICES};
const struct myna_option myna_openai_lmstudio_options[] = {
    WHERE("http://127.0.0.1:1234/v1", NULL, "120s"), MODEL("one that LM Studio has loaded"),
    SESSION(NULL, NULL, "", NULL, "false"), SAMPLING, PRICES};
const struct myna_option myna_openai_hermes_options[] = {
    WHERE("http://127.0.0.1:8642/v1", "API_SERVER_KEY", "120s"),
    MODEL("unset: $API_SERVER_MODEL_NAME, else hermes-agent"),
    {FIELD(MYNA_OPT_BOOL, "runs", runs), .def = "true",
     .help =
         "turns as runs where Hermes offers them: it can ask aloud for permission; false: chat"},
    {FIELD(MYNA_OPT_MS, "permission_timeout", permission_timeout_ms), .def = "60s", .min = 1,
     .max = 3600000, .help = "without an answer to a question for permission it is a no"},
    SESSION("patter-call-", "X-Hermes-Session-Id", "patter-call-", "X-Hermes-Session-Key", "true"),
    SAMPLING,
    PRICES};
const struct myna_option myna_openai_openclaw_options[] = {
    WHERE("http://127.0.0.1:18789/v1", "OPENCLAW_API_KEY", "120s"),
    {FIELD(MYNA_OPT_STRING, "agent", agent), .def = "default", .help = "name of the agent"},
    {FIELD(MYNA_OPT_BOOL, "allow_insecure", allow_insecure), .def = "false",
     .help = "send the token to another machine over http://"},
    SESSION("patter-call-", "x-openclaw-session-key", "", NULL, "true"),
    SAMPLING,
    PRICES};
const struct myna_option myna_anthropic_options[] = {
    WHERE("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "60s"),
    MODEL("name of the model; must be set"),
    {FIELD(MYNA_OPT_INT, "max_tokens", max_tokens), .def = "1024", .min = 1, .max = 1000000,
     .help = "longest answer in tokens"},
    {FIELD(MYNA_OPT_DOUBLE, "temperature", temperature), .min = 0, .max = 1,
     .help = "unset: the server's own"},
    {FIELD(MYNA_OPT_DOUBLE, "top_p", top_p), .min = 0, .max = 1, .help = "unset: the server's own"},
    {FIELD(MYNA_OPT_STRING, "stop", stop), .help = "a text, or a JSON list of texts"},
    {FIELD(MYNA_OPT_STRING, "tool_choice", tool_choice),
     .help = "auto, any, none or a JSON object; only where tools are offered"},
    {FIELD(MYNA_OPT_CHOICE, "parallel_tool_calls", parallel_tool_calls), .def = "unset",
     .choices = unset_yes_no, .help = "whether several tools may be called at once"},
    {FIELD(MYNA_OPT_BOOL, "cache", cache), .def = "true",
     .help = "let the server keep instructions and tools for the next turn (cache_control)"},
    {FIELD(MYNA_OPT_STRING, "extra_body", extra_body),
     .help = "JSON object whose fields are added to the request"},
    {FIELD(MYNA_OPT_INT, "max_history", max_history), .def = "0", .min = 0, .max = 100000,
     .help = "newest items of the history that are sent; 0: all"},
    PRICES};
