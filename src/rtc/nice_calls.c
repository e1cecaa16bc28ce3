/* nice_calls.c - opens libnice once; see nice_calls.h. */
#define MYNA_NICE_CALLS_THEMSELVES
#include "rtc/nice_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libnice.so.10"

struct myna_nice_calls myna_nice;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[256]; /* written once, by load_once() */

static void load_once(void)
{
    /* Never closed: GLib keeps threads and tables of its own. What libnice needs is searched too.
     */
    void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), *call;
    const char *why = lib ? NULL : dlerror();

    if (!lib) {
        snprintf(missing, sizeof missing, "%s", why ? why : LIBRARY " cannot be opened");
        return;
    }
/* A function is copied out of void * byte by byte: ISO C has no cast for it. */
#define X(name)                                                                                    \
    call = dlsym(lib, #name);                                                                      \
    if (!call && !missing[0])                                                                      \
        snprintf(missing, sizeof missing, LIBRARY " has no " #name);                               \
    memcpy(&myna_nice.name, &call, sizeof call);
    MYNA_NICE_CALLS(X)
#undef X
}

enum myna_err myna_nice_load(struct myna_why *why)
{
    pthread_once(&once, load_once);
    if (!missing[0])
        return MYNA_OK;
    return myna_fail(why, MYNA_EUNAVAIL,
                     "WebRTC needs libnice 0.1.21 or newer (Debian package libnice10): %s",
                     missing);
}
