/* openai_stream.c - the answer's bytes become events of the stage.
 *
 * An answer is a stream of events, or one JSON object from a gateway that ignored `stream`, or a
 * web page from something else entirely: the first character tells. Servers differ in everything
 * but the outline, so what is missing, null or repeated is put up with; what says "error" never is.
 */
#include "providers/openai.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json_load.h"
#include "util/utf8.h"

#define MAX_EVENT ((size_t)1 << 20)
#define MAX_WHOLE ((size_t)8 << 20)
#define MAX_PAGE  4096 /* enough of a web page to say what it is */

/* ---- errors */

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
    json_t *o = myna_json_loadb((const char *)body.ptr, body.len, JSON_ALLOW_NUL, NULL);
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
        err = myna_openai_take_content(s, json_object_get(delta, "content"));
    if (!err)
        err = myna_openai_take_content(s, json_object_get(delta, "refusal"));
    json_array_foreach(calls, i, call) if (!err && !s->over) err =
        myna_openai_take_call(s, call, i);
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
        return myna_json_loadb((const char *)p, text.len, JSON_ALLOW_NUL, NULL);
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
    return myna_json_loadb((const char *)s->text.ptr, s->text.len, JSON_ALLOW_NUL, NULL);
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
    err = myna_openai_flush_held(s);
    if (!err)
        err = myna_openai_tell_calls(s);
    if (!err && s->has_usage)
        err = myna_openai_tell(s, &s->usage);
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
    return myna_openai_tell(s, &done);
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
    err = myna_openai_tell(s, &ev);
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
