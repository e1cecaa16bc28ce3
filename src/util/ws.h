/* ws.h - WebSocket client (RFC 6455) on the loop, over the HTTP client's raw lines: the same names,
 * proxies, certificates and sentences.
 *
 * asked() and opened() once, message() for each, closed() last and once; all from the loop, never
 * from inside a function below. Any of these may be called inside any callback. After closed() or
 * destroy the socket is gone. No extensions are offered. Pings of the other side are answered here.
 *
 * Bounded: one message in (max_message), bytes waiting to be sent (max_queued). Messages go out in
 * the order of the calls.
 *
 * Loop thread.
 */
#ifndef MYNA_UTIL_WS_H
#define MYNA_UTIL_WS_H

#include "util/http.h"
#include "util/ws_frame.h"

struct myna_ws;

struct myna_ws_end {
    /* Why there was no WebSocket at all (status: the server's answer to the handshake); NULL when
     * there was one. */
    const struct myna_http_error *error;
    int code; /* close code of the other side; DROPPED: the line broke; or ours, when it broke rules
               */
    const char *message; /* one sentence, with the address */
};

struct myna_ws_open {
    const char *url; /* ws, wss, http or https */
    const struct myna_http_header *headers;
    size_t n_headers;
    const char *protocol; /* sub-protocol to ask for; NULL none */
    int connect_ms;       /* name, TCP, TLS; 0: 10 s */
    int upgrade_ms;       /* from there to the answer; 0: 10 s */
    int ping_ms;          /* ping when nothing came for so long, and give up when nothing comes for
                             as long again; 0: never */
    size_t max_message;   /* 0: 2 MiB */
    size_t max_queued;    /* 0: 2 MiB */
    void (*asked)(void *arg, struct myna_ws *ws);  /* the request is on its way; may be NULL */
    void (*opened)(void *arg, struct myna_ws *ws); /* may be NULL */
    void (*message)(void *arg, struct myna_ws *ws, struct myna_view body, bool is_text);
    void (*closed)(void *arg, struct myna_ws *ws, const struct myna_ws_end *end);
    void *arg;
};

/* MYNA_ENOMEM; all else is told by closed(). */
MYNA_MUST enum myna_err myna_ws_open(struct myna_host *host, const struct myna_ws_open *how,
                                     struct myna_ws **out);
/* One message. MYNA_ESTATE: not open (yet, any more); MYNA_ELIMIT: more waits than max_queued. */
MYNA_MUST enum myna_err myna_ws_send(struct myna_ws *ws, struct myna_view body, bool is_text);
/* Sends what waits and a close frame; closed() comes with the other side's answer or after 1 s. */
void myna_ws_close(struct myna_ws *ws, int code, const char *reason);
/* At once, without a word and without closed(). NULL is fine. */
void myna_ws_destroy(struct myna_ws *ws);
size_t myna_ws_queued(const struct myna_ws *ws); /* bytes not yet handed to the system */

#endif
