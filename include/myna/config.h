/* config.h - one configuration: myna.yaml, environment, flags; each value knows where it came from.
 *
 * A *section* is a dotted path ("session", "stt", "stt.moonshine") with a table of options; the
 * same tables feed the file reader, the environment (MYNA_STT_MOONSHINE_THREADS), `--help`, the
 * manual, shell completion and `myna config`. Later sources win: default < file < environment <
 * flag / host. An unknown key, a wrong type or a value out of range is MYNA_ECONFIG with file,
 * line, column, the key and the nearest valid name.
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
    const char *help;           /* one line for --help and the manual */
};

struct myna_section {
    const char *path; /* "session", "stt.moonshine" */
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
 * a suggestion, except MYNA_MODELS and names that begin with MYNA_TEST_. */
MYNA_API MYNA_MUST enum myna_err myna_config_environment(struct myna_config *cfg,
                                                         struct myna_why *why);
/* Sets one key ("stt.provider", "moonshine"); `origin` ("--stt") stands in messages and in
 * `myna config`. */
MYNA_API MYNA_MUST enum myna_err myna_config_set(struct myna_config *cfg, const char *key,
                                                 const char *value, const char *origin,
                                                 struct myna_why *why);

/* The text of a key as it stands (file text, not masked); NULL when unset or unknown. */
MYNA_API const char *myna_config_get(const struct myna_config *cfg, const char *key);
/* Nobody has set it: neither file nor environment, flag or host. False for an unknown key. */
MYNA_API bool myna_config_is_default(const struct myna_config *cfg, const char *key);

/* Fills an options struct from one section's table. Strings point into cfg. */
MYNA_API MYNA_MUST enum myna_err myna_config_read(const struct myna_config *cfg,
                                                  const struct myna_section *section, void *into,
                                                  struct myna_why *why);

/* Every key as JSON {"key":{"value":…,"origin":"myna.yaml:3:5"}} without secrets: for the flight
 * recorder and `myna config --json`. Caller frees; NULL when memory is short. */
MYNA_API char *myna_config_json(const struct myna_config *cfg);
/* `myna config`: readable YAML with origins as comments; secrets masked. */
MYNA_API MYNA_MUST enum myna_err myna_config_print(const struct myna_config *cfg, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
