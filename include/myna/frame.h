/* frame.h - sound and bytes as they travel inside Myna.
 *
 * Inside there is one format in each direction: mono signed 16 bit, host byte order, 20 ms a frame;
 * 16 kHz from the person (`struct myna_frame`, 320 samples), 24 kHz to the person (480 samples).
 * Other rates and codecs exist only at the doors (transports) and inside providers.
 *
 * A frame handed to a function is borrowed for the call: who needs it later copies it.
 */
#ifndef MYNA_FRAME_H
#define MYNA_FRAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Microseconds of the owner's monotonic clock; 0 is the start of that clock, not an epoch. */
typedef int64_t myna_us;
#define MYNA_MS    ((myna_us)1000)
#define MYNA_S     ((myna_us)1000000)
#define MYNA_NEVER INT64_MAX

#define MYNA_FRAME_MS    20
#define MYNA_FRAME_US    ((myna_us)20000)
#define MYNA_IN_RATE_HZ  16000
#define MYNA_IN_SAMPLES  320 /* one frame from the person */
#define MYNA_OUT_RATE_HZ 24000
#define MYNA_OUT_SAMPLES 480 /* one frame to the person */

/* Text or bytes with a length; a '\0' behind it is promised only where a header says so. */
struct myna_view {
    const uint8_t *ptr;
    size_t len;
};

enum myna_frame_flag {
    MYNA_FRAME_SILENT = 1,    /* the transport knows that nobody speaks (DTX, muted) */
    MYNA_FRAME_CONCEALED = 2, /* made up by loss concealment */
};

/* 20 ms from one person. */
struct myna_frame {
    myna_us captured; /* when its first sample was captured, on the session's clock */
    uint32_t who;     /* participant number given by the transport; 0 where there is only one */
    uint32_t flags;   /* enum myna_frame_flag */
    int16_t pcm[MYNA_IN_SAMPLES];
};

#ifdef __cplusplus
}
#endif
#endif
