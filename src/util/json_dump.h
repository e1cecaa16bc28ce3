/* json_dump.h - JSON as text: all of it, or nothing.
 *
 * json_dumps() of jansson 2.14 goes on when memory was short for the key of an object, and gives
 * text without the key. Use this instead of it wherever memory may be short, that is everywhere.
 */
#ifndef MYNA_UTIL_JSON_DUMP_H
#define MYNA_UTIL_JSON_DUMP_H

#include <jansson.h>

/* Like json_dumps(); the caller frees. NULL: no value, or memory is short. */
char *myna_json_dump(const json_t *value, size_t flags);

#endif
