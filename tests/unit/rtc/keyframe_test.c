/* keyframe_test.c - a key frame is found among others and put together whatever the network does to
 * its packets; nothing that began before it was asked for counts. */
#include "check.h"

#include <stdlib.h>

#include "rtc/keyframe.h"
#include "util/rand.h"

enum { PIECES = 9, PIECE = 1000 };

static struct myna_keyframe *k;
static struct myna_keyframe_whole whole;
static uint8_t frame[PIECES * PIECE];
static uint16_t seq;
static uint32_t ts;
static myna_us now;

struct packet {
    struct myna_rtp rtp;
    uint8_t bytes[PIECE + 1];
};

static void begin(void)
{
    k = myna_keyframe_create();
    seq = 65530; /* the numbers run over within the first frame */
    ts = 0xfffff000;
    now = MYNA_S;
}

static void end(void)
{
    myna_keyframe_destroy(k);
}

static struct packet packet_of(size_t i, size_t n, bool key)
{
    struct packet p = {.rtp = {.pt = 96, .marker = i + 1 == n, .seq = seq++, .ts = ts}};

    p.bytes[0] = i ? 0 : 0x10;
    memcpy(p.bytes + 1, frame + i * PIECE, PIECE);
    if (!key)
        p.bytes[1] |= i == 0;
    return p;
}

static bool put(struct packet *p)
{
    p->rtp.payload = (struct myna_view){p->bytes, sizeof p->bytes};
    return myna_keyframe_packet(k, now, &p->rtp, &whole);
}

static void draw(uint32_t width, uint32_t height)
{
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)(i * 31 + i / 256);
    memcpy(frame, "\x10\0\0\x9d\x01\x2a", 6);
    frame[6] = (uint8_t)width;
    frame[7] = (uint8_t)(width >> 8);
    frame[8] = (uint8_t)height;
    frame[9] = (uint8_t)(height >> 8);
}

static bool is_whole(void)
{
    return whole.bytes.len == sizeof frame && !memcmp(whole.bytes.ptr, frame, sizeof frame) &&
           whole.width == 640 && whole.height == 480;
}

/* One frame of n packets, in order. Returns how often a picture was told. */
static int pass(size_t n, bool key)
{
    int told = 0;

    for (size_t i = 0; i < n; i++) {
        struct packet p = packet_of(i, n, key);

        told += put(&p);
    }
    ts += 3000;
    now += 33 * MYNA_MS;
    return told;
}

TEST(a_key_frame_among_others_is_told_once_and_is_what_was_sent)
{
    begin();
    draw(640, 480);
    CHECK_EQ(pass(PIECES, false), 0);
    CHECK_EQ(pass(1, false), 0);
    CHECK_EQ(pass(PIECES, true), 1);
    CHECK(is_whole());
    CHECK_EQ(whole.began, MYNA_S + 66 * MYNA_MS);
    CHECK_EQ(pass(PIECES, false), 0);
    CHECK_EQ(pass(PIECES, true), 1);
    end();
}

TEST(packets_in_any_order_and_twice_make_the_same_frame)
{
    struct myna_rand r;

    myna_rand_seed(&r, 7);
    draw(640, 480);
    for (int round = 0; round < 200; round++) {
        struct packet p[PIECES];
        int told = 0;

        begin();
        CHECK_EQ(pass(1, false), 0);
        for (size_t i = 0; i < PIECES; i++)
            p[i] = packet_of(i, PIECES, true);
        for (size_t i = PIECES; i > 1; i--) {
            size_t j = myna_rand_below(&r, (uint32_t)i);
            struct packet swap = p[i - 1];

            p[i - 1] = p[j];
            p[j] = swap;
        }
        for (size_t i = 0; i < PIECES; i++) {
            told += put(&p[i]);
            told += put(&p[i / 2]); /* again */
        }
        CHECK_EQ(told, 1);
        CHECK(is_whole());
        end();
    }
}

TEST(what_is_missing_is_asked_for_and_completes_it_while_others_come)
{
    struct packet lost[2];
    uint16_t asked[8];

    begin();
    draw(640, 480);
    CHECK_EQ(pass(1, false), 0);
    for (size_t i = 0; i < PIECES; i++) {
        struct packet p = packet_of(i, PIECES, true);

        if (i == 3 || i == 4)
            lost[i - 3] = p;
        else
            CHECK(!put(&p));
    }
    ts += 3000;
    now += 20 * MYNA_MS;
    CHECK_EQ(myna_keyframe_nacks(k, now, 2 * MYNA_MS, asked, 8), 2);
    CHECK_EQ(asked[0], lost[0].rtp.seq);
    CHECK_EQ(pass(PIECES, false), 0); /* life goes on */
    CHECK(!put(&lost[1]));
    CHECK(put(&lost[0]));
    CHECK(is_whole());
    end();
}

TEST(the_first_packet_may_be_the_one_that_is_late)
{
    struct packet first;

    begin();
    draw(640, 480);
    CHECK_EQ(pass(1, false), 0);
    first = packet_of(0, PIECES, true);
    for (size_t i = 1; i < PIECES; i++) {
        struct packet p = packet_of(i, PIECES, true);

        CHECK(!put(&p));
    }
    ts += 3000;
    CHECK_EQ(pass(1, false), 0);
    CHECK(put(&first));
    CHECK(is_whole());
    end();
}

TEST(without_a_marker_it_ends_where_the_next_frame_begins)
{
    begin();
    draw(640, 480);
    for (size_t i = 0; i < PIECES; i++) {
        struct packet p = packet_of(i, PIECES, true);

        p.rtp.marker = false;
        CHECK(!put(&p));
    }
    ts += 3000;
    CHECK_EQ(pass(1, false), 1);
    CHECK(is_whole());
    end();
}

TEST(one_that_stays_incomplete_gives_way_to_the_next)
{
    begin();
    draw(640, 480);
    for (size_t i = 0; i < PIECES; i++) {
        struct packet p = packet_of(i, PIECES, true);

        if (i != 5)
            CHECK(!put(&p));
    }
    ts += 3000;
    CHECK_EQ(pass(PIECES, false), 0);
    CHECK_EQ(pass(PIECES, true), 1);
    CHECK(is_whole());
    end();
}

TEST(what_began_before_it_was_asked_for_does_not_count)
{
    begin();
    draw(640, 480);
    for (size_t i = 0; i < PIECES; i++) {
        struct packet p = packet_of(i, PIECES, true);

        if (i == 4)
            myna_keyframe_clear(k);
        CHECK(!put(&p));
    }
    ts += 3000;
    CHECK_EQ(pass(PIECES, false), 0);
    CHECK_EQ(pass(PIECES, true), 1);
    end();
}

TEST(the_blank_frame_that_ends_a_stream_and_padding_are_no_pictures)
{
    struct packet padding;

    begin();
    draw(8, 8);
    CHECK_EQ(pass(1, true), 0);
    draw(640, 480);
    padding = packet_of(0, 1, true);
    padding.rtp.payload = (struct myna_view){padding.bytes, 0};
    CHECK(!myna_keyframe_packet(k, now, &padding.rtp, &whole));
    CHECK_EQ(pass(PIECES, true), 1);
    end();
}

TEST(a_frame_without_end_is_held_up_to_the_limit_only_and_the_next_is_whole)
{
    uint16_t asked[8];

    begin();
    draw(640, 480);
    for (size_t i = 0; i < MYNA_KEYFRAME_PACKETS + 100; i++) {
        struct packet p = packet_of(i % 2, PIECES, true);

        p.rtp.marker = false;
        CHECK(!put(&p));
    }
    CHECK_EQ(myna_keyframe_nacks(k, now + 20 * MYNA_MS, 2 * MYNA_MS, asked, 8), 0);
    ts += 3000;
    CHECK_EQ(pass(PIECES, true), 1);
    CHECK(is_whole());
    end();
}

TEST(loss_of_a_tenth_with_answers_to_what_is_asked_loses_no_picture)
{
    struct myna_rand r;
    struct packet sent[PIECES];
    int pictures = 0;

    begin();
    draw(640, 480);
    myna_rand_seed(&r, 11);
    CHECK_EQ(pass(1, false), 0);
    for (int round = 0; round < 100; round++) {
        uint16_t asked[32];

        for (size_t i = 0; i < PIECES; i++) {
            sent[i] = packet_of(i, PIECES, true);
            if (myna_rand_below(&r, 10))
                pictures += put(&sent[i]);
        }
        ts += 3000;
        (void)pass(1, false); /* shows that the last one is missing */
        for (int tick = 0; tick < 10; tick++) {
            size_t n = myna_keyframe_nacks(k, now += 20 * MYNA_MS, 2 * MYNA_MS, asked, 32);

            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < PIECES; j++)
                    if (sent[j].rtp.seq == asked[i] && myna_rand_below(&r, 10))
                        pictures += put(&sent[j]);
        }
    }
    CHECK_EQ(pictures, 100);
    end();
}

static bool put_small(uint16_t number, bool start, bool marker)
{
    struct packet p = {.rtp = {.pt = 96, .marker = marker, .seq = number, .ts = ts}};

    p.bytes[0] = start ? 0x10 : 0;
    memcpy(p.bytes + 1, frame, 10);
    p.rtp.payload = (struct myna_view){p.bytes, 11};
    return myna_keyframe_packet(k, now, &p.rtp, &whole);
}

/* A frame so long that its numbers go once round has two packets in one place and none in another.
 */
TEST(numbers_that_went_round_make_no_frame)
{
    struct packet late;

    begin();
    draw(640, 480);
    CHECK_EQ(pass(1, false), 0);
    for (size_t i = 0; i < PIECES; i++) { /* kept in another order than they belong */
        struct packet p = packet_of(i, PIECES, true);

        if (i == 1)
            late = p;
        else
            CHECK(!put(&p));
    }
    CHECK(put(&late));
    myna_keyframe_clear(k);
    ts += 3000;
    CHECK_EQ(pass(1, false), 0);
    CHECK(!put_small(seq, true, false));
    for (int i = 1; i <= 21; i++)
        CHECK(!put_small((uint16_t)(seq + 3000 * i), false, false));
    CHECK(!put_small(seq, false, false));
    CHECK(!put_small((uint16_t)(seq + 2), false, true));
    end();
}

TEST_MAIN
