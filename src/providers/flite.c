/* flite.c - the only file that knows Flite.
 *
 * The front end runs with a voice of our own that has English text rules and a lexicon but no
 * sound: its "synthesis" hands the utterance back, and durations and pitch are switched off.
 * Registering one of Flite's voices and changing it would reach a host program that uses the same
 * voice.
 */
#include "providers/flite.h"

#include <ctype.h>
#include <dlfcn.h>
#include <flite/flite.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHONES_MAX 65536

/* Flite's lexicon and voices are globals of its libraries (flite.h). */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

struct calls {
    int (*init)(void);
    cst_voice *(*new_voice)(void);
    void (*delete_voice)(cst_voice *);
    void (*usenglish_init)(cst_voice *);
    cst_lexicon *(*lexicon)(void);
    cst_utterance *(*postlex)(cst_utterance *);
    cst_voice *(*slt)(const char *);
    cst_utterance *(*synth)(const char *, cst_voice *);
    void (*delete_utterance)(cst_utterance *);
    cst_wave *(*wave)(cst_utterance *);
    cst_relation *(*relation)(const cst_utterance *, const char *);
    cst_item *(*head)(const cst_relation *);
    cst_item *(*next)(const cst_item *);
    cst_item *(*parent_word)(const cst_item *, const char *);
    const char *(*feature)(const cst_item *, const char *);
    float (*number)(const cst_item *, const char *);
    void (*set)(cst_features *, const char *, const cst_val *);
    void (*set_string)(cst_features *, const char *, const char *);
    void (*set_float)(cst_features *, const char *, float);
    cst_val *(*func_val)(const cst_uttfunc);
    cst_val *(*lexicon_val)(const cst_lexicon *);
};

enum library { FLITE, ENGLISH, LEXICON, SLT, N_LIBRARIES };
static const char *const library_names[N_LIBRARIES] = {
    "libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1", "libflite_cmu_us_slt.so.1"};

static const struct {
    enum library in;
    const char *name;
    size_t offset;
} symbols[] = {
    {FLITE, "flite_init", offsetof(struct calls, init)},
    {FLITE, "new_voice", offsetof(struct calls, new_voice)},
    {FLITE, "delete_voice", offsetof(struct calls, delete_voice)},
    {ENGLISH, "usenglish_init", offsetof(struct calls, usenglish_init)},
    {LEXICON, "cmu_lex_init", offsetof(struct calls, lexicon)},
    {LEXICON, "cmu_postlex", offsetof(struct calls, postlex)},
    {SLT, "register_cmu_us_slt", offsetof(struct calls, slt)},
    {FLITE, "flite_synth_text", offsetof(struct calls, synth)},
    {FLITE, "delete_utterance", offsetof(struct calls, delete_utterance)},
    {FLITE, "utt_wave", offsetof(struct calls, wave)},
    {FLITE, "utt_relation", offsetof(struct calls, relation)},
    {FLITE, "relation_head", offsetof(struct calls, head)},
    {FLITE, "item_next", offsetof(struct calls, next)},
    {FLITE, "path_to_item", offsetof(struct calls, parent_word)},
    {FLITE, "ffeature_string", offsetof(struct calls, feature)},
    {FLITE, "ffeature_float", offsetof(struct calls, number)},
    {FLITE, "feat_set", offsetof(struct calls, set)},
    {FLITE, "feat_set_string", offsetof(struct calls, set_string)},
    {FLITE, "feat_set_float", offsetof(struct calls, set_float)},
    {FLITE, "uttfunc_val", offsetof(struct calls, func_val)},
    {FLITE, "lexicon_val", offsetof(struct calls, lexicon_val)},
};

struct myna_flite {
    struct calls call;
    void *lib[N_LIBRARIES]; /* never unloaded: Flite's globals point into one another */
    cst_voice *front, *slt;
};

/* ---- opening */

static cst_utterance *no_sound(cst_utterance *u)
{
    return u;
}

static enum myna_err load(struct myna_flite *fl, bool voice, struct myna_why *why)
{
    for (int i = 0; i < N_LIBRARIES; i++) {
        if (i == SLT && !voice)
            continue;
        fl->lib[i] = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!fl->lib[i])
            return myna_fail(why, MYNA_EUNAVAIL,
                             "Flite is not installed (%s is missing); on Debian: apt install "
                             "libflite1",
                             library_names[i]);
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *at = fl->lib[symbols[i].in] ? dlsym(fl->lib[symbols[i].in], symbols[i].name) : NULL;

        if (!at && fl->lib[symbols[i].in])
            return myna_fail(why, MYNA_EUNAVAIL,
                             "Flite's %s has no %s: it is a version that Myna does not know",
                             library_names[symbols[i].in], symbols[i].name);
        memcpy((char *)&fl->call + symbols[i].offset, &at, sizeof at);
    }
    return MYNA_OK;
}

static enum myna_err make_voices(struct myna_flite *fl, bool voice)
{
    struct calls *c = &fl->call;

    c->init();
    fl->front = c->new_voice();
    if (!fl->front)
        return MYNA_ENOMEM;
    fl->front->name = "myna-front";
    c->usenglish_init(fl->front);
    c->set(fl->front->features, "lexicon", c->lexicon_val(c->lexicon()));
    c->set(fl->front->features, "postlex_func", c->func_val(c->postlex));
    c->set_string(fl->front->features, "no_segment_duration_model", "1");
    c->set_string(fl->front->features, "no_f0_target_model", "1");
    c->set(fl->front->features, "wave_synth_func", c->func_val(no_sound));
    if (voice)
        fl->slt = c->slt(NULL);
    return voice && !fl->slt ? MYNA_ENOMEM : MYNA_OK;
}

enum myna_err myna_flite_open(bool voice, struct myna_flite **out, struct myna_why *why)
{
    struct myna_flite *fl = calloc(1, sizeof *fl);
    enum myna_err err = MYNA_ENOMEM;

    if (!fl)
        return myna_fail(why, MYNA_ENOMEM, "memory is short: no text front end");
    pthread_mutex_lock(&turn);
    err = load(fl, voice, why);
    if (!err) {
        err = make_voices(fl, voice);
        if (err)
            myna_fail(why, err, "memory is short: no text front end");
    }
    pthread_mutex_unlock(&turn);
    if (err)
        myna_flite_close(fl);
    else
        *out = fl;
    return err;
}

void myna_flite_close(struct myna_flite *fl)
{
    if (!fl)
        return;
    pthread_mutex_lock(&turn);
    if (fl->front)
        fl->call.delete_voice(fl->front);
    pthread_mutex_unlock(&turn);
    for (int i = 0; i < N_LIBRARIES; i++)
        if (fl->lib[i])
            dlclose(fl->lib[i]);
    free(fl);
}

/* ---- text to phones */

/* Where in the text the written word around `at` begins and ends. */
static void written_word(const char *text, size_t at, struct myna_phone *p)
{
    size_t from = at, to = at;

    while (from > 0 && !isspace((unsigned char)text[from - 1]))
        from--;
    while (text[to] && !isspace((unsigned char)text[to]))
        to++;
    p->offset = (uint32_t)from;
    p->len = (uint32_t)(to - from);
}

/* Where the reader is in the text while it walks the phones. */
struct place {
    const cst_item *word, *token;
    size_t at;   /* of the token of the phone at hand */
    size_t from; /* behind it: where the next one is looked for */
};

static void place_phone(const struct calls *c, const char *text, const cst_item *seg,
                        struct place *here, struct myna_phone *p)
{
    const cst_item *word = c->parent_word(seg, "R:SylStructure.parent.parent.R:Word");
    const cst_item *token = c->parent_word(seg, "R:SylStructure.parent.parent.R:Token.parent");
    const char *name;

    if (!word)
        return; /* a pause */
    p->begins = word != here->word;
    here->word = word;
    if (token && token != here->token) {
        here->token = token;
        name = c->feature(seg, "R:SylStructure.parent.parent.R:Token.parent.name");
        const char *found = *name ? strstr(text + here->from, name) : NULL;

        if (found) {
            here->at = (size_t)(found - text);
            here->from = here->at + strlen(name);
        }
    }
    written_word(text, here->at, p);
    name = c->feature(seg, "R:SylStructure.parent.parent.R:Word.name");
    p->clitic = p->begins && *name == '\'';
    p->stressed = *c->feature(seg, "R:SylStructure.parent.stress") == '1';
    name = c->feature(seg, "R:SylStructure.parent.parent.R:Token.parent.punc");
    p->punc = strchr(".,;:?!", *name) ? *name : '\0';
}

/* Punctuation stays at the last phone of its written word alone. */
static void close_words(struct myna_phone *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (p[i].len && p[i + 1].len && p[i].offset == p[i + 1].offset)
            p[i].punc = '\0';
}

static enum myna_err walk(const struct calls *c, const char *text, cst_utterance *u,
                          struct myna_phone **phones, size_t *n_phones)
{
    struct place here = {0};
    struct myna_phone *p;
    cst_item *seg;
    size_t n = 0, i = 0;

    for (seg = c->head(c->relation(u, "Segment")); seg && n < PHONES_MAX; seg = c->next(seg))
        n++;
    p = calloc(n ? n : 1, sizeof *p);
    if (!p)
        return MYNA_ENOMEM;
    for (seg = c->head(c->relation(u, "Segment")); seg && i < n; seg = c->next(seg), i++) {
        snprintf(p[i].name, sizeof p[i].name, "%s", c->feature(seg, "name"));
        p[i].end_s = c->number(seg, "end");
        place_phone(c, text, seg, &here, &p[i]);
    }
    close_words(p, n);
    *phones = p;
    *n_phones = n;
    return MYNA_OK;
}

enum myna_err myna_flite_phones(struct myna_flite *fl, const char *text, struct myna_phone **phones,
                                size_t *n_phones)
{
    enum myna_err err = MYNA_EPROVIDER;
    cst_utterance *u;

    pthread_mutex_lock(&turn);
    u = fl->call.synth(text, fl->front);
    if (u) {
        err = walk(&fl->call, text, u, phones, n_phones);
        fl->call.delete_utterance(u);
    }
    pthread_mutex_unlock(&turn);
    return err;
}

enum myna_err myna_flite_speak(struct myna_flite *fl, const char *text, float speed, int16_t **pcm,
                               size_t *n, struct myna_phone **phones, size_t *n_phones)
{
    enum myna_err err = MYNA_EPROVIDER;
    cst_utterance *u;
    cst_wave *w;

    pthread_mutex_lock(&turn);
    fl->call.set_float(fl->slt->features, "duration_stretch", 1.0f / speed);
    u = fl->call.synth(text, fl->slt);
    w = u ? fl->call.wave(u) : NULL;
    if (w && w->num_channels == 1 && w->sample_rate == 16000 && w->num_samples > 0) {
        err = walk(&fl->call, text, u, phones, n_phones);
        *n = (size_t)w->num_samples;
        *pcm = err ? NULL : malloc(*n * sizeof **pcm);
        if (*pcm) {
            memcpy(*pcm, w->samples, *n * sizeof **pcm);
        } else if (!err) {
            free(*phones);
            err = MYNA_ENOMEM;
        }
    }
    if (u)
        fl->call.delete_utterance(u);
    pthread_mutex_unlock(&turn);
    return err;
}
