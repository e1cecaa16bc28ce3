/* sherpa.h - the local recogniser and the local voice: sherpa-onnx 2.0.1, opened at run time.
 *
 * Serves stt_moonshine.c and tts_piper.c. A build needs neither its header nor the library; a
 * machine without it is told how to fetch it. The library stays in the process once opened (its
 * threads and C++ globals do not survive an unload); each object here holds its own reference.
 *
 * Thread: all of it blocks; call it on a worker. One recogniser or voice may decode on several
 * workers at once (ONNX Runtime's sessions allow it, and the state of a decode is its own).
 */
#ifndef MYNA_PROVIDERS_SHERPA_H
#define MYNA_PROVIDERS_SHERPA_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_sherpa_stt;
struct myna_sherpa_tts;

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

/* A Piper voice from a folder with model.onnx and tokens.txt. */
enum myna_err myna_sherpa_tts_create(const char *folder, int threads, struct myna_sherpa_tts **out,
                                     struct myna_why *why);
void myna_sherpa_tts_destroy(struct myna_sherpa_tts *tts); /* NULL is fine */
int myna_sherpa_tts_rate_hz(const struct myna_sherpa_tts *tts);
/* Phonemes (code points of the voice's table) to samples at the voice's rate. speed 1.0 is the
 * voice's own. Caller frees. */
enum myna_err myna_sherpa_tts_speak(const struct myna_sherpa_tts *tts, const int32_t *phonemes,
                                    size_t n_phonemes, float speed, int16_t **pcm, size_t *n);

#endif
