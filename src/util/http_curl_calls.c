/* http_curl_calls.c - opens libcurl once; see http_curl_calls.h. */
#define MYNA_CURL_CALLS_THEMSELVES
#include "util/http_curl_calls.h"

#include <pthread.h>
#include <stdio.h>

#include "util/library.h"

struct myna_curl_calls myna_curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char missing[MYNA_LIBRARY_WHY]; /* written once, by load_once() */

static void load_once(void)
{
    static const struct myna_library_call calls[] = {
#define X(name) {#name, &myna_curl.name},
        MYNA_CURL_CALLS(X)
#undef X
    };

    (void)myna_library_open("libcurl.so.4", calls, sizeof calls / sizeof *calls, missing);
    if (!missing[0] && myna_curl.curl_global_init(CURL_GLOBAL_DEFAULT))
        snprintf(missing, sizeof missing, "it cannot begin");
}

enum myna_err myna_curl_load(struct myna_why *why)
{
    pthread_once(&once, load_once);
    if (!missing[0])
        return MYNA_OK;
    return myna_fail(why, MYNA_EUNAVAIL,
                     "HTTP needs libcurl 7.87 or newer (Debian package libcurl4): %s", missing);
}
