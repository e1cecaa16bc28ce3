/* otlp_test.c - the bytes of a span: by the wire format of protobuf and by OTLP's JSON. */
#include "trace/otlp.h"

#include <jansson.h>

#include "check.h"
#include "fault.h"

static const uint8_t parent[8] = {9, 9, 9, 9, 9, 9, 9, 9};

static struct myna_trace_span span(const struct myna_attr *attrs, size_t n)
{
    return (struct myna_trace_span){.id = {.trace = {1, 2, 0xff}, .span = {7, 8}},
                                    .name = "llm_node",
                                    .start_ns = 1700000000000000000,
                                    .end_ns = 1700000000000000000 + 5,
                                    .attrs = attrs,
                                    .n_attrs = n};
}

/* ---- reading protobuf back: the n-th field of that number in a message */

struct field {
    unsigned wire;
    uint64_t n;
    struct myna_view v;
};

static uint64_t varint(struct myna_view *v)
{
    uint64_t n = 0;

    for (int shift = 0;; shift += 7) {
        CHECK(v->len > 0 && shift < 64);
        uint8_t b = *v->ptr++;
        v->len--;
        n |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return n;
    }
}

static bool find(struct myna_view v, unsigned number, int nth, struct field *f)
{
    while (v.len) {
        uint64_t tag = varint(&v);

        f->wire = tag & 7;
        f->n = 0;
        if (f->wire == 0) {
            f->n = varint(&v);
        } else if (f->wire == 1) {
            CHECK(v.len >= 8);
            for (int i = 7; i >= 0; i--)
                f->n = f->n << 8 | v.ptr[i];
            v.ptr += 8;
            v.len -= 8;
        } else {
            CHECK_EQ(f->wire, 2);
            size_t len = (size_t)varint(&v);
            CHECK(len <= v.len);
            f->v = (struct myna_view){v.ptr, len};
            v.ptr += len;
            v.len -= len;
        }
        if (tag >> 3 == number && nth-- == 0)
            return true;
    }
    return false;
}

static struct field get(struct myna_view v, unsigned number, int nth)
{
    struct field f = {.wire = 9};

    CHECK(find(v, number, nth, &f));
    return f;
}

static bool is(struct myna_view v, const char *text)
{
    return v.len == strlen(text) && !memcmp(v.ptr, text, v.len);
}

static struct myna_buf made;

static struct myna_view protobuf(const struct myna_trace_span *sp)
{
    myna_buf_fini(&made);
    myna_buf_init(&made, 1 << 20);
    CHECK_EQ(myna_otlp_span(MYNA_OTLP_PROTOBUF, sp, &made), MYNA_OK);
    return get(myna_buf_view(&made), 2, 0).v; /* ScopeSpans.spans */
}

TEST(a_span_has_its_fields_under_their_numbers)
{
    struct myna_trace_span sp = span(NULL, 0);
    struct myna_trace_event ev[] = {{"heard", 42}, {"first_token", 43}};
    struct myna_view v;
    struct field f;

    sp.parent = parent;
    sp.client = true;
    sp.events = ev;
    sp.n_events = 2;
    sp.error = "it failed";
    v = protobuf(&sp);
    CHECK(get(v, 1, 0).v.len == 16 && get(v, 1, 0).v.ptr[2] == 0xff);
    CHECK(get(v, 2, 0).v.len == 8 && get(v, 2, 0).v.ptr[0] == 7);
    CHECK(get(v, 4, 0).v.len == 8 && get(v, 4, 0).v.ptr[0] == 9);
    CHECK(is(get(v, 5, 0).v, "llm_node"));
    CHECK_EQ(get(v, 6, 0).n, 3); /* CLIENT */
    f = get(v, 7, 0);
    CHECK(f.wire == 1 && f.n == 1700000000000000000);
    CHECK_EQ(get(v, 8, 0).n, 1700000000000000005);
    CHECK_EQ(get(get(v, 11, 0).v, 1, 0).n, 42);
    CHECK(is(get(get(v, 11, 1).v, 2, 0).v, "first_token"));
    CHECK(is(get(get(v, 15, 0).v, 2, 0).v, "it failed"));
    CHECK_EQ(get(get(v, 15, 0).v, 3, 0).n, 2); /* ERROR */
}

TEST(a_root_that_went_well_has_neither_parent_nor_status)
{
    struct myna_trace_span sp = span(NULL, 0);
    struct myna_view v = protobuf(&sp);
    struct field f;

    CHECK(!find(v, 4, 0, &f));
    CHECK(!find(v, 15, 0, &f));
    CHECK_EQ(get(v, 6, 0).n, 1); /* INTERNAL */
}

TEST(attributes_have_the_types_of_their_values)
{
    static const struct myna_attr attrs[] = {
        {.key = "text", .type = MYNA_ATTR_TEXT, .text = "Gr\xc3\xbc\xc3\x9f Gott"},
        {.key = "minus", .type = MYNA_ATTR_INT, .n = -5},
        {.key = "half", .type = MYNA_ATTR_DOUBLE, .d = 0.5},
        {.key = "yes", .type = MYNA_ATTR_BOOL, .n = 7},
        {.key = "none", .type = MYNA_ATTR_TEXT},
        {.key = "unknown", .type = MYNA_ATTR_DOUBLE, .d = NAN},
    };
    struct myna_trace_span sp = span(attrs, 6);
    struct myna_view v = protobuf(&sp);
    struct field f;

    CHECK(is(get(get(v, 9, 0).v, 1, 0).v, "text"));
    CHECK(is(get(get(get(v, 9, 0).v, 2, 0).v, 1, 0).v, "Gr\xc3\xbc\xc3\x9f Gott"));
    CHECK_EQ((int64_t)get(get(get(v, 9, 1).v, 2, 0).v, 3, 0).n, -5);
    CHECK_EQ(get(get(get(v, 9, 2).v, 2, 0).v, 4, 0).n, 0x3fe0000000000000);
    CHECK_EQ(get(get(get(v, 9, 3).v, 2, 0).v, 2, 0).n, 1);
    CHECK(!find(v, 9, 4, &f)); /* what is not known is left out */
}

TEST(long_and_broken_texts_are_cut_and_mended)
{
    static char text[100000];
    struct myna_attr attrs[] = {{.key = "long", .type = MYNA_ATTR_TEXT, .text = text},
                                {.key = "bad", .type = MYNA_ATTR_TEXT, .text = "a\xff\xe2\x82z"}};
    struct myna_trace_span sp = span(attrs, 2);
    struct myna_view v, got;

    text[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[sizeof text - 1] = '\0';
    v = protobuf(&sp);
    got = get(get(get(v, 9, 0).v, 2, 0).v, 1, 0).v;
    CHECK_EQ(got.len, MYNA_OTLP_TEXT_MAX - 1); /* never inside a character */
    CHECK(is(get(get(get(v, 9, 1).v, 2, 0).v, 1, 0).v, "a\xef\xbf\xbd\xef\xbf\xbdz"));
}

TEST(a_request_wraps_resource_scope_and_spans)
{
    static const struct myna_attr resource[] = {
        {.key = "service.name", .type = MYNA_ATTR_TEXT, .text = "myna"}};
    struct myna_trace_span sp = span(NULL, 0);
    struct myna_buf spans, all;
    struct myna_view rs, ss;

    myna_buf_init(&spans, 0);
    myna_buf_init(&all, 0);
    CHECK_EQ(myna_otlp_span(MYNA_OTLP_PROTOBUF, &sp, &spans), MYNA_OK);
    sp.name = "tts_node";
    CHECK_EQ(myna_otlp_span(MYNA_OTLP_PROTOBUF, &sp, &spans), MYNA_OK);
    CHECK_EQ(
        myna_otlp_request(MYNA_OTLP_PROTOBUF, resource, 1, "1.2.3", myna_buf_view(&spans), &all),
        MYNA_OK);
    rs = get(myna_buf_view(&all), 1, 0).v;
    CHECK(is(get(get(get(get(rs, 1, 0).v, 1, 0).v, 2, 0).v, 1, 0).v, "myna"));
    ss = get(rs, 2, 0).v;
    CHECK(is(get(get(ss, 1, 0).v, 1, 0).v, "myna"));
    CHECK(is(get(get(ss, 1, 0).v, 2, 0).v, "1.2.3"));
    CHECK(is(get(get(ss, 2, 0).v, 5, 0).v, "llm_node"));
    CHECK(is(get(get(ss, 2, 1).v, 5, 0).v, "tts_node"));
    myna_buf_fini(&spans);
    myna_buf_fini(&all);
}

TEST(json_has_ids_in_hex_and_large_numbers_as_text)
{
    static const struct myna_attr attrs[] = {
        {.key = "text", .type = MYNA_ATTR_TEXT, .text = "say \"hi\"\n\\ \xff"},
        {.key = "n", .type = MYNA_ATTR_INT, .n = -5},
        {.key = "d", .type = MYNA_ATTR_DOUBLE, .d = 0.1},
        {.key = "b", .type = MYNA_ATTR_BOOL, .n = 0},
        {.key = "none", .type = MYNA_ATTR_DOUBLE, .d = INFINITY},
    };
    struct myna_trace_span sp = span(attrs, 5);
    struct myna_trace_event ev = {"heard", 42};
    struct myna_buf spans, all;
    json_t *root, *list, *o;
    json_error_t why;

    sp.parent = parent;
    sp.events = &ev;
    sp.n_events = 1;
    sp.error = "no";
    myna_buf_init(&spans, 0);
    myna_buf_init(&all, 0);
    CHECK_EQ(myna_otlp_span(MYNA_OTLP_JSON, &sp, &spans), MYNA_OK);
    CHECK_EQ(myna_otlp_span(MYNA_OTLP_JSON, &sp, &spans), MYNA_OK);
    CHECK_EQ(myna_otlp_request(MYNA_OTLP_JSON, attrs, 1, "1.2.3", myna_buf_view(&spans), &all),
             MYNA_OK);
    root = json_loads(myna_buf_str(&all), JSON_REJECT_DUPLICATES, &why);
    if (!root)
        check_fail(__FILE__, __LINE__, "%s: %s", why.text, myna_buf_str(&all));
    o = json_array_get(json_object_get(root, "resourceSpans"), 0);
    list = json_object_get(json_array_get(json_object_get(o, "scopeSpans"), 0), "spans");
    CHECK_EQ(json_array_size(list), 2);
    o = json_array_get(list, 1);
    CHECK_STR(json_string_value(json_object_get(o, "traceId")), "0102ff00000000000000000000000000");
    CHECK_STR(json_string_value(json_object_get(o, "spanId")), "0708000000000000");
    CHECK_STR(json_string_value(json_object_get(o, "parentSpanId")), "0909090909090909");
    CHECK_STR(json_string_value(json_object_get(o, "startTimeUnixNano")), "1700000000000000000");
    CHECK_EQ(json_integer_value(json_object_get(o, "kind")), 1);
    CHECK_EQ(json_integer_value(json_object_get(json_object_get(o, "status"), "code")), 2);
    list = json_object_get(o, "attributes");
    CHECK_EQ(json_array_size(list), 4);
#define VALUE(i, kind) json_object_get(json_object_get(json_array_get(list, i), "value"), kind)
    CHECK_STR(json_string_value(VALUE(0, "stringValue")), "say \"hi\"\n\\ \xef\xbf\xbd");
    CHECK_STR(json_string_value(VALUE(1, "intValue")), "-5");
    CHECK(json_real_value(VALUE(2, "doubleValue")) == 0.1);
    CHECK(json_is_false(VALUE(3, "boolValue")));
    json_decref(root);
    myna_buf_fini(&spans);
    myna_buf_fini(&all);
}

static bool encode(void *arg)
{
    static char big[3000];
    struct myna_attr attrs[] = {{.key = "k", .type = MYNA_ATTR_TEXT, .text = big}};
    struct myna_trace_span sp = span(attrs, 1);
    struct myna_buf b;
    bool ok;

    memset(big, 'x', sizeof big - 1);
    myna_buf_init(&b, 0);
    ok = myna_otlp_span(arg ? MYNA_OTLP_JSON : MYNA_OTLP_PROTOBUF, &sp, &b) == MYNA_OK;
    myna_buf_fini(&b);
    return ok;
}

TEST(without_memory_it_says_so)
{
    CHECK(fault_each_alloc(encode, NULL) > 0);
    CHECK(fault_each_alloc(encode, &made) > 0);
}

TEST_MAIN
