/* spell.c - numbers, years and ordinals as English words. */
#include <stdlib.h>
#include <string.h>

#include "tts/numbers.h"

static const char *const small[] = {"zero",    "one",     "two",       "three",    "four",
                                    "five",    "six",     "seven",     "eight",    "nine",
                                    "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
static const char *const tens[] = {"",      "",      "twenty",  "thirty", "forty",
                                   "fifty", "sixty", "seventy", "eighty", "ninety"};

void myna_spell_word(struct myna_spell *sp, const char *word)
{
    size_t n = strlen(word), space = sp->len > 0 && *word != ',';

    if (sp->len + n + 2 > sizeof sp->text)
        return;
    if (space)
        sp->text[sp->len++] = ' ';
    memcpy(sp->text + sp->len, word, n + 1);
    sp->len += n;
}

static void below_hundred(struct myna_spell *sp, int n)
{
    if (n < 20) {
        myna_spell_word(sp, small[n]);
        return;
    }
    myna_spell_word(sp, tens[n / 10]);
    if (n % 10)
        myna_spell_word(sp, small[n % 10]);
}

static void below_thousand(struct myna_spell *sp, int n)
{
    if (n >= 100) {
        myna_spell_word(sp, small[n / 100]);
        myna_spell_word(sp, "hundred");
        if (n % 100 == 0)
            return;
    }
    below_hundred(sp, n % 100);
}

void myna_spell_digits(struct myna_spell *sp, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        myna_spell_word(sp, small[digits[i] - '0']);
}

void myna_spell_number(struct myna_spell *sp, const char *digits, size_t n)
{
    static const char *const scales[] = {"", "thousand", "million", "billion", "trillion"};
    uint64_t value = 0;

    while (n > 1 && *digits == '0')
        digits++, n--;
    if (n > 15) {
        myna_spell_digits(sp, digits, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (uint64_t)(digits[i] - '0');
    if (value == 0)
        myna_spell_word(sp, small[0]);
    for (int k = 4; k >= 0; k--) {
        uint64_t unit = 1;

        for (int i = 0; i < k; i++)
            unit *= 1000;
        if (value / unit == 0)
            continue;
        below_thousand(sp, (int)(value / unit));
        if (k)
            myna_spell_word(sp, scales[k]);
        value %= unit;
    }
}

void myna_spell_year(struct myna_spell *sp, int year)
{
    int rest = year % 100;

    if (year >= 2000 && year < 2010) {
        myna_spell_word(sp, "two thousand");
        if (rest)
            below_hundred(sp, rest);
        return;
    }
    below_hundred(sp, year / 100);
    if (rest == 0)
        myna_spell_word(sp, "hundred");
    else if (rest < 10)
        myna_spell_word(sp, "oh");
    if (rest)
        below_hundred(sp, rest);
}

void myna_spell_ordinal(struct myna_spell *sp, int n)
{
    static const char *const ordinals[] = {"",          "first",       "second",     "third",
                                           "fourth",    "fifth",       "sixth",      "seventh",
                                           "eighth",    "ninth",       "tenth",      "eleventh",
                                           "twelfth",   "thirteenth",  "fourteenth", "fifteenth",
                                           "sixteenth", "seventeenth", "eighteenth", "nineteenth"};

    if (n < 20) {
        myna_spell_word(sp, ordinals[n]);
    } else if (n % 10 == 0) {
        myna_spell_word(sp, n == 20 ? "twentieth" : "thirtieth");
    } else {
        myna_spell_word(sp, tens[n / 10]);
        myna_spell_word(sp, ordinals[n % 10]);
    }
}
