/* utf8.h - one character at a time, for text that arrives in pieces from strangers. Pure. */
#ifndef MYNA_UTIL_UTF8_H
#define MYNA_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/error.h>
#include <myna/frame.h>

#define MYNA_UTF8_BROKEN "\xEF\xBF\xBD" /* U+FFFD, 3 bytes */

/* The character at p (n > 0 bytes are there):
 *   > 0  it is whole and has that many bytes;
 *   = 0  right so far, but cut: more bytes must come;
 *   < 0  broken: that many bytes stand for one U+FFFD (Unicode 3.9, maximal subpart). NUL counts
 *        as broken: our text ends with it. */
int myna_utf8_next(const uint8_t *p, size_t n);
/* Bytes of whole, unbroken characters at the start of the text. */
size_t myna_utf8_span(const uint8_t *p, size_t n);

#endif
