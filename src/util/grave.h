/* grave.h - frees later what must not be freed while it is speaking.
 *
 * The session may close a stream from inside an event that this very stream is telling; its
 * provider is then still on the stack and will touch the stream once more. Such a close is put off
 * to a timer that is due at once. What the loop did not come to (it was stopped first) is done by
 * myna_host_bury_all(), which the runtime calls before it destroys its providers.
 *
 * Loop thread.
 */
#ifndef MYNA_UTIL_GRAVE_H
#define MYNA_UTIL_GRAVE_H

#include <myna/host.h>

/* Part of what is to be freed. */
struct myna_grave {
    void (*bury)(struct myna_grave *g); /* frees the struct that holds the grave */
    struct myna_timer timer;
    struct myna_host *host;
    struct myna_grave *prev, *next;
};

/* `bury` is called once: from the loop, or from myna_host_bury_all(). */
void myna_host_bury_later(struct myna_host *host, struct myna_grave *g,
                          void (*bury)(struct myna_grave *g));
void myna_host_bury_all(struct myna_host *host);

#endif
