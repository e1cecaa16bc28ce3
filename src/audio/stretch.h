/* stretch.h - makes a stretch of speech a little shorter or longer without changing its pitch.
 *
 * One period of the voice is cut out or repeated, cross-faded with its neighbour; in quiet any
 * place will do. 16 kHz. Pure; any thread.
 */
#ifndef MYNA_AUDIO_STRETCH_H
#define MYNA_AUDIO_STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MYNA_STRETCH_MIN = 40,  /* samples that one call removes or adds: 2.5 ms … */
    MYNA_STRETCH_MAX = 240, /* … 15 ms */
    MYNA_STRETCH_NEEDS = 2 * MYNA_STRETCH_MAX,
};

/* Removes one period within pcm[0 … n), n >= MYNA_STRETCH_NEEDS; *n shrinks. 0: the sound there is
 * neither periodic nor quiet, nothing was done; else the number of samples removed. */
size_t myna_stretch_shorten(int16_t *pcm, size_t *n);
/* Repeats one; pcm has room for n + MYNA_STRETCH_MAX. */
size_t myna_stretch_lengthen(int16_t *pcm, size_t *n);
bool myna_stretch_is_quiet(const int16_t *pcm, size_t n); /* below -55 dBFS */

#endif
