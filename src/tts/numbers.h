/* numbers.h - figures as English words: the pure part of filter_numbers.c. */
#ifndef MYNA_TTS_NUMBERS_H
#define MYNA_TTS_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tts/filter.h"

enum { MYNA_SPELL_MAX = 512 };

struct myna_spell { /* words, a space between them */
    char text[MYNA_SPELL_MAX];
    size_t len;
};

void myna_spell_word(struct myna_spell *sp, const char *word);
/* Up to 15 digits as a number ("one hundred five"), more of them one by one. */
void myna_spell_number(struct myna_spell *sp, const char *digits, size_t n);
void myna_spell_digits(struct myna_spell *sp, const char *digits, size_t n);
void myna_spell_year(struct myna_spell *sp, int year); /* "nineteen eighty four" */
void myna_spell_ordinal(struct myna_spell *sp, int n); /* 1 to 31 */

enum myna_figure {
    MYNA_FIGURE_NONE, /* `used` characters stay as they are; at least 1 */
    MYNA_FIGURE_MORE, /* text to come decides */
    MYNA_FIGURE_SAID, /* `used` characters are spoken as `into` */
};
/* What begins at u[0]. `final`: no more text comes. `day_first`: 3/4/2025 is in April. */
enum myna_figure myna_figure_at(const struct myna_unit *u, size_t n, bool final, bool day_first,
                                struct myna_spell *into, size_t *used);

#endif
