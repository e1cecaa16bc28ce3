/* stt_moonshine.c - the default recogniser: Moonshine through sherpa-onnx, offline, in this
 * process. How it hears is in whole.c; here is which model, and where it lies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"
#include "providers/builtin.h"
#include "providers/whole.h"

#define NAME "moonshine"

struct options {
    const char *dir;
    int threads;
    int interim_ms, max_utterance_ms;
};

struct moonshine {
    struct myna_whole whole;
    int threads;
    char dir[MYNA_MODEL_PATH_MAX]; /* "": the pinned model in the models' directory */
};

static const struct myna_option options[] = {
    {.name = "dir",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, dir),
     .help = "folder of another Moonshine model (encoder_model.ort, decoder_model_merged.ort, "
             "tokens.txt)"},
    {.name = "threads",
     .type = MYNA_OPT_INT,
     .offset = offsetof(struct options, threads),
     .def = "1",
     .min = 1,
     .max = 64,
     .help = "threads for one decode"},
    {.name = "interim",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, interim_ms),
     .def = "300",
     .min = 100,
     .max = 60000,
     .help = "time between interim transcripts while the person speaks"},
    {.name = "max_utterance",
     .type = MYNA_OPT_MS,
     .offset = offsetof(struct options, max_utterance_ms),
     .def = "28000",
     .min = 2000,
     .max = 60000,
     .help = "longer utterances are cut at a pause; the model knows speech up to some 30 s"},
    {0},
};
static const struct myna_section section = {"stt." NAME, "the local recogniser", options};

static const char *const files[] = {"encoder_model.ort", "decoder_model_merged.ort", "tokens.txt",
                                    NULL};

static enum myna_err moonshine_load(struct myna_local_stt *stt, struct myna_why *why)
{
    struct moonshine *m = (struct moonshine *)stt;
    struct myna_model_own own = {m->dir, "stt." NAME ".dir", "a Moonshine model", files};
    char folder[MYNA_MODEL_PATH_MAX];
    enum myna_err err = myna_model_find(myna_model_part("moonshine-tiny-en"), &own, folder, why);

    return err ? err : myna_sherpa_stt_create(folder, m->threads, &m->whole.rec, why);
}

static void moonshine_free(struct myna_local_stt *stt)
{
    struct moonshine *m = (struct moonshine *)stt;

    myna_sherpa_stt_destroy(m->whole.rec);
    free(m);
}

static enum myna_err moonshine_create(struct myna_stt **out, struct myna_host *host,
                                      const struct myna_config *cfg, struct myna_why *why)
{
    struct options opt = {0};
    struct moonshine *m;
    enum myna_err err = myna_config_read(cfg, &section, &opt, why);

    if (!err && opt.dir && strlen(opt.dir) >= sizeof m->dir)
        err = myna_fail(why, MYNA_ECONFIG, "stt." NAME ".dir is longer than %zu bytes",
                        sizeof m->dir - 1);
    if (err)
        return err;
    m = calloc(1, sizeof *m);
    if (!m)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no recogniser");
    m->whole = (struct myna_whole){.stt = {.base = {.cls = &myna_stt_moonshine, .host = host},
                                           .load = moonshine_load,
                                           .warm = myna_whole_warm,
                                           .loaded = myna_whole_loaded,
                                           .free = moonshine_free},
                                   .interim_ms = opt.interim_ms,
                                   .max_utterance_ms = opt.max_utterance_ms,
                                   .language = "en"};
    m->threads = opt.threads;
    snprintf(m->dir, sizeof m->dir, "%s", opt.dir ? opt.dir : "");
    err = myna_local_stt_start(&m->whole.stt, why);
    if (!err)
        *out = &m->whole.stt.base;
    return err;
}

const struct myna_stt_class myna_stt_moonshine = {
    .name = NAME,
    .summary = "Moonshine tiny, English, offline through sherpa-onnx",
    .options = options,
    .caps = MYNA_STT_INTERIM | MYNA_STT_WANTS_SPEECH,
    .create = moonshine_create,
    .destroy = myna_local_stt_destroy,
    .open = myna_whole_open,
    .push = myna_whole_push,
    .mark = myna_whole_mark,
    .close = myna_whole_close,
};
