/* pb.c - protobuf-c with an allocator that has an end. */
#include "livekit/pb.h"

#include <string.h>

#include "util/utf8.h"

static void *take(void *arena, size_t size)
{
    return myna_arena_alloc(arena, size ? size : 1);
}

static void give(void *arena, void *ptr) /* all at once, when the arena is reset */
{
    (void)arena;
    (void)ptr;
}

void *myna_lk_unpack(struct myna_arena *mem, const ProtobufCMessageDescriptor *type,
                     struct myna_view bytes)
{
    ProtobufCAllocator alloc = {take, give, mem};
    static const uint8_t none;

    return protobuf_c_message_unpack(type, &alloc, bytes.len, bytes.ptr ? bytes.ptr : &none);
}

struct appender {
    ProtobufCBuffer base;
    struct myna_buf *out;
};

static void append(ProtobufCBuffer *base, size_t len, const uint8_t *data)
{
    (void)!myna_buf_put(((struct appender *)base)->out, data, len);
}

void myna_lk_pack(struct myna_buf *out, const ProtobufCMessage *m)
{
    struct appender to = {{append}, out};

    (void)protobuf_c_message_pack_to_buffer(m, &to.base);
}

char *myna_lk_text_of(struct myna_arena *mem, struct myna_view text, size_t max)
{
    size_t at = 0, n = 0;
    char *out = myna_arena_alloc(mem, (text.len < max ? text.len * 3 : max) + 1);

    while (out && at < text.len) {
        int len = myna_utf8_next(text.ptr + at, text.len - at);
        size_t eats = len > 0 ? (size_t)len : len < 0 ? (size_t)-len : text.len - at;
        size_t gives = len > 0 ? (size_t)len : 3;

        if (n + gives > max)
            break;
        memcpy(out + n, len > 0 ? text.ptr + at : (const uint8_t *)MYNA_UTF8_BROKEN, gives);
        at += eats;
        n += gives;
    }
    return out;
}

char *myna_lk_text(struct myna_arena *mem, const char *text, size_t max)
{
    return myna_lk_text_of(mem, myna_view_of(text), max);
}
