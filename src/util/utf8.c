/* utf8.c - the table of well-formed sequences (Unicode 15, table 3-7), walked byte by byte. */
#include "util/utf8.h"

static int length_of(uint8_t first)
{
    if (first < 0x80)
        return first ? 1 : -1;
    if (first < 0xC2) /* continuation byte, or overlong */
        return -1;
    if (first < 0xE0)
        return 2;
    if (first < 0xF0)
        return 3;
    return first < 0xF5 ? 4 : -1;
}

static bool second_fits(uint8_t first, uint8_t second)
{
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

    return second >= low && second <= high;
}

int myna_utf8_next(const uint8_t *p, size_t n)
{
    int len = length_of(p[0]);

    for (int i = 1; i < len; i++) {
        if ((size_t)i == n)
            return 0;
        if (i == 1 ? !second_fits(p[0], p[1]) : (p[i] & 0xC0) != 0x80)
            return -i;
    }
    return len;
}

size_t myna_utf8_span(const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (at < n) {
        int len = myna_utf8_next(p + at, n - at);

        if (len <= 0)
            break;
        at += (size_t)len;
    }
    return at;
}
