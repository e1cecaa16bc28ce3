/* segmenter.h - from sound at any rate to windows, from their probabilities to stretches of speech
 * (agent-session 2.3).
 *
 * Sound goes in at the rate given at create, in pieces of any length. Each 32 ms of it, resampled
 * to 16 kHz, are one window for the engine; its probability tells speech from silence by two
 * thresholds and two durations. The sound itself is kept, at its own rate: what came shortly before
 * speech began, and the speech.
 *
 * Owner: a stream of a VAD, or a tool; push() may run in the media tick: it allocates nothing, and
 * calls `event` from inside. The buffer of sound is taken at create and filled as needed, so that
 * an idle stream occupies only its prefix.
 */
#ifndef MYNA_TURN_SEGMENTER_H
#define MYNA_TURN_SEGMENTER_H

#include <myna/provider.h>

struct myna_segmenter_options {
    int min_speech_ms, min_silence_ms;
    int prefix_ms, max_speech_ms;    /* of sound kept: before speech, and in all after it began */
    double activation, deactivation; /* deactivation <= 0: max(activation - 0.15, 0.01) */
};

/* What turns a window of 512 samples at 16 kHz into a probability. */
struct myna_segmenter_engine {
    float (*infer)(void *arg, const int16_t *window);
    void (*reset)(void *arg);
    /* Microseconds now, to time infer(); NULL: not timed. */
    myna_us (*clock)(void);
    void *arg;
};

struct myna_segmenter;

/* NULL: memory is short, or a rate outside 8 to 48 kHz. */
struct myna_segmenter *
myna_segmenter_create(const struct myna_segmenter_options *opt,
                      const struct myna_segmenter_engine *engine, uint32_t rate_hz,
                      void (*event)(void *arg, const struct myna_vad_event *ev), void *arg);
void myna_segmenter_destroy(struct myna_segmenter *sg); /* NULL is fine */

/* captured: of the first sample. MYNA_EINVAL: another rate than at create; nothing was taken. */
MYNA_MUST enum myna_err myna_segmenter_push(struct myna_segmenter *sg, const int16_t *pcm, size_t n,
                                            uint32_t rate_hz, myna_us captured);
/* The end of the sound: what the resampler holds back makes its last windows. */
void myna_segmenter_finish(struct myna_segmenter *sg);
/* Forgets everything heard, also within speech (no END is told). */
void myna_segmenter_flush(struct myna_segmenter *sg);
/* In mid-stream; the sound that is kept stays as far as it fits. MYNA_ENOMEM: all is as before. */
MYNA_MUST enum myna_err myna_segmenter_update(struct myna_segmenter *sg,
                                              const struct myna_segmenter_options *opt);

bool myna_segmenter_speaking(const struct myna_segmenter *sg);
/* The sound kept up to the end of the last window: in START and END events prefix and speech. */
const int16_t *myna_segmenter_sound(const struct myna_segmenter *sg, size_t *n);
/* Speech went on past max_speech_ms and its later sound was not kept; asking clears the mark. */
bool myna_segmenter_overflowed(struct myna_segmenter *sg);

#endif
