/* decode_opus.c - Ogg Opus (RFC 7845) as it arrives: libogg finds the packets, libopus decodes them
 * straight to 24 kHz mono.
 */
#include "audio/decode_internal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ogg/ogg.h>
#include <opus/opus.h>

#define RATE_HZ  24000
#define PACKET   (RATE_HZ * 120 / 1000) /* samples of the longest packet */
#define PIECE    4096
#define PATIENCE ((size_t)256 << 10) /* bytes without a packet: a cover picture, not sound */

struct myna_decode_opus {
    ogg_sync_state sync;
    ogg_stream_state stream;
    bool has_stream;
    int headers; /* OpusHead and OpusTags still to come */
    int skip;    /* samples at the start that are not meant to be heard */
    size_t idle; /* bytes since the last packet */
    OpusDecoder *opus;
    int16_t pcm[PACKET];
};

struct myna_decode_opus *myna_decode_opus_create(void)
{
    struct myna_decode_opus *o = calloc(1, sizeof *o);
    int err = 0;

    if (!o)
        return NULL;
    ogg_sync_init(&o->sync);
    o->opus = opus_decoder_create(RATE_HZ, 1, &err);
    if (!o->opus || err) {
        myna_decode_opus_destroy(o);
        return NULL;
    }
    return o;
}

void myna_decode_opus_destroy(struct myna_decode_opus *o)
{
    if (!o)
        return;
    if (o->has_stream)
        ogg_stream_clear(&o->stream);
    ogg_sync_clear(&o->sync);
    if (o->opus)
        opus_decoder_destroy(o->opus);
    free(o);
}

static enum myna_err take_head(struct myna_decode_opus *o, const ogg_packet *p,
                               struct myna_why *why)
{
    if (p->bytes < 19 || memcmp(p->packet, "OpusHead", 8) != 0)
        return myna_fail(why, MYNA_EFORMAT, "an Ogg file whose sound is not Opus");
    if (p->packet[9] < 1 || p->packet[9] > 2 || p->packet[18] != 0)
        return myna_fail(why, MYNA_EFORMAT, "Opus of %d channels cannot be read", p->packet[9]);
    o->skip = (p->packet[10] | p->packet[11] << 8) / 2; /* told at 48 kHz */
    return MYNA_OK;
}

static enum myna_err take_packet(struct myna_decode_opus *o, struct myna_decode *d,
                                 const ogg_packet *p, struct myna_why *why)
{
    int n, from;

    o->idle = 0;
    if (o->headers == 2) {
        o->headers--;
        return take_head(o, p, why);
    }
    if (o->headers == 1) {
        o->headers--;
        return MYNA_OK;
    }
    n = opus_decode(o->opus, p->packet, (opus_int32)p->bytes, o->pcm, PACKET, 0);
    if (n < 0)
        return myna_fail(why, MYNA_EFORMAT, "a damaged Opus packet: %s", opus_strerror(n));
    from = o->skip < n ? o->skip : n;
    o->skip -= from;
    return n > from ? myna_decode_put(d, o->pcm + from, (size_t)(n - from), RATE_HZ, why) : MYNA_OK;
}

static enum myna_err take_page(struct myna_decode_opus *o, struct myna_decode *d, ogg_page *page,
                               struct myna_why *why)
{
    enum myna_err err = MYNA_OK;
    ogg_packet p;
    int got;

    if (ogg_page_bos(page)) { /* also of a chained stream */
        if (o->has_stream)
            ogg_stream_clear(&o->stream);
        o->has_stream = !ogg_stream_init(&o->stream, ogg_page_serialno(page));
        if (!o->has_stream)
            return myna_fail(why, MYNA_ENOMEM, "no memory to decode sound");
        o->headers = 2;
        opus_decoder_ctl(o->opus, OPUS_RESET_STATE);
    }
    if (!o->has_stream || ogg_stream_pagein(&o->stream, page))
        return MYNA_OK; /* of no stream of ours */
    while (!err && (got = ogg_stream_packetout(&o->stream, &p)) != 0)
        if (got > 0)
            err = take_packet(o, d, &p, why);
    return err;
}

enum myna_err myna_decode_opus_feed(struct myna_decode_opus *o, struct myna_decode *d,
                                    struct myna_view bytes, struct myna_why *why)
{
    enum myna_err err = MYNA_OK;
    ogg_page page;

    while (bytes.len && !err) {
        size_t n = bytes.len < PIECE ? bytes.len : PIECE;
        char *room = ogg_sync_buffer(&o->sync, PIECE);

        if (!room)
            return myna_fail(why, MYNA_ENOMEM, "no memory to decode sound");
        memcpy(room, bytes.ptr, n);
        ogg_sync_wrote(&o->sync, (long)n);
        bytes.ptr += n;
        bytes.len -= n;
        o->idle += n;
        /* -1: bytes were passed over to find a page */
        for (int got = 1; !err && got;) {
            got = ogg_sync_pageout(&o->sync, &page);
            if (got > 0)
                err = take_page(o, d, &page, why);
        }
        if (!err && o->idle > PATIENCE)
            err = myna_fail(why, MYNA_EFORMAT, "an Ogg file without sound in %zu bytes", o->idle);
    }
    return err;
}
