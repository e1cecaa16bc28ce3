/* fuzz_safetensors.c - any bytes as weights: every tensor handed out lies within the bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "turn/safetensors.h"
#include "turn/silero.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_safetensors *st;
    struct myna_silero_weights *w;

    if (!myna_silero_from_bytes("fuzz", data, size, &w, NULL))
        myna_silero_weights_destroy(w);
    if (myna_safetensors_parse("fuzz", data, size, &st, NULL))
        return 0;
    for (size_t i = 0; i < myna_safetensors_count(st); i++) {
        const struct myna_tensor *t = myna_safetensors_at(st, i);
        volatile uint8_t sum = 0;

        if (t->data < data || t->bytes > size || t->data + t->bytes > data + size)
            abort();
        for (size_t k = 0; k < t->bytes; k++)
            sum = (uint8_t)(sum + t->data[k]);
    }
    myna_safetensors_destroy(st);
    return 0;
}
