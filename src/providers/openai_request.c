/* openai_request.c - one request's body: {model, messages, stream, …}; nothing is sent as null.
 *
 * Tool calls and their results are kept together as the API wants them: an assistant message with
 * all calls of a round, then one tool message a call. A call without a result, or a result without
 * its call, would make the server refuse the whole request; both are left out.
 */
#include "providers/openai.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define NOTE_WORDS 160 /* bytes of the heard answer that a note repeats */

static bool some(const char *text)
{
    return text && text[0];
}

/* ---- messages */

static int add(json_t *messages, const char *role, const char *text)
{
    json_t *m = json_object();
    int bad = json_object_set_new(m, "role", json_string(role));

    bad |= myna_json_put_text(m, "content", text);
    return bad | json_array_append_new(messages, m);
}

/* Words, then what was shown with them. */
static int add_user(json_t *messages, const struct myna_item *it, const char *text)
{
    json_t *parts, *part;
    int bad = 0;

    if (!it->n_images)
        return add(messages, "user", text);
    parts = json_array();
    part = json_pack("{s:s}", "type", "text");
    bad |= myna_json_put_text(part, "text", text);
    bad |= json_array_append_new(parts, part);
    for (size_t i = 0; i < it->n_images; i++)
        if (it->images[i].bytes)
            bad |= json_array_append_new(parts, myna_openai_picture(&it->images[i]));
    if (json_array_size(parts) < 2 && !bad) { /* seen long ago */
        json_decref(parts);
        return add(messages, "user", text);
    }
    return bad | json_array_append_new(messages,
                                       json_pack("{s:s,s:o}", "role", "user", "content", parts));
}

const struct myna_item *myna_openai_result_of(const struct myna_llm_request *req, size_t from,
                                              const char *call_id)
{
    for (size_t i = from; call_id && i < req->n_items; i++)
        if (req->items[i].type == MYNA_ITEM_FUNCTION_CALL_OUTPUT && req->items[i].call_id &&
            !strcmp(req->items[i].call_id, call_id))
            return &req->items[i];
    return NULL;
}

static json_t *call_json(const struct myna_item *it)
{
    json_t *call = json_object(), *f = json_object();
    int bad = myna_json_put_text(call, "id", it->call_id);

    bad |= json_object_set_new(call, "type", json_string("function"));
    bad |= myna_json_put_text(f, "name", it->name ? it->name : "");
    bad |= myna_json_put_text(f, "arguments", some(it->arguments) ? it->arguments : "{}");
    bad |= json_object_set_new(call, "function", f);
    if (it->extra) { /* such as a signature of the thoughts that led to the call */
        json_t *extra = myna_json_loads(it->extra, 0, NULL);

        if (json_is_object(extra) && json_object_get(extra, "extra_content"))
            bad |= json_object_update(call, extra);
        json_decref(extra);
    }
    if (!bad)
        return call;
    json_decref(call);
    return NULL;
}

/* The calls that stand at `at` one behind the other, and their results. Returns the first item
 * behind. */
static size_t add_round(json_t *messages, const struct myna_llm_request *req, size_t at, int *bad)
{
    json_t *m = json_object(), *calls = json_array();
    size_t end = at;

    while (end < req->n_items && req->items[end].type == MYNA_ITEM_FUNCTION_CALL) {
        if (myna_openai_result_of(req, end, req->items[end].call_id))
            *bad |= json_array_append_new(calls, call_json(&req->items[end]));
        end++;
    }
    if (json_array_size(calls) == 0) {
        json_decref(calls);
        json_decref(m);
        return end;
    }
    *bad |= json_object_set_new(m, "role", json_string("assistant"));
    *bad |= json_object_set_new(m, "tool_calls", calls);
    *bad |= json_array_append_new(messages, m);
    for (size_t i = at; i < end; i++) {
        const struct myna_item *out = myna_openai_result_of(req, i, req->items[i].call_id);

        if (out) {
            *bad |= add(messages, "tool", out->output ? out->output : "");
            *bad |= myna_json_put_text(json_array_get(messages, json_array_size(messages) - 1),
                                       "tool_call_id", out->call_id);
        }
    }
    return end;
}

static bool is_message(const struct myna_item *it, enum myna_role role)
{
    return it->type == MYNA_ITEM_MESSAGE && it->role == role;
}

/* What the person said since the last answer, and all that follows. */
static size_t unanswered(const struct myna_llm_request *req)
{
    size_t i = req->n_items;

    while (i > 0 && !is_message(&req->items[i - 1], MYNA_ROLE_USER))
        i--;
    while (i > 0 && !is_message(&req->items[i - 1], MYNA_ROLE_ASSISTANT))
        i--;
    for (size_t k = 0; k < i; k++)
        if (is_message(&req->items[k], MYNA_ROLE_USER))
            return i;
    return 0; /* a greeting that it has not seen */
}

size_t myna_openai_first_item(const struct myna_openai_target *t,
                              const struct myna_llm_request *req)
{
    size_t max = t->conf->max_history > 0 ? (size_t)t->conf->max_history : req->n_items;

    if (t->preset->openclaw && t->conf->max_history <= 0 && some(req->session_id))
        return unanswered(req); /* its session has the rest, and would have it twice */
    return req->n_items > max ? req->n_items - max : 0;
}

/* The agent keeps its own history and would not know that its last answer was cut. */
static enum myna_err note_of(const struct myna_llm_request *req, size_t user, struct myna_buf *note)
{
    size_t i = user, n;

    while (i > 0 && !(req->items[i - 1].type == MYNA_ITEM_MESSAGE &&
                      req->items[i - 1].role == MYNA_ROLE_USER))
        i--; /* only the answer to the turn before */
    for (; i < user; i++) {
        const struct myna_item *it = &req->items[i];

        if (it->type != MYNA_ITEM_MESSAGE || it->role != MYNA_ROLE_ASSISTANT || !it->interrupted)
            continue;
        n = some(it->text) ? strlen(it->text) : 0;
        if (n > NOTE_WORDS)
            for (n = n - NOTE_WORDS; (it->text[n] & 0xC0) == 0x80;)
                n++;
        else
            n = 0;
        myna_buf_clear(note);
        if (some(it->text))
            myna_buf_printf(note, "[interrupted by caller, who heard your answer up to: \"%s%s\"] ",
                            n ? "…" : "", it->text + n);
        else
            myna_buf_puts(note, "[interrupted by caller, who heard nothing of your answer] ");
    }
    return note->err;
}

static int add_message(json_t *messages, const struct myna_openai_target *t,
                       const struct myna_llm_request *req, size_t i, bool last_user)
{
    static const char *const roles[] = {[MYNA_ROLE_SYSTEM] = "system",
                                        [MYNA_ROLE_DEVELOPER] = "system",
                                        [MYNA_ROLE_USER] = "user",
                                        [MYNA_ROLE_ASSISTANT] = "assistant"};
    const struct myna_item *it = &req->items[i];
    struct myna_buf b;
    int bad;

    if (!some(it->text))
        return 0;
    if (!last_user || !t->conf->interrupted_note)
        return it->role == MYNA_ROLE_USER ? add_user(messages, it, it->text)
                                          : add(messages, roles[it->role], it->text);
    myna_buf_init(&b, 0);
    bad = note_of(req, i, &b) || myna_buf_puts(&b, it->text);
    bad |= bad ? 0 : add_user(messages, it, myna_buf_str(&b));
    myna_buf_fini(&b);
    return bad;
}

enum myna_err myna_openai_system(struct myna_buf *into, const char *instructions, const char *extra)
{
    if (some(instructions))
        myna_buf_puts(into, instructions);
    if (some(extra))
        myna_buf_printf(into, "%s%s", into->len ? "\n\n" : "", extra);
    return into->err;
}

/* Hermes without session headers makes the id of a conversation from the system text and the first
 * words: two callers who both open with "hello" would have one (voice-gateway 16.1). Headers may be
 * refused later. */
static int add_system(json_t *messages, const struct myna_openai_target *t,
                      const struct myna_llm_request *req, const char *extra)
{
    bool marked = t->preset->hermes && some(req->session_id);
    struct myna_buf b;
    int bad = 0;

    if (!some(req->instructions) && !some(extra) && !marked)
        return 0;
    myna_buf_init(&b, 0);
    bad = myna_openai_system(&b, req->instructions, extra);
    if (!bad && marked)
        bad =
            myna_buf_printf(&b, "%sThis is conversation %s.", b.len ? "\n\n" : "", req->session_id);
    bad = bad || add(messages, "system", myna_buf_str(&b));
    myna_buf_fini(&b);
    return bad;
}

bool myna_openai_asked(const struct myna_llm_request *req, size_t *user)
{
    *user = req->n_items;
    for (size_t i = req->n_items; i > 0; i--) {
        const struct myna_item *it = &req->items[i - 1];

        if (it->type == MYNA_ITEM_FUNCTION_CALL_OUTPUT)
            return true;
        if (it->type == MYNA_ITEM_MESSAGE && it->role == MYNA_ROLE_USER && some(it->text)) {
            *user = i - 1;
            return true;
        }
        if (it->type == MYNA_ITEM_MESSAGE && it->role == MYNA_ROLE_ASSISTANT)
            return false;
    }
    return false;
}

static json_t *messages_json(const struct myna_openai_target *t, const struct myna_llm_request *req)
{
    json_t *messages = json_array();
    size_t user; /* the last thing that was said, if a person said it */
    bool asked = myna_openai_asked(req, &user);
    int bad = 0;

    bad |= add_system(messages, t, req, asked ? req->extra_instructions : NULL);
    for (size_t i = myna_openai_first_item(t, req); i < req->n_items && !bad;) {
        switch (req->items[i].type) {
        case MYNA_ITEM_MESSAGE:
            bad |= add_message(messages, t, req, i, i == user);
            i++;
            break;
        case MYNA_ITEM_FUNCTION_CALL:
            i = add_round(messages, req, i, &bad);
            break;
        case MYNA_ITEM_FUNCTION_CALL_OUTPUT: /* told with its call */
        case MYNA_ITEM_AGENT_HANDOFF:
        case MYNA_ITEM_AGENT_CONFIG_UPDATE:
            i++;
            break;
        }
    }
    /* Nobody has asked (a greeting): many servers answer a user message only. */
    if (!asked)
        bad |= add(messages, "user",
                   some(req->extra_instructions) ? req->extra_instructions : MYNA_OPENAI_GO_ON);
    if (!bad)
        return messages;
    json_decref(messages);
    return NULL;
}

/* ---- tools */

static int by_name(const void *a, const void *b)
{
    const struct myna_tool_def *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

json_t *myna_openai_schema(const struct myna_tool_def *def, struct myna_why *why)
{
    json_error_t problem;
    json_t *schema = some(def->parameters)
                         ? myna_json_loads(def->parameters, 0, &problem)
                         : json_pack("{s:s,s:{}}", "type", "object", "properties");

    if (json_is_object(schema))
        return schema;
    myna_fail(why, some(def->parameters) ? MYNA_ECONFIG : MYNA_ENOMEM,
              "tool '%s': its parameters are no JSON schema (%s)", def->name,
              schema ? "not an object" : problem.text);
    json_decref(schema);
    return NULL;
}

static json_t *tool_json(const struct myna_tool_def *def, struct myna_why *why)
{
    json_t *schema = myna_openai_schema(def, why), *tool, *f;
    int bad;

    if (!schema)
        return NULL;
    tool = json_object();
    f = json_object();
    bad = json_object_set_new(tool, "type", json_string("function"));
    bad |= myna_json_put_text(f, "name", def->name);
    bad |= myna_json_put_text(f, "description", some(def->description) ? def->description : NULL);
    bad |= json_object_set_new(f, "parameters", schema);
    bad |= json_object_set_new(tool, "function", f);
    if (!bad)
        return tool;
    json_decref(tool);
    myna_fail(why, MYNA_ENOMEM, "no memory for the request");
    return NULL;
}

/* So that the same tools make the same text and a server's cache of it serves. */
const struct myna_tool_def **myna_openai_sorted_tools(const struct myna_llm_request *req)
{
    const struct myna_tool_def **order = calloc(req->n_tools, sizeof *order);

    for (size_t i = 0; order && i < req->n_tools; i++)
        order[i] = &req->tools[i];
    if (order)
        qsort(order, req->n_tools, sizeof(const struct myna_tool_def *), by_name);
    return order;
}

static json_t *tools_json(const struct myna_llm_request *req, struct myna_why *why)
{
    const struct myna_tool_def **order = myna_openai_sorted_tools(req);
    json_t *list = json_array();

    if (!order || !list) {
        myna_fail(why, MYNA_ENOMEM, "no memory for the request");
        goto fail;
    }
    for (size_t i = 0; i < req->n_tools; i++) {
        json_t *tool = tool_json(order[i], why);

        if (!tool)
            goto fail;
        json_array_append_new(list, tool);
    }
    free(order);
    return list;
fail:
    free(order);
    json_decref(list);
    return NULL;
}

/* ---- options */

json_t *myna_openai_json_or_text(const char *text)
{
    return strchr("{[\"", text[strspn(text, " \t\r\n")])
               ? myna_json_loads(text, JSON_DECODE_ANY, NULL)
               : json_string(text);
}

/* What OpenAI's reasoning models refuse (o1, o3, o4, gpt-5; the gpt-5 that chats takes it all). */
static bool is_reasoning(const char *model)
{
    static const char *const families[] = {"o1", "o3", "o4", "gpt-5"};
    const char *name = strrchr(model, '/') ? strrchr(model, '/') + 1 : model;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t n = strlen(families[i]);

        if (!strncmp(name, families[i], n) && strchr("-.", name[n]))
            return !strstr(name, "-chat");
    }
    return false;
}

static int put_options(json_t *o, const struct myna_openai_conf *c, bool reasoning)
{
    static const char *const max_names[] = {"max_completion_tokens", "max_tokens"};
    int bad = 0;

    if (c->has_temperature && !reasoning)
        bad |= myna_json_put_number(o, "temperature", c->temperature);
    if (c->has_top_p && !reasoning)
        bad |= myna_json_put_number(o, "top_p", c->top_p);
    if (c->has_frequency_penalty && !reasoning)
        bad |= myna_json_put_number(o, "frequency_penalty", c->frequency_penalty);
    if (c->has_presence_penalty && !reasoning)
        bad |= myna_json_put_number(o, "presence_penalty", c->presence_penalty);
    if (c->has_seed)
        bad |= json_object_set_new(o, "seed", json_integer(c->seed));
    if (c->has_max_tokens)
        bad |= json_object_set_new(o, max_names[c->max_tokens_field], json_integer(c->max_tokens));
    if (some(c->stop) && !reasoning)
        bad |= json_object_set_new(o, "stop", myna_openai_json_or_text(c->stop));
    if (some(c->response_format))
        bad |=
            json_object_set_new(o, "response_format", myna_openai_json_or_text(c->response_format));
    return bad;
}

static int put_tools(json_t *o, const struct myna_openai_conf *c,
                     const struct myna_llm_request *req, struct myna_why *why)
{
    json_t *tools;
    int bad;

    if (!req->n_tools)
        return 0;
    tools = tools_json(req, why);
    if (!tools)
        return -1;
    bad = json_object_set_new(o, "tools", tools);
    if (req->tool_choice != MYNA_TOOLS_AUTO)
        bad |= json_object_set_new(
            o, "tool_choice",
            json_string(req->tool_choice == MYNA_TOOLS_NONE ? "none" : "required"));
    else if (some(c->tool_choice))
        bad |= json_object_set_new(o, "tool_choice", myna_openai_json_or_text(c->tool_choice));
    if (c->parallel_tool_calls)
        bad |= json_object_set_new(o, "parallel_tool_calls",
                                   json_boolean(c->parallel_tool_calls == 1));
    return bad;
}

static int put_user(json_t *o, const struct myna_openai_conf *c, const char *session_id)
{
    struct myna_buf b;
    int bad;

    if (!c->session_user_prefix || !some(session_id))
        return 0;
    myna_buf_init(&b, 0);
    myna_buf_printf(&b, "%s%s", c->session_user_prefix, session_id);
    bad = b.err || myna_json_put_text(o, "user", myna_buf_str(&b));
    myna_buf_fini(&b);
    return bad;
}

const char *myna_openai_model(const struct myna_openai_target *t,
                              const struct myna_llm_request *req)
{
    /* a host's older request ends before it */
    bool there = req->size >= offsetof(struct myna_llm_request, model) + sizeof req->model;

    return there && req->model && *req->model ? req->model : t->model;
}

static json_t *body_json(const struct myna_openai_target *t, const struct myna_llm_request *req,
                         struct myna_why *why)
{
    const struct myna_openai_conf *c = t->conf;
    json_t *o = json_object();
    const char *model = myna_openai_model(t, req);
    int bad = myna_json_put_text(o, "model", model);

    bad |= json_object_set_new(o, "messages", messages_json(t, req));
    bad |= json_object_set_new(o, "stream", json_true());
    if (c->include_usage)
        bad |= json_object_set_new(o, "stream_options", json_pack("{s:b}", "include_usage", 1));
    bad |= put_options(o, c, c->drop_unsupported && is_reasoning(model));
    bad |= put_user(o, c, req->session_id);
    bad |= put_tools(o, c, req, why);
    if (some(c->extra_body)) {
        json_t *extra = myna_json_loads(c->extra_body, 0, NULL);

        bad |= !extra || json_object_update(o, extra);
        json_decref(extra);
    }
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}

enum myna_err myna_openai_body(const struct myna_openai_target *t,
                               const struct myna_llm_request *req, char **out, struct myna_why *why)
{
    struct myna_why inner = {0};
    json_t *o = body_json(t, req, &inner);
    char *text = o ? myna_json_dump(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    json_decref(o);
    if (text) {
        *out = text;
        return MYNA_OK;
    }
    return inner.err ? myna_fail(why, inner.err, "%s", inner.text)
                     : myna_fail(why, MYNA_ENOMEM, "no memory for the request");
}

enum myna_err myna_openai_check_json(const struct myna_openai_target *t, struct myna_why *why)
{
    const struct myna_openai_conf *c = t->conf;
    const struct {
        const char *key, *text;
        bool object; /* must be one */
    } rows[] = {
        {"stop", c->stop, false},
        {"tool_choice", c->tool_choice, false},
        {"response_format", c->response_format, true},
        {"extra_body", c->extra_body, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *value;
        bool good;

        if (!some(rows[i].text))
            continue;
        value = myna_openai_json_or_text(rows[i].text);
        good = value && (!rows[i].object || json_is_object(value));
        json_decref(value);
        if (!good)
            return myna_fail(why, MYNA_ECONFIG, "llm.%s.%s is not %s", t->preset->name, rows[i].key,
                             rows[i].object ? "a JSON object" : "valid JSON");
    }
    return MYNA_OK;
}
