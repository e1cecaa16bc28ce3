/* g711_test.c - against the tables of G.711 and the rule that every byte survives a round trip. */
#include "check.h"

#include <stdint.h>

#include "audio/g711.h"

TEST(every_code_comes_back_from_its_own_sample)
{
    for (int law = 0; law < 2; law++)
        for (int code = 0; code < 256; code++) {
            int16_t s = myna_g711_decode_one(law, (uint8_t)code);
            int back = myna_g711_encode_one(law, s);

            if (law == MYNA_G711_ULAW && code == 0x7f)
                CHECK_EQ(back, 0xff); /* minus zero is zero */
            else
                CHECK_EQ(back, code);
        }
}

TEST(known_values_of_the_recommendation)
{
    /* µ-law, table 2a/2b of G.711 in 14 bits, times 4. */
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ULAW, 0x00), -32124);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ULAW, 0x80), 32124);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ULAW, 0xff), 0);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ULAW, 0xfe), 8);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ULAW, 0x8f), 16764);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ULAW, 32767), 0x80);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ULAW, -32768), 0x00);
    /* A-law, table 1a/1b in 13 bits, times 8. */
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ALAW, 0xd5), 8);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ALAW, 0x55), -8);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ALAW, 0xaa), 32256);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ALAW, 0x2a), -32256);
    CHECK_EQ(myna_g711_decode_one(MYNA_G711_ALAW, 0xc5), 264);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ALAW, 32767), 0xaa);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ALAW, -32768), 0x2a);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ALAW, 0), 0xd5);
    CHECK_EQ(myna_g711_encode_one(MYNA_G711_ALAW, -1), 0x55);
}

TEST(encoding_takes_the_nearest_step)
{
    for (int law = 0; law < 2; law++)
        for (int s = -32000; s <= 32000; s += 7) {
            int16_t got = myna_g711_decode_one(law, myna_g711_encode_one(law, (int16_t)s));
            int a = s < 0 ? -s : s, step = 16; /* A-law's and µ-law's coarsest of this size */

            while (step * 32 <= a + 132)
                step *= 2;
            if (abs(got - s) > step / 2 + 4)
                check_fail(__FILE__, __LINE__, "law %d: %d became %d", law, s, got);
        }
}

TEST(whole_blocks_do_the_same)
{
    int16_t pcm[] = {0, 100, -100, 32767, -32768}, back[5];
    uint8_t code[5];

    myna_g711_encode(MYNA_G711_ALAW, pcm, 5, code);
    myna_g711_decode(MYNA_G711_ALAW, code, 5, back);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(back[i], myna_g711_decode_one(MYNA_G711_ALAW,
                                               myna_g711_encode_one(MYNA_G711_ALAW, pcm[i])));
}

TEST_MAIN
