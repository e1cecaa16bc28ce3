/* entries.c - sections of entries that the person names ("tools.*"): which there are, which may be.
 *
 * An entry is a group like any other, made when its name is met; so everything that works on keys
 * works on the keys of an entry.
 */
#include "config/store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool myna_config_has_entries(const struct myna_section *section)
{
    size_t len = strlen(section->path);

    return len > 2 && !strcmp(section->path + len - 2, ".*");
}

/* The section of entries that `path` would be one of, and the name; NULL: there is none. */
static const struct myna_section *section_of(const struct myna_config *cfg, const char *path,
                                             const char **name)
{
    const char *dot = strrchr(path, '.');
    size_t len = dot ? (size_t)(dot + 1 - path) : 0;

    for (size_t i = 0; len && i < cfg->n; i++) {
        const struct myna_section *s = cfg->groups[i].section;

        if (!cfg->groups[i].origin && myna_config_has_entries(s) && strlen(s->path) == len + 1 &&
            !strncmp(s->path, path, len)) {
            *name = dot + 1;
            return s;
        }
    }
    return NULL;
}

bool myna_config_may_be_entry(const struct myna_config *cfg, const char *path)
{
    const char *name;

    return section_of(cfg, path, &name) != NULL;
}

bool myna_config_entry_takes(const struct myna_config *cfg, const char *path, const char *option)
{
    const char *name;
    const struct myna_section *section = section_of(cfg, path, &name);

    for (const struct myna_option *o = section ? section->options : NULL; o && o->name; o++)
        if (!strcmp(o->name, option))
            return true;
    return false;
}

static char folded(char c)
{
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

/* Are the two one name in the environment? */
static bool alike(const char *a, const char *b)
{
    for (; *a && folded(*a) == folded(*b); a++)
        b++;
    return !*a && !*b;
}

static enum myna_err check_name(const struct myna_config *cfg, const struct myna_section *section,
                                const char *name, const char *where, struct myna_why *why)
{
    struct myna_config_entry other;
    size_t n = 0, len = strlen(name);

    if (!len || len > MYNA_CONFIG_MAX_NAME ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
        return myna_fail(why, MYNA_ECONFIG,
                         "%s: \"%.70s\" cannot be a name in %s; a name has 1 to %d letters, "
                         "digits, _ or -",
                         where, name, section->path, MYNA_CONFIG_MAX_NAME);
    for (; myna_config_entry(cfg, section, n, &other); n++)
        if (alike(other.name, name))
            return myna_fail(why, MYNA_ECONFIG,
                             "%s: \"%s\" is too like \"%s\" (%s); names in %s must differ in "
                             "more than case, - and _",
                             where, name, other.name, other.origin, section->path);
    if (n >= MYNA_CONFIG_MAX_ENTRIES)
        return myna_fail(why, MYNA_ECONFIG, "%s: %s has more than %d entries", where, section->path,
                         MYNA_CONFIG_MAX_ENTRIES);
    return MYNA_OK;
}

enum myna_err myna_config_add_entry(struct myna_config *cfg, const char *path, const char *where,
                                    const char *origin, struct myna_why *why)
{
    const char *name;
    const struct myna_section *section = section_of(cfg, path, &name);
    enum myna_err err;

    if (!section)
        return MYNA_ENOENT;
    if (myna_config_is_section(cfg, path))
        return MYNA_OK;
    err = check_name(cfg, section, name, where, why);
    if (err)
        return err;
    if (myna_config_add_group(cfg, section, path, origin))
        return myna_fail(why, MYNA_ENOMEM, "%s: memory is short", where);
    return MYNA_OK;
}

bool myna_config_entry(const struct myna_config *cfg, const struct myna_section *section, size_t i,
                       struct myna_config_entry *out)
{
    for (size_t g = 0; cfg && g < cfg->n; g++) {
        const struct myna_config_group *group = &cfg->groups[g];

        if (!group->origin || strcmp(group->section->path, section->path))
            continue;
        if (i-- == 0) {
            *out = (struct myna_config_entry){strrchr(group->path, '.') + 1, group->origin};
            return true;
        }
    }
    return false;
}
