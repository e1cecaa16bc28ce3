/* decode_test.c - sound as servers stream it: however the bytes are cut, the same samples come out;
 * what is no sound gets a sentence, soon.
 */
#include "check.h"
#include "fault.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

#include "audio/decode.h"
#include "audio/ogg.h"
#include "make_wav.h"
#include "util/buf.h"

#define MAX (24000 * 4)

struct heard {
    int16_t pcm[MAX];
    size_t n;
};

static struct heard a, b;

static void keep(void *arg, const int16_t *pcm, size_t n)
{
    struct heard *h = arg;

    CHECK(h->n + n <= MAX);
    memcpy(h->pcm + h->n, pcm, n * sizeof *pcm);
    h->n += n;
}

/* The bytes in pieces of `step`; the rest of a decoder's life too. */
static enum myna_err run(enum myna_sound kind, uint32_t rate, const void *ptr, size_t len,
                         size_t step, struct heard *h, struct myna_why *why)
{
    struct myna_decode *d = myna_decode_create(kind, rate, keep, h);
    enum myna_err err = MYNA_OK;

    CHECK(d != NULL);
    h->n = 0;
    for (size_t at = 0; at < len && !err; at += step)
        err = myna_decode_feed(
            d, (struct myna_view){(const uint8_t *)ptr + at, len - at < step ? len - at : step},
            why);
    if (!err)
        err = myna_decode_end(d, why);
    myna_decode_destroy(d);
    return err;
}

/* Cut anywhere, it is the same sound. Leaves it in `a`. */
static void same_however_cut(enum myna_sound kind, uint32_t rate, const void *ptr, size_t len)
{
    static const size_t steps[] = {1, 2, 3, 7, 97, 1459, 4097};
    struct myna_why why = {0};

    CHECK_EQ(run(kind, rate, ptr, len, len, &a, &why), MYNA_OK);
    CHECK(a.n > 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        CHECK_EQ(run(kind, rate, ptr, len, steps[i], &b, &why), MYNA_OK);
        CHECK_EQ(b.n, a.n);
        CHECK(!memcmp(a.pcm, b.pcm, a.n * sizeof *a.pcm));
    }
}

static void fails(enum myna_sound kind, const void *ptr, size_t len, const char *words)
{
    struct myna_why why = {0};

    CHECK_EQ(run(kind, 24000, ptr, len, 100, &a, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, words);
}

static void tone(int16_t *out, size_t n, int rate, double hz)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)lrint(12000 * sin(2 * M_PI * hz * (double)i / rate));
}

/* How much of the middle second is the tone: 1 all of it. */
static double share(const struct heard *h, double hz)
{
    double re = 0, im = 0, all = 0;
    size_t from = h->n > 24000 ? (h->n - 24000) / 2 : 0,
           to = from + 24000 < h->n ? from + 24000 : h->n;

    for (size_t i = from; i < to; i++) {
        re += h->pcm[i] * cos(2 * M_PI * hz * (double)i / 24000);
        im += h->pcm[i] * sin(2 * M_PI * hz * (double)i / 24000);
        all += (double)h->pcm[i] * h->pcm[i];
    }
    return all > 0 ? 2 * (re * re + im * im) / (all * (double)(to - from)) : 0;
}

/* With an odd chunk before the sound. */
static size_t wav(uint8_t *w, int tag, int channels, uint32_t rate, int bits, const void *data,
                  size_t len, uint32_t claim)
{
    return make_wav(w, (struct wav){tag, channels, rate, bits, "LIST\3\0\0\0abc\0", 12}, data, len,
                    claim);
}

static char *in_dir(const char *name)
{
    static char dir[64], path[128];

    if (!dir[0]) {
        strcpy(dir, "/tmp/myna-decode-XXXXXX");
        CHECK(mkdtemp(dir) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    static uint8_t bytes[1 << 18];
    int fd = open(path, O_RDONLY);
    ssize_t n;

    CHECK(fd >= 0);
    n = read(fd, bytes, sizeof bytes);
    CHECK(n > 0);
    close(fd);
    unlink(path);
    *strrchr((char *)path, '/') = 0;
    *len = (size_t)n;
    return bytes;
}

static int16_t source[48000 * 2];

/* Two seconds of 440 Hz as Ogg Opus. */
static uint8_t *make_ogg(size_t *len)
{
    char *path = in_dir("x.ogg");
    struct myna_ogg *ogg;
    struct myna_why why;

    tone(source, 48000, 24000, 440);
    CHECK_EQ(myna_ogg_open(path, 24000, 1, &ogg, &why), MYNA_OK);
    CHECK_EQ(myna_ogg_write(ogg, source, 48000, &why), MYNA_OK);
    CHECK_EQ(myna_ogg_close(ogg, &why), MYNA_OK);
    return read_file(path, len);
}

/* The same as MP3; NULL: this libsndfile writes none. */
static uint8_t *make_mp3(int rate, size_t *len)
{
    char *path = in_dir("x.mp3");
    SF_INFO info = {
        .samplerate = rate, .channels = 1, .format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);

    if (!f)
        return NULL;
    tone(source, (size_t)rate * 2, rate, 440);
    CHECK_EQ(sf_writef_short(f, source, rate * 2), rate * 2);
    sf_close(f);
    return read_file(path, len);
}

TEST(raw_samples_come_out_as_they_are_wherever_they_are_cut)
{
    tone(source, 24000, 24000, 440);
    same_however_cut(MYNA_SOUND_PCM, 24000, source, 48000);
    CHECK_EQ(a.n, 24000);
    CHECK(!memcmp(a.pcm, source, 48000));
    /* half a sample at the end is nobody's */
    CHECK_EQ(run(MYNA_SOUND_PCM, 24000, source, 4801, 33, &b, NULL), MYNA_OK);
    CHECK_EQ(b.n, 2400);
}

TEST(other_rates_become_24_kHz)
{
    tone(source, 16000, 16000, 440);
    same_however_cut(MYNA_SOUND_PCM, 16000, source, 32000);
    CHECK_EQ(a.n, 24000);
    CHECK(share(&a, 440) > 0.99);
    CHECK(!myna_decode_create(MYNA_SOUND_PCM, 0, keep, &a));
    CHECK(!myna_decode_create(MYNA_SOUND_PCM, 192000, keep, &a));
    CHECK(!myna_decode_create(MYNA_SOUND_NONE, 24000, keep, &a));
}

TEST(a_wav_is_read_to_the_end_it_names_or_to_the_end_there_is)
{
    static const uint32_t unknown[] = {0, UINT32_MAX, 0x7FFFFFFF};
    static uint8_t w[50000];
    size_t n;

    tone(source, 24000, 24000, 440);
    n = wav(w, 1, 1, 24000, 16, source, 48000, 40000); /* what follows is no sound */
    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.n, 20000);
    CHECK(!memcmp(a.pcm, source, 40000));
    for (size_t i = 0; i < 3; i++) {
        n = wav(w, 1, 1, 24000, 16, source, 48000, unknown[i]);
        same_however_cut(MYNA_SOUND_WAV, 0, w, n);
        CHECK_EQ(a.n, 24000);
        CHECK(!memcmp(a.pcm, source, 48000));
    }
}

TEST(a_wav_of_two_channels_floats_or_telephone_codes_is_one_sound)
{
    static uint8_t w[1000];
    const int16_t both[] = {1000, 3000, -200, -400, 32767, 32767};
    const float floats[] = {0.5f, -1.5f, (float)NAN, 0};
    const uint8_t bytes[] = {0x80, 0xFF, 0x00}, ulaw[] = {0xFF, 0x80, 0x00};
    const uint8_t wide[] = {0x99, 0x34, 0x12, 0xFF, 0xFF, 0xFF};
    size_t n = wav(w, 1, 2, 24000, 16, both, sizeof both, sizeof both);

    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.n, 3);
    CHECK_EQ(a.pcm[0], 2000);
    CHECK_EQ(a.pcm[1], -300);
    CHECK_EQ(a.pcm[2], 32767);
    n = wav(w, 3, 1, 24000, 32, floats, sizeof floats, sizeof floats);
    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.n, 4);
    CHECK_NEAR(a.pcm[0], 16384, 1);
    CHECK_EQ(a.pcm[1], -32768);
    CHECK_EQ(a.pcm[2], 0);
    n = wav(w, 1, 1, 24000, 8, bytes, sizeof bytes, sizeof bytes);
    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.pcm[0], 0);
    CHECK_EQ(a.pcm[1], 127 * 256);
    CHECK_EQ(a.pcm[2], -32768);
    n = wav(w, 7, 1, 24000, 8, ulaw, sizeof ulaw, sizeof ulaw);
    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.pcm[0], 0);
    CHECK_EQ(a.pcm[1], 32124);
    CHECK_EQ(a.pcm[2], -32124);
    n = wav(w, 1, 1, 24000, 24, wide, sizeof wide, sizeof wide);
    same_however_cut(MYNA_SOUND_WAV, 0, w, n);
    CHECK_EQ(a.n, 2);
    CHECK_EQ(a.pcm[0], 0x1234);
    CHECK_EQ(a.pcm[1], -1);
}

TEST(what_is_no_wav_is_named)
{
    static uint8_t w[200000];
    const int16_t one = 1;
    size_t n = wav(w, 2, 1, 24000, 4, &one, 2, 2); /* ADPCM */

    fails(MYNA_SOUND_WAV, w, n, "code 2");
    n = wav(w, 1, 0, 24000, 16, &one, 2, 2);
    fails(MYNA_SOUND_WAV, w, n, "0 channels");
    n = wav(w, 1, 1, 24000, 16, &one, 0, 2);
    fails(MYNA_SOUND_WAV, w, n, "empty");
    fails(MYNA_SOUND_WAV, w, 20, "empty");
    fails(MYNA_SOUND_WAV, w, 0, "empty");
    n = wav(w, 1, 1, 7, 16, &one, 2, 2);
    fails(MYNA_SOUND_WAV, w, n, "7 samples a second");
    memcpy(w + 8, "AVI ", 4);
    fails(MYNA_SOUND_WAV, w, n, "is none");
    memset(w, 'x', sizeof w);
    memcpy(w, "RIFFxxxxWAVEdata", 16);
    fails(MYNA_SOUND_WAV, w, 100, "without a description");
    memset(w + 12, 0, sizeof w - 12); /* empty chunks for ever */
    fails(MYNA_SOUND_WAV, w, sizeof w, "never begins");
    memcpy(w + 12, "junk\xFF\xFF\xFF\x7F", 8);
    fails(MYNA_SOUND_WAV, w, 100, "before its sound");
}

TEST(ogg_opus_is_heard_wherever_it_is_cut)
{
    size_t len;
    uint8_t *bytes = make_ogg(&len);

    same_however_cut(MYNA_SOUND_OGG, 0, bytes, len);
    CHECK(a.n >= 48000 && a.n <= 48000 + 2880);
    CHECK(share(&a, 440) > 0.98);
    /* cut off: what came is heard */
    CHECK_EQ(run(MYNA_SOUND_OGG, 0, bytes, len * 3 / 4, 100, &b, NULL), MYNA_OK);
    CHECK(b.n > 12000 && b.n < a.n);
    CHECK(!memcmp(a.pcm, b.pcm, 12000 * sizeof *a.pcm));
}

TEST(an_ogg_file_with_damage_or_of_something_else_is_named)
{
    static uint8_t junk[400000];
    size_t len;
    uint8_t *bytes = make_ogg(&len);

    memset(junk, 'g', sizeof junk);
    fails(MYNA_SOUND_OGG, junk, sizeof junk, "without sound");
    fails(MYNA_SOUND_OGG, bytes, 30, "empty");
    /* the checksum of a page is wrong: that page is passed over, the rest is heard */
    bytes[len / 2] ^= 0x55;
    CHECK_EQ(run(MYNA_SOUND_OGG, 0, bytes, len, 100, &b, NULL), MYNA_OK);
    CHECK(b.n > 0 && b.n < 48000);
}

TEST(mp3_is_heard_wherever_it_is_cut)
{
    static const int rates[] = {24000, 44100};
    struct myna_why why = {0};
    size_t len;

    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes = make_mp3(rates[i], &len);

        if (!bytes)
            SKIP("this libsndfile writes no MP3");
        same_however_cut(MYNA_SOUND_MP3, 0, bytes, len);
        CHECK(a.n > 47000 && a.n < 52000); /* the encoder pads */
        CHECK(share(&a, 440) > 0.98);
        CHECK_EQ(run(MYNA_SOUND_MP3, 0, bytes, len / 2, 100, &b, &why), MYNA_OK);
        CHECK(b.n > 12000 && b.n < a.n);
    }
}

TEST(what_is_no_mp3_is_named_soon)
{
    static uint8_t junk[2 << 20];
    struct myna_why why = {0};

    memset(junk, 'g', sizeof junk);
    CHECK_EQ(run(MYNA_SOUND_MP3, 0, junk, sizeof junk, 4096, &a, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "MP3");
    CHECK_EQ(a.n, 0);
    CHECK_EQ(run(MYNA_SOUND_MP3, 0, junk, 10, 4096, &a, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "empty");
}

static enum myna_sound of(const char *type)
{
    uint32_t rate = 1;

    return myna_sound_of_type(type, &rate);
}

TEST(a_content_type_says_which_sound_it_is_and_the_first_bytes_too)
{
    uint32_t rate = 24000;

    CHECK_EQ(of("audio/mpeg"), MYNA_SOUND_MP3);
    CHECK_EQ(of("AUDIO/WAV; charset=x"), MYNA_SOUND_WAV);
    CHECK_EQ(of("audio/ogg;codecs=opus"), MYNA_SOUND_OGG);
    CHECK_EQ(of("audio/wavy"), MYNA_SOUND_NONE);
    CHECK_EQ(of("application/octet-stream"), MYNA_SOUND_NONE);
    CHECK_EQ(of("text/html"), MYNA_SOUND_NONE);
    CHECK_EQ(of(""), MYNA_SOUND_NONE);
    CHECK_EQ(of(NULL), MYNA_SOUND_NONE);
    CHECK_EQ(myna_sound_of_type("audio/pcm;rate=16000", &rate), MYNA_SOUND_PCM);
    CHECK_EQ(rate, 16000);
    CHECK_EQ(myna_sound_of_type("audio/pcm;rate=99999999", &rate), MYNA_SOUND_PCM);
    CHECK_EQ(rate, 16000);
    CHECK_EQ(myna_sound_sniff(myna_view_of("RIFF....WAVE")), MYNA_SOUND_WAV);
    CHECK_EQ(myna_sound_sniff(myna_view_of("OggS")), MYNA_SOUND_OGG);
    CHECK_EQ(myna_sound_sniff(myna_view_of("ID3")), MYNA_SOUND_MP3);
    CHECK_EQ(myna_sound_sniff(myna_view_of("<htm")), MYNA_SOUND_NONE);
    CHECK_EQ(myna_sound_sniff(myna_view_of("")), MYNA_SOUND_NONE);
}

/* ---- memory that runs short */

struct stream {
    enum myna_sound kind;
    const uint8_t *ptr;
    size_t len;
};

static bool decode_once(void *arg)
{
    const struct stream *st = arg;
    struct myna_decode *d = myna_decode_create(st->kind, 16000, keep, &a);
    struct myna_why why = {0};
    enum myna_err err = MYNA_OK;

    if (!d) {
        CHECK(fault_hit());
        return false;
    }
    a.n = 0;
    for (size_t at = 0; at < st->len && !err; at += 500)
        err = myna_decode_feed(
            d, (struct myna_view){st->ptr + at, st->len - at < 500 ? st->len - at : 500}, &why);
    if (!err)
        err = myna_decode_end(d, &why);
    myna_decode_destroy(d);
    if (err) {
        CHECK(fault_hit());
        CHECK_EQ(err, MYNA_ENOMEM);
        CHECK_EQ(why.err, err);
        CHECK(why.text[0] != '\0');
    } else {
        CHECK(a.n > 100);
    }
    return !err;
}

TEST(each_allocation_of_a_decoder_may_fail)
{
    static uint8_t w[2000];
    struct stream st = {MYNA_SOUND_PCM, (const uint8_t *)source, 2000};

    tone(source, 1000, 16000, 440);
    CHECK(fault_each_alloc(decode_once, &st) >= 2);
    st = (struct stream){MYNA_SOUND_WAV, w, wav(w, 1, 1, 16000, 16, source, 1600, 1600)};
    CHECK(fault_each_alloc(decode_once, &st) >= 2);
    st.kind = MYNA_SOUND_OGG;
    st.ptr = make_ogg(&st.len);
    CHECK(fault_each_alloc(decode_once, &st) >= 2);
    st.kind = MYNA_SOUND_MP3;
    st.ptr = make_mp3(24000, &st.len);
    if (st.ptr)
        CHECK(fault_each_alloc(decode_once, &st) >= 1);
}

TEST_MAIN
