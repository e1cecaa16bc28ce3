/* hermes_events.c - what the event stream of a run tells, as a turn (hermes_run.h). */
#include "providers/hermes_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/host.h"

enum myna_err myna_hermes_run_say(struct myna_hermes_run *run, const char *text)
{
    if (text && !run->has_text)
        text += strspn(text, " \r\n\t"); /* behind a tool Hermes begins with empty lines */
    if (!text || !*text)
        return MYNA_OK;
    run->has_text = true;
    return myna_openai_say(&run->answer, MYNA_LLM_TEXT, text, strlen(text));
}

static void tool(struct myna_hermes_run *run, json_t *o, const char *label, const char *status)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS,
                                .name = json_string_value(json_object_get(o, "tool")),
                                .arguments = label,
                                .text = myna_view_of(status)};

    (void)myna_hermes_run_emit(run, &ev);
}

/* The turn ends with the question; the run and its events stay. */
static enum myna_err ask(struct myna_hermes_run *run, json_t *o)
{
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};
    struct myna_buf text;
    enum myna_err err;

    if (run->denied) /* nobody is there to be asked */
        return myna_hermes_run_approve(run, MYNA_HERMES_DENY);
    run->offered = myna_hermes_offered(o);
    myna_buf_init(&text, 4096);
    err = myna_buf_puts(&text, run->has_text ? " " : "");
    if (!err)
        err = myna_hermes_question(o, run->offered, &text);
    tool(run, o, json_string_value(json_object_get(o, "command")), "waiting");
    if (!err)
        err = myna_hermes_run_say(run, myna_buf_str(&text));
    myna_buf_fini(&text);
    if (!err)
        err = myna_hermes_run_be_patient(run);
    if (!err)
        (void)myna_hermes_run_emit(run, &done);
    return err;
}

static enum myna_err completed(struct myna_hermes_run *run, json_t *o)
{
    json_t *usage = json_object_get(o, "usage");
    struct myna_llm_event ev = {.type = MYNA_LLM_USAGE,
                                .prompt_tokens = myna_openai_count(usage, "input_tokens"),
                                .completion_tokens = myna_openai_count(usage, "output_tokens"),
                                .total_tokens = myna_openai_count(usage, "total_tokens")};
    enum myna_err err = MYNA_OK;

    if (!run->has_text)
        err = myna_hermes_run_say(run, json_string_value(json_object_get(o, "output")));
    if (err)
        return err;
    if (usage) {
        run->answer.usage = ev;
        run->answer.has_usage = true;
    }
    run->answer.finished = true;
    run->answer.has_output = run->has_text;
    return myna_openai_complete(&run->answer);
}

/* Both kinds of failure: an event of the run, and an error object in place of one. */
static void failed(struct myna_hermes_run *run, json_t *o, const char *what)
{
    json_t *error = json_object_get(o, "error");
    const char *text =
        json_string_value(json_is_object(error) ? json_object_get(error, "message") : error);
    char line[300];

    snprintf(line, sizeof line, "%s%s%.200s", what, text ? ": " : "", text ? text : "");
    myna_hermes_run_fail_with(run, false, line);
}

enum myna_err myna_hermes_run_event(struct myna_openai_stream *s, json_t *o)
{
    struct myna_hermes_run *run = s->arg;
    const char *event = json_string_value(json_object_get(o, "event"));

    if (!event && json_object_get(o, "error"))
        failed(run, o, "Hermes reported an error");
    if (!event || run->stopping)
        return MYNA_OK;
    if (!strcmp(event, "message.delta"))
        return myna_hermes_run_say(run, json_string_value(json_object_get(o, "delta")));
    if (!strcmp(event, "tool.started"))
        tool(run, o, json_string_value(json_object_get(o, "preview")), "running");
    else if (!strcmp(event, "tool.completed"))
        tool(run, o, NULL, "completed");
    else if (!strcmp(event, "approval.request"))
        return ask(run, o);
    else if (!strcmp(event, "run.completed"))
        return completed(run, o);
    else if (!strcmp(event, "run.cancelled"))
        myna_hermes_run_fail_with(run, false, "Hermes stopped the run");
    else if (!strcmp(event, "run.failed"))
        failed(run, o, "Hermes could not finish the run");
    return MYNA_OK;
}
