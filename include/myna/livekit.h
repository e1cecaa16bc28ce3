/* livekit.h - LiveKit around a room: access tokens, and the errands of its server API.
 *
 * To be in a room is the transport "livekit" (section transport.livekit), like any other transport.
 * The facts: livekit-rtc 1 (tokens) and 6 (server API).
 *
 * Thread: any; nothing is shared. myna_livekit_api() makes a loop of its own and returns with the
 * answer.
 */
#ifndef MYNA_LIVEKIT_H
#define MYNA_LIVEKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <myna/config.h>
#include <myna/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myna_livekit_grant {
    MYNA_LIVEKIT_JOIN = 1, /* wants a room */
    MYNA_LIVEKIT_CREATE = 2,
    MYNA_LIVEKIT_LIST = 4,
    MYNA_LIVEKIT_ADMIN = 8,    /* wants a room */
    MYNA_LIVEKIT_HIDDEN = 16,  /* nobody sees this participant */
    MYNA_LIVEKIT_AGENT = 32,   /* an agent; alone: a worker's token */
    MYNA_LIVEKIT_UPDATE = 64,  /* may change its own name, metadata, attributes */
    MYNA_LIVEKIT_MUTE = 128,   /* may not publish */
    MYNA_LIVEKIT_DEAF = 256,   /* may not subscribe */
    MYNA_LIVEKIT_SILENT = 512, /* may not send data */
};

struct myna_livekit_token {
    size_t size; /* sizeof(struct myna_livekit_token) */
    const char *api_key, *api_secret;
    const char *identity;                      /* at most 256 bytes; NULL: none (server API) */
    const char *name, *metadata, *room, *kind; /* NULL: left out; kind: "agent", "standard", … */
    const char *agent; /* an agent of this name is dispatched when the room is made; NULL none */
    unsigned grants;   /* enum myna_livekit_grant */
    int64_t wall_s;    /* now, seconds since the epoch; 0: the system's clock */
    int64_t ttl_s;     /* valid for so long; 0: six hours */
};

/* A token, HS256; the caller frees *out. MYNA_ECONFIG: something is missing or too long. */
MYNA_API MYNA_MUST enum myna_err myna_livekit_token(const struct myna_livekit_token *what,
                                                    char **out, struct myna_why *why);

/* One call of the server API (Twirp): service "RoomService", method "ListRooms", `request` as JSON.
 * The server, key and secret are those of transport.livekit (LIVEKIT_URL, LIVEKIT_API_KEY,
 * LIVEKIT_API_SECRET). The answer is JSON, the caller frees *out. MYNA_EPROVIDER: the server
 * refused, its own words are in `why`; MYNA_EIO: it was not reached. */
MYNA_API MYNA_MUST enum myna_err myna_livekit_api(struct myna_config *cfg, const char *service,
                                                  const char *method, const char *room,
                                                  unsigned grants, const char *request, char **out,
                                                  struct myna_why *why);
/* A token with key and secret of transport.livekit; the rest as given. */
MYNA_API MYNA_MUST enum myna_err myna_livekit_token_from(const struct myna_config *cfg,
                                                         const struct myna_livekit_token *what,
                                                         char **out, struct myna_why *why);

#ifdef __cplusplus
}
#endif
#endif
