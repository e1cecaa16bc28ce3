/* sound.h - `audio.ogg`: what was said and what was answered, side by side on one time line.
 *
 * Left is the person, right the agent. Where nothing came there is silence, so second t of the file
 * is second t of the call on both sides.
 *
 * Belongs to the recorder's worker: blocking, allocates, one caller at a time.
 */
#ifndef MYNA_RECORDER_SOUND_H
#define MYNA_RECORDER_SOUND_H

#include <myna/error.h>
#include <myna/frame.h>

struct myna_sound;

/* `t0`: time of the session's start, on the clock that take() and the others use. */
MYNA_MUST enum myna_err myna_sound_open(const char *path, myna_us t0, struct myna_sound **out,
                                        struct myna_why *why);
/* 20 ms from a person; placed by its capture time. */
MYNA_MUST enum myna_err myna_sound_in(struct myna_sound *so, myna_us now, myna_us captured,
                                      uint32_t who, const int16_t pcm[MYNA_IN_SAMPLES],
                                      struct myna_why *why);
/* 20 ms to the person, drawn at `now`; pcm NULL: silence was drawn. */
MYNA_MUST enum myna_err myna_sound_out(struct myna_sound *so, myna_us now, const int16_t *pcm,
                                       struct myna_why *why);
/* Nothing came, but time passes. */
MYNA_MUST enum myna_err myna_sound_time(struct myna_sound *so, myna_us now, struct myna_why *why);
/* Writes the rest up to `now` and frees. NULL is fine. */
enum myna_err myna_sound_close(struct myna_sound *so, myna_us now, struct myna_why *why);

#endif
