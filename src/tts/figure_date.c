/* figure_date.c - dates and times of day. */
#include "tts/figure.h"

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

static bool say_date(int day, int month, int year, struct myna_spell *sp)
{
    if (day < 1 || day > 31 || month < 1 || month > 12 || year < 1000 || year > 2999)
        return false;
    myna_spell_word(sp, months[month - 1]);
    myna_spell_ordinal(sp, day);
    myna_spell_word(sp, ",");
    myna_spell_year(sp, year);
    return true;
}

bool myna_fig_date(struct myna_fig_reader *r, bool day_first, struct myna_spell *sp)
{
    size_t a = myna_fig_digits(r, 0), b, c;
    uint32_t sep = myna_fig_peek(r, a);

    if (sep != '-' && sep != '/' && sep != '.')
        return false;
    b = myna_fig_digits(r, a + 1);
    if (b < 1 || b > 2 || myna_fig_peek(r, a + 1 + b) != sep)
        return false;
    c = myna_fig_digits(r, a + b + 2);
    int x = myna_fig_value(r, 0, a), y = myna_fig_value(r, a + 1, b),
        z = myna_fig_value(r, a + b + 2, c);
    if (!myna_fig_over(r, a + b + c + 2))
        return false;
    if (a == 4 && c >= 1 && c <= 2 && sep != '.') {
        if (!say_date(z, y, x, sp))
            return false;
    } else if (a <= 2 && c == 4 && sep != '-') {
        bool day = sep == '.' || day_first ? y <= 12 : x > 12;

        if (!say_date(day ? x : y, day ? y : x, z, sp))
            return false;
    } else {
        return false;
    }
    r->at += a + b + c + 2;
    return true;
}

/* " pm", "a.m." behind a time: its length; 0 none. */
static size_t half_of_day(struct myna_fig_reader *r, size_t ahead, const char **which)
{
    size_t skip = myna_fig_peek(r, ahead) == ' ' || myna_fig_peek(r, ahead) == 0xa0 ||
                  myna_fig_peek(r, ahead) == 0x202f;
    uint32_t c = myna_cp_lower(myna_fig_peek(r, ahead + skip));

    if (c != 'a' && c != 'p')
        return 0;
    *which = c == 'a' ? "AM" : "PM";
    if (myna_cp_lower(myna_fig_peek(r, ahead + skip + 1)) == 'm')
        return myna_cp_word(myna_fig_peek(r, ahead + skip + 2)) ? 0 : skip + 2;
    if (myna_fig_peek(r, ahead + skip + 1) == '.' &&
        myna_cp_lower(myna_fig_peek(r, ahead + skip + 2)) == 'm' &&
        myna_fig_peek(r, ahead + skip + 3) == '.')
        return skip + 4;
    return 0;
}

bool myna_fig_time_of_day(struct myna_fig_reader *r, struct myna_spell *sp)
{
    size_t a = myna_fig_digits(r, 0), ahead = a, half;
    int hour = myna_fig_value(r, 0, a), minute = -1;
    const char *which = NULL;
    char text[3];

    if (a < 1 || a > 2 || hour > 23)
        return false;
    if (myna_fig_peek(r, a) == ':') {
        if (myna_fig_digits(r, a + 1) != 2 || (minute = myna_fig_value(r, a + 1, 2)) > 59)
            return false;
        ahead = a + 3;
        if (myna_fig_peek(r, ahead) == ':') /* with seconds: a duration, who knows */
            return false;
    }
    half = half_of_day(r, ahead, &which);
    if (minute < 0 && (!half || hour < 1 || hour > 12))
        return false;
    if (!half && !myna_fig_over(r, ahead))
        return false;
    text[0] = (char)('0' + hour / 10), text[1] = (char)('0' + hour % 10);
    myna_spell_number(sp, text, 2);
    if (minute == 0 && !half)
        myna_spell_word(sp, hour >= 1 && hour <= 12 ? "o'clock" : "hundred");
    if (minute > 0 && minute < 10)
        myna_spell_word(sp, "oh");
    text[0] = (char)('0' + minute / 10), text[1] = (char)('0' + minute % 10);
    if (minute > 0)
        myna_spell_number(sp, text, 2);
    if (half)
        myna_spell_word(sp, which);
    r->at += ahead + half;
    return true;
}
