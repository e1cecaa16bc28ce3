/* library.c - see library.h. */
#include "util/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

void *myna_library_open(const char *file, const struct myna_library_call *calls, size_t n,
                        char missing[MYNA_LIBRARY_WHY])
{
    void *lib = dlopen(file, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    const char *why = lib ? NULL : dlerror();

    missing[0] = '\0';
    if (!lib) {
        snprintf(missing, MYNA_LIBRARY_WHY, "%s", why ? why : "it cannot be opened");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        void *call = dlsym(lib, calls[i].name);

        if (!call && !missing[0])
            snprintf(missing, MYNA_LIBRARY_WHY, "%s has no %s", file, calls[i].name);
        /* A function is copied out of void * byte by byte: ISO C has no cast for it. */
        memcpy(calls[i].into, &call, sizeof call);
    }
    return lib;
}
