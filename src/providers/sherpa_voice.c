/* sherpa_voice.c - which voice lies in a folder (sherpa.h).
 *
 * The names of the files tell a Kokoro or Kitten (voices.bin) and a Matcha (a vocoder beside it)
 * from the rest, and the metadata at the end of the ONNX file what else the library will ask for.
 * It ends the process where something is missing, so everything it reads is looked at here.
 */
#include "providers/sherpa.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TAIL  65536 /* bytes of a file in which its metadata is looked for */
#define NAMES 512
#define VALUE 128 /* longer metadata is none of ours; one byte tells the length */

struct listing {
    char name[NAMES][256];
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct listing *list(const char *folder)
{
    DIR *dir = opendir(folder);
    struct listing *l = dir ? calloc(1, sizeof *l) : NULL;
    const struct dirent *e;

    while (l && l->n < NAMES && (e = readdir(dir)))
        snprintf(l->name[l->n++], sizeof *l->name, "%s", e->d_name);
    if (dir)
        closedir(dir);
    if (l)
        qsort(l->name, l->n, sizeof *l->name, by_name);
    return l;
}

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && !strcmp(name + n - m, end);
}

static bool is_vocoder(const char *name)
{
    return strstr(name, "vocos") || strstr(name, "hifigan") || strstr(name, "vocoder");
}

/* The .onnx file that is a vocoder, or is none; of several the one of 8-bit numbers. */
static const char *model_of(const struct listing *l, bool vocoder)
{
    const char *best = NULL;

    for (size_t i = 0; i < l->n; i++)
        if (ends(l->name[i], ".onnx") && is_vocoder(l->name[i]) == vocoder &&
            (!best || (strstr(l->name[i], "int8") && !strstr(best, "int8"))))
            best = l->name[i];
    return best;
}

static bool has(const struct listing *l, const char *name)
{
    return bsearch(name, l->name, l->n, sizeof *l->name, by_name) != NULL;
}

static bool path_of(const char *folder, const char *name, char into[MYNA_MODEL_PATH_MAX])
{
    return snprintf(into, MYNA_MODEL_PATH_MAX, "%s/%s", folder, name) < MYNA_MODEL_PATH_MAX;
}

/* "folder/a,folder/b" of the names with this begin and end. British English is left out where
 * American is there: one word has one pronunciation. */
static void join(const struct listing *l, const char *folder, const char *begin, const char *end,
                 char *into, size_t size)
{
    size_t used = 0;
    bool american = has(l, "lexicon-us-en.txt");

    for (size_t i = 0; i < l->n; i++) {
        const char *name = l->name[i];

        if (strncmp(name, begin, strlen(begin)) || !ends(name, end) ||
            (american && !strcmp(name, "lexicon-gb-en.txt")))
            continue;
        if (used + strlen(folder) + strlen(name) + 3 > size)
            break;
        used +=
            (size_t)snprintf(into + used, size - used, "%s%s/%s", used ? "," : "", folder, name);
    }
}

/* ---- what the file says of itself: ModelProto's field 14, {1: key, 2: value} */

struct tail {
    char *bytes;
    size_t n;
};

static struct tail tail_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct tail t = {.bytes = malloc(TAIL)};

    if (f && t.bytes && (!fseek(f, -TAIL, SEEK_END) || !fseek(f, 0, SEEK_SET)))
        t.n = fread(t.bytes, 1, TAIL, f);
    if (f)
        fclose(f);
    return t;
}

static bool meta(const struct tail *t, const char *key, char value[VALUE])
{
    char entry[64];
    size_t k = strlen(key), n;
    const char *at = t->bytes, *end = t->bytes ? t->bytes + t->n : NULL;

    entry[0] = 0x0A;
    entry[1] = (char)k;
    memcpy(entry + 2, key, k);
    entry[2 + k] = 0x12;
    while (at && at < end && (at = memmem(at, (size_t)(end - at), entry, k + 3))) {
        at += k + 3;
        n = at < end ? (unsigned char)*at : VALUE;
        if (n < VALUE && (size_t)(end - at) > n) {
            memcpy(value, at + 1, n);
            value[n] = '\0';
            return true;
        }
    }
    return false;
}

static int number(const struct tail *t, const char *key)
{
    char value[VALUE];

    return meta(t, key, value) ? atoi(value) : 0;
}

static enum myna_err check_meta(const struct myna_sherpa_voice *v, const struct tail *t,
                                struct myna_why *why)
{
    static const char *const vits[] = {"sample_rate", "n_speakers", "language", "comment", NULL},
                             *const matcha[] = {"sample_rate", "n_speakers", "use_eos_bos",
                                                "pad_id", NULL},
                             *const kokoro[] = {"sample_rate", "n_speakers", "has_espeak",
                                                "style_dim", NULL};
    const char *const *want = v->kind == MYNA_SHERPA_VITS     ? vits
                              : v->kind == MYNA_SHERPA_MATCHA ? matcha
                                                              : kokoro;
    char value[VALUE];

    for (; *want; want++)
        if (!meta(t, *want, value))
            return myna_fail(
                why, MYNA_ECONFIG,
                "%s does not say its %s, so it was not made for sherpa-onnx; take the "
                "voice from sherpa-onnx's own list (for a Piper voice of other origin: "
                "tts.piper)",
                v->model, *want);
    return MYNA_OK;
}

/* The rows of voices.bin are as many as the model says. */
static enum myna_err check_voices(const struct myna_sherpa_voice *v, const struct tail *t,
                                  struct myna_why *why)
{
    char dim[VALUE];
    long long floats = v->n_speakers;
    struct stat st;

    if (!meta(t, "style_dim", dim))
        return MYNA_OK;
    for (char *at = dim, *save = NULL; (at = strtok_r(at, ",", &save)); at = NULL)
        floats *= atoi(at);
    if (stat(v->second, &st) || st.st_size != floats * 4)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s has %lld bytes, want %lld: it belongs to another model or is damaged",
                         v->second, stat(v->second, &st) ? 0 : (long long)st.st_size, floats * 4);
    return MYNA_OK;
}

/* The library's vocoders speak 22,050 Hz unless they say another rate. */
static enum myna_err check_vocoder(const struct myna_sherpa_voice *v, const struct tail *t,
                                   struct myna_why *why)
{
    struct tail vocoder = tail_of(v->second);
    int rate_hz = number(&vocoder, "sample_rate");

    free(vocoder.bytes);
    if (!rate_hz)
        rate_hz = 22050;
    if (rate_hz == number(t, "sample_rate"))
        return MYNA_OK;
    return myna_fail(why, MYNA_ECONFIG,
                     "%s is a vocoder of %d Hz and the voice beside it speaks %d Hz; take the one "
                     "made for it",
                     v->second, rate_hz, number(t, "sample_rate"));
}

static bool english(const struct tail *t, const char *voice)
{
    char language[VALUE] = "";

    if (*voice)
        return !strncmp(voice, "en", 2);
    return !meta(t, "language", language) || !strncmp(language, "English", 7);
}

/* Flite's phones are English; in other languages the folder's lexicon has to know the words. */
static enum myna_err choose_way(struct myna_sherpa_voice *v, const struct tail *t,
                                struct myna_why *why)
{
    bool styled = v->kind == MYNA_SHERPA_KOKORO || v->kind == MYNA_SHERPA_KITTEN,
         spoken_here = english(t, v->voice);

    v->by_text = *v->lexicon && !(styled && spoken_here);
    if (v->by_text || spoken_here)
        return MYNA_OK;
    return myna_fail(why, MYNA_ECONFIG,
                     "%s speaks \"%s\" and has no lexicon.txt beside it: without one only English "
                     "can be read",
                     v->model, v->voice);
}

static enum myna_err find_files(const struct listing *l, const char *folder,
                                struct myna_sherpa_voice *v, struct myna_why *why)
{
    const char *model = model_of(l, false), *vocoder = model_of(l, true),
               *second = has(l, "voices.bin") ? "voices.bin" : vocoder;

    if (!model)
        return myna_fail(why, MYNA_ECONFIG, "no voice in %s: want a .onnx file and tokens.txt",
                         folder);
    if (!has(l, "tokens.txt"))
        return myna_fail(why, MYNA_ECONFIG, "there is no tokens.txt in %s", folder);
    if (!vocoder && strstr(model, "model-steps"))
        return myna_fail(why, MYNA_ECONFIG,
                         "%s in %s is a Matcha voice and wants its vocoder beside it, such as "
                         "vocos-22khz-univ.onnx",
                         model, folder);
    if (!path_of(folder, model, v->model) || !path_of(folder, "tokens.txt", v->tokens) ||
        (second && !path_of(folder, second, v->second)))
        return myna_fail(why, MYNA_ECONFIG, "the name of the folder %s is too long", folder);
    v->kind = has(l, "voices.bin") ? MYNA_SHERPA_KOKORO
              : vocoder            ? MYNA_SHERPA_MATCHA
                                   : MYNA_SHERPA_VITS;
    join(l, folder, "lexicon", ".txt", v->lexicon, sizeof v->lexicon);
    join(l, folder, "", ".fst", v->rules, sizeof v->rules);
    return MYNA_OK;
}

enum myna_err myna_sherpa_find_voice(const char *folder, struct myna_sherpa_voice *v,
                                     struct myna_why *why)
{
    struct listing *l = list(folder);
    struct tail t = {0};
    char value[VALUE] = "";
    enum myna_err err;

    memset(v, 0, sizeof *v);
    if (!l)
        return myna_fail(why, MYNA_ECONFIG, "%s is no folder that can be read", folder);
    err = find_files(l, folder, v, why);
    free(l);
    if (err)
        return err;
    t = tail_of(v->model);
    if (v->kind == MYNA_SHERPA_KOKORO && meta(&t, "model_type", value) && strstr(value, "kitten"))
        v->kind = MYNA_SHERPA_KITTEN;
    err = check_meta(v, &t, why);
    v->n_speakers = number(&t, "n_speakers");
    if (v->n_speakers < 1)
        v->n_speakers = 1;
    if (meta(&t, "voice", value))
        snprintf(v->voice, sizeof v->voice, "%.15s", value);
    if (!err && (v->kind == MYNA_SHERPA_KOKORO || v->kind == MYNA_SHERPA_KITTEN))
        err = check_voices(v, &t, why);
    if (!err && v->kind == MYNA_SHERPA_MATCHA)
        err = check_vocoder(v, &t, why);
    if (!err)
        err = choose_way(v, &t, why);
    free(t.bytes);
    return err;
}
