/* tts_piper.c - the default voice: Piper "joe" through sherpa-onnx, with Flite's front end.
 *
 * The voice computes a clause whole, 0.085 s for a second of it, so what is heard first must be
 * short: a long first clause is cut at a phrase and its rest becomes the next clause. Everything
 * about streams is in clauses.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <myna/stages.h>

#include "models/models.h"
#include "providers/builtin.h"
#include "providers/clauses.h"
#include "providers/phonemes.h"
#include "providers/sherpa.h"

#define NAME         "piper"
#define RATE_HZ      22050
#define FIRST_PHONES 13 /* about 1 s of speech, 0.1 s of computing */
#define MODEL        "piper-joe"

struct options {
    const char *dir;
    double speed;
    int threads;
};

struct piper {
    struct myna_voice voice; /* first */
    struct options opt;
    char dir[MYNA_MODEL_PATH_MAX]; /* "": the pinned voice in the models' directory */
    struct myna_sherpa_tts *tts;
    struct myna_flite *flite;
};

static const struct myna_option options[] = {
    {.name = "dir",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, dir),
     .help = "folder of another English Piper voice of 22,050 Hz (model.onnx, tokens.txt)"},
    {.name = "speed",
     .type = MYNA_OPT_DOUBLE,
     .offset = offsetof(struct options, speed),
     .def = "1.0",
     .min = 0.5,
     .max = 2.0,
     .help = "how fast it speaks; 1.0 is the voice's own pace"},
    {.name = "threads",
     .type = MYNA_OPT_INT,
     .offset = offsetof(struct options, threads),
     .def = "1",
     .min = 1,
     .max = 64,
     .help = "threads for one clause"},
    {0},
};
static const struct myna_section section = {"tts." NAME, "the local voice", options};

static enum myna_err check_own_folder(const char *dir, struct myna_why *why)
{
    static const char *const names[] = {"model.onnx", "tokens.txt"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[MYNA_MODEL_PATH_MAX + 64];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (stat(path, &st) || st.st_size == 0)
            return myna_fail(why, MYNA_EUNAVAIL,
                             "%s is missing or empty; tts." NAME ".dir must name a folder with a "
                             "Piper voice, or be left out",
                             path);
    }
    return MYNA_OK;
}

static enum myna_err piper_load(struct myna_voice *v, struct myna_why *why)
{
    struct piper *p = (struct piper *)v;
    const struct myna_model_part *part = myna_model_part(MODEL);
    char folder[MYNA_MODEL_PATH_MAX];
    enum myna_err err;

    if (*p->dir) {
        snprintf(folder, sizeof folder, "%s", p->dir);
        err = check_own_folder(folder, why);
    } else {
        err = myna_model_folder(part, folder, why);
        if (!err)
            err = myna_model_check(part, NULL, why);
    }
    if (!err)
        err = myna_flite_open(false, &p->flite, why);
    if (!err)
        err = myna_sherpa_tts_create(folder, p->opt.threads, &p->tts, why);
    if (!err && myna_sherpa_tts_rate_hz(p->tts) != RATE_HZ)
        err = myna_fail(why, MYNA_EFORMAT, "the voice in %s speaks %d Hz, want %d", folder,
                        myna_sherpa_tts_rate_hz(p->tts), RATE_HZ);
    return err;
}

/* A worker's part of one clause: phones, then sound of as many of them as are wanted now. */
static enum myna_err piper_speak(struct myna_voice *v, struct myna_clause *c)
{
    struct piper *p = (struct piper *)v;
    int32_t *codes;
    size_t n_codes, max;
    enum myna_err err = MYNA_OK;

    if (!c->phones)
        err = myna_flite_phones(p->flite, c->text, &c->phones, &c->n_phones);
    if (err)
        return err;
    c->spoken =
        c->first ? myna_phones_cut(c->phones, c->n_phones, FIRST_PHONES, c->text) : c->n_phones;
    max = (c->spoken - c->from) * 6 + 8; /* stress, three signs, a space; the end */
    codes = malloc(max * sizeof *codes);
    if (!codes)
        return MYNA_ENOMEM;
    n_codes = myna_phonemes(c->phones + c->from, c->spoken - c->from,
                            myna_phones_sign(c->phones, c->spoken, c->n_phones), codes, max);
    if (n_codes) {
        err = myna_sherpa_tts_speak(p->tts, codes, n_codes, (float)p->opt.speed, &c->pcm, &c->n);
        if (!err)
            err = myna_clause_finish(c, RATE_HZ, false);
    } /* else nothing in it has a sound: an emoji, a row of dashes */
    free(codes);
    return err;
}

static void piper_free(struct myna_voice *v)
{
    struct piper *p = (struct piper *)v;

    myna_sherpa_tts_destroy(p->tts);
    myna_flite_close(p->flite);
    free(p);
}

/* By size alone: a start must not read 60 MB. */
static bool is_here(const char *name)
{
    struct myna_model rows[8];
    size_t n = myna_models_list(rows, sizeof rows / sizeof *rows, false);

    for (size_t i = 0; i < n && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].state == MYNA_MODEL_HERE;
    return false;
}

static enum myna_err piper_create(struct myna_tts **out, struct myna_host *host,
                                  const struct myna_config *cfg, struct myna_why *why)
{
    struct piper *p = calloc(1, sizeof *p);
    enum myna_err err;

    if (!p)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    err = myna_config_read(cfg, &section, &p->opt, why);
    if (!err && p->opt.dir && strlen(p->opt.dir) >= sizeof p->dir)
        err = myna_fail(why, MYNA_ECONFIG, "tts." NAME ".dir is longer than %zu bytes",
                        sizeof p->dir - 1);
    if (err) {
        free(p);
        return err;
    }
    snprintf(p->dir, sizeof p->dir, "%s", p->opt.dir ? p->opt.dir : "");
    if (!is_here("sherpa-onnx") || (!*p->dir && !is_here(MODEL))) {
        free(p);
        myna_host_log(host, MYNA_LOG_WARN,
                      "the voice's model is not on this machine, Flite speaks instead; fetch it "
                      "with: myna models fetch provider=" NAME);
        return myna_tts_flite.create(out, host, cfg, why);
    }
    p->voice = (struct myna_voice){.base = {.cls = &myna_tts_piper, .host = host},
                                   .load = piper_load,
                                   .speak = piper_speak,
                                   .free = piper_free};
    err = myna_clauses_start(&p->voice, why);
    if (!err)
        *out = &p->voice.base;
    return err;
}

const struct myna_tts_class myna_tts_piper = {
    .name = NAME,
    .summary = "Piper voice joe, English, offline through sherpa-onnx",
    .options = options,
    .caps = MYNA_TTS_TEXT_STREAM | MYNA_TTS_WORDS,
    .rate_hz = RATE_HZ,
    .create = piper_create,
    .destroy = myna_clauses_destroy,
    .open = myna_clauses_open,
    .text = myna_clauses_text,
    .end = myna_clauses_end,
    .pump = myna_clauses_pump,
    .close = myna_clauses_close,
};
