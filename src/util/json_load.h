/* json_load.h - text to JSON: all of it, or nothing, and no harm where memory is short.
 *
 * jansson's own reader (2.14, and later ones) loses a character when its buffer cannot grow, and
 * then may read and write past that buffer (akheron/jansson issue 362). These make the same values
 * with jansson's constructors, from text that may come from anybody. tests/check_includes.py lets
 * no file of src/ call jansson's own.
 */
#ifndef MYNA_UTIL_JSON_LOAD_H
#define MYNA_UTIL_JSON_LOAD_H

#include <stdbool.h>

#include <jansson.h>

#define MYNA_JSON_DEPTH 512 /* arrays and objects within each other */

/* Like jansson's calls of these names, with the flags JSON_REJECT_DUPLICATES, JSON_DECODE_ANY and
 * JSON_ALLOW_NUL. NULL, with a sentence and its place in *why (NULL is fine): not JSON (RFC 8259,
 * UTF-8; no text at all is none), or memory is short. */
json_t *myna_json_loadb(const char *text, size_t len, size_t flags, json_error_t *why);
json_t *myna_json_loads(const char *text, size_t flags, json_error_t *why);
/* It was memory, not the text. */
bool myna_json_starved(const json_error_t *why);

#endif
