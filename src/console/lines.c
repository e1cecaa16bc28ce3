/* lines.c - lines wait in the one buffer, so that whoever types ahead (a pipe) is held back. */
#include "console/lines.h"

#include <string.h>

size_t myna_lines_room(const struct myna_lines *l)
{
    return sizeof l->buf - l->len;
}

/* Copies one raw line, made plain; false when nothing but blanks is in it. */
static bool plain(const char *from, size_t n, char *line)
{
    size_t k = 0;
    bool words = false;

    for (size_t i = 0; i < n && k < MYNA_LINE_MAX; i++) {
        unsigned char c = (unsigned char)from[i];

        if (c == '\r')
            continue;
        words |= c > ' ' && c != 0x7f;
        line[k++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    if (k == MYNA_LINE_MAX) { /* not in the middle of a character */
        while (k && ((unsigned char)line[k - 1] & 0xc0) == 0x80)
            k--;
        if (k && (unsigned char)line[k - 1] >= 0xc0)
            k--;
    }
    line[k] = '\0';
    return words;
}

bool myna_lines_next(struct myna_lines *l, char line[MYNA_LINE_MAX + 1])
{
    bool words = false;

    while (l->len && !words) {
        const char *end = memchr(l->buf, '\n', l->len);
        size_t n = end ? (size_t)(end - l->buf) : l->len;

        if (!end && !l->ended && l->len < sizeof l->buf)
            return false;
        words = plain(l->buf, n, line);
        n += end != NULL;
        l->len -= n;
        memmove(l->buf, l->buf + n, l->len);
    }
    return words;
}
