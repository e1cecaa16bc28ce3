/* filter.c - what the filters share: held characters, kinds of characters. */
#include "tts/filter.h"

#include <string.h>

bool myna_hold_put(struct myna_hold *h, struct myna_unit u)
{
    if (h->n == h->max)
        return false;
    h->u[h->n++] = u;
    return true;
}

void myna_hold_drop(struct myna_hold *h, size_t n)
{
    h->n -= n;
    if (h->n && n)
        memmove(h->u, h->u + n, h->n * sizeof *h->u);
}

void myna_filter_release(struct myna_filter *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        myna_filter_pass(f, f->hold.u[i]);
    myna_hold_drop(&f->hold, n);
}

void myna_filter_say(struct myna_filter *f, const char *text, uint32_t begin, uint32_t end)
{
    for (; *text; text++)
        myna_filter_pass(f, (struct myna_unit){(uint8_t)*text, text[1] ? begin : end});
}

struct range {
    uint32_t first, last;
};

static bool within(uint32_t cp, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= r[i].first && cp <= r[i].last)
            return true;
    return false;
}
#define WITHIN(cp, ranges) within(cp, ranges, sizeof(ranges) / sizeof *(ranges))

bool myna_cp_space(uint32_t cp)
{
    static const struct range spaces[] = {
        {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};

    return WITHIN(cp, spaces);
}

/* Beyond ASCII everything that is not punctuation, a symbol or space. */
bool myna_cp_word(uint32_t cp)
{
    static const struct range others[] = {
        {0x80, 0xa9},         {0xab, 0xb4},     {0xb6, 0xb9},     {0xbb, 0xbf},
        {0xd7, 0xd7},         {0xf7, 0xf7},     {0x60c, 0x60d},   {0x61b, 0x61b},
        {0x61f, 0x61f},       {0x6d4, 0x6d4},   {0x964, 0x965},   {0x1680, 0x1680},
        {0x2000, 0x206f},     {0x20a0, 0x20cf}, {0x2190, 0x2bff}, {0x3000, 0x3004},
        {0x3008, 0x3020},     {0xfe00, 0xfe1f}, {0xfe30, 0xfe4f}, {0xff00, 0xff0f},
        {0xff1a, 0xff20},     {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0x1f000, 0x1fbff},
        {0xe0000, 0xffffffff}};

    if (cp < 0x80)
        return myna_cp_digit(cp) || myna_cp_letter(cp);
    return !WITHIN(cp, others);
}

bool myna_cp_emoji(uint32_t cp)
{
    static const struct range emoji[] = {{0x1f000, 0x1fbff}, {0x2600, 0x26ff},  {0x2700, 0x27bf},
                                         {0x2b00, 0x2bff},   {0xfe00, 0xfe0f},  {0x200d, 0x200d},
                                         {0x20e3, 0x20e3},   {0xe0020, 0xe007f}};

    return WITHIN(cp, emoji);
}
