/* desk.h - the gateway's own HTTP: one message for the room, one look at how it stands, and the
 * word to try again when it has given up.
 *
 *   POST /v1/announce  {"text":…,"room":…?}   200 {"delivered":true} | 202 {"delivered":false,…}
 *   GET  /v1/status                           200 what status() gives
 *   POST /v1/reconnect                        202 {"state":…} | 409: it has not given up
 *
 * All want the bearer token. One request a connection, 16 at a time, 5 s each, 64 KiB. What is
 * wrong is said as {"error":…}. Loop thread.
 */
#ifndef MYNA_GATEWAY_DESK_H
#define MYNA_GATEWAY_DESK_H

#include <stdbool.h>

#include <jansson.h>

#include <myna/host.h>

struct myna_gw_desk;

struct myna_gw_desk_calls {
    /* Delivered now: *waiting is 0; kept: how many wait. ENOENT: another room; ENOMEM. `room` NULL:
     * ours. */
    enum myna_err (*announce)(void *arg, const char *room, const char *text, size_t *waiting);
    json_t *(*status)(void *arg); /* taken; NULL: memory is short */
    /* Tries the room again; false: it has not given up. *state: how it stands then. */
    bool (*reconnect)(void *arg, const char **state);
};

/* where: "HOST:PORT", "PORT" (loopback); port 0: a free one. ECONFIG: no address; EIO: it is taken.
 * token: kept. */
MYNA_MUST enum myna_err myna_gw_desk_open(struct myna_gw_desk **out, struct myna_host *host,
                                          const char *where, const char *token,
                                          const struct myna_gw_desk_calls *calls, void *arg,
                                          struct myna_why *why);
int myna_gw_desk_port(const struct myna_gw_desk *d);
void myna_gw_desk_close(struct myna_gw_desk *d); /* NULL is fine */

/* One request as it lies in memory, for tests and fuzzing. Pure. */
enum myna_gw_request_state { MYNA_GW_REQUEST_MORE, MYNA_GW_REQUEST_WHOLE, MYNA_GW_REQUEST_BAD };
struct myna_gw_request {
    const char *method, *path, *bearer, *body; /* point into `text`, with their lengths */
    size_t method_len, path_len, bearer_len, body_len;
};
enum myna_gw_request_state myna_gw_request_read(const char *text, size_t len,
                                                struct myna_gw_request *out);

#endif
