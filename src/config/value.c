/* value.c - one value: what its option wants, whether the text is that, and the sentence if not.
 *
 * Numbers are read by hand because strtod() follows the locale of the host program.
 */
#include "config/value.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WANT_SIZE = 224, SHOWN = 40 }; /* bytes of a wrong value that an error repeats */

/* ------------------------------------------------------------------ numbers */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool myna_value_number(const char *text, size_t len, double *out)
{
    const char *p = text, *end = text + len;
    bool negative = p < end && *p == '-', any = false;
    double value = 0;
    int scale = 0, exponent = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    for (; p < end && digit(*p); p++, any = true)
        value = value * 10 + (*p - '0');
    if (p < end && *p == '.')
        for (p++; p < end && digit(*p); p++, any = true, scale--)
            value = value * 10 + (*p - '0');
    if (!any)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        bool down = ++p < end && *p == '-';

        if (p < end && (*p == '-' || *p == '+'))
            p++;
        if (p == end)
            return false;
        for (; p < end && digit(*p); p++)
            exponent = exponent < 10000 ? exponent * 10 + (*p - '0') : exponent;
        exponent = down ? -exponent : exponent;
    }
    if (p != end)
        return false;
    exponent += scale;
    /* Dividing keeps 0.9 exact: 10^n is exact up to n = 22. */
    value = exponent < 0 ? value / pow(10, -exponent) : value * pow(10, exponent);
    if (!isfinite(value))
        return false;
    *out = negative ? -value : value;
    return true;
}

static bool whole(const char *text, double *out)
{
    const char *p = text + (*text == '-' || *text == '+');

    if (!*p || p[strspn(p, "0123456789")])
        return false;
    return myna_value_number(text, strlen(text), out);
}

/* 500, 500ms, 2.5s, 3m; the unit may stand after a space. */
static bool duration(const char *text, double *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1}};
    size_t len = strspn(text, "0123456789.");
    const char *unit = text + len + strspn(text + len, " ");
    double number;

    if (!myna_value_number(text, len, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].name)) {
            *ms = round(number * units[i].ms);
            return true;
        }
    return false;
}

static bool off(const char *text)
{
    return !strcasecmp(text, "null") || !strcasecmp(text, "off") || !strcmp(text, "~");
}

/* ------------------------------------------------------------------ what an option wants */

static bool limited(const struct myna_option *o)
{
    return o->min != 0 || o->max != 0;
}

static void show_ms(double ms, char *out, size_t size)
{
    if (ms == 0)
        snprintf(out, size, "0");
    else if (fmod(ms, 60000) == 0)
        snprintf(out, size, "%.0fm", ms / 60000);
    else if (fmod(ms, 1000) == 0)
        snprintf(out, size, "%.0fs", ms / 1000);
    else
        snprintf(out, size, "%.0fms", ms);
}

static void want_number(const struct myna_option *o, const char *what, char *want)
{
    if (limited(o))
        snprintf(want, WANT_SIZE, "%s from %.10g to %.10g", what, o->min, o->max);
    else
        snprintf(want, WANT_SIZE, "%s", what);
}

static void want_ms(const struct myna_option *o, char *want)
{
    char low[32], high[32];

    show_ms(o->min < 0 ? 0 : o->min, low, sizeof low);
    show_ms(o->max, high, sizeof high);
    snprintf(want, WANT_SIZE, "a time like 500ms, 2.5s or 3m");
    if (limited(o))
        snprintf(want + strlen(want), WANT_SIZE - strlen(want), " from %s to %s", low, high);
    if (!limited(o) || o->min < 0)
        snprintf(want + strlen(want), WANT_SIZE - strlen(want), " or null");
}

static void want_choice(const struct myna_option *o, char *want)
{
    size_t used = (size_t)snprintf(want, WANT_SIZE, "one of ");

    for (size_t i = 0; o->choices[i] && used < WANT_SIZE; i++)
        used += (size_t)snprintf(want + used, WANT_SIZE - used, i ? ", %s" : "%s", o->choices[i]);
}

static void describe(const struct myna_option *o, char *want)
{
    switch (o->type) {
    case MYNA_OPT_BOOL:
        snprintf(want, WANT_SIZE, "true or false");
        return;
    case MYNA_OPT_INT:
        want_number(o, "a whole number", want);
        return;
    case MYNA_OPT_DOUBLE:
        want_number(o, "a number", want);
        return;
    case MYNA_OPT_MS:
        want_ms(o, want);
        return;
    case MYNA_OPT_CHOICE:
        want_choice(o, want);
        return;
    case MYNA_OPT_LIST:
        snprintf(want, WANT_SIZE, "a list of texts");
        return;
    case MYNA_OPT_MAP:
        snprintf(want, WANT_SIZE, "names with texts");
        return;
    case MYNA_OPT_JSON:
        snprintf(want, WANT_SIZE, "an object or a list");
        return;
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
    case MYNA_OPT_SECRET:
        break;
    }
    snprintf(want, WANT_SIZE, "text");
}

/* Shows numbers bare and other text in quotes, shortened, on one line. */
static bool refuse(const struct myna_option *o, const char *text, char *complaint)
{
    char want[WANT_SIZE], shown[SHOWN + 4];
    double number;
    size_t n = 0;

    describe(o, want);
    if (!text) {
        snprintf(complaint, MYNA_COMPLAINT_SIZE, "wants %s, not null", want);
        return false;
    }
    for (; n < SHOWN && text[n]; n++)
        shown[n] = (unsigned char)text[n] < ' ' ? ' ' : text[n];
    while (text[n] && n && ((unsigned char)text[n] & 0xc0) == 0x80) /* not inside a character */
        n--;
    memcpy(shown + n, text[n] ? "..." : "", text[n] ? 4 : 1);
    snprintf(complaint, MYNA_COMPLAINT_SIZE,
             myna_value_number(text, strlen(text), &number) ? "wants %s, not %s"
                                                            : "wants %s, not \"%s\"",
             want, shown);
    return false;
}

/* ------------------------------------------------------------------ by type */

static bool parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no",
                                                                                "off", "0"};

    for (size_t i = 0; i < 4; i++) {
        if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
            *out = !strcasecmp(text, yes[i]);
            return true;
        }
    }
    return false;
}

static bool in_range(const struct myna_option *o, double v)
{
    return !limited(o) || (v >= o->min && v <= o->max);
}

static bool parse_choice(const struct myna_option *o, const char *text, int *out, char *complaint)
{
    const char *near;

    for (int i = 0; o->choices[i]; i++)
        if (!strcmp(text, o->choices[i])) {
            *out = i;
            return true;
        }
    refuse(o, text, complaint);
    near = myna_suggest(text, o->choices, SIZE_MAX);
    if (near) {
        size_t used = strlen(complaint);

        snprintf(complaint + used, MYNA_COMPLAINT_SIZE - used, "; did you mean \"%s\"?", near);
    }
    return false;
}

/* An off time is allowed where nothing limits it or where the table's range begins below 0. */
static bool parse_ms(const struct myna_option *o, const char *text, int *out)
{
    double ms;

    if (!text || off(text)) {
        *out = -1;
        return !limited(o) || o->min < 0;
    }
    if (!duration(text, &ms) || ms > INT_MAX || !in_range(o, ms))
        return false;
    *out = (int)ms;
    return true;
}

bool myna_value_parse(const struct myna_option *o, const char *text, union myna_config_typed *out,
                      char complaint[MYNA_COMPLAINT_SIZE])
{
    double number;

    if (!text && !o->def && o->type != MYNA_OPT_MS) { /* what has no default may be unset again */
        memset(out, 0, sizeof *out);
        return true;
    }
    switch (o->type) {
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
    case MYNA_OPT_SECRET:
    case MYNA_OPT_LIST: /* these three are taken apart where they are kept (store.c) */
    case MYNA_OPT_MAP:
    case MYNA_OPT_JSON:
        return true;
    case MYNA_OPT_MS:
        return parse_ms(o, text, &out->i) || refuse(o, text, complaint);
    case MYNA_OPT_BOOL:
        return (text && parse_bool(text, &out->b)) || refuse(o, text, complaint);
    case MYNA_OPT_CHOICE:
        return text ? parse_choice(o, text, &out->i, complaint) : refuse(o, text, complaint);
    case MYNA_OPT_INT:
        if (!text || !whole(text, &number) || fabs(number) > INT_MAX || !in_range(o, number))
            return refuse(o, text, complaint);
        out->i = (int)number;
        return true;
    case MYNA_OPT_DOUBLE:
        if (!text || !myna_value_number(text, strlen(text), &number) || !in_range(o, number))
            return refuse(o, text, complaint);
        out->d = number;
        return true;
    }
    return refuse(o, text, complaint);
}
