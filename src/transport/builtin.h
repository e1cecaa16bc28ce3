/* builtin.h - the transports that come with Myna, for the table in providers/registry.c. */
#ifndef MYNA_TRANSPORT_BUILTIN_H
#define MYNA_TRANSPORT_BUILTIN_H

#include <myna/transport.h>

extern const struct myna_transport_class myna_transport_file;     /* WAV in, WAV out */
extern const struct myna_transport_class myna_transport_livekit;  /* a room (src/livekit) */
extern const struct myna_transport_class myna_transport_loopback; /* nobody (loopback.h) */
extern const struct myna_transport_class myna_transport_none;     /* typed */
extern const struct myna_transport_class myna_transport_terminal; /* sound card */

#endif
