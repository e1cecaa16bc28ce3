/* tts_flite.c - Flite's voice slt: small, quick, always there; the voice where no model is. */
#include <stdlib.h>

#include "providers/builtin.h"
#include "providers/clauses.h"

#define NAME    "flite"
#define RATE_HZ 16000

struct options {
    double speed;
};

struct slt {
    struct myna_voice voice; /* first */
    struct options opt;
    struct myna_flite *flite;
};

static const struct myna_option options[] = {
    {.name = "speed",
     .type = MYNA_OPT_DOUBLE,
     .offset = offsetof(struct options, speed),
     .def = "1.0",
     .min = 0.5,
     .max = 2.0,
     .help = "how fast it speaks; 1.0 is the voice's own pace"},
    {0},
};
static const struct myna_section section = {"tts." NAME, "Flite's voice slt", options};

static enum myna_err slt_load(struct myna_voice *v, struct myna_why *why)
{
    return myna_flite_open(true, &((struct slt *)v)->flite, why);
}

static enum myna_err slt_speak(struct myna_voice *v, struct myna_clause *c)
{
    struct slt *s = (struct slt *)v;
    enum myna_err err = myna_flite_speak(s->flite, c->text, (float)s->opt.speed, &c->pcm, &c->n,
                                         &c->phones, &c->n_phones);

    if (err)
        return err;
    c->spoken = c->n_phones;
    return myna_clause_finish(c, RATE_HZ, true);
}

static void slt_free(struct myna_voice *v)
{
    myna_flite_close(((struct slt *)v)->flite);
    free(v);
}

static enum myna_err slt_create(struct myna_tts **out, struct myna_host *host,
                                const struct myna_config *cfg, struct myna_why *why)
{
    struct slt *s = calloc(1, sizeof *s);
    enum myna_err err;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    err = myna_config_read(cfg, &section, &s->opt, why);
    if (err) {
        free(s);
        return err;
    }
    s->voice = (struct myna_voice){.base = {.cls = &myna_tts_flite, .host = host},
                                   .load = slt_load,
                                   .speak = slt_speak,
                                   .free = slt_free};
    err = myna_clauses_start(&s->voice, why);
    if (!err)
        *out = &s->voice.base;
    return err;
}

const struct myna_tts_class myna_tts_flite = {
    .name = NAME,
    .summary = "Flite's voice slt, English, offline, no model",
    .options = options,
    .caps = MYNA_TTS_TEXT_STREAM | MYNA_TTS_WORDS,
    .rate_hz = RATE_HZ,
    .create = slt_create,
    .destroy = myna_clauses_destroy,
    .open = myna_clauses_open,
    .text = myna_clauses_text,
    .end = myna_clauses_end,
    .pump = myna_clauses_pump,
    .close = myna_clauses_close,
};
