/* library.h - a shared library that is opened by name when it is first needed, so that programs
 * that do without it start without it (docs/decisions: libnice, libcurl and PortAudio).
 *
 * The owner keeps what is opened for good, calls this once (pthread_once) and never closes:
 * these libraries have threads and tables of their own.
 */
#ifndef MYNA_UTIL_LIBRARY_H
#define MYNA_UTIL_LIBRARY_H

#include <stddef.h>

enum { MYNA_LIBRARY_WHY = 256 };

struct myna_library_call {
    const char *name;
    void *into; /* address of the pointer to a function that is filled */
};

/* What it needs in turn is searched too. NULL: it is not there. `missing`: the loader's words, or
 * which call it has not, or ""; only then may the calls be used. Any thread. */
void *myna_library_open(const char *file, const struct myna_library_call *calls, size_t n,
                        char missing[MYNA_LIBRARY_WHY]);

#endif
