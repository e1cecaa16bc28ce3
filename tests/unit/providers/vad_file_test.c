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
#include "providers/vad_local.h"
#include "speech.h"
#include "turn/silero.h"
#include "turn/vad.h"

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

/* ---- digital silence: a call does not ask the network about it, a file is judged window by window
 */

enum { PROBS_MAX = 4000 };

struct judged {
    float probs[PROBS_MAX];
    size_t n;
    int starts;
};

static void judge(void *arg, struct myna_vad_port *port, const struct myna_vad_event *ev)
{
    struct judged *j = arg;

    (void)port;
    j->starts += ev->type == MYNA_VAD_START;
    if (ev->type == MYNA_VAD_INFERENCE && j->n < PROBS_MAX)
        j->probs[j->n++] = ev->probability;
}

/* The question, `frames` of digital silence, the question, as a call hears them. */
static void ask_twice(struct speech *sp, int frames, struct judged *j)
{
    struct myna_vad *vad;
    struct myna_vad_port *port;
    struct myna_frame zero = {0};

    *j = (struct judged){0};
    CHECK_EQ(myna_vad_silero.create(&vad, &sp->host, sp->cfg, NULL), MYNA_OK);
    CHECK_EQ(myna_vad_port_open(
                 &(struct myna_vad_port_options){.vad = vad, .event = judge, .arg = j}, &port),
             MYNA_OK);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < sp->n_frames / 8 * 8; k++) /* whole windows: 8 frames are 5 */
            myna_vad_port_push(port, &sp->frames[k]);
        for (int k = 0; k < (i ? 0 : frames); k++)
            myna_vad_port_push(port, &zero);
    }
    myna_vad_port_close(port);
    vad->cls->destroy(vad);
}

static void need_weights(char path[1024])
{
    snprintf(path, 1024, "%s/silero_vad_16k.safetensors", myna_models_dir());
    if (access(path, R_OK) != 0)
        SKIP("no weights: `myna models fetch silero-vad` brings them");
}

TEST(digital_silence_holds_the_network_so_that_its_length_changes_nothing)
{
    static struct judged brief, lasting;
    struct speech sp;
    char path[1024];

    need_weights(path);
    speech_init(&sp, true);
    snprintf(path, sizeof path, "%s/data/question.wav", getenv("MYNA_TEST_TREE"));
    speech_load(&sp, path);
    ask_twice(&sp, 40, &brief);
    ask_twice(&sp, 40 + 3200, &lasting);
    CHECK_EQ(lasting.n, brief.n + 2000);
    for (size_t i = sp.n_frames / 8 * 5 + 25; i < brief.n; i++)
        CHECK(brief.probs[i] == lasting.probs[i + 2000]);
    CHECK_EQ(brief.starts, lasting.starts);
    CHECK_EQ(brief.starts % 2, 0); /* the second question is heard as the first */
    speech_fini(&sp);
}

TEST(in_a_file_every_window_is_what_the_network_says_of_it)
{
    static int16_t pcm[2 * 400000 + 512 * 300];
    struct myna_silero_weights *w;
    struct myna_silero_state state;
    struct myna_config *cfg = myna_config_create();
    struct myna_wav_writer *wav;
    struct myna_vad_result r;
    char weights[1024], path[] = "/tmp/myna-vad-XXXXXX";
    size_t n;

    need_weights(weights);
    CHECK_EQ(myna_silero_load(weights, &w, NULL), MYNA_OK);
    read_question();
    CHECK_EQ(question_hz, 16000);
    n = n_question - n_question % 512;
    memcpy(pcm, question, n * sizeof *pcm);
    memcpy(pcm + n + 512 * 300, question, n * sizeof *pcm); /* ten seconds of nothing between */
    n = 2 * n + 512 * 300;
    close(mkstemp(path));
    CHECK_EQ(myna_wav_create(path, 16000, &wav, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_write(wav, pcm, n, NULL), MYNA_OK);
    CHECK_EQ(myna_wav_finish(wav, NULL), MYNA_OK);
    CHECK_EQ(myna_config_set(cfg, "vad.provider", "silero", "test", NULL), MYNA_OK);
    CHECK_EQ(myna_vad_file(cfg, path, &r, NULL), MYNA_OK);
    CHECK_EQ(r.n_probs, n / 512);
    myna_silero_reset(&state);
    for (size_t i = 0; i < n / 512; i++)
        CHECK_NEAR(r.probs[i], myna_silero_run(w, &state, pcm + i * 512), 1e-5);
    myna_vad_result_fini(&r);
    myna_silero_weights_destroy(w);
    myna_config_destroy(cfg);
    unlink(path);
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
