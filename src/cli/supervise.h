/* supervise.h - several processes of this program beside each other, and one that watches them.
 *
 * Each is this program with the arguments given and what is added for it. One that crashes or is
 * killed is started again: a second later, and later and later (up to 10 s) when it dies soon. One
 * that ends by itself with an error has said why it cannot work: that ends all, unless it was
 * started in the place of another, which could; then it is as if it had been killed. SIGINT and
 * SIGTERM go to each of them; when the last has ended it is over. When the watcher is killed they
 * get a SIGTERM.
 *
 * Each has a line to the watcher, on which it may tell a word (a packet) of what it does.
 */
#ifndef MYNA_CLI_SUPERVISE_H
#define MYNA_CLI_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/error.h>

enum { SUPERVISE_MAX = 64, SUPERVISE_MORE = 8, SUPERVISE_WORD = 8192 };

struct supervise {
    int n;
    const char *const *args; /* NULL-terminated; the first is the name */
    /* What number i gets besides; ends with NULL. Texts stay until the next call. */
    void (*more)(void *arg, int i, const char *more[SUPERVISE_MORE]);
    void *arg;
    void (*note)(void *arg, const char *text); /* NULL: nothing is told */
    /* A word of number i; it is no more, after its last word. `killed`: not by its own will, and
     * nobody has asked it to end. Either may be NULL. */
    void (*told)(void *arg, int i, const char *bytes, size_t len);
    void (*gone)(void *arg, int i, bool killed);
};

/* MYNA_OK: all ended well. MYNA_EDIFFER: one did not, and has said why; MYNA_ECONFIG: and it was
 * used wrongly (exit code 2). */
MYNA_MUST enum myna_err myna_cli_supervise(const struct supervise *how, struct myna_why *why);
/* In such a process: its end of the line; -1: nobody watches us. */
int myna_cli_supervised(void);

#endif
