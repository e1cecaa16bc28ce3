/* log.h - the gateway's lines in the log carry its name (voice-gateway 15, R16):
 * "component=gateway".
 */
#ifndef MYNA_GATEWAY_LOG_H
#define MYNA_GATEWAY_LOG_H

#include "util/host.h"

void myna_gw_log(struct myna_host *host, enum myna_log_level level, const char *fmt, ...)
    MYNA_PRINTF(3, 4);

#endif
