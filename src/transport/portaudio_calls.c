/* portaudio_calls.c - opens PortAudio once; see portaudio_calls.h. */
#define MYNA_PORTAUDIO_CALLS_THEMSELVES
#include "transport/portaudio_calls.h"

#include <dlfcn.h>
#include <pthread.h>

#include "util/library.h"

struct myna_portaudio_calls myna_portaudio;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *lib;                      /* written once, by load_once() */
static char missing[MYNA_LIBRARY_WHY]; /* the same */

static void load_once(void)
{
    static const struct myna_library_call calls[] = {
#define X(name) {#name, &myna_portaudio.name},
        MYNA_PORTAUDIO_CALLS(X)
#undef X
    };

    lib = myna_library_open("libportaudio.so.2", calls, sizeof calls / sizeof *calls, missing);
}

enum myna_err myna_portaudio_load(struct myna_why *why)
{
    pthread_once(&once, load_once);
    if (!missing[0])
        return MYNA_OK;
    return myna_fail(why, MYNA_EUNAVAIL,
                     "The sound card needs PortAudio (Debian package libportaudio2): %s", missing);
}

void *myna_portaudio_below(const char *name)
{
    return lib ? dlsym(lib, name) : NULL;
}
