/* figure_amount.c - numbers, money, numbers with a unit, ranges of them. */
#include "tts/figure.h"

#include <string.h>

struct number {
    char whole[32], part[16];
    size_t n_whole, n_part;
    bool grouped;
};

/* ------------------------------------------------------------------ numbers */

/* 1,234,567.89 at `ahead`: its length; 0: none. */
static size_t number_at(struct myna_fig_reader *r, size_t ahead, struct number *out)
{
    size_t n = myna_fig_digits(r, ahead), at = ahead + n;

    if (n == 0 || n > 15)
        return 0;
    *out = (struct number){.n_whole = n};
    myna_fig_copy(r, ahead, n, out->whole);
    while (n <= 3 && out->n_whole <= 12 && myna_fig_peek(r, at) == ',' &&
           myna_fig_digits(r, at + 1) == 3) {
        myna_fig_copy(r, at + 1, 3, out->whole + out->n_whole);
        out->n_whole += 3;
        out->grouped = true;
        at += 4;
    }
    if (myna_fig_peek(r, at) == '.' && (n = myna_fig_digits(r, at + 1)) > 0) {
        if (n > sizeof out->part)
            return 0;
        myna_fig_copy(r, at + 1, n, out->part);
        out->n_part = n;
        at += n + 1;
    }
    return at - ahead;
}

static void say_number(const struct number *nu, struct myna_spell *sp)
{
    myna_spell_number(sp, nu->whole, nu->n_whole);
    if (nu->n_part) {
        myna_spell_word(sp, "point");
        myna_spell_digits(sp, nu->part, nu->n_part);
    }
}

static bool is_one(const struct number *nu)
{
    return nu->n_whole == 1 && nu->whole[0] == '1' && !nu->n_part;
}

/* Behind the figures: its length; 0: none. */
static size_t scale_at(struct myna_fig_reader *r, size_t ahead, const char **word)
{
    static const char *const words[] = {"million", "billion", "trillion", "thousand", NULL};
    static const struct {
        char mark[4];
        const char *word;
    } marks[] = {{"k", "thousand"},
                 {"m", "million"},
                 {"bn", "billion"},
                 {"b", "billion"},
                 {"t", "trillion"}};

    for (int i = 0; words[i]; i++)
        if (myna_fig_peek(r, ahead) == ' ' && myna_fig_word_at(r, ahead + 1, words[i], true) &&
            !myna_cp_word(myna_fig_peek(r, ahead + 1 + strlen(words[i])))) {
            *word = words[i];
            return 1 + strlen(words[i]);
        }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (myna_fig_word_at(r, ahead, marks[i].mark, true) &&
            !myna_cp_word(myna_fig_peek(r, ahead + strlen(marks[i].mark)))) {
            *word = marks[i].word;
            return strlen(marks[i].mark);
        }
    return 0;
}

static const struct currency {
    uint32_t sign;
    const char *one, *many, *cent, *cents;
} currencies[] = {
    {'$', "dollar", "dollars", "cent", "cents"},   {0x20ac, "euro", "euros", "cent", "cents"},
    {0xa3, "pound", "pounds", "penny", "pence"},   {0xa5, "yen", "yen", NULL, NULL},
    {0x20b9, "rupee", "rupees", "paisa", "paise"}, {0x20a9, "won", "won", NULL, NULL}};

static const struct currency *currency_of(uint32_t cp)
{
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
        if (currencies[i].sign == cp)
            return &currencies[i];
    return NULL;
}

bool myna_fig_currency(uint32_t cp)
{
    return currency_of(cp) != NULL;
}

static void say_money(const struct number *nu, const struct currency *c, const char *scale,
                      struct myna_spell *sp)
{
    bool cents = nu->n_part == 2 && c->cent && !scale, zero = true;

    for (size_t i = 0; i < nu->n_whole; i++)
        zero = zero && nu->whole[i] == '0';
    if (!cents) {
        say_number(nu, sp);
        if (scale)
            myna_spell_word(sp, scale);
        myna_spell_word(sp, is_one(nu) && !scale ? c->one : c->many);
        return;
    }
    int part = (nu->part[0] - '0') * 10 + nu->part[1] - '0';
    struct number whole = *nu;
    whole.n_part = 0;
    if (!zero || !part) {
        say_number(&whole, sp);
        myna_spell_word(sp, is_one(&whole) ? c->one : c->many);
        if (!part)
            return;
        myna_spell_word(sp, "and");
    }
    myna_spell_number(sp, nu->part, 2);
    myna_spell_word(sp, part == 1 ? c->cent : c->cents);
}

/* $3.50, €5 million, $20-30. */
bool myna_fig_money(struct myna_fig_reader *r, struct myna_spell *sp)
{
    const struct currency *c = currency_of(myna_fig_peek(r, 0));
    struct number a, b;
    const char *scale = NULL;
    size_t n = c ? number_at(r, 1, &a) : 0, ahead = 1 + n, to;

    if (!n)
        return false;
    if (myna_fig_dash(myna_fig_peek(r, ahead))) {
        size_t sign = myna_fig_peek(r, ahead + 1) == c->sign;

        to = number_at(r, ahead + 1 + sign, &b);
        if (to && myna_fig_over(r, ahead + 1 + sign + to)) {
            say_number(&a, sp);
            myna_spell_word(sp, "to");
            say_money(&b, c, NULL, sp);
            r->at += ahead + 1 + sign + to;
            return true;
        }
    }
    ahead += scale_at(r, ahead, &scale);
    if (!myna_fig_over(r, ahead))
        return false;
    say_money(&a, c, scale, sp);
    r->at += ahead;
    return true;
}

/* ------------------------------------------------------------------ units */

enum { NEAR = 1, FAR = 2 }; /* attached; after a space */
static const struct unit {
    const char *mark; /* UTF-8 */
    const char *one, *many;
    int where;
} units[] = {
    {"km/h", "kilometer per hour", "kilometers per hour", NEAR | FAR},
    {"kph", "kilometer per hour", "kilometers per hour", NEAR | FAR},
    {"m/s", "meter per second", "meters per second", NEAR | FAR},
    {"mph", "mile per hour", "miles per hour", NEAR | FAR},
    {"km", "kilometer", "kilometers", NEAR | FAR},
    {"cm", "centimeter", "centimeters", NEAR | FAR},
    {"mm", "millimeter", "millimeters", NEAR | FAR},
    {"m\u00b2", "square meter", "square meters", NEAR | FAR},
    {"m\u00b3", "cubic meter", "cubic meters", NEAR | FAR},
    {"ft\u00b2", "square foot", "square feet", NEAR | FAR},
    {"m", "meter", "meters", FAR}, /* "5m" may be minutes, millions */
    {"mi", "mile", "miles", NEAR | FAR},
    {"ft", "foot", "feet", NEAR | FAR},
    {"sq ft", "square foot", "square feet", FAR},
    {"yd", "yard", "yards", NEAR | FAR},
    {"kg", "kilogram", "kilograms", NEAR | FAR},
    {"mg", "milligram", "milligrams", NEAR | FAR},
    {"g", "gram", "grams", NEAR | FAR},
    {"lbs", "pound", "pounds", NEAR | FAR},
    {"lb", "pound", "pounds", NEAR | FAR},
    {"oz", "ounce", "ounces", NEAR | FAR},
    {"ml", "milliliter", "milliliters", NEAR | FAR},
    {"mL", "milliliter", "milliliters", NEAR | FAR},
    {"L", "liter", "liters", NEAR | FAR},
    {"\u00b0C", "degree Celsius", "degrees Celsius", NEAR | FAR},
    {"\u00b0F", "degree Fahrenheit", "degrees Fahrenheit", NEAR | FAR},
    {"\u00b0", "degree", "degrees", NEAR},
    {"kWh", "kilowatt hour", "kilowatt hours", NEAR | FAR},
    {"kW", "kilowatt", "kilowatts", NEAR | FAR},
    {"MW", "megawatt", "megawatts", NEAR | FAR},
    {"W", "watt", "watts", NEAR | FAR},
    {"mAh", "milliamp hour", "milliamp hours", NEAR | FAR},
    {"V", "volt", "volts", NEAR | FAR},
    {"kHz", "kilohertz", "kilohertz", NEAR | FAR},
    {"MHz", "megahertz", "megahertz", NEAR | FAR},
    {"GHz", "gigahertz", "gigahertz", NEAR | FAR},
    {"Hz", "hertz", "hertz", NEAR | FAR},
    {"kB", "kilobyte", "kilobytes", NEAR | FAR},
    {"KB", "kilobyte", "kilobytes", NEAR | FAR},
    {"MB", "megabyte", "megabytes", NEAR | FAR},
    {"GB", "gigabyte", "gigabytes", NEAR | FAR},
    {"TB", "terabyte", "terabytes", NEAR | FAR},
    {"Mbps", "megabit per second", "megabits per second", NEAR | FAR},
    {"Gbps", "gigabit per second", "gigabits per second", NEAR | FAR},
    {"ms", "millisecond", "milliseconds", NEAR | FAR},
    {"s", "second", "seconds", NEAR},
    {"sec", "second", "seconds", NEAR | FAR},
    {"min", "minute", "minutes", NEAR | FAR},
    {"hrs", "hour", "hours", NEAR | FAR},
    {"hr", "hour", "hours", NEAR | FAR},
    {"h", "hour", "hours", NEAR},
    {"%", "percent", "percent", NEAR | FAR},
};

/* Characters of `mark` (UTF-8, at most two bytes each here) at `ahead`; 0: another. */
static size_t mark_at(struct myna_fig_reader *r, size_t ahead, const char *mark)
{
    const uint8_t *p = (const uint8_t *)mark;
    size_t n = 0;

    while (*p) {
        uint32_t cp = *p < 0x80 ? *p : (uint32_t)((p[0] & 0x1f) << 6 | (p[1] & 0x3f));

        p += *p < 0x80 ? 1 : 2;
        if (myna_fig_peek(r, ahead + n++) != cp)
            return 0;
    }
    return n;
}

static bool unit_over(struct myna_fig_reader *r, size_t ahead)
{
    uint32_t cp = myna_fig_peek(r, ahead);

    if (cp == '/' || cp == '-' || cp == '\'')
        return !myna_cp_word(myna_fig_peek(r, ahead + 1));
    return !myna_cp_word(cp) && cp != '_';
}

static const struct unit *unit_at(struct myna_fig_reader *r, size_t ahead, size_t *len)
{
    size_t skip = myna_fig_peek(r, ahead) == ' ' || myna_fig_peek(r, ahead) == 0xa0 ||
                  myna_fig_peek(r, ahead) == 0x202f,
           n;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!(units[i].where & (skip ? FAR : NEAR)))
            continue;
        n = mark_at(r, ahead + skip, units[i].mark);
        if (n && unit_over(r, ahead + skip + n)) {
            *len = skip + n;
            return &units[i];
        }
    }
    return NULL;
}

/* 5-10, 2019–2021; the second number keeps the unit. */
bool myna_fig_range(struct myna_fig_reader *r, struct myna_spell *sp)
{
    struct number a, b;
    size_t n = number_at(r, 0, &a), m, len = 0;
    const struct unit *unit;

    if (!n || !myna_fig_dash(myna_fig_peek(r, n)) || !(m = number_at(r, n + 1, &b)))
        return false;
    int x = myna_fig_value(r, 0, n), y = myna_fig_value(r, n + 1, m);
    unit = unit_at(r, n + 1 + m, &len);
    if (x >= y || (!unit && !myna_fig_over(r, n + 1 + m)))
        return false;
    if (n == 4 && m == 4 && !unit && x >= 1100 && y < 2100 && !a.n_part && !b.n_part) {
        myna_spell_year(sp, x);
        myna_spell_word(sp, "to");
        myna_spell_year(sp, y);
    } else {
        say_number(&a, sp);
        myna_spell_word(sp, "to");
        say_number(&b, sp);
    }
    if (unit)
        myna_spell_word(sp, unit->many);
    r->at += n + 1 + m + len;
    return true;
}

/* `force`: a sign stood before it, its words are needed. False: it stays. */
bool myna_fig_plain(struct myna_fig_reader *r, bool force, struct myna_spell *sp)
{
    struct number nu;
    size_t n = number_at(r, 0, &nu), len = 0, zeros = 0;
    const struct unit *unit;
    const struct currency *c;

    if (!n)
        return false;
    c = currency_of(myna_fig_peek(r, n) == ' ' ? myna_fig_peek(r, n + 1) : myna_fig_peek(r, n));
    if (c && (c->sign != '$') && myna_fig_over(r, n + 1 + (myna_fig_peek(r, n) == ' '))) {
        n += 1 + (myna_fig_peek(r, n) == ' ');
        say_money(&nu, c, NULL, sp);
        r->at += n;
        return true;
    }
    unit = unit_at(r, n, &len);
    if (!unit && !myna_fig_over(r, n))
        return false;
    while (zeros < nu.n_whole && nu.whole[nu.n_whole - 1 - zeros] == '0')
        zeros++;
    if (!unit && !force && !nu.grouped && !nu.n_part && nu.n_whole < 7)
        return false;
    if (!unit && !nu.grouped && !nu.n_part && nu.n_whole >= 7 && zeros < 4)
        myna_spell_digits(sp, nu.whole, nu.n_whole); /* an order number, an account */
    else
        say_number(&nu, sp);
    if (unit)
        myna_spell_word(sp, is_one(&nu) ? unit->one : unit->many);
    r->at += n + len;
    return true;
}
