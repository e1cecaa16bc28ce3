/* openai_delta.c - what a piece of an answer says: text, with the thinking taken out of it, and
 * tool calls.
 *
 * Tool calls are gathered by index and told together at the end of the answer: deltas of parallel
 * calls may come mixed, and a call of an answer that breaks off later must not run.
 */
#include "providers/openai.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json_dump.h"

#define MAX_ARGUMENTS ((size_t)1 << 20)

enum myna_err myna_openai_tell(struct myna_openai_stream *s, const struct myna_llm_event *ev)
{
    return s->emit(s->arg, ev) ? MYNA_OK : MYNA_ECANCELED;
}

enum myna_err myna_openai_fault(struct myna_openai_stream *s, enum myna_err err, int status,
                                bool retryable, const char *text)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_FAULT,
                                .fault = {.stage = MYNA_STAGE_LLM,
                                          .err = err,
                                          .message = text,
                                          .http_status = status,
                                          .retryable = retryable}};

    if (s->over)
        return MYNA_OK;
    s->over = true;
    return myna_openai_tell(s, &ev);
}

/* ---- text */

enum myna_err myna_openai_say(struct myna_openai_stream *s, enum myna_llm_event_type type,
                              const char *text, size_t len)
{
    struct myna_llm_event ev = {.type = type, .text = {(const uint8_t *)text, len}};

    if (!len)
        return MYNA_OK;
    if (type == MYNA_LLM_TEXT)
        s->has_output = true;
    return myna_openai_tell(s, &ev);
}

/* How many bytes of `tag` the text begins with; all of them: it is the tag. */
static size_t common(const char *text, size_t len, const char *tag)
{
    size_t n = 0;

    while (n < len && tag[n] && text[n] == tag[n])
        n++;
    return n;
}

/* The held bytes and these together, as far as it is clear what they are. Reasoning stands between
 * <think> and </think> at the very beginning of the answer, nowhere else. */
static enum myna_err think(struct myna_openai_stream *s, const char *text, size_t len)
{
    static const char open[] = "<think>", shut[] = "</think>";
    enum myna_err err = MYNA_OK;
    size_t at = 0;

    while (at < len && s->think == THINK_START) {
        if (!s->n_held && strchr(" \t\r\n", text[at])) {
            at++;
            continue;
        }
        if (text[at] == open[s->n_held]) {
            s->held[s->n_held++] = text[at++];
            if (s->n_held == sizeof open - 1) {
                s->think = THINK_IN;
                s->n_held = 0;
            }
            continue;
        }
        s->think = THINK_OUT; /* an answer that begins otherwise */
        err = myna_openai_say(s, MYNA_LLM_TEXT, s->held, s->n_held);
        if (err)
            return err;
        s->n_held = 0;
    }
    while (at < len && s->think == THINK_IN) {
        size_t from = at;

        if (s->n_held) { /* perhaps the end tag, begun in an earlier piece */
            if (text[at] == shut[s->n_held]) {
                s->held[s->n_held++] = text[at++];
            } else {
                err = myna_openai_say(s, MYNA_LLM_REASONING, s->held, s->n_held);
                if (err)
                    return err;
                s->n_held = 0;
            }
        } else {
            while (at < len && text[at] != '<')
                at++;
            err = myna_openai_say(s, MYNA_LLM_REASONING, text + from, at - from);
            if (err)
                return err;
            if (at < len)
                s->held[s->n_held++] = text[at++];
        }
        if (s->n_held == sizeof shut - 1) {
            s->n_held = 0;
            s->think = THINK_OUT;
            at += common(text + at, len - at, "\n\n");
        }
    }
    return myna_openai_say(s, MYNA_LLM_TEXT, text + at, len - at);
}

static enum myna_err content(struct myna_openai_stream *s, const char *text, size_t len)
{
    return s->hide_think ? think(s, text, len) : myna_openai_say(s, MYNA_LLM_TEXT, text, len);
}

enum myna_err myna_openai_flush_held(struct myna_openai_stream *s)
{
    size_t n = s->n_held;

    s->n_held = 0;
    return myna_openai_say(s, s->think == THINK_IN ? MYNA_LLM_REASONING : MYNA_LLM_TEXT, s->held,
                           n);
}

enum myna_err myna_openai_take_content(struct myna_openai_stream *s, json_t *value)
{
    enum myna_err err = MYNA_OK;
    json_t *part;
    size_t i;

    if (json_is_string(value))
        return content(s, json_string_value(value), json_string_length(value));
    json_array_foreach(value, i, part)
    {
        json_t *text = json_object_get(part, "text");

        if (json_is_string(text) && !err)
            err = content(s, json_string_value(text), json_string_length(text));
    }
    return err;
}

/* ---- tool calls */

static struct myna_openai_tool_call *new_call(struct myna_openai_stream *s, int index)
{
    struct myna_openai_tool_call *c;

    if (s->n_calls == MYNA_OPENAI_MAX_CALLS)
        return NULL;
    c = &s->calls[s->n_calls++];
    *c = (struct myna_openai_tool_call){.index = index};
    myna_buf_init(&c->arguments, MAX_ARGUMENTS);
    return c;
}

struct myna_openai_tool_call *myna_openai_call_at(struct myna_openai_stream *s, int index)
{
    for (size_t i = 0; i < s->n_calls; i++)
        if (s->calls[i].index == index)
            return &s->calls[i];
    return new_call(s, index);
}

/* The call that a delta goes on with, or a new one. */
static struct myna_openai_tool_call *call_of(struct myna_openai_stream *s, int index,
                                             size_t position, const char *id, const char *name)
{
    struct myna_openai_tool_call *c = NULL;

    if (index >= 0) {
        for (size_t i = 0; i < s->n_calls; i++)
            if (s->calls[i].index == index)
                c = &s->calls[i]; /* the last of that index */
    } else if (id) {
        for (size_t i = 0; i < s->n_calls; i++)
            if (s->calls[i].id && !strcmp(s->calls[i].id, id))
                c = &s->calls[i];
    } else if (!name || position >= s->n_calls || !s->calls[position].name) {
        c = position < s->n_calls ? &s->calls[position] : NULL;
        if (!c && s->n_calls && !name)
            c = &s->calls[s->n_calls - 1];
    }
    if (c && id && c->id && strcmp(c->id, id) != 0)
        c = NULL; /* servers exist that number all calls 0 */
    return c ? c : new_call(s, index);
}

static enum myna_err keep(char **into, const char *text)
{
    if (*into || !text || !text[0])
        return MYNA_OK;
    *into = strdup(text);
    return *into ? MYNA_OK : MYNA_ENOMEM;
}

/* Comes back with the call as it came: {"extra_content": …}. */
static enum myna_err keep_extra(struct myna_openai_tool_call *c, json_t *extra)
{
    json_t *whole;

    if (c->extra || !json_is_object(extra))
        return MYNA_OK;
    whole = json_pack("{s:O}", "extra_content", extra);
    c->extra = whole ? myna_json_dump(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    return c->extra ? MYNA_OK : MYNA_ENOMEM;
}

enum myna_err myna_openai_take_call(struct myna_openai_stream *s, json_t *delta, size_t position)
{
    json_t *f = json_object_get(delta, "function"), *index = json_object_get(delta, "index");
    json_t *arguments = json_object_get(f, "arguments");
    const char *id = json_string_value(json_object_get(delta, "id"));
    const char *name = json_string_value(json_object_get(f, "name"));
    struct myna_openai_tool_call *c;
    char *dumped;

    if (!json_is_object(delta))
        return MYNA_OK;
    id = id && id[0] ? id : NULL;
    name = name && name[0] ? name : NULL;
    c = call_of(s, json_is_integer(index) ? (int)json_integer_value(index) : -1, position, id,
                name);
    if (!c)
        return myna_openai_fault(s, MYNA_ELIMIT, 0, false,
                                 "the agent calls too many tools in one answer");
    if (keep(&c->id, id) || keep(&c->name, name))
        return MYNA_ENOMEM;
    if (json_is_string(arguments)) {
        myna_buf_put(&c->arguments, json_string_value(arguments), json_string_length(arguments));
    } else if (json_is_object(arguments)) { /* instead of its text */
        dumped = myna_json_dump(arguments, JSON_COMPACT);
        if (!dumped)
            return MYNA_ENOMEM;
        myna_buf_puts(&c->arguments, dumped);
        free(dumped);
    }
    if (keep_extra(c, json_object_get(delta, "extra_content")))
        return MYNA_ENOMEM;
    if (c->arguments.err == MYNA_ELIMIT)
        return myna_openai_fault(s, MYNA_ELIMIT, 0, false,
                                 "the arguments of a tool call are too long");
    return c->arguments.err;
}

enum myna_err myna_openai_tell_calls(struct myna_openai_stream *s)
{
    enum myna_err err = MYNA_OK;

    for (size_t i = 0; i < s->n_calls && !err; i++) {
        struct myna_openai_tool_call *c = &s->calls[i];
        /* That of the first of parallel calls is all of theirs. */
        struct myna_llm_event ev = {.type = MYNA_LLM_TOOL_CALL,
                                    .call_id = c->id,
                                    .name = c->name,
                                    .extra = c->extra ? c->extra : s->calls[0].extra};
        char id[40];

        if (!c->name)
            continue; /* nobody could tell which tool */
        ev.arguments = c->arguments.len ? myna_buf_str(&c->arguments) : "{}";
        if (!c->id) {
            snprintf(id, sizeof id, "call_%08x_%zu", s->salt, i);
            ev.call_id = id;
        }
        s->has_output = true;
        err = myna_openai_tell(s, &ev);
    }
    return err;
}
