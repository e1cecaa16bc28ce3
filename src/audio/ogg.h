/* ogg.h - sound into an Ogg/Opus file, page by page, for recordings.
 *
 * Pages leave about once a second, so a file whose writer was killed plays to its last second.
 * Blocking; any thread, one caller at a time.
 */
#ifndef MYNA_AUDIO_OGG_H
#define MYNA_AUDIO_OGG_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>

struct myna_ogg;

/* The file must not exist. channels: 1 or 2. */
MYNA_MUST enum myna_err myna_ogg_open(const char *path, int rate_hz, int channels,
                                      struct myna_ogg **out, struct myna_why *why);
/* n samples per channel, interleaved. After a failure the file can only be closed. */
MYNA_MUST enum myna_err myna_ogg_write(struct myna_ogg *ogg, const int16_t *pcm, size_t n,
                                       struct myna_why *why);
/* Writes the rest and frees, also after a failure. NULL is fine. */
enum myna_err myna_ogg_close(struct myna_ogg *ogg, struct myna_why *why);

#endif
