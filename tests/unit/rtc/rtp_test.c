/* rtp_test.c - packets as the RFCs draw them, and packets that lie about their lengths. */
#include "check.h"

#include <stdint.h>

#include "rtc/rtp.h"
#include "util/rand.h"

/* Parses a copy of exactly that length, so that the sanitizer sees a read behind it. */
static bool parse(struct myna_rtp *p, const void *bytes, size_t len)
{
    static uint8_t *copy; /* what p points into; freed by the next call */

    free(copy);
    copy = malloc(len ? len : 1);
    CHECK(copy);
    memcpy(copy, bytes, len);
    return myna_rtp_parse(p, copy, len);
}

static bool same(struct myna_view v, const void *bytes, size_t len)
{
    return v.len == len && !memcmp(v.ptr, bytes, len);
}

TEST(the_fixed_header_is_read)
{
    static const uint8_t bytes[] = {0x80, 0xef, 0x12, 0x34, 0x89, 0xab, 0xcd,
                                    0xef, 0xde, 0xad, 0xbe, 0xef, 'h',  'i'};
    struct myna_rtp p;

    CHECK(parse(&p, bytes, sizeof bytes));
    CHECK(p.marker);
    CHECK_EQ(p.pt, 111);
    CHECK_EQ(p.seq, 0x1234);
    CHECK_EQ(p.ts, 0x89abcdef);
    CHECK_EQ(p.ssrc, 0xdeadbeef);
    CHECK_EQ(p.ext_profile, 0);
    CHECK(same(p.payload, "hi", 2));
    CHECK(parse(&p, bytes, 12)); /* nothing in it is no error */
    CHECK_EQ(p.payload.len, 0);
}

TEST(sources_extension_and_padding_are_stepped_over)
{
    static const uint8_t bytes[] = {0xb2, 0x6f, 0, 1, 0,    0,    3, 0xc0, 0, 0,
                                    0,    7,    1, 1, 1,    1,    2, 2,    2, 2, /* two CSRC */
                                    0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0,          /* audio level */
                                    'o',  'p',  0, 0, 3};
    struct myna_rtp p;
    struct myna_view v;

    CHECK(parse(&p, bytes, sizeof bytes));
    CHECK(same(p.payload, "op", 2));
    CHECK(myna_rtp_ext(&p, 1, &v));
    CHECK(same(v, "\xaa", 1));
    CHECK(!myna_rtp_ext(&p, 2, &v));
}

/* RFC 8285, 4.2: three elements, one of them with padding before and after. */
TEST(one_byte_extensions_as_drawn_in_the_rfc)
{
    static const uint8_t bytes[] = {0x90, 111, 0,    0,    0,    0,    0,    0,    0,    0,
                                    0,    0,   0xbe, 0xde, 0,    3,    0x10, 0xa1, 0x21, 0xb1,
                                    0xb2, 0,   0,    0x33, 0xc1, 0xc2, 0xc3, 0xc4};
    struct myna_rtp p;
    struct myna_view v;

    CHECK(parse(&p, bytes, sizeof bytes));
    CHECK(myna_rtp_ext(&p, 1, &v) && same(v, "\xa1", 1));
    CHECK(myna_rtp_ext(&p, 2, &v) && same(v, "\xb1\xb2", 2));
    CHECK(myna_rtp_ext(&p, 3, &v) && same(v, "\xc1\xc2\xc3\xc4", 4));
    CHECK(!myna_rtp_ext(&p, 4, &v));
}

/* RFC 8285, 4.3: ids up to 255, empty elements. */
TEST(two_byte_extensions_as_drawn_in_the_rfc)
{
    static const uint8_t bytes[] = {0x90, 111, 0, 0, 0, 0, 0,    0, 0,   0, 0,    0,    0x10, 0,
                                    0,    3,   1, 0, 2, 1, 0xb1, 0, 200, 4, 0xc1, 0xc2, 0xc3, 0xc4};
    struct myna_rtp p;
    struct myna_view v;

    CHECK(parse(&p, bytes, sizeof bytes));
    CHECK(myna_rtp_ext(&p, 1, &v) && v.len == 0);
    CHECK(myna_rtp_ext(&p, 2, &v) && same(v, "\xb1", 1));
    CHECK(myna_rtp_ext(&p, 200, &v) && same(v, "\xc1\xc2\xc3\xc4", 4));
}

TEST(what_stands_behind_a_reserved_id_is_not_believed)
{
    static const uint8_t reserved[2] = {0xf0, 0x02};

    for (int i = 0; i < 2; i++) {
        uint8_t bytes[] = {0x90, 111,  0, 0, 0,    0,    0, 0, 0, 0, 0,    0,
                           0xbe, 0xde, 0, 2, 0x10, 0xa1, 0, 0, 0, 0, 0x30, 0xc1};
        struct myna_rtp p;
        struct myna_view v;

        bytes[18] = reserved[i];
        CHECK(parse(&p, bytes, sizeof bytes));
        CHECK(myna_rtp_ext(&p, 1, &v));
        CHECK(!myna_rtp_ext(&p, 3, &v));
    }
}

TEST(lengths_that_lie_are_refused)
{
    static const uint8_t good[] = {0xb1, 0x6f, 0, 1,    0,    0, 0, 0,    0,    0, 0, 7,   1,
                                   1,    1,    1, 0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 'o', 1};
    uint8_t bytes[sizeof good];
    struct myna_rtp p;

    CHECK(parse(&p, good, sizeof good));
    for (size_t len = 0; len < 24; len++) /* cut within the header */
        CHECK(!parse(&p, good, len));
    memcpy(bytes, good, sizeof bytes);
    bytes[19] = 3; /* extension longer than the packet */
    CHECK(!parse(&p, bytes, sizeof bytes));
    bytes[18] = 0xff; /* by far */
    CHECK(!parse(&p, bytes, sizeof bytes));
    memcpy(bytes, good, sizeof bytes);
    bytes[sizeof bytes - 1] = 3; /* padding that eats the header */
    CHECK(!parse(&p, bytes, sizeof bytes));
    bytes[sizeof bytes - 1] = 0;
    CHECK(!parse(&p, bytes, sizeof bytes));
    memcpy(bytes, good, sizeof bytes);
    bytes[0] = 0x71; /* version 1 */
    CHECK(!parse(&p, bytes, sizeof bytes));
    memcpy(bytes, good, sizeof bytes);
    bytes[20] = 0x1f; /* an element longer than the extension */
    CHECK(parse(&p, bytes, sizeof bytes));
    CHECK(!myna_rtp_ext(&p, 1, &(struct myna_view){0}));
}

TEST(what_is_written_is_read_again)
{
    static const uint8_t level = 0xa3;
    static const uint8_t long_one[20] = {0};
    const struct myna_rtp_ext exts[] = {
        {.id = 1, .value = {&level, 1}},
        {.id = 0, .value = {&level, 1}},    /* not negotiated */
        {.id = 3, .value = {long_one, 20}}, /* too long */
        {.id = 4, .value = {(const uint8_t *)"0", 1}},
    };
    struct myna_rtp in = {.pt = 111, .marker = true, .seq = 65535, .ts = 0xfffffff0, .ssrc = 5},
                    out;
    uint8_t bytes[MYNA_RTP_HEADER_MAX + 3];
    struct myna_view v;
    size_t len = myna_rtp_write(&in, exts, 4, bytes);

    CHECK_EQ(len, 12 + 4 + 4);
    memcpy(bytes + len, "abc", 3);
    CHECK(parse(&out, bytes, len + 3));
    CHECK_EQ(out.pt, in.pt);
    CHECK(out.marker);
    CHECK_EQ(out.seq, in.seq);
    CHECK_EQ(out.ts, in.ts);
    CHECK_EQ(out.ssrc, in.ssrc);
    CHECK(myna_rtp_ext(&out, 1, &v) && same(v, &level, 1));
    CHECK(myna_rtp_ext(&out, 4, &v) && same(v, "0", 1));
    CHECK(!myna_rtp_ext(&out, 3, &v));
    CHECK(same(out.payload, "abc", 3));
    CHECK_EQ(myna_rtp_write(&in, NULL, 0, bytes), 12); /* none: no extension header */
    CHECK_EQ(bytes[0], 0x80);
}

TEST(extensions_never_leave_the_room_for_the_header)
{
    static const uint8_t bytes[16] = {0};
    struct myna_rtp_ext exts[14];
    uint8_t into[MYNA_RTP_HEADER_MAX + 1];
    struct myna_rtp p = {.pt = 1};

    for (int i = 0; i < 14; i++)
        exts[i] = (struct myna_rtp_ext){.id = i + 1, .value = {bytes, (size_t)i + 3}};
    into[MYNA_RTP_HEADER_MAX] = 0x5a;
    CHECK(myna_rtp_write(&p, exts, 14, into) <= MYNA_RTP_HEADER_MAX);
    CHECK_EQ(into[MYNA_RTP_HEADER_MAX], 0x5a);
}

TEST(the_first_bytes_tell_what_a_datagram_is)
{
    static const struct {
        uint8_t first, second;
        enum myna_datagram kind;
    } known[] = {{0, 1, MYNA_DATAGRAM_OTHER},    {22, 254, MYNA_DATAGRAM_DTLS},
                 {63, 254, MYNA_DATAGRAM_DTLS},  {64, 0, MYNA_DATAGRAM_OTHER},
                 {128, 111, MYNA_DATAGRAM_RTP},  {0x90, 0xef, MYNA_DATAGRAM_RTP},
                 {128, 200, MYNA_DATAGRAM_RTCP}, {0x81, 205, MYNA_DATAGRAM_RTCP},
                 {128, 191, MYNA_DATAGRAM_RTP},  {192, 200, MYNA_DATAGRAM_OTHER},
                 {191, 223, MYNA_DATAGRAM_RTCP}, {191, 224, MYNA_DATAGRAM_RTP}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t bytes[12] = {known[i].first, known[i].second};

        CHECK_EQ(myna_datagram_kind(bytes, sizeof bytes), known[i].kind);
    }
    CHECK_EQ(myna_datagram_kind(NULL, 0), MYNA_DATAGRAM_OTHER);
}

TEST(numbers_are_compared_on_the_circle)
{
    CHECK_EQ(myna_seq_diff(2, 65534), 4);
    CHECK_EQ(myna_seq_diff(65534, 2), -4);
    CHECK_EQ(myna_ts_diff(100, 0xffffff9c), 200);
    CHECK_EQ(myna_ts_diff(0xffffff9c, 100), -200);
}

/* RFC 2198, 7: the primary of type 5 and a redundant block of type 7, 3 bytes each here. */
TEST(redundancy_as_drawn_in_the_rfc)
{
    static const uint8_t bytes[] = {0x87, 0x0f, 0x00, 0x03, 0x05, 'o', 'l', 'd', 'n', 'e', 'w'};
    struct myna_red_block b[MYNA_RED_BLOCKS];

    CHECK_EQ(myna_red_parse((struct myna_view){bytes, sizeof bytes}, b), 2);
    CHECK_EQ(b[0].pt, 7);
    CHECK_EQ(b[0].ts_offset, 960);
    CHECK(same(b[0].payload, "old", 3));
    CHECK_EQ(b[1].pt, 5);
    CHECK_EQ(b[1].ts_offset, 0);
    CHECK(same(b[1].payload, "new", 3));
}

TEST(broken_redundancy_is_none)
{
    static const uint8_t bytes[] = {0x87, 0x0f, 0x00, 0x03, 0x05, 'o', 'l', 'd'};
    uint8_t endless[64];
    struct myna_red_block b[MYNA_RED_BLOCKS];

    CHECK_EQ(myna_red_parse((struct myna_view){bytes, sizeof bytes}, b), 2);
    for (size_t len = 0; len < sizeof bytes; len++) {
        uint8_t *copy = malloc(len ? len : 1);

        CHECK(copy);
        memcpy(copy, bytes, len);
        CHECK_EQ(myna_red_parse((struct myna_view){copy, len}, b), 0);
        free(copy);
    }
    memset(endless, 0x87, sizeof endless);
    CHECK_EQ(myna_red_parse((struct myna_view){endless, sizeof endless}, b), 0);
}

TEST(red_keeps_the_youngest_that_fit)
{
    static const uint8_t sound[2000] = {1, 2, 3};
    struct myna_red_block in[4] = {
        {.pt = 111, .ts_offset = 17000, .payload = {sound, 10}}, /* too old for 14 bits */
        {.pt = 111, .ts_offset = 1920, .payload = {sound, 60}},
        {.pt = 111, .ts_offset = 960, .payload = {sound, 40}},
        {.pt = 111, .payload = {sound, 30}},
    };
    struct myna_red_block out[MYNA_RED_BLOCKS];
    uint8_t bytes[200];
    size_t len = myna_red_write(in, 4, bytes, sizeof bytes);

    CHECK_EQ(len, 1 + 30 + 4 + 40 + 4 + 60);
    CHECK_EQ(myna_red_parse((struct myna_view){bytes, len}, out), 3);
    CHECK_EQ(out[0].ts_offset, 1920);
    CHECK(same(out[0].payload, sound, 60));
    CHECK_EQ(out[1].ts_offset, 960);
    CHECK(same(out[2].payload, sound, 30));
    len = myna_red_write(in, 4, bytes, 100); /* room for one */
    CHECK_EQ(myna_red_parse((struct myna_view){bytes, len}, out), 2);
    CHECK_EQ(out[0].ts_offset, 960);
    CHECK_EQ(myna_red_write(in, 4, bytes, 30), 0);
    in[2].payload.len = 1024; /* too long for 10 bits */
    len = myna_red_write(in, 4, bytes, sizeof bytes);
    CHECK_EQ(myna_red_parse((struct myna_view){bytes, len}, out), 2);
    CHECK_EQ(out[0].ts_offset, 1920);
}

TEST(any_bytes_are_survived)
{
    struct myna_rand r;

    myna_rand_seed(&r, 3);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[80];
        size_t len = myna_rand_below(&r, sizeof bytes + 1);
        struct myna_red_block b[MYNA_RED_BLOCKS];
        struct myna_rtp p;
        struct myna_view v;

        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)myna_rand_next(&r);
        if (len > 14) {
            bytes[0] = (uint8_t)(0x80 | (bytes[0] & 0x33));
            bytes[12] = 0xbe;
            bytes[13] = 0xde;
        }
        if (!parse(&p, bytes, len))
            continue;
        CHECK(p.payload.len <= len);
        for (int id = 1; id < 15; id++)
            if (myna_rtp_ext(&p, id, &v))
                CHECK(v.ptr >= p.ext.ptr && v.ptr + v.len <= p.ext.ptr + p.ext.len);
        CHECK(myna_red_parse(p.payload, b) <= MYNA_RED_BLOCKS);
    }
}

TEST_MAIN
