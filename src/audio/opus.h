/* opus.h - the codec of WebRTC, mono, at the rates that Myna works with inside.
 *
 * The wire's clock is 48 kHz whatever rate is encoded or decoded here. A decoder of one channel
 * mixes a stereo stream down by itself. One owner; nothing allocates after create.
 */
#ifndef MYNA_AUDIO_OPUS_H
#define MYNA_AUDIO_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/frame.h>

enum {
    MYNA_OPUS_MAX_BYTES = 1275, /* of a frame; a packet of several frames may be longer */
    MYNA_OPUS_MAX_MS = 120,     /* of a packet */
    MYNA_OPUS_CLOCK_HZ = 48000, /* of the wire */
};

struct myna_opus_encoder;

/* rate_hz: 8000, 12000, 16000, 24000, 48000. complexity: 0 … 10. NULL: memory is short. */
struct myna_opus_encoder *myna_opus_encoder_create(uint32_t rate_hz, int complexity, int bitrate);
void myna_opus_encoder_destroy(struct myna_opus_encoder *e); /* NULL is fine */
/* Expected loss at the receiver, 0 … 100: above 0 each packet also carries a coarse copy of the one
 * before it (in-band FEC). */
void myna_opus_encoder_set_loss(struct myna_opus_encoder *e, int percent);
void myna_opus_encoder_reset(struct myna_opus_encoder *e); /* after a pause: no echo of the past */
/* n samples: 2.5, 5, 10, 20, 40 or 60 ms. Returns bytes; 0: they do not fit in cap. */
size_t myna_opus_encode(struct myna_opus_encoder *e, const int16_t *pcm, size_t n, uint8_t *into,
                        size_t cap);

struct myna_opus_decoder;

struct myna_opus_decoder *myna_opus_decoder_create(uint32_t rate_hz); /* NULL: memory is short */
void myna_opus_decoder_destroy(struct myna_opus_decoder *d);          /* NULL is fine */
void myna_opus_decoder_reset(struct myna_opus_decoder *d);
/* Samples written (at most `max`), 0: not an Opus packet, or longer than max. */
size_t myna_opus_decode(struct myna_opus_decoder *d, struct myna_view packet, int16_t *pcm,
                        size_t max);
/* The n samples before `next` out of next's FEC, made up where it has none. */
size_t myna_opus_recover(struct myna_opus_decoder *d, struct myna_view next, int16_t *pcm,
                         size_t n);
/* n samples made up from what was before. A held vowel sinks slowly (libopus 1.3: 7 dB in 400 ms):
 * who conceals for long must fade it. */
size_t myna_opus_conceal(struct myna_opus_decoder *d, int16_t *pcm, size_t n);

/* Of a packet, without decoding. */
uint32_t myna_opus_ticks(struct myna_view packet); /* length at 48 kHz; 0: not Opus */
bool myna_opus_has_fec(struct myna_view packet);   /* carries a copy of its predecessor */
/* false: its encoder heard no voice. What does not say so (CELT, several frames) may hold one. */
bool myna_opus_may_speak(struct myna_view packet);

#endif
