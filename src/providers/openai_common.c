/* openai_common.c - what every client of OpenAI's wire needs of its options: a list of headers, an
 * address, a key. Serves the chat target and the two speech endpoints. Pure.
 */
#include "providers/openai.h"
#include "util/json_load.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool some(const char *text)
{
    return text && text[0];
}

/* ---- headers */

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

void myna_openai_headers_fini(struct myna_openai_headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        drop(h->h[i].name);
        drop(h->h[i].value);
    }
    h->n = 0;
}

static enum myna_err put(struct myna_openai_headers *h, const char *name, size_t n_name,
                         const char *value, size_t n_value, bool secret)
{
    struct myna_http_header *at = NULL;
    char *n = strndup(name, n_name), *v = strndup(value, n_value);

    for (size_t i = 0; i < h->n; i++)
        if (strlen(h->h[i].name) == n_name && !strncasecmp(h->h[i].name, name, n_name))
            at = &h->h[i];
    if (!n || !v || (!at && h->n == MYNA_OPENAI_MAX_HEADERS)) {
        free(n);
        free(v);
        return n && v ? MYNA_ELIMIT : MYNA_ENOMEM;
    }
    if (at) {
        drop(at->name);
        drop(at->value);
    } else {
        at = &h->h[h->n++];
    }
    *at = (struct myna_http_header){.name = n, .value = v, .secret = secret};
    return MYNA_OK;
}

enum myna_err myna_openai_headers_put(struct myna_openai_headers *h, const char *name,
                                      const char *value, bool secret)
{
    return put(h, name, strlen(name), value, strlen(value), secret);
}

static enum myna_err read_json(struct myna_openai_headers *h, const char *text)
{
    json_t *o = myna_json_loads(text, 0, NULL), *value;
    enum myna_err err = json_is_object(o) ? MYNA_OK : MYNA_ECONFIG;
    const char *name;

    json_object_foreach(o, name, value)
    {
        if (!err && json_is_string(value))
            err = myna_openai_headers_put(h, name, json_string_value(value), true);
        else if (!err)
            err = MYNA_ECONFIG;
    }
    json_decref(o);
    return err;
}

static enum myna_err read_lines(struct myna_openai_headers *h, const char *p)
{
    enum myna_err err = MYNA_OK;

    while (*p && !err) {
        size_t line = strcspn(p, "\r\n"), name = strcspn(p, ":\r\n"), from;

        if (name == 0 || name >= line)
            return MYNA_ECONFIG;
        from = name + 1 + strspn(p + name + 1, " \t");
        err = put(h, p, name, p + from, from < line ? line - from : 0, true);
        p += line + strspn(p + line, "\r\n");
        p += strspn(p, " \t\r\n");
    }
    return err;
}

enum myna_err myna_openai_headers_read(struct myna_openai_headers *h, const char *text,
                                       const char *section, struct myna_why *why)
{
    const char *p = text ? text : "";
    enum myna_err err;

    p += strspn(p, " \t\r\n");
    err = *p == '{' ? read_json(h, p) : read_lines(h, p);
    if (!err)
        return MYNA_OK;
    return myna_fail(why, err,
                     "%s.headers: want one 'Name: value' a line, or a JSON object of texts, at "
                     "most %d",
                     section, MYNA_OPENAI_MAX_HEADERS);
}

/* ---- address and key */

enum myna_err myna_openai_base(const char *section, const char *base_url, const char *endpoint,
                               char **out, struct myna_why *why)
{
    const char *base = base_url ? base_url : "";
    size_t n = strlen(base), tail = strlen(endpoint);
    char shown[200];

    while (n > 0 && base[n - 1] == '/')
        n--;
    myna_http_show_url(base, shown, sizeof shown);
    if (!n)
        return myna_fail(why, MYNA_ECONFIG,
                         "%s.base_url is not set; it is the address before %s, such as "
                         "http://127.0.0.1:8000/v1",
                         section, endpoint);
    if ((strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0) || !shown[0])
        return myna_fail(why, MYNA_ECONFIG,
                         "%s.base_url must begin with http:// or https:// and name a host",
                         section);
    if (n > tail && !strncmp(base + n - tail, endpoint, tail))
        n -= tail; /* pasted whole */
    *out = strndup(base, n);
    return *out ? MYNA_OK : myna_fail(why, MYNA_ENOMEM, "no memory for %s.base_url", section);
}

enum myna_err myna_openai_key(const char *section, const char *api_key, const char *api_key_env,
                              bool needed, const char *(*env)(const char *name), const char **out,
                              struct myna_why *why)
{
    const char *key = api_key;

    if (!some(key) && some(api_key_env))
        key = env(api_key_env);
    if (!some(key) || !strcmp(key, "EMPTY"))
        key = NULL;
    if (key)
        for (const char *k = key; *k; k++)
            if (*k <= ' ' || *k >= 127)
                return myna_fail(why, MYNA_ECONFIG,
                                 "%s.api_key has a blank, a line end or a character that is not "
                                 "ASCII: was it copied whole?",
                                 section);
    if (!key && needed)
        return myna_fail(why, MYNA_ECONFIG, "%s.api_key is not set; put the key into %s", section,
                         some(api_key_env) ? api_key_env : "it");
    *out = key;
    return MYNA_OK;
}
