/* process.h - another program beside us: its input, its output, its end.
 *
 * For tools that are programs. It is started by an argument vector, never by a shell, in a session
 * and process group of its own, with a small environment (PATH, HOME, USER, LANG and the like, and
 * what the owner adds): the keys in ours are not its. What it writes to standard error is kept, the
 * last of it, for whoever explains why it failed.
 *
 * When it ends, or is ended, its whole group ends with it. No wait of ours: it is reaped from the
 * loop. Loop thread.
 */
#ifndef MYNA_UTIL_PROCESS_H
#define MYNA_UTIL_PROCESS_H

#include <stdbool.h>

#include <myna/host.h>

struct myna_process;

struct myna_process_start {
    const char *const *argv; /* NULL-terminated; the first by PATH, ~/ is the home directory */
    const char *const *env;  /* NAME=value, NULL-terminated; NULL: none. These win */
    const char *dir;         /* NULL: ours */
    bool background;         /* it does not keep the loop running */
    /* Bytes of its standard output; len 0: it has closed it. */
    void (*out)(void *arg, struct myna_process *p, struct myna_view bytes);
    /* It has ended: last, after all of its output. status: exit code, 128 + signal. */
    void (*exited)(void *arg, struct myna_process *p, int status);
    void *arg;
};

/* Could it be started in `dir`? MYNA_ENOENT: the sentence goes on behind the program's name. Any
 * thread. */
MYNA_MUST enum myna_err myna_process_look(const char *program, const char *dir,
                                          struct myna_why *why);
/* MYNA_ENOENT: no such program, or not one that may be run; MYNA_EIO; MYNA_ENOMEM. */
MYNA_MUST enum myna_err myna_process_start(struct myna_host *host,
                                           const struct myna_process_start *how,
                                           struct myna_process **out, struct myna_why *why);
/* Into its standard input, by and by. MYNA_ELIMIT: it does not read, more than 4 MiB wait. What is
 * written to a closed input is lost. */
MYNA_MUST enum myna_err myna_process_write(struct myna_process *p, struct myna_view bytes);
void myna_process_close_input(struct myna_process *p); /* once all is written */
/* The last line of what it said on standard error, on one line; "" when nothing. */
const char *myna_process_said(struct myna_process *p);
/* Nothing is told any more. Its input is closed; after `grace_ms` its group gets SIGTERM, a second
 * later SIGKILL. NULL is fine. */
void myna_process_end(struct myna_process *p, int grace_ms);
/* Kills and reaps all there are: before the loop goes. */
void myna_process_end_all(struct myna_host *host);

#endif
