/* llm_test.c - text may be cut anywhere on its way here; the session sees whole characters. */
#include "llm/llm.h"

#include "check.h"
#include "util/buf.h"
#include "util/host.h"

struct fake {
    struct myna_llm base;
    struct myna_llm_stream stream;
    int closed;
    struct myna_host host;
    struct myna_llm_port *port;
    char text[4096], reasoning[256];
    int others, events;
    int close_at; /* event number at which the session closes; 0: never */
};

static enum myna_err fake_start(struct myna_llm *llm, const struct myna_llm_request *req,
                                struct myna_llm_stream **out)
{
    struct fake *f = (struct fake *)llm;

    (void)req;
    f->stream.llm = llm;
    *out = &f->stream;
    return MYNA_OK;
}

static void fake_close(struct myna_llm_stream *st)
{
    ((struct fake *)st->llm)->closed++;
}

static const struct myna_llm_class cls = {.name = "fake", .start = fake_start, .close = fake_close};

static bool whole(struct myna_view v)
{
    char text[64];

    if (v.len >= sizeof text)
        return true; /* only short ones are looked at */
    memcpy(text, v.ptr, v.len);
    return v.len > 0 && ((uint8_t)text[0] & 0xC0) != 0x80;
}

static void on_event(void *arg, struct myna_llm_port *port, const struct myna_llm_event *ev)
{
    struct fake *f = arg;
    char *into = ev->type == MYNA_LLM_REASONING ? f->reasoning : f->text;

    f->events++;
    if (ev->type == MYNA_LLM_TEXT || ev->type == MYNA_LLM_REASONING) {
        CHECK(whole(ev->text));
        strncat(into, (const char *)ev->text.ptr, ev->text.len);
    } else {
        f->others++;
    }
    if (f->events == f->close_at)
        myna_llm_port_close(port);
}

static void open_port(struct fake *f)
{
    struct myna_llm_request req = {.instructions = "", .session_id = "s"};
    struct myna_llm_port_options opt = {
        .llm = &f->base, .request = &req, .id = 1, .event = on_event, .arg = f};

    f->base.cls = &cls;
    f->base.host = &f->host;
    CHECK_EQ(myna_llm_port_open(&opt, &f->port), MYNA_OK);
}

static void emit(struct fake *f, enum myna_llm_event_type type, const char *ptr, size_t len)
{
    struct myna_llm_event ev = {.type = type, .text = {(const uint8_t *)ptr, len}};

    myna_llm_emit(&f->stream, &ev);
}

TEST(a_text_cut_at_any_two_places_arrives_whole)
{
    static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* a ä € 😀 z */
    size_t n = sizeof text - 1;

    for (size_t i = 0; i <= n; i++)
        for (size_t j = i; j <= n; j++) {
            struct fake f = {0};

            open_port(&f);
            emit(&f, MYNA_LLM_TEXT, text, i);
            emit(&f, MYNA_LLM_TEXT, text + i, j - i);
            emit(&f, MYNA_LLM_TEXT, text + j, n - j);
            emit(&f, MYNA_LLM_DONE, NULL, 0);
            CHECK_STR(f.text, text);
            CHECK_EQ(f.others, 1);
            myna_llm_port_close(f.port);
            CHECK_EQ(f.closed, 1);
        }
}

TEST(what_is_broken_becomes_one_replacement_each_however_it_is_cut)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"a\xE2\x82z", "a\xEF\xBF\xBDz"},                           /* cut in its middle */
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                   /* overlong */
        {"\xED\xA0\x80!", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!"}, /* surrogate */
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"end\xF0\x9F\x98", "end\xEF\xBF\xBD"}, /* never completed */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t cut = 0; cut <= strlen(rows[i].in); cut++) {
            struct fake f = {0};

            open_port(&f);
            emit(&f, MYNA_LLM_TEXT, rows[i].in, cut);
            emit(&f, MYNA_LLM_TEXT, rows[i].in + cut, strlen(rows[i].in) - cut);
            emit(&f, MYNA_LLM_DONE, NULL, 0);
            CHECK_STR(f.text, rows[i].out);
            myna_llm_port_close(f.port);
        }
}

TEST(text_and_reasoning_are_cut_apart)
{
    struct fake f = {0};

    open_port(&f);
    emit(&f, MYNA_LLM_TEXT, "\xC3", 1);
    emit(&f, MYNA_LLM_REASONING, "\xE2\x82", 2);
    emit(&f, MYNA_LLM_TEXT, "\xA4", 1);
    emit(&f, MYNA_LLM_REASONING, "\xAC", 1);
    CHECK_STR(f.text, "\xC3\xA4");
    CHECK_STR(f.reasoning, "\xE2\x82\xAC");
    myna_llm_port_close(f.port);
}

TEST(closed_at_any_piece_nothing_more_is_told)
{
    for (int at = 1; at <= 4; at++) {
        struct fake f = {.close_at = at};
        struct myna_loop_options opt = {.virtual_clock = true};

        f.host.loop = myna_loop_create(&opt, NULL);
        open_port(&f);
        emit(&f, MYNA_LLM_TEXT,
             "a\xFF"
             "b\xFF",
             4); /* four pieces */
        emit(&f, MYNA_LLM_DONE, NULL, 0);
        CHECK_EQ(f.events, at);
        myna_loop_run(f.host.loop);
        CHECK_EQ(f.closed, 1);
        myna_loop_destroy(f.host.loop);
    }
}

TEST(an_event_survives_packing)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_TOOL_CALL,
                                .call_id = "c1",
                                .name = "weather",
                                .arguments = "{\"city\":\"Bern\"}"};
    struct myna_llm_event got;
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_llm_event_pack(&b, &ev), MYNA_OK);
    CHECK_EQ(myna_llm_event_unpack(myna_buf_view(&b), &got), MYNA_OK);
    CHECK_STR(got.arguments, "{\"city\":\"Bern\"}");
    for (size_t len = 0; len < b.len; len++)
        CHECK_EQ(myna_llm_event_unpack((struct myna_view){b.ptr, len}, &got), MYNA_EFORMAT);
    CHECK(!got.extra);
    myna_buf_clear(&b);
    ev.extra = "{\"signature\":\"x\"}";
    CHECK_EQ(myna_llm_event_pack(&b, &ev), MYNA_OK);
    CHECK_EQ(myna_llm_event_unpack(myna_buf_view(&b), &got), MYNA_OK);
    CHECK_STR(got.extra, "{\"signature\":\"x\"}");
    myna_buf_fini(&b);
}

TEST(usage_survives_packing_and_an_older_recording_has_less_of_it)
{
    struct myna_llm_event ev = {.type = MYNA_LLM_USAGE,
                                .prompt_tokens = 100,
                                .prompt_cached_tokens = 40,
                                .prompt_cache_write_tokens = 3,
                                .completion_tokens = 7,
                                .total_tokens = 107,
                                .cost = 0.00123456789};
    struct myna_llm_event got;
    struct myna_buf b;

    myna_buf_init(&b, 0);
    CHECK_EQ(myna_llm_event_pack(&b, &ev), MYNA_OK);
    CHECK_EQ(myna_llm_event_unpack(myna_buf_view(&b), &got), MYNA_OK);
    CHECK_EQ(got.prompt_cache_write_tokens, 3);
    CHECK(got.cost > 0.001234567 && got.cost < 0.001234568);
    CHECK_EQ(myna_llm_event_unpack((struct myna_view){b.ptr, b.len - 12}, &got), MYNA_OK);
    CHECK_EQ(got.total_tokens, 107);
    CHECK_EQ(got.prompt_cache_write_tokens, 0);
    CHECK(got.cost == 0);
    for (size_t cut = 1; cut < 12; cut++)
        CHECK_EQ(myna_llm_event_unpack((struct myna_view){b.ptr, b.len - cut}, &got), MYNA_EFORMAT);
    myna_buf_fini(&b);
}

TEST_MAIN
