/* glib_loop.h - a GMainContext that lives in our loop, for libnice.
 *
 * Its descriptors sit in one epoll set which the loop watches, its timeout in one timer; it is
 * iterated only when one of them says so. Whoever calls a library that may have attached sources
 * calls touch() afterwards, else a timeout set there would be noticed late. (GLib's clock is the
 * system's: nothing here follows a virtual one.)
 *
 * Loop thread; the context stays acquired by it. What the context calls may not destroy it.
 */
#ifndef MYNA_RTC_GLIB_LOOP_H
#define MYNA_RTC_GLIB_LOOP_H

#include <stdbool.h>

#include <myna/error.h>
#include <myna/host.h>

struct myna_glib;
struct _GMainContext;

MYNA_MUST enum myna_err myna_glib_create(struct myna_glib **out, struct myna_host *host,
                                         struct myna_why *why);
void myna_glib_destroy(struct myna_glib *g); /* never from inside its own callbacks; NULL is fine */
struct _GMainContext *myna_glib_context(struct myna_glib *g);
void myna_glib_touch(struct myna_glib *g);
/* Before the context hears that `fd` is readable this is called; true: all that waited was taken,
 * and the context is left alone. fd < 0: no more. */
void myna_glib_express(struct myna_glib *g, int fd, bool (*take)(void *arg), void *arg);

#endif
