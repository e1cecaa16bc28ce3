/* stages.h - each stage alone: try a voice, a recogniser, a threshold; fetch models; replay a call.
 *
 * These block and are meant for tools. Each makes what it needs from the configuration and
 * runs it on a runtime of its own with the virtual clock.
 *
 * Thread: any, one call at a time per configuration.
 */
#ifndef MYNA_STAGES_H
#define MYNA_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/provider.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myna_span {
    double start_ms, end_ms;
};

/* `myna vad`: one probability per 512-sample window at 16 kHz, and the speech segments. */
struct myna_vad_result {
    float *probs;
    size_t n_probs;
    struct myna_span *segments;
    size_t n_segments;
    const char *provider; /* which VAD answered */
};
MYNA_API MYNA_MUST enum myna_err myna_vad_file(const struct myna_config *cfg, const char *path,
                                               struct myna_vad_result *out, struct myna_why *why);
MYNA_API void myna_vad_result_fini(struct myna_vad_result *r);

/* `myna hear`: the transcript by segment. `words` is empty where the recogniser has no times. */
struct myna_heard_segment {
    char *text;
    double start_ms, end_ms;
    struct myna_word *words; /* start, end in µs from the file's start */
    size_t n_words;
};
struct myna_hear_result {
    char *text; /* segments joined by a space */
    struct myna_heard_segment *segments;
    size_t n_segments;
};
MYNA_API MYNA_MUST enum myna_err myna_hear_file(const struct myna_config *cfg, const char *path,
                                                struct myna_hear_result *out, struct myna_why *why);
MYNA_API void myna_hear_result_fini(struct myna_hear_result *r);

/* `myna say`: speaks into a WAV (24 kHz mono 16 bit), or to the sound card when path is NULL. */
MYNA_API MYNA_MUST enum myna_err myna_say_file(const struct myna_config *cfg, const char *text,
                                               const char *path, double *duration_ms,
                                               struct myna_why *why);

/* ---- models */

enum myna_model_state { MYNA_MODEL_MISSING, MYNA_MODEL_HERE, MYNA_MODEL_CORRUPT };
struct myna_model {
    const char *name;    /* "silero-vad", "moonshine-tiny-en", "piper-joe", "sherpa-onnx" */
    const char *summary; /* what it is for */
    const char *licence;
    int64_t bytes; /* to download */
    enum myna_model_state state;
    char path[512]; /* where it is or would be */
};
/* Fills up to `max` rows, returns how many there are. verify: hash every file, also those that were
 * whole when last looked at. */
MYNA_API size_t myna_models_list(struct myna_model *rows, size_t max, bool verify);
/* Directory where models live: $MYNA_MODELS, else $XDG_CACHE_HOME/myna, else ~/.cache/myna. */
MYNA_API const char *myna_models_dir(void);
/* Fetches one by name, NULL: all that are missing. `progress` may be NULL. Needs pip. */
MYNA_API MYNA_MUST enum myna_err myna_models_fetch(const char *name,
                                                   void (*progress)(void *arg, const char *name,
                                                                    int64_t done, int64_t total),
                                                   void *arg, struct myna_why *why);

/* ---- replay */

struct myna_replay_result {
    uint64_t outputs, differ;
    char *first_difference; /* NULL: none; else one paragraph: record number, time, both sides */
    double call_ms, wall_ms;
    bool truncated; /* the file ends in the middle of a record (killed): replayed to its last whole
                       one */
};
/* Runs the recorded call again; `wav` NULL or where to write what was heard. MYNA_EFORMAT names the
 * record whose CRC is wrong. MYNA_OK also when outputs differ: see `differ`. */
MYNA_API MYNA_MUST enum myna_err myna_replay_file(const char *flight, const char *wav,
                                                  struct myna_replay_result *out,
                                                  struct myna_why *why);
MYNA_API void myna_replay_result_fini(struct myna_replay_result *r);

#ifdef __cplusplus
}
#endif
#endif
