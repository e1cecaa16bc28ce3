/* split.c - see split.h. */
#include "gateway/split.h"

#include <stdbool.h>
#include <string.h>

enum { WORTH = 2 }; /* a part is cut no shorter than 1/WORTH of what would fit */

/* Bytes that a byte takes in a JSON string. */
static size_t in_json(uint8_t c)
{
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f')
        return 2;
    return c < 0x20 || c == 0x7f ? 6 : 1;
}

/* As much as fits, ending between two characters. */
static size_t fits(struct myna_view text)
{
    size_t json = 0, i = 0;

    while (i < text.len && i < MYNA_GW_PART_MAX && json + in_json(text.ptr[i]) <= MYNA_GW_PART_MAX)
        json += in_json(text.ptr[i++]);
    if (i == text.len)
        return i;
    for (size_t back = i; back > 0 && i - back < 4; back--)
        if ((text.ptr[back] & 0xc0) != 0x80)
            return back;
    return i;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool paragraph(const uint8_t *p, size_t at)
{
    return at >= 2 && p[at - 1] == '\n' && p[at - 2] == '\n';
}

static bool sentence(const uint8_t *p, size_t at)
{
    return at >= 2 && blank(p[at - 1]) && strchr(".!?\n", p[at - 2]) && p[at - 2];
}

static bool word(const uint8_t *p, size_t at)
{
    return at >= 1 && blank(p[at - 1]);
}

size_t myna_gw_split(struct myna_view text)
{
    static bool (*const ends[])(const uint8_t *p, size_t at) = {paragraph, sentence, word};
    size_t most = fits(text);

    if (most == text.len)
        return most;
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
        for (size_t at = most; at > most / WORTH; at--)
            if (ends[e](text.ptr, at))
                return at;
    return most;
}
