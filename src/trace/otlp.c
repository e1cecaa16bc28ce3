/* otlp.c - field numbers of opentelemetry/proto/{trace,common,resource}/v1 and
 * collector/trace/v1/trace_service.proto, which are stable (OTLP 1.0).
 *
 * Protobuf needs the length of a message before its body. The bodies are small, so each message is
 * written where it belongs with one byte kept for its length, and moved when the length needs more.
 *
 * JSON is OTLP's own mapping: ids in hex, 64-bit numbers as text, enums as numbers.
 */
#include "trace/otlp.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "util/utf8.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };
enum { KIND_INTERNAL = 1, KIND_CLIENT = 3, STATUS_ERROR = 2 };

/* Longest part of the text that is taken. */
static size_t cut(const char *text)
{
    size_t n = strnlen(text, MYNA_OTLP_TEXT_MAX + 1);

    if (n <= MYNA_OTLP_TEXT_MAX)
        return n;
    n = MYNA_OTLP_TEXT_MAX;
    while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80) /* not inside a character */
        n--;
    return n;
}

static bool left_out(const struct myna_attr *a)
{
    return (a->type == MYNA_ATTR_TEXT && !a->text) ||
           (a->type == MYNA_ATTR_DOUBLE && !isfinite(a->d));
}

/* ------------------------------------------------------------------ protobuf */

static void varint(struct myna_buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        myna_buf_u8(b, (uint8_t)(v | 0x80));
    myna_buf_u8(b, (uint8_t)v);
}

static void tag(struct myna_buf *b, unsigned field, unsigned wire)
{
    varint(b, field << 3 | wire);
}

static void bytes(struct myna_buf *b, unsigned field, const void *ptr, size_t n)
{
    tag(b, field, BYTES);
    varint(b, n);
    myna_buf_put(b, ptr, n);
}

static void fixed64(struct myna_buf *b, unsigned field, uint64_t v)
{
    tag(b, field, FIXED64);
    myna_buf_i64(b, (int64_t)v);
}

/* Begins a message; end() with what it returned. */
static size_t begin(struct myna_buf *b, unsigned field)
{
    tag(b, field, BYTES);
    myna_buf_u8(b, 0);
    return b->len;
}

static void end(struct myna_buf *b, size_t body)
{
    uint8_t len[10];
    size_t n = 0, more;

    if (b->err)
        return;
    for (uint64_t v = b->len - body; n == 0 || v; v >>= 7)
        len[n++] = (uint8_t)(v & 0x7f);
    for (size_t i = 0; i + 1 < n; i++)
        len[i] |= 0x80;
    more = n - 1;
    if (more && myna_buf_put(b, len, more)) /* room; the content is moved over it */
        return;
    memmove(b->ptr + body + more, b->ptr + body, b->len - more - body);
    memcpy(b->ptr + body - 1, len, n);
}

static void text(struct myna_buf *b, unsigned field, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t n = cut(s), at, whole = myna_utf8_span(p, n);

    if (whole == n) {
        bytes(b, field, s, n);
        return;
    }
    at = begin(b, field);
    while (n) {
        int len = myna_utf8_next(p, n);
        size_t used = (size_t)(len > 0 ? len : len < 0 ? -len : (int)n);

        myna_buf_put(b, len > 0 ? (const void *)p : MYNA_UTF8_BROKEN, len > 0 ? used : 3);
        p += used;
        n -= used;
    }
    end(b, at);
}

static void attribute(struct myna_buf *b, unsigned field, const struct myna_attr *a)
{
    size_t pair, value;
    uint64_t bits;

    if (left_out(a))
        return;
    pair = begin(b, field);
    text(b, 1, a->key);
    value = begin(b, 2);
    switch (a->type) {
    case MYNA_ATTR_TEXT:
        text(b, 1, a->text);
        break;
    case MYNA_ATTR_BOOL:
        tag(b, 2, VARINT);
        varint(b, a->n != 0);
        break;
    case MYNA_ATTR_INT:
        tag(b, 3, VARINT);
        varint(b, (uint64_t)a->n);
        break;
    case MYNA_ATTR_DOUBLE:
        memcpy(&bits, &a->d, sizeof bits);
        fixed64(b, 4, bits);
        break;
    }
    end(b, value);
    end(b, pair);
}

static void span_protobuf(const struct myna_trace_span *sp, struct myna_buf *b)
{
    size_t span = begin(b, 2), part; /* ScopeSpans.spans */

    bytes(b, 1, sp->id.trace, sizeof sp->id.trace);
    bytes(b, 2, sp->id.span, sizeof sp->id.span);
    if (sp->parent)
        bytes(b, 4, sp->parent, sizeof sp->id.span);
    text(b, 5, sp->name);
    tag(b, 6, VARINT);
    varint(b, sp->client ? KIND_CLIENT : KIND_INTERNAL);
    fixed64(b, 7, (uint64_t)sp->start_ns);
    fixed64(b, 8, (uint64_t)sp->end_ns);
    for (size_t i = 0; i < sp->n_attrs; i++)
        attribute(b, 9, &sp->attrs[i]);
    for (size_t i = 0; i < sp->n_events; i++) {
        part = begin(b, 11);
        fixed64(b, 1, (uint64_t)sp->events[i].at_ns);
        text(b, 2, sp->events[i].name);
        end(b, part);
    }
    if (sp->error) {
        part = begin(b, 15);
        text(b, 2, sp->error);
        tag(b, 3, VARINT);
        varint(b, STATUS_ERROR);
        end(b, part);
    }
    end(b, span);
}

static void request_protobuf(const struct myna_attr *resource, size_t n, const char *version,
                             struct myna_view spans, struct myna_buf *b)
{
    size_t resource_spans = begin(b, 1), part = begin(b, 1), scope_spans;

    for (size_t i = 0; i < n; i++)
        attribute(b, 1, &resource[i]);
    end(b, part);
    scope_spans = begin(b, 2);
    part = begin(b, 1);
    text(b, 1, "myna");
    text(b, 2, version);
    end(b, part);
    myna_buf_put(b, spans.ptr, spans.len);
    end(b, scope_spans);
    end(b, resource_spans);
}

/* ------------------------------------------------------------------ JSON */

static void json_text(struct myna_buf *b, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t n = cut(s);

    myna_buf_putc(b, '"');
    while (n) {
        int len = myna_utf8_next(p, n);
        size_t used = (size_t)(len > 0 ? len : len < 0 ? -len : (int)n);

        if (len <= 0)
            myna_buf_put(b, MYNA_UTF8_BROKEN, 3);
        else if (*p == '"' || *p == '\\')
            myna_buf_printf(b, "\\%c", *p);
        else if (*p < 0x20)
            myna_buf_printf(b, "\\u%04x", *p);
        else
            myna_buf_put(b, p, used);
        p += used;
        n -= used;
    }
    myna_buf_putc(b, '"');
}

static void json_hex(struct myna_buf *b, const char *key, const uint8_t *id, size_t n)
{
    myna_buf_printf(b, "\"%s\":\"", key);
    for (size_t i = 0; i < n; i++)
        myna_buf_printf(b, "%02x", id[i]);
    myna_buf_puts(b, "\"");
}

/* 17 digits give every double back; a comma of the host's locale becomes the point of JSON. */
static void json_double(struct myna_buf *b, double d)
{
    char number[40];

    snprintf(number, sizeof number, "%.17g", d);
    for (char *p = number; *p; p++)
        if (*p == ',')
            *p = '.';
    myna_buf_puts(b, number);
}

static void json_attributes(struct myna_buf *b, const struct myna_attr *attrs, size_t n)
{
    bool first = true;

    myna_buf_puts(b, "\"attributes\":[");
    for (size_t i = 0; i < n; i++) {
        const struct myna_attr *a = &attrs[i];

        if (left_out(a))
            continue;
        myna_buf_puts(b, first ? "{\"key\":" : ",{\"key\":");
        first = false;
        json_text(b, a->key);
        myna_buf_puts(b, ",\"value\":{");
        switch (a->type) {
        case MYNA_ATTR_TEXT:
            myna_buf_puts(b, "\"stringValue\":");
            json_text(b, a->text);
            break;
        case MYNA_ATTR_BOOL:
            myna_buf_printf(b, "\"boolValue\":%s", a->n ? "true" : "false");
            break;
        case MYNA_ATTR_INT:
            myna_buf_printf(b, "\"intValue\":\"%" PRId64 "\"", a->n);
            break;
        case MYNA_ATTR_DOUBLE:
            myna_buf_puts(b, "\"doubleValue\":");
            json_double(b, a->d);
            break;
        }
        myna_buf_puts(b, "}}");
    }
    myna_buf_puts(b, "]");
}

static void span_json(const struct myna_trace_span *sp, struct myna_buf *b)
{
    myna_buf_puts(b, "{");
    json_hex(b, "traceId", sp->id.trace, sizeof sp->id.trace);
    myna_buf_puts(b, ",");
    json_hex(b, "spanId", sp->id.span, sizeof sp->id.span);
    myna_buf_puts(b, ",");
    if (sp->parent) {
        json_hex(b, "parentSpanId", sp->parent, sizeof sp->id.span);
        myna_buf_puts(b, ",");
    }
    myna_buf_puts(b, "\"name\":");
    json_text(b, sp->name);
    myna_buf_printf(b,
                    ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
                    "\",\"endTimeUnixNano\":\"%" PRId64 "\",",
                    sp->client ? KIND_CLIENT : KIND_INTERNAL, sp->start_ns, sp->end_ns);
    json_attributes(b, sp->attrs, sp->n_attrs);
    if (sp->n_events) {
        myna_buf_puts(b, ",\"events\":[");
        for (size_t i = 0; i < sp->n_events; i++) {
            myna_buf_printf(b, "%s{\"timeUnixNano\":\"%" PRId64 "\",\"name\":", i ? "," : "",
                            sp->events[i].at_ns);
            json_text(b, sp->events[i].name);
            myna_buf_puts(b, "}");
        }
        myna_buf_puts(b, "]");
    }
    if (sp->error) {
        myna_buf_puts(b, ",\"status\":{\"message\":");
        json_text(b, sp->error);
        myna_buf_printf(b, ",\"code\":%d}", STATUS_ERROR);
    }
    myna_buf_puts(b, "},"); /* the request takes the last comma off */
}

static void request_json(const struct myna_attr *resource, size_t n, const char *version,
                         struct myna_view spans, struct myna_buf *b)
{
    myna_buf_puts(b, "{\"resourceSpans\":[{\"resource\":{");
    json_attributes(b, resource, n);
    myna_buf_puts(b, "},\"scopeSpans\":[{\"scope\":{\"name\":\"myna\",\"version\":");
    json_text(b, version);
    myna_buf_puts(b, "},\"spans\":[");
    myna_buf_put(b, spans.ptr, spans.len ? spans.len - 1 : 0);
    myna_buf_puts(b, "]}]}]}");
}

/* ------------------------------------------------------------------ both */

enum myna_err myna_otlp_span(enum myna_otlp how, const struct myna_trace_span *span,
                             struct myna_buf *into)
{
    if (how == MYNA_OTLP_JSON)
        span_json(span, into);
    else
        span_protobuf(span, into);
    return into->err;
}

enum myna_err myna_otlp_request(enum myna_otlp how, const struct myna_attr *resource, size_t n,
                                const char *version, struct myna_view spans, struct myna_buf *into)
{
    if (how == MYNA_OTLP_JSON)
        request_json(resource, n, version, spans, into);
    else
        request_protobuf(resource, n, version, spans, into);
    return into->err;
}
