/* value.h - the text of one value against its option: type, range, choice. Pure. */
#ifndef MYNA_CONFIG_VALUE_H
#define MYNA_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>

union myna_config_typed {
    bool b;
    int i; /* INT, MS (-1: off), CHOICE (index) */
    double d;
};

enum { MYNA_COMPLAINT_SIZE = 384 };

/* True when `text` (NULL: unset) is fine; `out` is then filled for the types that are not text.
 * Otherwise the rest of a sentence is in `complaint`: `wants true or false, not "maybe"`. */
bool myna_value_parse(const struct myna_option *option, const char *text,
                      union myna_config_typed *out, char complaint[MYNA_COMPLAINT_SIZE]);

/* Decimal text in any locale; false when it is anything else or not finite. */
bool myna_value_number(const char *text, size_t len, double *out);

#endif
