/* opus.c - Opus by libopus (opus.h of the library is included here and in ogg.c alone). */
#include "audio/opus.h"

#include <stdlib.h>

#include <opus/opus.h>

struct myna_opus_encoder {
    OpusEncoder *state;
    int loss;
};

struct myna_opus_decoder {
    OpusDecoder *state;
};

struct myna_opus_encoder *myna_opus_encoder_create(uint32_t rate_hz, int complexity, int bitrate)
{
    struct myna_opus_encoder *e = calloc(1, sizeof *e);
    int err = OPUS_OK;

    if (!e)
        return NULL;
    e->state = opus_encoder_create((opus_int32)rate_hz, 1, OPUS_APPLICATION_VOIP, &err);
    if (!e->state) {
        free(e);
        return NULL;
    }
    opus_encoder_ctl(e->state, OPUS_SET_COMPLEXITY(complexity));
    opus_encoder_ctl(e->state, OPUS_SET_BITRATE(bitrate));
    opus_encoder_ctl(e->state, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    return e;
}

void myna_opus_encoder_destroy(struct myna_opus_encoder *e)
{
    if (!e)
        return;
    opus_encoder_destroy(e->state);
    free(e);
}

void myna_opus_encoder_set_loss(struct myna_opus_encoder *e, int percent)
{
    if (percent == e->loss)
        return;
    e->loss = percent;
    opus_encoder_ctl(e->state, OPUS_SET_INBAND_FEC(percent > 0));
    opus_encoder_ctl(e->state, OPUS_SET_PACKET_LOSS_PERC(percent));
}

void myna_opus_encoder_reset(struct myna_opus_encoder *e)
{
    opus_encoder_ctl(e->state, OPUS_RESET_STATE);
}

size_t myna_opus_encode(struct myna_opus_encoder *e, const int16_t *pcm, size_t n, uint8_t *into,
                        size_t cap)
{
    opus_int32 len = opus_encode(e->state, pcm, (int)n, into, (opus_int32)cap);

    return len > 0 ? (size_t)len : 0;
}

struct myna_opus_decoder *myna_opus_decoder_create(uint32_t rate_hz)
{
    struct myna_opus_decoder *d = calloc(1, sizeof *d);
    int err = OPUS_OK;

    if (!d)
        return NULL;
    d->state = opus_decoder_create((opus_int32)rate_hz, 1, &err);
    if (!d->state) {
        free(d);
        return NULL;
    }
    return d;
}

void myna_opus_decoder_destroy(struct myna_opus_decoder *d)
{
    if (!d)
        return;
    opus_decoder_destroy(d->state);
    free(d);
}

void myna_opus_decoder_reset(struct myna_opus_decoder *d)
{
    opus_decoder_ctl(d->state, OPUS_RESET_STATE);
}

static size_t decoded(int n)
{
    return n > 0 ? (size_t)n : 0;
}

size_t myna_opus_decode(struct myna_opus_decoder *d, struct myna_view packet, int16_t *pcm,
                        size_t max)
{
    if (!packet.len)
        return 0;
    return decoded(opus_decode(d->state, packet.ptr, (opus_int32)packet.len, pcm, (int)max, 0));
}

size_t myna_opus_recover(struct myna_opus_decoder *d, struct myna_view next, int16_t *pcm, size_t n)
{
    if (!next.len)
        return 0;
    return decoded(opus_decode(d->state, next.ptr, (opus_int32)next.len, pcm, (int)n, 1));
}

size_t myna_opus_conceal(struct myna_opus_decoder *d, int16_t *pcm, size_t n)
{
    return decoded(opus_decode(d->state, NULL, 0, pcm, (int)n, 0));
}

uint32_t myna_opus_ticks(struct myna_view packet)
{
    int n;

    if (!packet.len)
        return 0;
    n = opus_packet_get_nb_samples(packet.ptr, (opus_int32)packet.len, MYNA_OPUS_CLOCK_HZ);
    return n > 0 ? (uint32_t)n : 0;
}

/* The header of SILK's layer (RFC 6716, 4.2.3): a bit a frame for its voice activity, then one for
 * the copy of the packet before, for each channel. 0: there is none, or several frames. */
static int silk_flags(struct myna_view packet)
{
    static const int silk_frames[4] = {1, 1, 2, 3}; /* 10, 20, 40, 60 ms */
    int config;

    if (packet.len < 2 || packet.ptr[0] & 3)
        return 0;
    config = packet.ptr[0] >> 3;
    if (config >= 16) /* CELT alone */
        return 0;
    return (config < 12 ? silk_frames[config & 3] : 1) + 1; /* of one channel */
}

static bool is_stereo(struct myna_view packet)
{
    return packet.ptr[0] & 4;
}

/* Of packets of several frames it is not known: WebRTC sends none with FEC. */
bool myna_opus_has_fec(struct myna_view packet)
{
    int flags = silk_flags(packet), lbrr = 0x100 >> flags;

    if (!flags)
        return false;
    if (is_stereo(packet))
        lbrr |= 0x100 >> 2 * flags;
    return packet.ptr[1] & lbrr;
}

bool myna_opus_may_speak(struct myna_view packet)
{
    int flags = silk_flags(packet), voice;

    if (!flags)
        return true;
    voice = 0xff & ~(0xff >> (flags - 1));
    if (is_stereo(packet))
        voice |= voice >> flags;
    return packet.ptr[1] & voice;
}
