/* fuzz_sse.c - any bytes as server-sent events: what is told does not depend on where the bytes
 * were cut. The first byte of the input says where. */
#include "util/sse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool on_event(void *arg, const struct myna_sse_event *ev)
{
    struct myna_buf *told = arg;

    if (ev->data.ptr[ev->data.len])
        abort();
    myna_buf_str_opt(told, ev->name);
    myna_buf_str_opt(told, ev->id);
    myna_buf_bytes(told, ev->data);
    return true;
}

static void parse(const uint8_t *data, size_t size, size_t step, struct myna_buf *told)
{
    enum myna_err err = MYNA_OK;
    struct myna_sse sse;

    myna_sse_init(&sse, 256, on_event, told);
    for (size_t at = 0; at < size && !err; at += step)
        err =
            myna_sse_feed(&sse, (struct myna_view){data + at, size - at < step ? size - at : step});
    if (!err)
        err = myna_sse_end(&sse);
    myna_buf_u8(told, (uint8_t)err);
    myna_sse_fini(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_buf whole, cut;

    if (size < 1)
        return 0;
    myna_buf_init(&whole, 1 << 20);
    myna_buf_init(&cut, 1 << 20);
    parse(data + 1, size - 1, size, &whole);
    parse(data + 1, size - 1, 1 + data[0] % 32, &cut);
    if (whole.len != cut.len || (whole.len && memcmp(whole.ptr, cut.ptr, whole.len) != 0))
        abort();
    myna_buf_fini(&whole);
    myna_buf_fini(&cut);
    return 0;
}
