/* tools.c - the agent calls functions: of the toolbox, of the host (agent-session 1.11).
 *
 * Calls arrive while the agent still answers; once the speech may be heard each is handed to
 * who runs it at once, and they run side by side. The answer's *step* ends when its words were
 * heard and every call is answered:
 *
 *   words heard → their message enters the history before the calls → the speech waits in the
 *   background, state thinking → last result → outputs enter the history, one event → the same
 *   speech asks the agent again and stands in the queue anew
 *
 * An interruption ends the step where it is: what has finished is kept, what runs has the output
 * "interrupted", and its result finds nobody. Nothing that the model or a tool gets wrong ends the
 * call: it becomes an output that the model reads.
 *
 * The host is called from inside a settling session. It may do anything there, so nothing of the
 * speech is touched afterwards without looking for it anew.
 */
#include "session/tools.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"
#include "session/queue.h"
#include "util/json_dump.h"
#include "util/json_load.h"
#include "tools/schema.h"

#define INTERNAL_ERROR "An internal error occurred"

struct tool_run {
    struct tool_run *next;
    uint32_t number; /* among all calls of the session */
    struct myna_session *session;
    struct myna_tool_job *job; /* the toolbox works on it */
    char *call_id, *name, *arguments, *extra;
    uint32_t person, talk;  /* the speech's */
    struct myna_item *item; /* in the history; NULL: not started */
    bool lost;              /* and never will be */
    bool answered, is_error, no_reply, stop;
    char *output; /* NULL when answered: "" */
    myna_us ended;
    myna_us timeout_at;
};

/* ---- may it be called so? */

enum myna_err myna_tool_arguments(const struct myna_tool_def *def, const char *name,
                                  const char *arguments, char **out, struct myna_why *why)
{
    json_t *args, *schema = NULL;
    json_error_t at;
    struct myna_why what = {0};
    enum myna_err err = MYNA_OK;

    if (!arguments || !arguments[strspn(arguments, " \t\r\n")])
        arguments = "{}";
    args = myna_json_loads(arguments, JSON_DECODE_ANY, &at);
    if (!args)
        return myna_fail(why, MYNA_EFORMAT, "Error in the arguments of %s: they are not JSON (%s)",
                         name, at.text);
    if (!json_is_object(args)) {
        err = myna_fail(why, MYNA_EFORMAT,
                        "Error in the arguments of %s: they are not a JSON object", name);
        goto out;
    }
    if (def && def->parameters)
        schema = myna_json_loads(def->parameters, 0, NULL);
    if (schema && myna_schema_fits(schema, args, &what)) {
        err = myna_fail(why, MYNA_EFORMAT, "Error in the arguments of %s: %s", name, what.text);
        goto out;
    }
    *out = myna_json_dump(args, JSON_COMPACT);
    if (!*out)
        err = myna_fail(why, MYNA_ENOMEM, "Error in the call of %s: no memory", name);
out:
    json_decref(schema);
    json_decref(args);
    return err;
}

/* ---- one call */

static const struct myna_tool_def *offered(const struct myna_session *s, const char *name)
{
    for (size_t i = 0; i < s->n_tools; i++)
        if (!strcmp(s->tools[i].name, name))
            return &s->tools[i];
    return NULL;
}

static void free_run(struct tool_run *run)
{
    myna_tool_job_cancel(run->job);
    free(run->call_id);
    free(run->name);
    free(run->arguments);
    free(run->extra);
    free(run->output);
    free(run);
}

void myna_s_tools_free(struct speech *sp)
{
    struct tool_run *run;

    while ((run = sp->tools)) {
        sp->tools = run->next;
        free_run(run);
    }
}

static bool id_taken(const struct myna_session *s, const char *id)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        for (const struct tool_run *run = sp->tools; run; run = run->next)
            if (!strcmp(run->call_id, id))
                return true;
    for (size_t i = 0; i < s->n_items; i++)
        if (s->items[i]->type == MYNA_ITEM_FUNCTION_CALL && !strcmp(s->items[i]->call_id, id))
            return true;
    return false;
}

/* A result is known by its call's id, so no two calls may have the same, whatever the agent says.
 */
static char *make_id(struct myna_session *s, const char *id)
{
    char own[MYNA_ID_SIZE];

    if (id && id[0] && !id_taken(s, id))
        return strdup(id);
    myna_rand_id(&s->rand, "call_", own);
    return strdup(own);
}

static void answer(struct myna_session *s, struct tool_run *run, const char *output, bool is_error)
{
    if (run->answered)
        return;
    myna_tool_job_cancel(run->job); /* interrupted, or too late */
    run->job = NULL;
    run->answered = true;
    run->ended = s->now;
    run->is_error = is_error;
    run->timeout_at = MYNA_NEVER;
    run->output = strdup(output);
    if (!run->output)
        myna_s_log(s, MYNA_LOG_ERROR, "output of a tool lost, out of memory tool=%s", run->name);
    s->dirty = true;
}

void myna_s_tool_call(struct myna_session *s, struct speech *sp, const struct myna_llm_event *ev)
{
    const char *name = ev->name ? ev->name : "", *args = ev->arguments ? ev->arguments : "";
    struct tool_run *run, **end = &sp->tools;
    size_t n = 0;

    if (s->n_tools == 0 && !myna_s_runs_tools(s)) {
        myna_s_log(s, MYNA_LOG_WARN, "the agent called a tool that nobody offers tool=%s", name);
        return;
    }
    if (sp->tool_choice == MYNA_TOOLS_NONE) {
        sp->refused_call = true;
        myna_s_log(s, MYNA_LOG_ERROR, "the agent called a tool where none is allowed tool=%s",
                   name);
        return;
    }
    for (; *end; end = &(*end)->next)
        n++;
    if (n >= MYNA_TOOL_CALLS_MAX || strlen(name) > MYNA_TOOL_TEXT_MAX) {
        myna_s_log(s, MYNA_LOG_ERROR, "more than %d tool calls in one answer, dropped tool=%.64s",
                   MYNA_TOOL_CALLS_MAX, name);
        return;
    }
    run = calloc(1, sizeof *run);
    if (run) {
        run->number = ++s->tool_calls;
        run->timeout_at = MYNA_NEVER;
        run->session = s;
        run->person = sp->person;
        run->talk = sp->talk;
        run->call_id = make_id(s, ev->call_id);
        run->name = strdup(name);
        /* Too long: nothing of it is kept, and start_run() says so. */
        run->arguments = strdup(strlen(args) > MYNA_TOOL_TEXT_MAX ? "{}" : args);
        run->extra = ev->extra ? strdup(ev->extra) : NULL;
    }
    if (!run || !run->call_id || !run->name || !run->arguments || (ev->extra && !run->extra)) {
        myna_s_log(s, MYNA_LOG_ERROR, "tool call lost, out of memory tool=%s", name);
        if (run)
            free_run(run);
        return;
    }
    if (strlen(args) > MYNA_TOOL_TEXT_MAX) {
        struct myna_why why;

        (void)!myna_fail(&why, MYNA_ELIMIT,
                         "Error in the arguments of %s: they are longer than %zu bytes", name,
                         MYNA_TOOL_TEXT_MAX);
        answer(s, run, why.text, true);
    }
    *end = run;
}

static struct tool_run *find_number(struct myna_session *s, uint32_t number)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        for (struct tool_run *run = sp->tools; run; run = run->next)
            if (run->number == number)
                return run;
    return NULL;
}

static void unknown(struct myna_session *s, struct tool_run *run)
{
    struct myna_why why;

    (void)!myna_fail(&why, MYNA_ENOENT, "Unknown function: %s", run->name);
    answer(s, run, why.text, true);
}

/* The call enters the history. false: no memory, it is answered and leaves no trace there. */
static bool remember_call(struct myna_session *s, struct tool_run *run)
{
    struct myna_item *it = myna_s_item_new(s, MYNA_ITEM_FUNCTION_CALL);

    if (it) {
        it->conversation = run->talk;
        it->call_id = strdup(run->call_id);
        it->name = strdup(run->name);
        it->arguments = strdup(run->arguments);
        it->extra = run->extra ? strdup(run->extra) : NULL;
        if (!it->call_id || !it->name || !it->arguments || (run->extra && !it->extra)) {
            myna_s_item_free(it);
            it = NULL;
        }
    }
    if (it && myna_s_item_keep(s, it) == MYNA_OK) { /* taken, also when it fails */
        run->item = it;
        return true;
    }
    myna_s_log(s, MYNA_LOG_ERROR, "tool call lost, the history takes no more tool=%s", run->name);
    answer(s, run, INTERNAL_ERROR, true);
    run->lost = run->no_reply = true;
    return false;
}

/* ---- who runs it */

bool myna_s_runs_tools(const struct myna_session *s)
{
    return s->on_tool || s->n_agents > 1 || (s->toolbox && myna_toolbox_any(s->toolbox));
}

/* Words of the answer that the call stands in: who has said goodbye need not say farewell. */
static bool has_words(const struct myna_session *s, const struct tool_run *of)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        for (const struct tool_run *run = sp->tools; run; run = run->next)
            for (const struct segment *seg = run == of ? sp->segments : NULL; seg; seg = seg->next)
                if (seg->text.len)
                    return true;
    return false;
}

static void toolbox_done(void *arg, const struct myna_tool_outcome *how)
{
    struct tool_run *run = arg;
    struct myna_session *s = run->session;
    struct myna_tool_result r = {.size = sizeof r,
                                 .output = how->output,
                                 .is_error = how->is_error,
                                 .no_reply = how->end_call};
    bool farewell = how->end_call && !has_words(s, run);

    run->job = NULL;
    if (myna_session_tool_result(s, run->call_id, &r) == MYNA_OK && how->end_call)
        myna_s_end_call(s, farewell);
}

void myna_s_end_call(struct myna_session *s, bool farewell)
{
    myna_s_command(s, S_CMD_END_CALL, farewell, 0, NULL, NULL);
    myna_s_hangup(s, "end_call", farewell);
    myna_s_leave(s);
}

static bool ask_toolbox(struct myna_session *s, struct tool_run *run)
{
    struct myna_toolbox_call call = {
        .name = run->name, .arguments = run->arguments, .done = toolbox_done, .arg = run};

    run->job = s->toolbox ? myna_toolbox_call(s->toolbox, &call) : NULL;
    return run->job;
}

static void ask_host(struct myna_session *s, struct tool_run *run)
{
    uint32_t number = run->number;
    struct myna_tool_call call = {.size = sizeof call,
                                  .call_id = run->call_id,
                                  .name = run->name,
                                  .arguments = run->arguments,
                                  .by = myna_s_person_identity(s, run->person)};
    uint32_t person = run->person;
    bool known;

    if (s->conf.tool_timeout_ms >= 0)
        run->timeout_at = s->now + s->conf.tool_timeout_ms * MYNA_MS;
    /* Both into the recording: a replay has no host, and must know what was said in between. */
    myna_s_command(s, S_CMD_TOOL_CALL, number, 0, NULL, NULL);
    myna_s_leave(s);
    known = ask_toolbox(s, run) ||
            myna_s_handoff_call(s, run->call_id, run->name, run->arguments, person) ||
            (s->on_tool && s->on_tool(s->arg, s, &call));
    if (s->dead)
        return;
    myna_s_command(s, S_CMD_TOOL_TAKEN, number, known, NULL, NULL);
    myna_s_leave(s);
    run = find_number(s, number);
    if (run && !known)
        unknown(s, run);
}

bool myna_s_tools_start(struct myna_session *s, struct speech *sp)
{
    struct tool_run *run = sp->tools;
    const struct myna_tool_def *def;
    struct myna_why why;
    char *args = NULL;

    while (run && (run->item || run->lost))
        run = run->next;
    if (!run)
        return false;
    if (!run->answered) {
        def = offered(s, run->name);
        if ((s->n_tools > 0 && !def && !myna_s_tool_gone(s, run->name)) || !myna_s_runs_tools(s)) {
            unknown(s, run);
        } else if (myna_tool_arguments(def, run->name, run->arguments, &args, &why)) {
            answer(s, run, why.text, true);
        } else {
            free(run->arguments);
            run->arguments = args;
        }
    }
    if (remember_call(s, run) && !run->answered)
        ask_host(s, run);
    return true;
}

enum myna_err myna_session_tool_result(struct myna_session *s, const char *call_id,
                                       const struct myna_tool_result *r)
{
    static const struct myna_tool_result nothing = {.no_reply = true};
    struct tool_run *run = NULL;
    const char *output;
    struct myna_why why;
    bool is_error;

    if (!call_id)
        return MYNA_EINVAL;
    if (!s->started || s->closing.told)
        return MYNA_ESTATE;
    for (struct speech *sp = s->speeches; sp && !run; sp = sp->next)
        for (run = sp->tools; run; run = run->next)
            if (run->item && !run->answered && !strcmp(run->call_id, call_id))
                break;
    if (!run) {
        myna_s_log(s, MYNA_LOG_DEBUG, "a result that nobody waits for call=%.64s", call_id);
        return MYNA_ESTATE;
    }
    r = r ? r : &nothing;
    output = r->output ? r->output : "";
    is_error = r->is_error;
    if (is_error && !output[0])
        output = INTERNAL_ERROR;
    if (strlen(output) > MYNA_TOOL_TEXT_MAX) {
        is_error = true;
        (void)!myna_fail(&why, MYNA_ELIMIT, "The output of %s is longer than %zu bytes", run->name,
                         MYNA_TOOL_TEXT_MAX);
        output = why.text;
    }
    myna_s_command(s, S_CMD_TOOL_RESULT,
                   (is_error ? S_TOOL_ERROR : 0) | (r->no_reply ? S_TOOL_NO_REPLY : 0) |
                       (r->stop ? S_TOOL_STOP : 0),
                   0, call_id, output);
    run->no_reply = r->no_reply;
    run->stop = r->stop;
    answer(s, run, output, is_error);
    myna_s_leave(s);
    return MYNA_OK;
}

/* ---- the step */

const struct myna_item *myna_s_tools_first(const struct speech *sp)
{
    for (const struct tool_run *run = sp->tools; run; run = run->next)
        if (run->item)
            return run->item;
    return NULL;
}

bool myna_s_tools_busy(const struct myna_session *s)
{
    for (const struct speech *sp = s->speeches; sp; sp = sp->next)
        if (!sp->done && !sp->interrupted && (sp->waiting || sp->step > 0))
            return true;
    return false;
}

/* The output enters the history (a stopped tool has none); `out` is what the event shows. */
static void remember_output(struct myna_session *s, const struct tool_run *run,
                            struct myna_item *out)
{
    struct myna_item *it;

    *out = *run->item; /* the call's id and names serve where there is no item */
    out->type = MYNA_ITEM_FUNCTION_CALL_OUTPUT;
    out->arguments = out->extra = NULL;
    if (run->stop)
        return;
    it = myna_s_item_new(s, MYNA_ITEM_FUNCTION_CALL_OUTPUT);
    if (it) {
        it->conversation = run->talk;
        it->call_id = strdup(run->call_id);
        it->name = strdup(run->name);
        it->output = strdup(run->output ? run->output : "");
        it->is_error = run->is_error;
        if (!it->call_id || !it->name || !it->output) {
            myna_s_item_free(it);
            it = NULL;
        }
    }
    if (it && myna_s_item_keep(s, it) == MYNA_OK)
        *out = *it;
    else
        myna_s_log(s, MYNA_LOG_ERROR, "output of a tool lost, the history takes no more tool=%s",
                   run->name);
}

/* While it ran, others were answered: the model is to read what was asked for beside what came of
 * it, and that last (a request that ends with words of the agent's asks for nothing). */
static void move_behind_others(struct myna_session *s, const struct speech *sp)
{
    size_t i = s->n_items;

    if (s->turn_conf.queue <= 0)
        return;
    while (i > 0 && s->items[i - 1]->type != MYNA_ITEM_MESSAGE)
        i--;
    for (; i < s->n_items; i++)
        for (const struct tool_run *run = sp->tools; run; run = run->next)
            if (s->items[i] == run->item)
                return; /* nobody said anything since */
    for (const struct tool_run *run = sp->tools; run; run = run->next)
        if (run->item)
            myna_s_item_last(s, run->item);
}

void myna_s_tools_commit(struct myna_session *s, struct speech *sp)
{
    struct myna_item calls[MYNA_TOOL_CALLS_MAX], outputs[MYNA_TOOL_CALLS_MAX];
    struct myna_event ev = {.type = MYNA_EV_FUNCTION_TOOLS_EXECUTED};
    size_t n = 0;

    move_behind_others(s, sp);
    for (struct tool_run *run = sp->tools; run; run = run->next) {
        if (!run->item)
            continue; /* never started: as if it had not been said */
        answer(s, run, "interrupted", true);
        myna_s_span_tool(s, sp, run->item, run->ended, run->output, run->is_error);
        calls[n] = *run->item;
        remember_output(s, run, &outputs[n++]);
    }
    myna_s_tools_free(sp);
    if (n == 0)
        return;
    ev.u.tools.calls = calls;
    ev.u.tools.outputs = outputs;
    ev.u.tools.n = n;
    myna_s_event(s, &ev);
}

static bool all_answered(const struct speech *sp)
{
    for (const struct tool_run *run = sp->tools; run; run = run->next)
        if (!run->answered)
            return false;
    return true;
}

static bool wants_reply(const struct speech *sp)
{
    for (const struct tool_run *run = sp->tools; run; run = run->next)
        if (!run->no_reply && !run->stop)
            return true;
    return false;
}

/* The same speech once more: nothing asked, nothing heard. */
static void ask_again(struct myna_session *s, struct speech *sp)
{
    if (sp->step >= s->conf.max_tool_steps) {
        myna_s_log(s, MYNA_LOG_WARN, "no more rounds of tools, the agent must answer speech=%s",
                   sp->id);
        sp->tool_choice = MYNA_TOOLS_NONE;
    } else {
        sp->tool_choice = s->closing.asked ? MYNA_TOOLS_NONE : MYNA_TOOLS_AUTO;
    }
    myna_s_speech_renew(sp);
    (void)myna_s_speech_schedule(s, sp, 5);
}

bool myna_s_tools_step(struct myna_session *s, struct speech *sp)
{
    bool again;

    if (!sp->waiting) {
        sp->waiting = true;
        myna_s_speech_background(s, sp);
        return true;
    }
    if (!all_answered(sp))
        return false;
    again = wants_reply(sp) && !sp->failed;
    sp->waiting = false;
    sp->step++;
    myna_s_tools_commit(s, sp);
    if (again)
        ask_again(s, sp);
    else
        myna_s_speech_done(s, sp);
    return true;
}

void myna_s_tools_interrupt(struct myna_session *s, uint32_t person)
{
    for (struct speech *sp = s->speeches; sp; sp = sp->next)
        if ((sp->waiting || sp->step > 0) && sp->allow_interruptions &&
            !myna_s_queue_keeps(s, sp, person))
            myna_s_speech_interrupt(s, sp);
}

/* ---- time */

myna_us myna_s_tools_deadline(const struct speech *sp)
{
    myna_us at = MYNA_NEVER;

    for (const struct tool_run *run = sp->tools; run; run = run->next)
        at = run->timeout_at < at ? run->timeout_at : at;
    return at;
}

void myna_s_tools_expire(struct myna_session *s, struct speech *sp)
{
    struct myna_why why;

    for (struct tool_run *run = sp->tools; run; run = run->next)
        if (run->timeout_at <= s->now) {
            (void)!myna_fail(&why, MYNA_ETIMEOUT, "Error: %s did not answer within %d ms",
                             run->name, s->conf.tool_timeout_ms);
            answer(s, run, why.text, true);
        }
}
