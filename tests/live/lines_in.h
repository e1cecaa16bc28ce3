/* lines_in.h - what a test writes to a peer's standard input, line by line, on the peer's loop. */
#ifndef TESTS_LIVE_LINES_IN_H
#define TESTS_LIVE_LINES_IN_H

#include <string.h>
#include <unistd.h>

#include "util/host.h"

/* What was read and is no whole line yet; `n` of `size` bytes. At the end of the input the loop
 * stops. */
static inline void lines_in(struct myna_loop *loop, char *in, size_t *n, size_t size,
                            void (*take)(const char *line))
{
    ssize_t got = read(0, in + *n, size - 1 - *n);
    char *end;

    if (got <= 0) {
        myna_loop_stop(loop);
        return;
    }
    *n += (size_t)got;
    in[*n] = '\0';
    while ((end = strchr(in, '\n'))) {
        *end = '\0';
        take(in);
        *n -= (size_t)(end + 1 - in);
        memmove(in, end + 1, *n + 1);
    }
}

#endif
