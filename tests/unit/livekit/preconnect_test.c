/* preconnect_test.c - recordings that clients make before we are there, in the forms they send. */
#include <math.h>
#include <string.h>

#include "check.h"

#include "audio/opus.h"
#include "livekit/preconnect.h"

static struct myna_buf out;

static void open_out(void)
{
    myna_buf_fini(&out);
    myna_buf_init(&out, 1 << 20);
}

static size_t samples(void)
{
    return out.len / sizeof(int16_t);
}

static double rms(void)
{
    const int16_t *pcm = (const int16_t *)(const void *)out.ptr;
    double sum = 0;

    for (size_t i = 0; i < samples(); i++)
        sum += (double)pcm[i] * pcm[i];
    return samples() ? sqrt(sum / (double)samples()) : 0;
}

/* 440 Hz, `ms` long. */
static void tone(struct myna_buf *into, unsigned rate, int channels, int ms)
{
    for (unsigned i = 0; i < rate * (unsigned)ms / 1000; i++) {
        int16_t s = (int16_t)(8000 * sin(2 * M_PI * 440 * i / rate));

        for (int c = 0; c < channels; c++)
            myna_buf_put(into, &s, sizeof s);
    }
}

/* An element with a size of 8 bytes, as browsers write them; size SIZE_MAX: unknown. */
static void element(struct myna_buf *b, uint32_t id, const void *body, size_t size)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        if (id >> shift)
            myna_buf_u8(b, (uint8_t)(id >> shift));
    myna_buf_u8(b, 0x01);
    for (int shift = 48; shift >= 0; shift -= 8)
        myna_buf_u8(b, (uint8_t)(size == SIZE_MAX ? 0xff : (uint64_t)size >> shift));
    if (size != SIZE_MAX)
        myna_buf_put(b, body, size);
}

static void webm(struct myna_buf *b, int packets, uint32_t block, uint8_t flags)
{
    struct myna_opus_encoder *e = myna_opus_encoder_create(48000, 5, 32000);
    struct myna_buf pcm;
    uint8_t said[1500] = {0x81, 0, 0, flags};

    myna_buf_init(&pcm, 1 << 20);
    tone(&pcm, 48000, 1, packets * 20);
    element(b, 0x1a45dfa3, "\x42\x86\x81\x01", 4);
    element(b, 0x18538067, NULL, SIZE_MAX);
    element(b, 0x1654ae6b, "tracks, which nobody reads", 26);
    element(b, 0x1f43b675, NULL, SIZE_MAX);
    element(b, 0xe7, "\0", 1); /* time of the cluster */
    for (int i = 0; i < packets; i++) {
        size_t n = myna_opus_encode(e, (const int16_t *)(const void *)pcm.ptr + (size_t)i * 960,
                                    960, said + 4, sizeof said - 4);
        struct myna_buf inner;

        CHECK(n > 0);
        if (block == 0xa3) {
            element(b, block, said, n + 4);
            continue;
        }
        myna_buf_init(&inner, 4096);
        element(&inner, block, said, n + 4);
        element(b, 0xa0, inner.ptr, inner.len);
        myna_buf_fini(&inner);
    }
    myna_opus_encoder_destroy(e);
    myna_buf_fini(&pcm);
}

static enum myna_err take(const struct myna_buf *b, const char *mime, unsigned rate, unsigned n)
{
    struct myna_why why = {0};
    enum myna_err err;

    open_out();
    err = myna_lk_preconnect(myna_buf_view(b), mime, rate, n, &out, &why);
    CHECK(!err == !why.text[0]);
    return err;
}

TEST(a_browsers_recording_is_webm_with_simple_blocks)
{
    struct myna_buf b;

    myna_buf_init(&b, 1 << 20);
    webm(&b, 50, 0xa3, 0x80);
    CHECK_EQ(take(&b, "audio/webm;codecs=opus", 48000, 1), MYNA_OK);
    CHECK_EQ(samples(), 16000);
    CHECK(rms() > 4000);
    CHECK_EQ(take(&b, "audio/opus", 0, 0), MYNA_OK); /* what it is counts, not what it is called */
    CHECK_EQ(samples(), 16000);
    myna_buf_fini(&b);
    myna_buf_init(&b, 1 << 20);
    webm(&b, 10, 0xa1, 0); /* blocks in groups */
    CHECK_EQ(take(&b, "audio/webm", 48000, 1), MYNA_OK);
    CHECK_EQ(samples(), 3200);
    myna_buf_fini(&b);
}

TEST(one_that_was_cut_off_gives_what_is_there)
{
    struct myna_buf b, part;

    myna_buf_init(&b, 1 << 20);
    webm(&b, 50, 0xa3, 0x80);
    for (size_t n = 4; n < b.len; n += 97) {
        enum myna_err err;

        myna_buf_init(&part, 1 << 20);
        myna_buf_put(&part, b.ptr, n);
        err = take(&part, "audio/webm", 48000, 1);
        CHECK(err == MYNA_OK || err == MYNA_EFORMAT);
        CHECK(samples() < 16000 && samples() % 320 == 0);
        myna_buf_fini(&part);
    }
    CHECK(samples() > 14000);
    myna_buf_fini(&b);
}

TEST(laced_blocks_and_a_webm_without_sound_are_refused)
{
    struct myna_buf b;

    myna_buf_init(&b, 1 << 20);
    webm(&b, 10, 0xa3, 0x82);
    CHECK_EQ(take(&b, "audio/webm", 48000, 1), MYNA_EFORMAT);
    myna_buf_fini(&b);
    myna_buf_init(&b, 1 << 20);
    webm(&b, 0, 0xa3, 0x80);
    CHECK_EQ(take(&b, "audio/webm", 48000, 1), MYNA_EFORMAT);
    myna_buf_fini(&b);
}

TEST(an_apps_recording_is_samples_of_any_rate_and_number_of_channels)
{
    static const struct {
        unsigned rate;
        int channels;
    } kinds[] = {{24000, 1}, {48000, 2}, {16000, 1}, {44100, 2}};
    struct myna_buf b;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        myna_buf_init(&b, 1 << 20);
        tone(&b, kinds[i].rate, kinds[i].channels, 500);
        CHECK_EQ(take(&b, "application/octet-stream", kinds[i].rate, (unsigned)kinds[i].channels),
                 MYNA_OK);
        CHECK_EQ(samples(), 8000);
        CHECK(rms() > 5000 && rms() < 6000);
        myna_buf_fini(&b);
    }
    myna_buf_init(&b, 1 << 20);
    tone(&b, 16000, 1, 100);
    CHECK_EQ(take(&b, "", 0, 1), MYNA_EFORMAT);
    CHECK_EQ(take(&b, "", 16000, 0), MYNA_EFORMAT);
    CHECK_EQ(take(&b, "audio/mp4", 16000, 1), MYNA_EFORMAT);
    myna_buf_fini(&b);
    myna_buf_fini(&out);
}

TEST_MAIN
