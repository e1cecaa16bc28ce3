/* adapt.h - what a gateway wants of a session otherwise than a call does, as far as nobody has set
 * it.
 */
#ifndef MYNA_GATEWAY_ADAPT_H
#define MYNA_GATEWAY_ADAPT_H

#include "gateway/options.h"

MYNA_MUST enum myna_err myna_gw_adapt(struct myna_config *cfg, const struct myna_gw_options *c,
                                      struct myna_why *why);

#endif
