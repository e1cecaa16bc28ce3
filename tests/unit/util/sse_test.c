/* sse_test.c - each stream is fed whole, byte by byte and at every pair of cuts: the events must be
 * the same. */
#include "util/sse.h"

#include "check.h"
#include "fault.h"

static struct myna_buf told;
static int n_told, enough_at;

static bool on_event(void *arg, const struct myna_sse_event *ev)
{
    (void)arg;
    myna_buf_printf(&told, "[%s|%s|", ev->name, ev->id);
    myna_buf_put(&told, ev->data.ptr, ev->data.len);
    myna_buf_puts(&told, "]");
    CHECK_EQ(ev->data.ptr[ev->data.len], 0);
    return ++n_told != enough_at;
}

/* Cuts in front of bytes a and b. */
static const char *parse(struct myna_view text, size_t a, size_t b)
{
    struct myna_view parts[] = {{text.ptr, a}, {text.ptr + a, b - a}, {text.ptr + b, text.len - b}};
    struct myna_sse sse;

    myna_buf_clear(&told);
    n_told = 0;
    myna_sse_init(&sse, 0, on_event, NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(myna_sse_feed(&sse, parts[i]), MYNA_OK);
    CHECK_EQ(myna_sse_end(&sse), MYNA_OK);
    myna_sse_fini(&sse);
    return myna_buf_str(&told);
}

static const struct {
    const char *stream, *events;
} streams[] = {
    {"data: a\n\ndata: b\n\n", "[message||a][message||b]"},
    {"data:a\r\n\r\ndata:b\r\n\r\n", "[message||a][message||b]"},
    {"data: a\r\rdata: b\r\r", "[message||a][message||b]"},
    {"data: a\ndata:  b\ndata\ndata:\n\n", "[message||a\n b\n\n]"},
    {": keepalive\n\n: more\ndata: x\n: in between\n\n", "[message||x]"},
    {"event: hermes.tool.progress\ndata: {}\n\ndata: y\n\n",
     "[hermes.tool.progress||{}][message||y]"},
    {"event: alone\n\ndata: z\n\n", "[message||z]"},
    {"id: 7\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n", "[message|7|a][message|7|b][message||c]"},
    {"data: h\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\n\n",
     "[message||h\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80]"},
    {"\xEF\xBB\xBF"
     "data: bom\n\n",
     "[message||bom]"},
    {"\xEF\xBB"
     "data: no bom\n\ndata: a\n\n",
     "[message||a]"},
    {"data: [DONE]", "[message||[DONE]]"},
    {"data: [DONE]\n", "[message||[DONE]]"},
    {"data: a\n\nevent: x", "[message||a]"},
    {"unknown: field\ndatum: x\ndata x: y\n\n", ""},
    {"\n\n\r\n\r\r\n", ""},
    {"", ""},
};

TEST(every_cut_of_every_stream_gives_the_same_events)
{
    myna_buf_init(&told, 0);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct myna_view v = myna_view_of(streams[i].stream);

        for (size_t a = 0; a <= v.len; a++)
            for (size_t b = a; b <= v.len; b++)
                CHECK_STR(parse(v, a, b), streams[i].events);
    }
    myna_buf_fini(&told);
}

TEST(byte_by_byte_is_the_same_too)
{
    myna_buf_init(&told, 0);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct myna_sse sse;

        myna_buf_clear(&told);
        myna_sse_init(&sse, 0, on_event, NULL);
        for (const char *p = streams[i].stream; *p; p++)
            CHECK_EQ(myna_sse_feed(&sse, (struct myna_view){(const uint8_t *)p, 1}), MYNA_OK);
        CHECK_EQ(myna_sse_end(&sse), MYNA_OK);
        CHECK_STR(myna_buf_str(&told), streams[i].events);
        myna_sse_fini(&sse);
    }
    myna_buf_fini(&told);
}

TEST(an_event_past_the_ceiling_is_an_error_wherever_it_grows)
{
    static const char *const lines[] = {"data: 0123456789abcdef0123456789abcdef\n", "data: abcd\n",
                                        ": 0123456789abcdef0123456789abcdef"};

    myna_buf_init(&told, 0);
    for (int i = 0; i < 3; i++) {
        struct myna_sse sse;
        enum myna_err err = MYNA_OK;

        n_told = 0;
        myna_sse_init(&sse, 32, on_event, NULL);
        for (int k = 0; k < 8 && !err; k++)
            err = myna_sse_feed(&sse, myna_view_of(lines[i]));
        CHECK_EQ(err, MYNA_ELIMIT);
        CHECK_EQ(n_told, 0);
        myna_sse_fini(&sse);
    }
    myna_buf_fini(&told);
}

TEST(the_listener_may_say_enough)
{
    struct myna_sse sse;

    myna_buf_init(&told, 0);
    n_told = 0;
    enough_at = 2;
    myna_sse_init(&sse, 0, on_event, NULL);
    CHECK_EQ(myna_sse_feed(&sse, myna_view_of("data: a\n\ndata: b\n\ndata: c\n\n")),
             MYNA_ECANCELED);
    enough_at = 0;
    CHECK_STR(myna_buf_str(&told), "[message||a][message||b]");
    myna_sse_fini(&sse);
    myna_buf_fini(&told);
}

TEST(retry_is_kept_when_it_is_a_number)
{
    struct myna_sse sse;

    myna_sse_init(&sse, 0, on_event, NULL);
    CHECK_EQ(myna_sse_feed(&sse, myna_view_of("retry: soon\n")), MYNA_OK);
    CHECK_EQ(sse.retry_ms, -1);
    CHECK_EQ(myna_sse_feed(&sse, myna_view_of("retry: 1500\n")), MYNA_OK);
    CHECK_EQ(sse.retry_ms, 1500);
    myna_sse_fini(&sse);
}

static bool feed_all(void *arg)
{
    struct myna_sse sse;
    bool good;

    (void)arg;
    enough_at = 0;
    myna_buf_init(&told, 0);
    myna_sse_init(&sse, 0, on_event, NULL);
    good = myna_sse_feed(&sse, myna_view_of("data: a\ndata: b\n\ndata: c")) == MYNA_OK &&
           myna_sse_end(&sse) == MYNA_OK && !told.err;
    myna_sse_fini(&sse);
    myna_buf_fini(&told);
    return good;
}

TEST(each_allocation_may_fail)
{
    CHECK(fault_each_alloc(feed_all, NULL) >= 2);
}

TEST_MAIN
