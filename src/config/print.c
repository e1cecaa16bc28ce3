/* print.c - the effective configuration, for people as YAML with origins, for programs as JSON. */
#include "config/store.h"

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/value.h"
#include "util/json_dump.h"
#include "util/json_load.h"

#define MASK "************"

enum { INDENT = 2, COMMENT_COLUMN = 44 };

/* ------------------------------------------------------------------ YAML */

/* Could the text stand without quotes and still be read back as itself? */
static bool bare(const char *text)
{
    static const char *const words[] = {"null", "~", "true", "false", "yes", "no", "on", "off"};
    double number;

    if (!isalnum((unsigned char)*text) && *text != '/' && *text != '.')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i]))
            return false;
    return !text[strspn(text,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] &&
           !myna_value_number(text, strlen(text), &number);
}

/* The code point at `p` and its length; a byte that is no UTF-8 stands for itself. */
static uint32_t decode(const char *p, size_t *len)
{
    const unsigned char *u = (const unsigned char *)p;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xc0 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    uint32_t c = n < 2 ? u[0] : u[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | (u[i] & 0x3f);
    }
    if (!n || c < least[n] || c > 0x10ffff)
        n = 0;
    *len = n ? n : 1;
    return n ? c : u[0];
}

/* YAML 1.1 5.1 and 5.4: what may stand in a quoted scalar and is no line break. */
static bool printable(uint32_t c)
{
    return (c >= ' ' && c < 0x7f) || (c >= 0xa0 && c < 0xd800 && c != 0x2028 && c != 0x2029) ||
           (c >= 0xe000 && c < 0xfffe && c != 0xfeff) || c >= 0x10000;
}

/* JSON is YAML once what YAML cannot hold is escaped; that stands only inside of its texts. */
static int print_json(FILE *out, const char *text)
{
    size_t len;
    int n = 0;

    for (; *text; text += len) {
        uint32_t c = decode(text, &len);

        if (printable(c) && (c < 0x80 || len > 1))
            n += fprintf(out, "%.*s", (int)len, text) > 0;
        else
            n += fprintf(out, "\\u%04x", c);
    }
    return n;
}

static int print_text(FILE *out, const char *text);

/* A list as [a, b], a map as {name: a}. */
static int print_items(FILE *out, const struct myna_option *o, char *const *items)
{
    bool map = o->type == MYNA_OPT_MAP;
    int n = fprintf(out, map ? "{" : "[");

    for (size_t i = 0; items && items[i]; i++) {
        const char *value = items[i];

        n += fprintf(out, i ? ", " : "");
        if (map) {
            char *name;

            value = strchr(items[i], '=') + 1;
            name = strndup(items[i], (size_t)(value - 1 - items[i]));
            n += print_text(out, name ? name : "");
            n += fprintf(out, ": ");
            free(name);
        }
        n += o->secret ? fprintf(out, "\"" MASK "\"") : print_text(out, value);
    }
    return n + fprintf(out, map ? "}" : "]");
}

/* Returns the columns it took. */
static int print_text(FILE *out, const char *text)
{
    size_t len;
    int n = 2;

    if (bare(text))
        return fprintf(out, "%s", text);
    fputc('"', out);
    for (; *text; text += len) {
        uint32_t c = decode(text, &len);

        if (c == '"' || c == '\\')
            n += fprintf(out, "\\%c", (char)c);
        else if (c == '\n')
            n += fprintf(out, "\\n");
        else if (c > 0xff && !printable(c))
            n += fprintf(out, "\\u%04x", c);
        else if (!printable(c) || (c >= 0x80 && len == 1))
            n += fprintf(out, "\\x%02x", c);
        else
            n += fprintf(out, "%.*s", (int)len, text) > 0;
    }
    fputc('"', out);
    return n;
}

static int print_value(FILE *out, const struct myna_option *o, const struct myna_config_value *v)
{
    if (!v->text)
        return fprintf(out, "null");
    switch (o->type) {
    case MYNA_OPT_SECRET:
        return fprintf(out, "\"" MASK "\"");
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
        return print_text(out, v->text);
    case MYNA_OPT_LIST:
    case MYNA_OPT_MAP:
        return print_items(out, o, v->items);
    case MYNA_OPT_JSON:
        return print_json(out, v->text);
    case MYNA_OPT_BOOL:
    case MYNA_OPT_INT:
    case MYNA_OPT_DOUBLE:
    case MYNA_OPT_MS:
    case MYNA_OPT_CHOICE:
        break;
    }
    return fprintf(out, "%s", v->text);
}

static void print_group(FILE *out, const struct myna_config_group *group, int indent)
{
    for (size_t i = 0; i < group->n; i++) {
        const struct myna_option *o = &group->section->options[i];
        int column = fprintf(out, "%*s%s: ", indent, "", o->name);

        column += print_value(out, o, &group->values[i]);
        fprintf(out, "%*s# %s\n", column < COMMENT_COLUMN ? COMMENT_COLUMN - column : 2, "",
                group->values[i].origin);
    }
}

/* The part of `path` just below `prefix` ("stt" below "", "moonshine" below "stt"); 0: not below.
 */
static size_t child(const char *path, const char *prefix, size_t prefix_len, const char **name)
{
    if (prefix_len) {
        if (strncmp(path, prefix, prefix_len) || path[prefix_len] != '.')
            return 0;
        path += prefix_len + 1;
    }
    *name = path;
    return strcspn(path, ".");
}

/* A section of entries is seen by its entries. */
static bool hidden(const struct myna_config_group *group)
{
    return !group->origin && myna_config_has_entries(group->section);
}

static bool shown_before(const struct myna_config *cfg, size_t i, size_t len)
{
    const char *path = cfg->groups[i].path;

    for (size_t k = 0; k < i; k++) {
        const char *p = cfg->groups[k].path;

        if (!hidden(&cfg->groups[k]) && !strncmp(p, path, len) && (!p[len] || p[len] == '.'))
            return true;
    }
    return false;
}

/* A section, then the sections below it, wherever they stand in the list: no depth beyond that of
 * the paths. */
static void print_below(const struct myna_config *cfg, FILE *out, const char *prefix,
                        size_t prefix_len, int indent)
{
    for (size_t i = 0; i < cfg->n; i++) {
        const char *path = cfg->groups[i].path, *name;
        size_t len = child(path, prefix, prefix_len, &name);
        size_t end = len ? (size_t)(name - path) + len : 0;

        if (!len || hidden(&cfg->groups[i]) || shown_before(cfg, i, end))
            continue;
        fprintf(out, "%*s%.*s:\n", indent, "", (int)len, name);
        for (size_t k = i; k < cfg->n; k++) {
            const char *p = cfg->groups[k].path;

            if (!strncmp(p, path, end) && !p[end])
                print_group(out, &cfg->groups[k], indent + INDENT);
        }
        print_below(cfg, out, path, end, indent + INDENT);
    }
}

enum myna_err myna_config_print(const struct myna_config *cfg, FILE *out)
{
    print_below(cfg, out, "", 0, 0);
    return ferror(out) ? MYNA_EIO : MYNA_OK;
}

/* ------------------------------------------------------------------ JSON */

/* Bytes of the environment need not be UTF-8; JSON must. */
static json_t *json_text(const char *text)
{
    json_t *json = json_string(text);
    char *copy = json ? NULL : strdup(text);

    if (!copy)
        return json;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    json = json_string(copy);
    free(copy);
    return json;
}

static json_t *json_items(const struct myna_option *o, char *const *items)
{
    bool map = o->type == MYNA_OPT_MAP;
    json_t *all = map ? json_object() : json_array();
    bool ok = all != NULL;

    for (size_t i = 0; ok && items && items[i]; i++) {
        const char *text = map ? strchr(items[i], '=') + 1 : items[i];
        json_t *value = o->secret ? json_null() : json_text(text);
        char *name = map ? strndup(items[i], (size_t)(text - 1 - items[i])) : NULL;
        json_t *key = name ? json_text(name) : NULL;

        if (map)
            ok = key && !json_object_set_new(all, json_string_value(key), value);
        else
            ok = !json_array_append_new(all, value);
        if (map && !key)
            json_decref(value);
        json_decref(key);
        free(name);
    }
    if (!ok)
        json_decref(all);
    return ok ? all : NULL;
}

static json_t *json_value(const struct myna_option *o, const struct myna_config_value *v)
{
    union myna_config_typed typed;
    char complaint[MYNA_COMPLAINT_SIZE];
    const char *text = v->text;

    if (!text || o->type == MYNA_OPT_SECRET)
        return json_null();
    if (!myna_value_parse(o, text, &typed, complaint))
        return json_text(text);
    switch (o->type) {
    case MYNA_OPT_BOOL:
        return json_boolean(typed.b);
    case MYNA_OPT_INT:
        return json_integer(typed.i);
    case MYNA_OPT_MS:
        return typed.i < 0 ? json_null() : json_integer(typed.i);
    case MYNA_OPT_DOUBLE:
        return json_real(typed.d);
    case MYNA_OPT_LIST:
    case MYNA_OPT_MAP:
        return json_items(o, v->items);
    case MYNA_OPT_JSON:
        return myna_json_loads(text, 0, NULL);
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
    case MYNA_OPT_SECRET:
    case MYNA_OPT_CHOICE:
        break;
    }
    return json_text(text);
}

static bool add_key(json_t *all, const char *path, const struct myna_option *o,
                    const struct myna_config_value *v)
{
    char key[MYNA_CONFIG_MAX_KEY];
    json_t *entry = json_object();
    bool ok = entry && !json_object_set_new(entry, "value", json_value(o, v)) &&
              !json_object_set_new(entry, "origin", json_text(v->origin));

    if (ok && (o->type == MYNA_OPT_SECRET || o->secret))
        ok = !json_object_set_new(entry, "secret", json_boolean(v->text != NULL));
    snprintf(key, sizeof key, "%s.%s", path, o->name);
    if (ok)
        return !json_object_set_new(all, key, entry);
    json_decref(entry);
    return false;
}

char *myna_config_json(const struct myna_config *cfg)
{
    json_t *all = json_object();
    bool ok = all != NULL;
    char *text = NULL;

    for (size_t g = 0; ok && g < cfg->n; g++)
        for (size_t i = 0; ok && i < cfg->groups[g].n; i++)
            ok = add_key(all, cfg->groups[g].path, &cfg->groups[g].section->options[i],
                         &cfg->groups[g].values[i]);
    if (ok)
        text = myna_json_dump(all, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(all);
    return text;
}
