/* fuzz_livekit_packets.c - a hostile row of data packets, through numbering, streams and calls: no
 * stream is told longer than promised, none twice, and whoever floods costs a bounded table.
 *
 * Each packet is two bytes of length, little endian, and so many bytes. A length of 0xffff: the
 * sender "ann" leaves. */
#include "livekit/rpc.h"
#include "livekit/streams.h"
#include "util/host.h"
#include "util/loop.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct myna_host host;
    struct myna_lk_packets *packets;
    struct myna_lk_streams *streams;
    struct myna_lk_rpc *rpc;
    size_t calls;
};

static enum myna_err on_send(void *arg, struct myna_view packet, bool reliable)
{
    (void)arg;
    (void)reliable;
    if (packet.len > MYNA_LK_MAX_PACKET)
        abort();
    return MYNA_OK;
}

static void on_packet(void *arg, const Myna__Lk__DataPacket *m)
{
    struct world *w = arg;

    switch ((int)m->value_case) {
    case MYNA__LK__DATA_PACKET__VALUE_RPC_REQUEST:
    case MYNA__LK__DATA_PACKET__VALUE_RPC_ACK:
    case MYNA__LK__DATA_PACKET__VALUE_RPC_RESPONSE:
        myna_lk_rpc_packet(w->rpc, m);
        break;
    default:
        myna_lk_streams_packet(w->streams, 0, m);
        break;
    }
}

static bool on_wants(void *arg, const char *identity, const char *topic, bool is_text)
{
    (void)arg;
    (void)identity;
    (void)is_text;
    return strcmp(topic, "unwanted") != 0;
}

static void on_stream(void *arg, const char *identity, const Myna__Lk__StreamHeader *h,
                      struct myna_view body, bool is_text)
{
    (void)arg;
    if (!identity || body.len > (is_text ? MYNA_LK_MAX_STREAM_TEXT : MYNA_LK_MAX_STREAM_BYTES))
        abort();
    if (h->has_total_length_case == MYNA__LK__STREAM_HEADER__HAS_TOTAL_LENGTH_TOTAL_LENGTH &&
        h->has_inline_content_case != MYNA__LK__STREAM_HEADER__HAS_INLINE_CONTENT_INLINE_CONTENT &&
        body.len != h->total_length)
        abort();
    if (!strcmp(h->topic, "unwanted"))
        abort();
}

static bool on_called(void *arg, const struct myna_lk_rpc_call *call)
{
    struct world *w = arg;

    if (strlen(call->payload) > MYNA_LK_RPC_PAYLOAD)
        abort();
    return w->calls++ % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myna_lk_packets_events pe = {on_send, on_packet};
    static const struct myna_lk_streams_events se = {on_wants, on_stream};
    static const struct myna_lk_rpc_events re = {on_called, NULL};
    struct myna_loop_options lo = {.virtual_clock = true, .workers = 1};
    struct world w = {.calls = 0};

    w.host.loop = myna_loop_create(&lo, NULL);
    w.packets = myna_lk_packets_create(&pe, &w);
    w.streams = myna_lk_streams_create(&se, &w);
    w.rpc = w.packets ? myna_lk_rpc_create(&w.host, w.packets, &re, &w) : NULL;
    while (w.host.loop && w.streams && w.rpc && size >= 2) {
        size_t n = data[0] | (size_t)data[1] << 8;

        data += 2;
        size -= 2;
        if (n == 0xffff) {
            myna_lk_streams_left(w.streams, "ann");
            myna_lk_rpc_left(w.rpc, "ann");
            continue;
        }
        n = n < size ? n : size;
        myna_lk_packets_receive(w.packets, 0, (struct myna_view){data, n});
        data += n;
        size -= n;
    }
    myna_lk_rpc_destroy(w.rpc);
    myna_lk_streams_destroy(w.streams);
    myna_lk_packets_destroy(w.packets);
    myna_loop_destroy(w.host.loop);
    return 0;
}
