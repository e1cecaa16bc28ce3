/* streams_test.c - streams written by our own writer and by hand, with every kind of damage. */
#include "check.h"

#include "livekit/streams.h"

static struct {
    struct myna_lk_packets *p;
    struct myna_lk_streams *s;
    int n, packets;
    char *body;
    char last[400];
    size_t len, biggest;
    const char *refuse;
    int lose; /* the n-th packet is lost; 0: none */
    myna_us now;
} w;

static bool wants(void *arg, const char *topic, bool is_text)
{
    (void)arg;
    (void)is_text;
    return !w.refuse || strcmp(topic, w.refuse) != 0;
}

static void on_stream(void *arg, const char *identity, const Myna__Lk__StreamHeader *h,
                      struct myna_view body, bool is_text)
{
    (void)arg;
    w.n++;
    w.len = body.len;
    free(w.body);
    w.body = calloc(1, body.len + 1);
    if (body.len)
        memcpy(w.body, body.ptr, body.len);
    snprintf(w.last, sizeof w.last, "%s %s %s %s", identity, h->topic, h->stream_id,
             is_text ? "text" : "bytes");
    if (h->n_attributes)
        snprintf(w.last + strlen(w.last), sizeof w.last - strlen(w.last), " %s=%s",
                 h->attributes[0]->key, h->attributes[0]->value);
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    (void)arg;
    myna_lk_streams_packet(w.s, w.now, m);
}

/* What we send comes back as from ann. */
static enum myna_err on_send(void *arg, struct myna_view v, bool reliable)
{
    struct myna_arena *mem = myna_arena_create(0, 0);
    Myna__Lk__DataPacket *m = myna_lk_unpack(mem, &myna__lk__data_packet__descriptor, v);

    (void)arg;
    CHECK(reliable && m);
    if (v.len > w.biggest)
        w.biggest = v.len;
    if (!*m->participant_identity)
        m->participant_identity = (char *)"ann";
    if (++w.packets != w.lose)
        on_packet(NULL, m);
    myna_arena_destroy(mem);
    return MYNA_OK;
}

static void open_world(void)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet};
    static const struct myna_lk_streams_events se = {wants, on_stream};

    memset(&w, 0, sizeof w);
    w.p = myna_lk_packets_create(&pe, NULL);
    w.s = myna_lk_streams_create(&se, NULL);
    CHECK(w.p && w.s);
}

static void close_world(void)
{
    myna_lk_packets_destroy(w.p);
    myna_lk_streams_destroy(w.s);
    free(w.body);
}

static void say(const char *id, const char *topic, const char *text, bool end)
{
    static const struct myna_lk_attributes attributes[] = {{"k", "v"}, {0}};
    struct myna_lk_stream_out out = {.id = id, .topic = topic, .attributes = attributes};

    CHECK_EQ(myna_lk_stream_begin(w.p, &out), MYNA_OK);
    CHECK_EQ(myna_lk_stream_write(w.p, &out, myna_view_of(text)), MYNA_OK);
    if (end)
        CHECK_EQ(myna_lk_stream_end(w.p, &out), MYNA_OK);
}

TEST(a_text_arrives_whole_with_topic_and_attributes)
{
    open_world();
    say("s1", "lk.chat", "hello", true);
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.last, "ann lk.chat s1 text k=v");
    CHECK_STR(w.body, "hello");
    CHECK_EQ(w.packets, 3);
    close_world();
}

TEST(a_long_text_is_cut_between_characters_and_put_together_again)
{
    size_t n = 40000;
    char *text = calloc(1, n + 1);

    open_world();
    for (size_t i = 0; i + 3 <= n; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    memcpy(text, "ab", 2); /* so that 15000 falls into a character */
    memmove(text + 2, "\xe2\x82\xac", 3);
    for (size_t i = 2; i + 3 <= n; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[n - 2] = '\0';
    say("s1", "lk.chat", text, true);
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.body, text);
    CHECK_EQ(w.packets, 5);
    CHECK(w.biggest <= 15100);
    free(text);
    close_world();
}

TEST(a_lost_piece_or_header_loses_the_stream_alone)
{
    for (int lose = 1; lose <= 3; lose++) {
        open_world();
        w.lose = lose;
        say("s1", "lk.chat", "hello", true);
        CHECK_EQ(w.n, lose == 2 ? 1 : 0); /* an empty text is a text */
        w.lose = 0;
        say("s2", "lk.chat", "again", true);
        CHECK_STR(w.body, "again");
        close_world();
    }
}

TEST(streams_nobody_wants_cost_nothing_and_are_not_told)
{
    open_world();
    w.refuse = "noise";
    for (int i = 0; i < 10000; i++) {
        char id[20];

        snprintf(id, sizeof id, "n%d", i);
        say(id, "noise", "x", false);
    }
    say("s1", "lk.chat", "hello", true);
    CHECK_EQ(w.n, 1);
    close_world();
}

TEST(one_sender_keeps_at_most_eight_open_and_they_go_with_the_sender)
{
    open_world();
    for (int i = 0; i < 10000; i++) {
        char id[20];

        snprintf(id, sizeof id, "s%d", i);
        say(id, "lk.chat", "x", false);
    }
    say("last", "lk.chat", "no room", true);
    CHECK_EQ(w.n, 0);
    myna_lk_streams_left(w.s, "ann");
    say("last", "lk.chat", "room", true);
    CHECK_EQ(w.n, 1);
    close_world();
}

TEST(a_stream_that_stands_still_for_a_minute_is_dropped)
{
    struct myna_lk_stream_out out = {.id = "s1", .topic = "lk.chat"};

    open_world();
    CHECK_EQ(myna_lk_stream_begin(w.p, &out), MYNA_OK);
    w.now = 61 * MYNA_S;
    say("s2", "lk.chat", "x", true);
    CHECK_EQ(myna_lk_stream_write(w.p, &out, myna_view_of("late")), MYNA_OK);
    CHECK_EQ(myna_lk_stream_end(w.p, &out), MYNA_OK);
    CHECK_EQ(w.n, 1);
    close_world();
}

TEST(nobody_writes_into_the_stream_of_another_or_ends_it)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__StreamChunk c = MYNA__LK__STREAM_CHUNK__INIT;
    Myna__Lk__StreamTrailer t = MYNA__LK__STREAM_TRAILER__INIT;
    struct myna_lk_stream_out out = {.id = "s1", .topic = "lk.chat"};

    open_world();
    CHECK_EQ(myna_lk_stream_begin(w.p, &out), MYNA_OK);
    m.participant_identity = (char *)"mallory";
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK;
    m.stream_chunk = &c;
    c.stream_id = (char *)"s1";
    c.content.data = (uint8_t *)"forged";
    c.content.len = 6;
    myna_lk_streams_packet(w.s, 0, &m);
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER;
    m.stream_trailer = &t;
    t.stream_id = (char *)"s1";
    t.reason = (char *)"over";
    myna_lk_streams_packet(w.s, 0, &m);
    CHECK_EQ(w.n, 0);
    CHECK_EQ(myna_lk_stream_write(w.p, &out, myna_view_of("mine")), MYNA_OK);
    CHECK_EQ(myna_lk_stream_end(w.p, &out), MYNA_OK);
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.body, "mine");
    close_world();
}

static void by_hand(Myna__Lk__StreamHeader *h)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;

    m.participant_identity = (char *)"ann";
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER;
    m.stream_header = h;
    myna_lk_streams_packet(w.s, 0, &m);
}

TEST(an_inline_header_is_a_whole_stream_and_a_promise_is_kept_or_broken)
{
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    Myna__Lk__ByteHeader bytes = MYNA__LK__BYTE_HEADER__INIT;
    struct myna_lk_stream_out more = {.id = "s2", .topic = "t"};

    open_world();
    h.stream_id = (char *)"s1";
    h.topic = (char *)"t";
    h.content_header_case = MYNA__LK__STREAM_HEADER__CONTENT_HEADER_BYTE_HEADER;
    h.byte_header = &bytes;
    h.has_inline_content_case = MYNA__LK__STREAM_HEADER__HAS_INLINE_CONTENT_INLINE_CONTENT;
    h.inline_content.data = (uint8_t *)"abc";
    h.inline_content.len = 3;
    by_hand(&h);
    CHECK_STR(w.last, "ann t s1 bytes");
    CHECK_STR(w.body, "abc");
    h.stream_id = (char *)"s2";
    h.has_inline_content_case = 0;
    h.has_total_length_case = MYNA__LK__STREAM_HEADER__HAS_TOTAL_LENGTH_TOTAL_LENGTH;
    h.total_length = 4;
    by_hand(&h);
    CHECK_EQ(myna_lk_stream_write(w.p, &more, myna_view_of("abcde")), MYNA_OK); /* too much */
    CHECK_EQ(w.n, 1);
    h.stream_id = (char *)"s3";
    by_hand(&h);
    more = (struct myna_lk_stream_out){.id = "s3", .topic = "t"};
    CHECK_EQ(myna_lk_stream_write(w.p, &more, myna_view_of("abcd")), MYNA_OK);
    CHECK_EQ(w.n, 2); /* all that was promised: no trailer is needed */
    h.stream_id = (char *)"s4";
    h.total_length = 1ull << 40;
    by_hand(&h);
    h.stream_id = (char *)"s5";
    h.compression = 1;
    h.total_length = 4;
    by_hand(&h);
    more = (struct myna_lk_stream_out){.id = "s5", .topic = "t"};
    CHECK_EQ(myna_lk_stream_write(w.p, &more, myna_view_of("abcd")), MYNA_OK);
    CHECK_EQ(w.n, 2);
    close_world();
}

TEST_MAIN
