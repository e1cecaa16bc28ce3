/* decode_internal.h - between decode.c and the two decoders that a library does. */
#ifndef MYNA_AUDIO_DECODE_INTERNAL_H
#define MYNA_AUDIO_DECODE_INTERNAL_H

#include "audio/decode.h"

/* Mono samples at any rate from 8 to 48 kHz, resampled and told. */
enum myna_err myna_decode_put(struct myna_decode *d, const int16_t *mono, size_t n,
                              uint32_t rate_hz, struct myna_why *why);

struct myna_decode_opus *myna_decode_opus_create(void);
void myna_decode_opus_destroy(struct myna_decode_opus *o);
enum myna_err myna_decode_opus_feed(struct myna_decode_opus *o, struct myna_decode *d,
                                    struct myna_view bytes, struct myna_why *why);

struct myna_decode_mp3 *myna_decode_mp3_create(void);
void myna_decode_mp3_destroy(struct myna_decode_mp3 *m);
enum myna_err myna_decode_mp3_feed(struct myna_decode_mp3 *m, struct myna_decode *d,
                                   struct myna_view bytes, struct myna_why *why);

#endif
