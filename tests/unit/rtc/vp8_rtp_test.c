/* vp8_rtp_test.c - payload descriptors made by hand from RFC 7741, 4.2. */
#include "check.h"

#include "rtc/vp8_rtp.h"

static struct myna_vp8_piece p;

static bool parse(const char *bytes, size_t len)
{
    return myna_vp8_piece_parse(&p, (struct myna_view){(const uint8_t *)bytes, len});
}

#define PARSE(bytes) parse(bytes, sizeof(bytes) - 1)

TEST(one_byte_is_the_least)
{
    CHECK(PARSE("\x10"
                "frame"));
    CHECK(p.begins);
    CHECK_EQ(p.picture_id, -1);
    CHECK_EQ(p.layer, 0);
    CHECK_EQ(p.data.len, 5);
    CHECK(!memcmp(p.data.ptr, "frame", 5));
    CHECK(PARSE("\x30"
                "f")); /* N: nobody builds on it */
    CHECK(p.begins);
}

TEST(only_the_first_partition_begins_a_frame)
{
    CHECK(PARSE("\x00"
                "f"));
    CHECK(!p.begins);
    CHECK(PARSE("\x11"
                "f"));
    CHECK(!p.begins);
    CHECK(PARSE("\x17"
                "f"));
    CHECK(!p.begins);
}

TEST(a_picture_id_has_seven_bits_or_fifteen)
{
    CHECK(PARSE("\x90\x80\x11"
                "f"));
    CHECK(p.begins);
    CHECK_EQ(p.picture_id, 17);
    CHECK_EQ(p.data.len, 1);
    CHECK(PARSE("\x90\x80\x92\x34"
                "f"));
    CHECK_EQ(p.picture_id, 0x1234);
    CHECK_EQ(p.data.len, 1);
}

TEST(everything_there_is_as_chromium_writes_it)
{
    /* X S | I L T K | 15 bits | TL0PICIDX | TID 2, Y, KEYIDX 3 */
    CHECK(PARSE("\x90\xf0\xff\xff\x07\xa3"
                "ab"));
    CHECK(p.begins);
    CHECK_EQ(p.picture_id, 0x7fff);
    CHECK_EQ(p.layer, 2);
    CHECK_EQ(p.data.len, 2);
    CHECK(PARSE("\x90\x10\xa3"
                "ab")); /* K alone: the layer is not told */
    CHECK_EQ(p.layer, 0);
    CHECK_EQ(p.data.len, 2);
    CHECK(PARSE("\x90\x00"
                "ab")); /* X, and none of them */
    CHECK_EQ(p.data.len, 2);
}

TEST(what_ends_too_soon_is_refused_wherever_it_ends)
{
    static const char whole[] = "\x90\xf0\xff\xff\x07\xa3"
                                "a";

    for (size_t n = 0; n < sizeof whole - 1; n++)
        CHECK(!parse(whole, n));
    CHECK(parse(whole, sizeof whole - 1));
    CHECK(!PARSE("\x10"));
}

TEST_MAIN
