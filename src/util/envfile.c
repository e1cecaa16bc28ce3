/* envfile.c - reads "NAME=value" lines. */
#include "util/envfile.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static size_t name_length(const char *p)
{
    size_t n = 0;

    if (!isalpha((unsigned char)*p) && *p != '_')
        return 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    return n;
}

static size_t value_length(const char *p, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (p[i] == '#' && isblank((unsigned char)p[i - 1])) {
            len = i;
            break;
        }
    while (len && isspace((unsigned char)p[len - 1]))
        len--;
    return len;
}

/* One line of `len` bytes that is not empty. */
static bool take(struct myna_envfile *f, const char *p, size_t len)
{
    const char *end = p + len;
    size_t n;

    if (len > 7 && !strncmp(p, "export", 6) && isblank((unsigned char)p[6]))
        p += 7 + strspn(p + 7, " \t");
    n = name_length(p);
    if (!n || n >= sizeof f->name || p + n >= end || p[n] != '=')
        return false;
    memcpy(f->name, p, n);
    f->name[n] = '\0';
    p += n + 1;
    while (p < end && isblank((unsigned char)*p))
        p++;
    if (p < end && (*p == '"' || *p == '\'')) {
        const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));

        if (!close)
            return false;
        p++;
        n = (size_t)(close - p);
    } else {
        n = value_length(p, (size_t)(end - p));
        if (n && *p == '#' && isblank((unsigned char)p[-1]))
            n = 0;
    }
    if (n >= sizeof f->value)
        return false;
    memcpy(f->value, p, n);
    f->value[n] = '\0';
    return true;
}

bool myna_envfile_next(struct myna_envfile *f)
{
    f->bad = false;
    while (*f->at) {
        const char *p = f->at + strspn(f->at, " \t\r");
        size_t len = strcspn(p, "\n");

        f->at = p + len + (p[len] == '\n');
        f->line++;
        while (len && isspace((unsigned char)p[len - 1]))
            len--;
        if (!len || *p == '#')
            continue;
        f->bad = !take(f, p, len);
        return !f->bad;
    }
    return false;
}

bool myna_envfile_find(const char *text, const char *name, char *value, size_t size)
{
    struct myna_envfile f = {.at = text};
    bool found = false;

    for (;;) {
        if (!myna_envfile_next(&f)) {
            if (f.bad)
                continue;
            return found;
        }
        if (strcmp(f.name, name) || strlen(f.value) >= size)
            continue;
        snprintf(value, size, "%s", f.value);
        found = true;
    }
}
