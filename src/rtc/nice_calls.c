/* nice_calls.c - opens libnice once; see nice_calls.h. */
#define MYNA_NICE_CALLS_THEMSELVES
#include "rtc/nice_calls.h"

#include <pthread.h>
#include <stdatomic.h>

#include "util/library.h"

struct myna_nice_calls myna_nice;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[MYNA_LIBRARY_WHY]; /* written once, by load_once() */
static atomic_bool loaded;

static void load_once(void)
{
    static const struct myna_library_call calls[] = {
#define X(name) {#name, &myna_nice.name},
        MYNA_NICE_CALLS(X)
#undef X
    };

    (void)myna_library_open("libnice.so.10", calls, sizeof calls / sizeof *calls, missing);
}

enum myna_err myna_nice_load(struct myna_why *why)
{
    pthread_once(&once, load_once);
    atomic_store(&loaded, true);
    if (!missing[0])
        return MYNA_OK;
    return myna_fail(why, MYNA_EUNAVAIL,
                     "WebRTC needs libnice 0.1.21 or newer (Debian package libnice10): %s",
                     missing);
}

bool myna_nice_is_loaded(void)
{
    return atomic_load(&loaded);
}
