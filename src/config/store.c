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

#include "config/value.h"
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

/* Takes copies; on failure the old value stays. */
static enum myna_err assign(struct myna_config_value *v, const struct myna_option *o,
                            const char *text, enum myna_config_rank rank, const char *origin)
{
    struct myna_config_value fresh = {
        .rank = rank, .parsed = v->parsed, .line = v->line, .column = v->column};
    enum myna_err err = MYNA_OK;

    fresh.origin = strdup(origin);
    fresh.text = text ? strdup(text) : NULL;
    if (text && o->type == MYNA_OPT_PATH)
        fresh.expanded = expand(text, &err);
    if (!fresh.origin || (text && !fresh.text) || err) {
        free_value(&fresh);
        return MYNA_ENOMEM;
    }
    free_value(v);
    *v = fresh;
    return MYNA_OK;
}

static struct myna_config_value *defaults(const struct myna_option *options, size_t n)
{
    struct myna_config_value *values = calloc(n ? n : 1, sizeof *values);

    for (size_t i = 0; values && i < n; i++) {
        if (assign(&values[i], &options[i], options[i].def, MYNA_CONFIG_DEFAULT, "default")) {
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
        const char *p = cfg->groups[i].section->path;

        if (!strncmp(p, path, len) && !p[len])
            return &cfg->groups[i];
    }
    return NULL;
}

enum myna_err myna_config_add_section(struct myna_config *cfg, const struct myna_section *section)
{
    struct myna_config_group *group, *groups;
    struct myna_config_value *values;
    size_t n = count(section->options);

    for (size_t i = 0; i < n; i++)
        if (strlen(section->path) + 1 + strlen(section->options[i].name) >= MYNA_CONFIG_MAX_KEY)
            return MYNA_EINVAL;
    group = group_of(cfg, section->path, strlen(section->path));
    if (group && group->section->options == section->options)
        return MYNA_OK;
    values = defaults(section->options, n);
    if (!values)
        return MYNA_ENOMEM;
    if (group) { /* a host's class in place of a built-in one of the same name */
        free_values(group->values, group->n);
    } else {
        groups = realloc(cfg->groups, (cfg->n + 1) * sizeof *groups);
        if (!groups) {
            free_values(values, n);
            return MYNA_ENOMEM;
        }
        cfg->groups = groups;
        group = &groups[cfg->n++];
    }
    *group = (struct myna_config_group){.section = section, .n = n, .values = values};
    return MYNA_OK;
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
        free_values(cfg->groups[i].values, cfg->groups[i].n);
    free(cfg->groups);
    free(cfg);
}

/* ------------------------------------------------------------------ keys */

bool myna_config_find(const struct myna_config *cfg, const char *key,
                      struct myna_config_place *place)
{
    const char *dot = strrchr(key, '.');
    struct myna_config_group *group = dot ? group_of(cfg, key, (size_t)(dot - key)) : NULL;

    *place = (struct myna_config_place){0};
    for (size_t i = 0; group && i < group->n; i++) {
        const struct myna_option *o = &group->section->options[i];

        if (!strcmp(o->name, dot + 1)) {
            *place = (struct myna_config_place){group->section, o, &group->values[i]};
            return true;
        }
    }
    return false;
}

bool myna_config_is_section(const struct myna_config *cfg, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < cfg->n; i++) {
        const char *p = cfg->groups[i].section->path;

        if (!strncmp(p, path, len) && (!p[len] || p[len] == '.'))
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
        const struct myna_section *s = cfg->groups[i].section;

        consider(key, s->path, &best, near, sizeof near);
        for (const struct myna_option *o = s->options; o->name; o++) {
            snprintf(candidate, sizeof candidate, "%s.%s", s->path, o->name);
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

    if (text && strlen(text) > MYNA_CONFIG_MAX_VALUE)
        return myna_fail(why, MYNA_ECONFIG, "%s: %s.%s is longer than %d bytes", where,
                         place->section->path, place->option->name, MYNA_CONFIG_MAX_VALUE);
    if (!myna_value_parse(place->option, text, &typed, complaint))
        return myna_fail(why, MYNA_ECONFIG, "%s: %s.%s %s", where, place->section->path,
                         place->option->name, complaint);
    if (rank < place->value->rank)
        return MYNA_OK;
    if (assign(place->value, place->option, text, rank, origin))
        return myna_fail(why, MYNA_ENOMEM, "%s: memory is short", where);
    return MYNA_OK;
}

enum myna_err myna_config_set(struct myna_config *cfg, const char *key, const char *value,
                              const char *origin, struct myna_why *why)
{
    const char *where = origin ? origin : "set";
    struct myna_config_place place;
    char hint[MYNA_CONFIG_MAX_KEY + 32];

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

/* ------------------------------------------------------------------ into a struct */

static void store(void *into, const struct myna_option *o, const char *text,
                  const union myna_config_typed *typed)
{
    char *field = (char *)into + o->offset;

    switch (o->type) {
    case MYNA_OPT_STRING:
    case MYNA_OPT_PATH:
    case MYNA_OPT_SECRET:
        *(const char **)(void *)field = text;
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
static enum myna_err read_one(const struct myna_section *section, const struct myna_option *o,
                              const char *text, void *into, struct myna_why *why)
{
    union myna_config_typed typed = {0};
    char complaint[MYNA_COMPLAINT_SIZE];

    if (!text && o->type == MYNA_OPT_MS)
        typed.i = -1;
    else if (text && !myna_value_parse(o, text, &typed, complaint))
        return myna_fail(why, MYNA_EINVAL, "the table of section %s is wrong: %s %s", section->path,
                         o->name, complaint);
    store(into, o, text, &typed);
    return MYNA_OK;
}

enum myna_err myna_config_read(const struct myna_config *cfg, const struct myna_section *section,
                               void *into, struct myna_why *why)
{
    char key[MYNA_CONFIG_MAX_KEY];

    for (const struct myna_option *o = section->options; o->name; o++) {
        struct myna_config_place place = {0};
        const char *text = o->def;
        enum myna_err err;

        snprintf(key, sizeof key, "%s.%s", section->path, o->name);
        if (cfg && myna_config_find(cfg, key, &place))
            text = place.value->expanded ? place.value->expanded : place.value->text;
        err = read_one(section, o, text, into, why);
        if (err)
            return err;
    }
    return MYNA_OK;
}
