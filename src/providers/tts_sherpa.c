/* tts_sherpa.c - any voice that sherpa-onnx loads, from a folder that a person names: Piper and
 * other VITS, Matcha, Kokoro, Kitten.
 *
 * What the folder has is found out by its files (sherpa_voice.c). English is read by Flite's rules
 * into phonemes, as for the built-in voice: they know figures and names that no lexicon has. A
 * voice with a lexicon of its own gets the text, in any language that the lexicon knows. Everything
 * about streams is in clauses.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <myna/stages.h>

#include "audio/resample.h"
#include "providers/builtin.h"
#include "providers/clauses.h"
#include "providers/phonemes.h"
#include "providers/sherpa.h"

#define NAME         "sherpa"
#define RATE_HZ      24000 /* all voices are brought to it */
#define FIRST_PHONES 10    /* see tts_piper.c */
#define NEXT_PHONES  45
#define MOST_PHONES  120
#define MOST_SIGNS   500 /* Kokoro takes 510 at once; a phone has two or three */

struct options {
    const char *dir;
    int speaker;
    double speed;
    double noise;
    int threads;
};

struct sherpa_voice {
    struct myna_voice voice; /* first */
    struct options opt;
    struct myna_sherpa_voice files;
    struct myna_sherpa_tts *tts;
    struct myna_flite *flite; /* NULL: the library reads the text */
};

static const struct myna_option options[] = {
    {.name = "dir",
     .type = MYNA_OPT_PATH,
     .offset = offsetof(struct options, dir),
     .help = "folder of a voice for sherpa-onnx: its .onnx files and tokens.txt"},
    {.name = "speaker",
     .type = MYNA_OPT_INT,
     .offset = offsetof(struct options, speaker),
     .def = "0",
     .max = 100000,
     .help = "which of the model's speakers, from 0 on"},
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
static const struct myna_section section = {"tts." NAME, "a voice from a folder", options};

static enum myna_err sherpa_load(struct myna_voice *v, struct myna_why *why)
{
    struct sherpa_voice *s = (struct sherpa_voice *)v;
    enum myna_err err = MYNA_OK;

    if (!s->files.by_text)
        err = myna_flite_open(false, &s->flite, why);
    if (!err)
        err = myna_sherpa_tts_open(&s->files, s->opt.threads, s->opt.noise, &s->tts, why);
    return err;
}

/* ---- a clause */

/* Without phones of its own a text has its letters: each lasts as long as the others, and words are
 * what stands between blanks. */
static enum myna_err letters(struct myna_clause *c)
{
    size_t n = strlen(c->text), word = 0, len = 0;

    c->phones = calloc(n + 1, sizeof *c->phones);
    if (!c->phones)
        return MYNA_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct myna_phone *p = &c->phones[c->n_phones];

        if (isspace((unsigned char)c->text[i]))
            continue;
        if (i == 0 || isspace((unsigned char)c->text[i - 1])) {
            word = i;
            len = strcspn(c->text + i, " \t\r\n");
            p->begins = true;
        }
        p->offset = (uint32_t)word;
        p->len = (uint32_t)len;
        if (i + 1 == word + len && ispunct((unsigned char)c->text[i]))
            p->punc = c->text[i];
        c->n_phones++;
    }
    return MYNA_OK;
}

/* The voice's sound at our rate. Takes c->pcm, gives it anew. */
static enum myna_err at_our_rate(struct myna_clause *c, int from_hz)
{
    struct myna_resample *rs;
    int16_t *out = NULL;
    size_t n = 0, more;

    if (from_hz == RATE_HZ)
        return MYNA_OK;
    rs = myna_resample_create((uint32_t)from_hz, RATE_HZ);
    if (rs)
        out = malloc((myna_resample_bound(rs, c->n) + RATE_HZ) * sizeof *out);
    if (out) {
        n = myna_resample_run(rs, c->pcm, c->n, out);
        while ((more = myna_resample_finish(rs, out + n, RATE_HZ)) && more < RATE_HZ)
            n += more;
        free(c->pcm);
        c->pcm = out;
        c->n = n;
    }
    myna_resample_destroy(rs);
    return out ? MYNA_OK : MYNA_ENOMEM;
}

/* An agent's voice is the number of a speaker. */
static int speaker_of(const struct sherpa_voice *s, const struct myna_clause *c)
{
    char *end;
    long n = strtol(c->voice, &end, 10);

    return *c->voice && !*end && n >= 0 && n < s->files.n_speakers ? (int)n : s->opt.speaker;
}

static enum myna_err sound(struct sherpa_voice *s, struct myna_clause *c,
                           struct myna_sherpa_saying *what)
{
    enum myna_err err;

    what->speed = (float)s->opt.speed;
    what->speaker = speaker_of(s, c);
    err = myna_sherpa_tts_speak(s->tts, what, &c->pcm, &c->n);
    if (!err)
        err = at_our_rate(c, myna_sherpa_tts_rate_hz(s->tts));
    if (!err)
        err = myna_clause_finish(c, RATE_HZ, false);
    return err;
}

static enum myna_err speak_text(struct sherpa_voice *s, struct myna_clause *c)
{
    bool any = false;
    enum myna_err err = letters(c);

    for (size_t i = 0; i < c->n_phones && !any; i++)
        any = !ispunct((unsigned char)c->text[c->phones[i].offset]) || c->phones[i].len > 1;
    c->spoken = c->n_phones;
    if (err || !any) /* signs alone have no sound */
        return err;
    return sound(s, c, &(struct myna_sherpa_saying){.text = c->text});
}

static enum myna_err sherpa_speak(struct myna_voice *v, struct myna_clause *c)
{
    struct sherpa_voice *s = (struct sherpa_voice *)v;
    int32_t codes[MOST_SIGNS];
    size_t most = c->piece == 0 ? FIRST_PHONES : c->piece == 1 ? NEXT_PHONES : MOST_PHONES;
    struct myna_sherpa_saying what = {.phonemes = codes};
    enum myna_err err = MYNA_OK;

    if (s->files.by_text)
        return speak_text(s, c);
    if (!c->phones)
        err = myna_flite_phones(s->flite, c->text, &c->phones, &c->n_phones);
    if (err)
        return err;
    c->spoken =
        c->from + myna_phones_cut(c->phones + c->from, c->n_phones - c->from, most, c->text);
    what.n_phonemes =
        myna_phonemes(c->phones + c->from, c->spoken - c->from,
                      myna_phones_sign(c->phones, c->spoken, c->n_phones), codes, MOST_SIGNS);
    /* nothing in it has a sound: an emoji, a row of dashes */
    return what.n_phonemes ? sound(s, c, &what) : MYNA_OK;
}

/* ---- the object */

static void sherpa_free(struct myna_voice *v)
{
    struct sherpa_voice *s = (struct sherpa_voice *)v;

    myna_sherpa_tts_destroy(s->tts);
    myna_flite_close(s->flite);
    free(s);
}

static enum myna_err look(struct sherpa_voice *s, struct myna_why *why)
{
    struct myna_why found = {0};
    enum myna_err err;

    if (!s->opt.dir || !*s->opt.dir)
        return myna_fail(why, MYNA_ECONFIG,
                         "tts." NAME ".dir is not set: it names the folder of the voice");
    err = myna_sherpa_find_voice(s->opt.dir, &s->files, &found);
    if (err)
        return myna_fail(why, err, "tts." NAME ".dir: %.480s", found.text);
    if (s->opt.speaker >= s->files.n_speakers)
        return myna_fail(
            why, MYNA_ECONFIG, "tts." NAME ".speaker is %d, and %s has %d: the last is %d",
            s->opt.speaker, s->files.model, s->files.n_speakers, s->files.n_speakers - 1);
    return MYNA_OK;
}

static enum myna_err sherpa_create(struct myna_tts **out, struct myna_host *host,
                                   const struct myna_config *cfg, struct myna_why *why)
{
    struct sherpa_voice *s = calloc(1, sizeof *s);
    enum myna_err err;

    if (!s)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no voice");
    err = myna_config_read(cfg, &section, &s->opt, why);
    if (!err)
        err = look(s, why);
    if (err) {
        free(s);
        return err;
    }
    s->voice = (struct myna_voice){.base = {.cls = &myna_tts_sherpa, .host = host},
                                   .load = sherpa_load,
                                   .speak = sherpa_speak,
                                   .free = sherpa_free,
                                   .reads_utf8 = s->files.by_text};
    err = myna_clauses_start(&s->voice, why);
    if (!err)
        *out = &s->voice.base;
    return err;
}

const struct myna_tts_class myna_tts_sherpa = {
    .name = NAME,
    .summary = "any voice for sherpa-onnx, from a folder, offline",
    .options = options,
    .caps = MYNA_TTS_TEXT_STREAM | MYNA_TTS_WORDS,
    .rate_hz = RATE_HZ,
    .create = sherpa_create,
    .destroy = myna_clauses_destroy,
    .open = myna_clauses_open,
    .text = myna_clauses_text,
    .end = myna_clauses_end,
    .pump = myna_clauses_pump,
    .close = myna_clauses_close,
};
