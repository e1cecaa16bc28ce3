/* markdown.h - takes the marks of one held stretch of Markdown away; the pure part of filters.c. */
#ifndef MYNA_TTS_MARKDOWN_H
#define MYNA_TTS_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks at p[0…len), which begins at a line's start if `line_start`. Sets drop[i] where byte i is
 * not spoken. False: something is open that text to come may close, nothing is decided yet; never
 * when `final` (the line or the text ends here). */
bool myna_markdown_mark(const uint8_t *p, size_t len, bool line_start, bool final, bool *drop);

#endif
