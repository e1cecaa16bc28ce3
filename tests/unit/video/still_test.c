/* still_test.c - what a camera sees is what the JPEG shows: its colours, its shape, and no more
 * pixels than a model is given. The judge is libjpeg-turbo's own decoder. */
#include "check.h"

#include <stdlib.h>
#include <turbojpeg.h>

#include "make_vp8.h"
#include "video/still.h"
#include "video/vp8.h"

/* Red, green, blue and white as BT.601 video; black and white are 16 and 235. */
static const struct yuv colours[4] = {
    {81, 90, 240}, {145, 54, 34}, {41, 240, 110}, {235, 128, 128}};
static const int rgb[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};

static uint8_t frame[1 << 20];
static struct myna_still still;

static enum myna_err make(unsigned width, unsigned height, struct myna_why *why)
{
    size_t len = make_vp8(width, height, colours, frame, sizeof frame);

    CHECK(len > 10);
    return myna_still_make(&still, (struct myna_view){frame, len}, why);
}

/* The middle of each field. */
static void check_colours(void)
{
    tjhandle tj = tjInitDecompress();
    int w, h, sub, space;
    uint8_t *px;

    CHECK_EQ(tjDecompressHeader3(tj, still.jpeg, still.len, &w, &h, &sub, &space), 0);
    CHECK_EQ(w, (int)still.width);
    CHECK_EQ(h, (int)still.height);
    px = malloc((size_t)w * (size_t)h * 3);
    CHECK_EQ(tjDecompress2(tj, still.jpeg, still.len, px, w, 0, h, TJPF_RGB, 0), 0);
    for (int f = 0; f < 4; f++) {
        const uint8_t *p = px + 3 * ((size_t)(h * (f / 2 * 2 + 1) / 4) * (size_t)w +
                                     (size_t)(w * (f % 2 * 2 + 1) / 4));

        for (int c = 0; c < 3; c++)
            CHECK(abs(p[c] - rgb[f][c]) <= 12);
    }
    free(px);
    tjDestroy(tj);
}

static void check_is_kept(uint32_t width, uint32_t height)
{
    struct myna_why why = {0};

    CHECK_EQ(make(width, height, &why), MYNA_OK);
    CHECK_EQ(still.width, width);
    CHECK_EQ(still.height, height);
    check_colours();
    myna_still_fini(&still);
}

TEST(a_key_frame_becomes_a_jpeg_of_the_same_size_and_colours)
{
    check_is_kept(640, 480);
}

TEST(an_odd_size_is_kept)
{
    check_is_kept(321, 241);
}

TEST(two_million_pixels_are_the_most_and_the_shape_stays)
{
    struct myna_why why = {0};

    CHECK_EQ(make(2560, 1440, &why), MYNA_OK);
    CHECK(still.width * still.height <= MYNA_STILL_PIXELS);
    CHECK(still.width * still.height > MYNA_STILL_PIXELS * 99 / 100);
    CHECK_EQ(still.width * 1440 / 2560, still.height);
    check_colours();
    myna_still_fini(&still);
}

TEST(a_hair_less_than_the_limit_is_left_alone)
{
    struct myna_why why = {0};

    CHECK_EQ(make(2000, 1000, &why), MYNA_OK);
    CHECK_EQ(still.width, 2000);
    myna_still_fini(&still);
}

TEST(what_is_no_key_frame_is_refused_with_a_sentence)
{
    static const uint8_t huge[] = {0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0};
    struct myna_why why = {0};
    uint32_t w, h;
    size_t len = make_vp8(64, 64, colours, frame, sizeof frame);

    CHECK(myna_vp8_key((struct myna_view){frame, len}, &w, &h) && w == 64 && h == 64);
    CHECK(!myna_vp8_key((struct myna_view){frame, 9}, &w, &h));
    CHECK_EQ(myna_still_make(&still, (struct myna_view){huge, sizeof huge}, &why), MYNA_ELIMIT);
    CHECK(strstr(why.text, "16383x16383"));
    frame[0] |= 1; /* as if it built on another */
    CHECK(!myna_vp8_key((struct myna_view){frame, len}, &w, &h));
    CHECK_EQ(myna_still_make(&still, (struct myna_view){frame, len}, &why), MYNA_EFORMAT);
}

TEST(a_frame_that_is_cut_or_full_of_noise_is_an_error_or_a_picture_never_more)
{
    struct myna_why why = {0};
    size_t len = make_vp8(160, 120, colours, frame, sizeof frame);
    uint32_t noise = 1;

    for (size_t n = 0; n < len; n += 7)
        if (myna_still_make(&still, (struct myna_view){frame, n}, &why) == MYNA_OK)
            myna_still_fini(&still);
    for (size_t i = 10; i < len; i++) {
        noise = noise * 1664525 + 1013904223;
        frame[i] = (uint8_t)(noise >> 24);
    }
    if (myna_still_make(&still, (struct myna_view){frame, len}, &why) == MYNA_OK) {
        CHECK_EQ(still.width, 160);
        myna_still_fini(&still);
    }
}

TEST_MAIN
