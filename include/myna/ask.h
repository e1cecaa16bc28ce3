/* ask.h - one question, one answer, without sound. What `myna ask` does.
 *
 * A session of its own with the configured agent and its tools, no voice and no recogniser: the
 * question goes in as text, the answer comes out as it is made. The call is in the call log (door
 * "ask"), its cost and its errors too.
 *
 * While it runs it takes SIGINT and SIGTERM of the process: the first ends the question (the
 * agent's connection is closed) and it returns MYNA_ECANCELED.
 *
 * Thread: the caller's, which is kept until the answer is over.
 */
#ifndef MYNA_ASK_H
#define MYNA_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>
#include <myna/error.h>
#include <myna/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_ask_options {
    size_t size; /* sizeof(struct myna_ask_options) */
    /* Each piece of the answer as it comes; borrowed. */
    void (*on_text)(void *arg, const char *text);
    /* Every event of the session, e.g. for tools and trouble; NULL. */
    void (*on_event)(void *arg, const struct myna_event *ev);
    /* A sentence for the person that is no part of the answer; NULL. */
    void (*on_note)(void *arg, const char *sentence);
    void *arg;
};

struct myna_answer {
    char *text;       /* the whole answer */
    double first_ms;  /* question asked to first piece; -1: there was none */
    double whole_ms;  /* to the end of the answer */
    char *usage_json; /* what it took: a list of {"provider","model","input_tokens",…} */
};

/* MYNA_OK: it answered. Else the sentence in `why` names the agent's trouble; what came until then
 * is in `out` all the same. `cfg` is changed: no greeting, no sentence in place of an error, no
 * models for sound. */
MYNA_API MYNA_MUST enum myna_err myna_ask(struct myna_config *cfg, const char *question,
                                          const struct myna_ask_options *opt,
                                          struct myna_answer *out, struct myna_why *why);
MYNA_API void myna_answer_fini(struct myna_answer *a);

#ifdef __cplusplus
}
#endif
#endif
