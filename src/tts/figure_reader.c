/* figure_reader.c - looking ahead from the cursor. */
#include "tts/figure.h"

uint32_t myna_fig_peek(struct myna_fig_reader *r, size_t ahead)
{
    if (r->at + ahead < r->n)
        return r->u[r->at + ahead].cp;
    r->more = true;
    return 0;
}

size_t myna_fig_digits(struct myna_fig_reader *r, size_t ahead)
{
    size_t n = 0;

    while (n < 40 && myna_cp_digit(myna_fig_peek(r, ahead + n)))
        n++;
    return n;
}

int myna_fig_value(struct myna_fig_reader *r, size_t ahead, size_t n)
{
    int v = 0;

    for (size_t i = 0; i < n && i < 9; i++)
        v = v * 10 + (int)(myna_fig_peek(r, ahead + i) - '0');
    return v;
}

void myna_fig_copy(struct myna_fig_reader *r, size_t ahead, size_t n, char *into)
{
    for (size_t i = 0; i < n; i++)
        into[i] = (char)myna_fig_peek(r, ahead + i);
}

/* Nothing of a word or number may follow. */
bool myna_fig_over(struct myna_fig_reader *r, size_t ahead)
{
    uint32_t cp = myna_fig_peek(r, ahead);

    if (myna_cp_word(cp) || cp == '_' || cp == '%')
        return false;
    if (cp == '.' || cp == ',' || cp == '-' || cp == '/' || cp == ':')
        return !myna_cp_digit(myna_fig_peek(r, ahead + 1));
    return true;
}

bool myna_fig_dash(uint32_t cp)
{
    return cp == '-' || cp == 0x2013;
}

/* "word" at `ahead`, whatever its case. */
bool myna_fig_word_at(struct myna_fig_reader *r, size_t ahead, const char *word, bool fold)
{
    for (; *word; word++, ahead++) {
        uint32_t cp = myna_fig_peek(r, ahead);

        if ((fold ? myna_cp_lower(cp) : cp) != (uint8_t)*word)
            return false;
    }
    return true;
}
