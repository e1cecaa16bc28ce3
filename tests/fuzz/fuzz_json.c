/* fuzz_json.c - any bytes as JSON: ours takes what jansson takes, and makes the same of it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/json_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the two differ: depth, the length of one number, and a NUL behind a number, which jansson's
 * reader does not see. */
static bool differs(const uint8_t *data, size_t size)
{
    size_t open = 0, digits = 0;

    for (size_t i = 0; i < size; i++) {
        open += data[i] == '[' || data[i] == '{';
        digits = data[i] >= '+' && data[i] <= 'e' ? digits + 1 : 0;
        if (!data[i] || open > MYNA_JSON_DEPTH || digits > 1000)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t flags[] = {0, JSON_DECODE_ANY, JSON_REJECT_DUPLICATES, JSON_ALLOW_NUL};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        json_error_t why;
        json_t *ours = myna_json_loadb((const char *)data, size, flags[i], &why);
        json_t *theirs = json_loadb((const char *)data, size, flags[i], NULL);

        if (!ours && !why.text[0])
            abort();
        if (!differs(data, size) && (!ours != !theirs || (ours && !json_equal(ours, theirs))))
            abort();
        json_decref(ours);
        json_decref(theirs);
    }
    return 0;
}
