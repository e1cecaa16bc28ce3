/* lines.h - typed lines out of a stream of bytes. Blank lines and '\r' are dropped, a line longer
 * than 4000 bytes is cut there, control characters become spaces.
 *
 * Pure; one owner.
 */
#ifndef MYNA_CONSOLE_LINES_H
#define MYNA_CONSOLE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define MYNA_LINE_MAX 4000

struct myna_lines {
    char buf[65536];
    size_t len;
    bool ended; /* no more bytes will come: an unfinished line counts */
};

/* Room for bytes, 0 when lines wait to be taken. Read into buf + len, then add to len. */
size_t myna_lines_room(const struct myna_lines *l);
/* The next line that is not blank; false: none yet. */
bool myna_lines_next(struct myna_lines *l, char line[MYNA_LINE_MAX + 1]);

#endif
