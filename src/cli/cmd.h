/* cmd.h - what a command of the program is: a row in a table, a table of flags, one function.
 *
 * The same rows feed the parser (args.c), --help (help.c), the manual (man.c) and completion
 * (complete.c), so none can tell of a flag that another does not know.
 */
#ifndef MYNA_CLI_CMD_H
#define MYNA_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/config.h>

enum flag_kind {
    FLAG_SWITCH, /* --fast: bool */
    FLAG_VALUE,  /* --out FILE, --out=FILE: const char * */
    FLAG_MAYBE,  /* --record [DIR]: struct flag_maybe */
    FLAG_KEY,    /* --stt NAME: sets the configuration's `key` */
    FLAG_SET,    /* --set KEY=VALUE */
};

struct flag_maybe {
    bool given;
    const char *value; /* NULL: none */
};

enum flag_takes { TAKES_TEXT, TAKES_FILE, TAKES_DIR };

struct flag {
    const char *name; /* without its dashes */
    char letter;      /* 'h' for -h; 0: none */
    enum flag_kind kind;
    size_t offset;            /* of the field in the command's options */
    const char *key, *origin; /* FLAG_KEY: the key, and "--stt" for messages */
    const char *value;        /* what help calls the value: "FILE" */
    enum flag_takes takes;    /* for completion */
    const char *const *words; /* VALUE: the only values, NULL-terminated; NULL: any */
    const char *help;         /* one line */
};

enum { MAX_WORDS = 16, MAX_SETTINGS = 64, MAX_OPTIONS_SIZE = 256, MAX_CHOICES = 64 };

struct setting {
    const char *key, *value, *origin;
};

/* The command line, taken apart. */
struct call {
    const struct cmd *cmd; /* NULL: none was named */
    bool help, version;
    const char *config; /* --config */
    const char *log;    /* --log */
    struct setting settings[MAX_SETTINGS];
    size_t n_settings;
    const char *words[MAX_WORDS]; /* what is no flag, behind the command */
    size_t n_words;
    _Alignas(max_align_t) unsigned char options[MAX_OPTIONS_SIZE]; /* the command's own struct */
    struct myna_config *cfg;                                       /* NULL: without_config */
};

struct cmd {
    const char *name, *summary;
    const char *args;  /* behind the name in the usage line; NULL: none */
    const char *about; /* a paragraph for --help and the manual */
    size_t min_words, max_words;
    enum flag_takes takes;       /* its words, for completion */
    const char *const *words;    /* possible first words, NULL: any */
    const struct flag *flags;    /* ends with a row without a name; NULL: none */
    const char *const *examples; /* "myna say hello", NULL-terminated; NULL: none */
    bool without_config, hidden;
    /* MYNA_ECONFIG: wrong use (exit 2). MYNA_EDIFFER: all is said already (exit 1). */
    enum myna_err (*run)(const struct call *call, struct myna_why *why);
};

/* All commands in the order of --help, NULL-terminated. */
extern const struct cmd *const myna_cli_commands[];
/* Flags that every command takes, and those of every command with a configuration. */
extern const struct flag myna_cli_flags[], myna_cli_config_flags[];

const struct cmd *myna_cli_find(const char *name, size_t len);

/* The values a flag can have, for help and completion: at most MAX_CHOICES - 1 and a NULL. */
size_t myna_cli_choices(const struct flag *flag, const char *choices[MAX_CHOICES]);

#endif
