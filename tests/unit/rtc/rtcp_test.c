/* rtcp_test.c - reports and wishes, byte by byte as RFC 3550, RFC 4585, RFC 5104 lay them out; and
 * what hostile bytes do. */
#include "check.h"

#include <stdint.h>

#include "rtc/rtcp.h"
#include "util/rand.h"

static uint8_t room[1500];

static struct myna_rtcp_out out(void)
{
    memset(room, 0x5a, sizeof room);
    return (struct myna_rtcp_out){.data = room, .cap = sizeof room};
}

/* The one packet in bytes[0 … len). */
static struct myna_rtcp one(const uint8_t *bytes, size_t len)
{
    struct myna_view rest = {bytes, len};
    struct myna_rtcp p;

    CHECK(myna_rtcp_next(&rest, &p));
    CHECK_EQ(rest.len, 0);
    return p;
}

static void check_bytes(const struct myna_rtcp_out *o, const uint8_t *want, size_t len)
{
    CHECK_EQ(o->len, len);
    for (size_t i = 0; i < len; i++)
        if (o->data[i] != want[i])
            check_fail(__FILE__, __LINE__, "byte %zu is %02x, want %02x", i, o->data[i], want[i]);
    CHECK_EQ(o->data[len], 0x5a);
}

static const struct myna_rtcp_block block = {.ssrc = 0xbc5e9a40,
                                             .fraction = 0x20,
                                             .lost = -2,
                                             .highest = 0x000146e1,
                                             .jitter = 273,
                                             .lsr = 0x09f36432,
                                             .dlsr = 150137};
#define BLOCK                                                                                      \
    0xbc, 0x5e, 0x9a, 0x40, 0x20, 0xff, 0xff, 0xfe, 0x00, 0x01, 0x46, 0xe1, 0x00, 0x00, 0x01,      \
        0x11, 0x09, 0xf3, 0x64, 0x32, 0x00, 0x02, 0x4a, 0x79

static void check_block(const struct myna_rtcp_block *b)
{
    CHECK_EQ(b->ssrc, block.ssrc);
    CHECK_EQ(b->fraction, block.fraction);
    CHECK_EQ(b->lost, block.lost);
    CHECK_EQ(b->highest, block.highest);
    CHECK_EQ(b->jitter, block.jitter);
    CHECK_EQ(b->lsr, block.lsr);
    CHECK_EQ(b->dlsr, block.dlsr);
}

TEST(a_sender_report)
{
    static const uint8_t bytes[] = {0x81, 0xc8, 0x00, 0x0c, 0x90, 0x2f, 0x9e, 0x2e, 0xda, 0x8b,
                                    0xd1, 0xfc, 0xdd, 0xdd, 0xa0, 0x5a, 0xaa, 0xf4, 0xed, 0xd5,
                                    0,    0,    0,    1,    0,    0,    0,    2,    BLOCK};
    const struct myna_rtcp_sender s = {.ssrc = 0x902f9e2e,
                                       .ntp = 0xda8bd1fcdddda05a,
                                       .rtp_ts = 0xaaf4edd5,
                                       .packets = 1,
                                       .octets = 2};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p = one(bytes, sizeof bytes);

    CHECK_EQ(p.type, MYNA_RTCP_SR);
    CHECK_EQ(p.ssrc, s.ssrc);
    CHECK(p.ntp == s.ntp);
    CHECK_EQ(p.rtp_ts, s.rtp_ts);
    CHECK_EQ(p.packets, 1);
    CHECK_EQ(p.octets, 2);
    CHECK_EQ(p.n_blocks, 1);
    check_block(&p.blocks[0]);
    CHECK(myna_rtcp_put_sr(&o, &s, &block, 1));
    check_bytes(&o, bytes, sizeof bytes);
}

TEST(a_receiver_report)
{
    static const uint8_t bytes[] = {0x81, 0xc9, 0x00, 0x07, 0x90, 0x2f, 0x9e, 0x2e, BLOCK};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p = one(bytes, sizeof bytes);

    CHECK_EQ(p.type, MYNA_RTCP_RR);
    CHECK_EQ(p.ssrc, 0x902f9e2e);
    CHECK_EQ(p.n_blocks, 1);
    check_block(&p.blocks[0]);
    CHECK(myna_rtcp_put_rr(&o, 0x902f9e2e, &block, 1));
    check_bytes(&o, bytes, sizeof bytes);
}

TEST(a_loss_beyond_24_bits_stays_at_its_end)
{
    struct myna_rtcp_block b[2] = {{.lost = 0x7fffffff}, {.lost = -0x7fffffff}};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p;

    CHECK(myna_rtcp_put_rr(&o, 1, b, 2));
    p = one(o.data, o.len);
    CHECK_EQ(p.blocks[0].lost, 0x7fffff);
    CHECK_EQ(p.blocks[1].lost, -0x800000);
}

TEST(a_name)
{
    static const uint8_t bytes[] = {0x81, 0xca, 0x00, 0x03, 0x90, 0x2f, 0x9e, 0x2e,
                                    1,    5,    'm',  'y',  'n',  'a',  '1',  0};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p = one(bytes, sizeof bytes);

    CHECK_EQ(p.type, MYNA_RTCP_SDES);
    CHECK_EQ(p.ssrc, 0x902f9e2e);
    CHECK_EQ(p.cname.len, 5);
    CHECK(!memcmp(p.cname.ptr, "myna1", 5));
    CHECK(myna_rtcp_put_cname(&o, 0x902f9e2e, "myna1"));
    check_bytes(&o, bytes, sizeof bytes);
    for (size_t n = 0; n < 300; n++) { /* always ended by a zero, always whole words */
        char name[301] = {0};

        memset(name, 'a', n);
        o = out();
        CHECK(myna_rtcp_put_cname(&o, 1, name));
        CHECK_EQ(o.len % 4, 0);
        CHECK_EQ(o.data[o.len - 1], 0);
        CHECK_EQ(one(o.data, o.len).cname.len, n < 255 ? n : 255);
    }
}

TEST(a_goodbye)
{
    static const uint8_t bytes[] = {0x82, 0xcb, 0x00, 0x05, 0x90, 0x2f, 0x9e, 0x2e, 1,   2,   3, 4,
                                    5,    'l',  'a',  't',  'e',  'r',  0,    0,    0x0, 0x0, 0, 0};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p = one(bytes, sizeof bytes);

    CHECK_EQ(p.type, MYNA_RTCP_BYE);
    CHECK_EQ(p.sources.len, 8);
    CHECK_EQ(myna_rtcp_source(&p, 0), 0x902f9e2e);
    CHECK_EQ(myna_rtcp_source(&p, 1), 0x01020304);
    CHECK(myna_rtcp_put_bye(&o, 0x902f9e2e));
    check_bytes(&o, (const uint8_t[]){0x81, 0xcb, 0, 1, 0x90, 0x2f, 0x9e, 0x2e}, 8);
}

TEST(what_is_missing)
{
    static const uint8_t bytes[] = {0x81, 0xcd, 0x00, 0x04, 0,    0,    0,    1,    0, 0,
                                    0,    2,    0xff, 0xfe, 0x80, 0x05, 0x00, 0x20, 0, 0};
    static const uint16_t seqs[] = {0xfffe, 0xffff, 0x0001, 0x000e, 0x0020};
    struct myna_rtcp_out o = out();
    struct myna_rtcp p = one(bytes, sizeof bytes);
    uint16_t got[16];

    CHECK_EQ(p.type, MYNA_RTCP_NACK);
    CHECK_EQ(p.ssrc, 1);
    CHECK_EQ(p.media, 2);
    CHECK_EQ(myna_rtcp_nacked(&p, got, 16), 5);
    CHECK(!memcmp(got, seqs, sizeof seqs));
    CHECK_EQ(myna_rtcp_nacked(&p, got, 2), 2);
    CHECK(myna_rtcp_put_nack(&o, 1, 2, seqs, 5));
    check_bytes(&o, bytes, sizeof bytes);
    CHECK(!myna_rtcp_put_nack(&o, 1, 2, seqs, 0));
}

TEST(a_picture_please)
{
    static const uint8_t pli[] = {0x81, 0xce, 0x00, 0x02, 0, 0, 0, 1, 0, 0, 0, 2};
    static const uint8_t fir[] = {0x84, 0xce, 0x00, 0x04, 0, 0, 0, 1, 0, 0,
                                  0,    0,    0,    0,    0, 2, 9, 0, 0, 0};
    struct myna_rtcp_out o = out();

    CHECK_EQ(one(pli, sizeof pli).type, MYNA_RTCP_PLI);
    CHECK_EQ(one(pli, sizeof pli).media, 2);
    CHECK(myna_rtcp_put_pli(&o, 1, 2));
    check_bytes(&o, pli, sizeof pli);
    CHECK_EQ(one(fir, sizeof fir).type, MYNA_RTCP_FIR);
    o = out();
    CHECK(myna_rtcp_put_fir(&o, 1, 2, 9));
    check_bytes(&o, fir, sizeof fir);
}

/* REMB and transport-wide congestion control: nothing of ours asks for them. */
TEST(estimates_of_the_bandwidth_are_stepped_over)
{
    static const uint8_t remb[] = {0x8f, 0xce, 0x00, 0x05, 0x12, 0x34, 0x56, 0x78,
                                   0,    0,    0,    0,    'R',  'E',  'M',  'B',
                                   0x01, 0x07, 0xfb, 0x93, 0x23, 0x45, 0x67, 0x89};
    static const uint8_t twcc[] = {0xaf, 0xcd, 0x00, 0x05, 0xfa, 0x17, 0xfa, 0x17,
                                   0x43, 0x03, 0x2f, 0xa0, 0x00, 0x99, 0x00, 0x01,
                                   0x3d, 0xe8, 0x02, 0x17, 0x20, 0x01, 0x94, 0x01};

    CHECK_EQ(one(remb, sizeof remb).type, MYNA_RTCP_OTHER);
    CHECK_EQ(one(twcc, sizeof twcc).type, MYNA_RTCP_OTHER);
}

TEST(a_compound_is_taken_apart_and_what_is_unknown_is_stepped_over)
{
    static const uint8_t app[] = {0x80, 0xcc, 0x00, 0x02, 0, 0, 0, 1, 'n', 'a', 'm', 'e'};
    struct myna_rtcp_out o = out();
    struct myna_view rest;
    struct myna_rtcp p;
    static const enum myna_rtcp_type want[] = {MYNA_RTCP_RR, MYNA_RTCP_SDES, MYNA_RTCP_OTHER,
                                               MYNA_RTCP_BYE};

    CHECK(myna_rtcp_put_rr(&o, 1, NULL, 0));
    CHECK(myna_rtcp_put_cname(&o, 1, "a"));
    memcpy(o.data + o.len, app, sizeof app);
    o.len += sizeof app;
    CHECK(myna_rtcp_put_bye(&o, 1));
    rest = (struct myna_view){o.data, o.len};
    for (size_t i = 0; i < 4; i++) {
        CHECK(myna_rtcp_next(&rest, &p));
        CHECK_EQ(p.type, want[i]);
    }
    CHECK(!myna_rtcp_next(&rest, &p));
}

TEST(what_does_not_fit_is_not_begun)
{
    for (size_t cap = 0; cap < 52; cap++) {
        struct myna_rtcp_out o = out();
        const uint16_t seq = 1;

        o.cap = cap;
        CHECK(!myna_rtcp_put_sr(&o, &(struct myna_rtcp_sender){0}, &block, 1));
        CHECK_EQ(myna_rtcp_put_rr(&o, 1, &block, 1), cap >= 32);
        o.len = 0;
        CHECK_EQ(myna_rtcp_put_nack(&o, 1, 1, &seq, 1), cap >= 16);
        o.len = 0;
        CHECK_EQ(myna_rtcp_put_fir(&o, 1, 1, 0), cap >= 20);
        o.len = 0;
        CHECK_EQ(myna_rtcp_put_cname(&o, 1, "name"), cap >= 16);
        CHECK_EQ(o.data[cap], 0x5a);
    }
}

TEST(lengths_that_lie_end_it)
{
    uint8_t bytes[] = {0x81, 0xc9, 0x00, 0x07, 0, 0, 0, 1, BLOCK};

    for (size_t len = 0; len < sizeof bytes; len++) {
        struct myna_view rest;
        struct myna_rtcp p;
        uint8_t *copy = malloc(len ? len : 1);

        CHECK(copy);
        memcpy(copy, bytes, len);
        rest = (struct myna_view){copy, len};
        CHECK(!myna_rtcp_next(&rest, &p));
        free(copy);
    }
    bytes[0] = 0x9f; /* 31 blocks said, one there */
    CHECK_EQ(one(bytes, sizeof bytes).n_blocks, 1);
    bytes[0] = 0xa1;             /* padding … */
    bytes[sizeof bytes - 1] = 0; /* of nothing */
    CHECK(!myna_rtcp_next(&(struct myna_view){bytes, sizeof bytes}, &(struct myna_rtcp){0}));
    bytes[sizeof bytes - 1] = 200; /* of more than there is */
    CHECK(!myna_rtcp_next(&(struct myna_view){bytes, sizeof bytes}, &(struct myna_rtcp){0}));
}

TEST(any_bytes_are_survived)
{
    struct myna_rand r;

    myna_rand_seed(&r, 3);
    for (int i = 0; i < 20000; i++) {
        size_t len = 4 * myna_rand_below(&r, 30), rounds = 0;
        uint8_t *bytes = malloc(len ? len : 1);
        struct myna_view rest = {bytes, len};
        struct myna_rtcp p;
        uint16_t seqs[64];

        CHECK(bytes);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)myna_rand_next(&r);
        for (size_t k = 0; k + 4 <= len; k += 4 * (1 + myna_rand_below(&r, 8))) {
            bytes[k] = (uint8_t)(0x80 | (bytes[k] & 0x3f));
            bytes[k + 1] = (uint8_t)(200 + bytes[k + 1] % 8);
            bytes[k + 2] = 0;
            bytes[k + 3] &= 15;
        }
        while (myna_rtcp_next(&rest, &p)) {
            rounds++;
            CHECK(p.n_blocks <= MYNA_RTCP_BLOCKS);
            CHECK(myna_rtcp_nacked(&p, seqs, 64) <= 64);
            for (size_t k = 0; k < p.sources.len / 4; k++)
                (void)myna_rtcp_source(&p, k);
        }
        CHECK(rounds <= len / 4);
        free(bytes);
    }
}

TEST(the_clock_of_1900)
{
    CHECK(myna_ntp_from_ms(0) == 2208988800ULL << 32);
    CHECK(myna_ntp_from_ms(1500) == (2208988801ULL << 32 | 0x80000000));
    CHECK_EQ(myna_ntp_middle(0x1122334455667788), 0x33445566);
}

TEST_MAIN
