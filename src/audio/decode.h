/* decode.h - sound in the forms in which servers stream it, to 24 kHz mono as it arrives.
 *
 * Raw 16-bit samples, WAV, Ogg Opus, MP3: bytes go in, cut anywhere; samples come out by a callback
 * from inside feed() and end(). A WAV whose header does not know its length (0 or all ones, as
 * servers write that stream it) is read to the end; a file that says where its samples end is.
 *
 * Memory is bounded whatever comes in: what is no sound of its kind is MYNA_EFORMAT soon.
 *
 * One owner. Allocates while it starts; not for the media tick.
 */
#ifndef MYNA_AUDIO_DECODE_H
#define MYNA_AUDIO_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

enum myna_sound { MYNA_SOUND_NONE, MYNA_SOUND_PCM, MYNA_SOUND_WAV, MYNA_SOUND_OGG, MYNA_SOUND_MP3 };

/* What the first bytes are (8 are enough); MYNA_SOUND_NONE: they do not say. */
enum myna_sound myna_sound_sniff(struct myna_view bytes);
/* What a Content-Type names; MYNA_SOUND_NONE: no sound that we read, or too little said
 * (application/octet-stream). `rate_hz` is set where the type says one (audio/pcm;rate=16000). */
enum myna_sound myna_sound_of_type(const char *content_type, uint32_t *rate_hz);

struct myna_decode;
/* rate_hz: of PCM, which does not say it. NULL: memory is short, or the rate is none. */
struct myna_decode *myna_decode_create(enum myna_sound kind, uint32_t rate_hz,
                                       void (*out)(void *arg, const int16_t *pcm, size_t n),
                                       void *arg);
void myna_decode_destroy(struct myna_decode *d); /* NULL is fine */
/* After an error the decoder is useless. */
MYNA_MUST enum myna_err myna_decode_feed(struct myna_decode *d, struct myna_view bytes,
                                         struct myna_why *why);
/* Nothing more comes: the last samples. MYNA_EFORMAT: the sound never began. */
MYNA_MUST enum myna_err myna_decode_end(struct myna_decode *d, struct myna_why *why);

#endif
