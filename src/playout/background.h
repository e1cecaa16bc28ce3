/* background.h - ambience and thinking sounds, mixed under the agent's speech frame by frame
 * (agent-session 8.8, telephony 2.12).
 *
 * Two loops: ambience runs through the whole call and steps back (ducks) while the agent is heard;
 * the thinking sound runs while the agent thinks. Each fades in and out. What is heard of them does
 * not count as speech: playout knows nothing of it.
 *
 * All gains are whole numbers, so that the same call makes the same sound on every machine. Pure;
 * no allocation, no I/O; clips are borrowed until fini.
 */
#ifndef MYNA_PLAYOUT_BACKGROUND_H
#define MYNA_PLAYOUT_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include <myna/frame.h>

#include "audio/clip.h"

struct myna_background_loop {
    const struct myna_clip *clip; /* NULL: none */
    size_t at;                    /* the next sample */
    uint32_t volume;              /* 65536: as it is */
    uint32_t fade, to;            /* where the fade is, where it goes; 65536 << 8: all of it */
    uint32_t duck, duck_to;
};

struct myna_background {
    struct myna_background_loop ambient, thinking;
    uint32_t step, ducked;
};

struct myna_background_options {
    double ambient_volume, thinking_volume; /* 0 to 1 */
    double duck;                            /* 0 to 1: of the ambience while the agent is heard */
    myna_us fade;                           /* from nothing to full */
};

/* What a frame got, for the recording: behind the frame, where the clips stood, how far the fades
 * were (65536: all of it). */
struct myna_background_mark {
    uint32_t ambient_at, ambient_gain, thinking_at, thinking_gain;
};

void myna_background_init(struct myna_background *bg, const struct myna_background_options *opt);
/* Begin from the clip's start, fading in (one that is still fading out comes back); NULL: fade out
 * what there is. */
void myna_background_ambient(struct myna_background *bg, const struct myna_clip *clip);
void myna_background_thinking(struct myna_background *bg, const struct myna_clip *clip);
/* Adds the next 20 ms to `out`, which holds the agent's sound (`speech`) or silence. False: there
 * was nothing to add, `out` and `mark` are untouched. */
bool myna_background_mix(struct myna_background *bg, bool speech, int16_t out[MYNA_OUT_SAMPLES],
                         struct myna_background_mark *mark);

#endif
