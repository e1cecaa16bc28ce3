/* tts_piper.c - the default voice: Piper "joe" through sherpa-onnx, with Flite's front end.
 *
 * The voice computes a clause whole, 0.085 s for a second of it and twice that on a busy machine,
 * so what is heard first must be short: a long first clause is cut at a phrase, and again where its
 * second piece would not be ready when the first has played. Everything about streams is in
 * clauses.c.
 *
 * A pinned voice that turns out to be damaged, or that the library refuses, is found only while it
 * loads, when streams may already wait: Flite's slt then speaks behind the same object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/stages.h>

#include "audio/resample.h"
#include "models/models.h"
#include "providers/builtin.h"
#include "providers/clauses.h"
#include "providers/phonemes.h"
#include "providers/sherpa.h"

#define NAME         "piper"
#define RATE_HZ      22050
#define FLITE_HZ     16000
#define FIRST_PHONES 10 /* about 0.7 s of speech, 0.07 s of computing */
#define NEXT_PHONES  45 /* its successor: computed while the first plays */
#define MODEL        "piper-joe"

struct options {
    const char *dir;
    double speed;
    double noise;
    int threads;
};

struct piper {
    struct myna_voice voice; /* first */
    struct options opt;
    char dir[MYNA_MODEL_PATH_MAX]; /* "": the pinned voice in the models' directory */
    struct myna_sherpa_tts *tts;
    struct myna_flite *flite;
    bool instead; /* Flite has the voice too */
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
    {.name = "noise",
     .type = MYNA_OPT_DOUBLE,
     .offset = offsetof(struct options, noise),
     .def = "0.667",
     .max = 1.0,
     .help =
         "how much it varies from saying to saying; 0: the same words sound the same each time"},
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

static const char *const files[] = {"model.onnx", "tokens.txt", NULL};

static enum myna_err load_model(struct piper *p, struct myna_why *why)
{
    struct myna_model_own own = {p->dir, "tts." NAME ".dir", "a Piper voice", files};
    char folder[MYNA_MODEL_PATH_MAX];
    enum myna_err err = myna_model_find(myna_model_part(MODEL), &own, folder, why);

    if (!err)
        err = myna_flite_open(false, &p->flite, why);
    if (!err)
        err = myna_sherpa_tts_create(folder, p->opt.threads, p->opt.noise, &p->tts, why);
    if (!err && myna_sherpa_tts_rate_hz(p->tts) != RATE_HZ)
        err = myna_fail(why, MYNA_EFORMAT, "the voice in %s speaks %d Hz, want %d", folder,
                        myna_sherpa_tts_rate_hz(p->tts), RATE_HZ);
    return err;
}

static enum myna_err piper_load(struct myna_voice *v, struct myna_why *why)
{
    struct piper *p = (struct piper *)v;
    enum myna_err err = load_model(p, why);

    if (!err || *p->dir) /* who names a folder is told that it is wrong */
        return err;
    myna_flite_close(p->flite);
    p->flite = NULL;
    if (myna_flite_open(true, &p->flite, NULL))
        return err;
    p->instead = true;
    myna_host_log(v->base.host, MYNA_LOG_ERROR,
                  "the voice cannot be used, Flite speaks instead provider=" NAME " reason=\"%s\"",
                  why->text);
    return MYNA_OK;
}

/* A small clause: the network's first run asks for its memory. */
static void piper_warm(struct myna_voice *v)
{
    struct myna_clause c = {.text = (char[]){"hello there"}, .piece = -1};

    (void)!v->speak(v, &c); /* a voice that cannot speak says so when it is asked to */
    free(c.phones);
    free(c.pcm);
    free(c.words);
    free(c.letters);
}

/* Flite's sound at our rate. */
static enum myna_err speak_slt(struct piper *p, struct myna_clause *c)
{
    struct myna_resample *rs;
    int16_t *low = NULL;
    size_t n = 0;
    enum myna_err err = myna_flite_speak(p->flite, c->text, (float)p->opt.speed, &low, &n,
                                         &c->phones, &c->n_phones);

    if (err)
        return err;
    rs = myna_resample_create(FLITE_HZ, RATE_HZ);
    if (rs)
        c->pcm = malloc((myna_resample_bound(rs, n) + RATE_HZ) * sizeof *c->pcm);
    if (c->pcm) {
        c->n = myna_resample_run(rs, low, n, c->pcm);
        c->n += myna_resample_finish(rs, c->pcm + c->n, RATE_HZ);
        c->spoken = c->n_phones;
        err = myna_clause_finish(c, RATE_HZ, true);
    } else {
        err = MYNA_ENOMEM;
    }
    myna_resample_destroy(rs);
    free(low);
    return err;
}

/* How much of the clause is spoken now. */
static size_t piece(const struct myna_clause *c)
{
    size_t most = c->piece == 0 ? FIRST_PHONES : NEXT_PHONES;

    if (c->piece < 0 || c->piece > 1)
        return c->n_phones;
    return c->from + myna_phones_cut(c->phones + c->from, c->n_phones - c->from, most, c->text);
}

/* A worker's part of one clause: phones, then sound of as many of them as are wanted now. */
static enum myna_err piper_speak(struct myna_voice *v, struct myna_clause *c)
{
    struct piper *p = (struct piper *)v;
    int32_t *codes;
    size_t n_codes, max;
    enum myna_err err = MYNA_OK;

    if (p->instead)
        return speak_slt(p, c);
    if (!c->phones)
        err = myna_flite_phones(p->flite, c->text, &c->phones, &c->n_phones);
    if (err)
        return err;
    c->spoken = piece(c);
    max = (c->spoken - c->from) * 6 + 8; /* stress, three signs, a space; the end */
    codes = malloc(max * sizeof *codes);
    if (!codes)
        return MYNA_ENOMEM;
    n_codes = myna_phonemes(c->phones + c->from, c->spoken - c->from,
                            myna_phones_sign(c->phones, c->spoken, c->n_phones), codes, max);
    if (n_codes) {
        err = myna_sherpa_tts_speak(p->tts,
                                    &(struct myna_sherpa_saying){.phonemes = codes,
                                                                 .n_phonemes = n_codes,
                                                                 .speed = (float)p->opt.speed},
                                    &c->pcm, &c->n);
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
                                   .warm = piper_warm,
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
