/* numbers.c - which figures a voice reads badly, and how they are said in English.
 *
 * Shapes are tried in order of how special they are: telephone numbers, dates, times, versions,
 * fractions, ranges, money, and at last a plain number with its unit.
 */
#include "tts/numbers.h"

#include "tts/figure.h"

static bool figure(struct myna_fig_reader *r, bool day_first, bool force, struct myna_spell *sp)
{
    if (myna_fig_currency(myna_fig_peek(r, 0)))
        return myna_fig_money(r, sp);
    return myna_fig_local_phone(r, sp) || myna_fig_date(r, day_first, sp) ||
           myna_fig_time_of_day(r, sp) || myna_fig_dotted(r, sp) || myna_fig_fraction(r, sp) ||
           myna_fig_range(r, sp) || myna_fig_plain(r, force, sp);
}

/* " & ", " × ": alone between spaces. */
static bool sign(struct myna_fig_reader *r, struct myna_spell *sp)
{
    static const struct {
        uint32_t sign;
        const char *word;
    } signs[] = {{'&', "and"},      {'=', "equals"},      {'+', "plus"},
                 {0xd7, "times"},   {0xf7, "divided by"}, {0xb1, "plus or minus"},
                 {0x2248, "about"}, {0x2264, "at most"},  {0x2265, "at least"},
                 {0x2260, "is not"}};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].sign == myna_fig_peek(r, 0) && myna_cp_space(myna_fig_peek(r, 1))) {
            myna_spell_word(sp, signs[i].word);
            r->at++;
            return true;
        }
    return false;
}

static bool signed_figure(struct myna_fig_reader *r, bool day_first, struct myna_spell *sp)
{
    uint32_t c = myna_fig_peek(r, 0);
    bool number = myna_cp_digit(myna_fig_peek(r, 1)) || myna_fig_currency(myna_fig_peek(r, 1));
    const char *word = c == '~' || c == 0x2248                      ? "about"
                       : c == '#' || c == 0x2116                    ? "number"
                       : c == '-' || c == 0x2212                    ? "minus"
                       : c == 0xb1                                  ? "plus or minus"
                       : c == '+' && !myna_fig_international(r, sp) ? "plus"
                                                                    : NULL;

    if (sp->len) /* it was a telephone number */
        return true;
    if (!word || !number)
        return false;
    r->at++;
    myna_spell_word(sp, word);
    return figure(r, day_first, true, sp);
}

enum myna_figure myna_figure_at(const struct myna_unit *u, size_t n, bool final, bool day_first,
                                struct myna_spell *into, size_t *used)
{
    struct myna_fig_reader r = {.u = u, .n = n};
    bool said;

    into->len = 0;
    into->text[0] = '\0';
    said = myna_cp_digit(u[0].cp) || u[0].cp == '(' || myna_fig_currency(u[0].cp)
               ? figure(&r, day_first, false, into)
               : sign(&r, into) || signed_figure(&r, day_first, into);
    if (r.more && !final)
        return MYNA_FIGURE_MORE;
    if (said) {
        *used = r.at;
        return MYNA_FIGURE_SAID;
    }
    r.at = 0;
    *used = myna_fig_digits(&r, 0);
    if (*used == 0)
        *used = 1;
    return MYNA_FIGURE_NONE;
}
