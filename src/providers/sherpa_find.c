/* sherpa_find.c - which recogniser lies in a folder (sherpa.h).
 *
 * The packages of sherpa-onnx have no description, but a habit of names: an encoder, a decoder and
 * a joiner are a transducer, *-encoder and *-decoder Whisper, model.onnx one of three. What names
 * leave open the files say themselves: an ONNX file ends with pairs of text
 * (ModelProto.metadata_props).
 */
#include "providers/sherpa.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL    65536 /* bytes of a file that are looked through */
#define ENTRIES 4096

static bool has_end(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && !strcmp(name + n - m, end);
}

static bool is_model(const char *name)
{
    return has_end(name, ".onnx") || has_end(name, ".ort");
}

/* The file whose name has `part`, of two the one of 8-bit numbers: it is the faster. The earlier in
 * the alphabet of several. */
static bool take(const char *folder, const char *part, char into[MYNA_MODEL_PATH_MAX])
{
    DIR *dir = opendir(folder);
    char best[256] = "";
    const struct dirent *e;
    int left = ENTRIES;

    *into = '\0';
    while (dir && left-- > 0 && (e = readdir(dir))) {
        bool eight = strstr(e->d_name, "int8"), has = strstr(best, "int8");

        if (!is_model(e->d_name) || !strstr(e->d_name, part))
            continue;
        if (!*best || eight > has || (eight == has && strcmp(e->d_name, best) < 0))
            snprintf(best, sizeof best, "%s", e->d_name);
    }
    if (dir)
        closedir(dir);
    return *best &&
           snprintf(into, MYNA_MODEL_PATH_MAX, "%s/%s", folder, best) < MYNA_MODEL_PATH_MAX;
}

static bool take_tokens(const char *folder, char into[MYNA_MODEL_PATH_MAX])
{
    DIR *dir = opendir(folder);
    const struct dirent *e;
    int left = ENTRIES;
    bool found = false;

    while (dir && !found && left-- > 0 && (e = readdir(dir)))
        if (has_end(e->d_name, "tokens.txt"))
            found = snprintf(into, MYNA_MODEL_PATH_MAX, "%s/%s", folder, e->d_name) <
                    MYNA_MODEL_PATH_MAX;
    if (dir)
        closedir(dir);
    return found;
}

/* The end of the file has one of these texts. */
static bool says(const char *path, const char *const *texts)
{
    FILE *f = fopen(path, "rb");
    char *tail = malloc(TAIL);
    size_t n = 0;
    bool found = false;

    if (f && tail && (!fseek(f, -TAIL, SEEK_END) || !fseek(f, 0, SEEK_SET)))
        n = fread(tail, 1, TAIL, f);
    for (; *texts && !found; texts++)
        found = n && memmem(tail, n, *texts, strlen(*texts));
    free(tail);
    if (f)
        fclose(f);
    return found;
}

static const char *const streaming[] = {"decode_chunk_len", "chunk_shift", NULL};
static const char *const by_nemo[] = {"EncDec", "nemo", NULL};
static const char *const sense_voice[] = {"sense_voice", NULL};
static const char *const paraformer[] = {"paraformer", NULL};
static const char *const nemo_ctc[] = {"EncDecCTC", "EncDecHybrid", NULL};

static enum myna_err one_file(const char *folder, struct myna_sherpa_files *f, struct myna_why *why)
{
    if (says(f->encoder, sense_voice))
        f->kind = MYNA_SHERPA_SENSE_VOICE;
    else if (says(f->encoder, paraformer))
        f->kind = MYNA_SHERPA_PARAFORMER;
    else if (says(f->encoder, nemo_ctc))
        f->kind = MYNA_SHERPA_NEMO_CTC;
    else
        return myna_fail(why, MYNA_ECONFIG,
                         "%s does not say what it is; known are SenseVoice, Paraformer and NeMo "
                         "CTC (in %s)",
                         f->encoder, folder);
    return MYNA_OK;
}

enum myna_err myna_sherpa_find(const char *folder, struct myna_sherpa_files *f,
                               struct myna_why *why)
{
    DIR *dir = opendir(folder);
    bool encoder, decoder, joiner;

    memset(f, 0, sizeof *f);
    if (!dir)
        return myna_fail(why, MYNA_ECONFIG, "%s is no folder that can be read", folder);
    closedir(dir);
    if (!take_tokens(folder, f->tokens))
        return myna_fail(why, MYNA_ECONFIG, "there is no tokens.txt in %s", folder);
    if (take(folder, "preprocess", f->fourth) && take(folder, "encode.", f->encoder) &&
        take(folder, "uncached_decode", f->joiner) && take(folder, "cached_decode", f->decoder)) {
        /* "uncached" has "cached" in it, and stands behind it in the alphabet */
        f->kind = MYNA_SHERPA_MOONSHINE_4;
        return MYNA_OK;
    }
    if (take(folder, "encoder_model", f->encoder) &&
        take(folder, "decoder_model_merged", f->decoder)) {
        f->kind = MYNA_SHERPA_MOONSHINE;
        return MYNA_OK;
    }
    encoder = take(folder, "encoder", f->encoder);
    decoder = take(folder, "decoder", f->decoder);
    joiner = take(folder, "joiner", f->joiner);
    if (encoder && decoder && joiner) {
        f->kind = says(f->encoder, streaming) ? MYNA_SHERPA_STREAMING
                  : says(f->encoder, by_nemo) ? MYNA_SHERPA_PARAKEET
                                              : MYNA_SHERPA_TRANSDUCER;
        return MYNA_OK;
    }
    if (encoder && decoder && strstr(strrchr(f->encoder, '/'), "-encoder")) {
        f->kind = MYNA_SHERPA_WHISPER;
        return MYNA_OK;
    }
    if (encoder || decoder || joiner)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s has only a part of a recogniser: %s%s%smissing (names end with .onnx)",
                         folder, encoder ? "" : "the encoder is ", decoder ? "" : "the decoder is ",
                         joiner ? "" : "the joiner is ");
    if (take(folder, "model", f->encoder))
        return one_file(folder, f, why);
    return myna_fail(why, MYNA_ECONFIG,
                     "no recogniser in %s: want encoder, decoder and joiner, or model.onnx",
                     folder);
}
