/* json_load.c - one function a kind of value (RFC 8259), recursive to a fixed depth. The text is
 * walked by a cursor that never passes its end; each value is jansson's own. */
#include "util/json_load.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

#define NUMBER_MAX 1024 /* characters */

struct load {
    const char *start, *at, *end;
    size_t flags;
    int depth;
    json_error_t *why;
};

/* ---- what is wrong */

static void complain(struct load *l, enum json_error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct load *l, enum json_error_code code, const char *fmt, ...)
{
    const char *line = l->start;
    json_error_t *why = l->why;
    va_list ap;

    if (!why)
        return;
    *why = (json_error_t){.line = 1, .position = (int)(l->at - l->start)};
    for (const char *p = l->start; p < l->at; p++)
        if (*p == '\n') {
            why->line++;
            line = p + 1;
        }
    why->column = (int)(l->at - line) + 1;
    snprintf(why->source, sizeof why->source, "<text>");
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof why->text - 1, fmt, ap);
    va_end(ap);
    why->text[sizeof why->text - 1] = (char)code; /* where json_error_code() looks */
}

static void *starved(struct load *l)
{
    complain(l, json_error_out_of_memory, "memory is short");
    return NULL;
}

/* What stands at the cursor should not. */
static void *unexpected(struct load *l)
{
    int n = 0;

    while (l->at + n < l->end && n < 20 && l->at[n] >= ' ' && (n == 0 || !strchr(",]}", l->at[n])))
        n++;
    if (l->at == l->end)
        complain(l, json_error_premature_end_of_input, "unexpected end");
    else if (n > 0)
        complain(l, json_error_invalid_syntax, "unexpected '%.*s'", n, l->at);
    else
        complain(l, json_error_invalid_syntax, "unexpected byte %d", (unsigned char)*l->at);
    return NULL;
}

bool myna_json_starved(const json_error_t *why)
{
    return json_error_code(why) == json_error_out_of_memory;
}

/* ---- small steps */

static void skip_space(struct load *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\n' || *l->at == '\r'))
        l->at++;
}

static bool take(struct load *l, char c)
{
    if (l->at == l->end || *l->at != c)
        return false;
    l->at++;
    return true;
}

static bool take_word(struct load *l, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(l->end - l->at) < n || memcmp(l->at, word, n) != 0)
        return false;
    l->at += n;
    return true;
}

/* ---- strings */

/* Four hexadecimal digits; -1: they are not. */
static int take_hex(struct load *l)
{
    int v = 0;

    if (l->end - l->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = l->at[i];
        const char *d = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

        if (!d)
            return -1;
        v = v * 16 + (int)(d - digits);
    }
    l->at += 4;
    return v;
}

static char *put_utf8(char *to, int c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* Behind \u. -1: no character. */
static int take_escaped(struct load *l)
{
    int c = take_hex(l), low;

    if (c < 0xD800 || c > 0xDFFF)
        return c;
    if (c > 0xDBFF || !take_word(l, "\\u"))
        return -1;
    low = take_hex(l);
    return low < 0xDC00 || low > 0xDFFF ? -1 : 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
}

/* The character behind a backslash at *to; NULL: there is none such. */
static char *unescape(struct load *l, char *to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = l->at < l->end ? *l->at : '\0';
    const char *known = c ? strchr(names, c) : NULL;
    int code;

    if (known) {
        l->at++;
        *to++ = values[known - names];
        return to;
    }
    if (!take(l, 'u'))
        return NULL;
    code = take_escaped(l);
    if (code < 0 || (code == 0 && !(l->flags & JSON_ALLOW_NUL)))
        return NULL;
    return put_utf8(to, code);
}

/* Behind the opening quote. The caller frees; what is decoded is never longer than its text. */
static char *take_string(struct load *l, size_t *len)
{
    const char *quote = l->at;
    char *text, *to;

    while (quote < l->end && *quote != '"')
        quote += *quote == '\\' && quote + 1 < l->end ? 2 : 1;
    text = to = malloc((size_t)(quote - l->at) + 1);
    if (!text)
        return starved(l);
    while (l->at < l->end && *l->at != '"') {
        int n = myna_utf8_next((const uint8_t *)l->at, (size_t)(l->end - l->at));

        if (n <= 0 || (unsigned char)*l->at < ' ') {
            complain(l, n <= 0 ? json_error_invalid_utf8 : json_error_invalid_syntax,
                     "a string with byte %d that may not be in it", (unsigned char)*l->at);
            goto fail;
        }
        if (*l->at != '\\') {
            memcpy(to, l->at, (size_t)n);
            to += n;
            l->at += n;
            continue;
        }
        l->at++;
        to = unescape(l, to);
        if (!to) {
            complain(l, json_error_invalid_syntax, "a string with an escape that is none");
            goto fail;
        }
    }
    if (!take(l, '"')) {
        complain(l, json_error_premature_end_of_input, "a string without an end");
        goto fail;
    }
    *to = '\0';
    *len = (size_t)(to - text);
    return text;
fail:
    free(text);
    return NULL;
}

/* ---- values */

static json_t *take_value(struct load *l);

static json_t *string_value(struct load *l)
{
    size_t len;
    char *text = take_string(l, &len);
    json_t *v;

    if (!text)
        return NULL;
    v = json_stringn_nocheck(text, len);
    free(text);
    return v ? v : starved(l);
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static json_t *number_value(struct load *l)
{
    const char *p = l->at + (*l->at == '-'), *from = p;
    char text[NUMBER_MAX];
    size_t n;
    bool whole = true, fits;
    long long number = 0;
    double real = 0;
    json_t *v;

    p = digits(p, l->end);
    if (p == from || (*from == '0' && p - from > 1))
        return unexpected(l);
    if (p < l->end && *p == '.') {
        whole = false;
        from = p + 1;
        p = digits(from, l->end);
        if (p == from)
            return unexpected(l);
    }
    if (p < l->end && (*p == 'e' || *p == 'E')) {
        whole = false;
        from = p + 1;
        from += from < l->end && (*from == '+' || *from == '-');
        p = digits(from, l->end);
        if (p == from)
            return unexpected(l);
    }
    n = (size_t)(p - l->at);
    if (n >= sizeof text)
        return unexpected(l);
    memcpy(text, l->at, n);
    text[n] = '\0';
    if (whole) {
        errno = 0;
        number = strtoll(text, NULL, 10);
        fits = errno == 0;
    } else {
        char *point = strchr(text, '.');

        if (point) /* strtod() reads the host's way to write numbers */
            *point = *localeconv()->decimal_point;
        real = strtod(text, NULL);
        fits = isfinite(real);
    }
    if (!fits) {
        complain(l, json_error_numeric_overflow, "the number %.30s is too large", text);
        return NULL;
    }
    v = whole ? json_integer(number) : json_real(real);
    if (!v)
        return starved(l);
    l->at = p;
    return v;
}

static json_t *array_value(struct load *l)
{
    json_t *array = json_array(), *item;

    if (!array)
        return starved(l);
    skip_space(l);
    if (take(l, ']'))
        return array;
    do {
        item = take_value(l);
        if (!item)
            goto fail;
        if (json_array_append_new(array, item)) {
            starved(l);
            goto fail;
        }
        skip_space(l);
    } while (take(l, ','));
    if (take(l, ']'))
        return array;
    unexpected(l);
fail:
    json_decref(array);
    return NULL;
}

/* "key": value */
static bool take_member(struct load *l, json_t *object)
{
    json_t *value = NULL;
    size_t len;
    char *key;
    bool done = false;

    skip_space(l);
    if (!take(l, '"')) {
        unexpected(l);
        return false;
    }
    key = take_string(l, &len);
    if (!key)
        return false;
    skip_space(l);
    if (strlen(key) != len)
        complain(l, json_error_null_byte_in_key, "a name with a NUL in it");
    else if ((l->flags & JSON_REJECT_DUPLICATES) && json_object_get(object, key))
        complain(l, json_error_duplicate_key, "\"%.100s\" is there twice", key);
    else if (!take(l, ':'))
        unexpected(l);
    else
        value = take_value(l);
    if (value) {
        done = !json_object_set_new_nocheck(object, key, value);
        if (!done)
            starved(l);
    }
    free(key);
    return done;
}

static json_t *object_value(struct load *l)
{
    json_t *object = json_object();

    if (!object)
        return starved(l);
    skip_space(l);
    if (take(l, '}'))
        return object;
    do {
        if (!take_member(l, object))
            goto fail;
        skip_space(l);
    } while (take(l, ','));
    if (take(l, '}'))
        return object;
    unexpected(l);
fail:
    json_decref(object);
    return NULL;
}

static json_t *nested(struct load *l, json_t *(*value)(struct load *l))
{
    json_t *v;

    if (l->depth == MYNA_JSON_DEPTH) {
        complain(l, json_error_stack_overflow, "more than %d levels", MYNA_JSON_DEPTH);
        return NULL;
    }
    l->at++;
    l->depth++;
    v = value(l);
    l->depth--;
    return v;
}

static json_t *take_value(struct load *l)
{
    skip_space(l);
    if (l->at == l->end)
        return unexpected(l);
    switch (*l->at) {
    case '{':
        return nested(l, object_value);
    case '[':
        return nested(l, array_value);
    case '"':
        l->at++;
        return string_value(l);
    case 't':
        return take_word(l, "true") ? json_true() : unexpected(l);
    case 'f':
        return take_word(l, "false") ? json_false() : unexpected(l);
    case 'n':
        return take_word(l, "null") ? json_null() : unexpected(l);
    default:
        return *l->at == '-' || (*l->at >= '0' && *l->at <= '9') ? number_value(l) : unexpected(l);
    }
}

json_t *myna_json_loadb(const char *text, size_t len, size_t flags, json_error_t *why)
{
    struct load l = {.flags = flags, .why = why};
    json_t *v;

    if (why)
        *why = (json_error_t){0};
    l.start = l.at = text ? text : ""; /* an empty view has no address */
    l.end = l.start + (text ? len : 0);
    skip_space(&l);
    if (!(flags & JSON_DECODE_ANY) && (l.at == l.end || (*l.at != '{' && *l.at != '[')))
        return unexpected(&l);
    v = take_value(&l);
    skip_space(&l);
    if (v && l.at < l.end) {
        json_decref(v);
        return unexpected(&l);
    }
    return v;
}

json_t *myna_json_loads(const char *text, size_t flags, json_error_t *why)
{
    return myna_json_loadb(text, text ? strlen(text) : 0, flags, why);
}
