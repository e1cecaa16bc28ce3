/* describe.h - our own descriptions, out of what the connection holds (negotiate.c calls it). */
#ifndef MYNA_RTC_DESCRIBE_H
#define MYNA_RTC_DESCRIBE_H

#include "rtc/rtc.h"
#include "rtc/sdp.h"

MYNA_MUST enum myna_err myna_rtc_describe_offer(struct myna_rtc *rtc, struct myna_why *why);
MYNA_MUST enum myna_err myna_rtc_describe_answer(struct myna_rtc *rtc, const struct myna_sdp *offer,
                                                 struct myna_why *why);

#endif
