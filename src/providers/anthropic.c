/* anthropic.c - Anthropic's messages: the request's body, and the events of its stream (telephony
 * 4.9). All else is as with OpenAI's wire: llm_openai_request.c lives the request.
 *
 * Here roles alternate and the first words are the person's: neighbours of one role are one message
 * of several blocks, results of tools stand in the user's, and a call that begins with a greeting
 * gets a word of the person put before it. A model that thinks wants its thoughts back with the
 * result of a tool, signed as they were; they travel as `extra` of the first call of a round.
 */
#include "providers/openai.h"

#include <stdlib.h>
#include <string.h>

#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define CALL_BEGINS "(The call begins.)"

static bool some(const char *text)
{
    return text && text[0];
}

/* ---- the request */

/* The content of the last message if it is of that role, else of a new one. */
static json_t *content_of(json_t *messages, const char *role)
{
    json_t *m = json_array_get(messages, json_array_size(messages) - 1);
    const char *last = json_string_value(json_object_get(m, "role"));

    if (!last || strcmp(last, role) != 0) {
        m = json_pack("{s:s,s:[]}", "role", role, "content");
        if (json_array_append_new(messages, m))
            return NULL;
    }
    return json_object_get(m, "content");
}

static int add_text(json_t *messages, const char *role, const char *text)
{
    json_t *block = json_pack("{s:s}", "type", "text");
    int bad = myna_json_put_text(block, "text", text);

    return bad | json_array_append_new(content_of(messages, role), block);
}

/* Pictures stand before the words that ask about them, as their documents advise. */
static int add_pictures(json_t *messages, const struct myna_item *it)
{
    int bad = 0;

    for (size_t i = 0; i < it->n_images; i++) {
        const struct myna_image *image = &it->images[i];
        json_t *data = image->bytes ? myna_openai_base64("", image) : NULL;

        if (!image->bytes)
            continue;
        bad |= !data || json_array_append_new(content_of(messages, "user"),
                                              json_pack("{s:s,s:{s:s,s:s,s:o}}", "type", "image",
                                                        "source", "type", "base64", "media_type",
                                                        image->type, "data", data));
    }
    return bad;
}

/* Ids of other providers' calls may have characters that this one refuses. */
static int put_id(json_t *block, const char *key, const char *id)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    char *own = strdup(some(id) ? id : "call");
    int bad = -1;

    if (own) {
        for (char *p = own + strspn(own, good); *p; p += strspn(p, good))
            *p++ = '_';
        bad = json_object_set_new(block, key, json_string(own));
    }
    free(own);
    return bad;
}

/* Thoughts stand before all else that the model said in that message. */
static int add_thoughts(json_t *content, const struct myna_item *it)
{
    json_t *extra = it->extra ? myna_json_loads(it->extra, 0, NULL) : NULL;
    json_t *blocks = json_object_get(extra, "thinking"), *block;
    size_t i;
    int bad = 0;

    json_array_foreach(blocks, i, block) bad |= json_array_insert(content, i, block);
    json_decref(extra);
    return bad;
}

static int add_call(json_t *content, const struct myna_item *it, bool first)
{
    json_t *block = json_pack("{s:s}", "type", "tool_use");
    json_t *input = some(it->arguments) ? myna_json_loads(it->arguments, 0, NULL) : NULL;
    int bad = first ? add_thoughts(content, it) : 0;

    if (!json_is_object(input)) {
        json_decref(input);
        input = json_object();
    }
    bad |= put_id(block, "id", it->call_id);
    bad |= myna_json_put_text(block, "name", it->name ? it->name : "");
    bad |= json_object_set_new(block, "input", input);
    return bad | json_array_append_new(content, block);
}

static int add_result(json_t *messages, const struct myna_item *it)
{
    json_t *block = json_pack("{s:s}", "type", "tool_result");
    int bad = put_id(block, "tool_use_id", it->call_id);

    bad |= myna_json_put_text(block, "content", it->output ? it->output : "");
    if (it->is_error)
        bad |= json_object_set_new(block, "is_error", json_true());
    return bad | json_array_append_new(content_of(messages, "user"), block);
}

/* Calls that stand one behind the other, then their results. Returns the first item behind. */
static size_t add_round(json_t *messages, const struct myna_llm_request *req, size_t at, int *bad)
{
    size_t end = at;
    bool first = true;

    for (; end < req->n_items && req->items[end].type == MYNA_ITEM_FUNCTION_CALL; end++) {
        if (!myna_openai_result_of(req, end, req->items[end].call_id))
            continue;
        *bad |= add_call(content_of(messages, "assistant"), &req->items[end], first);
        first = false;
    }
    for (size_t i = at; i < end; i++) {
        const struct myna_item *out = myna_openai_result_of(req, i, req->items[i].call_id);

        if (out)
            *bad |= add_result(messages, out);
    }
    return end;
}

static json_t *messages_json(const struct myna_openai_target *t, const struct myna_llm_request *req,
                             bool asked)
{
    json_t *messages = json_array();
    int bad = 0;

    for (size_t i = myna_openai_first_item(t, req); i < req->n_items && !bad;) {
        const struct myna_item *it = &req->items[i];
        bool agent = it->role == MYNA_ROLE_ASSISTANT;

        if (json_array_size(messages) == 0 &&
            (it->type == MYNA_ITEM_FUNCTION_CALL ||
             (it->type == MYNA_ITEM_MESSAGE && agent && some(it->text))))
            bad |= add_text(messages, "user", CALL_BEGINS);
        if (it->type == MYNA_ITEM_FUNCTION_CALL) {
            i = add_round(messages, req, i, &bad);
            continue;
        }
        if (it->type == MYNA_ITEM_MESSAGE && some(it->text))
            bad |= add_pictures(messages, it) |
                   add_text(messages, agent ? "assistant" : "user", it->text);
        i++;
    }
    if (!asked)
        bad |=
            add_text(messages, "user",
                     some(req->extra_instructions) ? req->extra_instructions : MYNA_OPENAI_GO_ON);
    if (!bad)
        return messages;
    json_decref(messages);
    return NULL;
}

static int put_cache(json_t *o, const struct myna_openai_conf *c)
{
    return c->cache
               ? json_object_set_new(o, "cache_control", json_pack("{s:s}", "type", "ephemeral"))
               : 0;
}

static int put_system(json_t *o, const struct myna_openai_conf *c,
                      const struct myna_llm_request *req, bool asked)
{
    const char *extra = asked ? req->extra_instructions : NULL;
    json_t *block;
    struct myna_buf b;
    int bad;

    if (!some(req->instructions) && !some(extra))
        return 0;
    block = json_pack("{s:s}", "type", "text");
    myna_buf_init(&b, 0);
    bad = myna_openai_system(&b, req->instructions, extra) ||
          myna_json_put_text(block, "text", myna_buf_str(&b));
    myna_buf_fini(&b);
    bad |= put_cache(block, c);
    return bad | json_object_set_new(o, "system", json_pack("[o]", block));
}

static json_t *tools_json(const struct myna_openai_conf *c, const struct myna_llm_request *req,
                          struct myna_why *why)
{
    const struct myna_tool_def **order = myna_openai_sorted_tools(req);
    json_t *list = json_array();
    int bad = !order;

    for (size_t i = 0; i < req->n_tools && !bad; i++) {
        json_t *schema = myna_openai_schema(order[i], why), *tool = json_object();

        bad |= myna_json_put_text(tool, "name", order[i]->name);
        if (some(order[i]->description))
            bad |= myna_json_put_text(tool, "description", order[i]->description);
        bad |= !schema || json_object_set_new(tool, "input_schema", schema);
        if (i + 1 == req->n_tools)
            bad |= put_cache(tool, c);
        bad |= json_array_append_new(list, tool);
    }
    free(order);
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

/* {"type": …}; with parallel calls forbidden in the same object, where this wire has it. */
static json_t *choice_json(const struct myna_openai_conf *c, const struct myna_llm_request *req)
{
    const char *word = "auto";
    json_t *o = NULL;

    if (req->tool_choice != MYNA_TOOLS_AUTO)
        word = req->tool_choice == MYNA_TOOLS_NONE ? "none" : "any";
    else if (some(c->tool_choice))
        o = myna_openai_json_or_text(c->tool_choice);
    else if (c->parallel_tool_calls != 2)
        return NULL;
    if (json_is_string(o)) {
        json_t *named = json_pack("{s:O}", "type", o);

        json_decref(o);
        o = named;
    }
    if (!o)
        o = json_pack("{s:s}", "type", word);
    if (c->parallel_tool_calls == 2 &&
        json_object_set_new(o, "disable_parallel_tool_use", json_true()))
        return NULL;
    return o;
}

static int put_tools(json_t *o, const struct myna_openai_conf *c,
                     const struct myna_llm_request *req, struct myna_why *why)
{
    json_t *tools, *choice;

    if (!req->n_tools)
        return 0;
    tools = tools_json(c, req, why);
    choice = choice_json(c, req);
    return (!tools || json_object_set_new(o, "tools", tools)) |
           (choice ? json_object_set_new(o, "tool_choice", choice) : 0);
}

/* A list, whatever was given. */
static int put_stop(json_t *o, const char *stop)
{
    json_t *value = some(stop) ? myna_openai_json_or_text(stop) : NULL;

    if (!value)
        return 0;
    return json_object_set_new(o, "stop_sequences",
                               json_is_array(value) ? value : json_pack("[o]", value));
}

enum myna_err myna_anthropic_body(const struct myna_openai_target *t,
                                  const struct myna_llm_request *req, char **out,
                                  struct myna_why *why)
{
    const struct myna_openai_conf *c = t->conf;
    struct myna_why inner = {0};
    json_t *o = json_object();
    size_t user;
    bool asked = myna_openai_asked(req, &user);
    int bad = myna_json_put_text(o, "model", myna_openai_model(t, req));
    char *text;

    bad |= json_object_set_new(o, "max_tokens", json_integer(c->max_tokens));
    bad |= put_system(o, c, req, asked);
    bad |= json_object_set_new(o, "messages", messages_json(t, req, asked));
    bad |= json_object_set_new(o, "stream", json_true());
    if (c->has_temperature)
        bad |= myna_json_put_number(o, "temperature", c->temperature);
    if (c->has_top_p)
        bad |= myna_json_put_number(o, "top_p", c->top_p);
    bad |= put_stop(o, c->stop);
    bad |= put_tools(o, c, req, &inner);
    if (some(c->extra_body)) {
        json_t *extra = myna_json_loads(c->extra_body, 0, NULL);

        bad |= !extra || json_object_update(o, extra);
        json_decref(extra);
    }
    text = bad ? NULL : myna_json_dump(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(o);
    if (text) {
        *out = text;
        return MYNA_OK;
    }
    return inner.err ? myna_fail(why, inner.err, "%s", inner.text)
                     : myna_fail(why, MYNA_ENOMEM, "no memory for the request");
}

/* ---- the answer */

/* Words alone say what kind it is, also with status 200 in the middle of an answer. */
static enum myna_err take_error(struct myna_openai_stream *s, json_t *error)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {{"invalid_request_error", 400},
                {"authentication_error", 401},
                {"permission_error", 403},
                {"not_found_error", 404},
                {"request_too_large", 413},
                {"rate_limit_error", 429},
                {"api_error", 500},
                {"overloaded_error", 529}};
    const char *type = json_string_value(json_object_get(error, "type"));
    const char *words = json_string_value(json_object_get(error, "message"));
    int status = 0;

    for (size_t i = 0; type && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(type, rows[i].type))
            status = rows[i].status;
    myna_buf_clear(&s->text);
    myna_buf_puts(&s->text, "the agent reported an error: ");
    myna_http_excerpt(&s->text,
                      myna_view_of(words  ? words
                                   : type ? type
                                          : "without a word"),
                      NULL, 0);
    return myna_openai_fault(s, MYNA_EPROVIDER, status,
                             status == 0 || status == 429 || status >= 500, myna_buf_str(&s->text));
}

/* Counts come in pieces and are sums: what a piece leaves out stands. */
static void take_usage(struct myna_openai_stream *s, json_t *u)
{
    struct myna_llm_event *all = &s->usage;
    int fresh = myna_openai_count(u, "input_tokens");

    if (!json_is_object(u))
        return;
    s->has_usage = true;
    all->type = MYNA_LLM_USAGE;
    if (json_object_get(u, "cache_read_input_tokens"))
        all->prompt_cached_tokens = myna_openai_count(u, "cache_read_input_tokens");
    if (json_object_get(u, "cache_creation_input_tokens"))
        all->prompt_cache_write_tokens = myna_openai_count(u, "cache_creation_input_tokens");
    if (fresh || !all->prompt_tokens) /* theirs is without the cache, ours is all */
        all->prompt_tokens = fresh + all->prompt_cached_tokens + all->prompt_cache_write_tokens;
    if (json_object_get(u, "output_tokens"))
        all->completion_tokens = myna_openai_count(u, "output_tokens");
    all->total_tokens = all->prompt_tokens + all->completion_tokens;
}

static enum myna_err say(struct myna_openai_stream *s, enum myna_llm_event_type type, json_t *text)
{
    return myna_openai_say(s, type, json_string_value(text), json_string_length(text));
}

static enum myna_err copy(char **into, const char *text)
{
    if (*into || !text)
        return MYNA_OK;
    *into = strdup(text);
    return *into ? MYNA_OK : MYNA_ENOMEM;
}

static enum myna_err begin_call(struct myna_openai_stream *s, int index, json_t *block)
{
    struct myna_openai_tool_call *c = myna_openai_call_at(s, index);
    json_t *input = json_object_get(block, "input");
    char *whole;

    if (!c)
        return myna_openai_fault(s, MYNA_ELIMIT, 0, false,
                                 "the agent calls too many tools in one answer");
    if (copy(&c->id, json_string_value(json_object_get(block, "id"))) ||
        copy(&c->name, json_string_value(json_object_get(block, "name"))))
        return MYNA_ENOMEM;
    if (json_object_size(input) == 0)
        return MYNA_OK; /* it comes in pieces */
    whole = myna_json_dump(input, JSON_COMPACT);
    if (!whole)
        return MYNA_ENOMEM;
    myna_buf_puts(&c->arguments, whole);
    free(whole);
    return c->arguments.err;
}

/* Kept as it comes, for the request that brings a tool's result. */
static enum myna_err begin_thought(struct myna_openai_stream *s, json_t *block)
{
    json_t *own = json_deep_copy(block);

    if (!s->thinking)
        s->thinking = json_array();
    return own && !json_array_append_new(s->thinking, own) ? MYNA_OK : MYNA_ENOMEM;
}

static enum myna_err more_thought(struct myna_openai_stream *s, const char *key, json_t *more)
{
    json_t *block = json_array_get(s->thinking, json_array_size(s->thinking) - 1);
    const char *before = json_string_value(json_object_get(block, key));
    struct myna_buf b;
    enum myna_err err;

    if (!block || !json_is_string(more))
        return MYNA_OK;
    myna_buf_init(&b, (size_t)1 << 20);
    myna_buf_puts(&b, before ? before : "");
    myna_buf_puts(&b, json_string_value(more));
    err = b.err                                                            ? b.err
          : json_object_set_new(block, key, json_string(myna_buf_str(&b))) ? MYNA_ENOMEM
                                                                           : MYNA_OK;
    myna_buf_fini(&b);
    return err;
}

static enum myna_err begin_block(struct myna_openai_stream *s, int index, json_t *block)
{
    const char *type = json_string_value(json_object_get(block, "type"));

    if (!type)
        return MYNA_OK;
    if (!strcmp(type, "text"))
        return say(s, MYNA_LLM_TEXT, json_object_get(block, "text"));
    if (!strcmp(type, "tool_use"))
        return begin_call(s, index, block);
    if (!strcmp(type, "thinking") || !strcmp(type, "redacted_thinking"))
        return begin_thought(s, block);
    return MYNA_OK;
}

static enum myna_err more_of_block(struct myna_openai_stream *s, int index, json_t *delta)
{
    const char *type = json_string_value(json_object_get(delta, "type"));
    struct myna_openai_tool_call *c;
    enum myna_err err;

    if (!type)
        return MYNA_OK;
    if (!strcmp(type, "text_delta"))
        return say(s, MYNA_LLM_TEXT, json_object_get(delta, "text"));
    if (!strcmp(type, "thinking_delta")) {
        json_t *text = json_object_get(delta, "thinking");

        err = more_thought(s, "thinking", text);
        return err ? err : say(s, MYNA_LLM_REASONING, text);
    }
    if (!strcmp(type, "signature_delta"))
        return more_thought(s, "signature", json_object_get(delta, "signature"));
    if (strcmp(type, "input_json_delta") != 0)
        return MYNA_OK;
    c = myna_openai_call_at(s, index);
    if (c)
        myna_buf_puts(&c->arguments, json_string_value(json_object_get(delta, "partial_json"))
                                         ? json_string_value(json_object_get(delta, "partial_json"))
                                         : "");
    if (!c || c->arguments.err == MYNA_ELIMIT)
        return myna_openai_fault(s, MYNA_ELIMIT, 0, false,
                                 "the arguments of a tool call are too long");
    return c->arguments.err;
}

static void take_stop(struct myna_openai_stream *s, json_t *reason)
{
    const char *word = json_string_value(reason);

    if (!word)
        return;
    s->finished = true;
    strcpy(s->finish, !strcmp(word, "max_tokens") ? "length"
                      : !strcmp(word, "refusal")  ? "content_filter"
                                                  : "stop");
}

static enum myna_err end_message(struct myna_openai_stream *s)
{
    if (s->n_calls && s->thinking && !s->calls[0].extra) {
        json_t *extra = json_pack("{s:O}", "thinking", s->thinking);

        s->calls[0].extra = extra ? myna_json_dump(extra, JSON_COMPACT) : NULL;
        json_decref(extra);
        if (!s->calls[0].extra)
            return MYNA_ENOMEM;
    }
    return myna_openai_complete(s);
}

/* A gateway that ignored `stream`. */
static enum myna_err whole_message(struct myna_openai_stream *s, json_t *o)
{
    json_t *block;
    enum myna_err err = MYNA_OK;
    size_t i;

    take_usage(s, json_object_get(o, "usage"));
    json_array_foreach(json_object_get(o, "content"), i, block) if (!err && !s->over) err =
        begin_block(s, (int)i, block);
    if (err || s->over)
        return err;
    take_stop(s, json_object_get(o, "stop_reason"));
    return s->finished ? end_message(s) : MYNA_OK;
}

enum myna_err myna_anthropic_chunk(struct myna_openai_stream *s, json_t *o)
{
    const char *type = json_string_value(json_object_get(o, "type"));
    int index = (int)json_integer_value(json_object_get(o, "index"));
    json_t *error = json_object_get(o, "error");

    if (json_is_object(error))
        return take_error(s, error);
    if (!type)
        return MYNA_OK;
    if (!strcmp(type, "content_block_delta"))
        return more_of_block(s, index, json_object_get(o, "delta"));
    if (!strcmp(type, "content_block_start"))
        return begin_block(s, index, json_object_get(o, "content_block"));
    if (!strcmp(type, "message_start")) {
        take_usage(s, json_object_get(json_object_get(o, "message"), "usage"));
    } else if (!strcmp(type, "message_delta")) {
        take_usage(s, json_object_get(o, "usage"));
        take_stop(s, json_object_get(json_object_get(o, "delta"), "stop_reason"));
    } else if (!strcmp(type, "message_stop")) {
        return end_message(s);
    } else if (!strcmp(type, "message")) {
        return whole_message(s, o);
    }
    return MYNA_OK; /* ping, and what may come */
}
