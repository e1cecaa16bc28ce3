/* fuzz_transforms.c - any bytes through the text transforms: what is spoken does not depend on the
 * pieces, and leads back to bytes that were there. The first byte of the input chooses chain and
 * pieces. */
#include "tts/filters.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    struct myna_buf text;
    uint32_t src;
};

static void on_text(void *arg, struct myna_view text, const uint32_t *src)
{
    struct result *r = arg;

    for (size_t i = 0; i < text.len; i++) {
        if (src[i] < r->src)
            abort();
        r->src = src[i];
    }
    myna_buf_put(&r->text, text.ptr, text.len);
}

static void run(const char *const *chain, const uint8_t *data, size_t size, size_t step,
                struct result *r)
{
    struct myna_filters *fi = myna_filters_create(
        &(struct myna_filters_options){.transforms = chain, .out = on_text, .arg = r});

    if (!fi)
        abort();
    for (size_t at = 0; at < size; at += step)
        if (myna_filters_push(fi,
                              (struct myna_view){data + at, size - at < step ? size - at : step}))
            abort();
    myna_filters_flush(fi);
    myna_filters_destroy(fi);
    if (r->src > size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const chains[][8] = {
        {"code", "tables", "html", "markdown", "urls", "emoji", "numbers"},
        {"spoken", "emoji", "numbers"},
        {"spoken_keep"},
        {"numbers", "html", "markdown", "tables", "code", "urls"}};
    struct result whole = {.src = 0}, cut = {.src = 0};

    if (size < 1)
        return 0;
    myna_buf_init(&whole.text, 1 << 24);
    myna_buf_init(&cut.text, 1 << 24);
    run(chains[data[0] % 4], data + 1, size - 1, size, &whole);
    run(chains[data[0] % 4], data + 1, size - 1, 1 + data[0] / 4 % 32, &cut);
    if (whole.text.len != cut.text.len ||
        (whole.text.len && memcmp(whole.text.ptr, cut.text.ptr, whole.text.len) != 0))
        abort();
    myna_buf_fini(&whole.text);
    myna_buf_fini(&cut.text);
    return 0;
}
