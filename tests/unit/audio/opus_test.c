/* opus_test.c - what goes in comes out, what is lost is recovered or made up, what is not Opus does
 * no harm. */
#include "check.h"

#include <opus/opus.h>

#include "audio/opus.h"
#include "util/guard.h"
#include "util/rand.h"

enum { OUT = MYNA_OUT_SAMPLES, IN = MYNA_IN_SAMPLES, FRAMES = 50 };

/* A voice: pulses of 140 Hz through two resonances, loud and soft by turns; `at` counts samples. */
struct voice {
    size_t at;
    double phase, y1, y2, z1, z2;
};

static void speak(struct voice *v, int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++, v->at++) {
        double loud = 0.6 + 0.4 * sin((double)v->at * 2 * M_PI * 3 / MYNA_OUT_RATE_HZ);
        double f0 = 140 + 20 * sin((double)v->at * 2 * M_PI / MYNA_OUT_RATE_HZ), x = 0, y, z;

        v->phase += f0 / MYNA_OUT_RATE_HZ;
        if (v->phase >= 1) {
            v->phase -= 1;
            x = 3000 * loud;
        }
        y = x + 1.90 * v->y1 - 0.93 * v->y2; /* near 600 Hz */
        v->y2 = v->y1;
        v->y1 = y;
        z = y + 1.60 * v->z1 - 0.90 * v->z2; /* near 2.2 kHz */
        v->z2 = v->z1;
        v->z1 = z;
        pcm[i] = (int16_t)(z / 8);
    }
}

static double power(const int16_t *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum / (double)n;
}

static double difference(const int16_t *a, const int16_t *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sum / (double)n;
}

static uint8_t packets[FRAMES][MYNA_OPUS_MAX_BYTES];
static struct myna_view views[FRAMES];

static void encode_voice(int loss)
{
    struct myna_opus_encoder *e = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, 5, 32000);
    struct voice v = {0};
    int16_t pcm[OUT];

    CHECK(e);
    myna_opus_encoder_set_loss(e, loss);
    for (int i = 0; i < FRAMES; i++) {
        speak(&v, pcm, OUT);
        views[i] = (struct myna_view){packets[i],
                                      myna_opus_encode(e, pcm, OUT, packets[i], sizeof packets[i])};
        CHECK(views[i].len > 20);
    }
    myna_opus_encoder_destroy(e);
}

TEST(a_tone_goes_in_at_24_kHz_and_comes_out_at_16)
{
    struct myna_opus_encoder *e = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, 5, 32000);
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int crossings = 0;

    CHECK(e && d);
    for (int f = 0; f < FRAMES; f++) {
        int16_t in[OUT], out[IN];
        uint8_t packet[MYNA_OPUS_MAX_BYTES];
        size_t len;

        for (int i = 0; i < OUT; i++)
            in[i] = (int16_t)(8000 * sin((f * OUT + i) * 2 * M_PI * 400 / MYNA_OUT_RATE_HZ));
        len = myna_opus_encode(e, in, OUT, packet, sizeof packet);
        CHECK(len > 0 && len < 200);
        CHECK_EQ(myna_opus_ticks((struct myna_view){packet, len}), 960);
        CHECK_EQ(myna_opus_decode(d, (struct myna_view){packet, len}, out, IN), IN);
        if (f < 5)
            continue; /* the codec warms up */
        CHECK_NEAR(10 * log10(power(out, IN)), 10 * log10(power(in, OUT)), 1.0);
        for (int i = 1; i < IN; i++)
            crossings += (out[i - 1] < 0) != (out[i] < 0);
    }
    CHECK_NEAR(crossings, (FRAMES - 5) * 16, FRAMES); /* 400 Hz: 16 in 20 ms */
    myna_opus_encoder_destroy(e);
    myna_opus_decoder_destroy(d);
}

TEST(lengths_are_read_from_the_first_byte)
{
    static const struct {
        uint8_t toc;
        uint32_t ticks;
    } known[] = {{0x00, 480}, {0x08, 960}, {0x10, 1920}, {0x18, 2880}, {0x60, 480},
                 {0x78, 960}, {0x80, 120}, {0x88, 240},  {0x90, 480},  {0x98, 960},
                 {0xf8, 960}, {0xfc, 960}, {0x09, 1920}, {0xf9, 1920}};
    uint8_t code3[] = {0xfb, 0x03, 0};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK_EQ(myna_opus_ticks((struct myna_view){&known[i].toc, 1}), known[i].ticks);
    CHECK_EQ(myna_opus_ticks((struct myna_view){code3, 3}), 3 * 960);
    code3[1] = 7; /* 140 ms */
    CHECK_EQ(myna_opus_ticks((struct myna_view){code3, 3}), 0);
    CHECK_EQ(myna_opus_ticks((struct myna_view){code3, 0}), 0);
}

TEST(a_copy_of_the_frame_before_travels_only_when_losses_are_expected)
{
    int with = 0;

    encode_voice(0);
    for (int i = 0; i < FRAMES; i++)
        CHECK(!myna_opus_has_fec(views[i]));
    encode_voice(20);
    for (int i = 1; i < FRAMES; i++)
        with += myna_opus_has_fec(views[i]);
    CHECK(with > FRAMES / 2); /* those in which the voice is active */
}

TEST(the_copy_is_nearer_to_the_lost_frame_than_what_is_made_up)
{
    double made_up = 0, recovered = 0;

    encode_voice(20);
    for (int lost = 10; lost < FRAMES - 1; lost += 3) {
        struct myna_opus_decoder *d[3];
        int16_t pcm[3][IN];

        for (int k = 0; k < 3; k++) {
            d[k] = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
            CHECK(d[k]);
            for (int i = 0; i < lost; i++)
                CHECK_EQ(myna_opus_decode(d[k], views[i], pcm[k], IN), IN);
        }
        CHECK_EQ(myna_opus_decode(d[0], views[lost], pcm[0], IN), IN);
        CHECK_EQ(myna_opus_conceal(d[1], pcm[1], IN), IN);
        CHECK_EQ(myna_opus_recover(d[2], views[lost + 1], pcm[2], IN), IN);
        made_up += difference(pcm[0], pcm[1], IN);
        recovered += difference(pcm[0], pcm[2], IN);
        for (int k = 0; k < 3; k++)
            myna_opus_decoder_destroy(d[k]);
    }
    CHECK(recovered < 0.7 * made_up);
}

TEST(what_is_made_up_goes_on_and_sinks_slowly)
{
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int16_t pcm[IN];
    double before;

    CHECK(d);
    encode_voice(0);
    for (int i = 0; i < FRAMES; i++)
        CHECK_EQ(myna_opus_decode(d, views[i], pcm, IN), IN);
    before = power(pcm, IN);
    CHECK_EQ(myna_opus_conceal(d, pcm, IN), IN);
    CHECK(power(pcm, IN) > before / 10); /* at first it goes on */
    for (int i = 0; i < 20; i++)
        CHECK_EQ(myna_opus_conceal(d, pcm, IN), IN);
    CHECK(power(pcm, IN) < before / 2);
    myna_opus_decoder_destroy(d);
}

TEST(stereo_is_mixed_down)
{
    int err;
    OpusEncoder *stereo = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, &err);
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int16_t out[IN];

    CHECK(stereo && d);
    for (int f = 0; f < 10; f++) {
        int16_t in[960 * 2];
        uint8_t packet[MYNA_OPUS_MAX_BYTES];
        int len;

        for (int i = 0; i < 960; i++) { /* left alone */
            in[2 * i] = (int16_t)(12000 * sin((f * 960 + i) * 2 * M_PI * 400 / 48000));
            in[2 * i + 1] = 0;
        }
        len = opus_encode(stereo, in, 960, packet, sizeof packet);
        CHECK(len > 0 && packet[0] & 4);
        CHECK_EQ(myna_opus_decode(d, (struct myna_view){packet, (size_t)len}, out, IN), IN);
    }
    CHECK_NEAR(sqrt(power(out, IN)), 6000 / sqrt(2), 600);
    opus_encoder_destroy(stereo);
    myna_opus_decoder_destroy(d);
}

TEST(any_bytes_give_some_samples_or_none)
{
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    struct myna_rand r;
    static int16_t pcm[MYNA_OPUS_MAX_MS * 16 + 1];
    const size_t most = MYNA_OPUS_MAX_MS * 16;

    CHECK(d);
    myna_rand_seed(&r, 1);
    pcm[most] = 4711;
    for (int i = 0; i < 3000; i++) {
        uint8_t bytes[64];
        struct myna_view v = {bytes, myna_rand_below(&r, sizeof bytes + 1)};
        size_t n;

        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)myna_rand_next(&r);
        n = myna_opus_decode(d, v, pcm, most);
        CHECK(n <= most);
        if (n)
            CHECK_EQ(n * 3, myna_opus_ticks(v));
        CHECK(myna_opus_recover(d, v, pcm, IN) <= IN);
        (void)myna_opus_has_fec(v);
    }
    CHECK_EQ(pcm[most], 4711);
    CHECK_EQ(myna_opus_decode(d, views[0], pcm, IN - 1), 0); /* too little room */
    myna_opus_decoder_destroy(d);
}

TEST(nothing_is_allocated_once_it_stands)
{
    struct myna_opus_encoder *e = myna_opus_encoder_create(MYNA_OUT_RATE_HZ, 5, 32000);
    struct myna_opus_decoder *d = myna_opus_decoder_create(MYNA_IN_RATE_HZ);
    int16_t pcm[OUT] = {0};
    uint8_t packet[MYNA_OPUS_MAX_BYTES];
    size_t len;

    CHECK(e && d);
    myna_guard_enter();
    len = myna_opus_encode(e, pcm, OUT, packet, sizeof packet);
    len = myna_opus_decode(d, (struct myna_view){packet, len}, pcm, IN);
    myna_opus_encoder_reset(e);
    myna_opus_decoder_reset(d);
    myna_guard_leave();
    CHECK_EQ(len, IN);
    myna_opus_encoder_destroy(e);
    myna_opus_decoder_destroy(d);
    myna_opus_encoder_destroy(NULL);
    myna_opus_decoder_destroy(NULL);
}

TEST_MAIN
