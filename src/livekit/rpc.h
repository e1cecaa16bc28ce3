/* rpc.h - calls of methods between people in a room (livekit-rtc 5.3), both ways.
 *
 * Where the other side knows it (its client protocol is 1 or more) requests and answers are text
 * streams and may be long (v2), else packets of at most 15 KiB (v1); acknowledgements and refusals
 * are packets in any case.
 *
 * In: a call is acknowledged at once and told; answer() or refuse() later, once. Methods nobody has
 * are refused with 1400. Out: told once by done(), with the answer or with the code of what went
 * wrong. Bounded: calls open each way, bytes of payload.
 *
 * Loop thread. done() and called() come from packet(), left() and the timer, never from inside
 * call().
 */
#ifndef MYNA_LIVEKIT_RPC_H
#define MYNA_LIVEKIT_RPC_H

#include <myna/host.h>

#include "livekit/packets.h"
#include "livekit/streams.h"

#define MYNA_LK_RPC_REQUEST_TOPIC  "lk.rpc_request"
#define MYNA_LK_RPC_RESPONSE_TOPIC "lk.rpc_response"

enum {
    MYNA_LK_RPC_OPEN = 64,
    MYNA_LK_RPC_PAYLOAD = 15360, /* v1 */
    MYNA_LK_RPC_LONG = MYNA_LK_MAX_STREAM_TEXT,
    MYNA_LK_RPC_METHOD = 64,
};

enum myna_lk_rpc_code { /* of the wire */
                        MYNA_LK_RPC_OK = 0,
                        MYNA_LK_RPC_UNSUPPORTED_METHOD = 1400,
                        MYNA_LK_RPC_NO_RECIPIENT = 1401,
                        MYNA_LK_RPC_REQUEST_TOO_LARGE = 1402,
                        MYNA_LK_RPC_UNSUPPORTED_VERSION = 1404,
                        MYNA_LK_RPC_APPLICATION_ERROR = 1500,
                        MYNA_LK_RPC_NO_ACK = 1501,
                        MYNA_LK_RPC_NO_RESPONSE = 1502,
                        MYNA_LK_RPC_RECIPIENT_LEFT = 1503,
                        MYNA_LK_RPC_RESPONSE_TOO_LARGE = 1504,
                        MYNA_LK_RPC_NOT_SENT = 1505,
};

struct myna_lk_rpc_call {
    const char *id, *caller, *method, *payload; /* borrowed */
    uint32_t timeout_ms;                        /* in which an answer is waited for */
};

struct myna_lk_rpc_events {
    /* Is there such a method? It is then answered by its id. NULL: there is none. */
    bool (*called)(void *arg, const struct myna_lk_rpc_call *call);
    /* code OK: text is the payload; else what went wrong. */
    void (*done)(void *arg, uint32_t number, int code, const char *text);
    /* The client protocol of somebody; NULL: 0 of everybody. */
    int (*protocol)(void *arg, const char *identity);
    bool (*inflates)(void *arg, const char *identity); /* NULL: nobody's */
};

struct myna_lk_rpc;

struct myna_lk_rpc *myna_lk_rpc_create(struct myna_host *host, struct myna_lk_packets *packets,
                                       const struct myna_lk_rpc_events *events, void *arg);
void myna_lk_rpc_destroy(struct myna_lk_rpc *r); /* NULL is fine */
void myna_lk_rpc_packet(struct myna_lk_rpc *r, const Myna__Lk__DataPacket *m);
/* A whole text stream. True: it was one of ours. */
bool myna_lk_rpc_stream(struct myna_lk_rpc *r, const char *identity,
                        const Myna__Lk__StreamHeader *h, const char *text);
void myna_lk_rpc_left(struct myna_lk_rpc *r, const char *identity);

/* ESTATE: no such call is open (answered, its time is over). A payload that is too long becomes
 * 1504. */
MYNA_MUST enum myna_err myna_lk_rpc_answer(struct myna_lk_rpc *r, const char *id,
                                           const char *payload);
MYNA_MUST enum myna_err myna_lk_rpc_refuse(struct myna_lk_rpc *r, const char *id, int code,
                                           const char *message);
/* *number names it in done(). ELIMIT: too many are open, or it is too long. */
MYNA_MUST enum myna_err myna_lk_rpc_call(struct myna_lk_rpc *r, const char *to, const char *method,
                                         const char *payload, int timeout_ms, uint32_t *number);

#endif
