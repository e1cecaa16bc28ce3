/* sherpa.h - the local recogniser and the local voice: sherpa-onnx 2.0.1, opened at run time.
 *
 * Serves whole.c, stt_sherpa.c, tts_piper.c and tts_sherpa.c. A build needs neither its
 * header nor the library; a machine without it is told how to fetch it. The library stays in the
 * process once opened (its threads and C++ globals do not survive an unload); each object here
 * holds its own reference.
 *
 * Thread: all of it blocks; call it on a worker. One recogniser or voice may decode on several
 * workers at once (ONNX Runtime's sessions allow it, and the state of a decode is its own).
 */
#ifndef MYNA_PROVIDERS_SHERPA_H
#define MYNA_PROVIDERS_SHERPA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/provider.h>

#include "models/models.h"

struct myna_sherpa_stt;
struct myna_sherpa_tts;

/* ---- what a folder has in it: sherpa_find.c, by the names of its files and by what they say of
 * themselves */

enum myna_sherpa_kind {
    MYNA_SHERPA_MOONSHINE,
    MYNA_SHERPA_MOONSHINE_4, /* its older form, in four files */
    MYNA_SHERPA_WHISPER,
    MYNA_SHERPA_SENSE_VOICE,
    MYNA_SHERPA_PARAFORMER,
    MYNA_SHERPA_NEMO_CTC,
    MYNA_SHERPA_TRANSDUCER, /* of whole utterances */
    MYNA_SHERPA_PARAKEET,   /* the same by NeMo */
    MYNA_SHERPA_STREAMING,  /* a transducer that hears as it goes */
};
struct myna_sherpa_files {
    enum myna_sherpa_kind kind;
    char encoder[MYNA_MODEL_PATH_MAX]; /* of the kinds of one file: the model */
    char decoder[MYNA_MODEL_PATH_MAX], joiner[MYNA_MODEL_PATH_MAX], fourth[MYNA_MODEL_PATH_MAX],
        tokens[MYNA_MODEL_PATH_MAX];
};
/* Blocks a little. MYNA_ECONFIG: it is no folder, or no model that we know; says what is missing.
 */
enum myna_err myna_sherpa_find(const char *folder, struct myna_sherpa_files *out,
                               struct myna_why *why);

/* ---- recognisers of whole utterances */

/* Any kind but STREAMING. language: NULL or "" where the model finds out, or knows one alone. */
enum myna_err myna_sherpa_stt_open(const struct myna_sherpa_files *files, const char *language,
                                   int threads, struct myna_sherpa_stt **out, struct myna_why *why);

/* A Moonshine recogniser from a folder with encoder_model.ort, decoder_model_merged.ort and
 * tokens.txt. Check the files first (models/models.h): the library says little about a damaged one
 * and reads an empty token table without complaint. MYNA_EUNAVAIL: the library is not on this
 * machine; MYNA_EFORMAT: it refused the model. */
enum myna_err myna_sherpa_stt_create(const char *folder, int threads, struct myna_sherpa_stt **out,
                                     struct myna_why *why);
void myna_sherpa_stt_destroy(struct myna_sherpa_stt *stt); /* NULL is fine */
/* 16 kHz samples to text, trimmed; "" when nothing was said. Caller frees. */
enum myna_err myna_sherpa_stt_decode(const struct myna_sherpa_stt *stt, const int16_t *pcm,
                                     size_t n, char **text);

/* ---- recognisers that hear as it goes */

struct myna_sherpa_live;
enum myna_err myna_sherpa_live_open(const struct myna_sherpa_files *files, int threads,
                                    struct myna_sherpa_live **out, struct myna_why *why);
void myna_sherpa_live_destroy(struct myna_sherpa_live *live); /* NULL is fine */
/* One utterance; NULL: memory is short. One worker at a time. */
void *myna_sherpa_live_begin(struct myna_sherpa_live *live);
void myna_sherpa_live_end(struct myna_sherpa_live *live, void *utterance); /* NULL is fine */
/* More of it, 16 kHz, and all of its text so far. last: nothing follows, with the words and their
 * times (from the utterance's first sample; their letters are in `letters`). Caller frees. */
enum myna_err myna_sherpa_live_feed(struct myna_sherpa_live *live, void *utterance,
                                    const int16_t *pcm, size_t n, bool last, char **text,
                                    struct myna_word **words, size_t *n_words, char **letters);

/* ---- voices: which one a folder has, sherpa_voice.c */

enum myna_sherpa_voice_kind {
    MYNA_SHERPA_VITS, /* Piper's are of this kind */
    MYNA_SHERPA_MATCHA,
    MYNA_SHERPA_KOKORO,
    MYNA_SHERPA_KITTEN,
};
struct myna_sherpa_voice {
    enum myna_sherpa_voice_kind kind;
    bool by_text;   /* the library reads the text, by a lexicon; else it wants phonemes */
    int n_speakers; /* at least 1 */
    char voice[16]; /* its language as espeak-ng names it, "en-us"; "" it does not say */
    char model[MYNA_MODEL_PATH_MAX], tokens[MYNA_MODEL_PATH_MAX];
    char second[MYNA_MODEL_PATH_MAX]; /* the vocoder, or the file of voices; "" none */
    char lexicon[4 * MYNA_MODEL_PATH_MAX], rules[4 * MYNA_MODEL_PATH_MAX]; /* "a,b"; "" none */
};
/* Blocks a little. MYNA_ECONFIG: no voice that can be used; says why. The library ends the whole
 * program over a file that lacks what it wants to read, so this looks first. */
enum myna_err myna_sherpa_find_voice(const char *folder, struct myna_sherpa_voice *out,
                                     struct myna_why *why);

enum myna_err myna_sherpa_tts_open(const struct myna_sherpa_voice *voice, int threads, double noise,
                                   struct myna_sherpa_tts **out, struct myna_why *why);
/* A Piper voice from a folder with model.onnx and tokens.txt, as models/ makes it. */
enum myna_err myna_sherpa_tts_create(const char *folder, int threads, double noise,
                                     struct myna_sherpa_tts **out, struct myna_why *why);
void myna_sherpa_tts_destroy(struct myna_sherpa_tts *tts); /* NULL is fine */
int myna_sherpa_tts_rate_hz(const struct myna_sherpa_tts *tts);
/* What is said: phonemes (code points of the voice's table), or the text where there are none. */
struct myna_sherpa_saying {
    const char *text;
    const int32_t *phonemes;
    size_t n_phonemes;
    float speed; /* 1.0 is the voice's own */
    int speaker;
};
/* Samples at the voice's rate. Caller frees. */
enum myna_err myna_sherpa_tts_speak(const struct myna_sherpa_tts *tts,
                                    const struct myna_sherpa_saying *what, int16_t **pcm,
                                    size_t *n);

#endif
