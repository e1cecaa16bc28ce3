/* llm.c - one request between session and agent.
 *
 * The only work here is whole characters: a provider passes on what the network cut, the session
 * and everything behind it see whole UTF-8. Text and reasoning are two streams, each with its own
 * cut character.
 *
 * The tap sees the pieces as they came, so that a replay cuts them at the same places.
 */
#include "llm/llm.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/crc.h"
#include "util/grave.h"
#include "util/item_json.h"
#include "util/json_dump.h"
#include "util/pack.h"
#include "util/utf8.h"

#define PACKED_MAX   ((size_t)1 << 20)
#define COST_UNIT    1e12 /* a recorded cost is whole millionths of a millionth of a dollar */
#define REQUEST_KEPT ((size_t)32 << 10) /* of a request, in a recording */

struct cut { /* the bytes of a character whose rest has not come */
    uint8_t bytes[4];
    size_t n;
};

struct myna_llm_port {
    struct myna_grave grave; /* first: see bury() */
    struct myna_llm_port_options opt;
    struct myna_llm_stream *stream;
    struct myna_buf packed; /* an event for the tap */
    struct cut text, reasoning;
    int busy; /* depth of calls that may close us */
};

/* ---- open and close */

static enum myna_err tap_start(struct myna_llm_port *port)
{
    struct myna_view v, body;
    char *json;

    if (!port->opt.tap)
        return MYNA_OK;
    json = myna_llm_request_json(port->opt.request);
    if (!json)
        return MYNA_ENOMEM;
    body = myna_view_of(json);
    myna_buf_str_opt(&port->packed, port->opt.llm->cls->name);
    if (body.len > REQUEST_KEPT) { /* each request holds the whole history: its end says enough */
        myna_buf_u32(&port->packed, myna_crc32(0, body.ptr, body.len));
        body.ptr += body.len - REQUEST_KEPT;
        body.len = REQUEST_KEPT;
    }
    v = myna_buf_view(&port->packed);
    myna_tap_put(port->opt.tap, MYNA_OUT_LLM_START, port->opt.id, (struct myna_view[]){v, body}, 2);
    free(json);
    return MYNA_OK;
}

enum myna_err myna_llm_port_open(const struct myna_llm_port_options *opt,
                                 struct myna_llm_port **out)
{
    struct myna_llm_port *port = calloc(1, sizeof *port);
    enum myna_err err;

    if (!port)
        return MYNA_ENOMEM;
    port->opt = *opt;
    myna_buf_init(&port->packed, PACKED_MAX);
    err = tap_start(port);
    if (err)
        goto fail;
    err = opt->llm->cls->start(opt->llm, opt->request, &port->stream);
    if (err)
        goto fail;
    port->stream->sink = port;
    port->opt.request = NULL; /* borrowed for open */
    *out = port;
    return MYNA_OK;
fail:
    myna_tap_fail(opt->tap, MYNA_STAGE_LLM, opt->id, err);
    myna_buf_fini(&port->packed);
    free(port);
    return err;
}

static void bury(struct myna_grave *g)
{
    struct myna_llm_port *port = (struct myna_llm_port *)g;

    port->opt.llm->cls->close(port->stream);
    myna_buf_fini(&port->packed);
    free(port);
}

void myna_llm_port_close(struct myna_llm_port *port)
{
    if (!port)
        return;
    myna_tap_put(port->opt.tap, MYNA_OUT_LLM_CLOSE, port->opt.id, NULL, 0);
    port->stream->sink = NULL;
    if (port->busy)
        myna_host_bury_later(port->opt.llm->host, &port->grave, bury);
    else
        bury(&port->grave);
}

uint32_t myna_llm_port_id(const struct myna_llm_port *port)
{
    return port->opt.id;
}

/* ---- whole characters */

static bool closed(const struct myna_llm_port *port)
{
    return !port->stream->sink;
}

/* Each piece goes on as an event of its own; the session may close us at any of them. */
static void tell(struct myna_llm_port *port, enum myna_llm_event_type type, const void *ptr,
                 size_t len)
{
    struct myna_llm_event ev = {.type = type, .text = {ptr, len}};

    if (len > 0 && !closed(port))
        port->opt.event(port->opt.arg, port, &ev);
}

static void tell_broken(struct myna_llm_port *port, enum myna_llm_event_type type)
{
    tell(port, type, MYNA_UTF8_BROKEN, strlen(MYNA_UTF8_BROKEN));
}

/* Adds bytes to the cut character until it is whole or broken; returns how many were used. */
static size_t mend(struct myna_llm_port *port, enum myna_llm_event_type type, struct cut *cut,
                   struct myna_view text)
{
    size_t used = 0;

    while (cut->n > 0 && used < text.len) {
        struct cut c = *cut;
        int len;

        c.bytes[c.n++] = text.ptr[used];
        len = myna_utf8_next(c.bytes, c.n);
        if (len < 0) { /* the new byte does not belong to it: it stands for itself */
            cut->n = 0;
            tell_broken(port, type);
            break;
        }
        used++;
        *cut = c;
        if (len > 0) {
            cut->n = 0;
            tell(port, type, c.bytes, c.n);
        }
    }
    return used;
}

static void take_text(struct myna_llm_port *port, enum myna_llm_event_type type, struct cut *cut,
                      struct myna_view text)
{
    size_t at = mend(port, type, cut, text);

    while (at < text.len) {
        size_t good = myna_utf8_span(text.ptr + at, text.len - at);
        int next;

        tell(port, type, text.ptr + at, good);
        at += good;
        if (at == text.len)
            return;
        next = myna_utf8_next(text.ptr + at, text.len - at);
        if (next == 0) { /* cut: at most 3 bytes */
            cut->n = text.len - at;
            assert(cut->n < sizeof cut->bytes);
            memcpy(cut->bytes, text.ptr + at, cut->n);
            return;
        }
        tell_broken(port, type);
        at += (size_t)-next;
    }
}

/* No more of this character will come. */
static void give_up(struct myna_llm_port *port, enum myna_llm_event_type type, struct cut *cut)
{
    if (cut->n == 0)
        return;
    cut->n = 0;
    tell_broken(port, type);
}

static void pass_on(struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    switch (ev->type) {
    case MYNA_LLM_TEXT:
        take_text(port, ev->type, &port->text, ev->text);
        return;
    case MYNA_LLM_REASONING:
        take_text(port, ev->type, &port->reasoning, ev->text);
        return;
    case MYNA_LLM_FLUSH:
    case MYNA_LLM_TOOL_CALL:
    case MYNA_LLM_DONE:
        give_up(port, MYNA_LLM_REASONING, &port->reasoning);
        give_up(port, MYNA_LLM_TEXT, &port->text);
        break;
    case MYNA_LLM_USAGE:
    case MYNA_LLM_FAULT:
    case MYNA_LLM_PROGRESS:
    case MYNA_LLM_USING:
        break;
    }
    if (!closed(port))
        port->opt.event(port->opt.arg, port, ev);
}

void myna_llm_emit(struct myna_llm_stream *st, const struct myna_llm_event *ev)
{
    struct myna_llm_port *port = st->sink;

    if (!port) /* closed: a late token finds nobody */
        return;
    if (port->opt.tap) {
        struct myna_view v = {NULL, 0};

        myna_buf_clear(&port->packed);
        /* Past a ceiling the record stays empty and the replay will say so. */
        if (myna_llm_event_pack(&port->packed, ev) == MYNA_OK)
            v = myna_buf_view(&port->packed);
        myna_tap_put(port->opt.tap, MYNA_IN_LLM, port->opt.id, &v, 1);
    }
    port->busy++;
    pass_on(port, ev);
    port->busy--;
}

/* ---- bytes for the tap */

enum myna_err myna_llm_event_pack(struct myna_buf *into, const struct myna_llm_event *ev)
{
    myna_buf_u8(into, (uint8_t)ev->type);
    myna_buf_bytes(into, ev->text);
    if (ev->type == MYNA_LLM_TOOL_CALL || ev->type == MYNA_LLM_PROGRESS) {
        myna_buf_str_opt(into, ev->call_id);
        myna_buf_str_opt(into, ev->name);
        myna_buf_str_opt(into, ev->arguments);
        if (ev->extra)
            myna_buf_str_opt(into, ev->extra);
    } else if (ev->type == MYNA_LLM_USAGE) {
        myna_buf_u32(into, (uint32_t)ev->prompt_tokens);
        myna_buf_u32(into, (uint32_t)ev->prompt_cached_tokens);
        myna_buf_u32(into, (uint32_t)ev->completion_tokens);
        myna_buf_u32(into, (uint32_t)ev->total_tokens);
        myna_buf_u32(into, (uint32_t)ev->prompt_cache_write_tokens);
        myna_buf_i64(into, (int64_t)llround(ev->cost * COST_UNIT));
    } else if (ev->type == MYNA_LLM_FAULT || ev->type == MYNA_LLM_USING) {
        myna_pack_fault(into, &ev->fault);
    }
    return into->err;
}

enum myna_err myna_llm_event_unpack(struct myna_view from, struct myna_llm_event *ev)
{
    struct myna_reader r = {.ptr = from.ptr, .len = from.len};
    struct myna_llm_event e = {.type = (enum myna_llm_event_type)myna_read_u8(&r)};

    e.text = myna_read_bytes(&r);
    if (e.type == MYNA_LLM_TOOL_CALL || e.type == MYNA_LLM_PROGRESS) {
        e.call_id = myna_read_str_opt(&r);
        e.name = myna_read_str_opt(&r);
        e.arguments = myna_read_str_opt(&r);
        e.extra = r.len ? myna_read_str_opt(&r) : NULL;
    } else if (e.type == MYNA_LLM_USAGE) {
        e.prompt_tokens = (int)myna_read_u32(&r);
        e.prompt_cached_tokens = (int)myna_read_u32(&r);
        e.completion_tokens = (int)myna_read_u32(&r);
        e.total_tokens = (int)myna_read_u32(&r);
        if (r.len) { /* older recordings end here */
            e.prompt_cache_write_tokens = (int)myna_read_u32(&r);
            e.cost = (double)myna_read_i64(&r) / COST_UNIT;
        }
    } else if (e.type == MYNA_LLM_FAULT || e.type == MYNA_LLM_USING) {
        myna_read_fault(&r, &e.fault);
    }
    if (r.bad || r.len || e.type > MYNA_LLM_USING)
        return MYNA_EFORMAT;
    *ev = e;
    return MYNA_OK;
}

static json_t *tools_json(const struct myna_llm_request *req)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < req->n_tools; i++) {
        json_t *tool = json_object();

        bad |= myna_json_put_text(tool, "name", req->tools[i].name);
        bad |= myna_json_put_text(tool, "description", req->tools[i].description);
        bad |= myna_json_put_text(tool, "parameters", req->tools[i].parameters);
        bad |= json_array_append_new(list, tool);
    }
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *items_json(const struct myna_llm_request *req)
{
    json_t *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < req->n_items; i++)
        bad |= json_array_append_new(list, myna_item_json(&req->items[i], 0));
    if (!bad)
        return list;
    json_decref(list);
    return NULL;
}

char *myna_llm_request_json(const struct myna_llm_request *req)
{
    static const char *const choices[] = {"auto", "none", "required"};
    json_t *o = json_object();
    char *text = NULL;
    int bad = 0;

    bad |= myna_json_put_text(o, "session_id", req->session_id);
    bad |= myna_json_put_text(o, "instructions", req->instructions);
    bad |= myna_json_put_text(o, "extra_instructions", req->extra_instructions);
    bad |= myna_json_put_text(o, "model", req->model);
    bad |= json_object_set_new(o, "tool_choice", json_string(choices[req->tool_choice]));
    bad |= json_object_set_new(o, "tools", tools_json(req));
    bad |= json_object_set_new(o, "items", items_json(req));
    if (!bad)
        text = myna_json_dump(o, JSON_COMPACT);
    json_decref(o);
    return text;
}
