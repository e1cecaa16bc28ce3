/* figure.h - a figure at the cursor: the inside of numbers.c and its figure_*.c files, for them
 * alone.
 *
 * A reader with a cursor: a look beyond the text that is there makes the whole answer MORE, unless
 * the text is final; so an answer never depends on how much had arrived. A shape returns true when
 * it stands at the cursor: its words are in `sp` and the cursor is behind it. Otherwise neither has
 * moved.
 */
#ifndef MYNA_TTS_FIGURE_H
#define MYNA_TTS_FIGURE_H

#include "tts/numbers.h"

struct myna_fig_reader {
    const struct myna_unit *u;
    size_t n, at;
    bool more; /* looked beyond the text */
};

/* ---- figure_reader.c; `ahead` counts from the cursor */
uint32_t myna_fig_peek(struct myna_fig_reader *r, size_t ahead);
size_t myna_fig_digits(struct myna_fig_reader *r, size_t ahead);       /* how many; at most 40 */
int myna_fig_value(struct myna_fig_reader *r, size_t ahead, size_t n); /* of up to nine digits */
void myna_fig_copy(struct myna_fig_reader *r, size_t ahead, size_t n, char *into);
bool myna_fig_over(struct myna_fig_reader *r, size_t ahead); /* no word or number goes on here */
bool myna_fig_dash(uint32_t cp);
bool myna_fig_word_at(struct myna_fig_reader *r, size_t ahead, const char *word, bool fold);

/* ---- figure_phone.c */
bool myna_fig_international(struct myna_fig_reader *r, struct myna_spell *sp); /* +49 30 1234567 */
/* 555-1234, 555-123-4567, (555) 123-4567, 1-800-555-0199: North American. */
bool myna_fig_local_phone(struct myna_fig_reader *r, struct myna_spell *sp);

/* ---- figure_date.c */
bool myna_fig_date(struct myna_fig_reader *r, bool day_first, struct myna_spell *sp);
bool myna_fig_time_of_day(struct myna_fig_reader *r, struct myna_spell *sp);

/* ---- figure_parts.c */
bool myna_fig_dotted(struct myna_fig_reader *r, struct myna_spell *sp);   /* 192.168.1.1, 3.14.15 */
bool myna_fig_fraction(struct myna_fig_reader *r, struct myna_spell *sp); /* 1/2, 1 1/2, 24/7 */

/* ---- figure_amount.c */
bool myna_fig_currency(uint32_t cp); /* a sign of one */
bool myna_fig_money(struct myna_fig_reader *r,
                    struct myna_spell *sp); /* $3.50, $5 million, $20-30 */
bool myna_fig_range(struct myna_fig_reader *r, struct myna_spell *sp); /* 5-10, 2019-2021, 3-4 km */
/* A number with its unit. `force`: a sign stood before it, its words are needed. Without that one
 * of up to six digits and no unit stays: every voice reads it well, and only the voice knows a year
 * from a count. */
bool myna_fig_plain(struct myna_fig_reader *r, bool force, struct myna_spell *sp);

#endif
