/* config.h - one configuration: myna.yaml, environment, flags; each value knows where it came from.
 *
 * A *section* is a dotted path ("session", "stt", "stt.moonshine") with a table of options; the
 * same tables feed the file reader, the environment (MYNA_STT_MOONSHINE_THREADS), `--help`, the
 * manual, shell completion and `myna config`. Later sources win: default < file < environment <
 * flag / host. An unknown key, a wrong type or a value out of range is MYNA_ECONFIG with file,
 * line, column, the key and the nearest valid name.
 *
 * A section whose path ends in ".*" ("tools.*") is a table for *entries* that the person names:
 * `tools: {weather: {url: …}}` makes the entry "tools.weather", with all the table's keys. A name
 * has 1 to 64 letters, digits, '_' and '-'; two that differ only in case or in '-' and '_' are one
 * name in the environment (MYNA_TOOLS_WEATHER_URL) and refused. Entries stand in the order of the
 * file.
 *
 * Owner: whoever made it; a runtime keeps a borrowed pointer and it must outlive the runtime.
 * Thread: not locked; fill it before the runtime starts, read it from anywhere afterwards.
 */
#ifndef MYNA_CONFIG_H
#define MYNA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_option_type {
    MYNA_OPT_STRING, /* field: const char * (kept by the config) */
    MYNA_OPT_BOOL,   /* field: bool */
    MYNA_OPT_INT,    /* field: int, within [min,max] */
    MYNA_OPT_DOUBLE, /* field: double, within [min,max] */
    MYNA_OPT_MS, /* field: int, milliseconds; the file may say 500, 500ms, 2.5s, 3m; null = -1 */
    MYNA_OPT_CHOICE, /* field: int, index into `choices` */
    MYNA_OPT_PATH,   /* field: const char *; ~ is expanded */
    MYNA_OPT_SECRET, /* field: const char *; masked wherever it is shown */
    /* field: const char *const *, the texts and a NULL behind them; never NULL itself. The file has
     * a YAML list; environment and flags `a, b, "c, d"` (in double quotes: commas, blanks at the
     * ends, and \" \\ for " and \) or a JSON list. A text "" is the list of none. */
    MYNA_OPT_LIST,
    /* field: as a list, each text "name=value", names without '=' and each once. The file has a
     * YAML mapping; environment and flags `name=value, …` as in a list, or a JSON object. */
    MYNA_OPT_MAP,
    /* field: const char *, NULL unset: an object or a list as JSON text. The file has any YAML
     * below the key (plain true, false, null and numbers are typed, all else is text; yes and no
     * are text) or JSON in quotes; environment and flags have JSON. */
    MYNA_OPT_JSON,
};

/* One row of an options table; a table ends with a row whose name is NULL.
 *
 *     static const struct myna_option options[] = {
 *         {.name = "threads", .type = MYNA_OPT_INT, .offset = offsetof(struct opt, threads),
 *          .def = "1", .min = 1, .max = 64, .help = "threads that recognise speech"},
 *         {0},
 *     };
 */
struct myna_option {
    const char *name; /* snake_case */
    enum myna_option_type type;
    size_t offset;              /* of the field in the options struct */
    const char *def;            /* default as text; NULL: unset (string NULL, number 0, MS -1) */
    double min, max;            /* both 0: unlimited */
    const char *const *choices; /* CHOICE: names, NULL-terminated */
    const char *env;            /* a second environment variable that sets it (LIVEKIT_URL); NULL */
    bool file_first;            /* what the file says, unless it is empty, goes before `env` */
    const char *help;           /* one line for --help and the manual */
    bool secret;                /* LIST, MAP: the values are masked wherever they are shown */
};

struct myna_section {
    const char *path; /* "session", "stt.moonshine", "tools.*" */
    const char *help;
    const struct myna_option *options;
};

struct myna_config;

/* All sections Myna knows (core rooms and every registered provider), ended by a NULL path. */
MYNA_API const struct myna_section *myna_config_sections(void);

/* Defaults only. NULL when memory is short. */
MYNA_API struct myna_config *myna_config_create(void);
MYNA_API void myna_config_destroy(struct myna_config *cfg); /* NULL is fine */

/* A host program's own provider brings its own table (kept, must outlive cfg). Before loading. */
MYNA_API MYNA_MUST enum myna_err myna_config_add_section(struct myna_config *cfg,
                                                         const struct myna_section *section);

/* Reads the file. `path` NULL: ./myna.yaml, then $XDG_CONFIG_HOME/myna/myna.yaml (~/.config …);
 * none there is fine. A named file that is missing is MYNA_ENOENT. */
MYNA_API MYNA_MUST enum myna_err myna_config_load(struct myna_config *cfg, const char *path,
                                                  struct myna_why *why);
/* Reads YAML from memory; `name` stands in messages. */
MYNA_API MYNA_MUST enum myna_err myna_config_parse(struct myna_config *cfg, const char *name,
                                                   const char *text, size_t len,
                                                   struct myna_why *why);
/* Reads MYNA_… variables and the options' own `env` names. An unknown MYNA_… name is an error with
 * a suggestion, except MYNA_MODELS and names that begin with MYNA_TEST_. MYNA_TOOLS_NAME_URL sets a
 * key of the entry NAME (in any case, - and _ alike), and makes "tools.name" where there is none.
 */
MYNA_API MYNA_MUST enum myna_err myna_config_environment(struct myna_config *cfg,
                                                         struct myna_why *why);
/* The private environment file, $XDG_CONFIG_HOME/myna/env (~/.config/myna/env): lines NAME=value,
 * for keys. path: the caller's to free, NULL without a home. file: sets those of its variables that
 * the process does not have; no file is fine. For programs, before their first thread. */
MYNA_API char *myna_config_env_path(void);
MYNA_API MYNA_MUST enum myna_err myna_config_env_file(struct myna_why *why);
/* Writes the file anew with these changes: what else stands in it stays, except its comments; the
 * file as it was is kept as PATH.bak (0600) when it differs. Secrets, also those that stood in the
 * file, go into the private environment file, which is 0600 from its first byte on. Everything is
 * checked before anything is written. home_path: where it is written by default; the caller's to
 * free, NULL without a home. */
struct myna_config_change {
    const char *key, *value;
};
MYNA_API char *myna_config_home_path(void);
MYNA_API MYNA_MUST enum myna_err myna_config_save(const char *path,
                                                  const struct myna_config_change *changes,
                                                  size_t n, struct myna_why *why);
/* Sets one key ("stt.provider", "moonshine"); `origin` ("--stt") stands in messages and in
 * `myna config`. A key of an entry that is not there ("tools.weather.url") makes the entry. */
MYNA_API MYNA_MUST enum myna_err myna_config_set(struct myna_config *cfg, const char *key,
                                                 const char *value, const char *origin,
                                                 struct myna_why *why);

/* The text of a key as it stands (file text, not masked); NULL when unset or unknown. */
MYNA_API const char *myna_config_get(const struct myna_config *cfg, const char *key);
/* Nobody has set it: neither file nor environment, flag or host. False for an unknown key. */
MYNA_API bool myna_config_is_default(const struct myna_config *cfg, const char *key);

/* Fills an options struct from one section's table. Strings point into cfg. `cfg` NULL: the
 * defaults of the table; lists and maps are then empty. */
MYNA_API MYNA_MUST enum myna_err myna_config_read(const struct myna_config *cfg,
                                                  const struct myna_section *section, void *into,
                                                  struct myna_why *why);

/* One entry of a section "tools.*". */
struct myna_config_entry {
    const char *name;   /* "weather"; kept by the config */
    const char *origin; /* where its name stands: "myna.yaml:12:3", "environment MYNA_…", "--set" */
};
/* The i-th entry of such a section, in the order in which they came; false: there are not so many.
 */
MYNA_API bool myna_config_entry(const struct myna_config *cfg, const struct myna_section *section,
                                size_t i, struct myna_config_entry *out);
/* As myna_config_read(), of the entry `name`; an entry that is not there reads as the defaults. */
MYNA_API MYNA_MUST enum myna_err myna_config_read_entry(const struct myna_config *cfg,
                                                        const struct myna_section *section,
                                                        const char *name, void *into,
                                                        struct myna_why *why);
/* Where a key's value came from ("myna.yaml:3:5", "default"); NULL when the key is unknown. */
MYNA_API const char *myna_config_origin(const struct myna_config *cfg, const char *key);

/* Every key as JSON {"key":{"value":…,"origin":"myna.yaml:3:5"}} without secrets, a list as a list
 * and a map as an object: for the flight recorder and `myna config --json`. Caller frees; NULL when
 * memory is short. */
MYNA_API char *myna_config_json(const struct myna_config *cfg);
/* `myna config`: readable YAML with origins as comments; secrets masked. */
MYNA_API MYNA_MUST enum myna_err myna_config_print(const struct myna_config *cfg, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
