/* fuzz_livekit_sealed.c - what a stranger seals or packs: a frame of sound, a message, a deflated
 * stream. What opens is never longer than it may be, and what did not come from the key does not
 * open. The first byte says which. */
#include "livekit/deflate.h"
#include "livekit/e2ee.h"
#include "util/host.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 16, UNPACKED = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct myna_host host;
    struct myna_lk_e2ee *ring;
} w;

static void on_ready(void *arg)
{
    (void)arg;
}

/* Keys cost 40 ms each: once. */
static void open_world(void)
{
    const struct myna_lk_e2ee_options opt = {.key = "a key that nobody knows"};

    w.host.loop = myna_loop_create(&(struct myna_loop_options){.workers = 1}, NULL);
    if (!w.host.loop ||
        myna_lk_e2ee_create(&w.ring, &w.host, &opt, on_ready, NULL, NULL) != MYNA_OK)
        abort();
    while (!myna_lk_e2ee_is_ready(w.ring))
        myna_loop_run_until(w.host.loop, myna_host_now(&w.host) + MYNA_MS);
    myna_lk_e2ee_server_mark(w.ring, (struct myna_view){(const uint8_t *)"mark", 4});
}

static bool is_marked(struct myna_view v)
{
    return v.len >= 4 && memcmp(v.ptr + v.len - 4, "mark", 4) == 0;
}

static void frame(struct myna_view v)
{
    size_t n = 0, sealed;
    uint8_t *into = malloc(v.len + 3 + 1), *again = malloc(v.len + MYNA_LK_SEALED_MORE);

    if (!into || !again)
        abort();
    if (myna_lk_e2ee_open_frame(w.ring, v, into, v.len + 3, &n) == MYNA_LK_OPENED &&
        (n > v.len + 3 || (v.len && !is_marked(v))))
        abort();
    sealed = myna_lk_e2ee_seal_frame(w.ring, 7, 960, v, again, v.len + MYNA_LK_SEALED_MORE);
    if (sealed) {
        uint8_t *back = malloc(sealed + 3);

        if (!back ||
            myna_lk_e2ee_open_frame(w.ring, (struct myna_view){again, sealed}, back, sealed + 3,
                                    &n) != MYNA_LK_OPENED ||
            n != v.len || memcmp(back, v.ptr, n) != 0)
            abort();
        free(back);
    }
    free(into);
    free(again);
}

static void message(struct myna_view v)
{
    uint8_t *into;
    size_t iv;

    if (v.len < 2)
        return;
    iv = v.ptr[1] < v.len - 2 ? v.ptr[1] : v.len - 2;
    into = malloc(v.len + 1);
    if (!into || myna_lk_e2ee_open(w.ring, v.ptr[0], (struct myna_view){v.ptr + 2, iv},
                                   (struct myna_view){v.ptr + 2 + iv, v.len - 2 - iv},
                                   into) == MYNA_LK_OPENED)
        abort();
    free(into);
}

static void packed(struct myna_view v)
{
    struct myna_buf text, small, back;

    myna_buf_init(&text, UNPACKED);
    if (myna_lk_inflate(v, &text) == MYNA_OK && myna_buf_view(&text).len > UNPACKED)
        abort();
    myna_buf_fini(&text);
    myna_buf_init(&small, 2 * MOST);
    myna_buf_init(&back, MOST);
    if (myna_lk_deflate(v, &small) != MYNA_OK ||
        myna_lk_inflate(myna_buf_view(&small), &back) != MYNA_OK ||
        myna_buf_view(&back).len != v.len ||
        (v.len && memcmp(myna_buf_view(&back).ptr, v.ptr, v.len) != 0))
        abort();
    myna_buf_fini(&small);
    myna_buf_fini(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(struct myna_view) = {frame, message, packed};

    if (!size || size > MOST)
        return 0;
    if (!w.ring)
        open_world();
    ways[data[0] % 3]((struct myna_view){data + 1, size - 1});
    return 0;
}
