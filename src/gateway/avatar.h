/* avatar.h - the agent's picture as metadata of its participant (voice-gateway 12). */
#ifndef MYNA_GATEWAY_AVATAR_H
#define MYNA_GATEWAY_AVATAR_H

#include <myna/host.h>

enum { MYNA_GW_METADATA_MAX = 400 << 10 }; /* bytes; the server takes 512 KiB */

/* {"avatar":…} for an address, a data URI, or a picture file (with ~); the caller frees. NULL:
 * there is none, or it would be too long, which is a warning. Reads a file: before the first call.
 */
char *myna_gw_avatar(struct myna_host *host, const char *setting);

#endif
