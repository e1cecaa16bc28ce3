/* log.c - see log.h. */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>

void myna_gw_log(struct myna_host *host, enum myna_log_level level, const char *fmt, ...)
{
    char text[900];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    myna_host_log(host, level, "%s component=gateway", text);
}
