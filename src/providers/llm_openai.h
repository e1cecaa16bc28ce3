/* llm_openai.h - agents and models behind OpenAI's chat completions from the inside: one client, a
 * class a preset.
 *
 * A stream is one request. close() before the answer's end closes the socket, which is how the
 * agent at the other side learns that it was interrupted; after the end the connection is kept.
 *
 * Retries are the session's. Here are only three things that it cannot know: a server's Retry-After
 * (the next request is held back so long, or refused at once if that is too long for a caller) and
 * session headers that Hermes does not accept (one more try without them), and pictures that are
 * refused (one more try with words in their place; a model that says that it takes none is then
 * never shown any again).
 *
 * llm_openai_request.c lives the request; llm_openai.c has the classes. Loop thread.
 */
#ifndef MYNA_PROVIDERS_LLM_OPENAI_H
#define MYNA_PROVIDERS_LLM_OPENAI_H

#include "providers/hermes_runs.h"
#include "providers/openai.h"

enum { MYNA_OPENAI_REMEMBERED = 256 }; /* calls whose session ids are kept */

struct llm_memory { /* of one call */
    char *id, *adopted;
    bool no_session;
    uint64_t used;
};

struct llm_openai {
    struct myna_llm base;
    const struct myna_openai_preset *preset;
    struct myna_openai_conf conf;
    struct myna_openai_target target;
    struct llm_memory calls[MYNA_OPENAI_REMEMBERED];
    uint64_t uses;
    myna_us not_before; /* real time: Retry-After */
    struct myna_openai_warm warm;
    struct myna_hermes_runs *runs; /* NULL: all goes by chat */
    bool blind;                    /* the model takes no pictures */
};

struct llm_stream {
    struct myna_llm_stream base;
    struct llm_openai *owner;
    struct llm_memory *call; /* NULL: the session has no id */
    char *body, *caller;
    char *plain; /* the body without its pictures; NULL: there are none, or it is being tried */
    struct myna_http_request *rq;
    struct myna_openai_stream answer;
    struct myna_timer life, later;
    char late[512]; /* a fault that start() found */
    int late_status;
    bool *gone; /* set by close() while we speak */
    bool sent_session, tried_without;
    enum myna_openai_refusal refused; /* of its pictures: it is tried without them */
};

/* start() and close() of the classes. */
enum myna_err myna_openai_request_start(struct myna_llm *llm, const struct myna_llm_request *req,
                                        struct myna_llm_stream **out);
void myna_openai_request_close(struct myna_llm_stream *base);

#endif
