/* wire.h - what the gateway says on the data channel (voice-gateway 6.1): lifecycle events to all,
 * tool messages to one, the agent's words as chat and as event.
 *
 * Everything goes through one way out, in the order of the calls. What cannot be sent is a debug
 * line and never touches the talk. Texts may be any bytes. Loop thread.
 */
#ifndef MYNA_GATEWAY_WIRE_H
#define MYNA_GATEWAY_WIRE_H

#include <jansson.h>

#include <myna/frame.h>
#include <myna/host.h>

#define MYNA_GW_CHAT    "hermes-chat"
#define MYNA_GW_CONTROL "hermes-control"

enum { MYNA_GW_PACKET_MAX = 15 << 10 };

struct myna_gw_wire {
    /* `topic` NULL: none; `to` NULL: everybody. */
    enum myna_err (*send)(void *arg, const char *topic, struct myna_view body, const char *to);
    void *arg;
    struct myna_host *host; /* for the debug line; NULL: none */
};

/* {"type":type,"payload":…}; the payload is taken, NULL is {}. */
void myna_gw_wire_event(const struct myna_gw_wire *w, const char *type, json_t *payload);
/* The message is taken. */
void myna_gw_wire_tool(const struct myna_gw_wire *w, const char *to, json_t *message);
/* In parts where it is long, only the last of them final. */
void myna_gw_wire_words(const struct myna_gw_wire *w, const char *text);
/* For logs; NULL when memory is short. */
json_t *myna_gw_wire_identity(const char *identity); /* {"identity":…} */

#endif
