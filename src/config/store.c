/* store.c - sections and values: made from the tables, set by key, read into a provider's struct.
 *
 * Every way in ends in myna_config_put(), so a value that sits here is valid for its option.
 */
#include "config/store.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/list.h"
#include "config/value.h"
#include "util/json_dump.h"
#include "util/json_load.h"
#include "util/suggest.h"

enum { FAR = 64 }; /* slips between two names that have nothing in common */

/* ------------------------------------------------------------------ groups */

static size_t count(const struct myna_option *options)
{
    size_t n = 0;

    while (options[n].name)
        n++;
    return n;
}

static void free_value(struct myna_config_value *v)
{
    free(v->text);
    free(v->expanded);
    free(v->origin);
    myna_list_free(v->items);
}

static void free_values(struct myna_config_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_value(&values[i]);
    free(values);
}

/* "~/x" with the home directory; NULL: nothing to replace (or memory short, *err says so). */
static char *expand(const char *text, enum myna_err *err)
{
    const char *home = getenv("HOME");
    char *out = NULL;

    *err = MYNA_OK;
    if (text[0] != '~' || (text[1] && text[1] != '/') || !home || !*home)
        return NULL;
    if (asprintf(&out, "%s%s", home, text + 1) < 0) {
        *err = MYNA_ENOMEM;
        return NULL;
    }
    return out;
}

/* The text of an object or a list in one shape, whatever way it was written. */
static enum myna_err normalize(const char *text, char **out, char *complaint)
{
    json_error_t why = {0};
    json_t *root = myna_json_loads(text, JSON_REJECT_DUPLICATES, &why);

    if (!root) {
        if (myna_json_starved(&why))
            return MYNA_ENOMEM;
        snprintf(complaint, MYNA_COMPLAINT_SIZE, "is not JSON: %.100s (line %d, column %d)",
                 why.text, why.line, why.column);
        return MYNA_EFORMAT;
    }
    *out = myna_json_dump(root, JSON_REAL_PRECISION(15));
    json_decref(root);
    return *out ? MYNA_OK : MYNA_ENOMEM;
}

/* A value with copies of both texts; MYNA_EFORMAT with the rest of a sentence in `complaint`. */
static enum myna_err make_value(const struct myna_option *o, const char *text, const char *origin,
                                struct myna_config_value *out, char *complaint)
{
    struct myna_config_value v = {0};
    enum myna_err err = MYNA_OK;

    v.origin = strdup(origin);
    if (!v.origin)
        return MYNA_ENOMEM;
    if (text && o->type == MYNA_OPT_JSON)
        err = normalize(text, &v.text, complaint);
    else if (text && !(v.text = strdup(text)))
        err = MYNA_ENOMEM;
    if (!err && text && o->type == MYNA_OPT_PATH)
        v.expanded = expand(text, &err);
    if (!err && text && (o->type == MYNA_OPT_LIST || o->type == MYNA_OPT_MAP))
        err = myna_list_parse(text, o->type == MYNA_OPT_MAP, &v.items, complaint,
                              MYNA_COMPLAINT_SIZE);
    if (err)
        free_value(&v);
    else
        *out = v;
    return err;
}

static struct myna_config_value *defaults(const struct myna_option *options, size_t n)
{
    struct myna_config_value *values = calloc(n ? n : 1, sizeof *values);
    char complaint[MYNA_COMPLAINT_SIZE];

    for (size_t i = 0; values && i < n; i++) {
        if (make_value(&options[i], options[i].def, "default", &values[i], complaint)) {
            free_values(values, n);
            return NULL;
        }
    }
    return values;
}

static struct myna_config_group *group_of(const struct myna_config *cfg, const char *path,
                                          size_t len)
{
    for (size_t i = 0; i < cfg->n; i++) {
        const char *p = cfg->groups[i].path;

        if (!strncmp(p, path, len) && !p[len])
            return &cfg->groups[i];
    }
    return NULL;
}

static void free_group(struct myna_config_group *group)
{
    free_values(group->values, group->n);
    free(group->path);
    free(group->origin);
}

/* Appends, or takes the place of `old`; takes nothing on failure. */
static enum myna_err add_group(struct myna_config *cfg, struct myna_config_group *old,
                               const struct myna_section *section, const char *path,
                               const char *origin)
{
    struct myna_config_group *groups, fresh = {.section = section};

    fresh.n = origin || !myna_config_has_entries(section) ? count(section->options) : 0;
    fresh.path = strdup(path);
    fresh.origin = origin ? strdup(origin) : NULL;
    fresh.values = defaults(section->options, fresh.n);
    if (!fresh.path || (origin && !fresh.origin) || !fresh.values)
        goto fail;
    if (old) {
        free_group(old);
        *old = fresh;
        return MYNA_OK;
    }
    groups = realloc(cfg->groups, (cfg->n + 1) * sizeof *groups);
    if (!groups)
        goto fail;
    cfg->groups = groups;
    groups[cfg->n++] = fresh;
    return MYNA_OK;
fail:
    if (!fresh.values)
        fresh.n = 0;
    free_group(&fresh);
    return MYNA_ENOMEM;
}

enum myna_err myna_config_add_section(struct myna_config *cfg, const struct myna_section *section)
{
    size_t n = count(section->options), len = strlen(section->path);
    struct myna_config_group *group = group_of(cfg, section->path, len);

    if (myna_config_has_entries(section))
        len += MYNA_CONFIG_MAX_NAME - 1;
    for (size_t i = 0; i < n; i++)
        if (len + 1 + strlen(section->options[i].name) >= MYNA_CONFIG_MAX_KEY)
            return MYNA_EINVAL;
    if (group && group->section->options == section->options)
        return MYNA_OK;
    /* `group` there: a host's class in place of a built-in one of the same name */
    return add_group(cfg, group, section, section->path, NULL);
}

struct myna_config *myna_config_create(void)
{
    struct myna_config *cfg = calloc(1, sizeof *cfg);

    for (const struct myna_section *s = myna_config_sections(); cfg && s->path; s++) {
        if (myna_config_add_section(cfg, s)) {
            myna_config_destroy(cfg);
            return NULL;
        }
    }
    return cfg;
}

void myna_config_destroy(struct myna_config *cfg)
{
    if (!cfg)
        return;
    for (size_t i = 0; i < cfg->n; i++)
        free_group(&cfg->groups[i]);
    free(cfg->groups);
    free(cfg);
}

/* ------------------------------------------------------------------ keys */

enum myna_err myna_config_add_group(struct myna_config *cfg, const struct myna_section *section,
                                    const char *path, const char *origin)
{
    return add_group(cfg, NULL, section, path, origin);
}

bool myna_config_find(const struct myna_config *cfg, const char *key,
                      struct myna_config_place *place)
{
    const char *dot = strrchr(key, '.');
    struct myna_config_group *group = dot ? group_of(cfg, key, (size_t)(dot - key)) : NULL;

    *place = (struct myna_config_place){0};
    for (size_t i = 0; group && i < group->n; i++) {
        const struct myna_option *o = &group->section->options[i];

        if (!strcmp(o->name, dot + 1)) {
            *place = (struct myna_config_place){group->path, o, &group->values[i]};
            return true;
        }
    }
    return false;
}

bool myna_config_is_section(const struct myna_config *cfg, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < cfg->n; i++) {
        const struct myna_config_group *g = &cfg->groups[i];
        bool entries =
            !g->origin && myna_config_has_entries(g->section); /* "tools", not "tools.*" */

        if (!strncmp(g->path, path, len) && ((!g->path[len] && !entries) || g->path[len] == '.'))
            return true;
    }
    return false;
}

/* Is `candidate` nearer to what was written than all before? A key whose last part is the same, or
 * nearly, counts as near wherever it stands: "min_delay" means "turn.min_delay". */
static void consider(const char *key, const char *candidate, size_t *best, char *near, size_t size)
{
    const char *last = strrchr(key, '.'), *end = strrchr(candidate, '.');
    size_t d = myna_suggest_distance(key, candidate, FAR), tail;

    last = last ? last + 1 : key;
    end = end ? end + 1 : candidate;
    tail = myna_suggest_distance(last, end, FAR);
    if (tail <= strlen(last) / 3 && tail + 2 < d)
        d = tail + 2; /* the wrong place is worth two slips */
    if (d < *best && d <= strlen(key) / 3 + 2) {
        *best = d;
        snprintf(near, size, "%s", candidate);
    }
}

void myna_config_hint(const struct myna_config *cfg, const char *key, char *hint, size_t size)
{
    char near[MYNA_CONFIG_MAX_KEY] = "", candidate[MYNA_CONFIG_MAX_KEY];
    size_t best = FAR;

    for (size_t i = 0; i < cfg->n; i++) {
        const struct myna_config_group *g = &cfg->groups[i];

        if (!g->origin && myna_config_has_entries(g->section)) {
            snprintf(candidate, sizeof candidate, "%.*s", (int)strlen(g->path) - 2, g->path);
            consider(key, candidate, &best, near, sizeof near);
            continue;
        }
        consider(key, g->path, &best, near, sizeof near);
        for (const struct myna_option *o = g->section->options; o->name; o++) {
            snprintf(candidate, sizeof candidate, "%s.%s", g->path, o->name);
            consider(key, candidate, &best, near, sizeof near);
        }
    }
    if (*near)
        snprintf(hint, size, "; did you mean \"%s\"?", near);
    else
        snprintf(hint, size, "; `myna config` shows all keys");
}

void myna_config_env_name(const char *path, const char *option, char *name, size_t size)
{
    snprintf(name, size, "MYNA_%s_%s", path, option);
    for (char *p = name; *p; p++)
        *p = *p == '.' || *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

/* ------------------------------------------------------------------ values */

enum myna_err myna_config_put(const struct myna_config_place *place, const char *text,
                              enum myna_config_rank rank, const char *where, const char *origin,
                              struct myna_why *why)
{
    char complaint[MYNA_COMPLAINT_SIZE];
    union myna_config_typed typed;
    struct myna_config_value fresh, *v = place->value;
    enum myna_err err = MYNA_EFORMAT;

    if (text && strlen(text) > MYNA_CONFIG_MAX_VALUE)
        return myna_fail(why, MYNA_ECONFIG, "%s: %s.%s is longer than %d bytes", where, place->path,
                         place->option->name, MYNA_CONFIG_MAX_VALUE);
    if (myna_value_parse(place->option, text, &typed, complaint))
        err = make_value(place->option, text, origin, &fresh, complaint);
    if (err == MYNA_ENOMEM)
        return myna_fail(why, MYNA_ENOMEM, "%s: memory is short", where);
    if (err)
        return myna_fail(why, MYNA_ECONFIG, "%s: %s.%s %s", where, place->path, place->option->name,
                         complaint);
    if (rank < v->rank) {
        free_value(&fresh);
        return MYNA_OK;
    }
    fresh.rank = rank;
    fresh.parsed = v->parsed;
    fresh.line = v->line;
    fresh.column = v->column;
    free_value(v);
    *v = fresh;
    return MYNA_OK;
}

enum myna_err myna_config_set(struct myna_config *cfg, const char *key, const char *value,
                              const char *origin, struct myna_why *why)
{
    const char *where = origin ? origin : "set";
    struct myna_config_place place;
    char hint[MYNA_CONFIG_MAX_KEY + 32], path[MYNA_CONFIG_MAX_KEY];
    const char *dot = strrchr(key, '.');
    enum myna_err err;

    if (dot && !myna_config_find(cfg, key, &place)) {
        snprintf(path, sizeof path, "%.*s", (int)(dot - key < 127 ? dot - key : 127), key);
        err = myna_config_entry_takes(cfg, path, dot + 1)
                  ? myna_config_add_entry(cfg, path, where, where, why)
                  : MYNA_ENOENT;
        if (err && err != MYNA_ENOENT)
            return err;
    }
    if (myna_config_find(cfg, key, &place))
        return myna_config_put(&place, value, MYNA_CONFIG_HOST, where, where, why);
    myna_config_hint(cfg, key, hint, sizeof hint);
    return myna_fail(why, MYNA_ECONFIG, "%s: unknown key \"%.100s\"%s", where, key, hint);
}

const char *myna_config_get(const struct myna_config *cfg, const char *key)
{
    struct myna_config_place place;

    return myna_config_find(cfg, key, &place) ? place.value->text : NULL;
}

bool myna_config_is_default(const struct myna_config *cfg, const char *key)
{
    struct myna_config_place place;

    return myna_config_find(cfg, key, &place) && place.value->rank == MYNA_CONFIG_DEFAULT;
}

const char *myna_config_origin(const struct myna_config *cfg, const char *key)
{
    struct myna_config_place place;

    return myna_config_find(cfg, key, &place) ? place.value->origin : NULL;
}

/* ------------------------------------------------------------------ into a struct */

static const char *const none_of_them[] = {NULL};

static void store(void *into, const struct myna_option *o, const char *text, char **items,
                  const union myna_config_typed *typed)
{
    char *field = (char *)into + o->offset;

    switch (o->type) {
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
    case MYNA_OPT_SECRET:
    case MYNA_OPT_JSON:
        *(const char **)(void *)field = text;
        return;
    case MYNA_OPT_LIST:
    case MYNA_OPT_MAP:
        *(const char *const **)(void *)field = items ? (const char *const *)items : none_of_them;
        return;
    case MYNA_OPT_BOOL:
        *(bool *)(void *)field = typed->b;
        return;
    case MYNA_OPT_DOUBLE:
        *(double *)(void *)field = typed->d;
        return;
    case MYNA_OPT_INT:
    case MYNA_OPT_MS:
    case MYNA_OPT_CHOICE:
        *(int *)(void *)field = typed->i;
        return;
    }
}

/* A number that is unset by default reads as 0, a time as -1. */
static enum myna_err read_one(const char *path, const struct myna_option *o,
                              const struct myna_config_value *v, void *into, struct myna_why *why)
{
    const char *text = !v ? o->def : v->expanded ? v->expanded : v->text;
    union myna_config_typed typed = {0};
    char complaint[MYNA_COMPLAINT_SIZE];

    if (!text && o->type == MYNA_OPT_MS)
        typed.i = -1;
    else if (text && !myna_value_parse(o, text, &typed, complaint))
        return myna_fail(why, MYNA_EINVAL, "the table of section %s is wrong: %s %s", path, o->name,
                         complaint);
    store(into, o, text, v ? v->items : NULL, &typed);
    return MYNA_OK;
}

static enum myna_err read_group(const struct myna_config *cfg, const struct myna_section *section,
                                const char *path, void *into, struct myna_why *why)
{
    char key[MYNA_CONFIG_MAX_KEY];

    for (const struct myna_option *o = section->options; o->name; o++) {
        struct myna_config_place place = {0};
        enum myna_err err;

        snprintf(key, sizeof key, "%s.%s", path, o->name);
        if (cfg)
            (void)myna_config_find(cfg, key, &place);
        err = read_one(path, o, place.value, into, why);
        if (err)
            return err;
    }
    return MYNA_OK;
}

enum myna_err myna_config_read(const struct myna_config *cfg, const struct myna_section *section,
                               void *into, struct myna_why *why)
{
    return read_group(cfg, section, section->path, into, why);
}

enum myna_err myna_config_read_entry(const struct myna_config *cfg,
                                     const struct myna_section *section, const char *name,
                                     void *into, struct myna_why *why)
{
    char path[MYNA_CONFIG_MAX_KEY];

    snprintf(path, sizeof path, "%.*s%s", (int)strlen(section->path) - 1, section->path, name);
    return read_group(cfg, section, path, into, why);
}
