/* typed.h - the typed side of a conversation: reads lines, says each when it is its turn.
 *
 * At a terminal a line is said at once and interrupts the agent, as a person would. From a pipe or
 * a file each line waits until the answer to the one before is over; after the last answer `over`
 * is told.
 *
 * Thread: the loop's.
 */
#ifndef MYNA_CONSOLE_TYPED_H
#define MYNA_CONSOLE_TYPED_H

#include <myna/event.h>

#include "util/host.h"

struct myna_typed;

struct myna_typed_options {
    struct myna_host *host;
    int fd; /* borrowed; left as it was found */
    void (*say)(void *arg, const char *line);
    void (*over)(void *arg); /* input and last answer have ended; told once */
    void *arg;
};

struct myna_typed *myna_typed_create(const struct myna_typed_options *opt, struct myna_why *why);
void myna_typed_destroy(struct myna_typed *t); /* NULL is fine */
void myna_typed_event(struct myna_typed *t, const struct myna_event *ev);
bool myna_typed_at_terminal(const struct myna_typed *t);

#endif
