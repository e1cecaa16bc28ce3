/* streams_test.c - streams written by our own writer and by hand, with every kind of damage. */
#include "check.h"

#include "livekit/deflate.h"
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

static bool wants(void *arg, const char *identity, const char *topic, bool is_text)
{
    (void)arg;
    (void)identity;
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

/* ---- several senders; `out.as` is only the header's */

static void begins(const char *who, const char *id)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    Myna__Lk__ByteHeader bytes = MYNA__LK__BYTE_HEADER__INIT;

    h.stream_id = (char *)id;
    h.topic = (char *)"t";
    h.content_header_case = MYNA__LK__STREAM_HEADER__CONTENT_HEADER_BYTE_HEADER;
    h.byte_header = &bytes;
    m.participant_identity = (char *)who;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER;
    m.stream_header = &h;
    myna_lk_streams_packet(w.s, w.now, &m);
}

static void writes(const char *who, const char *id, size_t n)
{
    static uint8_t zeros[MYNA_LK_CHUNK];
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__StreamChunk c = MYNA__LK__STREAM_CHUNK__INIT;

    c.stream_id = (char *)id;
    c.content.data = zeros;
    m.participant_identity = (char *)who;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_CHUNK;
    m.stream_chunk = &c;
    for (; n; n -= c.content.len, c.chunk_index++) {
        c.content.len = n < MYNA_LK_CHUNK ? n : MYNA_LK_CHUNK;
        myna_lk_streams_packet(w.s, w.now, &m);
    }
}

static void ends(const char *who, const char *id)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__StreamTrailer t = MYNA__LK__STREAM_TRAILER__INIT;

    t.stream_id = (char *)id;
    m.participant_identity = (char *)who;
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_TRAILER;
    m.stream_trailer = &t;
    myna_lk_streams_packet(w.s, w.now, &m);
}

TEST(one_sender_holds_no_more_than_their_share_of_bytes)
{
    char id[20];

    open_world();
    for (int i = 0; i < MYNA_LK_STREAMS_OF_ONE; i++) {
        snprintf(id, sizeof id, "m%d", i);
        begins("mallory", id);
        writes("mallory", id, 1 << 20);
    }
    for (int i = 0; i < MYNA_LK_STREAMS_OF_ONE; i++) {
        snprintf(id, sizeof id, "m%d", i);
        ends("mallory", id);
    }
    CHECK_EQ(w.n, 2); /* of eight: what was past it was dropped */
    close_world();
}

TEST(many_who_fill_the_common_place_do_not_keep_a_recording_out)
{
    char who[20], id[20];

    open_world();
    for (int i = 0; i < 12; i++) {
        snprintf(who, sizeof who, "mallory%d", i / 2);
        snprintf(id, sizeof id, "m%d", i);
        begins(who, id);
        writes(who, id, 1200 << 10);
    }
    begins("ann", "s1");
    writes("ann", "s1", 2 << 20);
    ends("ann", "s1");
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.last, "ann t s1 bytes");
    CHECK_EQ(w.len, 2 << 20);
    close_world();
}

TEST(many_who_open_all_streams_that_there_are_do_not_keep_a_text_out)
{
    char who[20], id[20];

    open_world();
    for (int i = 0; i < 20 * MYNA_LK_STREAMS_OF_ONE; i++) {
        snprintf(who, sizeof who, "mallory%d", i / MYNA_LK_STREAMS_OF_ONE);
        snprintf(id, sizeof id, "m%d", i);
        begins(who, id);
    }
    say("s1", "lk.chat", "hello", true);
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.last, "ann lk.chat s1 text k=v");
    close_world();
}

TEST(an_id_that_another_one_uses_is_still_ones_own)
{
    open_world();
    begins("mallory", "s1");
    say("s1", "lk.chat", "hello", true);
    CHECK_EQ(w.n, 1);
    CHECK_STR(w.last, "ann lk.chat s1 text k=v");
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

/* ---- packed (v2) */

static struct myna_lk_stream_out out_of(const char *id, bool bytes)
{
    return (struct myna_lk_stream_out){
        .id = id, .topic = "t", .file = bytes ? "file" : NULL, .wall_ms = 1};
}

static int n_packets;

static enum myna_err count_and_send(void *arg, struct myna_view v, bool reliable)
{
    n_packets++;
    return on_send(arg, v, reliable);
}

TEST(a_whole_stream_goes_as_the_others_understand_it)
{
    static const struct myna_lk_packets_events events = {count_and_send, on_packet};
    static char text[100000];
    static const enum myna_lk_packing packings[] = {MYNA_LK_PLAIN, MYNA_LK_INLINE,
                                                    MYNA_LK_DEFLATED};
    static const int short_takes[] = {3, 1, 1}, long_takes[] = {9, 9, 1};

    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    for (size_t i = 0; i < 3; i++) {
        struct myna_lk_stream_out out = out_of("s1", false);

        open_world();
        myna_lk_packets_destroy(w.p);
        w.p = myna_lk_packets_create(&events, NULL);
        n_packets = 0;
        CHECK_EQ(myna_lk_stream_send(w.p, &out, myna_view_of("hello"), packings[i]), MYNA_OK);
        CHECK_EQ(n_packets, short_takes[i]);
        CHECK_STR(w.body, "hello");
        out = out_of("s2", false);
        n_packets = 0;
        CHECK_EQ(myna_lk_stream_send(w.p, &out, myna_view_of(text), packings[i]), MYNA_OK);
        CHECK_EQ(n_packets, long_takes[i]);
        CHECK_EQ(w.n, 2);
        CHECK_STR(w.body, text);
        out = out_of("s3", false);
        CHECK_EQ(myna_lk_stream_send(w.p, &out, myna_view_of(""), packings[i]), MYNA_OK);
        CHECK_EQ(w.n, 3);
        CHECK_EQ(w.len, 0);
        close_world();
    }
}

TEST(what_no_packing_makes_shorter_goes_unpacked_and_a_long_pack_in_pieces)
{
    static uint8_t noise[100000];
    struct myna_lk_stream_out out = out_of("s1", true);

    open_world();
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(rand() >> 8);
    CHECK_EQ(
        myna_lk_stream_send(w.p, &out, (struct myna_view){noise, sizeof noise}, MYNA_LK_DEFLATED),
        MYNA_OK);
    CHECK_EQ(w.n, 1);
    CHECK_EQ(w.len, sizeof noise);
    CHECK(!memcmp(w.body, noise, sizeof noise));
    for (size_t i = 0; i < sizeof noise; i++) /* half of it is worth a pack of four pieces */
        noise[i] &= 0x0f;
    out = out_of("s2", true);
    CHECK_EQ(
        myna_lk_stream_send(w.p, &out, (struct myna_view){noise, sizeof noise}, MYNA_LK_DEFLATED),
        MYNA_OK);
    CHECK_EQ(w.n, 2);
    CHECK(!memcmp(w.body, noise, sizeof noise));
    CHECK(w.biggest < MYNA_LK_MAX_PACKET);
    close_world();
}

/* One packet with that content, said to be so many bytes when it is unpacked; total < 0: not said.
 */
static void packed(const char *id, struct myna_view content, int64_t total, int compression)
{
    Myna__Lk__DataPacket m = MYNA__LK__DATA_PACKET__INIT;
    Myna__Lk__StreamHeader h = MYNA__LK__STREAM_HEADER__INIT;
    Myna__Lk__TextHeader text = MYNA__LK__TEXT_HEADER__INIT;

    h.stream_id = (char *)id;
    h.topic = (char *)"t";
    h.compression = compression;
    if (total >= 0) {
        h.has_total_length_case = MYNA__LK__STREAM_HEADER__HAS_TOTAL_LENGTH_TOTAL_LENGTH;
        h.total_length = (uint64_t)total;
    }
    h.has_inline_content_case = MYNA__LK__STREAM_HEADER__HAS_INLINE_CONTENT_INLINE_CONTENT;
    h.inline_content.data = (uint8_t *)content.ptr;
    h.inline_content.len = content.len;
    h.content_header_case = MYNA__LK__STREAM_HEADER__CONTENT_HEADER_TEXT_HEADER;
    h.text_header = &text;
    m.participant_identity = (char *)"ann";
    m.value_case = MYNA__LK__DATA_PACKET__VALUE_STREAM_HEADER;
    m.stream_header = &h;
    myna_lk_streams_packet(w.s, 0, &m);
}

TEST(a_bomb_and_a_pack_that_is_none_are_dropped)
{
    static uint8_t zeros[64 << 20];
    struct myna_buf bomb, fits;

    open_world();
    myna_buf_init(&bomb, 1 << 20);
    myna_buf_init(&fits, 1 << 20);
    CHECK_EQ(myna_lk_deflate((struct myna_view){zeros, sizeof zeros}, &bomb), MYNA_OK);
    CHECK(bomb.len < 70000); /* a thousandth */
    packed("bomb", myna_buf_view(&bomb), -1, 1);
    packed("bomb2", myna_buf_view(&bomb), 100, 1);
    CHECK_EQ(w.n, 0);
    CHECK_EQ(myna_lk_deflate((struct myna_view){zeros, MYNA_LK_MAX_STREAM_TEXT}, &fits), MYNA_OK);
    packed("fits", myna_buf_view(&fits), MYNA_LK_MAX_STREAM_TEXT, 1);
    CHECK_EQ(w.n, 1);
    CHECK_EQ(w.len, MYNA_LK_MAX_STREAM_TEXT);
    packed("less", myna_buf_view(&fits), MYNA_LK_MAX_STREAM_TEXT - 1, 1);
    packed("more", myna_buf_view(&fits), MYNA_LK_MAX_STREAM_TEXT + 1, 1);
    packed("cut", (struct myna_view){fits.ptr, fits.len - 1}, -1, 1);
    packed("none", myna_view_of("no pack at all"), -1, 1);
    packed("later", myna_view_of("of a later kind"), -1, 2);
    packed("nothing", myna_view_of(""), -1, 1);
    CHECK_EQ(w.n, 1);
    myna_buf_fini(&bomb);
    myna_buf_fini(&fits);
    close_world();
}

TEST_MAIN
