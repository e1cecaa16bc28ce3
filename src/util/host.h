/* host.h - the inside of struct myna_host (public face: myna/host.h). Made by the runtime, one
 * each. */
#ifndef MYNA_UTIL_HOST_H
#define MYNA_UTIL_HOST_H

#include <myna/host.h>

#include "util/log.h"
#include "util/loop.h"
#include "util/rand.h"

struct myna_host {
    struct myna_loop *loop;
    struct myna_rand rand;
    struct myna_log *log;
    struct myna_grave *graves;      /* grave.h; NULL at first */
    struct myna_http *http;         /* http.h; made at first use */
    struct myna_process *processes; /* process.h; running, or ended and not yet gone */
};

#endif
