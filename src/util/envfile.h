/* envfile.h - lines "NAME=value" of a .env file, as shells and Hermes read them.
 *
 * Blank lines and lines that begin with # are nothing; "export " in front of a name is allowed; a
 * value may stand in single or double quotes (no escapes), else it ends at " #" and without
 * trailing blanks. Pure.
 */
#ifndef MYNA_UTIL_ENVFILE_H
#define MYNA_UTIL_ENVFILE_H

#include <stdbool.h>
#include <stddef.h>

enum { MYNA_ENVFILE_NAME = 128, MYNA_ENVFILE_VALUE = 4096 };

struct myna_envfile {
    const char *at; /* '\0'-terminated text; set both at the start, line to 0 */
    unsigned line;  /* of what was read last, from 1 */
    char name[MYNA_ENVFILE_NAME];
    char value[MYNA_ENVFILE_VALUE];
    bool bad; /* a line that is none of this, or is too long: `line` says which */
};

/* The next pair; false at the end or at a bad line. */
bool myna_envfile_next(struct myna_envfile *f);
/* The last value of that name in the text; false: there is none. Bad lines are passed over. */
bool myna_envfile_find(const char *text, const char *name, char *value, size_t size);

#endif
