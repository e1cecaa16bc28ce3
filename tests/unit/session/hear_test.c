/* hear_test.c - `myna hear` joins what a breath parts: stretches of noise that the energy VAD
 * marks, and a recogniser that says one word for each segment. */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <myna/stages.h>

#include "audio/wav.h"

static struct myna_wav_writer *wav;

static void sound(double seconds, int level)
{
    static uint32_t seed = 1;
    int16_t pcm[160];

    for (int left = (int)(seconds * 100); left > 0; left--) {
        for (int i = 0; i < 160; i++) {
            seed = seed * 1664525 + 1013904223;
            pcm[i] = (int16_t)(level ? (int)(seed >> 16) % level - level / 2 : 0);
        }
        CHECK_EQ(myna_wav_write(wav, pcm, 160, NULL), MYNA_OK);
    }
}

/* Pairs of seconds: sound, then silence; ends with 0. */
static void hear(const double *script, struct myna_hear_result *r)
{
    char path[] = "hear.XXXXXX";
    struct myna_config *cfg = myna_config_create();
    struct myna_why why = {0};
    int fd = mkstemp(path);

    CHECK(cfg && fd >= 0);
    close(fd);
    CHECK_EQ(myna_wav_create(path, 16000, &wav, &why), MYNA_OK);
    sound(1, 0);
    for (; *script > 0; script += 2) {
        sound(script[0], 12000);
        sound(script[1], 0);
    }
    CHECK_EQ(myna_wav_finish(wav, &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "energy", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "stt.provider", "instant", "test", &why), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "stt.instant.text", "word", "test", &why), MYNA_OK);
    if (myna_hear_file(cfg, path, r, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    unlink(path);
    myna_config_destroy(cfg);
}

TEST(a_breath_does_not_part_a_sentence_and_a_silence_does)
{
    static const double script[] = {1, 0.9, 1, 3, 1, 1, 0};
    struct myna_hear_result r;

    hear(script, &r);
    CHECK_EQ(r.n_segments, 2);
    CHECK_STR(r.text, "word word");
    CHECK_NEAR(r.segments[0].start_ms, 1000, 150);
    CHECK_NEAR(r.segments[0].end_ms, 3900, 150);
    CHECK_NEAR(r.segments[1].start_ms, 6900, 150);
    CHECK_NEAR(r.segments[1].end_ms, 7900, 150);
    myna_hear_result_fini(&r);
}

TEST(what_would_be_too_long_together_is_parted_at_its_longest_gap)
{
    static const double script[] = {8, 0.7, 8, 1.0, 8, 0.7, 8, 1, 0};
    struct myna_hear_result r;

    hear(script, &r);
    CHECK_EQ(r.n_segments, 2);
    CHECK_NEAR(r.segments[0].end_ms, 17700, 150);
    CHECK_NEAR(r.segments[1].start_ms, 18700, 150);
    CHECK_NEAR(r.segments[1].end_ms, 35400, 150);
    myna_hear_result_fini(&r);
}

static bool hear_once(void *arg)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_hear_result r = {0};
    struct myna_why why = {0};
    enum myna_err err = MYNA_ENOMEM;

    if (cfg && !(err = myna_config_set(cfg, "vad.provider", "energy", "test", &why)) &&
        !(err = myna_config_set(cfg, "stt.provider", "instant", "test", &why)))
        err = myna_hear_file(cfg, arg, &r, &why);
    myna_config_destroy(cfg);
    if (err) {
        CHECK(fault_hit());
        CHECK(!r.text && !r.segments);
        if (cfg)
            CHECK(why.err == err && why.text[0] != '\0');
        return false;
    }
    CHECK(fault_hit() || r.n_segments == 1);
    myna_hear_result_fini(&r);
    return r.n_segments == 1 || !fault_hit();
}

TEST(memory_or_a_disk_that_fails_while_a_file_is_written_down_leaves_nothing_behind)
{
    char path[] = "/tmp/myna-hear-XXXXXX";

    close(mkstemp(path));
    CHECK_EQ(myna_wav_create(path, 16000, &wav, NULL), MYNA_OK);
    sound(0.6, 0);
    sound(0.4, 12000);
    sound(0.8, 0);
    CHECK_EQ(myna_wav_finish(wav, NULL), MYNA_OK);
    CHECK(fault_each_alloc(hear_once, path) > 20);
    CHECK(fault_each_io(hear_once, path, EIO) > 0);
    unlink(path);
}

TEST_MAIN
