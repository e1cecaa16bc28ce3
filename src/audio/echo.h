/* echo.h - takes the loudspeaker's sound out of the microphone's, for the terminal door.
 *
 * 16 kHz, frames of 20 ms (320 samples). Tell what is played, in the order of playing; clean each
 * frame that was recorded. What was told longest ago belongs to the next recorded frame: the device
 * delay in between lies within the tail.
 *
 * Owner: the door; one thread. No allocation after create.
 */
#ifndef MYNA_AUDIO_ECHO_H
#define MYNA_AUDIO_ECHO_H

#include <stdint.h>

#include <myna/frame.h>

struct myna_echo;

/* tail_ms: how long after it was played a sound may still come back, 20 … 1000; 200 suits a room.
 * NULL: memory is short. */
struct myna_echo *myna_echo_create(int tail_ms);
void myna_echo_destroy(struct myna_echo *e); /* NULL is fine */

/* At most 10 frames wait; then the oldest is forgotten. */
void myna_echo_played(struct myna_echo *e, const int16_t frame[MYNA_IN_SAMPLES]);
/* in and out may be the same. With nothing played it passes the sound on. */
void myna_echo_clean(struct myna_echo *e, const int16_t in[MYNA_IN_SAMPLES],
                     int16_t out[MYNA_IN_SAMPLES]);
/* The devices were stopped: forgets what waits and what was learned of the room. */
void myna_echo_reset(struct myna_echo *e);

#endif
