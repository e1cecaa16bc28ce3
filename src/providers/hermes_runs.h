/* hermes_runs.h - turns with Hermes as runs, where its capabilities offer them (spec: voice-gateway
 * 16.1): a run can be stopped, and it can ask the person for permission.
 *
 * A turn is POST /v1/runs, then the run's event stream. The history is ours and travels along. When
 * the run asks for permission, the question is the answer of this turn; the run waits, and what the
 * person says next decides: yes once, always, or no. permission_timeout (60 s) without an answer is
 * a no.
 *
 * Thread: the loop's.
 */
#ifndef MYNA_PROVIDERS_HERMES_RUNS_H
#define MYNA_PROVIDERS_HERMES_RUNS_H

#include "providers/openai.h"

struct myna_hermes_runs;

/* `target` and `llm` are kept. NULL: memory is short, or the address is none. */
struct myna_hermes_runs *myna_hermes_runs_create(struct myna_llm *llm,
                                                 const struct myna_openai_target *target);
/* Runs that are out are asked to stop as far as a request still gets out. NULL is fine. */
void myna_hermes_runs_destroy(struct myna_hermes_runs *r);
/* Asks for its capabilities, once; until they are known (and without them) no turn is taken. */
void myna_hermes_runs_probe(struct myna_hermes_runs *r);
/* MYNA_EAGAIN: not a turn for a run (no capability, a picture in it): ask by chat. `chat_body`: the
 * body that a chat request would have, `session`: its session id or NULL, `headers`: all of it. */
enum myna_err myna_hermes_runs_start(struct myna_hermes_runs *r, const char *call_id,
                                     const char *session, const char *chat_body,
                                     const struct myna_openai_headers *headers,
                                     struct myna_llm_stream **out);
/* Closes that stream if it is one of ours. */
bool myna_hermes_runs_close(struct myna_hermes_runs *r, struct myna_llm_stream *st);

/* ---- hermes_approval.c, pure */

enum myna_hermes_choice { /* a set: what the server offers */
                          MYNA_HERMES_UNCLEAR = 0,
                          MYNA_HERMES_ONCE = 1,
                          MYNA_HERMES_SESSION = 2,
                          MYNA_HERMES_ALWAYS = 4,
                          MYNA_HERMES_DENY = 8,
};

/* What the person means, among what is offered; a no anywhere in it is a no. */
enum myna_hermes_choice myna_hermes_choice_of(const char *said, unsigned offered);
/* As the wire calls it. */
const char *myna_hermes_choice_name(enum myna_hermes_choice c);
/* The question as a voice asks it, from the event approval.request. */
enum myna_err myna_hermes_question(json_t *event, unsigned offered, struct myna_buf *into);
unsigned myna_hermes_offered(json_t *event);

#endif
