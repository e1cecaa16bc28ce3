/* speech.c - those who hear and those who speak: what each of them needs, and a word there and back
 * through every one that could be called, those of the fallback lists too. */
#include <stdio.h>
#include <string.h>

#include <myna/runtime.h>
#include <myna/stages.h>

#include "doctor/doctor.h"

enum { MODELS_MAX = 32 };

struct stage {
    const char *name, *section, *row, *spare_row;
    struct myna_doctor_list who;
    bool works[MYNA_DOCTOR_LIST_MAX]; /* as far as was seen */
    size_t base;                      /* who serves for the trials of the other stage */
};

/* ------------------------------------------------------------------ what each needs */

struct need {
    const char *stage, *provider;
    const char *models[2];
};

/* Who needs which model of `myna models`. */
static const struct need needs[] = {
    {"vad", "silero", {"silero-vad", NULL}},
    {"stt", "moonshine", {"sherpa-onnx", "moonshine-tiny-en"}},
    {"tts", "piper", {"sherpa-onnx", "piper-joe"}},
};

static bool check_models(struct myna_doctor *d, const struct stage *s, const struct need *n,
                         const char *row)
{
    struct myna_model rows[MODELS_MAX];
    size_t count = myna_models_list(rows, MODELS_MAX, false);
    /* without theirs, another VAD and another voice serve */
    enum myna_check_state bad = strcmp(n->stage, "stt") ? MYNA_CHECK_WARN : MYNA_CHECK_FAIL;
    bool whole = true;
    char fix[120];

    for (size_t i = 0; i < count && i < MODELS_MAX; i++)
        for (size_t k = 0; k < 2; k++) {
            if (!n->models[k] || strcmp(rows[i].name, n->models[k]) ||
                rows[i].state == MYNA_MODEL_HERE)
                continue;
            whole = false;
            snprintf(fix, sizeof fix, "myna models fetch %s", rows[i].name);
            myna_doctor_tell(d, s->section, row, bad, fix, "%s needs %s, which is %s", n->provider,
                             rows[i].name,
                             rows[i].state == MYNA_MODEL_CORRUPT ? "damaged" : "missing");
        }
    if (whole)
        myna_doctor_tell(d, s->section, row, MYNA_CHECK_OK, NULL, "%s, its model is here",
                         n->provider);
    return whole || bad != MYNA_CHECK_FAIL;
}

static bool is_known(const char *stage, const char *name)
{
    bool found = false;

    if (!strcmp(stage, "vad"))
        for (const struct myna_vad_class *const *c = myna_builtin_vads(); *c; c++)
            found = found || !strcmp((*c)->name, name);
    else if (!strcmp(stage, "stt"))
        for (const struct myna_stt_class *const *c = myna_builtin_stts(); *c; c++)
            found = found || !strcmp((*c)->name, name);
    else
        for (const struct myna_tts_class *const *c = myna_builtin_ttss(); *c; c++)
            found = found || !strcmp((*c)->name, name);
    return found;
}

/* False: there is nothing to try. */
static bool check_one(struct myna_doctor *d, const struct stage *s, const char *name, bool is_first)
{
    const char *row = is_first ? s->row : s->spare_row, *base_url;
    char from[64], fix[160];

    if (is_first && (!*name || !strcmp(name, "none"))) {
        myna_doctor_tell(d, s->section, row, MYNA_CHECK_SKIP, NULL, "nobody (%s)",
                         myna_doctor_origin(d, s->name, true));
        return false;
    }
    if (!is_known(s->name, name)) {
        snprintf(fix, sizeof fix, "name one of those below %s in `myna config`", s->name);
        myna_doctor_tell(d, s->section, row, MYNA_CHECK_FAIL, fix,
                         "there is no %s provider '%s' (%s)", s->name, name,
                         myna_doctor_origin(d, s->name, is_first));
        return false;
    }
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!strcmp(needs[i].stage, s->name) && !strcmp(needs[i].provider, name))
            return check_models(d, s, &needs[i], row);
    base_url = myna_doctor_value(d, s->name, name, "base_url");
    if (!strcmp(name, "openai") && !myna_doctor_key(d, s->name, name, from, sizeof from)) {
        myna_doctor_tell(d, s->section, row, MYNA_CHECK_FAIL,
                         "export OPENAI_API_KEY=…, or run `myna setup`", "there is no key for %s",
                         name);
        return false;
    }
    myna_doctor_tell(d, s->section, row, MYNA_CHECK_OK, NULL, "%s%s%s", name,
                     base_url ? " at " : "", base_url ? base_url : "");
    return true;
}

static void check_stage(struct myna_doctor *d, struct stage *s)
{
    myna_doctor_list(d, s->name, &s->who);
    s->base = s->who.n;
    for (size_t i = 0; i < s->who.n; i++) {
        s->works[i] = check_one(d, s, s->who.names[i], i == 0);
        if (s->works[i] && s->base == s->who.n)
            s->base = i;
    }
}

/* ------------------------------------------------------------------ a word */

static void check_word(struct myna_doctor *d, const char *stt, const char *tts, bool is_only)
{
    struct myna_word_back w;
    struct myna_why why = {0};
    char who[160] = "";

    if (!is_only)
        snprintf(who, sizeof who, "%s to %s: ", tts, stt);
    if (d->opt->no_network && (myna_doctor_value(d, "stt", stt, "base_url") ||
                               myna_doctor_value(d, "tts", tts, "base_url")))
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_SKIP, NULL, "%snot spoken (--no-network)",
                         who);
    else if (myna_config_set(d->cfg, "stt.provider", stt, "doctor", &why) ||
             myna_config_set(d->cfg, "tts.provider", tts, "doctor", &why) ||
             myna_try_word(d->cfg, &w, &why))
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_FAIL, "see docs/providers.md", "%s%s", who,
                         why.text);
    else
        myna_doctor_tell(d, "voice", "word", w.same ? MYNA_CHECK_OK : MYNA_CHECK_WARN,
                         w.same ? NULL : "try `myna say` and `myna hear` with another provider",
                         "%ssaid \"%s\", heard \"%s\"", who, w.said, w.heard);
}

/* Each voice to one ear, then each other ear with one voice. */
static void check_words(struct myna_doctor *d, const struct stage *stt, const struct stage *tts)
{
    bool is_only = stt->who.n == 1 && tts->who.n == 1;

    if (stt->base == stt->who.n || tts->base == tts->who.n) {
        myna_doctor_tell(d, "voice", "word", MYNA_CHECK_SKIP, NULL,
                         "not spoken: the above comes first");
        return;
    }
    /* the providers themselves are looked at, not those that would take over */
    (void)!myna_config_set(d->cfg, "stt.fallback", "", "doctor", NULL);
    (void)!myna_config_set(d->cfg, "tts.fallback", "", "doctor", NULL);
    for (size_t i = 0; i < tts->who.n; i++)
        if (tts->works[i])
            check_word(d, stt->who.names[stt->base], tts->who.names[i], is_only);
    for (size_t i = stt->base + 1; i < stt->who.n; i++)
        if (stt->works[i])
            check_word(d, stt->who.names[i], tts->who.names[tts->base], false);
}

void myna_doctor_speech(struct myna_doctor *d)
{
    struct stage vad = {.name = "vad", .section = "hearing", .row = "vad", .spare_row = ""};
    struct stage stt = {
        .name = "stt", .section = "hearing", .row = "stt", .spare_row = "stt fallback"};
    struct stage tts = {
        .name = "tts", .section = "voice", .row = "tts", .spare_row = "tts fallback"};

    check_stage(d, &vad);
    check_stage(d, &stt);
    check_stage(d, &tts);
    check_words(d, &stt, &tts);
}
