/* hermes_run.h - the inside of a run, for the files hermes_*.c alone.
 *
 *     start() ── POST /runs ──> id ── GET events ──> text, tools, …, completed
 *                                          │ approval.request: the question is said, the turn ends
 *                                          ▼
 *     start() of the next turn ── POST approval ──> the same events go on in the new stream
 *
 * hermes_runs.c has the list of runs and their streams, hermes_wire.c what goes over the wire,
 * hermes_events.c what Hermes tells, hermes_probe.c what it can.
 */
#ifndef MYNA_PROVIDERS_HERMES_RUN_H
#define MYNA_PROVIDERS_HERMES_RUN_H

#include "providers/hermes_runs.h"

enum {
    MYNA_HERMES_ID = 128,
    MYNA_HERMES_SMALL = 64 << 10, /* bytes of an answer that is not the event stream */
    MYNA_HERMES_QUICK_MS = 5000,  /* for what nobody listens to */
};

struct myna_hermes_stream;

struct myna_hermes_run {
    struct myna_hermes_runs *owner;
    struct myna_hermes_run *next;
    struct myna_hermes_stream *stream; /* who listens; NULL nobody */
    char *call_id;                     /* NULL: the session has none */
    char id[MYNA_HERMES_ID];           /* the run's; "" not known yet */
    struct myna_http_request *begin, *events, *post;
    struct myna_openai_headers headers;
    struct myna_openai_stream answer;
    struct myna_buf body; /* of `begin` */
    struct myna_timer patience, life;
    unsigned offered; /* not 0: it waits for a permission */
    bool has_text, stopping;
    bool denied; /* nobody answered: what it still says is not listened to */
    int busy;    /* within a callback: not freed */
};

struct myna_hermes_runs {
    struct myna_llm *llm;
    const struct myna_openai_target *target;
    char *runs_url, *capabilities_url;
    struct myna_hermes_run *runs;
    size_t n;
    struct myna_http_request *probe;
    struct myna_buf said; /* of the probe */
    enum { MYNA_HERMES_UNKNOWN, MYNA_HERMES_YES, MYNA_HERMES_NO } can;
};

/* ---- hermes_runs.c */

/* To whoever listens; with nobody there it is dropped. Always true: the run stays. */
bool myna_hermes_run_emit(void *run, const struct myna_llm_event *ev);
void myna_hermes_run_fail(struct myna_hermes_run *run, const struct myna_openai_failure *f);
void myna_hermes_run_fail_with(struct myna_hermes_run *run, bool retryable, const char *text);
/* Frees it unless something of it is still awaited. Not to be touched afterwards. */
void myna_hermes_run_let_go(struct myna_hermes_run *run);
/* Nobody wants it any more. */
void myna_hermes_run_stop(struct myna_hermes_run *run);

/* A permission is waited for, or a denied run for its end, no longer than permission_timeout. */
enum myna_err myna_hermes_run_be_patient(struct myna_hermes_run *run);

/* ---- hermes_events.c */

enum myna_err myna_hermes_run_event(struct myna_openai_stream *s, json_t *o);
enum myna_err myna_hermes_run_say(struct myna_hermes_run *run, const char *text);

/* ---- hermes_wire.c */

/* POST /runs. MYNA_EAGAIN: this chat is none for a run. */
enum myna_err myna_hermes_run_begin(struct myna_hermes_run *run, const char *session,
                                    const char *chat_body);
/* POST /runs/ID/what. */
enum myna_err myna_hermes_run_post(struct myna_hermes_run *run, const char *what, const char *body);
enum myna_err myna_hermes_run_approve(struct myna_hermes_run *run, enum myna_hermes_choice c);

#endif
