/* text.c - the texts of a tool: variables of the environment, arguments, and what stays hidden. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/tool.h"
#include "util/json_dump.h"

/* ---- secrets */

static void secrets_fini(struct tool_secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->list[i]);
    free(s->list);
    *s = (struct tool_secrets){0};
}

static bool keep_secret(struct tool_secrets *s, const char *text)
{
    char **list;

    if (strlen(text) < 4) /* hides more than it protects */
        return true;
    list = realloc(s->list, (s->n + 1) * sizeof *list);
    if (!list)
        return false;
    s->list = list;
    list[s->n] = strdup(text);
    return list[s->n++] != NULL;
}

void myna_tool_mask(struct myna_buf *into, struct myna_view text, const struct tool_secrets *s)
{
    const char *at = (const char *)text.ptr;
    size_t left = text.len;

    while (left) {
        size_t next = left, len = 0;

        for (size_t i = 0; i < s->n; i++) {
            size_t n = s->list[i] ? strlen(s->list[i]) : 0;
            const char *found = n ? memmem(at, left, s->list[i], n) : NULL;

            if (found && (size_t)(found - at) <= next && ((size_t)(found - at) < next || n > len)) {
                next = (size_t)(found - at);
                len = n;
            }
        }
        (void)!myna_buf_put(into, at, next);
        if (len)
            (void)!myna_buf_puts(into, "***");
        at += next + len;
        left -= next + len;
    }
}

enum myna_err myna_tool_expand(struct tool_source *src, const char *key, const char *text,
                               char **out, struct myna_why *why)
{
    struct myna_buf b;
    const char *dollar;

    myna_buf_init(&b, 64 << 10);
    while ((dollar = strstr(text, "${"))) {
        size_t n = strcspn(dollar + 2, "}");
        char name[128];
        const char *value;

        (void)!myna_buf_put(&b, text, (size_t)(dollar - text));
        snprintf(name, sizeof name, "%.*s", (int)(n < 127 ? n : 127), dollar + 2);
        value = dollar[2 + n] == '}' ? getenv(name) : NULL;
        if (!value) {
            myna_buf_fini(&b);
            return myna_tool_refuse(src, key, why,
                                    "names the environment variable %s, which is not set", name);
        }
        if (!keep_secret(&src->secrets, value))
            b.err = MYNA_ENOMEM;
        (void)!myna_buf_puts(&b, value);
        text = dollar + n + 3;
    }
    (void)!myna_buf_puts(&b, text);
    *out = b.err ? NULL : myna_buf_take(&b);
    myna_buf_fini(&b);
    return *out ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
}

enum myna_err myna_tool_read_url(struct tool_source *src, struct myna_why *why)
{
    return myna_tool_expand(src, "url", src->conf.url, &src->url, why);
}

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

enum myna_err myna_tool_read_headers(struct tool_source *src, struct myna_why *why)
{
    size_t n = count(src->conf.headers);
    enum myna_err err = MYNA_OK;

    src->headers = calloc(n + 1, sizeof *src->headers);
    src->header_texts = calloc(2 * n + 1, sizeof *src->header_texts);
    if (!src->headers || !src->header_texts)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    for (size_t i = 0; !err && i < n; i++) {
        const char *row = src->conf.headers[i], *value = strchr(row, '=') + 1;
        char **texts = &src->header_texts[2 * i];

        src->n_headers++;
        texts[0] = strndup(row, (size_t)(value - 1 - row));
        err = texts[0] ? myna_tool_expand(src, "headers", value, &texts[1], why)
                       : myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
        if (err)
            break;
        if (!texts[0][0] || strpbrk(texts[0], "\r\n: ") || strpbrk(texts[1], "\r\n"))
            return myna_tool_refuse(src, "headers", why, "has a name or value that is no header");
        src->headers[i] = (struct myna_http_header){
            texts[0], texts[1], strstr(value, "${") || !strcasecmp(texts[0], "authorization")};
    }
    return err;
}

enum myna_err myna_tool_read_env(struct tool_source *src, struct myna_why *why)
{
    size_t n = count(src->conf.env);
    enum myna_err err = MYNA_OK;

    src->env = calloc(n + 1, sizeof *src->env);
    if (!src->env)
        return myna_fail(why, MYNA_ENOMEM, "no memory for the tool %s", src->name);
    for (size_t i = 0; !err && i < n; i++)
        err = myna_tool_expand(src, "env", src->conf.env[i], &src->env[i], why);
    return err;
}

void myna_tool_texts_fini(struct tool_source *src)
{
    for (size_t i = 0; i < 2 * src->n_headers; i++)
        free(src->header_texts[i]);
    for (size_t i = 0; src->env && src->env[i]; i++)
        free(src->env[i]);
    free(src->header_texts);
    free(src->headers);
    free(src->env);
    free(src->url);
    secrets_fini(&src->secrets);
}

/* ---- arguments */

const char *myna_tool_placeholder(const char *at, size_t *len)
{
    for (; (at = strchr(at, '{')); at++) {
        size_t n = 0;

        while (isalnum((unsigned char)at[1 + n]) || at[1 + n] == '_')
            n++;
        if (n && at[1 + n] == '}' && !isdigit((unsigned char)at[1])) {
            *len = n;
            return at + 1;
        }
    }
    return NULL;
}

bool myna_tool_argument(const json_t *args, const char *name, size_t len, char **out)
{
    char key[128];
    const json_t *value;

    snprintf(key, sizeof key, "%.*s", (int)(len < 127 ? len : 127), name);
    value = json_object_get(args, key);
    *out = NULL;
    if (!value || json_is_null(value))
        return true;
    *out = json_is_string(value) ? strdup(json_string_value(value))
                                 : myna_json_dump(value, JSON_COMPACT | JSON_ENCODE_ANY);
    return *out != NULL;
}

enum myna_err myna_tool_placeholders_known(const struct tool_source *src, const char *key,
                                           const char *template, const json_t *schema,
                                           struct myna_why *why)
{
    const json_t *known = json_object_get(schema, "properties");
    const char *at = template;
    size_t len;

    while ((at = myna_tool_placeholder(at, &len))) {
        char name[128];

        snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), at);
        if (!json_object_get(known, name))
            return myna_tool_refuse(src, key, why,
                                    "has {%s}, but tools.%s.parameters has no property of that "
                                    "name",
                                    name, src->name);
        at += len;
    }
    return MYNA_OK;
}
