/* speech.h - a runtime for one provider: loop, host, configuration, and sound from a file. */
#ifndef TESTS_PROVIDERS_SPEECH_H
#define TESTS_PROVIDERS_SPEECH_H

#include "check.h"

#include <ctype.h>
#include <unistd.h>

#include <myna/provider.h>
#include <myna/stages.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "util/buf.h"
#include "models/models.h"
#include "util/host.h"

struct speech {
    struct myna_host host;
    struct myna_config *cfg;
    struct myna_frame *frames;
    size_t n_frames;
};

static inline void quiet(void *arg, enum myna_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static inline void speech_init(struct speech *s, bool virtual_clock)
{
    *s = (struct speech){0};
    s->host.loop = myna_loop_create(
        &(struct myna_loop_options){.virtual_clock = virtual_clock, .workers = 2}, NULL);
    s->host.log = myna_log_create(&(struct myna_log_options){.write = quiet});
    myna_rand_seed(&s->host.rand, 1);
    s->cfg = myna_config_create();
    CHECK(s->host.loop && s->host.log && s->cfg);
}

static inline void speech_fini(struct speech *s)
{
    myna_loop_destroy(s->host.loop);
    myna_log_destroy(s->host.log);
    myna_config_destroy(s->cfg);
    free(s->frames);
}

/* Whole frames of a file at 16 kHz. */
static inline void speech_load(struct speech *s, const char *path)
{
    struct myna_wav_reader *r = NULL;
    struct myna_why why = {0};
    size_t n = 1, at = 0, max;
    int16_t block[MYNA_IN_SAMPLES], *all;
    struct myna_resample *rs;
    size_t got = 0;

    if (myna_wav_open(path, &r, &why))
        check_fail(__FILE__, __LINE__, "%s", why.text);
    rs = myna_resample_create(myna_wav_rate_hz(r), MYNA_IN_RATE_HZ);
    CHECK(rs != NULL);
    max = (size_t)myna_wav_length(r) * MYNA_IN_RATE_HZ / myna_wav_rate_hz(r) + 4096;
    all = calloc(max, sizeof *all);
    CHECK(all != NULL);
    while (n) {
        CHECK_EQ(myna_wav_read(r, block, MYNA_IN_SAMPLES, &n, &why), MYNA_OK);
        CHECK(got + myna_resample_bound(rs, n) <= max);
        got += myna_resample_run(rs, block, n, all + got);
    }
    while ((n = myna_resample_finish(rs, all + got, max - got)) > 0)
        got += n;
    myna_resample_destroy(rs);
    s->frames = calloc(got / MYNA_IN_SAMPLES + 1, sizeof *s->frames);
    CHECK(s->frames != NULL);
    for (; (at + 1) * MYNA_IN_SAMPLES <= got; at++) {
        memcpy(s->frames[at].pcm, all + at * MYNA_IN_SAMPLES, sizeof block);
        s->frames[at].captured = (myna_us)at * MYNA_FRAME_US;
    }
    s->n_frames = at;
    free(all);
    myna_wav_close(r);
}

static inline const char *shared_data(const char *name)
{
    static char path[1024];
    const char *tree = getenv("MYNA_TEST_TREE");

    snprintf(path, sizeof path, "%s/../shared/data/%s", tree ? tree : ".", name);
    if (access(path, R_OK))
        SKIP("the shared recordings are not beside this tree");
    return path;
}

static inline void need_models(const char *part)
{
    if (myna_model_check(myna_model_part("sherpa-onnx"), NULL, NULL) ||
        myna_model_check(myna_model_part(part), NULL, NULL))
        SKIP("the models are not on this machine: myna models fetch");
}

/* "What is 7, please?" to "what is 7 please": for comparing what was said with what was heard. */
static inline void bare_words(const char *text, char *into, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        if (isalnum((unsigned char)*text) || *text == '\'')
            into[n++] = (char)tolower((unsigned char)*text);
        else if (n && into[n - 1] != ' ')
            into[n++] = ' ';
    }
    while (n && into[n - 1] == ' ')
        n--;
    into[n] = '\0';
}

/* Words that differ between two bare texts: the least number of insertions, removals, changes. */
static inline int word_differences(const char *a, const char *b)
{
    int row[128], n = 0;
    const char *starts[128];
    size_t lens[128];

    for (; *b && n < 127; b += lens[n - 1], b += *b == ' ') {
        starts[n] = b;
        lens[n++] = strcspn(b, " ");
    }
    for (int k = 0; k <= n; k++)
        row[k] = k;
    for (int i = 1; *a; i++) {
        size_t len = strcspn(a, " ");
        int above = row[0];

        row[0] = i;
        for (int k = 1; k <= n; k++) {
            int change = above + (lens[k - 1] != len || strncmp(starts[k - 1], a, len) != 0);
            int least = row[k] + 1 < row[k - 1] + 1 ? row[k] + 1 : row[k - 1] + 1;

            above = row[k];
            row[k] = change < least ? change : least;
        }
        a += len;
        a += *a == ' ';
    }
    return row[n];
}

#endif
