/* figure_parts.c - versions and addresses (part by part), fractions. */
#include "tts/figure.h"

/* 192.168.1.1, 3.14.15: three parts and more. */
bool myna_fig_dotted(struct myna_fig_reader *r, struct myna_spell *sp)
{
    char part[16];
    size_t ahead = 0, n, parts = 0;
    struct myna_spell out = {.len = 0};

    for (;;) {
        n = myna_fig_digits(r, ahead);
        if (n == 0 || n > 10)
            return false;
        myna_fig_copy(r, ahead, n, part);
        if (parts++)
            myna_spell_word(&out, "dot");
        myna_spell_number(&out, part, n);
        ahead += n;
        if (myna_fig_peek(r, ahead) != '.' || !myna_cp_digit(myna_fig_peek(r, ahead + 1)) ||
            parts == 6)
            break;
        ahead++;
    }
    if (parts < 3 || !myna_fig_over(r, ahead))
        return false;
    myna_spell_word(sp, out.text);
    r->at += ahead;
    return true;
}

static const char *fraction_name(int of, bool many)
{
    switch (of) {
    case 2:
        return many ? "halves" : "half";
    case 3:
        return many ? "thirds" : "third";
    case 4:
        return many ? "quarters" : "quarter";
    case 5:
        return many ? "fifths" : "fifth";
    case 8:
        return many ? "eighths" : "eighth";
    case 10:
        return many ? "tenths" : "tenth";
    default:
        return NULL;
    }
}

/* The length of a/b at `ahead`; 0: none. */
static size_t fraction_at(struct myna_fig_reader *r, size_t ahead, int *a, int *b)
{
    size_t n = myna_fig_digits(r, ahead), m;

    if (n < 1 || n > 2 || myna_fig_peek(r, ahead + n) != '/')
        return 0;
    m = myna_fig_digits(r, ahead + n + 1);
    if (m < 1 || m > 2)
        return 0;
    *a = myna_fig_value(r, ahead, n);
    *b = myna_fig_value(r, ahead + n + 1, m);
    return *a > 0 && *a < *b && fraction_name(*b, false) && myna_fig_over(r, ahead + n + 1 + m)
               ? n + 1 + m
               : 0;
}

bool myna_fig_fraction(struct myna_fig_reader *r, struct myna_spell *sp)
{
    int a = 0, b = 0;
    size_t n = fraction_at(r, 0, &a, &b), whole;
    char text[2];

    if (myna_fig_word_at(r, 0, "24/7", false) && myna_fig_over(r, 4)) {
        myna_spell_word(sp, "twenty four seven");
        r->at += 4;
        return true;
    }
    if (!n) { /* 1 1/2 */
        whole = myna_fig_digits(r, 0);
        if (whole < 1 || whole > 3 || myna_fig_peek(r, whole) != ' ' ||
            !(n = fraction_at(r, whole + 1, &a, &b)))
            return false;
        char first[3];
        myna_fig_copy(r, 0, whole, first);
        myna_spell_number(sp, first, whole);
        myna_spell_word(sp, "and");
        n += whole + 1;
        if (a == 1) {
            myna_spell_word(sp, b == 8 ? "an" : "a");
            myna_spell_word(sp, fraction_name(b, false));
            r->at += n;
            return true;
        }
    }
    text[0] = (char)('0' + a / 10), text[1] = (char)('0' + a % 10);
    myna_spell_number(sp, text, 2);
    myna_spell_word(sp, fraction_name(b, a > 1));
    r->at += n;
    return true;
}
