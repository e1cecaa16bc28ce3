/* openai_stream.c - the answer's bytes become events of the stage.
 *
 * An answer is a stream of events, or one JSON object from a gateway that ignored `stream`, or a
 * web page from something else entirely: the first character tells. Servers differ in everything
 * but the outline, so what is missing, null or repeated is put up with; what says "error" never is.
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
#include "util/utf8.h"

#define MAX_EVENT     ((size_t)1 << 20)
#define MAX_WHOLE     ((size_t)8 << 20)
#define MAX_ARGUMENTS ((size_t)1 << 20)
#define MAX_PAGE      4096 /* enough of a web page to say what it is */

static enum myna_err tell(struct myna_openai_stream *s, const struct myna_llm_event *ev)
{
    return s->emit(s->arg, ev) ? MYNA_OK : MYNA_ECANCELED;
}

/* ---- errors */

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
    return tell(s, &ev);
}

/* In whichever of the usual places the words stand. */
static const char *words_of(json_t *o)
{
    json_t *error = json_object_get(o, "error");
    const char *text = json_string_value(json_object_get(error, "message"));

    if (!text)
        text = json_string_value(error);
    if (!text)
        text = json_string_value(json_object_get(o, "message"));
    if (!text)
        text = json_string_value(json_object_get(o, "detail"));
    return text;
}

static int number_of(json_t *error)
{
    json_t *code = json_object_get(error, "code");
    json_int_t n = json_integer_value(code);

    if (!n)
        n = json_integer_value(json_object_get(error, "status"));
    return n >= 100 && n < 600 ? (int)n : 0;
}

void myna_openai_error_text(struct myna_view body, const char *key, struct myna_buf *into)
{
    json_t *o = json_loadb((const char *)body.ptr, body.len, JSON_ALLOW_NUL, NULL);
    const char *words = words_of(o);
    struct myna_view v = words ? myna_view_of(words) : body;

    myna_http_excerpt(into, v, &key, 1);
    json_decref(o);
}

static enum myna_err error_object(struct myna_openai_stream *s, json_t *o)
{
    json_t *error = json_object_get(o, "error");
    const char *words = words_of(o);
    int status = number_of(error);
    enum myna_err err;

    myna_buf_clear(&s->text);
    myna_buf_puts(&s->text, "the agent reported an error");
    if (words && words[0]) {
        myna_buf_puts(&s->text, ": ");
        myna_http_excerpt(&s->text, myna_view_of(words), NULL, 0);
    }
    err = myna_openai_fault(s, MYNA_EPROVIDER, status, true, myna_buf_str(&s->text));
    return err;
}

static enum myna_err bad_bytes(struct myna_openai_stream *s, const char *what,
                               struct myna_view bytes)
{
    myna_buf_clear(&s->text);
    myna_buf_printf(&s->text, "%s: ", what);
    myna_http_excerpt(&s->text, bytes, NULL, 0);
    return myna_openai_fault(s, MYNA_EFORMAT, 0, true, myna_buf_str(&s->text));
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
    return tell(s, &ev);
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

static enum myna_err flush_held(struct myna_openai_stream *s)
{
    size_t n = s->n_held;

    s->n_held = 0;
    return myna_openai_say(s, s->think == THINK_IN ? MYNA_LLM_REASONING : MYNA_LLM_TEXT, s->held,
                           n);
}

/* A string, or a list of parts with texts. */
static enum myna_err take_content(struct myna_openai_stream *s, json_t *value)
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

static enum myna_err take_call(struct myna_openai_stream *s, json_t *delta, size_t position)
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

static enum myna_err tell_calls(struct myna_openai_stream *s)
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
        err = tell(s, &ev);
    }
    return err;
}

/* ---- chunks */

int myna_openai_count(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    double n = json_is_number(v) ? json_number_value(v) : 0;

    return n > 0 && n < 2e9 ? (int)n : 0;
}

/* Counted once, wherever and however often it stands: the last one holds. */
static void take_usage(struct myna_openai_stream *s, json_t *u)
{
    if (!json_is_object(u))
        return;
    s->has_usage = true;
    s->usage = (struct myna_llm_event){
        .type = MYNA_LLM_USAGE,
        .prompt_tokens = myna_openai_count(u, "prompt_tokens"),
        .prompt_cached_tokens =
            myna_openai_count(json_object_get(u, "prompt_tokens_details"), "cached_tokens"),
        .completion_tokens = myna_openai_count(u, "completion_tokens"),
        .prompt_cache_write_tokens =
            myna_openai_count(json_object_get(u, "prompt_tokens_details"), "cache_write_tokens"),
        .total_tokens = myna_openai_count(u, "total_tokens"),
        .cost = json_number_value(json_object_get(u, "cost")), /* OpenRouter's */
    };
    if (!s->usage.total_tokens)
        s->usage.total_tokens = s->usage.prompt_tokens + s->usage.completion_tokens;
}

double myna_openai_cost(const struct myna_openai_prices *p, const struct myna_llm_event *usage)
{
    int cached = usage->prompt_cached_tokens, written = usage->prompt_cache_write_tokens;
    int fresh = usage->prompt_tokens - cached - written;

    if (p->input <= 0 && p->output <= 0)
        return usage->cost > 0 ? usage->cost : 0;
    return ((fresh > 0 ? fresh : 0) * p->input + cached * (p->cached > 0 ? p->cached : p->input) +
            written * (p->cache_write > 0 ? p->cache_write : p->input) +
            usage->completion_tokens * p->output) /
           1e6;
}

static enum myna_err take_delta(struct myna_openai_stream *s, json_t *delta)
{
    static const char *const hidden[] = {"reasoning_content", "reasoning"};
    enum myna_err err = MYNA_OK;
    json_t *calls = json_object_get(delta, "tool_calls"), *call;
    size_t i;

    for (i = 0; i < 2 && !err; i++) {
        json_t *text = json_object_get(delta, hidden[i]);

        if (!json_string_length(text))
            continue;
        err = myna_openai_say(s, MYNA_LLM_REASONING, json_string_value(text),
                              json_string_length(text));
        break; /* some send it under both names */
    }
    if (!err)
        err = take_content(s, json_object_get(delta, "content"));
    if (!err)
        err = take_content(s, json_object_get(delta, "refusal"));
    json_array_foreach(calls, i, call) if (!err && !s->over) err = take_call(s, call, i);
    return err;
}

static enum myna_err take_chunk(struct myna_openai_stream *s, json_t *o)
{
    json_t *error = json_object_get(o, "error"), *choice;
    json_t *delta;
    const char *finish;
    enum myna_err err;

    if (error && !json_is_null(error) && !json_is_false(error))
        return error_object(s, o);
    take_usage(s, json_object_get(o, "usage"));
    choice = json_array_get(json_object_get(o, "choices"), 0);
    delta = json_object_get(choice, "delta");
    err = take_delta(s, json_is_object(delta) ? delta : json_object_get(choice, "message"));
    if (err || s->over)
        return err;
    finish = json_string_value(json_object_get(choice, "finish_reason"));
    if (!finish || !finish[0])
        return MYNA_OK;
    if (!strcmp(finish, "error"))
        return myna_openai_fault(s, MYNA_EPROVIDER, 0, true,
                                 "the agent broke off its answer with an error");
    s->finished = true;
    snprintf(s->finish, sizeof s->finish, "%s", finish);
    return MYNA_OK;
}

/* What is not UTF-8 becomes U+FFFD: a broken character costs a character, not the answer. */
static json_t *parse(struct myna_openai_stream *s, struct myna_view text)
{
    const uint8_t *p = text.ptr, *end = text.ptr + text.len;

    if (myna_utf8_span(p, text.len) == text.len)
        return json_loadb((const char *)p, text.len, JSON_ALLOW_NUL, NULL);
    myna_buf_clear(&s->text);
    while (p < end) {
        size_t good = myna_utf8_span(p, (size_t)(end - p));

        myna_buf_put(&s->text, p, good);
        p += good;
        if (p < end) {
            int bad = myna_utf8_next(p, (size_t)(end - p));

            myna_buf_puts(&s->text, MYNA_UTF8_BROKEN);
            p += bad < 0 ? -bad : end - p;
        }
    }
    return json_loadb((const char *)s->text.ptr, s->text.len, JSON_ALLOW_NUL, NULL);
}

static enum myna_err take_json(struct myna_openai_stream *s, struct myna_view text)
{
    json_t *o = parse(s, text);
    enum myna_err err;

    if (!json_is_object(o)) {
        json_decref(o);
        return bad_bytes(s, "the agent sent something that is no JSON object", text);
    }
    err = s->chunk ? s->chunk(s, o) : take_chunk(s, o);
    json_decref(o);
    return err;
}

/* ---- the end */

enum myna_err myna_openai_complete(struct myna_openai_stream *s)
{
    struct myna_llm_event done = {.type = MYNA_LLM_DONE};
    enum myna_err err;

    if (s->over)
        return MYNA_OK;
    err = flush_held(s);
    if (!err)
        err = tell_calls(s);
    if (!err && s->has_usage)
        err = tell(s, &s->usage);
    if (err)
        return err;
    if (!s->has_output && !strcmp(s->finish, "content_filter"))
        return myna_openai_fault(s, MYNA_EPROVIDER, 0, false,
                                 "the agent's answer was held back by a filter");
    if (!s->has_output && !strcmp(s->finish, "length"))
        return myna_openai_fault(
            s, MYNA_EPROVIDER, 0, false,
            "the agent used up max_tokens before it said a word (on reasoning?)");
    s->over = true;
    return tell(s, &done);
}

/* ---- events */

static enum myna_err progress(struct myna_openai_stream *s, struct myna_view data)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_PROGRESS};
    json_t *o = parse(s, data);
    const char *status = json_string_value(json_object_get(o, "status"));
    enum myna_err err;

    ev.name = json_string_value(json_object_get(o, "tool"));
    ev.call_id = json_string_value(json_object_get(o, "toolCallId"));
    ev.arguments = json_string_value(json_object_get(o, "label"));
    ev.text = myna_view_of(status ? status : "");
    err = tell(s, &ev);
    json_decref(o);
    return err;
}

static bool on_event(void *arg, const struct myna_sse_event *ev)
{
    struct myna_openai_stream *s = arg;
    enum myna_err err = MYNA_OK;

    if (s->over)
        return true; /* whatever follows [DONE] */
    if (!strcmp(ev->name, "hermes.tool.progress"))
        err = progress(s, ev->data);
    else if (!s->chunk && strcmp(ev->name, "message") != 0 && strcmp(ev->name, "error") != 0)
        return true; /* somebody's own event: no content */
    else if (ev->data.len == 6 && !memcmp(ev->data.ptr, "[DONE]", 6))
        err = myna_openai_complete(s);
    else if (ev->data.len)
        err = take_json(s, ev->data);
    if (err == MYNA_ENOMEM)
        err = myna_openai_fault(s, err, 0, true, "no memory for the agent's answer");
    return err != MYNA_ECANCELED;
}

void myna_openai_stream_init(struct myna_openai_stream *s, bool hide_think, uint32_t salt,
                             bool (*emit)(void *arg, const struct myna_llm_event *ev), void *arg)
{
    memset(s, 0, sizeof *s);
    s->emit = emit;
    s->arg = arg;
    s->salt = salt;
    s->hide_think = hide_think;
    myna_sse_init(&s->sse, MAX_EVENT, on_event, s);
    myna_buf_init(&s->whole, MAX_WHOLE);
    myna_buf_init(&s->text, 3 * MAX_EVENT);
}

void myna_openai_stream_fini(struct myna_openai_stream *s)
{
    myna_sse_fini(&s->sse);
    myna_buf_fini(&s->whole);
    myna_buf_fini(&s->text);
    for (size_t i = 0; i < s->n_calls; i++) {
        free(s->calls[i].id);
        free(s->calls[i].name);
        free(s->calls[i].extra);
        myna_buf_fini(&s->calls[i].arguments);
    }
    s->n_calls = 0;
    json_decref(s->thinking);
    s->thinking = NULL;
}

static enum myna_err too_long(struct myna_openai_stream *s, enum myna_err err)
{
    if (err == MYNA_ECANCELED || !err)
        return err;
    return myna_openai_fault(s, err, 0, false,
                             err == MYNA_ELIMIT ? "one piece of the agent's answer is too long"
                                                : "no memory for the agent's answer");
}

enum myna_err myna_openai_stream_feed(struct myna_openai_stream *s, struct myna_view bytes)
{
    if (s->over)
        return MYNA_OK;
    while (s->mode == OPENAI_SNIFF && bytes.len) {
        static const uint8_t skip[] = {' ', '\t', '\r', '\n', 0xEF, 0xBB, 0xBF};

        if (memchr(skip, bytes.ptr[0], sizeof skip)) {
            bytes.ptr++;
            bytes.len--;
            continue;
        }
        s->mode = bytes.ptr[0] == '{'   ? OPENAI_JSON
                  : bytes.ptr[0] == '<' ? OPENAI_PAGE
                                        : OPENAI_SSE;
    }
    if (s->mode == OPENAI_SSE)
        return too_long(s, myna_sse_feed(&s->sse, bytes));
    if (s->mode == OPENAI_PAGE && bytes.len > MAX_PAGE - s->whole.len)
        bytes.len = MAX_PAGE - s->whole.len;
    return too_long(s, myna_buf_put(&s->whole, bytes.ptr, bytes.len));
}

enum myna_err myna_openai_stream_end(struct myna_openai_stream *s)
{
    enum myna_err err = MYNA_OK;

    if (s->over)
        return MYNA_OK;
    if (s->mode == OPENAI_PAGE)
        return myna_openai_fault(
            s, MYNA_EFORMAT, 0, false,
            "a web page answered instead of an agent; is base_url right (it usually ends "
            "in /v1)?");
    if (s->mode == OPENAI_SSE)
        err = too_long(s, myna_sse_end(&s->sse));
    else if (s->mode == OPENAI_JSON)
        err = take_json(s, myna_buf_view(&s->whole));
    if (err == MYNA_ENOMEM)
        return myna_openai_fault(s, err, 0, true, "no memory for the agent's answer");
    if (err || s->over)
        return err;
    if (s->finished)
        return myna_openai_complete(s);
    return myna_openai_fault(s, MYNA_EIO, 0, true,
                             s->has_output ? "the agent's answer broke off in the middle"
                                           : "the agent closed the connection without an answer");
}
