/* host.c - the public face of the runtime for providers: each call forwards to its room. Timers are
 * in loop.c, which owns their heap. */
#include "util/host.h"

myna_us myna_host_now(const struct myna_host *host)
{
    return myna_loop_now(host->loop);
}

int64_t myna_host_wall_ms(const struct myna_host *host)
{
    return myna_loop_wall_ms(host->loop);
}

uint32_t myna_host_random(struct myna_host *host)
{
    return (uint32_t)(myna_rand_next(&host->rand) >> 32);
}

void myna_host_log(struct myna_host *host, enum myna_log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    myna_log_vline(host->log, level, fmt, ap);
    va_end(ap);
}

void myna_host_timer_init(struct myna_host *host, struct myna_timer *t,
                          void (*fire)(struct myna_timer *t), void *arg)
{
    myna_loop_timer_init(host->loop, t, fire, arg);
}

enum myna_err myna_host_work(struct myna_host *host, struct myna_work *w)
{
    return myna_loop_work(host->loop, w);
}
