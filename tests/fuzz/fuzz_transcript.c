/* fuzz_transcript.c - any bytes as the answer of a transcription server: text or a sentence why
 * not, the same however the bytes were cut. The first byte says where they are cut and what the
 * server says they are. */
#include "providers/openai_audio.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_partial(void *arg, const char *text)
{
    (void)arg;
    if (!text[0])
        abort();
}

static void run(struct myna_transcript *t, const char *type, const uint8_t *data, size_t size,
                size_t step)
{
    myna_transcript_init(t, type, on_partial, NULL);
    for (size_t at = 0; at < size; at += step)
        myna_transcript_feed(t, (struct myna_view){data + at, size - at < step ? size - at : step});
    myna_transcript_end(t);
    if (myna_utf8_span(t->text.ptr, t->text.len) != t->text.len || (t->err && !t->problem[0]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {NULL, "application/json", "text/event-stream",
                                        "text/plain"};
    struct myna_transcript a, b;

    if (size < 1)
        return 0;
    run(&a, types[data[0] % 4], data + 1, size - 1, size);
    run(&b, types[data[0] % 4], data + 1, size - 1, 1 + data[0] / 4);
    if (a.err != b.err || strcmp(myna_buf_str(&a.text), myna_buf_str(&b.text)) != 0)
        abort();
    myna_transcript_fini(&a);
    myna_transcript_fini(&b);
    return 0;
}
