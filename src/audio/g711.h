/* g711.h - the telephone's two codes, one byte a sample (ITU-T G.711: µ-law and A-law).
 *
 * Encoding chooses by the decision thresholds of the recommendation, so that decode then encode
 * gives each byte back. Pure; any thread.
 */
#ifndef MYNA_AUDIO_G711_H
#define MYNA_AUDIO_G711_H

#include <stddef.h>
#include <stdint.h>

enum myna_g711_law { MYNA_G711_ULAW, MYNA_G711_ALAW };

int16_t myna_g711_decode_one(enum myna_g711_law law, uint8_t code);
uint8_t myna_g711_encode_one(enum myna_g711_law law, int16_t sample);
void myna_g711_decode(enum myna_g711_law law, const uint8_t *in, size_t n, int16_t *out);
void myna_g711_encode(enum myna_g711_law law, const int16_t *in, size_t n, uint8_t *out);

#endif
