/* ask.c - a session without a door: the question goes in, the agent's words come out.
 *
 * The answer is over when the agent has listened for a moment (between two pieces of one answer,
 * and around a tool, it may do so for an instant), as in typed.c. An error that is not tried again
 * is the result, whatever was said before it.
 */
#include <myna/ask.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <myna/calls.h>
#include <myna/runtime.h>
#include <myna/session.h>

#include "console/signals.h"
#include "util/buf.h"
#include "util/item_json.h"
#include "util/json_dump.h"

#define SETTLED    (50 * MYNA_MS)
#define ANSWER_MAX (8 << 20)

struct ask {
    const struct myna_ask_options *opt;
    struct myna_config *cfg;
    struct myna_runtime *rt;
    struct myna_session *session;
    struct myna_calls *calls;
    struct myna_signals signals;
    struct myna_timer settle;
    struct myna_buf text;
    json_t *usage;
    myna_us asked, first; /* first: MYNA_NEVER, no word yet */
    bool closed;
    enum myna_err err;
    struct myna_why why;
};

static void note(void *arg, const char *sentence)
{
    struct ask *a = arg;

    if (a->opt->on_note)
        a->opt->on_note(a->opt->arg, sentence);
}

static void interrupted(void *arg)
{
    struct ask *a = arg;

    if (!a->err)
        a->err = myna_fail(&a->why, MYNA_ECANCELED, "ended at once on request");
    myna_session_shutdown(a->session, false, "user_initiated");
}

static void settle_fire(struct myna_timer *t)
{
    struct ask *a = t->arg;

    myna_session_shutdown(a->session, true, "user_initiated");
}

static void take_text(struct ask *a, const char *text)
{
    if (!*text)
        return;
    if (a->first == MYNA_NEVER)
        a->first = myna_runtime_now(a->rt);
    if (a->text.len < ANSWER_MAX)
        myna_buf_puts(&a->text, text);
    if (a->opt->on_text)
        a->opt->on_text(a->opt->arg, text);
}

static void take_usage(struct ask *a, const struct myna_usage *usage, size_t n)
{
    json_decref(a->usage);
    a->usage = json_array();
    for (size_t i = 0; i < n; i++) {
        double cost = myna_usage_cost(&usage[i]);
        json_t *row = myna_usage_json(&usage[i]);

        (void)json_object_set_new(row, "costUsd", cost >= 0 ? json_real(cost) : json_null());
        (void)json_array_append_new(a->usage, row);
    }
}

static void take_fault(struct ask *a, const struct myna_fault *f)
{
    if (!f->recoverable && !a->err)
        a->err = myna_fail(&a->why, f->err ? f->err : MYNA_EPROVIDER, "%s",
                           f->message ? f->message : "the agent has failed");
}

static void on_event(void *arg, struct myna_session *s, const struct myna_event *ev)
{
    struct ask *a = arg;

    myna_calls_event(a->calls, s, ev);
    if (a->opt->on_event)
        a->opt->on_event(a->opt->arg, ev);
    if (ev->type == MYNA_EV_AGENT_TRANSCRIPT && !ev->u.agent_transcript.is_final) {
        take_text(a, ev->u.agent_transcript.text);
    } else if (ev->type == MYNA_EV_SESSION_USAGE_UPDATED) {
        take_usage(a, ev->u.usage.usage, ev->u.usage.n);
    } else if (ev->type == MYNA_EV_ERROR) {
        take_fault(a, &ev->u.fault);
    } else if (ev->type == MYNA_EV_AGENT_STATE_CHANGED && !a->closed) {
        myna_timer_clear(&a->settle);
        if (ev->u.agent_state.new_state == MYNA_AGENT_LISTENING && a->asked != MYNA_NEVER)
            (void)!myna_timer_set(&a->settle, myna_runtime_now(a->rt) + SETTLED);
    } else if (ev->type == MYNA_EV_CLOSE) {
        if (ev->u.close.fault)
            take_fault(a, ev->u.close.fault);
        a->closed = true;
        myna_timer_clear(&a->settle);
        myna_signals_close(&a->signals);
    }
}

/* Nobody is greeted, an error is an error and not a sentence, and what has to do with sound need
 * not be on this machine. */
static enum myna_err prepare(struct myna_config *cfg, struct myna_why *why)
{
    static const char *const settings[][2] = {
        {"agent.greet", "false"},          {"session.error_sentence", ""},
        {"session.long_turn_message", ""}, {"vad.provider", "energy"},
        {"stt.provider", "instant"},       {"tts.provider", "instant"}};

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        enum myna_err err = myna_config_set(cfg, settings[i][0], settings[i][1], "ask", why);

        if (err)
            return err;
    }
    return MYNA_OK;
}

static enum myna_err open_all(struct ask *a, struct myna_why *why)
{
    struct myna_runtime_options ro = {.size = sizeof ro, .config = a->cfg};
    struct myna_session_options so = {.size = sizeof so,
                                      .transport_name = "none",
                                      .on_event = on_event,
                                      .arg = a,
                                      .tells_errors = true};
    struct myna_call_info info = {.size = sizeof info, .door = "ask", .text_only = true};
    struct myna_why no_log = {0};
    enum myna_err err = prepare(a->cfg, why);

    if (!err)
        err = myna_signals_open(&a->signals, why);
    if (!err)
        err = myna_runtime_create(&ro, &a->rt, why);
    if (err)
        return err;
    myna_host_timer_init(myna_runtime_host(a->rt), &a->settle, settle_fire, a);
    err = myna_signals_watch(&a->signals, myna_runtime_host(a->rt), why);
    if (!err)
        err = myna_session_create(a->rt, &so, &a->session, why);
    if (err)
        return err;
    if (myna_calls_open(a->rt, note, a, &a->calls, &no_log))
        note(a, no_log.text);
    myna_calls_begin(a->calls, a->session, &info);
    return myna_session_start(a->session, why);
}

static enum myna_err put_question(struct ask *a, const char *question, struct myna_why *why)
{
    a->asked = myna_runtime_now(a->rt);
    if (myna_session_text(a->session, question))
        return myna_fail(why, MYNA_ESTATE, "the agent does not take the question");
    myna_runtime_run(a->rt);
    if (!a->err && !a->closed)
        a->err = myna_fail(&a->why, MYNA_EPROVIDER, "the agent has ended without an answer");
    if (!a->err && a->first == MYNA_NEVER)
        a->err = myna_fail(&a->why, MYNA_EPROVIDER, "the agent has answered with no word");
    if (a->err)
        *why = a->why;
    return a->err;
}

static void results(struct ask *a, struct myna_answer *out)
{
    *out = (struct myna_answer){.first_ms = -1};
    if (a->asked != MYNA_NEVER && a->rt) {
        out->whole_ms = (double)(myna_runtime_now(a->rt) - a->asked) / 1e3;
        if (a->first != MYNA_NEVER)
            out->first_ms = (double)(a->first - a->asked) / 1e3;
    }
    out->text = a->text.err ? NULL : myna_buf_take(&a->text);
    if (!out->text)
        out->text = strdup("");
    out->usage_json = a->usage ? myna_json_dump(a->usage, JSON_COMPACT) : strdup("[]");
}

static void fini(struct ask *a)
{
    if (a->settle.in)
        myna_timer_clear(&a->settle);
    myna_signals_close(&a->signals);
    myna_session_destroy(a->session);
    myna_calls_close(a->calls);
    myna_runtime_destroy(a->rt);
    myna_buf_fini(&a->text);
    json_decref(a->usage);
}

enum myna_err myna_ask(struct myna_config *cfg, const char *question,
                       const struct myna_ask_options *opt, struct myna_answer *out,
                       struct myna_why *why)
{
    struct ask a = {.opt = opt, .cfg = cfg, .asked = MYNA_NEVER, .first = MYNA_NEVER};
    struct myna_why own = {0};
    enum myna_err err;

    why = why ? why : &own;
    myna_signals_init(&a.signals, interrupted, &a);
    myna_buf_init(&a.text, 0);
    err = open_all(&a, why);
    if (!err)
        err = put_question(&a, question, why);
    results(&a, out);
    fini(&a);
    return err;
}

void myna_answer_fini(struct myna_answer *a)
{
    free(a->text);
    free(a->usage_json);
    *a = (struct myna_answer){0};
}
