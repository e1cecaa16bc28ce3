/* g711.c - G.711 by arithmetic: sign, three bits of segment, four bits of step.
 *
 * µ-law works on 14 bits with a bias of 33, A-law on 13 bits; both are kept here in the upper bits
 * of 16, where the bias is 132. µ-law bytes travel inverted; A-law bytes with every other bit
 * inverted (0x55), so that an idle line has edges.
 */
#include "audio/g711.h"

enum { ULAW_BIAS = 132, ULAW_CLIP = 32635 };

static int16_t ulaw_decode(uint8_t code)
{
    unsigned u = ~(unsigned)code & 0xff;
    int magnitude = (int)((((u & 15) << 3) + ULAW_BIAS) << ((u >> 4) & 7)) - ULAW_BIAS;

    return (int16_t)(u & 0x80 ? -magnitude : magnitude);
}

static uint8_t ulaw_encode(int16_t sample)
{
    int magnitude = sample < 0 ? -(int)sample : sample;
    unsigned segment = 7, code;

    if (magnitude > ULAW_CLIP)
        magnitude = ULAW_CLIP;
    magnitude += ULAW_BIAS;
    while (segment > 0 && !(magnitude & (0x80 << segment)))
        segment--;
    code = segment << 4 | ((unsigned)magnitude >> (segment + 3) & 15);
    return (uint8_t) ~(code | (sample < 0 ? 0x80u : 0));
}

static int16_t alaw_decode(uint8_t code)
{
    unsigned a = (unsigned)code ^ 0x55, segment = a >> 4 & 7;
    int magnitude = (int)((a & 15) << 4) + 8;

    if (segment > 0)
        magnitude = (magnitude + 0x100) << (segment - 1);
    return (int16_t)(a & 0x80 ? magnitude : -magnitude);
}

static uint8_t alaw_encode(int16_t sample)
{
    /* The negative half is mirrored at -1/2 of a 13-bit step: -1 … -16 share code 0. */
    int magnitude = sample < 0 ? ~(int)sample : sample;
    unsigned segment = 7, code;

    while (segment > 0 && !(magnitude & (0x80 << segment)))
        segment--;
    code = segment << 4 | ((unsigned)magnitude >> (segment ? segment + 3 : 4) & 15);
    return (uint8_t)((code | (sample < 0 ? 0 : 0x80u)) ^ 0x55);
}

int16_t myna_g711_decode_one(enum myna_g711_law law, uint8_t code)
{
    return law == MYNA_G711_ALAW ? alaw_decode(code) : ulaw_decode(code);
}

uint8_t myna_g711_encode_one(enum myna_g711_law law, int16_t sample)
{
    return law == MYNA_G711_ALAW ? alaw_encode(sample) : ulaw_encode(sample);
}

void myna_g711_decode(enum myna_g711_law law, const uint8_t *in, size_t n, int16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = myna_g711_decode_one(law, in[i]);
}

void myna_g711_encode(enum myna_g711_law law, const int16_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = myna_g711_encode_one(law, in[i]);
}
