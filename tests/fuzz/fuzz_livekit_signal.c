/* fuzz_livekit_signal.c - any bytes as each of LiveKit's messages that a stranger can send us. What
 * is understood must be written again and read the same. The first byte says which message. */
#include "livekit/pb.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &myna__lk__signal_response__descriptor,
    &myna__lk__data_packet__descriptor,
    &myna__lk__server_message__descriptor,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ProtobufCMessageDescriptor *type;
    struct myna_arena *mem;
    struct myna_buf once, twice;
    ProtobufCMessage *m;

    if (size < 1)
        return 0;
    type = types[data[0] % (sizeof types / sizeof *types)];
    mem = myna_arena_create(0, 4 << 20);
    myna_buf_init(&once, 4 << 20);
    myna_buf_init(&twice, 4 << 20);
    m = mem ? myna_lk_unpack(mem, type, (struct myna_view){data + 1, size - 1}) : NULL;
    if (m) {
        (void)!myna_lk_text_of(mem, (struct myna_view){data, size}, size);
        myna_lk_pack(&once, m);
        m = myna_lk_unpack(mem, type, myna_buf_view(&once));
        if (m && !once.err) {
            myna_lk_pack(&twice, m);
            if (once.len != twice.len || (once.len && memcmp(once.ptr, twice.ptr, once.len) != 0))
                abort();
        }
    }
    myna_buf_fini(&once);
    myna_buf_fini(&twice);
    myna_arena_destroy(mem);
    return 0;
}
