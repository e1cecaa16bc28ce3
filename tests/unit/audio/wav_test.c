/* wav_test.c - every kind of WAV comes in as the same sound; what is no WAV gets a sentence; what
 * was flushed stays readable.
 */
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/g711.h"
#include "audio/wav.h"
#include "make_wav.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[128];

    if (!dir[0]) {
        strcpy(dir, "/tmp/myna-wav-XXXXXX");
        CHECK(mkdtemp(dir) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static size_t build(uint8_t *w, int tag, int channels, uint32_t rate, int bits, const uint8_t *data,
                    size_t len)
{
    return make_wav(w, (struct wav){tag, channels, rate, bits, NULL, 0}, data, len, (uint32_t)len);
}

static const int16_t sound[] = {0, 1000, -1000, 32000, -32000, 7, -7, 12345};
enum { N = 8 };

/* The sound in any encoding, the second channel silent. */
static size_t encode(uint8_t *data, int tag, int channels, int bits)
{
    size_t n = 0;

    for (int i = 0; i < N * channels; i++) {
        int16_t s = i % channels ? 0 : sound[i / channels];
        float f = (float)s / 32768.0f;
        uint32_t raw;

        memcpy(&raw, &f, 4);
        if (tag == 3)
            n += put(data + n, raw, 4);
        else if (tag == 6 || tag == 7)
            data[n++] = myna_g711_encode_one(tag == 6 ? MYNA_G711_ALAW : MYNA_G711_ULAW, s);
        else
            n += put(data + n, (uint64_t)((int64_t)s * ((int64_t)1 << (bits - 16))), bits / 8);
    }
    return n;
}

TEST(all_encodings_and_channel_counts_give_the_same_sound)
{
    static const struct {
        int tag, bits, tolerance;
    } kinds[] = {{1, 16, 0}, {1, 24, 0}, {1, 32, 0}, {3, 32, 0}, {6, 8, 600}, {7, 8, 600}};

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int channels = 1; channels <= 2; channels++) {
            uint8_t data[128], file[256];
            size_t len = encode(data, kinds[k].tag, channels, kinds[k].bits), n;
            struct myna_wav_reader *r;
            struct myna_why why;
            int16_t got[32];

            len = build(file, kinds[k].tag, channels, 22050, kinds[k].bits, data, len);
            CHECK_EQ(myna_wav_open_bytes("x.wav", file, len, &r, &why), MYNA_OK);
            CHECK_EQ(myna_wav_rate_hz(r), 22050);
            CHECK_EQ(myna_wav_channels(r), channels);
            CHECK_EQ(myna_wav_length(r), N);
            CHECK_EQ(myna_wav_read(r, got, 32, &n, &why), MYNA_OK);
            CHECK_EQ(n, N);
            for (int i = 0; i < N; i++)
                CHECK_NEAR(got[i], sound[i] / channels, kinds[k].tolerance + (channels - 1));
            CHECK_EQ(myna_wav_read(r, got, 32, &n, &why), MYNA_OK);
            CHECK_EQ(n, 0);
            myna_wav_close(r);
        }
}

TEST(floats_beyond_full_scale_are_clipped_and_no_number_is_silence)
{
    float values[] = {2.0f, -2.0f, NAN, INFINITY, -INFINITY, 0.5f};
    int16_t want[] = {32767, -32768, 0, 32767, -32768, 16384}, got[8];
    uint8_t file[128];
    size_t len = build(file, 3, 1, 16000, 32, (const uint8_t *)values, sizeof values), n;
    struct myna_wav_reader *r;

    CHECK_EQ(myna_wav_open_bytes("x.wav", file, len, &r, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_read(r, got, 8, &n, NULL), MYNA_OK);
    CHECK_EQ(n, 6);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(got[i], want[i]);
    myna_wav_close(r);
}

TEST(a_truncated_file_gives_what_it_has_and_says_what_is_lost)
{
    uint8_t data[400] = {1, 2, 3}, file[512];
    size_t len = build(file, 1, 1, 16000, 16, data, sizeof data), n;
    struct myna_wav_reader *r;
    int16_t got[256];
    char said[200];

    CHECK_EQ(myna_wav_open_bytes("x.wav", file, len - 200, &r, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_read(r, got, 256, &n, NULL), MYNA_OK);
    CHECK_EQ(n, 100);
    CHECK(myna_wav_short(r, said, sizeof said)); /* 100 samples at 16 kHz: 6.25 ms */
    CHECK_HAS(said, "x.wav ends after 0.01 s though its header claims 0.01 s");
    myna_wav_close(r);
    CHECK_EQ(myna_wav_open_bytes("x.wav", file, len, &r, NULL), MYNA_OK);
    CHECK(!myna_wav_short(r, said, sizeof said));
    myna_wav_close(r);
    put(file + 40, UINT32_MAX, 4); /* written into a pipe: nobody knew the length */
    CHECK_EQ(myna_wav_open_bytes("x.wav", file, len, &r, NULL), MYNA_OK);
    CHECK(!myna_wav_short(r, said, sizeof said));
    myna_wav_close(r);
}

TEST(bad_files_get_a_sentence_with_name_and_remedy)
{
    static uint8_t data[64], file[256];
    struct myna_wav_reader *r = NULL;
    struct myna_why why;
    size_t len;

    CHECK_EQ(myna_wav_open("/nonexistent/q.wav", &r, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "/nonexistent/q.wav: there is no such file");
    CHECK_EQ(myna_wav_open("/tmp", &r, &why), MYNA_EIO);
    CHECK_HAS(why.text, "/tmp is not a file");
    CHECK_EQ(myna_wav_open_bytes("empty.wav", data, 0, &r, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "empty.wav is empty");
    CHECK_EQ(myna_wav_open_bytes("text.wav", "hello, this is no sound", 23, &r, &why),
             MYNA_EFORMAT);
    CHECK_HAS(why.text, "text.wav is not a WAV");
    len = build(file, 1, 3, 16000, 16, data, 60);
    CHECK_EQ(myna_wav_open_bytes("three.wav", file, len, &r, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "three.wav has 3 channels");
    len = build(file, 1, 1, 96000, 16, data, 60);
    CHECK_EQ(myna_wav_open_bytes("fast.wav", file, len, &r, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "96000 Hz: give a file of 8000 to 48000 Hz");
    len = build(file, 1, 1, 16000, 16, data, 0);
    CHECK_EQ(myna_wav_open_bytes("mute.wav", file, len, &r, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "mute.wav holds no sound");
    CHECK(!r);
}

TEST(an_empty_file_on_disk_is_named)
{
    struct myna_wav_reader *r;
    struct myna_why why;
    int fd = open(in_dir("zero.wav"), O_CREAT | O_WRONLY, 0600);

    close(fd);
    CHECK_EQ(myna_wav_open(in_dir("zero.wav"), &r, &why), MYNA_EFORMAT);
    CHECK_HAS(why.text, "zero.wav is empty (0 bytes)");
    unlink(in_dir("zero.wav"));
}

static size_t length_of(const char *path)
{
    struct myna_wav_reader *r;
    size_t length;

    CHECK_EQ(myna_wav_open(path, &r, NULL), MYNA_OK);
    length = (size_t)myna_wav_length(r);
    myna_wav_close(r);
    return length;
}

TEST(the_file_is_readable_after_every_flush_and_whole_at_the_end)
{
    struct myna_wav_writer *w;
    struct myna_wav_reader *r;
    int16_t pcm[480], got[480];
    size_t n;

    for (int i = 0; i < 480; i++)
        pcm[i] = (int16_t)(i * 60 - 14000);
    CHECK_EQ(myna_wav_create(in_dir("out.wav"), 24000, &w, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, 480, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_flush(w, NULL), MYNA_OK);
    CHECK_EQ(length_of(in_dir("out.wav")), 480); /* as if the program died here */
    for (int i = 0; i < 99; i++)
        CHECK_EQ(myna_wav_write(w, pcm, 480, NULL), MYNA_OK);
    CHECK(length_of(in_dir("out.wav")) >= 42480); /* at most a quarter of a second behind */
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
    CHECK_EQ(length_of(in_dir("out.wav")), 48000);
    CHECK_EQ(myna_wav_open(in_dir("out.wav"), &r, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_rate_hz(r), 24000);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(myna_wav_read(r, got, 480, &n, NULL), MYNA_OK);
        CHECK_EQ(n, 480);
        CHECK(memcmp(got, pcm, sizeof pcm) == 0);
    }
    myna_wav_close(r);
    unlink(in_dir("out.wav"));
    rmdir(dir);
    dir[0] = '\0';
}

TEST(a_full_disk_is_called_one_and_the_failure_stays)
{
    struct myna_wav_writer *w;
    struct myna_why why = {0};

    if (access("/dev/full", W_OK) != 0)
        SKIP("no /dev/full on this machine");
    CHECK_EQ(myna_wav_create("/dev/full", 24000, &w, &why), MYNA_ENOSPC);
    CHECK_HAS(why.text, "the disk is full: /dev/full");
}

TEST(a_path_that_cannot_be_written_is_named)
{
    struct myna_wav_writer *w;
    struct myna_why why;

    CHECK_EQ(myna_wav_create("/nonexistent/out.wav", 24000, &w, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "cannot write /nonexistent/out.wav: No such file or directory");
}

TEST_MAIN
