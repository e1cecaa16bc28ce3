/* fuzz_ws.c - any bytes as WebSocket frames: what is told does not depend on where the bytes were
 * cut. The first byte says where, and whether frames must be masked. */
#include "util/ws_frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size, size_t step, bool masked, struct myna_buf *told)
{
    struct myna_ws_reader r;
    int op = -1;

    myna_ws_reader_init(&r, masked, 4096);
    for (size_t at = 0; at < size && op != -2; at += step) {
        struct myna_view in = {data + at, size - at < step ? size - at : step}, body;

        while ((op = myna_ws_read(&r, &in, &body)) >= 0) {
            if (body.len > 4096)
                abort();
            myna_buf_u8(told, (uint8_t)op);
            myna_buf_bytes(told, body);
        }
    }
    myna_buf_u32(told, (uint32_t)r.error);
    if ((op == -2) != (r.error != 0))
        abort();
    myna_ws_reader_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_buf whole, cut;

    if (size < 2)
        return 0;
    myna_buf_init(&whole, 1 << 20);
    myna_buf_init(&cut, 1 << 20);
    parse(data + 1, size - 1, size, data[0] & 128, &whole);
    parse(data + 1, size - 1, 1 + data[0] % 32, data[0] & 128, &cut);
    if (whole.len != cut.len || (whole.len && memcmp(whole.ptr, cut.ptr, whole.len) != 0))
        abort();
    myna_buf_fini(&whole);
    myna_buf_fini(&cut);
    return 0;
}
