/* name.h - what the agent calls itself, asked of it once (voice-gateway 11.2).
 *
 * A conversation of its own, without sound, beside the room's: a reply to one request for a first
 * name. Failures are silent: the agent keeps the name it has. Loop thread.
 */
#ifndef MYNA_GATEWAY_NAME_H
#define MYNA_GATEWAY_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include <myna/runtime.h>

struct myna_gw_name;

/* told(): once, at any time before destroy(), from the loop. */
struct myna_gw_name *myna_gw_name_ask(struct myna_runtime *rt,
                                      void (*told)(void *arg, const char *name), void *arg);
void myna_gw_name_destroy(struct myna_gw_name *n); /* NULL is fine; not from inside told() */

/* The first word of an answer without its quotes and full stop; false: it is no name (none, more
 * than 30 characters, "hermes"). Pure. */
bool myna_gw_name_of(const char *answer, char *out, size_t size);

#endif
