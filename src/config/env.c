/* env.c - the environment: MYNA_SECTION_KEY for every key, and the names an option brings along
 * (LIVEKIT_URL), which a MYNA_ name overrides, and the file where the option says so. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/store.h"
#include "util/suggest.h"

#define PREFIX "MYNA_"

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* Variables of that name which are not keys. */
static bool reserved(const char *name)
{
    return !strcmp(name, "MYNA_MODELS") || starts(name, "MYNA_TEST_");
}

static enum myna_err put(const struct myna_config_place *place, const char *name, const char *value,
                         struct myna_why *why)
{
    char origin[MYNA_CONFIG_MAX_KEY + 16];

    snprintf(origin, sizeof origin, "environment %s", name);
    return myna_config_put(place, value, MYNA_CONFIG_ENVIRONMENT, name, origin, why);
}

/* Calls `each` for every option until it returns true. */
static bool walk(const struct myna_config *cfg,
                 bool (*each)(void *arg, const struct myna_config_place *place), void *arg)
{
    for (size_t g = 0; g < cfg->n; g++) {
        const struct myna_config_group *group = &cfg->groups[g];

        for (size_t i = 0; i < group->n; i++) {
            struct myna_config_place place = {group->path, &group->section->options[i],
                                              &group->values[i]};

            if (each(arg, &place))
                return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ names of the options' own */

struct own {
    enum myna_err err;
    struct myna_why *why;
};

static bool put_own(void *arg, const struct myna_config_place *place)
{
    const char *name = place->option->env, *value = name ? getenv(name) : NULL;
    struct own *own = arg;

    if (place->option->file_first &&
        ((value && !*value) ||
         (place->value->rank == MYNA_CONFIG_FILE && place->value->text && *place->value->text)))
        return false;
    if (value)
        own->err = put(place, name, value, own->why);
    return own->err != MYNA_OK;
}

/* ------------------------------------------------------------------ MYNA_... */

struct search {
    const char *name;
    struct myna_config_place found;
    size_t best; /* slips of the nearest name so far */
    char near[MYNA_CONFIG_MAX_KEY];
};

static bool match(void *arg, const struct myna_config_place *place)
{
    struct search *s = arg;
    char name[MYNA_CONFIG_MAX_KEY];
    size_t d;

    myna_config_env_name(place->path, place->option->name, name, sizeof name);
    if (!strcmp(name, s->name) || (place->option->env && !strcmp(place->option->env, s->name))) {
        s->found = *place;
        return true;
    }
    d = myna_suggest_distance(s->name, name, s->best);
    if (d < s->best) {
        s->best = d;
        snprintf(s->near, sizeof s->near, "%s", name);
    }
    return false;
}

/* The entry that MYNA_TOOLS_NAME_URL is about, with the longest option that the name ends in;
 * false: it is about none. */
static bool entry_named(const struct myna_config *cfg, const char *name,
                        char path[MYNA_CONFIG_MAX_KEY], char key[2 * MYNA_CONFIG_MAX_KEY])
{
    char head[MYNA_CONFIG_MAX_KEY], tail[MYNA_CONFIG_MAX_KEY];
    size_t best = 0;

    for (size_t g = 0; g < cfg->n; g++) {
        const struct myna_section *s = cfg->groups[g].section;
        size_t len = strlen(s->path) - 1; /* with the dot, without the star */

        if (cfg->groups[g].origin || !myna_config_has_entries(s))
            continue;
        for (const struct myna_option *o = s->options; o->name; o++) {
            size_t before, after = strlen(o->name) + 1; /* "_URL" */

            myna_config_env_name(s->path, o->name, head, sizeof head); /* MYNA_TOOLS_*_URL */
            before = strcspn(head, "*");
            snprintf(tail, sizeof tail, "%s", head + before + 1);
            if (strncmp(name, head, before) || strlen(name) <= before + after || after <= best ||
                strcmp(name + strlen(name) - after, tail))
                continue;
            best = after;
            snprintf(path, MYNA_CONFIG_MAX_KEY, "%.*s%.*s", (int)len, s->path,
                     (int)(strlen(name) - before - after), name + before);
            for (char *p = path + len; *p; p++)
                *p = (char)tolower((unsigned char)*p);
            snprintf(key, 2 * (size_t)MYNA_CONFIG_MAX_KEY, "%s.%s", path, o->name);
        }
    }
    return best > 0;
}

/* A name that only fits a new entry. */
static enum myna_err put_entry(struct myna_config *cfg, const char *name, const char *value,
                               const char *path, const char *key, struct myna_why *why)
{
    char origin[MYNA_CONFIG_MAX_KEY + 16];
    struct myna_config_place place;
    enum myna_err err;

    snprintf(origin, sizeof origin, "environment %s", name);
    err = myna_config_add_entry(cfg, path, name, origin, why);
    if (!err && !myna_config_find(cfg, key, &place))
        err = myna_fail(why, MYNA_ECONFIG, "%s: the name is too long", name);
    return err ? err : put(&place, name, value, why);
}

static enum myna_err put_named(struct myna_config *cfg, const char *name, const char *value,
                               struct myna_why *why)
{
    struct search s = {.name = name, .best = 1 + strlen(name) / 3};
    char path[MYNA_CONFIG_MAX_KEY], key[2 * MYNA_CONFIG_MAX_KEY];

    if (walk(cfg, match, &s))
        return put(&s.found, name, value, why);
    if (entry_named(cfg, name, path, key))
        return put_entry(cfg, name, value, path, key, why);
    if (*s.near)
        return myna_fail(why, MYNA_ECONFIG, "%s: unknown variable; did you mean %s?", name, s.near);
    return myna_fail(why, MYNA_ECONFIG,
                     "%s: unknown variable; unset it, or see `myna config` for the keys", name);
}

enum myna_err myna_config_environment(struct myna_config *cfg, struct myna_why *why)
{
    struct own own = {.why = why};

    walk(cfg, put_own, &own);
    if (own.err)
        return own.err;
    for (char **e = environ; e && *e; e++) {
        const char *equals = strchr(*e, '=');
        char name[MYNA_CONFIG_MAX_KEY];
        enum myna_err err;

        if (!starts(*e, PREFIX) || !equals)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(equals - *e < 120 ? equals - *e : 120), *e);
        if (reserved(name))
            continue;
        err = put_named(cfg, name, equals + 1, why);
        if (err)
            return err;
    }
    return MYNA_OK;
}
