/* fuzz_dcep.c - any bytes as the first message of a data channel: what was understood says the same
 * when we write it. */
#include "rtc/dcep.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myna_dcep_open open, again;
    uint8_t text[MYNA_DCEP_MAX];
    size_t n;

    if (myna_dcep_parse((struct myna_view){data, size}, &open) != MYNA_DCEP_OPEN)
        return 0;
    n = myna_dcep_write_open(&open, text);
    if (n != size || myna_dcep_parse((struct myna_view){text, n}, &again) != MYNA_DCEP_OPEN)
        abort();
    if (strcmp(open.label, again.label) != 0 || strcmp(open.protocol, again.protocol) != 0 ||
        open.unordered != again.unordered || open.max_retransmits != again.max_retransmits)
        abort();
    return 0;
}
