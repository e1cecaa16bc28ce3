/* vad_file_test.c - `myna vad` over the project's question, whatever the rate of the file, and what
 * it says without weights. The question is Flite's: one stretch of speech, or two with a breath.
 */
#include "check.h"
#include "fault.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <myna/stages.h>

#include "audio/resample.h"
#include "audio/wav.h"

static int16_t question[400000];
static size_t n_question;
static uint32_t question_hz;

static void read_question(void)
{
    struct myna_wav_reader *r;
    struct myna_why why;
    char path[1024];
    size_t n;

    snprintf(path, sizeof path, "%s/data/question.wav", getenv("MYNA_TEST_TREE"));
    n_question = 0;
    CHECK_EQ(myna_wav_open(path, &r, &why), MYNA_OK);
    question_hz = myna_wav_rate_hz(r);
    do {
        CHECK(n_question + 1024 < sizeof question / sizeof *question);
        CHECK_EQ(myna_wav_read(r, question + n_question, 1024, &n, NULL), MYNA_OK);
        n_question += n;
    } while (n > 0);
    myna_wav_close(r);
}

/* The question at another rate, in a file of its own. */
static void write_at(uint32_t rate, const char *path)
{
    static int16_t out[400000 * 6];
    struct myna_resample *rs = myna_resample_create(question_hz, rate);
    struct myna_wav_writer *w;
    size_t n = myna_resample_run(rs, question, n_question, out), more;

    while ((more = myna_resample_finish(rs, out + n, 1000)) > 0)
        n += more;
    myna_resample_destroy(rs);
    CHECK_EQ(myna_wav_create(path, rate, &w, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, out, n, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
}

static void check_rates(const char *provider, double tolerance_ms)
{
    static const uint32_t rates[] = {16000, 8000, 24000, 48000, 44100};
    struct myna_config *cfg = myna_config_create();
    struct myna_vad_result first = {0};
    char path[] = "/tmp/myna-vad-XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", provider, "test", NULL), MYNA_OK);
    read_question();
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct myna_vad_result r;
        struct myna_why why = {0};

        write_at(rates[i], path);
        if (myna_vad_file(cfg, path, &r, &why))
            check_fail(__FILE__, __LINE__, "%s", why.text);
        CHECK_NEAR((double)r.n_probs, (double)n_question / question_hz / 0.032, 1.01);
        CHECK(r.n_segments >= 1);
        for (size_t s = 0; s < r.n_segments; s++)
            CHECK(r.segments[s].start_ms < r.segments[s].end_ms);
        if (i == 0) {
            first = r;
            continue;
        }
        CHECK_EQ(r.n_segments, first.n_segments);
        for (size_t s = 0; s < r.n_segments; s++) {
            CHECK_NEAR(r.segments[s].start_ms, first.segments[s].start_ms, tolerance_ms);
            CHECK_NEAR(r.segments[s].end_ms, first.segments[s].end_ms, tolerance_ms);
        }
        myna_vad_result_fini(&r);
    }
    myna_vad_result_fini(&first);
    myna_config_destroy(cfg);
    unlink(path);
}

TEST(loudness_hears_the_same_speech_at_every_rate)
{
    check_rates("energy", 97);
}

TEST(the_network_hears_the_same_speech_at_every_rate)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/silero_vad_16k.safetensors", myna_models_dir());
    if (access(path, R_OK) != 0)
        SKIP("no weights: `myna models fetch silero-vad` brings them");
    check_rates("silero", 97);
}

/* The question, `windows` of digital silence, the question; probabilities from the second on. */
static void ask_twice(int windows, struct myna_vad_result *r)
{
    static const int16_t zero[512];
    struct myna_config *cfg = myna_config_create();
    struct myna_wav_writer *w;
    char path[] = "/tmp/myna-vad-XXXXXX";

    close(mkstemp(path));
    CHECK_EQ(myna_wav_create(path, question_hz, &w, NULL), MYNA_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(myna_wav_write(w, question, n_question - n_question % 512, NULL), MYNA_OK);
        for (int k = 0; k < (i ? 0 : windows); k++)
            CHECK_EQ(myna_wav_write(w, zero, 512, NULL), MYNA_OK);
    }
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "silero", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_vad_file(cfg, path, r, NULL), MYNA_OK);
    myna_config_destroy(cfg);
    unlink(path);
}

TEST(digital_silence_holds_the_network_so_that_its_length_changes_nothing)
{
    struct myna_vad_result brief, lasting;
    char path[1024];

    snprintf(path, sizeof path, "%s/silero_vad_16k.safetensors", myna_models_dir());
    if (access(path, R_OK) != 0)
        SKIP("no weights: `myna models fetch silero-vad` brings them");
    read_question();
    ask_twice(20, &brief);
    ask_twice(2000, &lasting);
    CHECK_EQ(lasting.n_probs, brief.n_probs + 1980);
    for (size_t i = n_question / 512 + 20; i < brief.n_probs; i++)
        CHECK(brief.probs[i] == lasting.probs[i + 1980]);
    CHECK_EQ(brief.n_segments, lasting.n_segments);
    CHECK_EQ(brief.n_segments % 2, 0); /* the second question is heard as the first */
    myna_vad_result_fini(&brief);
    myna_vad_result_fini(&lasting);
}

static void run_with_weights(const char *weights, struct myna_vad_result *r)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_why why;
    char path[1024];

    snprintf(path, sizeof path, "%s/data/question.wav", getenv("MYNA_TEST_TREE"));
    CHECK_EQ(myna_config_set(cfg, "vad.silero.weights", weights, "test", NULL), MYNA_OK);
    CHECK_EQ(myna_vad_file(cfg, path, r, &why), MYNA_OK);
    myna_config_destroy(cfg);
}

TEST(without_usable_weights_loudness_serves)
{
    struct myna_vad_result r;
    char path[] = "/tmp/myna-vad-XXXXXX";
    int fd = mkstemp(path);

    run_with_weights("/nonexistent/w.safetensors", &r);
    CHECK_STR(r.provider, "energy");
    CHECK(r.n_segments >= 1);
    myna_vad_result_fini(&r);
    CHECK_EQ(write(fd, "damaged", 7), 7);
    close(fd);
    run_with_weights(path, &r);
    CHECK_STR(r.provider, "energy");
    myna_vad_result_fini(&r);
    unlink(path);
}

TEST(a_missing_file_and_a_wrong_provider_get_a_sentence)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_vad_result r;
    struct myna_why why;
    char path[1024];

    CHECK_EQ(myna_vad_file(cfg, "/nonexistent/q.wav", &r, &why), MYNA_ENOENT);
    CHECK_HAS(why.text, "/nonexistent/q.wav");
    snprintf(path, sizeof path, "%s/data/question.wav", getenv("MYNA_TEST_TREE"));
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "silerro", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_vad_file(cfg, path, &r, &why), MYNA_ECONFIG);
    CHECK_HAS(why.text, "did you mean 'silero'?");
    myna_config_destroy(cfg);
}

/* A tenth of a second, by loudness. */
static bool hear_once(void *arg)
{
    struct myna_config *cfg = myna_config_create();
    struct myna_vad_result r = {0};
    struct myna_why why = {0};
    enum myna_err err = MYNA_ENOMEM;

    if (cfg)
        err = myna_config_set(cfg, "vad.provider", "energy", "test", &why);
    if (cfg && !err) {
        err = myna_vad_file(cfg, arg, &r, &why);
        if (err)
            CHECK(why.text[0] != '\0');
        else
            myna_vad_result_fini(&r);
    }
    myna_config_destroy(cfg);
    return !err;
}

TEST(memory_or_a_disk_that_fails_while_a_file_is_heard_leaves_nothing_behind)
{
    static const int16_t pcm[1600];
    char path[] = "/tmp/myna-vad-XXXXXX";
    struct myna_wav_writer *w;

    close(mkstemp(path));
    CHECK_EQ(myna_wav_create(path, 16000, &w, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(w, pcm, 1600, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_finish(w, NULL), MYNA_OK);
    CHECK(fault_each_alloc(hear_once, path) > 5);
    CHECK(fault_each_io(hear_once, path, EIO) > 0);
    unlink(path);
}

TEST_MAIN
