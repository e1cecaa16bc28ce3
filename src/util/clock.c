/* clock.c - the one file that calls clock_gettime, so that time has one owner (the loop). */
#include "util/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec ts = {0};

    clock_gettime(id, &ts); /* cannot fail for these two clocks on Linux */
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

myna_us myna_clock_monotonic(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t myna_clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}
