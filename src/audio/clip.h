/* clip.h - a short sound from a file, whole in memory: 24 kHz mono, ready to be mixed.
 *
 * WAV, Ogg Opus or MP3, up to ten minutes. Blocking: load before the first call. A clip is
 * read-only once it is made, so calls share it.
 */
#ifndef MYNA_AUDIO_CLIP_H
#define MYNA_AUDIO_CLIP_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_clip {
    int16_t *pcm; /* NULL: known by its length alone, and silent (a replay) */
    size_t n;     /* samples; at least one */
};

/* "~/" is the home directory. The error names the file. */
MYNA_MUST enum myna_err myna_clip_load(const char *path, struct myna_clip **out,
                                       struct myna_why *why);
struct myna_clip *myna_clip_silent(size_t n);   /* NULL: memory is short */
void myna_clip_destroy(struct myna_clip *clip); /* NULL is fine */

#endif
