/* silence.h - the reference gateway's ear: loud or not, five times a second
 * (voice-gateway 3.2, 3.3).
 *
 * Sound is kept in a buffer as long as anybody may be speaking; each tick of 0.2 s looks at the
 * last of it. An utterance ends at the first tick past 1.5 s without a loud one; what it lasts is
 * the buffer without its last 1.5 s, and less than 0.5 s of that is noise. The arithmetic is the
 * reference's to the sample, since clients are tuned to it: one loud tick is noise, two are not.
 *
 * Time is the sound's own: silence must be pushed where none comes. Pure, no allocation.
 */
#ifndef MYNA_GATEWAY_SILENCE_H
#define MYNA_GATEWAY_SILENCE_H

#include <stdbool.h>

#include <myna/frame.h>

#define MYNA_GW_TICK (200 * MYNA_MS)

enum myna_gw_silence_tells {
    MYNA_GW_SAME,
    MYNA_GW_BEGAN,    /* the first loud tick */
    MYNA_GW_SAID,     /* an utterance is over: `duration` of it */
    MYNA_GW_NOISE,    /* too short for one */
    MYNA_GW_TOO_LONG, /* it was cut at the limit; what follows is another */
};

struct myna_gw_silence {
    int floor; /* RMS of 16-bit samples above which it is loud */
    myna_us silence, least, most;
    bool speaking;
    myna_us length;   /* of the buffer */
    myna_us since;    /* the last loud tick; MYNA_NEVER: none since the buffer was empty */
    myna_us duration; /* of the last utterance */
    uint64_t squares; /* of the tick at hand */
    uint32_t samples;
    uint32_t rate_hz;
};

void myna_gw_silence_init(struct myna_gw_silence *s, uint32_t rate_hz, int floor, myna_us silence,
                          myna_us least, myna_us most);
/* At most one tick's worth; tells at the end of a tick. */
enum myna_gw_silence_tells myna_gw_silence_push(struct myna_gw_silence *s, const int16_t *pcm,
                                                size_t n);
/* Is the tick at hand a loud one, whatever follows in it? */
bool myna_gw_silence_surely_loud(const struct myna_gw_silence *s);
/* The sound ends here (the track is gone): the whole buffer counts, untrimmed. */
enum myna_gw_silence_tells myna_gw_silence_flush(struct myna_gw_silence *s);

#endif
