/* warned.h - a log whose errors and warnings are kept for the test to read, a line each. */
#ifndef TESTS_WARNED_H
#define TESTS_WARNED_H

#include <stdio.h>
#include <string.h>

#include "util/log.h"

static char warned[4096]; /* since the newest warned_log() */

static void warned_write(void *arg, enum myna_log_level level, const char *line)
{
    size_t n = strlen(warned);

    (void)arg;
    if (level <= MYNA_LOG_WARN)
        snprintf(warned + n, sizeof warned - n, "%s\n", line);
}

/* For myna_log_destroy(). */
static struct myna_log *warned_log(void)
{
    warned[0] = '\0';
    return myna_log_create(
        &(struct myna_log_options){.level = MYNA_LOG_WARN, .write = warned_write});
}

#endif
