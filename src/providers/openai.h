/* openai.h - the parts of a client for OpenAI's chat completions, as agents and local servers speak
 * them (spec: telephony 3.1 to 3.4, 4.1).
 *
 *   openai_common.c   header lists, addresses, keys: shared with the speech endpoints   pure
 *   openai_options.c  what can be set
 *   openai_target.c   options to address, key, headers; the session signals   pure
 *   openai_request.c  history, instructions, tools to the JSON body           pure
 *   openai_stream.c   bytes of the answer to its pieces                       pure
 *   openai_delta.c    a piece of it to events: text, tool calls               pure
 *   openai_failure.c  why there was no answer, as a sentence                  pure
 *   anthropic.c       the two of Anthropic's messages instead                 pure
 *   openai_warm.c     a connection ahead of the first question
 *   llm_openai.c, llm_openai_request.c   the classes, one a preset, and the life of a request
 */
#ifndef MYNA_PROVIDERS_OPENAI_H
#define MYNA_PROVIDERS_OPENAI_H

#include <jansson.h>
#include <myna/provider.h>

#include "util/buf.h"
#include "util/http.h"
#include "util/sse.h"

struct myna_openai_prices { /* USD for a million tokens; 0: not known */
    double input, cached, cache_write, output;
};

enum myna_openai_key_from {
    MYNA_OPENAI_KEY_FIXED,
    MYNA_OPENAI_KEY_CALLER_HASH,
    MYNA_OPENAI_KEY_PERSON,
};

struct myna_openai_conf {
    const char *base_url, *model, *agent, *api_key, *api_key_env, *headers;
    int connect_timeout_ms, timeout_ms, total_timeout_ms, permission_timeout_ms;
    const char *session_user_prefix, *session_id_header, *session_id_prefix;
    const char *session_key_header, *session_key, *session_key_prefix;
    int session_key_from; /* enum myna_openai_key_from */
    double temperature, top_p, frequency_penalty, presence_penalty;
    int seed, max_tokens, max_tokens_field, parallel_tool_calls;
    const char *stop, *response_format, *tool_choice, *extra_body;
    bool has_temperature, has_top_p, has_frequency_penalty, has_presence_penalty, has_seed,
        has_max_tokens; /* not options: whether those above were set */
    int max_history;
    bool include_usage, hide_think, interrupted_note, allow_insecure, drop_unsupported, cache, runs;
    struct myna_openai_prices prices;
};

extern const struct myna_option myna_openai_generic_options[], myna_openai_openai_options[],
    myna_openai_ollama_options[], myna_openai_lmstudio_options[], myna_openai_hermes_options[],
    myna_openai_openclaw_options[], myna_anthropic_options[];

struct myna_openai_preset {
    const char *name;          /* of the class: "hermes" */
    const char *product;       /* as people call it: "Hermes" */
    const char *model_env;     /* names the model when `model` does not */
    const char *default_model; /* and this when neither does; NULL: there must be one */
    const char *model_hint;    /* where to find a model's name */
    const char *not_found_hint;
    bool hermes, openclaw, anthropic, needs_key;
};

/* ---- openai_common.c; `section` ("llm.hermes") stands in messages */

enum { MYNA_OPENAI_MAX_HEADERS = 40 };

struct myna_openai_headers { /* names and values are its own */
    struct myna_http_header h[MYNA_OPENAI_MAX_HEADERS];
    size_t n;
};

/* A later one of the same name wins. MYNA_ELIMIT past MAX_HEADERS. */
enum myna_err myna_openai_headers_put(struct myna_openai_headers *h, const char *name,
                                      const char *value, bool secret);
/* {"X-A": "1"}, or one "X-A: 1" a line; NULL is none. All are secrets. */
enum myna_err myna_openai_headers_read(struct myna_openai_headers *h, const char *text,
                                       const char *section, struct myna_why *why);
void myna_openai_headers_fini(struct myna_openai_headers *h);
/* The address without what stands behind it: an `endpoint` pasted along, slashes. Caller frees. */
enum myna_err myna_openai_base(const char *section, const char *base_url, const char *endpoint,
                               char **out, struct myna_why *why);
/* From the option, else from the variable that it names; NULL: keyless. Borrowed from both. */
enum myna_err myna_openai_key(const char *section, const char *api_key, const char *api_key_env,
                              bool needed, const char *(*env)(const char *name), const char **out,
                              struct myna_why *why);

/* ---- openai_target.c */

struct myna_openai_target {
    const struct myna_openai_preset *preset;
    const struct myna_openai_conf *conf;
    char section[48]; /* of the configuration: "llm.hermes" */
    char *chat_url, *models_url, *model;
    const char *key; /* NULL: keyless */
    struct myna_openai_headers extra;
};

struct myna_openai_call { /* what is remembered of one call */
    const char *id;       /* the session's; NULL: there is none */
    const char *adopted;  /* id that the server gave it; NULL none */
    bool no_session;      /* the server refused our session headers */
    const char *caller;   /* who calls; NULL unknown */
};

/* `env` is getenv or a test's. MYNA_ECONFIG names the key. conf is kept. */
enum myna_err myna_openai_resolve(struct myna_openai_target *t,
                                  const struct myna_openai_preset *preset,
                                  const struct myna_openai_conf *conf,
                                  const char *(*env)(const char *name), struct myna_why *why);
void myna_openai_target_fini(struct myna_openai_target *t);
/* All headers of a chat request; with `call` NULL those of a warm-up. */
enum myna_err myna_openai_headers(const struct myna_openai_target *t,
                                  const struct myna_openai_call *call,
                                  struct myna_openai_headers *out);
/* Whether a request for that call carries session headers. */
bool myna_openai_has_session(const struct myna_openai_target *t,
                             const struct myna_openai_call *call);

/* ---- openai_warm.c */

struct myna_openai_warm {
    struct myna_host *host;
    const char *name;         /* the provider's, in the log */
    void (*there)(void *arg); /* somebody answered; NULL is fine */
    void *arg;
    struct myna_http_request *rq; /* NULL: none is under way; the owner cancels it */
};
/* Asks for `url` unless it is being asked, for the connection alone. The headers are read at once.
 */
void myna_openai_warm(struct myna_openai_warm *w, const char *url,
                      const struct myna_openai_headers *headers);

/* ---- openai_pictures.c */

bool myna_openai_has_pictures(const struct myna_llm_request *req);
json_t *myna_openai_base64(const char *before, const struct myna_image *image); /* a string */
json_t *myna_openai_picture(const struct myna_image *image); /* a part of a message's content */
/* The same request for a model that cannot see: words stand for the pictures. It borrows. */
struct myna_openai_blind {
    struct myna_llm_request req;
    struct myna_item *items;
    bool *own; /* the item's text */
};
MYNA_MUST enum myna_err myna_openai_blind_init(struct myna_openai_blind *b,
                                               const struct myna_llm_request *req);
void myna_openai_blind_fini(struct myna_openai_blind *b);
enum myna_openai_refusal {
    MYNA_OPENAI_NO_REFUSAL,    /* it has nothing to do with pictures */
    MYNA_OPENAI_THIS_REQUEST,  /* perhaps of this one: without it the question may be answered */
    MYNA_OPENAI_TAKES_NO_IMAGE /* the model sees nothing */
};
/* What an answer to a question with a picture may mean. `body`: of the answer. */
enum myna_openai_refusal myna_openai_refusal_of(int status, struct myna_view body);

/* ---- openai_request.c */

/* The agent may see no more of the history than that: the first item of it. */
size_t myna_openai_first_item(const struct myna_openai_target *t,
                              const struct myna_llm_request *req);
/* The output of a call at or behind `from`; NULL: it has none. */
const struct myna_item *myna_openai_result_of(const struct myna_llm_request *req, size_t from,
                                              const char *call_id);
/* Whether somebody asked: the last words are the person's, or a tool's. *user: where the person's
 * are, n_items if they are not the last. */
bool myna_openai_asked(const struct myna_llm_request *req, size_t *user);
/* Instructions, and those for this answer behind an empty line. */
enum myna_err myna_openai_system(struct myna_buf *into, const char *instructions,
                                 const char *extra);
#define MYNA_OPENAI_GO_ON "(The caller says nothing. Go on.)"
/* The tools in the order of their names; the caller frees. */
const struct myna_tool_def **myna_openai_sorted_tools(const struct myna_llm_request *req);
json_t *myna_openai_schema(const struct myna_tool_def *def, struct myna_why *why);
/* JSON where the text begins like JSON, else a plain string. */
json_t *myna_openai_json_or_text(const char *text);

/* The body as JSON text; the caller frees. */
/* The agent's model where it has one. */
const char *myna_openai_model(const struct myna_openai_target *t,
                              const struct myna_llm_request *req);
enum myna_err myna_openai_body(const struct myna_openai_target *t,
                               const struct myna_llm_request *req, char **out,
                               struct myna_why *why);
/* Options that hold JSON (response_format, tool_choice, extra_body), checked once. */
enum myna_err myna_openai_check_json(const struct myna_openai_target *t, struct myna_why *why);

/* ---- openai_stream.c */

enum { MYNA_OPENAI_MAX_CALLS = 64 };

struct myna_openai_tool_call {
    int index;
    char *id, *name;
    char *extra; /* JSON text; NULL none */
    struct myna_buf arguments;
};

struct myna_openai_stream {
    /* false: the stream is gone; whoever called returns at once. FAULT and DONE are the last. */
    bool (*emit)(void *arg, const struct myna_llm_event *ev);
    void *arg;
    uint32_t salt; /* for calls that came without an id */
    bool hide_think;
    /* One JSON object of the stream, or the whole body; openai_stream.c's own unless set. */
    enum myna_err (*chunk)(struct myna_openai_stream *s, json_t *o);
    enum { OPENAI_SNIFF, OPENAI_SSE, OPENAI_JSON, OPENAI_PAGE } mode;
    struct myna_sse sse;
    struct myna_buf whole; /* JSON, PAGE: the body */
    struct myna_buf text;  /* of a message in work */
    struct myna_openai_tool_call calls[MYNA_OPENAI_MAX_CALLS];
    size_t n_calls;
    struct myna_llm_event usage;
    bool has_usage, has_output, finished, over;
    char finish[24];
    enum { THINK_START, THINK_IN, THINK_OUT } think;
    char held[16]; /* what may become a tag */
    size_t n_held;
    json_t *thinking; /* anthropic.c: blocks that come back with a tool's result; NULL none */
};

void myna_openai_stream_init(struct myna_openai_stream *s, bool hide_think, uint32_t salt,
                             bool (*emit)(void *arg, const struct myna_llm_event *ev), void *arg);
void myna_openai_stream_fini(struct myna_openai_stream *s);
/* MYNA_ECANCELED: emit() said that all is gone: touch nothing. MYNA_OK also when the answer is over
 * (DONE or FAULT was told): look at `over`. */
MYNA_MUST enum myna_err myna_openai_stream_feed(struct myna_openai_stream *s,
                                                struct myna_view bytes);
MYNA_MUST enum myna_err myna_openai_stream_end(struct myna_openai_stream *s);
/* What a price list makes of counted tokens; without one, what the server said. */
double myna_openai_cost(const struct myna_openai_prices *p, const struct myna_llm_event *usage);

/* ---- for a wire's chunk(): each is MYNA_ECANCELED when all is gone */

enum myna_err myna_openai_tell(struct myna_openai_stream *s, const struct myna_llm_event *ev);
enum myna_err myna_openai_say(struct myna_openai_stream *s, enum myna_llm_event_type type,
                              const char *text, size_t len);
enum myna_err myna_openai_fault(struct myna_openai_stream *s, enum myna_err err, int status,
                                bool retryable, const char *text);
/* The call of that index, made if new; NULL: too many. */
struct myna_openai_tool_call *myna_openai_call_at(struct myna_openai_stream *s, int index);
enum myna_err myna_openai_complete(struct myna_openai_stream *s);
int myna_openai_count(json_t *o, const char *key);

/* ---- openai_delta.c, beside tell(), fault(), say() and call_at() above */

/* A string, or a list of parts with texts. */
enum myna_err myna_openai_take_content(struct myna_openai_stream *s, json_t *value);
/* What looked like the beginning of a tag is text: nothing follows. */
enum myna_err myna_openai_flush_held(struct myna_openai_stream *s);
/* One of a delta's calls, the `position`th. */
enum myna_err myna_openai_take_call(struct myna_openai_stream *s, json_t *delta, size_t position);
enum myna_err myna_openai_tell_calls(struct myna_openai_stream *s);

/* ---- openai_failure.c */

struct myna_openai_failure {
    enum myna_err err;
    int status; /* 0: there was no answer */
    bool retryable;
    int64_t retry_after_ms; /* the server's wish; -1: none */
    char text[480];
};

void myna_openai_failure_of(const struct myna_openai_target *t, const struct myna_http_error *e,
                            struct myna_openai_failure *f);

/* ---- anthropic.c */

enum myna_err myna_anthropic_body(const struct myna_openai_target *t,
                                  const struct myna_llm_request *req, char **out,
                                  struct myna_why *why);
enum myna_err myna_anthropic_chunk(struct myna_openai_stream *s, json_t *o);

/* The server's own words in an error body, on one line and cut; at least the body's beginning. */
void myna_openai_error_text(struct myna_view body, const char *key, struct myna_buf *into);

#endif
