/* fuzz_flight.c - any bytes as a recording: records, a cut, or a damaged one by its number; and
 * whatever a record holds, the stages' unpackers take it or refuse it. */
#include "recorder/flight.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llm/llm.h"
#include "stt/stt.h"
#include "tts/tts.h"
#include "turn/vad.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(struct myna_view v)
{
    struct myna_word words[8];
    struct myna_vad_event vad;
    struct myna_stt_event stt;
    struct myna_llm_event llm;
    struct myna_tts_event tts;

    if (myna_vad_event_unpack(v, &vad) == MYNA_OK && vad.type > MYNA_VAD_FAULT)
        abort();
    if (myna_stt_event_unpack(v, &stt, words, 8) == MYNA_OK && stt.n_words > 8)
        abort();
    if (myna_llm_event_unpack(v, &llm) == MYNA_OK && llm.text.len > v.len)
        abort();
    if (myna_tts_event_unpack(v, &tts, words, 8) == MYNA_OK && tts.n_words > 8)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_flight_reader r;
    struct myna_flight_record rec;
    struct myna_why why = {0};
    enum myna_err err;
    uint64_t n = 0;

    unpack((struct myna_view){data, size}); /* past the CRC, which chance does not find */
    if (myna_flight_begin(&r, (struct myna_view){data, size}, &why))
        return 0;
    while ((err = myna_flight_next(&r, &rec, &why)) == MYNA_OK) {
        if (rec.number != n++ || rec.payload.ptr + rec.payload.len > data + size)
            abort();
        unpack(rec.payload);
    }
    if (err == MYNA_EFORMAT && strncmp(why.text, "record ", 7) != 0)
        abort();
    return 0;
}
