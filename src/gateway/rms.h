/* rms.h - the VAD "rms": loud ticks of 0.2 s, an utterance over after 1.5 s (silence.h). Its
 * options are those of section gateway. */
#ifndef MYNA_GATEWAY_RMS_H
#define MYNA_GATEWAY_RMS_H

#include <myna/provider.h>

extern const struct myna_vad_class myna_gw_rms;

#endif
