/* access.h - who may talk with the agent (voice-gateway 4.2)? Pure. */
#ifndef MYNA_GATEWAY_ACCESS_H
#define MYNA_GATEWAY_ACCESS_H

#include "gateway/options.h"

/* Nothing configured: nobody. An empty identity is nobody. */
bool myna_gw_allowed(const struct myna_gw_options *opt, const char *identity);

#endif
