/* store.h - the inside of a configuration: a group of values for each section, each value with its
 * text and where it came from. Shared by the readers (yaml.c, env.c) and the printers of this room.
 */
#ifndef MYNA_CONFIG_STORE_H
#define MYNA_CONFIG_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>

/* Later ranks win, in whatever order the sources are read. */
enum myna_config_rank {
    MYNA_CONFIG_DEFAULT,
    MYNA_CONFIG_FILE,
    MYNA_CONFIG_ENVIRONMENT,
    MYNA_CONFIG_HOST
};

struct myna_config_value {
    char *text;     /* as written; NULL: unset */
    char *expanded; /* PATH with its ~ replaced; NULL: same as text */
    char **items;   /* LIST, MAP: the texts, NULL at the end; NULL: none */
    char *origin;   /* "default", "myna.yaml:3:5", "environment MYNA_X", "--stt" */
    enum myna_config_rank rank;
    /* The last parse that gave it, and where: a second time in one file is an error. */
    unsigned parsed, line, column;
};

/* A section, or one entry of a section of entries. The section "tools.*" itself is a group without
 * values; it stands before its entries. */
struct myna_config_group {
    const struct myna_section *section; /* borrowed */
    char *path;                         /* section->path, or of the entry: "tools.weather" */
    char *origin;                       /* of an entry's name; NULL: no entry */
    size_t n;
    struct myna_config_value *values; /* one per option, in the table's order */
};

struct myna_config {
    struct myna_config_group *groups;
    size_t n;
    unsigned parse; /* number of the current or last myna_config_parse() */
};

enum {
    MYNA_CONFIG_MAX_KEY = 128,
    MYNA_CONFIG_MAX_VALUE = 64 * 1024,
    MYNA_CONFIG_MAX_NAME = 64,    /* bytes of an entry's name */
    MYNA_CONFIG_MAX_ENTRIES = 256 /* of one section */
};

/* One value; all NULL when the key is unknown. */
struct myna_config_place {
    const char *path; /* of its group */
    const struct myna_option *option;
    struct myna_config_value *value;
};
bool myna_config_find(const struct myna_config *cfg, const char *key,
                      struct myna_config_place *place);
/* Is `path` a section, or the beginning of one ("stt" of "stt.moonshine")? */
bool myna_config_is_section(const struct myna_config *cfg, const char *path);

/* Appends a group with defaults, with an origin as an entry. MYNA_ENOMEM. */
MYNA_MUST enum myna_err myna_config_add_group(struct myna_config *cfg,
                                              const struct myna_section *section, const char *path,
                                              const char *origin);
/* Does the section hold entries ("tools.*")? */
bool myna_config_has_entries(const struct myna_section *section);
/* Would `path` ("tools.weather") be an entry of a section? And one with that option? */
bool myna_config_may_be_entry(const struct myna_config *cfg, const char *path);
bool myna_config_entry_takes(const struct myna_config *cfg, const char *path, const char *option);
/* Makes the entry of `path` ("tools.weather") unless it is there; MYNA_ENOENT without a complaint
 * when no section of entries has that path, so that the caller says what is unknown. Places found
 * before are no longer valid. */
MYNA_MUST enum myna_err myna_config_add_entry(struct myna_config *cfg, const char *path,
                                              const char *where, const char *origin,
                                              struct myna_why *why);

/* Checks `text` (NULL: unset) against the option and takes a copy, unless a higher rank is there.
 * `where` stands in front of the error sentence, `origin` is kept. */
MYNA_MUST enum myna_err myna_config_put(const struct myna_config_place *place, const char *text,
                                        enum myna_config_rank rank, const char *where,
                                        const char *origin, struct myna_why *why);

/* `; did you mean "session.max_tool_steps"?` for an unknown key, or where to find the keys. */
void myna_config_hint(const struct myna_config *cfg, const char *key, char *hint, size_t size);

/* "MYNA_STT_MOONSHINE_THREADS" */
void myna_config_env_name(const char *path, const char *option, char *name, size_t size);

#endif
