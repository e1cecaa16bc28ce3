/* clip_test.c - a sound file of any kind becomes 24 kHz in memory; what is none gets a sentence
 * that names the file. */
#include "audio/clip.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "audio/level.h"
#include "audio/ogg.h"
#include "audio/wav.h"
#include "util/buf.h"
#include "util/fs.h"

#include "check.h"
#include "fault.h"

static char path[64];

static const char *file(const char *ending)
{
    snprintf(path, sizeof path, "/tmp/myna_clip_%d.%s", (int)getpid(), ending);
    unlink(path);
    return path;
}

static void tone(int16_t *pcm, size_t n, double rate)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)(8000 * sin(440 * 6.283185307179586 * (double)i / rate));
}

static void write_wav(const char *name, uint32_t rate, size_t n)
{
    static int16_t pcm[96000];
    struct myna_wav_writer *w = NULL;
    struct myna_why why = {0};

    tone(pcm, n, rate);
    CHECK_EQ(myna_wav_create(name, rate, &w, &why), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, n, &why), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, &why), MYNA_OK);
}

static void is_the_tone(const struct myna_clip *clip, size_t n, size_t tolerance)
{
    CHECK_NEAR(clip->n, n, tolerance);
    CHECK_NEAR(myna_level_rms(clip->pcm + clip->n / 4, clip->n / 2),
               20 * log10(8000 / 32768. / M_SQRT2), 0.5);
}

TEST(a_wav_of_another_rate_is_brought_to_24_khz)
{
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};

    write_wav(file("wav"), 8000, 8000);
    CHECK_EQ(myna_clip_load(path, &clip, &why), MYNA_OK);
    is_the_tone(clip, 24000, 0);
    myna_clip_destroy(clip);
    unlink(path);
}

TEST(an_ogg_is_read_too)
{
    static int16_t pcm[48000];
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};
    struct myna_ogg *ogg = NULL;

    tone(pcm, 48000, 24000);
    CHECK_EQ(myna_ogg_open(file("ogg"), 24000, 1, &ogg, &why), MYNA_OK);
    CHECK_EQ(myna_ogg_write(ogg, pcm, 48000, &why), MYNA_OK);
    CHECK_EQ(myna_ogg_close(ogg, &why), MYNA_OK);
    CHECK_EQ(myna_clip_load(path, &clip, &why), MYNA_OK);
    is_the_tone(clip, 48000, 480);
    myna_clip_destroy(clip);
    unlink(path);
}

TEST(the_tilde_is_the_home_directory)
{
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};
    char name[80];

    write_wav(file("wav"), 24000, 2400);
    setenv("HOME", "/tmp", 1);
    snprintf(name, sizeof name, "~/%s", strrchr(path, '/') + 1);
    CHECK_EQ(myna_clip_load(name, &clip, &why), MYNA_OK);
    CHECK_EQ(clip->n, 2400);
    myna_clip_destroy(clip);
    unlink(path);
}

static void refused(const char *bytes, size_t len, enum myna_err want, const char *says)
{
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};

    CHECK_EQ(
        myna_fs_write(file("bad"), (struct myna_view){(const uint8_t *)bytes, len}, 0600, &why),
        MYNA_OK);
    CHECK_EQ(myna_clip_load(path, &clip, &why), want);
    CHECK_HAS(why.text, path);
    CHECK_HAS(why.text, says);
    unlink(path);
}

TEST(what_is_no_sound_is_named)
{
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};

    CHECK_EQ(myna_clip_load(file("none"), &clip, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, path);
    refused("<html>", 6, MYNA_EFORMAT, "no WAV, Ogg Opus or MP3");
    refused("", 0, MYNA_EFORMAT, "no WAV");
    refused("OggS\0\2 broken", 13, MYNA_EFORMAT, "");
    refused("RIFF\x24\0\0\0WAVEfmt ", 16, MYNA_EFORMAT, "");
}

static bool load(void *arg)
{
    struct myna_clip *clip = NULL;
    struct myna_why why = {0};
    enum myna_err err = myna_clip_load(path, &clip, &why);
    bool ok = !err && clip->n == 24000;

    (void)arg;
    myna_clip_destroy(clip);
    return ok;
}

TEST(memory_runs_short_while_a_file_is_read)
{
    write_wav(file("wav"), 8000, 8000);
    CHECK(fault_each_alloc(load, NULL) > 3);
    unlink(path);
}

TEST_MAIN
