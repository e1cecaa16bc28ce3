/* signals.h - Ctrl-C and SIGTERM as calls on the loop, without anything global.
 *
 * They come through a descriptor, so a real loop watches it, a virtual one looks at it now and
 * then. Between open and close they are blocked in the calling thread and those it starts;
 * afterwards they are the system's again.
 *
 * Thread: the loop's.
 */
#ifndef MYNA_CONSOLE_SIGNALS_H
#define MYNA_CONSOLE_SIGNALS_H

#include <signal.h>

#include "util/host.h"

struct myna_signals {
    void (*told)(void *arg);
    void *arg;
    int fd; /* -1: closed */
    sigset_t before;
    struct myna_poll *poll;
    struct myna_timer look; /* virtual clock */
    struct myna_host *host; /* NULL: not watched yet */
};

void myna_signals_init(struct myna_signals *s, void (*told)(void *arg), void *arg);
/* From here on they wait. Before the runtime's threads are made. */
MYNA_MUST enum myna_err myna_signals_open(struct myna_signals *s, struct myna_why *why);
/* From here on each is told. */
MYNA_MUST enum myna_err myna_signals_watch(struct myna_signals *s, struct myna_host *host,
                                           struct myna_why *why);
void myna_signals_close(struct myna_signals *s); /* twice is fine */

#endif
