/* list.c - lists and maps are kept as one text, so that a file, a variable and a recording can all
 * carry them; here it is taken apart. */
#include "config/list.h"
#include "util/json_load.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 1024 };

struct list {
    char **items; /* MAX_ITEMS + 1, shrunk at the end */
    size_t n;
    bool map;
    char *complaint;
    size_t size;
};

void myna_list_free(char **items)
{
    for (size_t i = 0; items && items[i]; i++)
        free(items[i]);
    free(items);
}

static enum myna_err refuse(const struct list *l, const char *sentence)
{
    snprintf(l->complaint, l->size, "%s", sentence);
    return MYNA_EFORMAT;
}

/* Takes `item`. */
static enum myna_err append(struct list *l, char *item)
{
    size_t name = item ? strcspn(item, "=") : 0;

    if (!item)
        return MYNA_ENOMEM;
    if (l->n == MAX_ITEMS) {
        free(item);
        return refuse(l, "has more than 1024 items");
    }
    l->items[l->n++] = item;
    if (!l->map)
        return MYNA_OK;
    if (!name || !item[name])
        return refuse(l, "wants name=value, separated by commas");
    for (size_t i = 0; i + 1 < l->n; i++)
        if (!strncmp(l->items[i], item, name + 1)) {
            snprintf(l->complaint, l->size, "has \"%.*s\" twice", (int)(name < 64 ? name : 64),
                     item);
            return MYNA_EFORMAT;
        }
    return MYNA_OK;
}

/* ------------------------------------------------------------------ a, b, "c, d" */

/* One item from *p on, which ends behind it; quotes may stand anywhere in it (name="a, b"). */
static enum myna_err item(struct list *l, const char **p)
{
    const char *in = *p + strspn(*p, " \t\r\n");
    char *out = malloc(strlen(in) + 1);
    size_t n = 0, keep = 0; /* keep: blanks before this byte belong to it */
    bool any = false;

    if (!out)
        return MYNA_ENOMEM;
    while (*in && *in != ',') {
        if (*in != '"') {
            any = true;
            out[n++] = *in++;
            if (!strchr(" \t\r\n", out[n - 1]))
                keep = n;
            continue;
        }
        for (in++; *in && *in != '"'; out[n++] = *in++)
            if (*in == '\\' && (in[1] == '"' || in[1] == '\\'))
                in++;
        if (!*in) {
            free(out);
            return refuse(l, "has a \" that is not closed");
        }
        in++;
        any = true;
        keep = n;
    }
    if (!any) {
        free(out);
        return refuse(l, "has an item with nothing in it; an empty text is written \"\"");
    }
    out[keep] = '\0';
    *p = in;
    return append(l, out);
}

static enum myna_err items(struct list *l, const char *text)
{
    enum myna_err err = MYNA_OK;

    if (!text[strspn(text, " \t\r\n")])
        return MYNA_OK;
    for (;;) {
        err = item(l, &text);
        if (err || !*text)
            return err;
        text++; /* the comma */
    }
}

/* ------------------------------------------------------------------ JSON */

static enum myna_err texts(struct list *l, const json_t *array)
{
    enum myna_err err = MYNA_OK;
    size_t i;
    json_t *value;

    json_array_foreach(array, i, value)
    {
        if (!err && !json_is_string(value))
            err = refuse(l, "wants a list of texts");
        if (!err)
            err = append(l, strdup(json_string_value(value)));
    }
    return err;
}

static enum myna_err pairs(struct list *l, json_t *object)
{
    enum myna_err err = MYNA_OK;
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        char *pair = NULL;

        if (!err && (!json_is_string(value) || !*name || strchr(name, '=')))
            err = refuse(l, "wants names without = and texts behind them");
        if (!err && asprintf(&pair, "%s=%s", name, json_string_value(value)) < 0)
            err = MYNA_ENOMEM;
        if (!err)
            err = append(l, pair);
    }
    return err;
}

static enum myna_err json(struct list *l, const char *text)
{
    json_error_t why = {0};
    json_t *root = myna_json_loads(text, JSON_REJECT_DUPLICATES, &why);
    enum myna_err err;

    if (!root && myna_json_starved(&why))
        return MYNA_ENOMEM;
    if (!root) {
        snprintf(l->complaint, l->size, "is not JSON: %.100s", why.text);
        return MYNA_EFORMAT;
    }
    err = l->map ? pairs(l, root) : texts(l, root);
    json_decref(root);
    return err;
}

enum myna_err myna_list_parse(const char *text, bool map, char ***out, char *complaint, size_t size)
{
    struct list l = {.map = map, .complaint = complaint, .size = size};
    enum myna_err err;
    char **fit;

    l.items = calloc(MAX_ITEMS + 1, sizeof *l.items);
    if (!l.items)
        return MYNA_ENOMEM;
    err = text[strspn(text, " \t\r\n")] == (map ? '{' : '[') ? json(&l, text) : items(&l, text);
    if (err) {
        myna_list_free(l.items);
        return err;
    }
    fit = realloc(l.items, (l.n + 1) * sizeof *fit);
    if (fit) /* else as long as it is */
        l.items = fit;
    *out = l.items;
    return MYNA_OK;
}
